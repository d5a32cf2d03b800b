/*
 * The connector ABI of Headwater.
 *
 * A connector is a shared library that exports one symbol, `headwater_connector_v1`, which returns
 * a table of functions. Every struct that crosses starts with `struct_size`; fields are only ever
 * appended. Integers stand for enumerations and flags: an unknown value is an error, never undefined.
 *
 * Ownership has four phrases: *Borrowed for the call.* *Copied.* *Owned by the caller; free with
 * `..`.* *Borrowed from `x` until the next call on it, or until it is freed.* Nothing that one side
 * allocates is freed by the other.
 *
 * Generated from plugins/abi by `cargo run -p headwater-headers`; do not edit.
 */
#ifndef HEADWATER_CONNECTOR_H
#define HEADWATER_CONNECTOR_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Major version of the connector ABI; it is also in the name of the exported symbol. */
#define HEADWATER_CONNECTOR_ABI_MAJOR 1

/** Minor version of the connector ABI described by this header. */
#define HEADWATER_CONNECTOR_ABI_MINOR 0

/** The largest checkpoint that a batch may carry, in bytes. */
#define HEADWATER_MAX_CHECKPOINT_BYTES 65536

/** The call succeeded. */
#define HEADWATER_OK 0

/** The stream has no more batches. */
#define HEADWATER_DONE -1

/** A required value of the source is missing. */
#define HEADWATER_E_FIELD_REQUIRED_MISSING 5

/** A value does not fit its field. */
#define HEADWATER_E_FIELD_VALUE_INVALID 6

/** The configuration is invalid; name the key in `field`. */
#define HEADWATER_E_CONFIG_INVALID 202

/** The source system asked us to slow down; say how long in `retry_after_ms`. */
#define HEADWATER_E_RATE_LIMITED 205

/** The connector broke the contract. */
#define HEADWATER_E_CONNECTOR_MISBEHAVED 303

/** The connector panicked, threw, or ran into its own bug. */
#define HEADWATER_E_CONNECTOR_PANICKED 304

/** The source refused the credentials. */
#define HEADWATER_E_SOURCE_UNAUTHORIZED 305

/** The source cannot be reached or read. */
#define HEADWATER_E_SOURCE_UNAVAILABLE 306

/** The source's data cannot be read from here on; name the place in `record`. */
#define HEADWATER_E_SOURCE_DATA_INVALID 307

/** The source no longer fits the checkpoint. */
#define HEADWATER_E_CHECKPOINT_INVALID 308

/** The source did not answer in time. */
#define HEADWATER_E_TIMEOUT 402

/** The host asked for a stop and the connector obeyed. */
#define HEADWATER_E_CANCELLED 501

/** Anything else. */
#define HEADWATER_E_INTERNAL_ERROR 502

/** The same call will fail again. */
#define HEADWATER_RETRY_NEVER 0

/** The same call may succeed later. */
#define HEADWATER_RETRY_BACKOFF 1

/** The same call may succeed after `retry_after_ms`. */
#define HEADWATER_RETRY_AFTER 2

/** Log level: something failed. */
#define HEADWATER_LOG_ERROR 1

/** Log level: something looks wrong, and the work goes on. */
#define HEADWATER_LOG_WARN 2

/** Log level: something a user may want to know. */
#define HEADWATER_LOG_INFO 3

/** Log level: for the people who write the connector. */
#define HEADWATER_LOG_DEBUG 4

/** The batch's rows are in `data`: one JSON object per line, UTF-8. */
#define HEADWATER_PAYLOAD_JSON_LINES 1

/**
 * The batch's rows are in `arrow_array` and `arrow_schema` (Arrow C Data Interface): a struct array
 * (format `+s`) without null rows, whose children are the columns, each with a name of its own.
 * Every Arrow batch of one `read` has the same columns with the same types; another one is
 * refused as `HEADWATER_E_CONNECTOR_MISBEHAVED`, and the batches before it stay. If the source's
 * own schema changes, end the read with `HEADWATER_E_SOURCE_DATA_INVALID`: the next read may
 * begin with the new one.
 */
#define HEADWATER_PAYLOAD_ARROW 2

/**
 * A null in an Arrow batch means the value is null: clear the attribute. Inside of a list or a
 * struct it is null too.
 */
#define HEADWATER_NULL_IS_NULL 1

/**
 * A null in an Arrow batch means the value is absent: leave the attribute alone. Inside of a
 * struct the field is left out, inside of a list the element.
 */
#define HEADWATER_NULL_IS_ABSENT 2

/** Stream flag: `fields` names every field that a row can have. */
#define HEADWATER_STREAM_FIELDS_COMPLETE 1

/** Stream flag: a finished read is continued by the next run instead of starting over. */
#define HEADWATER_STREAM_INCREMENTAL 2

/** Field flag: the source says that the field identifies a row. */
#define HEADWATER_FIELD_KEY 1

/** A piece of text or bytes: `len` bytes at `ptr`, not NUL-terminated. Text is UTF-8. */
typedef struct {
  /** First byte; may be NULL when `len` is 0. */
  const uint8_t *ptr;
  /** Length in bytes. */
  size_t len;
} headwater_str;

/** One failure, given to `headwater_call.fail` while the call runs. Copied. */
typedef struct {
  /** `sizeof(headwater_failure)` as the connector knows it. */
  size_t struct_size;
  /** One of `HEADWATER_E_*`. */
  int32_t code;
  /** One of `HEADWATER_RETRY_*`. */
  int32_t retry;
  /** Milliseconds to wait, for `HEADWATER_RETRY_AFTER`. */
  uint64_t retry_after_ms;
  /** What was found and what was expected, for a person. */
  headwater_str message;
  /** The field or configuration key at fault, or empty. */
  headwater_str field;
  /** The record at fault (its key or place), or empty. */
  headwater_str record;
  /** What to do about it, or empty. */
  headwater_str hint;
} headwater_failure;

/**
 * What the host lends to the connector for the length of one call.
 *
 * Every function here may be called from the thread of the call only.
 */
typedef struct {
  /** `sizeof(headwater_call)` as the host knows it. */
  size_t struct_size;
  /** Passed back to every function below. */
  void *context;
  /** Says why the call is about to return an error; the failure is copied. */
  void (*fail)(void *context, const headwater_failure *failure);
  /**
   * Returns 1 once the host wants the call to stop. Poll it at least every 100 ms of work:
   * it is also the sign that the connector is alive.
   */
  int32_t (*cancelled)(void *context);
  /**
   * Passes one line to the host's log; `level` is one of `HEADWATER_LOG_*`. The text is copied.
   */
  void (*log)(void *context, int32_t level, headwater_str message);
} headwater_call;

/** What a connector says of itself. The texts are borrowed from the library for ever. */
typedef struct {
  /** `sizeof(headwater_description)`, set by the host; write no field that lies beyond it. */
  size_t struct_size;
  /** Short name, for example `csv`: lower-case letters, digits and `_`. */
  headwater_str name;
  /** Semantic version of the connector. */
  headwater_str version;
  /**
   * JSON Schema of the configuration; properties with `"format": "path"` are file paths. With
   * another value of one with `"format": "password"` the source is the same, and a read goes on.
   */
  headwater_str config_schema;
  /** Reserved for capability flags; 0. */
  uint64_t capabilities;
} headwater_description;

/** A field that the rows of a stream may have. */
typedef struct {
  /** `sizeof(headwater_field)` as the connector knows it; array elements are this far apart. */
  size_t struct_size;
  /** The name, as it stands in a row. */
  headwater_str name;
  /** `string`, `number`, `boolean`, `array`, `object`, or empty if not known. */
  headwater_str value_type;
  /** `HEADWATER_FIELD_*`. */
  uint64_t flags;
} headwater_field;

/** A stream that a source offers. */
typedef struct {
  /**
   * `sizeof(headwater_stream_info)` as the connector knows it; array elements are this far apart.
   */
  size_t struct_size;
  /** The name of the stream. */
  headwater_str name;
  /** `HEADWATER_STREAM_*`. */
  uint64_t flags;
  /** The first of `field_count` fields; NULL when there are none. */
  const headwater_field *fields;
  /** How many fields. */
  size_t field_count;
  /** What a row's position counts, for example `line`; empty means rows. */
  headwater_str position_unit;
} headwater_stream_info;

/**
 * The streams of a source. Borrowed from the source until the next call on it, or until it is freed.
 */
typedef struct {
  /** `sizeof(headwater_discovery)`, set by the host; write no field that lies beyond it. */
  size_t struct_size;
  /** The first of `stream_count` streams; NULL when there are none. */
  const headwater_stream_info *streams;
  /** How many streams. */
  size_t stream_count;
} headwater_discovery;

/** What the host wants to read. Borrowed for the call. */
typedef struct {
  /** `sizeof(headwater_request)` as the host knows it. */
  size_t struct_size;
  /** The name of the stream. */
  headwater_str stream;
  /** Bytes of a checkpoint that this stream gave earlier; empty starts at the beginning. */
  headwater_str checkpoint;
  /** The part of the stream to read; empty for all of it. */
  headwater_str partition;
  /** How many rows a batch should have: a wish. */
  uint64_t batch_rows;
  /**
   * The payload kinds that the host accepts: bit N stands for payload kind N. Every host accepts
   * `HEADWATER_PAYLOAD_JSON_LINES`; give `HEADWATER_PAYLOAD_ARROW` only where its bit is set.
   */
  uint64_t payload_kinds;
} headwater_request;

/** A row of the source that could not be read; it is counted and kept as a rejected row. */
typedef struct {
  /** `sizeof(headwater_bad_row)` as the connector knows it; array elements are this far apart. */
  size_t struct_size;
  /** One of `HEADWATER_E_*`, usually `HEADWATER_E_SOURCE_DATA_INVALID`. */
  int32_t code;
  /** The row's place in the source, less than 2^63. */
  uint64_t position;
  /** What was found and what was expected. */
  headwater_str message;
  /** The field at fault, or empty. */
  headwater_str field;
  /** What to do about it, or empty. */
  headwater_str hint;
  /** The row's text as far as it is known. Need not be UTF-8. */
  headwater_str raw;
} headwater_bad_row;

/**
 * Rows in source order and the checkpoint that covers exactly them and all before.
 *
 * Borrowed from the stream until the next call on it, or until it is freed.
 */
typedef struct {
  /** `sizeof(headwater_batch)`, set by the host; write no field that lies beyond it. */
  size_t struct_size;
  /** One of `HEADWATER_PAYLOAD_*`, and one that the request accepts. */
  int32_t payload_kind;
  /** What a null in an Arrow batch means: one of `HEADWATER_NULL_IS_*`. */
  int32_t null_means;
  /** JSON Lines: the rows, each ended by `\n`. */
  headwater_str data;
  /**
   * Arrow: a `struct ArrowArray`. The host moves it out when the call returns (here, `release`
   * becomes NULL) and calls its release function once, whatever becomes of the batch: later, on
   * any thread, perhaps after the stream and the source are freed. So what the array needs
   * belongs to the array.
   */
  void *arrow_array;
  /**
   * Arrow: a `struct ArrowSchema`, moved out and released in the same way. Of its flags only
   * `ARROW_FLAG_MAP_KEYS_SORTED` is looked at, its metadata is not.
   */
  void *arrow_schema;
  /**
   * How many rows the payload holds, which is the length of the array in Arrow. The host counts
   * them again.
   */
  uint64_t record_count;
  /**
   * `record_count` places in the source, one for each row and less than 2^63; NULL when the
   * connector does not say.
   */
  const uint64_t *positions;
  /** The first of `bad_row_count` rows that could not be read; NULL when there are none. */
  const headwater_bad_row *bad_rows;
  /** How many bad rows. */
  size_t bad_row_count;
  /**
   * Opaque position after the last row, at most `HEADWATER_MAX_CHECKPOINT_BYTES` bytes. Not
   * empty once there was a row or a bad row: that is the beginning.
   */
  headwater_str checkpoint;
  /**
   * Where a stream has several parts in which positions are counted anew, for example files: the
   * name of the one that all rows of this batch come from. Rejects name it. Empty where there is
   * one part only.
   */
  headwater_str part;
} headwater_batch;

/**
 * A connector: a table of functions, valid for the life of the process.
 *
 * Every function may be called from any thread, but a source and its streams are used by one
 * thread at a time. A function returns `HEADWATER_OK`, or one of `HEADWATER_E_*` after it has
 * called `call->fail`. Panics and exceptions never leave a function. Nothing is written to
 * stdout or stderr.
 */
typedef struct {
  /** `sizeof(headwater_connector)` as the connector knows it. */
  size_t struct_size;
  /** `HEADWATER_CONNECTOR_ABI_MAJOR` as the connector knows it. */
  uint32_t abi_major;
  /** `HEADWATER_CONNECTOR_ABI_MINOR` as the connector knows it. */
  uint32_t abi_minor;
  /** Says what the connector is. */
  int32_t (*describe)(const headwater_call *call, headwater_description *out_description);
  /**
   * Opens a source from a configuration (JSON text). Does not touch the network.
   * `*out_source` is owned by the host; it frees it with `close`.
   */
  int32_t (*open)(const headwater_call *call, headwater_str config, void **out_source);
  /** Reaches the source and says which streams it offers. */
  int32_t (*check)(const headwater_call *call, void *source, headwater_discovery *out_discovery);
  /**
   * Starts to read a stream at a checkpoint.
   * `*out_stream` is owned by the host; it frees it with `close_stream`, before the source.
   */
  int32_t (*read)(const headwater_call *call,
                  void *source,
                  const headwater_request *request,
                  void **out_stream);
  /** Gives the next batch: `HEADWATER_OK`, `HEADWATER_DONE` at the end, or an error. */
  int32_t (*next)(const headwater_call *call, void *stream, headwater_batch *out_batch);
  /** Frees a stream. Accepts NULL; cannot fail. */
  void (*close_stream)(void *stream);
  /** Frees a source. Accepts NULL; cannot fail. */
  void (*close)(void *source);
} headwater_connector;

/*
 * The one symbol that a connector library exports: it returns the address of a table that lives
 * as long as the process. May be called at any time, from any thread, any number of times.
 */
#if defined(_WIN32)
__declspec(dllexport)
#elif defined(__GNUC__)
__attribute__((visibility("default")))
#endif
const headwater_connector *headwater_connector_v1(void);

#ifdef __cplusplus
}  /* extern "C" */
#endif

#endif  /* HEADWATER_CONNECTOR_H */
