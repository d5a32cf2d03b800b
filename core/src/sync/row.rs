//! A row: the cells of the columns that are wanted, absent, null or a value.

use std::borrow::Cow;
use std::fmt;

use rustc_hash::{FxHashMap, FxHashSet};
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value as Json;

use crate::error::{Error, ErrorCode, Result};
use crate::value::{Input, keep_long_numbers};

use super::automatic::plain;
use super::columnar::ColumnarRow;

/// Names of unused columns that are kept for the report, at most.
const MAX_UNUSED: usize = 1000;

/// The columns that a mapping wants, each in its slot.
#[derive(Debug, Default)]
pub(super) struct Columns {
    names: Vec<String>,
    slots: FxHashMap<String, usize>,
    /// Slots of columns that may come under another name, by the plain form of it.
    later: FxHashMap<String, usize>,
    /// Whether rows are wanted whole, for expressions.
    pub(super) wants_whole: bool,
    /// Whether a row is refused for a column that is not wanted.
    pub(super) refuses_others: bool,
}

/// One row of a batch that is borrowed for `'a`.
pub(super) enum Row<'r, 'a> {
    /// A line of JSON, read into a cell for each slot; `None` is absent.
    Line { cells: &'r mut [Option<Input<'a>>], whole: Option<minijinja::Value> },
    /// A row of columns.
    Columnar(ColumnarRow<'r, 'a>),
}

impl<'a> Row<'_, 'a> {
    /// The cell in a slot; `None` is absent. It may be taken the last time it is asked for.
    ///
    /// # Errors
    /// `field_value_invalid` if it is nothing that a value can be parsed from.
    pub(super) fn cell(&mut self, slot: usize, is_last: bool) -> Result<Option<Input<'a>>> {
        match self {
            Self::Line { cells, .. } if is_last => Ok(cells[slot].take()),
            Self::Line { cells, .. } => Ok(cells[slot].clone()),
            Self::Columnar(row) => row.cell(slot),
        }
    }

    /// The whole row, if [`Columns::wants_whole`] says that it is wanted.
    pub(super) fn whole(&mut self) -> Option<minijinja::Value> {
        match self {
            Self::Line { whole, .. } => whole.clone(),
            Self::Columnar(row) => Some(row.whole()),
        }
    }
}

impl Columns {
    /// The slot of a column, made if it is new.
    pub(super) fn slot(&mut self, name: &str) -> usize {
        if let Some(&slot) = self.slots.get(name) {
            return slot;
        }
        let slot = self.names.len();
        self.names.push(name.to_owned());
        self.slots.insert(name.to_owned(), slot);
        slot
    }

    /// Lets a column come under any name with this plain form.
    pub(super) fn add_later(&mut self, plain: &str, slot: usize) {
        self.later.entry(plain.to_owned()).or_insert(slot);
    }

    /// The slot of a column of a row; `unused` has those that are known to have none.
    pub(super) fn find_in_row(&self, name: &str, unused: &FxHashSet<String>) -> Option<usize> {
        self.find(name).or_else(|| {
            let may_be = !self.later.is_empty() && !unused.contains(name);
            may_be.then(|| self.later.get(&plain(name)).copied()).flatten()
        })
    }

    /// The slot of a column that is wanted.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.slots.get(name).copied()
    }

    /// The columns, by slot.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Reads one JSON object into `cells`, which is kept for its memory; columns that are not
    /// wanted go to `unused`.
    ///
    /// # Errors
    /// `source_data_invalid` if it is not one; `field_value_invalid` if it gives a column twice,
    /// under two names and with different values; `unknown_field` for one that is not wanted, where
    /// rows are refused for it.
    pub(super) fn read<'r, 'a>(
        &self,
        line: &'a str,
        cells: &'r mut Vec<Option<Input<'a>>>,
        unused: &mut FxHashSet<String>,
    ) -> Result<Row<'r, 'a>> {
        cells.clear();
        cells.resize(self.names.len(), None);
        let mut whole = None;
        if self.wants_whole {
            // Expressions calculate with numbers, as floats where they are long.
            let object: serde_json::Map<String, Json> =
                serde_json::from_str(line).map_err(|cause| wrong(&cause))?;
            whole = Some(minijinja::Value::from(minijinja::value::Serde(&object)));
        }
        match keep_long_numbers(line) {
            Cow::Borrowed(line) => self.read_cells(line, cells, unused)?,
            Cow::Owned(line) => {
                let mut own = vec![None; cells.len()];
                self.read_cells(&line, &mut own, unused)?;
                *cells = own.into_iter().map(|cell| cell.map(Input::into_owned)).collect();
            }
        }
        Ok(Row::Line { cells, whole })
    }

    fn read_cells<'a>(
        &self,
        line: &'a str,
        cells: &mut [Option<Input<'a>>],
        unused: &mut FxHashSet<String>,
    ) -> Result<()> {
        let mut deserializer = serde_json::Deserializer::from_str(line);
        let mut reading = None;
        let mut other = None;
        let visitor =
            RowVisitor { columns: self, cells, unused, reading: &mut reading, other: &mut other };
        let twice = deserializer.deserialize_map(visitor);
        let twice = twice.map_err(|cause| match reading {
            Some(slot) if cause.to_string().starts_with("number out of range") => {
                let what = "expected a number that 64 bits hold, found a larger one";
                Error::new(ErrorCode::FieldValueInvalid, what)
                    .at_field(&self.names[slot])
                    .hint("write it as text, or leave it out")
            }
            _ => wrong(&cause),
        })?;
        deserializer.end().map_err(|cause| wrong(&cause))?;
        if let Some(name) = other {
            let what = format!("{name:?} is no column");
            return Err(Error::new(ErrorCode::UnknownField, what).at_field(name));
        }
        for slot in twice {
            self.check_names(slot, line, unused)?;
        }
        Ok(())
    }

    /// A key that stands twice in a row has its last value; two names of one column are a fault.
    fn check_names(&self, slot: usize, line: &str, unused: &FxHashSet<String>) -> Result<()> {
        let row: serde_json::Map<String, Json> = serde_json::from_str(line).unwrap_or_default();
        let names = row.keys().filter(|name| self.find_in_row(name, unused) == Some(slot));
        let names: Vec<&str> = names.map(String::as_str).collect();
        if names.len() < 2 {
            return Ok(());
        }
        let column = &self.names[slot];
        let what = format!("{column} is given twice, with different values");
        Err(Error::new(ErrorCode::FieldValueInvalid, what)
            .at_field(column)
            .hint(format!("give only one of {}", names.join(" and "))))
    }
}

fn wrong(cause: &serde_json::Error) -> Error {
    Error::new(ErrorCode::SourceDataInvalid, format!("the row is not a JSON object: {cause}"))
}

/// Keeps the name of a column that nothing uses.
pub(super) fn note_unused(name: &str, unused: &mut FxHashSet<String>) {
    if !unused.contains(name) && unused.len() < MAX_UNUSED {
        unused.insert(name.to_owned());
    }
}

struct RowVisitor<'r, 'a> {
    columns: &'r Columns,
    cells: &'r mut [Option<Input<'a>>],
    unused: &'r mut FxHashSet<String>,
    /// The slot whose value is being read.
    reading: &'r mut Option<usize>,
    /// The first column that the row is refused for.
    other: &'r mut Option<String>,
}

impl<'de> Visitor<'de> for RowVisitor<'_, 'de> {
    /// Slots that were given two different values.
    type Value = Vec<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<usize>, A::Error> {
        let mut twice = Vec::new();
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            match self.columns.find_in_row(&name, self.unused) {
                Some(slot) => {
                    *self.reading = Some(slot);
                    let value = Some(map.next_value()?);
                    *self.reading = None;
                    if self.cells[slot].is_some() && self.cells[slot] != value {
                        twice.push(slot);
                    }
                    self.cells[slot] = value;
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                    note_unused(&name, self.unused);
                    if self.columns.refuses_others && self.other.is_none() {
                        *self.other = Some(name.into_owned());
                    }
                }
            }
        }
        Ok(twice)
    }
}
