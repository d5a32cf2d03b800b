//! The door to storage: what an engine must do so that the local workspace can live on it.
//!
//! A store works on whole batches and decides nothing: which record matches, what changes and
//! what is refused is settled in `local` before anything is written. `contract.rs` holds one
//! test function for each rule below and runs on every store.

#[cfg(test)]
mod contract;
pub mod journal;
mod sqlite;

pub use sqlite::SqliteStore;

use std::sync::Arc;

use uuid::Uuid;

use crate::error::Result;
use crate::operation::{Page, Query};
use crate::schema::RecordType;
use crate::value::{Timestamp, Value};

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
    /// One entry for each attribute; `None` for null and for what was not selected.
    pub values: Vec<Option<Value>>,
}

/// New values for some attributes of a stored record.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordUpdate {
    /// Which record.
    pub row: RowKey,
    /// The new `updated_at`.
    pub updated_at: Timestamp,
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

/// Settings that belong to a workspace, not to a program that opens it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// The id that every record shows as `organization_id`.
    pub organization_id: Uuid,
    /// Whether a second record may take a match key that another one holds.
    pub rejects_duplicates: bool,
}

/// Storage for the records and the journal of one workspace. Safe to share between threads.
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

    /// Does now what would otherwise be left for the closing, so that closing is quick.
    ///
    /// # Errors
    /// `store_io`, `store_full`; nothing that is committed is lost.
    fn settle(&self) -> Result<()>;
}

/// Reads one consistent state. Archived records are never found.
pub trait ReadTransaction: JournalReader {
    /// The workspace's settings.
    ///
    /// # Errors
    /// `store_io`, `store_corrupt`.
    fn settings(&mut self) -> Result<Settings>;

    /// The records with these ids, each `None` if there is none; in the order of `ids`.
    ///
    /// # Errors
    /// `store_io`, `store_corrupt`.
    fn find_ids(&mut self, record_type: &RecordType, ids: &[Uuid]) -> Result<Vec<Option<RowKey>>>;

    /// For each key (sorted, without repeats) the records that hold it, sorted.
    ///
    /// # Errors
    /// `store_io`, `store_corrupt`.
    fn find_keys(
        &mut self,
        record_type: &RecordType,
        attribute: usize,
        keys: &[&str],
    ) -> Result<Vec<Vec<RowKey>>>;

    /// The records with these handles (sorted, all present), in the order of `rows`.
    ///
    /// # Errors
    /// `store_io`, `store_corrupt`.
    fn load(
        &mut self,
        record_type: &RecordType,
        selection: &Selection,
        rows: &[RowKey],
    ) -> Result<Vec<StoredRecord>>;

    /// One page of the records that a query selects.
    ///
    /// # Errors
    /// `invalid_cursor`; `store_io`, `store_corrupt`.
    fn query(&mut self, record_type: &Arc<RecordType>, query: &Query) -> Result<Page>;
}

/// Writes one batch; it becomes visible and durable with [`WriteTransaction::commit`], or not at all.
pub trait WriteTransaction: ReadTransaction + Journal {
    /// Changes whether duplicates are refused.
    ///
    /// # Errors
    /// `store_io`, `store_full`.
    fn set_rejects_duplicates(&mut self, rejects: bool) -> Result<()>;

    /// Handles and ids for `count` new records, unused before and never again.
    ///
    /// # Errors
    /// `store_io`, `store_full`.
    fn allocate(&mut self, record_type: &RecordType, count: usize) -> Result<Vec<(RowKey, Uuid)>>;

    /// The latest `updated_at` ever given to a record of this type.
    ///
    /// # Errors
    /// `store_io`.
    fn latest_update(&mut self, record_type: &RecordType) -> Result<Timestamp>;

    /// Notes the latest `updated_at` that this transaction gave.
    ///
    /// # Errors
    /// `store_io`, `store_full`.
    fn note_latest_update(&mut self, record_type: &RecordType, latest: Timestamp) -> Result<()>;

    /// Writes new records, with every attribute; handles from [`WriteTransaction::allocate`].
    ///
    /// # Errors
    /// `store_io`, `store_full`.
    fn insert(&mut self, record_type: &RecordType, records: &[StoredRecord]) -> Result<()>;

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

    /// Makes everything durable.
    ///
    /// # Errors
    /// `store_io`, `store_full`; then nothing was written.
    fn commit(self: Box<Self>) -> Result<()>;
}
