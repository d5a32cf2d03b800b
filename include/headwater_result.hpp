/*
 * Texts, errors and results for C++17: a part of headwater.hpp, which includes it.
 */
#ifndef HEADWATER_RESULT_HPP
#define HEADWATER_RESULT_HPP

#include "headwater.h"

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace headwater {

/** Lends text to a call. */
inline headwater_str lend(std::string_view text) noexcept {
  headwater_str lent;
  lent.ptr = reinterpret_cast<const std::uint8_t *>(text.data());
  lent.len = text.size();
  return lent;
}

/** Text that the library lends. */
inline std::string_view view(headwater_str text) noexcept {
  return {reinterpret_cast<const char *>(text.ptr), text.len};
}

/** The version of the library that is linked. */
inline std::string_view version() noexcept { return view(headwater_library_version()); }

namespace detail {

template <auto Free> struct Freed {
  template <class T> void operator()(T *object) const noexcept { Free(object); }
};

template <class T, auto Free> using Handle = std::unique_ptr<T, Freed<Free>>;

/** Lets a C function write an object that `to` then owns. */
template <class Owner> class Out {
public:
  explicit Out(Owner &to) noexcept : to_(to) {}
  Out(const Out &) = delete;
  Out &operator=(const Out &) = delete;
  ~Out() { to_.reset(object_); }
  operator typename Owner::pointer *() noexcept { return &object_; }

private:
  Owner &to_;
  typename Owner::pointer object_ = nullptr;
};

} // namespace detail

/** Text, mostly JSON, that a call gave. What is borrowed of it is there as long as it is. */
class Document {
public:
  using Handle = detail::Handle<headwater_document, headwater_document_free>;
  explicit Document(Handle handle) noexcept : handle_(std::move(handle)) {}

  std::string_view text() const & noexcept { return view(headwater_document_text(handle_.get())); }
  /** Of a document that is not kept: a copy. */
  std::string text() && { return str(); }
  operator std::string_view() const & noexcept { return text(); }
  operator std::string_view() && = delete;
  std::string str() const { return std::string(view(headwater_document_text(handle_.get()))); }

private:
  Handle handle_;
};

/** What was done by rows in bulk, or by a run, that began and did not come to their end. */
struct Unfinished {
  /** Of rows in bulk that were JSON Lines: a line for each. */
  std::optional<Document> outcomes;
  Document report;
};

/** Why a call failed. */
class Error : public std::exception {
public:
  explicit Error(std::shared_ptr<const headwater_error> error,
                 std::shared_ptr<const Unfinished> unfinished = nullptr) noexcept
      : error_(std::move(error)), unfinished_(std::move(unfinished)) {
    // Here, as threads may share an exception and ask it at the same time.
    try {
      what_ =
          std::make_shared<const std::string>(std::string(name()) + ": " + std::string(message()));
    } catch (...) {
    }
  }

  /** One of `HEADWATER_E_*`. */
  std::int32_t code() const noexcept { return headwater_error_code(error_.get()); }
  std::string_view name() const noexcept { return view(headwater_error_name(error_.get())); }
  std::string_view message() const noexcept { return view(headwater_error_message(error_.get())); }
  std::optional<std::string_view> field() const noexcept {
    return if_any(headwater_error_field(error_.get()));
  }
  std::optional<std::string_view> record() const noexcept {
    return if_any(headwater_error_record(error_.get()));
  }
  std::string_view hint() const noexcept { return view(headwater_error_hint(error_.get())); }
  /** One of `HEADWATER_RETRY_*`. */
  std::int32_t retry() const noexcept { return headwater_error_retry(error_.get()); }
  std::chrono::milliseconds retry_after() const noexcept {
    return std::chrono::milliseconds(headwater_error_retry_after_ms(error_.get()));
  }
  /** The other faults of the same input. */
  std::vector<Error> related() const {
    std::vector<Error> all;
    for (std::size_t i = 0; i < headwater_error_related_count(error_.get()); i++)
      all.emplace_back(
          std::shared_ptr<const headwater_error>(error_, headwater_error_related(error_.get(), i)));
    return all;
  }
  /** What was done nevertheless, where there is anything of that; or NULL. */
  const Unfinished *unfinished() const noexcept { return unfinished_.get(); }
  /** The same error, with what was done. */
  Error with(Unfinished done) const {
    return Error(error_, std::make_shared<const Unfinished>(std::move(done)));
  }
  /** The message. */
  const char *what() const noexcept override {
    return what_ ? what_->c_str() : "an error of headwater";
  }

private:
  static std::optional<std::string_view> if_any(headwater_str text) noexcept {
    if (text.ptr == nullptr)
      return std::nullopt;
    return view(text);
  }

  std::shared_ptr<const headwater_error> error_;
  std::shared_ptr<const Unfinished> unfinished_;
  std::shared_ptr<const std::string> what_;
};

/** What a call gave, or why it failed. */
template <class T> class [[nodiscard]] Result {
public:
  Result(T value) : held_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : held_(std::in_place_index<1>, std::move(error)) {}

  bool is_ok() const noexcept { return held_.index() == 0; }
  explicit operator bool() const noexcept { return is_ok(); }
  /** The error; only where there is one. */
  const Error &error() const & { return std::get<1>(held_); }
  Error error() && { return std::get<1>(std::move(held_)); }
  /** The value, or its error thrown. */
  T &value() & {
    throw_error();
    return std::get<0>(held_);
  }
  const T &value() const & {
    throw_error();
    return std::get<0>(held_);
  }
  T value() && {
    throw_error();
    return std::get<0>(std::move(held_));
  }

private:
  void throw_error() const {
    if (!is_ok())
      throw std::get<1>(held_);
  }

  std::variant<T, Error> held_;
};

/** What a call gives that gives nothing. */
using Done = std::monostate;

/** Calls that throw. */
struct Throwing {
  template <class T> using Gives = T;
  template <class T> static T give(Result<T> result) { return std::move(result).value(); }
};

/** Calls that give a Result. */
struct Returning {
  template <class T> using Gives = Result<T>;
  template <class T> static Result<T> give(Result<T> result) { return result; }
};

namespace detail {

/** Makes a call, which writes its error, and gives what `made` makes of its success. */
template <class Call, class Made> auto attempt(Call call, Made made) -> Result<decltype(made())> {
  headwater_error *error = nullptr;
  call(&error);
  if (error != nullptr)
    return Error(std::shared_ptr<const headwater_error>(error, [](const headwater_error *owned) {
      headwater_error_free(const_cast<headwater_error *>(owned));
    }));
  return made();
}

template <class Call> Result<Done> attempt(Call call) {
  return attempt(call, [] { return Done{}; });
}

/** As the others, for work that also writes what it did, and writes it where it fails, too. */
template <class Call, class Made>
auto attempt_work(Document::Handle &outcomes, Document::Handle &report, Call call, Made made)
    -> Result<decltype(made())> {
  auto done = attempt(call);
  if (done)
    return made();
  if (!report)
    return std::move(done).error();
  std::optional<Document> lines;
  if (outcomes)
    lines.emplace(std::move(outcomes));
  return done.error().with(Unfinished{std::move(lines), Document(std::move(report))});
}

/** Makes a call that writes an object, and gives that as a `T`. */
template <class T, class Call> Result<T> attempt_making(Call call) {
  typename T::Handle made;
  return attempt([&](headwater_error **error) { call(Out(made), error); },
                 [&] { return T(std::move(made)); });
}

} // namespace detail

} // namespace headwater

#endif
