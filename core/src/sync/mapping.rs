//! Mappings: from a row to an operation, by a stream's attributes.

use std::sync::Arc;

use rustc_hash::FxHashSet;
use serde_json::Value as Json;

use crate::error::{Error, ErrorCode, Result};
use crate::operation::{Match, Operation, OperationKind};
use crate::record::{Attributes, Change, first_of};
use crate::schema::{Attribute, MatchKey, Origin, RecordType, Write, nearest};
use crate::source::StreamDescription;
use crate::value::{AddressPatch, Value, ValueType, address_part};

use super::automatic;
use super::expression::RowExpression;
use super::row::{Columns, Row};
use super::stream_job::{AttributeJob, Mode, NullPolicy, StreamJob, ValueOrigin};

/// A compiled mapping of one stream.
#[derive(Debug)]
pub(super) struct Mapping {
    record_type: Arc<RecordType>,
    mode: Mode,
    default_region: Option<String>,
    columns: Columns,
    entries: Vec<Entry>,
    matching: Option<MatchEntry>,
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
    name: String,
    key: MatchKey,
    /// The entry whose value is matched by.
    entry: usize,
}

impl Mapping {
    /// Compiles the mapping of a stream against its record type and what the source says it has.
    ///
    /// # Errors
    /// `config_invalid` for an unknown attribute or column (with the nearest right name), a
    /// match that cannot match, an attribute that cannot be written.
    pub(super) fn compile(
        stream: &StreamJob,
        record_type: &Arc<RecordType>,
        source: &StreamDescription,
        default_region: Option<&str>,
    ) -> Result<Self> {
        let automatic;
        let attributes = match &stream.attributes {
            Some(attributes) => attributes,
            None => {
                automatic = automatic::attributes(record_type, stream, source)?;
                &automatic
            }
        };
        let mut mapping = Self {
            record_type: Arc::clone(record_type),
            mode: stream.mode,
            default_region: default_region.map(str::to_owned),
            columns: Columns::default(),
            entries: Vec::with_capacity(attributes.len()),
            matching: None,
        };
        for attribute in attributes {
            let entry = mapping
                .entry(stream, attribute, source)
                .map_err(|error| locate(attribute, &error))?;
            mapping.entries.push(entry);
        }
        mapping.columns.wants_whole =
            mapping.entries.iter().any(|entry| matches!(entry.origin, CellOrigin::Expression(_)));
        mapping.check_targets()?;
        mapping.matching = mapping.match_entry(stream)?;
        Ok(mapping)
    }

    fn entry(
        &mut self,
        stream: &StreamJob,
        job: &AttributeJob,
        source: &StreamDescription,
    ) -> Result<Entry> {
        let target = self.target(stream, &job.name)?;
        let (origin, null, default, split) = match &job.origin {
            ValueOrigin::Column { name, split, null, default, is_optional } => {
                if !is_optional {
                    check_column(name, source)?;
                }
                let slot = self.columns.slot(name);
                for earlier in &mut self.entries {
                    if let CellOrigin::Slot { slot: read, is_last } = &mut earlier.origin {
                        *is_last &= *read != slot;
                    }
                }
                let origin = CellOrigin::Slot { slot, is_last: true };
                (origin, null, default.clone(), split.clone())
            }
            ValueOrigin::Constant(value) => {
                (CellOrigin::Constant(value.clone()), &None, None, None)
            }
            ValueOrigin::Expression { text, null, default } => {
                (CellOrigin::Expression(RowExpression::compile(text)?), null, default.clone(), None)
            }
        };
        let entry = Entry {
            target,
            origin,
            null: null.unwrap_or(stream.null),
            default,
            split,
            name: job.name.clone(),
        };
        // What is the same for every row is wrong now or never.
        for fixed in [&entry.default].into_iter().flatten().chain(match &entry.origin {
            CellOrigin::Constant(value) => Some(value),
            _ => None,
        }) {
            self.change(&entry, fixed.clone())?;
        }
        Ok(entry)
    }

    fn target(&self, stream: &StreamJob, name: &str) -> Result<Target> {
        if let Some((attribute, part)) = name.split_once('.')
            && let Some(index) = self.record_type.index_of(attribute)
        {
            let declared = self.record_type.attribute(index);
            let wrong = |what: &str| Error::new(ErrorCode::ConfigInvalid, what).at_field(name);
            if declared.value_type != ValueType::Address {
                return Err(wrong(&format!("{attribute} has no parts")));
            }
            let parts = crate::value::ADDRESS_PARTS;
            let part = address_part(part).ok_or_else(|| {
                let error = wrong(&format!("{attribute} has no part {part:?}"));
                match nearest(part, parts) {
                    Some(near) => error.hint(format!("did you mean {attribute}.{near}?")),
                    None => error.hint(format!("the parts are {}", parts.join(", "))),
                }
            })?;
            return Ok(Target::Part(index, part));
        }
        if stream.matching.as_deref() == Some(name) && is_match_only(&self.record_type, name) {
            return Ok(Target::MatchOnly);
        }
        let index = self.record_type.require(name).map_err(|error| as_config(&error))?;
        let write = match stream.mode {
            Mode::Assert => Write::Assert,
            Mode::Create => Write::Create,
            Mode::Update => Write::Patch,
        };
        self.record_type
            .attribute(index)
            .check_writable(write)
            .map_err(|error| as_config(&error))?;
        Ok(Target::Attribute(index))
    }

    /// No two entries may write the same.
    fn check_targets(&self) -> Result<()> {
        for (index, entry) in self.entries.iter().enumerate() {
            let clash =
                self.entries[..index].iter().find(|earlier| match (earlier.target, entry.target) {
                    (Target::Attribute(a), Target::Attribute(b) | Target::Part(b, _))
                    | (Target::Part(a, _), Target::Attribute(b)) => a == b,
                    (a, b) => a == b && a != Target::MatchOnly,
                });
            if let Some(earlier) = clash {
                return Err(Error::new(
                    ErrorCode::ConfigInvalid,
                    format!("{} and {} write the same attribute", earlier.name, entry.name),
                )
                .at_field(&entry.name)
                .hint("leave one of them out"));
            }
        }
        Ok(())
    }

    fn match_entry(&self, stream: &StreamJob) -> Result<Option<MatchEntry>> {
        let wrong = |what: String| Error::new(ErrorCode::ConfigInvalid, what).at_field("match");
        let Some(name) = &stream.matching else {
            return match stream.mode {
                Mode::Create => Ok(None),
                _ => Err(wrong("a stream that asserts or updates needs a match".to_owned()).hint(
                    format!("match by one of {}", self.record_type.match_names().join(", ")),
                )),
            };
        };
        if stream.mode == Mode::Create {
            return Err(wrong("a stream that creates takes no match".to_owned())
                .hint("leave match out, or use mode = \"assert\""));
        }
        if stream.mode == Mode::Assert && !self.record_type.can_assert() {
            return Err(Error::new(
                ErrorCode::OperationNotSupported,
                format!("records of type {} cannot be asserted", self.record_type.api_name()),
            )
            .hint("use mode = \"create\" or \"update\""));
        }
        let key = self
            .record_type
            .match_key(name)
            .map_err(|error| as_config(&error).at_field("match"))?;
        let feeds = |entry: &Entry, exactly: bool| match entry.target {
            Target::MatchOnly => true,
            Target::Attribute(index) if exactly => self.record_type.index_of(name) == Some(index),
            Target::Attribute(index) => match self.record_type.attribute(index).origin {
                Origin::PrimaryOf(array) => key == MatchKey::Attribute(array),
                _ => key == MatchKey::Attribute(index),
            },
            Target::Part(..) => false,
        };
        let entry = [true, false]
            .into_iter()
            .find_map(|exactly| self.entries.iter().position(|entry| feeds(entry, exactly)));
        let Some(entry) = entry else {
            return Err(wrong(format!("nothing gives {name} a value to match by"))
                .hint(format!("add {name} to [streams.attributes]")));
        };
        Ok(Some(MatchEntry { name: name.clone(), key, entry }))
    }

    /// Turns a row into an operation; columns that nothing uses go to `unused`.
    ///
    /// # Errors
    /// `source_data_invalid`, `field_value_invalid`, `field_required_missing` for a row with no
    /// value to match by: the row is refused.
    pub(super) fn operation(
        &self,
        line: &str,
        unused: &mut FxHashSet<String>,
    ) -> Result<Operation> {
        let mut row = self.columns.read(line, unused)?;
        let mut attributes = Attributes::default();
        let mut errors = Vec::new();
        let mut match_value = None;
        for (place, entry) in self.entries.iter().enumerate() {
            let value = match self.value(entry, &mut row) {
                Ok(Some(value)) => value,
                Ok(None) => continue,
                Err(error) => {
                    errors.push(error.at_field(&entry.name));
                    continue;
                }
            };
            let is_match = self.matching.as_ref().is_some_and(|matching| matching.entry == place);
            if entry.target == Target::MatchOnly {
                match_value = Some(MatchInput::Json(value));
                continue;
            }
            match self.change(entry, value) {
                Ok(Some(change)) => {
                    if is_match && let Change::Set(value) = &change {
                        match_value = Some(MatchInput::Value(value.clone()));
                    }
                    add(&mut attributes, entry.target, change);
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
                let matching = self.find_match(entry, match_value)?;
                match self.mode {
                    Mode::Update => OperationKind::Update { matching, attributes },
                    _ => OperationKind::Assert { matching, attributes },
                }
            }
        };
        Ok(Operation { record_type: Arc::clone(&self.record_type), kind })
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
            .at_field(&entry.name)
        })
    }

    /// The value of an entry in a row; `None` is absent.
    fn value(&self, entry: &Entry, row: &mut Row) -> Result<Option<Json>> {
        let found = match &entry.origin {
            CellOrigin::Slot { slot, is_last: true } => row.cells[*slot].take(),
            CellOrigin::Slot { slot, is_last: false } => row.cells[*slot].clone(),
            CellOrigin::Constant(value) => Some(value.clone()),
            CellOrigin::Expression(expression) => match &row.whole {
                Some(whole) => expression.evaluate(whole)?,
                None => None,
            },
        };
        let found = match found {
            None | Some(Json::Null) if entry.default.is_some() => entry.default.clone(),
            found => found,
        };
        Ok(match (found, &entry.split) {
            (Some(Json::Null), _) if entry.null == NullPolicy::Keep => None,
            (Some(Json::String(text)), Some(split)) => Some(
                text.split(split.as_str())
                    .map(str::trim)
                    .filter(|part| !part.is_empty())
                    .map(Json::from)
                    .collect(),
            ),
            (found, _) => found,
        })
    }

    /// The change that a value makes; `None` where it makes none.
    fn change(&self, entry: &Entry, value: Json) -> Result<Option<Change>> {
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
                    Json::Null => None,
                    Json::String(text) => Some(text.into_boxed_str()),
                    Json::Number(number) => Some(number.to_string().into()),
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
            .filter(|name| {
                !self.entries.iter().any(|entry| match &entry.origin {
                    CellOrigin::Expression(expression) => expression.mentions(name),
                    _ => false,
                })
            })
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

/// A primary value as an element of its array.
fn as_element(value: Value, attribute: &Attribute) -> Value {
    match value {
        Value::Text(text) if attribute.value_type.is_item() => {
            Value::Item(Box::new(crate::value::Item::new(text)))
        }
        other => other,
    }
}

/// Whether a match key is no attribute that can be written: `id`, or a name for matches alone.
fn is_match_only(record_type: &RecordType, name: &str) -> bool {
    match record_type.index_of(name) {
        None => record_type.match_key(name).is_ok(),
        Some(index) => matches!(record_type.attribute(index).origin, Origin::System(_)),
    }
}

fn check_column(name: &str, source: &StreamDescription) -> Result<()> {
    let is_unknown = source.fields.is_empty() && !source.fields_are_complete;
    if is_unknown || source.fields.iter().any(|field| field.name == name) {
        return Ok(());
    }
    let names = || source.fields.iter().map(|field| field.name.as_str());
    let what = if source.fields_are_complete { "has" } else { "shows" };
    let error =
        Error::new(ErrorCode::ConfigInvalid, format!("the source {what} no column {name:?}"));
    let hint = match nearest(name, names()) {
        Some(near) => format!("did you mean {near:?}?"),
        None => format!("the columns are {}", names().collect::<Vec<_>>().join(", ")),
    };
    Err(if source.fields_are_complete {
        error.hint(hint)
    } else {
        error.hint(format!("{hint} If it comes later: {{ column = {name:?}, optional = true }}"))
    })
}

/// A mistake in a job is the job's, whatever code it has in a request.
fn as_config(error: &Error) -> Error {
    let config = Error::new(ErrorCode::ConfigInvalid, error.message()).hint(error.remedy());
    match error.field() {
        Some(field) => config.at_field(field),
        None => config,
    }
}

fn locate(attribute: &AttributeJob, error: &Error) -> Error {
    let config = if attribute.place.is_empty() {
        Error::new(error.code(), error.message())
    } else {
        Error::new(ErrorCode::ConfigInvalid, format!("{}: {}", attribute.place, error.message()))
    };
    config.at_field(&attribute.name).hint(error.remedy())
}
