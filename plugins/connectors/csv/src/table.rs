//! Gathers the cells of rows in columns of text, which become one Arrow batch.

use std::sync::Arc;

use headwater_sdk::arrow_array::builder::StringBuilder;
use headwater_sdk::arrow_array::{ArrayRef, StructArray};
use headwater_sdk::arrow_schema::{DataType, Field, Fields};
use headwater_sdk::{ArrowRows, Failure, NullMeans};

use crate::parser::Span;

/// Columns of text that grow row by row. An empty cell is absent.
#[derive(Debug)]
pub(crate) struct Table {
    fields: Fields,
    columns: Vec<StringBuilder>,
    rows: usize,
    bytes: usize,
    trim: bool,
}

impl Table {
    pub(crate) fn new(names: &[String], trim: bool) -> Self {
        let fields = names.iter().map(|name| Field::new(name, DataType::Utf8, true)).collect();
        let columns = names.iter().map(|_| StringBuilder::new()).collect();
        Self { fields, columns, rows: 0, bytes: 0, trim }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// About how much memory the rows take.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds a row; `spans` says where each cell is in `text`.
    ///
    /// Returns `false`, and adds nothing, if a cell ends inside a character.
    pub(crate) fn push_row(&mut self, text: &str, spans: &[Span]) -> bool {
        let is_cut =
            |&(from, end): &Span| !text.is_char_boundary(from) || !text.is_char_boundary(end);
        if spans.iter().any(is_cut) {
            return false;
        }
        for (index, column) in self.columns.iter_mut().enumerate() {
            let cell = spans.get(index).map_or("", |&(from, end)| &text[from..end]);
            match if self.trim { cell.trim() } else { cell } {
                "" => column.append_null(),
                cell => column.append_value(cell),
            }
        }
        self.rows += 1;
        self.bytes += text.len() + self.columns.len() * size_of::<i32>();
        true
    }

    /// The rows as one batch. The table is empty then, with room for as many rows again.
    pub(crate) fn finish(&mut self) -> Result<ArrowRows, Failure> {
        let columns = self.columns.iter_mut().map(|column| {
            let room = (self.rows, column.values_slice().len());
            let full = std::mem::replace(column, StringBuilder::with_capacity(room.0, room.1));
            Arc::new({ full }.finish()) as ArrayRef
        });
        let columns: Vec<ArrayRef> = columns.collect();
        self.rows = 0;
        self.bytes = 0;
        let rows = StructArray::try_new(self.fields.clone(), columns, None)
            .map_err(|cause| Failure::data(format!("the rows make no Arrow batch: {cause}")))?;
        Ok(ArrowRows { rows, null_means: NullMeans::Absent })
    }
}
