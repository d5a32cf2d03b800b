//! Compiling a mapping: what a stream says of its attributes is checked here, before a row is read.

use std::sync::Arc;

use crate::error::{Error, ErrorCode, Result};
use crate::schema::{MatchKey, Origin, RecordType, nearest};
use crate::source::StreamDescription;
use crate::value::{ValueType, address_part};

use super::{CellOrigin, Entry, Mapping, MatchEntry, Target, split_at};
use crate::sync::automatic::{self, Named};
use crate::sync::document::{TOP_HINT, TOP_KEY};
use crate::sync::expression::RowExpression;
use crate::sync::row::Columns;
use crate::sync::stream_job::{AttributeJob, Mode, StreamJob, ValueOrigin};

impl Mapping {
    /// Compiles the mapping of a stream against its record type and what the source says it has.
    ///
    /// # Errors
    /// `config_invalid` for an unknown attribute or column (with the nearest right name), a
    /// match that cannot match, an attribute that cannot be written; `operation_not_supported` for
    /// a record type that is only read.
    pub(in crate::sync) fn compile(
        stream: &StreamJob,
        record_type: &Arc<RecordType>,
        source: &StreamDescription,
        default_region: Option<&str>,
    ) -> Result<Self> {
        record_type.check_writable()?;
        let named = match &stream.attributes {
            Some(attributes) => Named::only(attributes.clone()),
            None => automatic::attributes(record_type, stream, source)?,
        };
        Self::compile_named(stream, record_type, named, source, default_region)
    }

    /// The same for attributes that were found beforehand.
    ///
    /// # Errors
    /// As [`Self::compile`].
    pub(in crate::sync) fn compile_named(
        stream: &StreamJob,
        record_type: &Arc<RecordType>,
        named: Named,
        source: &StreamDescription,
        default_region: Option<&str>,
    ) -> Result<Self> {
        record_type.check_writable()?;
        let Named { attributes, known, later, matches_later, refuses_others } = named;
        let mut mapping = Self {
            record_type: Arc::clone(record_type),
            mode: stream.mode,
            default_region: default_region.map(str::to_owned),
            columns: Columns::default(),
            entries: Vec::with_capacity(attributes.len()),
            matching: None,
            possible: refuses_others,
        };
        mapping.columns.refuses_others = mapping.possible.is_some();
        for attribute in &attributes {
            let entry = mapping
                .entry(stream, attribute, source)
                .map_err(|error| locate(attribute, &error))?;
            mapping.entries.push(entry);
        }
        mapping.columns.wants_whole =
            mapping.entries.iter().any(|entry| matches!(entry.origin, CellOrigin::Expression(_)));
        for (plain, name) in &later {
            mapping.accept_later(plain, name);
        }
        mapping.check_targets(known).map_err(|error| {
            let named = attributes.iter().find(|one| error.field() == Some(one.name.as_str()));
            match named {
                Some(attribute) => locate(attribute, &error),
                None => error,
            }
        })?;
        let searched = if matches_later { mapping.entries.len() } else { known };
        mapping.matching = mapping.match_entry(stream, known, searched)?;
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
                    let optional = format!("{{ column = {name:?}, optional = true }}");
                    check_column(name, source, &optional)?;
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
            ValueOrigin::Expression { text, null, default, is_optional } => {
                let expression = RowExpression::compile(text)?;
                // Where columns may come later, an expression may say what holds until then.
                if !is_optional && (source.fields_are_complete || !expression.has_default()) {
                    let optional = format!("{{ expression = {text:?}, optional = true }}");
                    let mut columns = expression.columns().into_iter();
                    columns.try_for_each(|name| check_column(name, source, &optional))?;
                }
                (CellOrigin::Expression(expression), null, default.clone(), None)
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
        self.check_split(&entry)?;
        // What is the same for every row is wrong now or never.
        for fixed in [&entry.default].into_iter().flatten().chain(match &entry.origin {
            CellOrigin::Constant(value) => Some(value),
            _ => None,
        }) {
            self.change(&entry, split_at(entry.split.as_deref(), fixed.clone().into()))?;
        }
        Ok(entry)
    }

    /// A cell is split into the elements of a list.
    fn check_split(&self, entry: &Entry) -> Result<()> {
        let Some(split) = &entry.split else { return Ok(()) };
        let is_list = match entry.target {
            Target::Attribute(index) => self.record_type.attribute(index).is_array,
            _ => false,
        };
        let wrong = |what: String| Error::new(ErrorCode::ConfigInvalid, what);
        if split.is_empty() {
            return Err(wrong("split is empty".to_owned())
                .hint("write what stands between two elements, for example \";\""));
        }
        if !is_list {
            return Err(wrong(format!("{} is no list, so that nothing is split", entry.name))
                .hint("leave split out"));
        }
        Ok(())
    }

    /// Lets a column that comes later give an entry its value, by the plain form of its name.
    fn accept_later(&mut self, plain: &str, name: &str) {
        let entry = self.entries.iter().find(|entry| entry.name == name);
        if let Some(CellOrigin::Slot { slot, .. }) = entry.map(|entry| &entry.origin) {
            self.columns.add_later(plain, *slot);
        }
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
        let index = self.record_type.require(name).map_err(|error| match name == TOP_KEY {
            true => as_config(&error).hint(TOP_HINT),
            false => as_config(&error),
        })?;
        self.record_type
            .attribute(index)
            .check_writable(stream.mode.write())
            .map_err(|error| as_config(&error))?;
        Ok(Target::Attribute(index))
    }

    /// No two entries may write the same; of those after the `known` ones a row says it.
    fn check_targets(&self, known: usize) -> Result<()> {
        for (index, entry) in self.entries[..known].iter().enumerate() {
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

    /// What rows are matched by: one of the `known` entries, or any of those that may come later.
    fn match_entry(
        &self,
        stream: &StreamJob,
        known: usize,
        searched: usize,
    ) -> Result<Option<MatchEntry>> {
        let entries = &self.entries[..searched];
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
        // Those of a remote workspace are looked for, then made or changed.
        if stream.mode == Mode::Assert && !self.record_type.is_remote() {
            let refused = |error: Error| error.hint("use mode = \"create\" or \"update\"");
            self.record_type.check_can_assert().map_err(refused)?;
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
        let mut feeding: Vec<usize> = Vec::new();
        for exactly in [true, false] {
            let found = (0..searched).filter(|&place| feeds(&entries[place], exactly));
            let new: Vec<usize> = found.filter(|place| !feeding.contains(place)).collect();
            feeding.extend(new);
        }
        let Some(&first) = feeding.first() else {
            return Err(wrong(format!("nothing gives {name} a value to match by"))
                .hint(format!("add {name} to [streams.attributes]")));
        };
        // A list is matched by any of its elements, and what is primary is one of them.
        let is_primary =
            |index: usize| matches!(self.record_type.attribute(index).origin, Origin::PrimaryOf(_));
        let is_joint = !self.record_type.index_of(name).is_some_and(is_primary)
            && feeding.iter().all(|&place| entries[place].target != Target::MatchOnly);
        if !is_joint && first < known {
            feeding.truncate(1);
        }
        Ok(Some(MatchEntry { name: name.as_str().into(), key, entries: feeding, is_joint }))
    }
}

/// Whether a match key is no attribute that can be written: `id`, or a name for matches alone.
fn is_match_only(record_type: &RecordType, name: &str) -> bool {
    match record_type.index_of(name) {
        None => record_type.match_key(name).is_ok(),
        Some(index) => matches!(record_type.attribute(index).origin, Origin::System(_)),
    }
}

/// A column is one of the source's; `optional` is how one is written that may come later.
fn check_column(name: &str, source: &StreamDescription, optional: &str) -> Result<()> {
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
        error.hint(format!("{hint}; if it comes later: {optional}"))
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
