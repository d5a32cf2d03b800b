//! Columns matched to attributes by name, for `headwater sync FILE` and for rows in bulk.

use crate::error::{Error, ErrorCode, Result};
use crate::schema::{RecordType, nearest};
use crate::source::StreamDescription;
use crate::value::{ADDRESS_PARTS, ValueType};

use super::stream_job::{AttributeJob, NullPolicy, StreamJob, ValueOrigin};

/// What the columns of a source name.
pub(super) struct Named {
    /// The attributes of the columns that are known, then those that others may name later.
    pub(super) attributes: Vec<AttributeJob>,
    /// How many of them are known.
    pub(super) known: usize,
    /// What a column may be called that comes later: plain form and attribute.
    pub(super) later: Vec<(String, String)>,
    /// Whether a column that comes later may be what rows are matched by.
    pub(super) matches_later: bool,
    /// Where a row is refused for a column that names none: what it may name.
    pub(super) refuses_others: Option<Vec<(String, String)>>,
}

impl Named {
    /// These attributes, and no others.
    pub(super) fn only(attributes: Vec<AttributeJob>) -> Self {
        let known = attributes.len();
        Self { attributes, known, later: Vec::new(), matches_later: false, refuses_others: None }
    }

    /// Lets columns come later, under any of these names.
    pub(super) fn accept_later(
        &mut self,
        record_type: &RecordType,
        stream: &StreamJob,
        names: Vec<(String, String)>,
    ) {
        self.later = names;
        self.later.retain(|(_, name)| may_come_later(record_type, stream, name));
        for (_, name) in &self.later {
            // A known column of this name may give another attribute.
            let is_taken = |other: &AttributeJob| other.name == *name || reads(other, name);
            if !self.attributes.iter().any(is_taken) {
                self.attributes.push(column(name, name, None));
            }
        }
    }
}

/// The attributes that the columns of a source name: case, spaces and punctuation are ignored.
///
/// # Errors
/// `config_invalid` if two columns name one attribute, or no column names any.
pub(super) fn attributes(
    record_type: &RecordType,
    stream: &StreamJob,
    source: &StreamDescription,
) -> Result<Named> {
    let writable = names(record_type, stream.matching.as_deref());
    let columns = source.fields.iter().map(|field| field.name.as_str());
    let named = columns.filter_map(|column| Some((column, find(&writable, column)?)));
    let mut named = Named::only(assign(named, |_| None)?);
    // A source that shows no column yet may be empty.
    if named.known == 0 && (source.fields_are_complete || !source.fields.is_empty()) {
        let columns: Vec<&str> = source.fields.iter().map(|field| field.name.as_str()).collect();
        return Err(Error::new(
            ErrorCode::ConfigInvalid,
            format!(
                "no column names an attribute of {}: the columns are {}",
                record_type.api_name(),
                columns.join(", ")
            ),
        )
        .hint(format!(
            "write a job file that maps them; the attributes are {}",
            writable.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>().join(", ")
        )));
    }
    // What may come later is no reason to do without a match, where columns are known.
    named.matches_later = named.known == 0;
    if !source.fields_are_complete {
        named.accept_later(record_type, stream, writable);
    }
    Ok(named)
}

/// Whether a row may hold an attribute, or a part of one, that no known column names.
fn may_come_later(record_type: &RecordType, stream: &StreamJob, name: &str) -> bool {
    let whole = name.split_once('.').map_or(name, |(whole, _)| whole);
    let is_writable = record_type.index_of(whole).is_none_or(|index| {
        record_type.attribute(index).check_writable(stream.mode.write()).is_ok()
    });
    // What is only matched by can be read-only.
    is_writable || stream.matching.as_deref() == Some(name)
}

/// Whether an attribute is given by this column.
fn reads(attribute: &AttributeJob, column: &str) -> bool {
    matches!(&attribute.origin, ValueOrigin::Column { name, .. } if name == column)
}

/// Gives each attribute the column that names it; `null` overrides what a null in a column means.
///
/// # Errors
/// `config_invalid` if two columns name one attribute.
pub(super) fn assign<'a>(
    named: impl Iterator<Item = (&'a str, &'a str)>,
    null: impl Fn(&str) -> Option<NullPolicy>,
) -> Result<Vec<AttributeJob>> {
    let mut assigned: Vec<(&str, AttributeJob)> = Vec::new();
    for (column, name) in named {
        if let Some((earlier, _)) = assigned.iter().find(|(_, known)| known.name == name) {
            return Err(Error::new(
                ErrorCode::ConfigInvalid,
                format!("the columns {earlier:?} and {column:?} both name {name}"),
            )
            .at_field(name)
            .hint("rename one of them, leave it out, or say which of them to use"));
        }
        assigned.push((column, self::column(name, column, null(column))));
    }
    Ok(assigned.into_iter().map(|(_, job)| job).collect())
}

/// An attribute that a column gives where a row has it.
fn column(name: &str, column: &str, null: Option<NullPolicy>) -> AttributeJob {
    let origin = ValueOrigin::Column {
        name: column.to_owned(),
        split: None,
        null,
        default: None,
        is_optional: true,
    };
    AttributeJob { name: name.to_owned(), origin, place: String::new() }
}

/// What columns may name: plain form and attribute.
pub(super) fn names(record_type: &RecordType, matching: Option<&str>) -> Vec<(String, String)> {
    let mut names = Vec::new();
    for attribute in record_type.attributes() {
        if !attribute.is_creatable {
            continue;
        }
        for name in std::iter::once(&attribute.api_name).chain(&attribute.aliases) {
            names.push((plain(name), attribute.api_name.clone()));
        }
        if attribute.value_type == ValueType::Address {
            for part in ADDRESS_PARTS {
                let name = format!("{}.{part}", attribute.api_name);
                names.push((plain(&name), name));
            }
        }
    }
    if let Some(matching) = matching
        && record_type.match_key(matching).is_ok()
        && find(&names, matching).is_none()
    {
        names.push((plain(matching), matching.to_owned()));
    }
    names
}

/// The error for a column that names no attribute.
pub(super) fn unknown(record_type: &RecordType, column: &str, known: &[(String, String)]) -> Error {
    let names = known.iter().map(|(_, name)| name.as_str()).filter(|name| *name != column);
    let what = format!(
        "no attribute of {} that can be written is named {column:?}",
        record_type.api_name()
    );
    let error = Error::new(ErrorCode::UnknownField, what).at_field(column);
    match nearest(column, names) {
        Some(near) => error.hint(format!("did you mean {near}?")),
        None => error.hint("leave the column out, name its attribute, or ignore unknown columns"),
    }
}

/// The attribute that a column names.
pub(super) fn find<'a>(names: &'a [(String, String)], column: &str) -> Option<&'a str> {
    let column = plain(column);
    names.iter().find(|(known, _)| *known == column).map(|(_, name)| name.as_str())
}

/// Letters and digits, lower case: `First Name` and `first_name` are the same.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests;
