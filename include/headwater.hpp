/*
 * libheadwater for C++17: objects that free themselves, texts as std::string_view, and every call
 * in two forms. `workspace.get(..)` throws a `headwater::Error`; `workspace.attempt().get(..)`
 * gives a `headwater::Result`. JSON goes in and out as text. What a call does, its threads and its
 * errors are told by headwater.h, under the name of the C function.
 *
 * Objects can be moved, not copied; one that was moved from may only be destroyed or assigned to.
 * Connectors are written with headwater_connector.hpp, which needs no library.
 */
#ifndef HEADWATER_HPP
#define HEADWATER_HPP

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

/** Why a call failed. */
class Error : public std::exception {
public:
  explicit Error(std::shared_ptr<const headwater_error> error) noexcept : error_(std::move(error)) {
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
  const Error &error() const { return std::get<1>(held_); }
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
      throw error();
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

/** Makes a call that writes an object, and gives that as a `T`. */
template <class T, class Call> Result<T> attempt_making(Call call) {
  typename T::Handle made;
  return attempt([&](headwater_error **error) { call(Out(made), error); },
                 [&] { return T(std::move(made)); });
}

} // namespace detail

/** Text, mostly JSON, that a call gave. */
class Document {
public:
  using Handle = detail::Handle<headwater_document, headwater_document_free>;
  explicit Document(Handle handle) noexcept : handle_(std::move(handle)) {}

  std::string_view text() const noexcept { return view(headwater_document_text(handle_.get())); }
  operator std::string_view() const noexcept { return text(); }
  std::string str() const { return std::string(text()); }

private:
  Handle handle_;
};

/** What became of a record, an item or an edge: `action` is one of `HEADWATER_ACTION_*`. */
struct Outcome {
  std::int32_t action;
  Document document;
};

/** What became of rows, a line for each, and of all of them together. */
struct Bulk {
  Document outcomes, report;
};

/** A query that is being read, page after page; one thread at a time. A range of documents:
 *  `for (const auto &page : query)`. */
class Query {
public:
  using Handle = detail::Handle<headwater_query, headwater_query_free>;
  explicit Query(Handle handle) noexcept : handle_(std::move(handle)) {}

  /** The next page; none after the last one. */
  Result<std::optional<Document>> try_next() {
    Document::Handle page;
    std::int32_t status = HEADWATER_OK;
    return detail::attempt(
        [&](headwater_error **error) {
          status = headwater_query_next(handle_.get(), detail::Out(page), error);
        },
        [&]() -> std::optional<Document> {
          if (status == HEADWATER_DONE)
            return std::nullopt;
          return Document(std::move(page));
        });
  }
  std::optional<Document> next() { return try_next().value(); }

  class iterator {
  public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Document;
    using difference_type = std::ptrdiff_t;
    using pointer = const Document *;
    using reference = const Document &;

    iterator() = default;
    explicit iterator(Query &query) : query_(&query) { ++*this; }
    reference operator*() const { return **page_; }
    pointer operator->() const { return &**page_; }
    iterator &operator++() {
      auto page = query_->next();
      if (page)
        page_ = std::make_shared<std::optional<Document>>(std::move(page));
      else
        query_ = nullptr;
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(const iterator &other) const { return query_ == other.query_; }
    bool operator!=(const iterator &other) const { return !(*this == other); }

  private:
    Query *query_ = nullptr;
    std::shared_ptr<std::optional<Document>> page_;
  };

  /** Reads the first page that was not read yet. */
  iterator begin() { return iterator(*this); }
  iterator end() { return iterator(); }

private:
  Handle handle_;
};

/** The calls on a workspace. `type` is a record type, `match`, `attributes` and `body` are JSON
 *  objects, `parameters` is one that may hold `limit` and `cursor`. */
template <class Mode> class WorkspaceCalls {
public:
  template <class T> using Gives = typename Mode::template Gives<T>;
  using text = std::string_view;

  explicit WorkspaceCalls(const headwater_workspace *workspace) noexcept : workspace_(workspace) {}

  Gives<Document> create(text type, text attributes) const {
    return document(headwater_record_create, type, attributes);
  }
  Gives<Document> get(text type, text id) const { return document(headwater_record_get, type, id); }
  Gives<Document> patch(text type, text id, text attributes) const {
    return document(headwater_record_patch, type, id, attributes);
  }
  Gives<Done> archive(text type, text id) const { return done(headwater_record_archive, type, id); }
  Gives<Document> restore(text type, text id) const {
    return document(headwater_record_restore, type, id);
  }
  Gives<Outcome> assert_(text type, text match, text attributes) const {
    return outcome(headwater_record_assert, type, match, attributes);
  }
  Gives<Outcome> update(text type, text match, text attributes) const {
    return outcome(headwater_record_update, type, match, attributes);
  }
  Gives<Document> history(text type, text id, text parameters = {}) const {
    return document(headwater_record_history, type, id, parameters);
  }
  Gives<Query> query(text type, text body = {}) const {
    return Mode::give(detail::attempt_making<Query>([&](auto &&out, headwater_error **error) {
      headwater_query_open(workspace_, lend(type), lend(body), out, error);
    }));
  }

  Gives<Outcome> add_item(text type, text id, text attribute, text body) const {
    return outcome(headwater_item_add, type, id, attribute, body);
  }
  Gives<Document> update_item(text type, text id, text attribute, text item, text body) const {
    return document(headwater_item_update, type, id, attribute, item, body);
  }
  Gives<Done> remove_item(text type, text id, text attribute, text item) const {
    return done(headwater_item_remove, type, id, attribute, item);
  }

  Gives<Document> edges(text type, text id, text relationship, text parameters = {}) const {
    return document(headwater_edge_list, type, id, relationship, parameters);
  }
  Gives<Outcome> add_edge(text type, text id, text relationship, text body) const {
    return outcome(headwater_edge_add, type, id, relationship, body);
  }
  Gives<Document> update_edge(text type, text id, text relationship, text target, text body) const {
    return document(headwater_edge_update, type, id, relationship, target, body);
  }
  Gives<Done> remove_edge(text type, text id, text relationship, text target) const {
    return done(headwater_edge_remove, type, id, relationship, target);
  }

  Gives<Document> schema(text type) const { return document(headwater_schema_get, type); }
  Gives<Document> schemas() const { return document(headwater_schema_list); }
  Gives<Document> pipelines() const { return document(headwater_schema_pipelines); }
  Gives<Document> declare(text declarations) const {
    return document(headwater_schema_declare, declarations);
  }
  /** Applies JSON Lines of operations; `flags` are `HEADWATER_BATCH_*`. */
  Gives<Document> apply(text operations, std::uint64_t flags = 0) const {
    headwater_batch_options options{};
    options.struct_size = sizeof options;
    options.flags = flags;
    return Mode::give(detail::attempt_making<Document>([&](auto &&out, headwater_error **error) {
      headwater_batch_apply(workspace_, lend(operations), &options, out, error);
    }));
  }
  /** Applies JSON Lines of rows. */
  Gives<Bulk> bulk(const headwater_bulk_options &options, text rows) const {
    Document::Handle outcomes, report;
    return Mode::give(detail::attempt(
        [&](headwater_error **error) {
          headwater_bulk_lines(workspace_, &options, lend(rows), detail::Out(outcomes),
                               detail::Out(report), error);
        },
        [&] { return Bulk{Document(std::move(outcomes)), Document(std::move(report))}; }));
  }
  /** Applies Arrow record batches; takes `rows` over and gives `outcomes` to the caller. */
  Gives<Document> bulk(const headwater_bulk_options &options, ArrowArrayStream *rows,
                       ArrowArrayStream *outcomes) const {
    return Mode::give(detail::attempt_making<Document>([&](auto &&out, headwater_error **error) {
      headwater_bulk_arrow(workspace_, &options, rows, outcomes, out, error);
    }));
  }
  Gives<Document> seed(text lines) const { return document(headwater_workspace_seed, lines); }
  Gives<Done> copy_to(text path) const { return done(headwater_workspace_copy_to, path); }
  Gives<Done> return_to(text path) const { return done(headwater_workspace_return_to, path); }

  Gives<Document> runs(std::size_t limit) const {
    return Mode::give(detail::attempt_making<Document>([&](auto &&out, headwater_error **error) {
      headwater_run_list(workspace_, limit, out, error);
    }));
  }
  Gives<Document> rejects(text run = {}, text code = {}) const {
    return document(headwater_reject_list, run, code);
  }
  Gives<Document> create_key(text name, text scopes) const {
    return document(headwater_key_create, name, scopes);
  }
  Gives<Document> keys() const { return document(headwater_key_list); }
  Gives<Done> expire_key(text key) const { return done(headwater_key_expire, key); }
  Gives<Done> close() const { return done(headwater_workspace_close); }

  const headwater_workspace *c_object() const noexcept { return workspace_; }

protected:
  const headwater_workspace *workspace_;

private:
  template <class Function, class... Texts>
  Gives<Document> document(Function function, Texts... texts) const {
    return Mode::give(detail::attempt_making<Document>([&](auto &&out, headwater_error **error) {
      function(workspace_, lend(texts)..., out, error);
    }));
  }
  template <class Function, class... Texts>
  Gives<Done> done(Function function, Texts... texts) const {
    return Mode::give(detail::attempt(
        [&](headwater_error **error) { function(workspace_, lend(texts)..., error); }));
  }
  template <class Function, class... Texts>
  Gives<Outcome> outcome(Function function, Texts... texts) const {
    std::int32_t action = 0;
    Document::Handle made;
    return Mode::give(detail::attempt(
        [&](headwater_error **error) {
          function(workspace_, lend(texts)..., &action, detail::Out(made), error);
        },
        [&] { return Outcome{action, Document(std::move(made))}; }));
  }
};

/** How a workspace is opened; what is not set stays as it is. */
struct OpenOptions {
  bool create = false;
  std::optional<bool> rejects_duplicates = std::nullopt;
  std::optional<bool> keeps_history = std::nullopt;
  std::string_view actor = {};
  /** For tests: a clock that only writes move on, and ids that repeat. */
  std::string_view clock = {};
  std::optional<std::uint64_t> id_seed = std::nullopt;
};

/** An open workspace; any number of threads may use one. */
class Workspace : public WorkspaceCalls<Throwing> {
public:
  using Handle = detail::Handle<headwater_workspace, headwater_workspace_free>;
  explicit Workspace(Handle handle) noexcept
      : WorkspaceCalls(handle.get()), handle_(std::move(handle)) {}
  /** Opens a workspace, or throws. */
  explicit Workspace(std::string_view url, const OpenOptions &options = {})
      : Workspace(try_open(url, options).value()) {}

  static Result<Workspace> try_open(std::string_view url, const OpenOptions &options = {}) {
    headwater_open_options given{};
    given.struct_size = sizeof given;
    given.flags = options.create ? HEADWATER_OPEN_CREATE : 0;
    given.rejects_duplicates = setting(options.rejects_duplicates);
    given.keeps_history = setting(options.keeps_history);
    given.actor = lend(options.actor);
    given.clock = lend(options.clock);
    if (options.id_seed) {
      given.flags |= HEADWATER_OPEN_ID_SEED;
      given.id_seed = *options.id_seed;
    }
    return detail::attempt_making<Workspace>([&](auto &&out, headwater_error **error) {
      headwater_workspace_open(lend(url), &given, out, error);
    });
  }

  /** The same calls, each of which gives a Result. */
  WorkspaceCalls<Returning> attempt() const noexcept {
    return WorkspaceCalls<Returning>(workspace_);
  }

private:
  static std::int32_t setting(std::optional<bool> given) noexcept {
    if (!given)
      return HEADWATER_SETTING_KEEP;
    return *given ? HEADWATER_SETTING_ON : HEADWATER_SETTING_OFF;
  }

  Handle handle_;
};

} // namespace headwater

#include "headwater_sync.hpp"

#endif
