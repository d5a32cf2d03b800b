//! The journal of a workspace: runs, rejected rows and checkpoints, committed with the records.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::error::{ErrorCode, Result};
use crate::operation::Action;
use crate::source::Checkpoint;
use crate::value::Timestamp;

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    /// It is under way, or its process ended without a word.
    Running,
    /// It read its sources to the end.
    Done,
    /// It was asked to stop.
    Stopped,
    /// It could not go on.
    Failed,
}

impl RunState {
    /// The name in reports and in the journal.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        }
    }

    /// The state with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Running, Self::Done, Self::Stopped, Self::Failed]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// One run of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its id.
    pub id: Uuid,
    /// SHA-256 of the job, secrets left out, as hexadecimal digits.
    pub job_hash: String,
    /// The connector's name.
    pub connector: String,
    /// The connector's version.
    pub connector_version: String,
    /// How it stands.
    pub state: RunState,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Why it failed: code and message.
    pub error: Option<String>,
    /// Its streams.
    pub streams: Vec<StreamRun>,
}

/// What a run did with one stream, as far as it is committed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StreamRun {
    /// The stream's name at the source.
    pub source: String,
    /// The record type its rows become.
    pub record_type: String,
    /// What became of the rows.
    pub counts: Counts,
    /// Columns of the source that no attribute used.
    pub unused_columns: Vec<String>,
    /// Time spent, in microseconds.
    pub elapsed_micros: i64,
}

impl StreamRun {
    /// The time spent.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "seconds need no more digits")]
    pub fn seconds(&self) -> f64 {
        self.elapsed_micros as f64 / 1e6
    }
}

/// What became of the rows of a stream. `read` is the sum of all but `rejects`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// Rows that the source gave.
    pub read: u64,
    /// Rows that made a record.
    pub created: u64,
    /// Rows that changed a record.
    pub updated: u64,
    /// Rows whose record was that way already.
    pub unchanged: u64,
    /// Rows that archived a record.
    pub archived: u64,
    /// Rows that were refused.
    pub rejected: u64,
    /// Refused rows by code.
    pub rejects: BTreeMap<&'static str, u64>,
}

impl Counts {
    /// Counts a row that ended so.
    pub fn add(&mut self, action: Action) {
        self.read += 1;
        *match action {
            Action::Created => &mut self.created,
            Action::Updated | Action::Restored => &mut self.updated,
            Action::Unchanged => &mut self.unchanged,
            Action::Archived | Action::Removed => &mut self.archived,
        } += 1;
    }

    /// Counts a row that was refused.
    pub fn refuse(&mut self, code: ErrorCode) {
        self.read += 1;
        self.rejected += 1;
        *self.rejects.entry(code.name()).or_default() += 1;
    }
}

/// A row that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// The stream's name at the source.
    pub source: String,
    /// The row's place in the source.
    pub position: u64,
    /// What the position counts, for example `line`.
    pub position_unit: String,
    /// Why.
    pub code: ErrorCode,
    /// The attribute at fault.
    pub field: Option<String>,
    /// What was found and what was expected.
    pub message: String,
    /// What to do about it.
    pub hint: String,
    /// The row as it was read, cut to the size cap.
    pub row: String,
    /// Whether `row` was cut.
    pub is_cut: bool,
}

/// A reject as it is listed, with the run it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedReject {
    /// The run.
    pub run: Uuid,
    /// The row.
    pub reject: Reject,
}

/// Which rejects to list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RejectFilter {
    /// Of this run only.
    pub run: Option<Uuid>,
    /// With this code only.
    pub code: Option<ErrorCode>,
}

/// Which stream of which job a checkpoint belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StreamKey {
    /// The hash of everything that gives the stream's rows their meaning.
    pub job_stream_hash: String,
    /// The partition; empty for the whole stream.
    pub partition: String,
}

/// How far a stream has been committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamState {
    /// The run that works on it, or was the last to.
    pub run: Uuid,
    /// Where to resume.
    pub checkpoint: Checkpoint,
    /// Rows committed since the beginning of the stream, over all runs that resumed it.
    pub rows: u64,
    /// Whether the stream was read to its end.
    pub is_finished: bool,
    /// What the limit on refused rows is judged by.
    pub judged: Judged,
}

/// Rows since the beginning of a read, over all runs that resumed it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Judged {
    /// Rows that were read.
    pub read: u64,
    /// Those of them that were refused.
    pub rejected: u64,
}

/// Reads the journal.
pub trait JournalReader {
    /// The latest runs, newest first.
    ///
    /// # Errors
    /// `store_io`, `store_corrupt`.
    fn runs(&mut self, limit: usize) -> Result<Vec<Run>>;

    /// How a run stands; `None` if there is no such run.
    ///
    /// # Errors
    /// `store_io`, `store_corrupt`.
    fn run_state(&mut self, run: Uuid) -> Result<Option<RunState>>;

    /// Gives rejects to `each`, in the order of runs and positions.
    ///
    /// # Errors
    /// `store_io`, `store_corrupt`, and whatever `each` returns.
    fn rejects(
        &mut self,
        filter: &RejectFilter,
        each: &mut dyn FnMut(ListedReject) -> Result<()>,
    ) -> Result<()>;

    /// How far a stream has been committed.
    ///
    /// # Errors
    /// `store_io`, `store_corrupt`.
    fn stream_state(&mut self, key: &StreamKey) -> Result<Option<StreamState>>;
}

/// Writes the journal.
pub trait JournalWriter {
    /// Writes a run and its streams, or writes them again.
    ///
    /// # Errors
    /// `store_io`, `store_full`.
    fn save_run(&mut self, run: &Run) -> Result<()>;

    /// Notes every other run of the same job that is noted as running as failed: it was killed, or
    /// is overtaken by `run` and will note its own end over this one.
    ///
    /// # Errors
    /// `store_io`, `store_full`.
    fn end_other_runs(&mut self, run: &Run, at: Timestamp) -> Result<()>;

    /// Adds rejected rows of a run.
    ///
    /// # Errors
    /// `store_io`, `store_full`.
    fn add_rejects(&mut self, run: Uuid, rejects: &[Reject]) -> Result<()>;

    /// Writes how far a stream has been committed.
    ///
    /// # Errors
    /// `store_io`, `store_full`.
    fn save_stream_state(&mut self, key: &StreamKey, state: &StreamState) -> Result<()>;
}

/// The journal of a transaction that may write.
pub trait Journal: JournalReader + JournalWriter {}

impl<T: JournalReader + JournalWriter + ?Sized> Journal for T {}
