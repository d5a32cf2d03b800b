//! A row: the cells of the columns that are wanted, absent, null or a value.

use std::fmt;

use rustc_hash::{FxHashMap, FxHashSet};
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value as Json;

use crate::error::{Error, ErrorCode, Result};

/// Names of unused columns that are kept for the report, at most.
const MAX_UNUSED: usize = 1000;

/// The columns that a mapping wants, each in its slot.
#[derive(Debug, Default)]
pub(super) struct Columns {
    names: Vec<String>,
    slots: FxHashMap<String, usize>,
    /// Whether rows are wanted whole, for expressions.
    pub(super) wants_whole: bool,
}

/// A row as it is read.
#[derive(Debug)]
pub(super) struct Row {
    /// One cell for each wanted column; `None` is absent.
    pub(super) cells: Vec<Option<Json>>,
    /// The whole row, where it is wanted.
    pub(super) whole: Option<minijinja::Value>,
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

    /// The columns, by slot.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Reads one JSON object; columns that are not wanted go to `unused`.
    ///
    /// # Errors
    /// `source_data_invalid` if it is not one.
    pub(super) fn read(&self, line: &str, unused: &mut FxHashSet<String>) -> Result<Row> {
        let wrong = |cause: serde_json::Error| {
            Error::new(
                ErrorCode::SourceDataInvalid,
                format!("the row is not a JSON object: {cause}"),
            )
        };
        if self.wants_whole {
            let whole: serde_json::Map<String, Json> = serde_json::from_str(line).map_err(wrong)?;
            let mut cells = vec![None; self.names.len()];
            for (name, value) in &whole {
                self.note(name, value.clone(), &mut cells, unused);
            }
            return Ok(Row {
                cells,
                whole: Some(minijinja::Value::from(minijinja::value::Serde(&whole))),
            });
        }
        let mut deserializer = serde_json::Deserializer::from_str(line);
        let cells =
            deserializer.deserialize_map(RowVisitor { columns: self, unused }).map_err(wrong)?;
        deserializer.end().map_err(wrong)?;
        Ok(Row { cells, whole: None })
    }

    fn note(
        &self,
        name: &str,
        value: Json,
        cells: &mut [Option<Json>],
        unused: &mut FxHashSet<String>,
    ) {
        match self.slots.get(name) {
            Some(&slot) => cells[slot] = Some(value),
            None => note_unused(name, unused),
        }
    }
}

fn note_unused(name: &str, unused: &mut FxHashSet<String>) {
    if !unused.contains(name) && unused.len() < MAX_UNUSED {
        unused.insert(name.to_owned());
    }
}

struct RowVisitor<'a> {
    columns: &'a Columns,
    unused: &'a mut FxHashSet<String>,
}

impl<'de> Visitor<'de> for RowVisitor<'_> {
    type Value = Vec<Option<Json>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut cells = vec![None; self.columns.names.len()];
        while let Some(name) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            match self.columns.slots.get(&*name) {
                Some(&slot) => cells[slot] = Some(map.next_value()?),
                None => {
                    map.next_value::<IgnoredAny>()?;
                    note_unused(&name, self.unused);
                }
            }
        }
        Ok(cells)
    }
}
