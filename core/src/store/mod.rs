//! The door to storage: what an engine must do so that the local workspace can live on it.
//!
//! A store works on whole batches and decides nothing: which record matches, what changes and
//! what is refused is settled in `local` before anything is written. `contract` holds one
//! test function for each rule below and runs on every store.

pub mod api_keys;
#[cfg(test)]
mod contract;
mod generation;
pub mod history;
pub mod journal;
mod sqlite;

pub use generation::{FixedClock, Generation, Generator, Ids, Times};
pub use sqlite::SqliteStore;
pub(crate) use sqlite::{Entry, Ledger, LedgerTransaction, OpenCreate};

use std::path::Path;
use std::sync::Arc;

use uuid::Uuid;

use crate::error::Result;
use crate::operation::{Digest, Page, Query};
use crate::schema::{RecordType, RelationshipEnd, Schema};
use crate::value::{Timestamp, Value};

use api_keys::{KeyReader, KeyWriter};
use history::{HistoryReader, HistoryWriter};
use journal::{Journal, JournalReader};

/// A store's own handle of a record, valid in one workspace for ever.
pub type RowKey = i64;

/// Which attributes of a record type to load: one flag for each attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection(Vec<bool>);

impl Selection {
    /// Nothing.
    #[must_use]
    pub fn none(record_type: &RecordType) -> Self {
        Self(vec![false; record_type.attributes().len()])
    }

    /// Every attribute.
    #[must_use]
    pub fn all(record_type: &RecordType) -> Self {
        Self(vec![true; record_type.attributes().len()])
    }

    /// Adds an attribute; says whether it was new.
    pub fn add(&mut self, attribute: usize) -> bool {
        !std::mem::replace(&mut self.0[attribute], true)
    }

    /// Takes out what another selection holds.
    pub fn leave_out(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(here, there)| *here &= !there);
    }

    /// Whether every attribute is selected.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.0.iter().all(|selected| *selected)
    }

    /// Whether an attribute is selected.
    #[must_use]
    pub fn contains(&self, attribute: usize) -> bool {
        self.0[attribute]
    }

    /// The selected attributes, by index.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().enumerate().filter_map(|(index, selected)| selected.then_some(index))
    }
}

/// A record as a store holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredRecord {
    /// The store's handle.
    pub row: RowKey,
    /// The public id.
    pub id: Uuid,
    /// When it was created.
    pub created_at: Timestamp,
    /// When an attribute last changed.
    pub updated_at: Timestamp,
    /// The digest of the assert that left it like this, where one did.
    pub digest: Option<Digest>,
    /// One entry for each attribute; `None` for null and for what was not selected.
    pub values: Vec<Option<Value>>,
}

/// A record that a store is to hold.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRecord {
    /// The store's handle.
    pub row: RowKey,
    /// The public id.
    pub id: Uuid,
    /// When it was created.
    pub created_at: Timestamp,
    /// When an attribute last changed.
    pub updated_at: Timestamp,
    /// The digest of the assert that made it like this, where one did.
    pub digest: Option<Digest>,
    /// What is not null, sorted by attribute.
    pub values: Vec<(usize, Value)>,
}

impl NewRecord {
    /// The value of an attribute.
    #[must_use]
    pub fn value(&self, attribute: usize) -> Option<&Value> {
        let place = self.values.binary_search_by_key(&attribute, |(known, _)| *known).ok()?;
        Some(&self.values[place].1)
    }
}

impl From<StoredRecord> for NewRecord {
    fn from(record: StoredRecord) -> Self {
        let StoredRecord { row, id, created_at, updated_at, digest, values } = record;
        let values = values.into_iter().enumerate();
        let values = values.filter_map(|(index, value)| Some((index, value?))).collect();
        Self { row, id, created_at, updated_at, digest, values }
    }
}

/// As much of a record as tells whether an assert is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glance {
    /// The store's handle.
    pub row: RowKey,
    /// The public id.
    pub id: Uuid,
    /// The digest of the assert that left it like this, where one did.
    pub digest: Option<Digest>,
}

/// New values for some attributes of a stored record.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordUpdate {
    /// Which record.
    pub row: RowKey,
    /// The new `updated_at`.
    pub updated_at: Timestamp,
    /// The digest of the assert that makes the change, if one does.
    pub digest: Option<Digest>,
    /// The attributes that change, sorted by index; `None` clears.
    pub values: Vec<(usize, Option<Value>)>,
}

/// A match key that a record gains or loses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyEntry {
    /// The key in match form.
    pub key: String,
    /// The record.
    pub row: RowKey,
}

/// An edge of a record as a store holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredEdge {
    /// The related record.
    pub row: RowKey,
    /// The related record's public id.
    pub id: Uuid,
    /// One entry for each attribute of the relationship.
    pub values: Vec<Option<Value>>,
}

/// Settings that belong to a workspace, not to a program that opens it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// The id that every record shows as `organization_id`.
    pub organization_id: Uuid,
    /// Whether a second record may take a match key that another one holds.
    pub rejects_duplicates: bool,
    /// Whether changes are logged.
    pub keeps_history: bool,
}

/// Storage for the records, the journal and the API keys of one workspace. Safe to share between threads.
pub trait Store: Send + Sync {
    /// Starts the one transaction that may write; waits for an earlier one to end.
    ///
    /// Dropped without a commit it leaves no trace.
    ///
    /// # Errors
    /// `store_busy` if another process does not finish in time; `store_io`.
    fn write(&self) -> Result<Box<dyn WriteTransaction + '_>>;

    /// Starts a read of one consistent state, never held up by a writer.
    ///
    /// # Errors
    /// `store_busy`, `store_io`.
    fn read(&self) -> Result<Box<dyn ReadTransaction + '_>>;

    /// As [`Store::read`], for one reader after another beside a writer: what a store does for
    /// itself now and then waits for the end of such a read.
    ///
    /// # Errors
    /// As [`Store::read`].
    fn read_ahead(&self) -> Result<Box<dyn ReadTransaction + '_>>;

    /// The record with this id, whole and from one consistent state; `None` if there is none.
    ///
    /// # Errors
    /// `store_busy`, `store_io`, `store_corrupt`.
    fn get(&self, record_type: &RecordType, id: Uuid) -> Result<Option<StoredRecord>>;

    /// Does now what would otherwise be left for the closing, so that closing is quick.
    ///
    /// # Errors
    /// `store_io`, `store_full`; nothing that is committed is lost.
    fn settle(&self) -> Result<()>;

    /// What makes the times and ids of new records.
    fn generator(&self) -> &Generator;

    /// Writes a copy of the present state to a file that is not there yet.
    ///
    /// # Errors
    /// `store_io`, `store_full`, `store_busy`.
    fn copy_to(&self, path: &Path) -> Result<()>;

    /// Becomes what a copy holds, in one transaction; API keys stay as they are.
    ///
    /// # Errors
    /// `store_io`, `store_full`, `store_busy`; then nothing has changed.
    fn return_to(&self, path: &Path) -> Result<()>;
}

/// Reads one consistent state. Archived records are found only where a function says so.
pub trait ReadTransaction: JournalReader + KeyReader + HistoryReader {
    /// The workspace's settings.
    ///
    /// # Errors
    /// `store_io`, `store_corrupt`.
    fn settings(&mut self) -> Result<Settings>;

    /// What the workspace declares beyond the standard record types, as
    /// [`WriteTransaction::declare`] was given it.
    ///
    /// # Errors
    /// `store_io`, `store_corrupt`.
    fn declarations(&mut self) -> Result<Option<String>>;

    /// The records with these ids, each `None` if there is none; in the order of `ids`.
    ///
    /// # Errors
    /// `store_io`, `store_corrupt`.
    fn find_ids(&mut self, record_type: &RecordType, ids: &[Uuid]) -> Result<Vec<Option<RowKey>>>;

    /// The archived records with these ids, each `None` if there is none; in the order of `ids`.
    ///
    /// # Errors
    /// `store_io`, `store_corrupt`.
    fn find_archived(
        &mut self,
        record_type: &RecordType,
        ids: &[Uuid],
    ) -> Result<Vec<Option<RowKey>>>;

    /// The latest `updated_at` ever given to a record of this type: as long as it is the same, no
    /// record of the type has come, gone or changed.
    ///
    /// # Errors
    /// `store_io`.
    fn latest_update(&mut self, record_type: &RecordType) -> Result<Timestamp>;

    /// The records that hold any of these keys (sorted, without repeats): the place of the key
    /// in `keys` and the record, in the order of both.
    ///
    /// # Errors
    /// `store_io`, `store_corrupt`.
    fn find_keys(
        &mut self,
        record_type: &RecordType,
        attribute: usize,
        keys: &[&str],
    ) -> Result<Vec<(usize, RowKey)>>;

    /// A glance at the records with these handles (sorted, all present), in the order of `rows`.
    ///
    /// # Errors
    /// `store_io`, `store_corrupt`.
    fn glance(&mut self, record_type: &RecordType, rows: &[RowKey]) -> Result<Vec<Glance>>;

    /// The records with these handles (sorted, all present, archived ones too), in the order of `rows`.
    ///
    /// # Errors
    /// `store_io`, `store_corrupt`.
    fn load(
        &mut self,
        record_type: &RecordType,
        selection: &Selection,
        rows: &[RowKey],
    ) -> Result<Vec<StoredRecord>>;

    /// At most `limit` edges of a record, in the order of the related records' handles: those
    /// after `after`.
    ///
    /// # Errors
    /// `store_io`, `store_corrupt`.
    fn edges(
        &mut self,
        end: &RelationshipEnd,
        row: RowKey,
        after: Option<RowKey>,
        limit: usize,
    ) -> Result<Vec<StoredEdge>>;

    /// The values of the edge between two records; `None` if there is none.
    ///
    /// # Errors
    /// `store_io`, `store_corrupt`.
    fn edge(
        &mut self,
        end: &RelationshipEnd,
        row: RowKey,
        other: RowKey,
    ) -> Result<Option<Vec<Option<Value>>>>;

    /// One page of the records that a query selects.
    ///
    /// # Errors
    /// `invalid_cursor`; `store_io`, `store_corrupt`.
    fn query(&mut self, record_type: &Arc<RecordType>, query: &Query) -> Result<Page>;
}

/// Writes one batch; it becomes visible and durable with [`WriteTransaction::commit`], or not at all.
pub trait WriteTransaction: ReadTransaction + Journal + KeyWriter + HistoryWriter {
    /// What makes the times and ids of new records.
    fn generator(&self) -> &Generator;

    /// Changes whether duplicates are refused.
    ///
    /// # Errors
    /// `store_io`, `store_full`.
    fn set_rejects_duplicates(&mut self, rejects: bool) -> Result<()>;

    /// Makes room for the record types of a schema, whatever there is already, and keeps the text
    /// that declares them. No record is rewritten.
    ///
    /// # Errors
    /// `store_io`, `store_full`.
    fn declare(&mut self, schema: &Schema, declarations: &str) -> Result<()>;

    /// Handles and ids for `count` new records, unused before and never again.
    ///
    /// # Errors
    /// `store_io`, `store_full`.
    fn allocate(&mut self, record_type: &RecordType, count: usize) -> Result<Vec<(RowKey, Uuid)>>;

    /// Notes the latest `updated_at` that this transaction gave.
    ///
    /// # Errors
    /// `store_io`, `store_full`.
    fn note_latest_update(&mut self, record_type: &RecordType, latest: Timestamp) -> Result<()>;

    /// Writes new records, with every attribute; handles from [`WriteTransaction::allocate`].
    ///
    /// # Errors
    /// `store_io`, `store_full`.
    fn insert(&mut self, record_type: &RecordType, records: &[NewRecord]) -> Result<()>;

    /// Writes the changed attributes of present records.
    ///
    /// # Errors
    /// `store_io`, `store_full`.
    fn update(&mut self, record_type: &RecordType, updates: &[RecordUpdate]) -> Result<()>;

    /// Hides records; their match keys are removed by the caller.
    ///
    /// # Errors
    /// `store_io`, `store_full`.
    fn archive(&mut self, record_type: &RecordType, rows: &[(RowKey, Timestamp)]) -> Result<()>;

    /// Brings archived records back; their match keys are added by the caller.
    ///
    /// # Errors
    /// `store_io`, `store_full`.
    fn restore(&mut self, record_type: &RecordType, rows: &[(RowKey, Timestamp)]) -> Result<()>;

    /// Takes match keys away and adds others; both lists come sorted, without repeats.
    ///
    /// # Errors
    /// `store_io`, `store_full`.
    fn change_keys(
        &mut self,
        record_type: &RecordType,
        attribute: usize,
        removed: &[KeyEntry],
        added: &[KeyEntry],
    ) -> Result<()>;

    /// Writes the edge between two records, whether there was one or not.
    ///
    /// # Errors
    /// `store_io`, `store_full`.
    fn write_edge(
        &mut self,
        end: &RelationshipEnd,
        row: RowKey,
        other: RowKey,
        values: &[Option<Value>],
    ) -> Result<()>;

    /// Takes the edge between two records away.
    ///
    /// # Errors
    /// `store_io`, `store_full`.
    fn remove_edge(&mut self, end: &RelationshipEnd, row: RowKey, other: RowKey) -> Result<()>;

    /// Makes a boolean attribute false on all edges of a record, those to archived records too.
    ///
    /// # Errors
    /// `store_io`, `store_full`.
    fn unset_on_edges(
        &mut self,
        end: &RelationshipEnd,
        row: RowKey,
        attribute: usize,
    ) -> Result<()>;

    /// Marks what was written so far, in place of an earlier mark.
    ///
    /// # Errors
    /// `store_io`.
    fn mark(&mut self) -> Result<()>;

    /// Takes back what was written since [`WriteTransaction::mark`].
    ///
    /// # Errors
    /// `store_io`.
    fn undo_to_mark(&mut self) -> Result<()>;

    /// Makes everything durable.
    ///
    /// # Errors
    /// `store_io`, `store_full`; then nothing was written.
    fn commit(self: Box<Self>) -> Result<()>;
}
