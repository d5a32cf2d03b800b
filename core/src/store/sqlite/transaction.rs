//! Transactions: one that writes, many that read, each on a connection of its own.

use std::collections::HashMap;
use std::sync::{Arc, MutexGuard};
use std::time::Instant;

use rusqlite::{CachedStatement, Connection};
use uuid::Uuid;

use crate::error::{Error, ErrorCode, Result};
use crate::operation::{Page, Query};
use crate::schema::{RecordType, RelationshipEnd, Schema};
use crate::source::Control;
use crate::store::{
    Generator, Glance, KeyEntry, NewRecord, ReadTransaction, RecordUpdate, RowKey, Selection,
    Settings, Store, StoredEdge, StoredRecord, WriteTransaction,
};
use crate::value::{Timestamp, Value};

use super::errors::store_error;
use super::{Reader, SqliteStore, edges, migrate, read, write};

/// Steps of the engine between two looks at whether to go on: some tens of microseconds.
const STEPS: i32 = 1000;

/// The connection of a transaction, and what it may do.
pub(super) enum Access<'a> {
    Write(MutexGuard<'a, Connection>),
    Read(Option<Reader>),
    Ahead(MutexGuard<'a, Option<Connection>>),
}

/// A prepared statement of a connection, kept for the next time.
pub(super) fn prepare<'a>(connection: &'a Connection, sql: &str) -> Result<CachedStatement<'a>> {
    connection.prepare_cached(sql).map_err(store_error("prepare a statement"))
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
            Access::Read(_) | Access::Ahead(_) => "BEGIN",
        };
        let mut transaction = Self { store, access, is_open: false, next_rows: HashMap::new() };
        transaction.execute(begin, "start a transaction")?;
        transaction.is_open = true;
        Ok(transaction)
    }

    pub(super) fn connection(&self) -> &Connection {
        match &self.access {
            Access::Write(connection) => connection,
            Access::Read(reader) => {
                let reader = reader.as_ref();
                &reader.expect("a read keeps its connection until it is dropped").connection
            }
            Access::Ahead(ahead) => {
                ahead.as_ref().expect("the connection is made before a transaction begins")
            }
        }
    }

    pub(super) fn store(&self) -> &'a SqliteStore {
        self.store
    }

    /// Lets reads fail once the query has had its time or is cancelled, until the transaction ends.
    fn limit(&mut self, query: &Query) -> Result<()> {
        let Access::Read(Some(reader)) = &mut self.access else { return Ok(()) };
        if query.time.is_none() && query.control.is_none() {
            return Ok(());
        }
        let (begun, time, control) = (Instant::now(), query.time, query.control.clone());
        let is_over = move || {
            time.is_some_and(|time| begun.elapsed() >= time)
                || control.as_deref().is_some_and(Control::is_cancelled)
        };
        let limited = reader.connection.progress_handler(STEPS, Some(is_over));
        limited.map_err(store_error("limit the time of a query"))
    }

    /// Runs a statement without parameters, prepared once.
    fn execute(&self, sql: &str, doing: &str) -> Result<()> {
        self.prepare(sql)?.execute([]).map(drop).map_err(store_error(doing))
    }

    /// A prepared statement, kept for the next time.
    pub(super) fn prepare(&self, sql: &str) -> Result<CachedStatement<'_>> {
        prepare(self.connection(), sql)
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
        if let Access::Read(Some(reader)) = &mut self.access {
            // Without a limit there is none to take away.
            let _ = reader.connection.progress_handler(0, None::<fn() -> bool>);
        }
        if self.is_open {
            // What cannot be rolled back is rolled back when the file is next opened.
            let _ = self.execute("ROLLBACK", "end a transaction");
        }
        if let Access::Read(reader) = &mut self.access
            && let Some(reader) = reader.take()
        {
            self.store.give_back(reader);
        }
    }
}

impl ReadTransaction for Transaction<'_> {
    fn settings(&mut self) -> Result<Settings> {
        read::settings(self)
    }

    fn declarations(&mut self) -> Result<Option<String>> {
        read::setting(self, "declarations")
    }

    fn find_ids(&mut self, record_type: &RecordType, ids: &[Uuid]) -> Result<Vec<Option<RowKey>>> {
        read::find_ids(self, record_type, ids, false)
    }

    fn find_archived(
        &mut self,
        record_type: &RecordType,
        ids: &[Uuid],
    ) -> Result<Vec<Option<RowKey>>> {
        read::find_ids(self, record_type, ids, true)
    }

    fn latest_update(&mut self, record_type: &RecordType) -> Result<Timestamp> {
        read::latest_update(self, record_type)
    }

    fn find_keys(
        &mut self,
        record_type: &RecordType,
        attribute: usize,
        keys: &[&str],
    ) -> Result<Vec<(usize, RowKey)>> {
        read::find_keys(self, record_type, attribute, keys)
    }

    fn glance(&mut self, record_type: &RecordType, rows: &[RowKey]) -> Result<Vec<Glance>> {
        read::glance(self, record_type, rows)
    }

    fn load(
        &mut self,
        record_type: &RecordType,
        selection: &Selection,
        rows: &[RowKey],
    ) -> Result<Vec<StoredRecord>> {
        read::load(self, record_type, selection, rows)
    }

    fn edges(
        &mut self,
        end: &RelationshipEnd,
        row: RowKey,
        after: Option<RowKey>,
        limit: usize,
    ) -> Result<Vec<StoredEdge>> {
        edges::edges(self, end, row, after, limit)
    }

    fn edge(
        &mut self,
        end: &RelationshipEnd,
        row: RowKey,
        other: RowKey,
    ) -> Result<Option<Vec<Option<Value>>>> {
        edges::edge(self, end, row, other)
    }

    fn query(&mut self, record_type: &Arc<RecordType>, query: &Query) -> Result<Page> {
        let is_cancelled = || query.control.as_deref().is_some_and(Control::is_cancelled);
        let cancelled = || Error::new(ErrorCode::Cancelled, "the query was cancelled");
        // A short one would end before it is looked at.
        if is_cancelled() {
            return Err(cancelled());
        }
        self.limit(query)?;
        super::query::query(self, record_type, query).map_err(|error| match error.code() {
            // The engine does not say what interrupted it.
            ErrorCode::Timeout if is_cancelled() => cancelled().because(error),
            _ => error,
        })
    }
}

impl WriteTransaction for Transaction<'_> {
    fn generator(&self) -> &Generator {
        self.store.generator()
    }

    fn set_rejects_duplicates(&mut self, rejects: bool) -> Result<()> {
        write::set_rejects_duplicates(self, rejects)
    }

    fn declare(&mut self, schema: &Schema, declarations: &str) -> Result<()> {
        migrate::make_tables(self.connection(), schema)?;
        write::set_setting(self, "declarations", declarations)
    }

    fn allocate(&mut self, record_type: &RecordType, count: usize) -> Result<Vec<(RowKey, Uuid)>> {
        write::allocate(self, record_type, count)
    }

    fn note_latest_update(&mut self, record_type: &RecordType, latest: Timestamp) -> Result<()> {
        write::note_latest_update(self, record_type, latest)
    }

    fn insert(&mut self, record_type: &RecordType, records: &[NewRecord]) -> Result<()> {
        write::insert(self, record_type, records)
    }

    fn update(&mut self, record_type: &RecordType, updates: &[RecordUpdate]) -> Result<()> {
        write::update(self, record_type, updates)
    }

    fn archive(&mut self, record_type: &RecordType, rows: &[(RowKey, Timestamp)]) -> Result<()> {
        write::archive(self, record_type, rows)
    }

    fn restore(&mut self, record_type: &RecordType, rows: &[(RowKey, Timestamp)]) -> Result<()> {
        write::restore(self, record_type, rows)
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

    fn write_edge(
        &mut self,
        end: &RelationshipEnd,
        row: RowKey,
        other: RowKey,
        values: &[Option<Value>],
    ) -> Result<()> {
        edges::write_edge(self, end, row, other, values)
    }

    fn remove_edge(&mut self, end: &RelationshipEnd, row: RowKey, other: RowKey) -> Result<()> {
        edges::remove_edge(self, end, row, other)
    }

    fn unset_on_edges(
        &mut self,
        end: &RelationshipEnd,
        row: RowKey,
        attribute: usize,
    ) -> Result<()> {
        edges::unset_on_edges(self, end, row, attribute)
    }

    fn mark(&mut self) -> Result<()> {
        let mark = "SAVEPOINT headwater_mark";
        self.connection().execute_batch(mark).map_err(store_error("mark a transaction"))
    }

    fn undo_to_mark(&mut self) -> Result<()> {
        let undo = "ROLLBACK TO headwater_mark";
        self.connection().execute_batch(undo).map_err(store_error("undo a part of a transaction"))
    }

    fn commit(mut self: Box<Self>) -> Result<()> {
        self.execute("COMMIT", "commit")?;
        self.is_open = false;
        Ok(())
    }
}
