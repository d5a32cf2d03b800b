//! How a store keeps the change log: what each change replaced, never what it made.
//!
//! A change's outcome is told by the next change of the same attribute or by the record itself, so
//! that a history is read backwards from the record. New records are logged as ranges of handles,
//! one for each batch and actor.

use crate::error::Result;
use crate::operation::{Actor, ChangeKind};
use crate::schema::RecordType;
use crate::value::{Timestamp, Value};

use super::RowKey;

/// What a batch adds to the log of one record type.
#[derive(Debug, Default)]
pub struct NewLog {
    /// The actors of the batch; the others name them by their place here.
    pub actors: Vec<Actor>,
    /// Who made which new records.
    pub created: Vec<CreatedRange>,
    /// The changes of records, by row and time.
    pub changes: Vec<NewChange>,
}

/// New records of one actor: a range of handles in which no record is another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CreatedRange {
    /// The first record.
    pub first: RowKey,
    /// The last record.
    pub last: RowKey,
    /// The actor's place.
    pub actor: usize,
}

/// A change to be logged.
#[derive(Debug)]
pub struct NewChange {
    /// The record.
    pub row: RowKey,
    /// When: the record's `updated_at` after it.
    pub at: Timestamp,
    /// The operation.
    pub kind: ChangeKind,
    /// The actor's place.
    pub actor: usize,
    /// What the attributes that changed held before.
    pub before: Vec<(usize, Option<Value>)>,
}

/// A change as it is logged.
#[derive(Debug, Clone, PartialEq)]
pub struct LoggedChange {
    /// When.
    pub at: Timestamp,
    /// The operation.
    pub kind: ChangeKind,
    /// The actor's name.
    pub actor: String,
    /// What the attributes that changed held before.
    pub before: Vec<(usize, Option<Value>)>,
}

/// A time in which changes of a record type were not logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unlogged {
    /// The last change before it.
    pub since: Timestamp,
    /// The last change in it; `None` while it lasts.
    pub until: Option<Timestamp>,
}

/// Reads the change log.
pub trait HistoryReader {
    /// At most `limit` changes of a record, the latest first: those before `before`.
    ///
    /// # Errors
    /// `store_io`, `store_corrupt`.
    fn changes(
        &mut self,
        record_type: &RecordType,
        row: RowKey,
        before: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<LoggedChange>>;

    /// The name of who made a record; `None` where that was not logged.
    ///
    /// # Errors
    /// `store_io`.
    fn creator(&mut self, record_type: &RecordType, row: RowKey) -> Result<Option<String>>;

    /// When changes of a record type were not logged.
    ///
    /// # Errors
    /// `store_io`.
    fn unlogged(&mut self, record_type: &RecordType) -> Result<Vec<Unlogged>>;
}

/// Writes the change log.
pub trait HistoryWriter {
    /// Changes whether changes are logged; what is logged already stays.
    ///
    /// # Errors
    /// `store_io`, `store_full`.
    fn set_keeps_history(&mut self, keeps: bool) -> Result<()>;

    /// Adds to the log.
    ///
    /// # Errors
    /// `store_io`, `store_full`.
    fn log(&mut self, record_type: &RecordType, log: &NewLog) -> Result<()>;
}
