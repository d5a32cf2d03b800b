//! What a sync pulls from: connectors, their streams, batches of rows and checkpoints.

mod arrow;
mod rows;

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value as Json;

use crate::error::{Error, ErrorCode, Result};

pub use arrow::{ArrowRows, Column, NullMeans};
pub use rows::{ArrowStream, LineStream};

/// Rows that a source is asked to give at a time: more is slower, for want of cache.
pub(crate) const BATCH_ROWS: usize = 2000;

/// The largest checkpoint a stream may give, in bytes.
pub const MAX_CHECKPOINT_BYTES: usize = 64 * 1024;

/// How serious a log line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Something failed.
    Error,
    /// Something looks wrong, and the work goes on.
    Warn,
    /// Something a user may want to know.
    Info,
    /// For the people who write the connector.
    Debug,
}

/// Receives what a connector logs.
pub type LogSink = dyn Fn(LogLevel, &str) + Send + Sync;

/// What the caller holds over work that is under way: the wish to stop, and where log lines go.
pub struct Control {
    cancelled: AtomicBool,
    log: Box<LogSink>,
}

impl Control {
    /// Makes a control that gives log lines to `log`.
    pub fn new(log: impl Fn(LogLevel, &str) + Send + Sync + 'static) -> Self {
        Self { cancelled: AtomicBool::new(false), log: Box::new(log) }
    }

    /// Asks the work to stop at the next possible point. Safe from any thread.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
    }

    /// Whether the work should stop.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }

    /// Passes a line to the log.
    pub fn log(&self, level: LogLevel, message: &str) {
        (self.log)(level, message);
    }
}

impl std::fmt::Debug for Control {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = formatter.debug_struct("Control");
        shown.field("is_cancelled", &self.is_cancelled()).finish_non_exhaustive()
    }
}

impl Default for Control {
    fn default() -> Self {
        Self::new(|_, _| {})
    }
}

/// What a connector says of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectorDescription {
    /// Short name, for example `csv`.
    pub name: String,
    /// Semantic version of the connector.
    pub version: String,
    /// JSON Schema of the configuration; properties with `"format": "path"` are file paths. With
    /// another value of one with `"format": "password"` the source is the same, and a read goes on.
    pub config_schema: Json,
}

/// A field that a stream's rows may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamField {
    /// The name, as it stands in a row.
    pub name: String,
    /// `string`, `number`, `boolean`, `array`, `object`, or empty if not known.
    pub value_type: String,
    /// Whether the source says that it identifies a row.
    pub is_key: bool,
}

/// A stream that a source offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamDescription {
    /// The name, used in `[[streams]] source`.
    pub name: String,
    /// The fields, as far as they can be known without reading everything.
    pub fields: Vec<StreamField>,
    /// Whether `fields` names every field a row can have.
    pub fields_are_complete: bool,
    /// Whether a finished read is continued by the next run instead of starting over.
    pub is_incremental: bool,
    /// What a row's position counts, for example `line` or `element`.
    pub position_unit: String,
}

/// An opaque position in a stream; covers every row up to and including its batch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checkpoint(Vec<u8>);

impl Checkpoint {
    /// Wraps what a connector gave.
    ///
    /// # Errors
    /// `connector_misbehaved` if it is longer than [`MAX_CHECKPOINT_BYTES`].
    pub fn new(bytes: Vec<u8>) -> Result<Self> {
        if bytes.len() > MAX_CHECKPOINT_BYTES {
            return Err(Error::new(
                ErrorCode::ConnectorMisbehaved,
                format!(
                    "the connector gave a checkpoint of {} bytes, at most {MAX_CHECKPOINT_BYTES} are allowed",
                    bytes.len()
                ),
            ));
        }
        Ok(Self(bytes))
    }

    /// The bytes; empty at the start of a stream.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A row that the source holds but the connector could not read.
#[derive(Debug)]
pub struct BadRow {
    /// What is wrong with it.
    pub error: Error,
    /// Its place in the source, in the stream's position unit.
    pub position: u64,
    /// Its text as far as it is known.
    pub raw: String,
}

/// The rows of a batch.
#[derive(Debug)]
pub enum Payload {
    /// One JSON object per line; an absent key is an absent value.
    JsonLines(String),
    /// Columns.
    Arrow(ArrowRows),
}

/// Rows in source order, and the checkpoint that covers exactly them and all before.
#[derive(Debug)]
pub struct Batch {
    /// The rows.
    pub payload: Payload,
    /// How many rows the payload holds; the reader has verified it.
    pub row_count: usize,
    /// Each row's place in the source; empty where the connector does not say.
    pub positions: Vec<u64>,
    /// Rows that could not be read.
    pub bad_rows: Vec<BadRow>,
    /// Where to resume after this batch.
    pub checkpoint: Checkpoint,
    /// The file, or other part of the stream, that all its rows come from; empty where there is
    /// one only.
    pub part: String,
}

/// What to read.
#[derive(Debug, Clone, Default)]
pub struct ReadRequest {
    /// The stream's name.
    pub stream: String,
    /// Where to start; empty for the beginning.
    pub checkpoint: Checkpoint,
    /// Which part of the stream; empty for all of it.
    pub partition: String,
    /// How many rows a batch should have, a wish.
    pub batch_rows: usize,
}

/// A kind of source system. Implementations say nothing on stdout or stderr.
pub trait Connector: Send + Sync {
    /// What the connector is.
    fn description(&self) -> &ConnectorDescription;

    /// Opens a source with a configuration that fits [`ConnectorDescription::config_schema`].
    ///
    /// Does not touch the network.
    ///
    /// # Errors
    /// `config_invalid`, naming the key at fault.
    fn open(&self, config: &Json) -> Result<Box<dyn Source>>;
}

/// One configured source.
pub trait Source: Send {
    /// Reaches the source and says what it offers.
    ///
    /// # Errors
    /// `source_unavailable`, `source_unauthorized`, `source_data_invalid`, or what the connector reports.
    fn check(&mut self, control: &Control) -> Result<Vec<StreamDescription>>;

    /// Starts to read a stream.
    ///
    /// # Errors
    /// `checkpoint_invalid` if the source no longer fits the checkpoint; else as [`Source::check`].
    fn read(&mut self, control: &Control, request: &ReadRequest) -> Result<Box<dyn Stream + '_>>;
}

/// One read of one stream.
pub trait Stream: Send {
    /// The next batch, or `None` at the end.
    ///
    /// After an error the stream is dead: every later call fails.
    ///
    /// # Errors
    /// `cancelled` once [`Control::cancel`] was called; `connector_misbehaved`,
    /// `connector_panicked`, `timeout`, or what the connector reports.
    fn next(&mut self, control: &Control) -> Result<Option<Batch>>;
}
