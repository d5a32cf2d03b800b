//! Rows that come as Arrow columns, seen as rows.

use std::sync::Arc;

use minijinja::value::{Enumerator, Object, Serde};
use rustc_hash::FxHashSet;

use crate::error::{Error, ErrorCode, Result};
use crate::source::{ArrowRows, Column};
use crate::value::Input;

use super::row::{Columns, note_unused};

/// The columns of a batch that a mapping wants, found once for all rows.
pub(super) struct Columnar<'a> {
    rows: &'a Arc<ArrowRows>,
    /// By slot; `None` where the batch has no such column.
    slots: Vec<Option<Column<'a>>>,
}

impl<'a> Columnar<'a> {
    /// Finds the columns; those that are not wanted go to `unused`.
    ///
    /// # Errors
    /// `source_data_invalid` if a wanted column has a type that cannot be read, or comes twice; `is_mentioned`
    /// says which are wanted beside those in a slot.
    pub(super) fn new(
        columns: &Columns,
        is_mentioned: impl Fn(&str) -> bool,
        rows: &'a Arc<ArrowRows>,
        unused: &mut FxHashSet<String>,
    ) -> Result<Self> {
        let mut slots: Vec<Option<Column<'a>>> = Vec::new();
        slots.resize_with(columns.names().len(), || None);
        for (index, name) in rows.names().enumerate() {
            match columns.find_in_row(name, unused) {
                Some(slot) if slots[slot].is_some() => {
                    let what = format!("two columns of the rows name {}", columns.names()[slot]);
                    return Err(Error::new(ErrorCode::SourceDataInvalid, what)
                        .at_field(name)
                        .hint("leave one of them out, or write a job file that maps them"));
                }
                Some(slot) => slots[slot] = Some(rows.column(index)?),
                None => {
                    if is_mentioned(name) {
                        rows.column(index)?;
                    }
                    note_unused(name, unused);
                }
            }
        }
        Ok(Self { rows, slots })
    }

    /// A row, by its index.
    pub(super) fn row(&self, index: usize) -> ColumnarRow<'_, 'a> {
        ColumnarRow { columns: self, index }
    }
}

/// One row of columns.
pub(super) struct ColumnarRow<'r, 'a> {
    columns: &'r Columnar<'a>,
    index: usize,
}

impl<'a> ColumnarRow<'_, 'a> {
    pub(super) fn cell(&self, slot: usize) -> Result<Option<Input<'a>>> {
        self.columns.slots[slot].as_ref().map_or(Ok(None), |column| column.cell(self.index))
    }

    pub(super) fn whole(&self) -> minijinja::Value {
        let rows = Arc::clone(self.columns.rows);
        minijinja::Value::from_object(WholeRow { rows, index: self.index })
    }
}

/// A row in an expression: a cell is read when the expression asks for it.
#[derive(Debug)]
struct WholeRow {
    rows: Arc<ArrowRows>,
    index: usize,
}

impl WholeRow {
    fn cell(&self, column: usize) -> Option<minijinja::Value> {
        let cell = self.rows.column(column).and_then(|column| column.cell(self.index));
        match cell {
            Ok(None) => None,
            Ok(Some(Input::Text(text))) => Some(minijinja::Value::from(&*text)),
            Ok(Some(input)) => Some(minijinja::Value::from(Serde(&serde_json::Value::from(input)))),
            // The value is poisoned: an expression that uses it fails with this message.
            Err(error) => Some(poisoned(&error)),
        }
    }
}

fn poisoned(error: &Error) -> minijinja::Value {
    let kind = minijinja::ErrorKind::InvalidOperation;
    minijinja::Value::from(minijinja::Error::new(kind, error.message().to_owned()))
}

impl Object for WholeRow {
    fn get_value(self: &Arc<Self>, key: &minijinja::Value) -> Option<minijinja::Value> {
        let name = key.as_str()?;
        let column = self.rows.names().position(|known| known == name)?;
        self.cell(column)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let present = self.rows.names().enumerate();
        let present = present.filter(|(column, _)| self.cell(*column).is_some());
        Enumerator::Values(present.map(|(_, name)| minijinja::Value::from(name)).collect())
    }
}
