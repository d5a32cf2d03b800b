/*
 * Workspaces and queries for C++17: a part of headwater.hpp, which includes it.
 */
#ifndef HEADWATER_WORKSPACE_HPP
#define HEADWATER_WORKSPACE_HPP

#include "headwater_result.hpp"

namespace headwater {

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

/** What became of a record, an item or an edge: `action` is one of `HEADWATER_ACTION_*`. */
struct Outcome {
  std::int32_t action;
  Document document;
};

/** What became of rows, a line for each, and of all of them together. */
struct Bulk {
  Document outcomes, report;
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
  /** Applies JSON Lines of rows. An error has what was done until then in `unfinished`. */
  Gives<Bulk> bulk(const headwater_bulk_options &options, text rows) const {
    Document::Handle outcomes, report;
    return Mode::give(detail::attempt_work(
        outcomes, report,
        [&](headwater_error **error) {
          headwater_bulk_lines(workspace_, &options, lend(rows), detail::Out(outcomes),
                               detail::Out(report), error);
        },
        [&] { return Bulk{Document(std::move(outcomes)), Document(std::move(report))}; }));
  }
  /** Applies Arrow record batches; takes `rows` over and gives `outcomes` to the caller, also where
   *  it throws: then there is something in it if its `release` is not NULL. */
  Gives<Document> bulk(const headwater_bulk_options &options, ArrowArrayStream *rows,
                       ArrowArrayStream *outcomes) const {
    Document::Handle none, report;
    return Mode::give(detail::attempt_work(
        none, report,
        [&](headwater_error **error) {
          headwater_bulk_arrow(workspace_, &options, rows, outcomes, detail::Out(report), error);
        },
        [&] { return Document(std::move(report)); }));
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

/** How a remote workspace is reached; what is not set is as usual. */
struct RemoteOptions {
  /** In place of the one that the environment names. */
  std::string_view api_key = {};
  /** The path of the file that remembers what was delivered. */
  std::string_view ledger = {};
  /** At most. */
  double requests_per_second = 0;
  /** Requests at the same time, at most. */
  std::uint32_t concurrency = 0;
  /** For how long a request is tried again. */
  std::chrono::duration<std::uint32_t, std::milli> patience{0};
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

  /** Opens the workspace behind a record API. */
  static Result<Workspace> try_open_remote(std::string_view url,
                                           const RemoteOptions &options = {}) {
    headwater_remote_options given{};
    given.struct_size = sizeof given;
    given.api_key = lend(options.api_key);
    given.ledger = lend(options.ledger);
    given.requests_per_second = options.requests_per_second;
    given.concurrency = options.concurrency;
    given.patience_ms = options.patience.count();
    return detail::attempt_making<Workspace>([&](auto &&out, headwater_error **error) {
      headwater_workspace_open_remote(lend(url), &given, out, error);
    });
  }
  static Workspace open_remote(std::string_view url, const RemoteOptions &options = {}) {
    return try_open_remote(url, options).value();
  }

  /** The same calls, each of which gives a Result. */
  WorkspaceCalls<Returning> attempt() const & noexcept {
    return WorkspaceCalls<Returning>(workspace_);
  }
  /** Of a workspace that is not kept, the calls would be used after it is freed. */
  WorkspaceCalls<Returning> attempt() && = delete;

private:
  static std::int32_t setting(std::optional<bool> given) noexcept {
    if (!given)
      return HEADWATER_SETTING_KEEP;
    return *given ? HEADWATER_SETTING_ON : HEADWATER_SETTING_OFF;
  }

  Handle handle_;
};

} // namespace headwater

#endif
