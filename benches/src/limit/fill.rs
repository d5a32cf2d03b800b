//! Filling a fresh file: large transactions, each table in the order of its keys.

use std::path::Path;

use rusqlite::{Connection, Result, Statement};

use super::Rows;
use super::rows::{Table, quote};

/// What may make a loader faster or slower.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Records in a transaction.
    pub commit_records: usize,
    /// SQLite's page cache.
    pub cache_kib: u32,
    /// Pages in the write-ahead log before they are moved into the file.
    pub checkpoint_pages: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { commit_records: 100_000, cache_kib: 262_144, checkpoint_pages: 20_000 }
    }
}

pub(super) fn fill(rows: &Rows, file: &Path, settings: Settings) -> Result<()> {
    let connection = Connection::open(file)?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.execute_batch(&format!(
        "PRAGMA page_size = {}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
         PRAGMA cache_size = -{}; PRAGMA wal_autocheckpoint = {}; PRAGMA temp_store = MEMORY; BEGIN",
        rows.page_bytes, settings.cache_kib, settings.checkpoint_pages
    ))?;
    for statement in &rows.schema {
        connection.execute_batch(statement)?;
    }
    connection.execute_batch("COMMIT")?;

    let mut statements =
        rows.tables.iter().map(|table| insert(&connection, table)).collect::<Result<Vec<_>>>()?;
    let mut done = vec![0; rows.tables.len()];
    let mut order = Vec::new();
    let last = rows.tables.iter().map(|table| table.record(table.len() - 1)).max().unwrap_or(0);
    let step = i64::try_from(settings.commit_records.max(1)).unwrap_or(i64::MAX);
    let mut until = 0;
    while until < last {
        until = last.min(until.saturating_add(step));
        connection.execute_batch("BEGIN IMMEDIATE")?;
        for (index, table) in rows.tables.iter().enumerate() {
            let start = done[index];
            while done[index] < table.len() && table.record(done[index]) <= until {
                done[index] += 1;
            }
            order.clear();
            order.extend(start..done[index]);
            table.sort(&mut order);
            for &row in &order {
                for (place, &cell) in table.row(row).iter().enumerate() {
                    statements[index].raw_bind_parameter(place + 1, Bound(table.value(cell)))?;
                }
                statements[index].raw_execute()?;
            }
        }
        connection.execute_batch("COMMIT")?;
    }
    drop(statements);
    connection.close().map_err(|(_, error)| error)
}

fn insert<'c>(connection: &'c Connection, table: &Table) -> Result<Statement<'c>> {
    let columns: Vec<String> = table.columns.iter().map(|column| quote(column)).collect();
    let places = vec!["?"; columns.len()];
    connection.prepare(&format!(
        "INSERT INTO {} ({}) VALUES ({})",
        quote(&table.name),
        columns.join(", "),
        places.join(", ")
    ))
}

/// A borrowed value, bound without a copy on this side.
struct Bound<'a>(rusqlite::types::ValueRef<'a>);

impl rusqlite::ToSql for Bound<'_> {
    fn to_sql(&self) -> Result<rusqlite::types::ToSqlOutput<'_>> {
        Ok(rusqlite::types::ToSqlOutput::Borrowed(self.0))
    }
}
