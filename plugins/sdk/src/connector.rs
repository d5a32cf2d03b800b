//! The safe side of the connector ABI: what a connector written in Rust implements.

use headwater_abi as abi;

/// How serious a log line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum LogLevel {
    /// Something failed.
    Error = 1,
    /// Something looks wrong, and the work goes on.
    Warn = 2,
    /// Something a user may want to know.
    Info = 3,
    /// For the people who write the connector.
    Debug = 4,
}

/// Whether the same call may succeed later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Retry {
    /// It will fail again.
    #[default]
    Never,
    /// It may succeed later.
    Backoff,
    /// It may succeed after this many milliseconds.
    AfterMillis(u64),
}

/// Why a connector call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// One of `headwater_abi::HEADWATER_E_*`.
    pub code: i32,
    /// What was found and what was expected.
    pub message: String,
    /// The field or configuration key at fault, or empty.
    pub field: String,
    /// The record at fault, or empty.
    pub record: String,
    /// What to do about it, or empty.
    pub hint: String,
    /// Whether to try again.
    pub retry: Retry,
}

impl Failure {
    /// Makes a failure with one of `headwater_abi::HEADWATER_E_*`.
    pub fn new(code: i32, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            field: String::new(),
            record: String::new(),
            hint: String::new(),
            retry: Retry::Never,
        }
    }

    /// The configuration is wrong at `key`.
    pub fn config(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(abi::HEADWATER_E_CONFIG_INVALID, message).at_field(key)
    }

    /// The source cannot be reached or read; the same call may succeed later.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self { retry: Retry::Backoff, ..Self::new(abi::HEADWATER_E_SOURCE_UNAVAILABLE, message) }
    }

    /// The source's data cannot be read from here on.
    pub fn data(message: impl Into<String>) -> Self {
        Self::new(abi::HEADWATER_E_SOURCE_DATA_INVALID, message)
    }

    /// The host asked for a stop.
    #[must_use]
    pub fn cancelled() -> Self {
        Self::new(abi::HEADWATER_E_CANCELLED, "the read was cancelled")
    }

    /// Names the field or configuration key at fault.
    #[must_use]
    pub fn at_field(mut self, field: impl Into<String>) -> Self {
        self.field = field.into();
        self
    }

    /// Names the record at fault: its key, or its place in the source.
    #[must_use]
    pub fn on_record(mut self, record: impl Into<String>) -> Self {
        self.record = record.into();
        self
    }

    /// Says what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }
}

/// A field that the rows of a stream may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The name, as it stands in a row.
    pub name: String,
    /// `string`, `number`, `boolean`, `array`, `object`, or empty if not known.
    pub value_type: String,
    /// Whether the source says that it identifies a row.
    pub is_key: bool,
}

/// A stream that a source offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamInfo {
    /// The name of the stream.
    pub name: String,
    /// The fields, as far as they can be known without reading everything.
    pub fields: Vec<Field>,
    /// Whether `fields` names every field that a row can have.
    pub fields_are_complete: bool,
    /// Whether a finished read is continued by the next run instead of starting over.
    pub is_incremental: bool,
    /// What a row's position counts, for example `line`.
    pub position_unit: String,
}

/// What the host wants to read.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The name of the stream.
    pub stream: &'a str,
    /// A checkpoint that this stream gave earlier; empty starts at the beginning.
    pub checkpoint: &'a [u8],
    /// The part of the stream to read; empty for all of it.
    pub partition: &'a str,
    /// How many rows a batch should have: a wish.
    pub batch_rows: usize,
    /// Whether the host takes Arrow beside JSON Lines.
    pub accepts_arrow: bool,
}

/// A row of the source that could not be read; it is counted and kept as a rejected row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRow {
    /// What is wrong with it; code, message, field and hint are used.
    pub failure: Failure,
    /// Its place in the source.
    pub position: u64,
    /// Its bytes as far as they are known.
    pub raw: Vec<u8>,
}

/// A batch of rows, filled by [`Stream::next`] and reused from call to call.
#[derive(Debug, Default)]
pub struct Batch {
    /// One JSON object per line, each ended by `\n`.
    pub json_lines: String,
    /// Rows as Arrow columns, instead of lines; only if [`Request::accepts_arrow`] says so.
    #[cfg(feature = "arrow")]
    pub arrow: Option<crate::ArrowRows>,
    /// Each row's place in the source: one entry for each row.
    pub positions: Vec<u64>,
    /// Rows that could not be read.
    pub bad_rows: Vec<BadRow>,
    /// Where to resume after this batch, at most 64 KiB; not empty once there was a row.
    pub checkpoint: Vec<u8>,
    /// The file, or other part of the stream, that all its rows come from; empty where there is
    /// one only.
    pub part: String,
}

impl Batch {
    /// Empties the batch and keeps its memory.
    pub fn clear(&mut self) {
        self.json_lines.clear();
        #[cfg(feature = "arrow")]
        {
            self.arrow = None;
        }
        self.positions.clear();
        self.bad_rows.clear();
        self.checkpoint.clear();
        self.part.clear();
    }

    /// How many rows it accounts for, good and bad.
    #[must_use]
    pub fn len(&self) -> usize {
        self.positions.len() + self.bad_rows.len()
    }

    /// Whether it accounts for no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What the host lends for the length of a call.
pub trait Call {
    /// Whether the host wants the call to stop. Poll it at least every 100 ms of work.
    fn is_cancelled(&self) -> bool;
    /// Passes one line to the host's log.
    fn log(&self, level: LogLevel, message: &str);
}

/// One configured source system.
pub trait Connector: Sized + Send + 'static {
    /// Short name: lower-case letters, digits and `_`.
    const NAME: &'static str;
    /// Semantic version.
    const VERSION: &'static str;
    /// JSON Schema of the configuration; properties with `"format": "path"` are file paths. With
    /// another value of one with `"format": "password"` the source is the same, and a read goes on.
    const CONFIG_SCHEMA: &'static str;
    /// One read of one stream.
    type Stream: Stream;

    /// Parses the configuration (JSON text). Does not touch the network.
    ///
    /// # Errors
    /// [`Failure::config`], naming the key at fault.
    fn open(config: &str) -> Result<Self, Failure>;

    /// Reaches the source and says what it offers.
    ///
    /// # Errors
    /// What keeps the source from being read.
    fn check(&mut self, call: &dyn Call) -> Result<Vec<StreamInfo>, Failure>;

    /// Starts to read a stream at the request's checkpoint.
    ///
    /// # Errors
    /// `HEADWATER_E_CHECKPOINT_INVALID` if the source no longer fits the checkpoint.
    fn read(&mut self, call: &dyn Call, request: &Request<'_>) -> Result<Self::Stream, Failure>;
}

/// One read of one stream.
pub trait Stream: Send + 'static {
    /// Fills `batch`, which comes empty; returns `false` at the end of the stream.
    ///
    /// # Errors
    /// After an error the stream is not used again.
    fn next(&mut self, call: &dyn Call, batch: &mut Batch) -> Result<bool, Failure>;
}
