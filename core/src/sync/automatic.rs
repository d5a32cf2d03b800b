//! Columns matched to attributes by name, for `headwater sync FILE`.

use crate::error::{Error, ErrorCode, Result};
use crate::schema::RecordType;
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
    let mut attributes = assign(named, |_| None)?;
    let known = attributes.len();
    // A source that shows no column yet may be empty.
    if known == 0 && (source.fields_are_complete || !source.fields.is_empty()) {
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
    let mut later = Vec::new();
    if !source.fields_are_complete {
        let known = &attributes[..known];
        later = writable;
        later.retain(|(_, name)| may_come_later(record_type, stream, known, name));
        for (_, name) in &later {
            if attributes.iter().all(|other| other.name != *name) {
                attributes.push(column(name, name, None));
            }
        }
    }
    Ok(Named { attributes, known, later })
}

/// Whether a row may hold an attribute, or a part of one, that no known column names.
fn may_come_later(
    record_type: &RecordType,
    stream: &StreamJob,
    known: &[AttributeJob],
    name: &str,
) -> bool {
    let (whole, part) = name.split_once('.').map_or((name, None), |(w, part)| (w, Some(part)));
    // A whole address and parts of it do not go together.
    let clashes = |other: &AttributeJob| match other.name.split_once('.') {
        Some((of, _)) => part.is_none() && of == name,
        None => part.is_some() && other.name == whole,
    };
    let is_writable = record_type.index_of(whole).is_none_or(|index| {
        record_type.attribute(index).check_writable(stream.mode.write()).is_ok()
    });
    // What is only matched by can be read-only.
    (is_writable || stream.matching.as_deref() == Some(name)) && !known.iter().any(clashes)
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
