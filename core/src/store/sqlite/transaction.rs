//! Transactions: one that writes, many that read, each on a connection of its own.

use std::collections::HashMap;
use std::sync::{Arc, MutexGuard};

use rusqlite::{CachedStatement, Connection};
use uuid::Uuid;

use crate::error::Result;
use crate::operation::{Page, Query};
use crate::schema::RecordType;
use crate::store::{
    KeyEntry, ReadTransaction, RecordUpdate, RowKey, Selection, Settings, StoredRecord,
    WriteTransaction,
};
use crate::value::Timestamp;

use super::errors::store_error;
use super::layout::Layout;
use super::{SqliteStore, read, write};

/// The connection of a transaction, and what it may do.
pub(super) enum Access<'a> {
    Write(MutexGuard<'a, Connection>),
    Read(Option<Connection>),
}

/// A transaction under way.
pub(super) struct Transaction<'a> {
    store: &'a SqliteStore,
    access: Access<'a>,
    is_open: bool,
    /// The next free row of each record type that has been asked for.
    next_rows: HashMap<String, RowKey>,
}

impl<'a> Transaction<'a> {
    pub(super) fn begin(store: &'a SqliteStore, access: Access<'a>) -> Result<Self> {
        let begin = match access {
            Access::Write(_) => "BEGIN IMMEDIATE",
            Access::Read(_) => "BEGIN",
        };
        let mut transaction = Self { store, access, is_open: false, next_rows: HashMap::new() };
        transaction
            .connection()
            .execute_batch(begin)
            .map_err(store_error("start a transaction"))?;
        transaction.is_open = true;
        Ok(transaction)
    }

    pub(super) fn connection(&self) -> &Connection {
        match &self.access {
            Access::Write(connection) => connection,
            Access::Read(connection) => {
                connection.as_ref().expect("a read keeps its connection until it is dropped")
            }
        }
    }

    pub(super) fn layout(&self, record_type: &RecordType) -> Result<&'a Layout> {
        self.store.layout(record_type.api_name())
    }

    /// A prepared statement, kept for the next time.
    pub(super) fn prepare(&self, sql: &str) -> Result<CachedStatement<'_>> {
        self.connection().prepare_cached(sql).map_err(store_error("prepare a statement"))
    }

    /// Takes `count` rows that no record has or had.
    pub(super) fn take_rows(
        &mut self,
        record_type: &RecordType,
        count: usize,
        first_free: impl FnOnce(&Self) -> Result<RowKey>,
    ) -> Result<RowKey> {
        let first = match self.next_rows.get(record_type.api_name()) {
            Some(&row) => row,
            None => first_free(self)?,
        };
        let next = first + RowKey::try_from(count).unwrap_or(RowKey::MAX);
        self.next_rows.insert(record_type.api_name().to_owned(), next);
        Ok(first)
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if self.is_open {
            // What cannot be rolled back is rolled back when the file is next opened.
            let _ = self.connection().execute_batch("ROLLBACK");
        }
        if let Access::Read(connection) = &mut self.access
            && let Some(connection) = connection.take()
        {
            self.store.give_back(connection);
        }
    }
}

impl ReadTransaction for Transaction<'_> {
    fn settings(&mut self) -> Result<Settings> {
        read::settings(self)
    }

    fn find_ids(&mut self, record_type: &RecordType, ids: &[Uuid]) -> Result<Vec<Option<RowKey>>> {
        read::find_ids(self, record_type, ids)
    }

    fn find_keys(
        &mut self,
        record_type: &RecordType,
        attribute: usize,
        keys: &[&str],
    ) -> Result<Vec<Vec<RowKey>>> {
        read::find_keys(self, record_type, attribute, keys)
    }

    fn load(
        &mut self,
        record_type: &RecordType,
        selection: &Selection,
        rows: &[RowKey],
    ) -> Result<Vec<StoredRecord>> {
        read::load(self, record_type, selection, rows)
    }

    fn query(&mut self, record_type: &Arc<RecordType>, query: &Query) -> Result<Page> {
        super::query::query(self, record_type, query)
    }
}

impl WriteTransaction for Transaction<'_> {
    fn set_rejects_duplicates(&mut self, rejects: bool) -> Result<()> {
        write::set_rejects_duplicates(self, rejects)
    }

    fn allocate(&mut self, record_type: &RecordType, count: usize) -> Result<Vec<(RowKey, Uuid)>> {
        write::allocate(self, record_type, count)
    }

    fn latest_update(&mut self, record_type: &RecordType) -> Result<Timestamp> {
        write::latest_update(self, record_type)
    }

    fn note_latest_update(&mut self, record_type: &RecordType, latest: Timestamp) -> Result<()> {
        write::note_latest_update(self, record_type, latest)
    }

    fn insert(&mut self, record_type: &RecordType, records: &[StoredRecord]) -> Result<()> {
        write::insert(self, record_type, records)
    }

    fn update(&mut self, record_type: &RecordType, updates: &[RecordUpdate]) -> Result<()> {
        write::update(self, record_type, updates)
    }

    fn archive(&mut self, record_type: &RecordType, rows: &[(RowKey, Timestamp)]) -> Result<()> {
        write::archive(self, record_type, rows)
    }

    fn change_keys(
        &mut self,
        record_type: &RecordType,
        attribute: usize,
        removed: &[KeyEntry],
        added: &[KeyEntry],
    ) -> Result<()> {
        write::change_keys(self, record_type, attribute, removed, added)
    }

    fn commit(mut self: Box<Self>) -> Result<()> {
        self.connection().execute_batch("COMMIT").map_err(store_error("commit"))?;
        self.is_open = false;
        Ok(())
    }
}
