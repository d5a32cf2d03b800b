//! Rows of any table in memory, as they will be bound.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Result, Row};

/// A cell; text lies in the table's one buffer.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cell {
    Null,
    Integer(i64),
    Real(f64),
    Text { start: u64, length: u32 },
    Blob { start: u64, length: u32 },
}

/// A table's rows, and how it wants to be filled.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: String,
    /// The columns that hold a value in some row; the others stay NULL without being named.
    pub(super) columns: Vec<String>,
    /// Which of `columns` a row is ordered by in its B-tree.
    order: Vec<usize>,
    /// Which of `columns` is the number of the record.
    record: usize,
    cells: Vec<Cell>,
    bytes: Vec<u8>,
}

impl Table {
    /// Reads a table whose rows belong to records by their column `rid`.
    pub(super) fn read(connection: &Connection, name: &str) -> Result<Self> {
        let mut columns: Vec<(String, i64)> = connection
            .prepare("SELECT name, pk FROM pragma_table_info(?1)")?
            .query_map([name], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_>>()?;
        let filled: Vec<String> =
            columns.iter().map(|(column, _)| format!("count({})", quote(column))).collect();
        let filled: Vec<bool> = connection.query_row(
            &format!("SELECT {} FROM {}", filled.join(", "), quote(name)),
            [],
            |row| (0..filled.len()).map(|column| Ok(row.get::<_, i64>(column)? > 0)).collect(),
        )?;
        let mut is_filled = filled.iter();
        columns.retain(|_| is_filled.next() == Some(&true));
        let mut key: Vec<(i64, usize)> = (columns.iter().enumerate())
            .filter(|(_, (_, place))| *place > 0)
            .map(|(index, (_, place))| (*place, index))
            .collect();
        key.sort_unstable();
        let columns: Vec<String> = columns.into_iter().map(|(column, _)| column).collect();
        let record = columns.iter().position(|column| column == "rid").unwrap_or(0);
        let mut table = Self {
            name: name.to_owned(),
            order: key.into_iter().map(|(_, index)| index).collect(),
            record,
            cells: Vec::new(),
            bytes: Vec::new(),
            columns,
        };
        if !table.columns.is_empty() {
            let named: Vec<String> = table.columns.iter().map(|column| quote(column)).collect();
            // In the order of records, which is the order of the source.
            let sql = format!(
                "SELECT {} FROM {} ORDER BY {}",
                named.join(", "),
                quote(name),
                named[table.record]
            );
            let mut statement = connection.prepare(&sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                table.push(row)?;
            }
        }
        Ok(table)
    }

    fn push(&mut self, row: &Row<'_>) -> Result<()> {
        for column in 0..self.columns.len() {
            let cell = match row.get_ref(column)? {
                ValueRef::Null => Cell::Null,
                ValueRef::Integer(integer) => Cell::Integer(integer),
                ValueRef::Real(real) => Cell::Real(real),
                ValueRef::Text(text) => {
                    let (start, length) = self.keep(text);
                    Cell::Text { start, length }
                }
                ValueRef::Blob(blob) => {
                    let (start, length) = self.keep(blob);
                    Cell::Blob { start, length }
                }
            };
            self.cells.push(cell);
        }
        Ok(())
    }

    fn keep(&mut self, bytes: &[u8]) -> (u64, u32) {
        let start = self.bytes.len() as u64;
        self.bytes.extend_from_slice(bytes);
        (start, u32::try_from(bytes.len()).unwrap_or(u32::MAX))
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.cells.len().checked_div(self.columns.len()).unwrap_or(0)
    }

    pub(super) fn row(&self, index: usize) -> &[Cell] {
        &self.cells[index * self.columns.len()..][..self.columns.len()]
    }

    /// The number of a row's record.
    pub(super) fn record(&self, index: usize) -> i64 {
        match self.row(index)[self.record] {
            Cell::Integer(record) => record,
            _ => 0,
        }
    }

    /// A cell as it is bound.
    pub(super) fn value(&self, cell: Cell) -> ValueRef<'_> {
        match cell {
            Cell::Null => ValueRef::Null,
            Cell::Integer(integer) => ValueRef::Integer(integer),
            Cell::Real(real) => ValueRef::Real(real),
            Cell::Text { start, length } => ValueRef::Text(self.kept(start, length)),
            Cell::Blob { start, length } => ValueRef::Blob(self.kept(start, length)),
        }
    }

    #[allow(clippy::cast_possible_truncation, reason = "an offset into memory")]
    fn kept(&self, start: u64, length: u32) -> &[u8] {
        &self.bytes[start as usize..][..length as usize]
    }

    /// Puts rows into the order of the table's B-tree.
    pub(super) fn sort(&self, rows: &mut [usize]) {
        let place = |row: usize, column: usize| self.value(self.row(row)[column]);
        rows.sort_unstable_by(|&left, &right| {
            self.order
                .iter()
                .map(|&column| compare(place(left, column), place(right, column)))
                .find(|ordering| ordering.is_ne())
                .unwrap_or(std::cmp::Ordering::Equal)
        });
    }
}

/// As SQLite orders values of one type; keys hold no two types.
fn compare(left: ValueRef<'_>, right: ValueRef<'_>) -> std::cmp::Ordering {
    match (left, right) {
        (ValueRef::Integer(left), ValueRef::Integer(right)) => left.cmp(&right),
        (
            ValueRef::Text(left) | ValueRef::Blob(left),
            ValueRef::Text(right) | ValueRef::Blob(right),
        ) => left.cmp(right),
        _ => std::cmp::Ordering::Equal,
    }
}

/// A name as SQL holds it.
pub(super) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
