/*
 * Connectors in C++17: a class with three functions, exported by a macro. Needs no library.
 *
 *   struct Count {
 *     static headwater::connector::Description describe();
 *     explicit Count(std::string_view config);          // JSON; throw Failure where it is wrong
 *     std::vector<headwater::connector::Stream> check(const headwater::connector::Call &);
 *     std::unique_ptr<headwater::connector::Reader> read(const headwater::connector::Call &,
 *                                                        const headwater::connector::Request &);
 *   };
 *   HEADWATER_EXPORT_CONNECTOR(Count)
 *
 * What a function throws becomes the failure of its call: a Failure as it is, everything else as
 * `HEADWATER_E_CONNECTOR_PANICKED`. A reader that has thrown is not used again.
 */
#ifndef HEADWATER_CONNECTOR_HPP
#define HEADWATER_CONNECTOR_HPP

#include "headwater_connector.h"

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// As https://arrow.apache.org/docs/format/CDataInterface.html has them, for those who include no
// Arrow.
#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE
#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4
extern "C" {
struct ArrowSchema {
  const char *format, *name, *metadata;
  std::int64_t flags, n_children;
  ArrowSchema **children, *dictionary;
  void (*release)(ArrowSchema *);
  void *private_data;
};
struct ArrowArray {
  std::int64_t length, null_count, offset, n_buffers, n_children;
  const void **buffers;
  ArrowArray **children, *dictionary;
  void (*release)(ArrowArray *);
  void *private_data;
};
}
#endif

namespace headwater {
namespace connector {

/** Why a call fails; throw it. */
struct Failure : std::exception {
  Failure(std::int32_t code_, std::string message_) : code(code_), message(std::move(message_)) {}
  Failure &at_field(std::string name) { return field = std::move(name), *this; }
  Failure &on_record(std::string name) { return record = std::move(name), *this; }
  Failure &with_hint(std::string text) { return hint = std::move(text), *this; }
  /** The same call may succeed later: at once, or after some milliseconds. */
  Failure &retry_after(std::uint64_t milliseconds) {
    retry = milliseconds == 0 ? HEADWATER_RETRY_BACKOFF : HEADWATER_RETRY_AFTER;
    retry_after_ms = milliseconds;
    return *this;
  }
  const char *what() const noexcept override { return message.c_str(); }

  std::int32_t code;
  std::int32_t retry = HEADWATER_RETRY_NEVER;
  std::uint64_t retry_after_ms = 0;
  std::string message, field = {}, record = {}, hint = {};
};

/** What a connector is; the texts are literals. */
struct Description {
  std::string_view name, version, config_schema;
};

/** A field that rows may have; `flags` are `HEADWATER_FIELD_*`. */
struct Field {
  std::string name, value_type = {};
  std::uint64_t flags = 0;
};

/** A stream that a source offers; `flags` are `HEADWATER_STREAM_*`. */
struct Stream {
  std::string name;
  std::uint64_t flags = 0;
  std::vector<Field> fields = {};
  std::string position_unit = {};
};

/** What the host wants to read. Borrowed for the call. */
struct Request {
  std::string_view stream, checkpoint, partition;
  std::uint64_t batch_rows;
  /** Whether batches may hold columns. */
  bool takes_arrow;
};

/** A row that could not be read. */
struct BadRow {
  std::int32_t code;
  std::uint64_t position;
  std::string message, field = {}, hint = {}, raw = {};
};

namespace detail {

/** One of Arrow's structs, which is released here where nobody else takes it. */
template <class T> struct Released {
  Released() noexcept = default;
  explicit Released(T &from) noexcept : held(std::exchange(from, T{})) {}
  Released(Released &&other) noexcept : held(std::exchange(other.held, T{})) {}
  Released &operator=(Released &&other) noexcept { return std::swap(held, other.held), *this; }
  ~Released() {
    if (held.release != nullptr)
      held.release(&held);
  }
  T held{};
};

} // namespace detail

/** Rows as JSON Lines or as Arrow, and the checkpoint that covers them and all before. */
struct Batch {
  /** Adds a row: a JSON object on one line. */
  void add(std::string_view row) {
    rows.append(row);
    rows.push_back('\n');
    count++;
  }
  /** Gives all rows as columns, where the request takes that. Both structs are moved out, and
   * released once, whatever becomes of the batch; `means` is one of `HEADWATER_NULL_IS_*`. */
  void set(ArrowArray &columns, ArrowSchema &types, std::int32_t means) {
    array = detail::Released<ArrowArray>(columns);
    schema = detail::Released<ArrowSchema>(types);
    null_means = means;
    count = static_cast<std::uint64_t>(array.held.length);
  }

  std::string rows = {};
  std::uint64_t count = 0;
  /** A place for each row, or none. */
  std::vector<std::uint64_t> positions = {};
  std::vector<BadRow> bad_rows = {};
  std::string checkpoint = {};
  /** The file, or other part, that all rows come from; empty where there is one only. */
  std::string part = {};
  /** What `set` was given. */
  detail::Released<ArrowArray> array = {};
  detail::Released<ArrowSchema> schema = {};
  std::int32_t null_means = 0;
};

/** The host, for the length of one call. */
class Call {
public:
  explicit Call(const headwater_call *call) noexcept : call_(call) {}
  /** Whether to stop; ask at least every 100 ms. */
  bool is_cancelled() const noexcept { return call_->cancelled(call_->context) != 0; }
  /** Stops the call where the host wants it to. */
  void throw_if_cancelled() const {
    if (is_cancelled())
      throw Failure(HEADWATER_E_CANCELLED, "the host asked for a stop");
  }
  /** Logs a line; `level` is one of `HEADWATER_LOG_*`. */
  void log(std::int32_t level, std::string_view message) const noexcept;

private:
  const headwater_call *call_;
};

/** One read of one stream. */
class Reader {
public:
  virtual ~Reader() = default;
  /** Fills the next batch, which is empty; false at the end. */
  virtual bool next(const Call &call, Batch &batch) = 0;
};

namespace detail {

inline headwater_str lend(std::string_view text) noexcept {
  headwater_str lent;
  lent.ptr = reinterpret_cast<const std::uint8_t *>(text.data());
  lent.len = text.size();
  return lent;
}

inline std::string_view view(headwater_str text) noexcept {
  return {reinterpret_cast<const char *>(text.ptr), text.len};
}

inline std::int32_t fail(const headwater_call *call, const Failure &failure) noexcept {
  headwater_failure lent{};
  lent.struct_size = sizeof lent;
  lent.code = failure.code;
  lent.retry = failure.retry;
  lent.retry_after_ms = failure.retry_after_ms;
  lent.message = lend(failure.message);
  lent.field = lend(failure.field);
  lent.record = lend(failure.record);
  lent.hint = lend(failure.hint);
  call->fail(call->context, &lent);
  // What is no code would read as a success or as the end.
  return failure.code > 0 ? failure.code : HEADWATER_E_INTERNAL_ERROR;
}

inline std::int32_t panicked(const headwater_call *call, std::string_view what) noexcept {
  headwater_failure lent{};
  lent.struct_size = sizeof lent;
  lent.code = HEADWATER_E_CONNECTOR_PANICKED;
  lent.message = lend(what);
  lent.hint = lend("report a bug to the connector's authors");
  call->fail(call->context, &lent);
  return lent.code;
}

/** Keeps what `body` throws from leaving. */
template <class Body> std::int32_t guarded(const headwater_call *call, Body body) noexcept {
  try {
    return body();
  } catch (const Failure &failure) {
    return fail(call, failure);
  } catch (const std::exception &thrown) {
    return panicked(call, thrown.what());
  } catch (...) {
    return panicked(call, "something was thrown that is no std::exception");
  }
}

/** What is lent of a source until the next call on it. */
template <class Connector> struct OpenSource {
  explicit OpenSource(std::string_view config) : connector(config) {}
  Connector connector;
  std::vector<Stream> streams = {};
  std::vector<std::vector<headwater_field>> fields = {};
  std::vector<headwater_stream_info> infos = {};
};

struct OpenReader {
  std::unique_ptr<Reader> reader;
  Batch batch = {};
  std::vector<headwater_bad_row> bad_rows = {};
};

template <class Connector> struct Table {
  using Source = OpenSource<Connector>;

  static std::int32_t describe(const headwater_call *call, headwater_description *out) noexcept {
    return guarded(call, [&] {
      static const Description description = Connector::describe();
      out->name = lend(description.name);
      out->version = lend(description.version);
      out->config_schema = lend(description.config_schema);
      return HEADWATER_OK;
    });
  }

  static std::int32_t open(const headwater_call *call, headwater_str config, void **out) noexcept {
    return guarded(call, [&] {
      *out = new Source(view(config));
      return HEADWATER_OK;
    });
  }

  static std::int32_t check(const headwater_call *call, void *opened,
                            headwater_discovery *out) noexcept {
    return guarded(call, [&] {
      auto &source = *static_cast<Source *>(opened);
      source.streams = source.connector.check(Call(call));
      source.fields.clear();
      source.infos.clear();
      for (const Stream &stream : source.streams) {
        std::vector<headwater_field> fields;
        for (const Field &field : stream.fields)
          fields.push_back(
              {sizeof(headwater_field), lend(field.name), lend(field.value_type), field.flags});
        source.fields.push_back(std::move(fields));
        const auto &kept = source.fields.back();
        source.infos.push_back({sizeof(headwater_stream_info), lend(stream.name), stream.flags,
                                kept.data(), kept.size(), lend(stream.position_unit)});
      }
      out->streams = source.infos.data();
      out->stream_count = source.infos.size();
      return HEADWATER_OK;
    });
  }

  static std::int32_t read(const headwater_call *call, void *opened, const headwater_request *given,
                           void **out) noexcept {
    return guarded(call, [&] {
      const bool takes_arrow = (given->payload_kinds >> HEADWATER_PAYLOAD_ARROW & 1) != 0;
      const Request request{view(given->stream), view(given->checkpoint), view(given->partition),
                            given->batch_rows, takes_arrow};
      auto reader = std::make_unique<OpenReader>();
      reader->reader = static_cast<Source *>(opened)->connector.read(Call(call), request);
      *out = reader.release();
      return HEADWATER_OK;
    });
  }

  static std::int32_t next(const headwater_call *call, void *opened,
                           headwater_batch *out) noexcept {
    auto &stream = *static_cast<OpenReader *>(opened);
    return guarded(call, [&] {
      if (!stream.reader)
        throw Failure(HEADWATER_E_CONNECTOR_PANICKED, "an earlier call on this reader has thrown");
      stream.batch = Batch();
      // Given back only where nothing is thrown.
      auto reader = std::move(stream.reader);
      const bool is_batch = reader->next(Call(call), stream.batch);
      stream.reader = std::move(reader);
      if (!is_batch)
        return HEADWATER_DONE;
      lend_batch(stream, *out);
      return HEADWATER_OK;
    });
  }

  static void lend_batch(OpenReader &stream, headwater_batch &out) {
    Batch &batch = stream.batch;
    stream.bad_rows.clear();
    for (const BadRow &row : batch.bad_rows)
      stream.bad_rows.push_back({sizeof(headwater_bad_row), row.code, row.position,
                                 lend(row.message), lend(row.field), lend(row.hint),
                                 lend(row.raw)});
    if (!batch.positions.empty() && batch.positions.size() != batch.count)
      throw Failure(HEADWATER_E_CONNECTOR_MISBEHAVED,
                    "the batch has " + std::to_string(batch.count) + " rows and " +
                        std::to_string(batch.positions.size()) + " positions")
          .with_hint("give a place for each row, or none");
    if (batch.schema.held.release != nullptr && !batch.rows.empty())
      throw Failure(HEADWATER_E_CONNECTOR_MISBEHAVED, "the batch has lines and columns")
          .with_hint("give all rows of a batch with add, or all with set");
    if (batch.schema.held.release != nullptr) {
      out.payload_kind = HEADWATER_PAYLOAD_ARROW;
      out.null_means = batch.null_means;
      out.arrow_array = &batch.array.held;
      out.arrow_schema = &batch.schema.held;
    } else {
      out.payload_kind = HEADWATER_PAYLOAD_JSON_LINES;
      out.data = lend(batch.rows);
    }
    out.record_count = batch.count;
    out.positions = batch.positions.empty() ? nullptr : batch.positions.data();
    out.bad_rows = stream.bad_rows.empty() ? nullptr : stream.bad_rows.data();
    out.bad_row_count = stream.bad_rows.size();
    out.checkpoint = lend(batch.checkpoint);
    if (out.struct_size >= sizeof out)
      out.part = lend(batch.part);
  }

  static void close_stream(void *stream) noexcept { delete static_cast<OpenReader *>(stream); }
  static void close(void *source) noexcept { delete static_cast<Source *>(source); }

  static const headwater_connector *table() noexcept {
    static const headwater_connector functions = {sizeof functions,
                                                  HEADWATER_CONNECTOR_ABI_MAJOR,
                                                  HEADWATER_CONNECTOR_ABI_MINOR,
                                                  describe,
                                                  open,
                                                  check,
                                                  read,
                                                  next,
                                                  close_stream,
                                                  close};
    return &functions;
  }
};

} // namespace detail

inline void Call::log(std::int32_t level, std::string_view message) const noexcept {
  call_->log(call_->context, level, detail::lend(message));
}

} // namespace connector
} // namespace headwater

/** Exports a class as the connector of this library; once in a library, outside of namespaces. */
#define HEADWATER_EXPORT_CONNECTOR(Class)                                                          \
  extern "C" const headwater_connector *headwater_connector_v1(void) {                             \
    return ::headwater::connector::detail::Table<Class>::table();                                  \
  }                                                                                                \
  static_assert(true, "takes the semicolon")

#endif
