//! Rows as Arrow columns.

mod cell;
mod column;
mod extension;
mod size;
mod time;

use arrow_array::{Array, RecordBatch, StructArray};
use serde_json::{Map, Value as Json};

use crate::error::{Error, ErrorCode, Result};

pub use column::Column;

/// What a null in a column means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NullMeans {
    /// The value is null.
    Null,
    /// There is no value. Inside a struct the field is left out, inside a list the element.
    Absent,
}

/// Rows as Arrow columns, each with a name of its own.
#[derive(Debug, Clone)]
pub struct ArrowRows {
    rows: StructArray,
    null_means: NullMeans,
}

impl ArrowRows {
    /// Takes rows.
    ///
    /// # Errors
    /// `connector_misbehaved` if a row itself is null or two columns have one name.
    pub fn new(rows: StructArray, null_means: NullMeans) -> Result<Self> {
        let wrong = |message: String| Error::new(ErrorCode::ConnectorMisbehaved, message);
        if rows.null_count() > 0 {
            return Err(wrong("the Arrow batch holds null rows".to_owned())
                .hint("for the connector's authors: only the columns may hold nulls"));
        }
        let mut names: Vec<&str> =
            rows.fields().iter().map(|field| field.name().as_str()).collect();
        names.sort_unstable();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(wrong(format!("the Arrow batch has two columns named {:?}", pair[0]))
                .hint("for the connector's authors: give every column a name of its own"));
        }
        let rows = extension::with_uuids_as_text(rows)
            .map_err(|cause| wrong(format!("the Arrow batch cannot be read: {cause}")))?;
        Ok(Self { rows, null_means })
    }

    /// How many rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows' columns.
    #[must_use]
    pub fn array(&self) -> &StructArray {
        &self.rows
    }

    /// What a null means.
    #[must_use]
    pub fn null_means(&self) -> NullMeans {
        self.null_means
    }

    /// About how much memory the rows take, without the rest of the columns they are a slice of.
    #[must_use]
    pub fn bytes(&self) -> usize {
        size::of(&self.rows)
    }

    /// The names of the columns, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.rows.fields().iter().map(|field| field.name().as_str())
    }

    /// The column with this index, ready to be read.
    ///
    /// # Errors
    /// `source_data_invalid` if its type cannot be read, naming both.
    pub fn column(&self, index: usize) -> Result<Column<'_>> {
        let (array, field) = (self.rows.column(index), &self.rows.fields()[index]);
        let is_misread = extension::is_misread(field);
        if is_misread || !cell::is_readable(array.data_type()) {
            let name = field.name();
            let stored = array.data_type().to_string();
            let data_type = field.extension_type_name().filter(|_| is_misread).unwrap_or(&stored);
            return Err(Error::new(
                ErrorCode::SourceDataInvalid,
                format!("the column {name:?} has the type {data_type}, which cannot be read"),
            )
            .at_field(name)
            .hint("leave the column out of the job, or have the source give it as text"));
        }
        Ok(Column::new(array.as_ref(), self.null_means))
    }

    /// A row as a JSON object, for people: what cannot be a value is shown as text.
    #[must_use]
    pub fn json(&self, row: usize) -> Json {
        let shown = self.names().zip(self.rows.columns()).filter_map(|(name, array)| {
            Some((name.to_owned(), cell::shown(array.as_ref(), row, self.null_means)?))
        });
        Json::Object(shown.collect::<Map<_, _>>())
    }
}

impl TryFrom<(RecordBatch, NullMeans)> for ArrowRows {
    type Error = Error;

    fn try_from((batch, null_means): (RecordBatch, NullMeans)) -> Result<Self> {
        Self::new(batch.into(), null_means)
    }
}

#[cfg(test)]
mod tests;
