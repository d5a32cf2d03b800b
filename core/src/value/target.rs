//! Targets: how a reference or a relationship names the record that it points to.

use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::error::{Error, ErrorCode, Result};

use super::input::Input;
use super::parse::parse_uuid;

/// A record named by its id, or by a value that no other record of its type has.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// The record with this id.
    Id(Uuid),
    /// The record that holds this value.
    Match {
        /// A match key of the target's record type.
        key: String,
        /// Its value as it was given: what it may be, the target's record type says.
        value: Json,
    },
}

impl Target {
    /// Parses an id, or an object as [`Target::take_from`] reads it; other keys are ignored.
    ///
    /// # Errors
    /// `field_value_invalid`.
    pub fn parse(input: Input<'_>) -> Result<Self> {
        match input {
            Input::Json(Json::Object(mut object)) => Self::take_from(&mut object),
            other => parse_uuid(&other).map(Self::Id).map_err(|error| error.hint(WRITTEN)),
        }
    }

    /// Takes `related_record_id` or `related_record_match` out of an object
    /// (contract.md section 5.6).
    ///
    /// # Errors
    /// `field_value_invalid` for both or neither of them, an id that is none, a match that has
    /// not exactly one key.
    pub fn take_from(object: &mut Map<String, Json>) -> Result<Self> {
        let mut take = |key: &str| object.remove(key).filter(|value| !value.is_null());
        match (take("related_record_id"), take("related_record_match")) {
            (Some(id), None) => parse_uuid(&id.into()).map(Self::Id),
            (None, Some(matching)) => Self::from_match(matching),
            _ => Err(invalid("expected exactly one of related_record_id and related_record_match")),
        }
    }

    fn from_match(matching: Json) -> Result<Self> {
        let Json::Object(object) = matching else {
            return Err(invalid("expected related_record_match to be an object with one key"));
        };
        let mut entries = object.into_iter();
        match (entries.next(), entries.next()) {
            (Some((key, value)), None) => Ok(Self::Match { key, value }),
            _ => Err(invalid("related_record_match needs exactly one key")),
        }
    }
}

/// The target in words, for messages: `email "owner@acme.com"`.
impl std::fmt::Display for Target {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id(id) => write!(formatter, "id {id}"),
            Self::Match { key, value } => write!(formatter, "{key} {value}"),
        }
    }
}

const WRITTEN: &str =
    "write the id, {\"related_record_id\": ..} or {\"related_record_match\": {\"email\": ..}}";

fn invalid(why: &str) -> Error {
    Error::new(ErrorCode::FieldValueInvalid, why).hint(WRITTEN)
}
