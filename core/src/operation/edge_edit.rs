//! Edits of the edges of a relationship (contract.md section 5.6).

use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::error::{Error, ErrorCode, Result};
use crate::record::{Attributes, Change, first_in_order, first_of, note};
use crate::schema::{RelationshipEnd, nearest};
use crate::value::{Target, excerpt, quoted};

/// What happens to one edge of a record.
#[derive(Debug, Clone, PartialEq)]
pub enum EdgeEdit {
    /// Adds an edge to a record; one that is there already is kept, and made what is given.
    Add {
        /// Where it leads.
        target: Target,
        /// Its attributes, by their index in the relationship.
        attributes: Attributes,
    },
    /// Changes what is given of an edge.
    Update {
        /// Where it leads.
        target: Uuid,
        /// The changes.
        attributes: Attributes,
    },
    /// Takes an edge away.
    Remove {
        /// Where it leads.
        target: Uuid,
    },
}

impl EdgeEdit {
    /// Parses the body that adds an edge: `related_record_id` or `related_record_match`, and the
    /// attributes beside it or in `through` (contract.md sections 9.6 and 9.7).
    ///
    /// # Errors
    /// `field_not_updatable` for a relationship that is only read, `unknown_field`,
    /// `field_value_invalid`.
    pub fn add(end: &RelationshipEnd, body: Map<String, Json>) -> Result<Self> {
        end.check_writable()?;
        Self::seed(end, body)
    }

    /// As [`EdgeEdit::add`], also where the API only reads: what comes in by seeding.
    ///
    /// # Errors
    /// `unknown_field`, `field_value_invalid`.
    pub fn seed(end: &RelationshipEnd, mut body: Map<String, Json>) -> Result<Self> {
        let told = body.remove("related_record_type");
        let target = Target::take_from(&mut body);
        let target = target.and_then(|target| check_told(end, told).map(|()| target));
        let attributes = parse_attributes(end, body);
        match (target, attributes) {
            (Ok(target), Ok(attributes)) => Ok(Self::Add { target, attributes }),
            (Err(error), Ok(_)) | (Ok(_), Err(error)) => Err(error),
            (Err(target), Err(attributes)) => {
                let faults = std::iter::once(target).chain(attributes.apart()).collect();
                Err(first_in_order(faults).unwrap_or_else(|| unknown_key(end, "")))
            }
        }
    }

    /// Parses the body that changes an edge; what is absent stays.
    ///
    /// # Errors
    /// `field_not_updatable` for a relationship that is only read, `operation_not_supported` for
    /// one without attributes, `unknown_field`, `field_value_invalid`.
    pub fn update(end: &RelationshipEnd, target: Uuid, body: Map<String, Json>) -> Result<Self> {
        end.check_writable()?;
        end.check_typed()?;
        parse_attributes(end, body).map(|attributes| Self::Update { target, attributes })
    }

    /// The edit that takes an edge away.
    ///
    /// # Errors
    /// `field_not_updatable` for a relationship that is only read.
    pub fn remove(end: &RelationshipEnd, target: Uuid) -> Result<Self> {
        end.check_writable().map(|()| Self::Remove { target })
    }
}

fn parse_attributes(end: &RelationshipEnd, mut body: Map<String, Json>) -> Result<Attributes> {
    let through = match body.remove("through") {
        None | Some(Json::Null) => Map::new(),
        Some(Json::Object(through)) => without_junction(through),
        Some(other) => {
            let message = format!("expected an object, found {}", excerpt(&other));
            return Err(Error::new(ErrorCode::FieldValueInvalid, message).at_field("through"));
        }
    };
    let relationship = &*end.relationship;
    let (mut unknown, mut invalid) = (Vec::new(), Vec::new());
    let mut attributes = Attributes::default();
    for (name, json) in body.into_iter().chain(through) {
        if relationship.ignored.contains(&name) {
            continue;
        }
        let mut declared = relationship.attributes.iter().enumerate();
        let Some((index, attribute)) = declared.find(|(_, known)| known.api_name == name) else {
            note(&mut unknown, || unknown_key(end, &name));
            continue;
        };
        let parsed = attribute.parse(json, None).and_then(|value| match value {
            Some(value) => Ok(Change::Set(value)),
            None => attribute.check_null().map(|()| Change::Clear),
        });
        match parsed {
            Ok(change) if attributes.change(index).is_some_and(|known| *known != change) => {
                let message = format!("{name} is given twice, with different values");
                invalid.push(Error::new(ErrorCode::FieldValueInvalid, message).at_field(name));
            }
            Ok(change) => attributes.set(index, change),
            Err(error) => invalid.push(error),
        }
    }
    first_of(unknown.into_iter().chain(invalid)).map_or(Ok(attributes), Err)
}

/// Refuses the record type of a target that is none of the relationship's.
fn check_told(end: &RelationshipEnd, told: Option<Json>) -> Result<()> {
    let there = &end.there().record_type;
    match told {
        None | Some(Json::Null) => Ok(()),
        Some(Json::String(told)) if told == *there => Ok(()),
        Some(told) => {
            let what =
                format!("{} leads to {there}, found {}", end.here().api_name, excerpt(&told));
            Err(Error::new(ErrorCode::FieldValueInvalid, what).at_field("related_record_type"))
        }
    }
}

/// The attributes of a junction as it is read, which has its id and its name beside them.
fn without_junction(mut through: Map<String, Json>) -> Map<String, Json> {
    let is_read = |name: &String| matches!(name.as_str(), "id" | "record_type" | "attributes");
    if !through.keys().all(is_read) {
        return through;
    }
    match through.remove("attributes") {
        Some(Json::Object(attributes)) => attributes,
        Some(other) => Map::from_iter([("attributes".to_owned(), other)]),
        None => through,
    }
}

fn unknown_key(end: &RelationshipEnd, key: &str) -> Error {
    let message = format!("a link of {} has no {}", end.here().api_name, quoted(key));
    let error = Error::new(ErrorCode::UnknownField, message).at_field(key);
    let known = end.relationship.attributes.iter().map(|attribute| attribute.api_name.as_str());
    match nearest(key, known) {
        Some(near) => error.hint(format!("did you mean {near:?}?")),
        None => error,
    }
}
