//! Mappings: from a row to an operation, by a stream's attributes.

mod compile;

use std::sync::Arc;

use rustc_hash::FxHashSet;
use serde_json::Value as Json;

use crate::error::{Error, ErrorCode, Result};
use crate::operation::{Match, Operation, OperationKind};
use crate::record::{Attributes, Change, first_of};
use crate::schema::{Attribute, MatchKey, RecordType};
use crate::source::StreamDescription;
use crate::value::{AddressPatch, Input, Value};

use super::automatic;
use super::expression::RowExpression;
use super::row::{Columns, Row};
use super::stream_job::{Mode, NullPolicy};

/// A compiled mapping of one stream.
#[derive(Debug)]
pub(super) struct Mapping {
    record_type: Arc<RecordType>,
    mode: Mode,
    default_region: Option<String>,
    columns: Columns,
    entries: Vec<Entry>,
    matching: Option<MatchEntry>,
    /// What columns may name, where a row is refused for one that names nothing.
    possible: Option<Vec<(String, String)>>,
}

#[derive(Debug)]
struct Entry {
    target: Target,
    origin: CellOrigin,
    null: NullPolicy,
    default: Option<Json>,
    split: Option<String>,
    /// The name in messages.
    name: String,
}

/// What a value goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    /// A whole attribute.
    Attribute(usize),
    /// One part of an address.
    Part(usize, usize),
    /// Only the match.
    MatchOnly,
}

#[derive(Debug)]
enum CellOrigin {
    /// A cell of the row; the last entry that reads it may take it, the others copy.
    Slot {
        slot: usize,
        is_last: bool,
    },
    Constant(Json),
    Expression(RowExpression),
}

#[derive(Debug)]
struct MatchEntry {
    name: Arc<str>,
    key: MatchKey,
    /// The entries whose value is matched by.
    entries: Vec<usize>,
    /// Whether a row is matched by the values of all of them, not of the first that it gives.
    is_joint: bool,
}

impl MatchEntry {
    /// How much an entry is preferred, 0 the most; `None` where it is not matched by.
    fn rank(&self, place: usize) -> Option<usize> {
        self.entries.iter().position(|entry| *entry == place)
    }

    /// What a row is matched by that gives another value after `found`.
    fn with(
        &self,
        found: Option<MatchInput>,
        value: &Value,
        record_type: &RecordType,
    ) -> MatchInput {
        MatchInput::Value(match (found, self.key) {
            (Some(MatchInput::Value(found)), MatchKey::Attribute(index)) if self.is_joint => {
                joined(found, value.clone(), record_type.attribute(index))
            }
            _ => value.clone(),
        })
    }
}

impl Mapping {
    /// The columns that rows are read for.
    pub(super) fn columns(&self) -> &Columns {
        &self.columns
    }

    /// Reads a row, as [`Columns::read`]; a fault in a cell is at its attribute, and an unknown
    /// column has the nearest name.
    pub(super) fn read<'r, 'a>(
        &self,
        line: &'a str,
        cells: &'r mut Vec<Option<Input<'a>>>,
        unused: &mut FxHashSet<String>,
    ) -> Result<Row<'r, 'a>> {
        self.columns.read(line, cells, unused).map_err(|error| {
            if let (ErrorCode::UnknownField, Some(column), Some(possible)) =
                (error.code(), error.field(), &self.possible)
            {
                return automatic::unknown(&self.record_type, column, possible);
            }
            let slot = error.field().and_then(|column| self.columns.find(column));
            let reads = |entry: &&Entry| matches!(entry.origin, CellOrigin::Slot { slot: read, .. } if Some(read) == slot);
            match self.entries.iter().find(reads) {
                Some(entry) => error.at_field(&entry.name),
                None => error,
            }
        })
    }

    /// Whether an expression uses a column.
    pub(super) fn mentions(&self, column: &str) -> bool {
        self.entries.iter().any(|entry| match &entry.origin {
            CellOrigin::Expression(expression) => expression.mentions(column),
            _ => false,
        })
    }

    /// Turns a row into an operation.
    ///
    /// # Errors
    /// `field_value_invalid`, `field_required_missing` for a row with no value to match by: the
    /// row is refused.
    pub(super) fn operation(&self, mut row: Row<'_, '_>) -> Result<Operation> {
        let mut attributes = Attributes::with_capacity(self.entries.len());
        let mut errors = Vec::new();
        let mut matched: Option<(usize, MatchInput)> = None;
        for (place, entry) in self.entries.iter().enumerate() {
            let value = match self.value(entry, &mut row) {
                Ok(Some(value)) => value,
                Ok(None) => continue,
                Err(error) => {
                    errors.push(error.at_field(&entry.name));
                    continue;
                }
            };
            let matching = self.matching.as_ref();
            let rank = matching.and_then(|matching| Some((matching, matching.rank(place)?)));
            // The one that is preferred to what was found before, or all.
            let rank = rank.filter(|(matching, rank)| {
                matching.is_joint || matched.as_ref().is_none_or(|(found, _)| rank < found)
            });
            if entry.target == Target::MatchOnly {
                matched = rank.map(|(_, rank)| (rank, MatchInput::Json(value.into()))).or(matched);
                continue;
            }
            match self.change(entry, value) {
                Ok(Some(change)) => {
                    if let (Some((matching, rank)), Change::Set(value)) = (rank, &change) {
                        let found = matched.take().map(|(_, found)| found);
                        matched = Some((rank, matching.with(found, value, &self.record_type)));
                    }
                    match twice(&attributes, entry) {
                        Some(error) => errors.push(error),
                        None => add(&mut attributes, entry.target, change),
                    }
                }
                Ok(None) => {}
                Err(error) => errors.push(error),
            }
        }
        if let Some(error) = first_of(errors.into_iter()) {
            return Err(error);
        }
        let kind = match &self.matching {
            None => OperationKind::Create { attributes },
            Some(entry) => {
                let matching = self.find_match(entry, matched.map(|(_, input)| input))?;
                match self.mode {
                    Mode::Update => OperationKind::Update { matching, attributes },
                    _ => OperationKind::Assert { matching, attributes },
                }
            }
        };
        let mut operation = Operation::new(Arc::clone(&self.record_type), kind);
        // What the API cannot assert, a remote workspace looks for and then makes or changes.
        operation.writes_read_only = self.record_type.is_remote();
        Ok(operation)
    }

    fn find_match(&self, entry: &MatchEntry, input: Option<MatchInput>) -> Result<Match> {
        let found = match (input, entry.key) {
            (Some(MatchInput::Value(value)), MatchKey::Attribute(index)) => Match::from_value(
                &entry.name,
                index,
                as_element(value, self.record_type.attribute(index)),
            ),
            (Some(MatchInput::Json(json)), key) => {
                let region = self.default_region.as_deref();
                Match::from_json(&self.record_type, &entry.name, key, json, region)?
            }
            _ => None,
        };
        found.ok_or_else(|| {
            Error::new(
                ErrorCode::FieldRequiredMissing,
                format!("the row has no {} to match by", entry.name),
            )
            .at_field(&*entry.name)
        })
    }

    /// The value of an entry in a row; `None` is absent.
    fn value<'a>(&self, entry: &Entry, row: &mut Row<'_, 'a>) -> Result<Option<Input<'a>>> {
        let found = match &entry.origin {
            CellOrigin::Slot { slot, is_last } => row.cell(*slot, *is_last)?,
            CellOrigin::Constant(value) => Some(value.clone().into()),
            CellOrigin::Expression(expression) => match &row.whole() {
                Some(whole) => expression.evaluate(whole)?.map(Input::from),
                None => None,
            },
        };
        let found = match (found, &entry.default) {
            (None | Some(Input::Null), Some(default)) => Some(default.clone().into()),
            (found, _) => found,
        };
        Ok(match found {
            Some(Input::Null) if entry.null == NullPolicy::Keep => None,
            found => found.map(|value| split_at(entry.split.as_deref(), value)),
        })
    }

    /// The change that a value makes; `None` where it makes none.
    fn change(&self, entry: &Entry, value: Input<'_>) -> Result<Option<Change>> {
        match entry.target {
            Target::MatchOnly => Ok(None),
            Target::Attribute(index) => {
                let attribute = self.record_type.attribute(index);
                match attribute.parse(value, self.default_region.as_deref())? {
                    Some(value) => Ok(Some(Change::Set(value))),
                    None => attribute.check_null().map(|()| Some(Change::Clear)),
                }
            }
            Target::Part(_, part) => {
                let text = match value {
                    Input::Null => None,
                    Input::Text(text) => Some(text.into()),
                    Input::Json(Json::Number(number)) => Some(number.to_string().into()),
                    other => {
                        return Err(Error::new(
                            ErrorCode::FieldValueInvalid,
                            format!("expected text, found {other}"),
                        )
                        .at_field(&entry.name));
                    }
                };
                let mut patch = AddressPatch::default();
                patch.0[part] = Some(text);
                Ok(Some(Change::Merge(Box::new(patch))))
            }
        }
    }

    /// The columns of a source that nothing uses, sorted.
    pub(super) fn unused_columns(
        &self,
        source: &StreamDescription,
        seen: &FxHashSet<String>,
    ) -> Vec<String> {
        let described = source.fields.iter().map(|field| &field.name);
        let mut unused: Vec<String> = seen
            .iter()
            .chain(described)
            .filter(|name| !self.columns.names().contains(name))
            .filter(|name| !self.mentions(name))
            .cloned()
            .collect();
        unused.sort_unstable();
        unused.dedup();
        unused
    }
}

enum MatchInput {
    /// Parsed already, as the value of an attribute.
    Value(Value),
    /// As the row has it.
    Json(Json),
}

/// The list that a text is split into, without its empty elements.
fn split_at<'a>(split: Option<&str>, value: Input<'a>) -> Input<'a> {
    match (value, split) {
        (Input::Text(text), Some(split)) => {
            let parts = text.split(split).map(str::trim).filter(|part| !part.is_empty());
            Input::Json(parts.map(Json::from).collect())
        }
        (value, _) => value,
    }
}

/// The fault of a row that gives an address as a whole and a part of it too.
fn twice(attributes: &Attributes, entry: &Entry) -> Option<Error> {
    let what = match entry.target {
        Target::Part(index, _) => {
            let is_whole = matches!(attributes.change(index), Some(Change::Set(_) | Change::Clear));
            is_whole.then_some("the row gives the whole address too")
        }
        Target::Attribute(index) => {
            let is_part = matches!(attributes.change(index), Some(Change::Merge(_)));
            is_part.then_some("the row gives parts of the address too")
        }
        Target::MatchOnly => None,
    };
    what.map(|what| Error::new(ErrorCode::FieldValueInvalid, what).at_field(&entry.name))
}

fn add(attributes: &mut Attributes, target: Target, change: Change) {
    match (target, change) {
        (Target::Part(index, _), Change::Merge(patch)) => {
            let mut merged = match attributes.remove(index) {
                Some(Change::Merge(merged)) => merged,
                _ => Box::default(),
            };
            for (part, change) in merged.0.iter_mut().zip(patch.0) {
                if change.is_some() {
                    *part = change;
                }
            }
            attributes.set(index, Change::Merge(merged));
        }
        (Target::Attribute(index), change) => attributes.set(index, change),
        _ => {}
    }
}

/// The elements of both values, those that find the same record once.
fn joined(found: Value, value: Value, attribute: &Attribute) -> Value {
    let mut elements: Vec<Value> = Vec::new();
    for value in [found, value] {
        let new = match value {
            Value::List(elements) => elements.into_vec(),
            one => vec![as_element(one, attribute)],
        };
        for element in new {
            let key = element.match_key(attribute.value_type);
            if elements.iter().all(|known| known.match_key(attribute.value_type) != key) {
                elements.push(element);
            }
        }
    }
    Value::List(elements.into())
}

/// A primary value as an element of its array.
fn as_element(value: Value, attribute: &Attribute) -> Value {
    match value {
        Value::Text(text) if attribute.value_type.is_item() => {
            Value::Item(Box::new(crate::value::Item::new(text)))
        }
        other => other,
    }
}
