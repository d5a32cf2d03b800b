//! The limit: fills the tables of a workspace with rows that are in memory already, without any
//! semantics. Nothing is parsed, looked up, compared, or noted in a journal.
//!
//! Tables, indexes and rows are taken from a workspace that the product has filled, so this stays
//! the same work however the product lays its tables out.

mod fill;
mod rows;
mod verify;

use std::path::Path;

use rusqlite::{Connection, OpenFlags, Result};

pub use fill::Settings;
use rows::Table;
pub use rusqlite::Error;

/// A filled workspace in memory.
#[derive(Debug)]
pub struct Rows {
    page_bytes: u32,
    /// What makes every table and index of the file.
    schema: Vec<String>,
    /// The tables of records; the journal's are not among them.
    tables: Vec<Table>,
}

impl Rows {
    /// Reads what the product wrote.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn read(workspace: &Path) -> Result<Self> {
        let connection = open_existing(workspace)?;
        let page_bytes = connection.query_row("PRAGMA page_size", [], |row| row.get(0))?;
        let schema = connection
            .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid")?
            .query_map([], |row| row.get(0))?
            .collect::<Result<_>>()?;
        let tables = table_names(&connection)?
            .iter()
            .filter(|name| !name.starts_with("headwater_"))
            .map(|name| Table::read(&connection, name))
            .filter(|table| table.as_ref().map_or(true, |table| table.len() > 0))
            .collect::<Result<_>>()?;
        Ok(Self { page_bytes, schema, tables })
    }

    /// How many records there are; the tables of their lists and keys have `__` in their names.
    #[must_use]
    pub fn records(&self) -> usize {
        self.tables.iter().filter(|table| !table.name.contains("__")).map(Table::len).sum()
    }

    /// Makes `file`, which must not exist, and fills it; it is closed at the end, with everything in
    /// its place and no log left.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn fill(&self, file: &Path, settings: Settings) -> Result<()> {
        fill::fill(self, file, settings)
    }

    /// Whether a file holds in its tables what the workspace of these rows holds, value by value; if not,
    /// the first difference.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn difference(workspace: &Path, file: &Path) -> Result<Option<String>> {
        verify::difference(workspace, file)
    }
}

fn open_existing(path: &Path) -> Result<Connection> {
    // Not read-only: the log of a file that was not closed may have to be read.
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
}

fn table_names(connection: &Connection) -> Result<Vec<String>> {
    connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")?
        .query_map([], |row| row.get(0))?
        .collect()
}
