//! A column of a batch, made ready once so that each of its cells is cheap.

use arrow_array::cast::AsArray;
use arrow_array::{Array, LargeStringArray, StringArray, StringViewArray};
use arrow_schema::DataType;

use crate::error::Result;
use crate::value::Input;

use super::{NullMeans, cell};

/// A column, ready to be read row by row.
#[derive(Debug)]
pub struct Column<'a> {
    cells: Cells<'a>,
    null_means: NullMeans,
}

#[derive(Debug)]
enum Cells<'a> {
    Text(&'a StringArray),
    LargeText(&'a LargeStringArray),
    TextView(&'a StringViewArray),
    /// The place of each row's value among the values; what a null row's says has no meaning.
    Dictionary(&'a dyn Array, Vec<usize>, Box<Cells<'a>>),
    Other(&'a dyn Array),
}

impl<'a> Column<'a> {
    pub(super) fn new(array: &'a dyn Array, null_means: NullMeans) -> Self {
        Self { cells: Cells::new(array), null_means }
    }

    /// The cell of a row; `None` is absent.
    ///
    /// # Errors
    /// `field_value_invalid` for bytes, and for times past the year 9999.
    pub fn cell(&self, row: usize) -> Result<Option<Input<'a>>> {
        match (self.cells.get(row, self.null_means)?, self.null_means) {
            (Input::Null, NullMeans::Absent) => Ok(None),
            (input, _) => Ok(Some(input)),
        }
    }
}

impl<'a> Cells<'a> {
    fn new(array: &'a dyn Array) -> Self {
        match array.data_type() {
            DataType::Utf8 => Self::Text(array.as_string()),
            DataType::LargeUtf8 => Self::LargeText(array.as_string()),
            DataType::Utf8View => Self::TextView(array.as_string_view()),
            DataType::Dictionary(..) => {
                let dictionary = array.as_any_dictionary();
                let values = dictionary.values().as_ref();
                // It panics without values, where every row has to be null.
                let places = match values.is_empty() {
                    true => Vec::new(),
                    false => dictionary.normalized_keys(),
                };
                Self::Dictionary(array, places, Box::new(Self::new(values)))
            }
            _ => Self::Other(array),
        }
    }

    fn get(&self, row: usize, null_means: NullMeans) -> Result<Input<'a>> {
        Ok(match self {
            Self::Text(array) => match array.is_null(row) {
                true => Input::Null,
                false => Input::from(array.value(row)),
            },
            Self::LargeText(array) => match array.is_null(row) {
                true => Input::Null,
                false => Input::from(array.value(row)),
            },
            Self::TextView(array) => match array.is_null(row) {
                true => Input::Null,
                false => Input::from(array.value(row)),
            },
            Self::Dictionary(keys, places, values) => match places.get(row) {
                Some(&place) if !keys.is_null(row) => values.get(place, null_means)?,
                _ => Input::Null,
            },
            Self::Other(array) => cell::input(*array, row, null_means)?,
        })
    }
}
