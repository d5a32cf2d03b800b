/*
 * Syncs and connectors for C++17: a part of headwater.hpp, which includes it.
 */
#ifndef HEADWATER_SYNC_HPP
#define HEADWATER_SYNC_HPP

#include "headwater_workspace.hpp"

namespace headwater {

/** Folders in which connectors are looked for. */
class Connectors {
public:
  using Handle = detail::Handle<headwater_connectors, headwater_connectors_free>;
  explicit Connectors(Handle handle) noexcept : handle_(std::move(handle)) {}
  /** These folders, separated as in PATH; the usual ones where none are given. */
  explicit Connectors(std::string_view search_path = {})
      : Connectors(try_open(search_path).value()) {}

  static Result<Connectors> try_open(std::string_view search_path = {}) {
    return detail::attempt_making<Connectors>([&](auto &&out, headwater_error **error) {
      headwater_connectors_open(lend(search_path), out, error);
    });
  }

  Document search_path() const { return try_search_path().value(); }
  Result<Document> try_search_path() const { return document(headwater_connectors_search_path); }
  Document list() const { return try_list().value(); }
  Result<Document> try_list() const { return document(headwater_connectors_list); }
  Document load(std::string_view name) const { return try_load(name).value(); }
  Result<Document> try_load(std::string_view name) const {
    return document(headwater_connectors_load, name);
  }
  Document test(std::string_view name, std::string_view config = {}) const {
    return try_test(name, config).value();
  }
  Result<Document> try_test(std::string_view name, std::string_view config = {}) const {
    return document(headwater_connectors_test, name, config);
  }

  const headwater_connectors *c_object() const noexcept { return handle_.get(); }

private:
  template <class Function, class... Texts>
  Result<Document> document(Function function, Texts... texts) const {
    return detail::attempt_making<Document>([&](auto &&out, headwater_error **error) {
      function(handle_.get(), lend(texts)..., out, error);
    });
  }

  Handle handle_;
};

/** How far a stream is committed. */
using Progress = headwater_progress;

/** How a job is run. */
struct SyncOptions {
  /** Starts over instead of resuming. */
  bool full = false;
  /** Where the connector is looked for, in place of the usual folders. */
  const Connectors *connectors = nullptr;
  /** Where the rows go, in place of the workspace that the job names. */
  const Workspace *workspace = nullptr;
  /** Is told how far a run is, on its thread; false stops the run. What it throws stops the run too
   *  and is thrown again by it. */
  std::function<bool(const Progress &)> progress = {};
  /** Gets what the connector logs, with one of `HEADWATER_LOG_*`, on any thread. What it throws is
   *  lost. */
  std::function<void(std::int32_t level, std::string_view message)> log = {};
};

/** A job that can be run; one thread at a time, but any may cancel it. */
class Sync {
public:
  using Handle = detail::Handle<headwater_sync, headwater_sync_free>;

  Sync(Sync &&) noexcept = default;
  /** Frees the old job before the functions that it may call until then. */
  Sync &operator=(Sync &&other) noexcept {
    handle_ = std::move(other.handle_);
    callbacks_ = std::move(other.callbacks_);
    return *this;
  }

  /** Reads the text of a job; relative paths in it are taken from `folder`. */
  static Result<Sync> try_open(std::string_view job, std::string_view folder,
                               SyncOptions options = {}) {
    return opened(std::move(options), [&](auto *given, auto &&out, headwater_error **error) {
      headwater_sync_open(lend(job), lend(folder), given, out, error);
    });
  }
  static Sync open(std::string_view job, std::string_view folder, SyncOptions options = {}) {
    return try_open(job, folder, std::move(options)).value();
  }
  /** Reads a job file. */
  static Result<Sync> try_open_file(std::string_view path, SyncOptions options = {}) {
    return opened(std::move(options), [&](auto *given, auto &&out, headwater_error **error) {
      headwater_sync_open_file(lend(path), given, out, error);
    });
  }
  static Sync open_file(std::string_view path, SyncOptions options = {}) {
    return try_open_file(path, std::move(options)).value();
  }

  Document check() { return try_check().value(); }
  Result<Document> try_check() { return document(headwater_sync_check); }
  Document discover() { return try_discover().value(); }
  Result<Document> try_discover() { return document(headwater_sync_discover); }
  Document estimate() { return try_estimate().value(); }
  Result<Document> try_estimate() { return document(headwater_sync_estimate); }
  Document verify() { return try_verify().value(); }
  Result<Document> try_verify() { return document(headwater_sync_verify); }

  /** Runs the job and gives the report. That of a run that began and did not come to its end is in
   *  `unfinished` of the error. */
  Result<Document> try_run() {
    Document::Handle none, report;
    auto ran = detail::attempt_work(
        none, report,
        [&](headwater_error **error) {
          headwater_sync_run(handle_.get(), detail::Out(report), error);
        },
        [&] { return Document(std::move(report)); });
    if (callbacks_->thrown)
      std::rethrow_exception(std::exchange(callbacks_->thrown, nullptr));
    return ran;
  }
  Document run() { return try_run().value(); }

  /** Asks the run to stop; from any thread. */
  void cancel() const noexcept { headwater_sync_cancel(handle_.get()); }

private:
  struct Callbacks {
    SyncOptions options;
    std::exception_ptr thrown = nullptr;
  };

  Sync(Handle handle, std::unique_ptr<Callbacks> callbacks) noexcept
      : callbacks_(std::move(callbacks)), handle_(std::move(handle)) {}

  template <class Open> static Result<Sync> opened(SyncOptions options, Open open) {
    auto callbacks = std::make_unique<Callbacks>();
    callbacks->options = std::move(options);
    const SyncOptions &asked = callbacks->options;
    headwater_sync_options given{};
    given.struct_size = sizeof given;
    given.flags = asked.full ? HEADWATER_SYNC_FULL : 0;
    given.connectors = asked.connectors ? asked.connectors->c_object() : nullptr;
    given.workspace = asked.workspace ? asked.workspace->c_object() : nullptr;
    given.context = callbacks.get();
    given.progress = asked.progress ? told : nullptr;
    given.log = asked.log ? logged : nullptr;
    Handle handle;
    return detail::attempt(
        [&](headwater_error **error) { open(&given, detail::Out(handle), error); },
        [&] { return Sync(std::move(handle), std::move(callbacks)); });
  }

  template <class Function> Result<Document> document(Function function) {
    return detail::attempt_making<Document>(
        [&](auto &&out, headwater_error **error) { function(handle_.get(), out, error); });
  }

  // No exception may leave these.
  static std::int32_t told(void *context, const headwater_progress *progress) noexcept {
    auto *callbacks = static_cast<Callbacks *>(context);
    try {
      return callbacks->options.progress(*progress) ? 0 : 1;
    } catch (...) {
      callbacks->thrown = std::current_exception();
      return 1;
    }
  }
  static void logged(void *context, std::int32_t level, headwater_str message) noexcept {
    try {
      static_cast<Callbacks *>(context)->options.log(level, view(message));
    } catch (...) {
    }
  }

  // Outlive the handle, which may log until it is freed.
  std::unique_ptr<Callbacks> callbacks_;
  Handle handle_;
};

} // namespace headwater

#endif
