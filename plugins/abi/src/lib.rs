//! The connector ABI: plain C structs and constants, no behaviour, no dependencies.
//!
//! A connector library exports one symbol, `headwater_connector_v1`, that returns a table of
//! functions. Every struct that crosses starts with `struct_size`; fields are only ever appended.
//!
//! Ownership has four phrases: *Borrowed for the call.* *Copied.* *Owned by the caller; free with
//! `..`.* *Borrowed from `x` until the next call on it, or until it is freed.*
#![allow(non_camel_case_types)]

use core::ffi::c_void;

#[cfg(feature = "layout-check")]
use abi_stable::StableAbi;

#[cfg(feature = "layout-check")]
pub mod root;

/// Major version of the connector ABI; it is also in the name of the exported symbol.
pub const HEADWATER_CONNECTOR_ABI_MAJOR: u32 = 1;
/// Minor version of the connector ABI described by this header.
pub const HEADWATER_CONNECTOR_ABI_MINOR: u32 = 0;
/// The largest checkpoint that a batch may carry, in bytes.
pub const HEADWATER_MAX_CHECKPOINT_BYTES: usize = 65536;

/// The call succeeded.
pub const HEADWATER_OK: i32 = 0;
/// The stream has no more batches.
pub const HEADWATER_DONE: i32 = -1;

/// A required value of the source is missing.
pub const HEADWATER_E_FIELD_REQUIRED_MISSING: i32 = 5;
/// A value does not fit its field.
pub const HEADWATER_E_FIELD_VALUE_INVALID: i32 = 6;
/// The configuration is invalid; name the key in `field`.
pub const HEADWATER_E_CONFIG_INVALID: i32 = 202;
/// The source system asked us to slow down; say how long in `retry_after_ms`.
pub const HEADWATER_E_RATE_LIMITED: i32 = 205;
/// The connector broke the contract.
pub const HEADWATER_E_CONNECTOR_MISBEHAVED: i32 = 303;
/// The connector panicked, threw, or ran into its own bug.
pub const HEADWATER_E_CONNECTOR_PANICKED: i32 = 304;
/// The source refused the credentials.
pub const HEADWATER_E_SOURCE_UNAUTHORIZED: i32 = 305;
/// The source cannot be reached or read.
pub const HEADWATER_E_SOURCE_UNAVAILABLE: i32 = 306;
/// The source's data cannot be read from here on; name the place in `record`.
pub const HEADWATER_E_SOURCE_DATA_INVALID: i32 = 307;
/// The source no longer fits the checkpoint.
pub const HEADWATER_E_CHECKPOINT_INVALID: i32 = 308;
/// The source did not answer in time.
pub const HEADWATER_E_TIMEOUT: i32 = 402;
/// The host asked for a stop and the connector obeyed.
pub const HEADWATER_E_CANCELLED: i32 = 501;
/// Anything else.
pub const HEADWATER_E_INTERNAL_ERROR: i32 = 502;

/// The same call will fail again.
pub const HEADWATER_RETRY_NEVER: i32 = 0;
/// The same call may succeed later.
pub const HEADWATER_RETRY_BACKOFF: i32 = 1;
/// The same call may succeed after `retry_after_ms`.
pub const HEADWATER_RETRY_AFTER: i32 = 2;

/// Log level: something failed.
pub const HEADWATER_LOG_ERROR: i32 = 1;
/// Log level: something looks wrong, and the work goes on.
pub const HEADWATER_LOG_WARN: i32 = 2;
/// Log level: something a user may want to know.
pub const HEADWATER_LOG_INFO: i32 = 3;
/// Log level: for the people who write the connector.
pub const HEADWATER_LOG_DEBUG: i32 = 4;

/// The batch's rows are in `data`: one JSON object per line, UTF-8.
pub const HEADWATER_PAYLOAD_JSON_LINES: i32 = 1;
/// The batch's rows are in `arrow_array` and `arrow_schema` (Arrow C Data Interface): a struct array
/// (format `+s`) without null rows, whose children are the columns, each with a name of its own.
/// Every Arrow batch of one `read` has the same columns with the same types; another one is
/// refused as `HEADWATER_E_CONNECTOR_MISBEHAVED`, and the batches before it stay. If the source's
/// own schema changes, end the read with `HEADWATER_E_SOURCE_DATA_INVALID`: the next read may
/// begin with the new one.
pub const HEADWATER_PAYLOAD_ARROW: i32 = 2;

/// A null in an Arrow batch means the value is null: clear the attribute. Inside of a list or a
/// struct it is null too.
pub const HEADWATER_NULL_IS_NULL: i32 = 1;
/// A null in an Arrow batch means the value is absent: leave the attribute alone. Inside of a
/// struct the field is left out, inside of a list the element.
pub const HEADWATER_NULL_IS_ABSENT: i32 = 2;

/// Stream flag: `fields` names every field that a row can have.
pub const HEADWATER_STREAM_FIELDS_COMPLETE: u64 = 1;
/// Stream flag: a finished read is continued by the next run instead of starting over.
pub const HEADWATER_STREAM_INCREMENTAL: u64 = 2;

/// Field flag: the source says that the field identifies a row.
pub const HEADWATER_FIELD_KEY: u64 = 1;

/// A piece of text or bytes: `len` bytes at `ptr`, not NUL-terminated. Text is UTF-8.
#[repr(C)]
#[derive(Clone, Copy)]
#[cfg_attr(feature = "layout-check", derive(StableAbi))]
pub struct headwater_str {
    /// First byte; may be NULL when `len` is 0.
    pub ptr: *const u8,
    /// Length in bytes.
    pub len: usize,
}

/// One failure, given to `headwater_call.fail` while the call runs. Copied.
#[repr(C)]
#[cfg_attr(feature = "layout-check", derive(StableAbi))]
pub struct headwater_failure {
    /// `sizeof(headwater_failure)` as the connector knows it.
    pub struct_size: usize,
    /// One of `HEADWATER_E_*`.
    pub code: i32,
    /// One of `HEADWATER_RETRY_*`.
    pub retry: i32,
    /// Milliseconds to wait, for `HEADWATER_RETRY_AFTER`.
    pub retry_after_ms: u64,
    /// What was found and what was expected, for a person.
    pub message: headwater_str,
    /// The field or configuration key at fault, or empty.
    pub field: headwater_str,
    /// The record at fault (its key or place), or empty.
    pub record: headwater_str,
    /// What to do about it, or empty.
    pub hint: headwater_str,
}

/// What the host lends to the connector for the length of one call.
///
/// Every function here may be called from the thread of the call only.
#[repr(C)]
#[cfg_attr(feature = "layout-check", derive(StableAbi))]
pub struct headwater_call {
    /// `sizeof(headwater_call)` as the host knows it.
    pub struct_size: usize,
    /// Passed back to every function below.
    pub context: *mut c_void,
    /// Says why the call is about to return an error; the failure is copied.
    pub fail: Option<unsafe extern "C" fn(context: *mut c_void, failure: *const headwater_failure)>,
    /// Returns 1 once the host wants the call to stop. Poll it at least every 100 ms of work:
    /// it is also the sign that the connector is alive.
    pub cancelled: Option<unsafe extern "C" fn(context: *mut c_void) -> i32>,
    /// Passes one line to the host's log; `level` is one of `HEADWATER_LOG_*`. The text is copied.
    pub log: Option<unsafe extern "C" fn(context: *mut c_void, level: i32, message: headwater_str)>,
}

/// What a connector says of itself. The texts are borrowed from the library for ever.
#[repr(C)]
#[cfg_attr(feature = "layout-check", derive(StableAbi))]
pub struct headwater_description {
    /// `sizeof(headwater_description)`, set by the host; write no field that lies beyond it.
    pub struct_size: usize,
    /// Short name, for example `csv`: lower-case letters, digits and `_`.
    pub name: headwater_str,
    /// Semantic version of the connector.
    pub version: headwater_str,
    /// JSON Schema of the configuration; properties with `"format": "path"` are file paths. With
    /// another value of one with `"format": "password"` the source is the same, and a read goes on.
    pub config_schema: headwater_str,
    /// Reserved for capability flags; 0.
    pub capabilities: u64,
}

/// A field that the rows of a stream may have.
#[repr(C)]
#[cfg_attr(feature = "layout-check", derive(StableAbi))]
pub struct headwater_field {
    /// `sizeof(headwater_field)` as the connector knows it; array elements are this far apart.
    pub struct_size: usize,
    /// The name, as it stands in a row.
    pub name: headwater_str,
    /// `string`, `number`, `boolean`, `array`, `object`, or empty if not known.
    pub value_type: headwater_str,
    /// `HEADWATER_FIELD_*`.
    pub flags: u64,
}

/// A stream that a source offers.
#[repr(C)]
#[cfg_attr(feature = "layout-check", derive(StableAbi))]
pub struct headwater_stream_info {
    /// `sizeof(headwater_stream_info)` as the connector knows it; array elements are this far apart.
    pub struct_size: usize,
    /// The name of the stream.
    pub name: headwater_str,
    /// `HEADWATER_STREAM_*`.
    pub flags: u64,
    /// The first of `field_count` fields; NULL when there are none.
    pub fields: *const headwater_field,
    /// How many fields.
    pub field_count: usize,
    /// What a row's position counts, for example `line`; empty means rows.
    pub position_unit: headwater_str,
}

/// The streams of a source. Borrowed from the source until the next call on it, or until it is freed.
#[repr(C)]
#[cfg_attr(feature = "layout-check", derive(StableAbi))]
pub struct headwater_discovery {
    /// `sizeof(headwater_discovery)`, set by the host; write no field that lies beyond it.
    pub struct_size: usize,
    /// The first of `stream_count` streams; NULL when there are none.
    pub streams: *const headwater_stream_info,
    /// How many streams.
    pub stream_count: usize,
}

/// What the host wants to read. Borrowed for the call.
#[repr(C)]
#[cfg_attr(feature = "layout-check", derive(StableAbi))]
pub struct headwater_request {
    /// `sizeof(headwater_request)` as the host knows it.
    pub struct_size: usize,
    /// The name of the stream.
    pub stream: headwater_str,
    /// Bytes of a checkpoint that this stream gave earlier; empty starts at the beginning.
    pub checkpoint: headwater_str,
    /// The part of the stream to read; empty for all of it.
    pub partition: headwater_str,
    /// How many rows a batch should have: a wish.
    pub batch_rows: u64,
    /// The payload kinds that the host accepts: bit N stands for payload kind N. Every host accepts
    /// `HEADWATER_PAYLOAD_JSON_LINES`; give `HEADWATER_PAYLOAD_ARROW` only where its bit is set.
    pub payload_kinds: u64,
}

/// A row of the source that could not be read; it is counted and kept as a rejected row.
#[repr(C)]
#[cfg_attr(feature = "layout-check", derive(StableAbi))]
pub struct headwater_bad_row {
    /// `sizeof(headwater_bad_row)` as the connector knows it; array elements are this far apart.
    pub struct_size: usize,
    /// One of `HEADWATER_E_*`, usually `HEADWATER_E_SOURCE_DATA_INVALID`.
    pub code: i32,
    /// The row's place in the source, less than 2^63.
    pub position: u64,
    /// What was found and what was expected.
    pub message: headwater_str,
    /// The field at fault, or empty.
    pub field: headwater_str,
    /// What to do about it, or empty.
    pub hint: headwater_str,
    /// The row's text as far as it is known. Need not be UTF-8.
    pub raw: headwater_str,
}

/// Rows in source order and the checkpoint that covers exactly them and all before.
///
/// Borrowed from the stream until the next call on it, or until it is freed.
#[repr(C)]
#[cfg_attr(feature = "layout-check", derive(StableAbi))]
pub struct headwater_batch {
    /// `sizeof(headwater_batch)`, set by the host; write no field that lies beyond it.
    pub struct_size: usize,
    /// One of `HEADWATER_PAYLOAD_*`, and one that the request accepts.
    pub payload_kind: i32,
    /// What a null in an Arrow batch means: one of `HEADWATER_NULL_IS_*`.
    pub null_means: i32,
    /// JSON Lines: the rows, each ended by `\n`.
    pub data: headwater_str,
    /// Arrow: a `struct ArrowArray`. The host moves it out when the call returns (here, `release`
    /// becomes NULL) and calls its release function once, whatever becomes of the batch: later, on
    /// any thread, perhaps after the stream and the source are freed. So what the array needs
    /// belongs to the array.
    pub arrow_array: *mut c_void,
    /// Arrow: a `struct ArrowSchema`, moved out and released in the same way. Of its flags only
    /// `ARROW_FLAG_MAP_KEYS_SORTED` is looked at, its metadata is not.
    pub arrow_schema: *mut c_void,
    /// How many rows the payload holds, which is the length of the array in Arrow. The host counts
    /// them again.
    pub record_count: u64,
    /// `record_count` places in the source, one for each row and less than 2^63; NULL when the
    /// connector does not say.
    pub positions: *const u64,
    /// The first of `bad_row_count` rows that could not be read; NULL when there are none.
    pub bad_rows: *const headwater_bad_row,
    /// How many bad rows.
    pub bad_row_count: usize,
    /// Opaque position after the last row, at most `HEADWATER_MAX_CHECKPOINT_BYTES` bytes. Not
    /// empty once there was a row or a bad row: that is the beginning.
    pub checkpoint: headwater_str,
    /// Where a stream has several parts in which positions are counted anew, for example files: the
    /// name of the one that all rows of this batch come from. Rejects name it. Empty where there is
    /// one part only.
    pub part: headwater_str,
}

/// A connector: a table of functions, valid for the life of the process.
///
/// Every function may be called from any thread, but a source and its streams are used by one
/// thread at a time. A function returns `HEADWATER_OK`, or one of `HEADWATER_E_*` after it has
/// called `call->fail`. Panics and exceptions never leave a function. Nothing is written to
/// stdout or stderr.
#[repr(C)]
#[cfg_attr(feature = "layout-check", derive(StableAbi))]
pub struct headwater_connector {
    /// `sizeof(headwater_connector)` as the connector knows it.
    pub struct_size: usize,
    /// `HEADWATER_CONNECTOR_ABI_MAJOR` as the connector knows it.
    pub abi_major: u32,
    /// `HEADWATER_CONNECTOR_ABI_MINOR` as the connector knows it.
    pub abi_minor: u32,
    /// Says what the connector is.
    pub describe: Option<
        unsafe extern "C" fn(
            call: *const headwater_call,
            out_description: *mut headwater_description,
        ) -> i32,
    >,
    /// Opens a source from a configuration (JSON text). Does not touch the network.
    /// `*out_source` is owned by the host; it frees it with `close`.
    pub open: Option<
        unsafe extern "C" fn(
            call: *const headwater_call,
            config: headwater_str,
            out_source: *mut *mut c_void,
        ) -> i32,
    >,
    /// Reaches the source and says which streams it offers.
    pub check: Option<
        unsafe extern "C" fn(
            call: *const headwater_call,
            source: *mut c_void,
            out_discovery: *mut headwater_discovery,
        ) -> i32,
    >,
    /// Starts to read a stream at a checkpoint.
    /// `*out_stream` is owned by the host; it frees it with `close_stream`, before the source.
    pub read: Option<
        unsafe extern "C" fn(
            call: *const headwater_call,
            source: *mut c_void,
            request: *const headwater_request,
            out_stream: *mut *mut c_void,
        ) -> i32,
    >,
    /// Gives the next batch: `HEADWATER_OK`, `HEADWATER_DONE` at the end, or an error.
    pub next: Option<
        unsafe extern "C" fn(
            call: *const headwater_call,
            stream: *mut c_void,
            out_batch: *mut headwater_batch,
        ) -> i32,
    >,
    /// Frees a stream. Accepts NULL; cannot fail.
    pub close_stream: Option<unsafe extern "C" fn(stream: *mut c_void)>,
    /// Frees a source. Accepts NULL; cannot fail.
    pub close: Option<unsafe extern "C" fn(source: *mut c_void)>,
}

/// The type of the one symbol that a connector library exports, `headwater_connector_v1`.
pub type headwater_connector_v1_fn = unsafe extern "C" fn() -> *const headwater_connector;
