//! Rights beyond the route of a request: what its filters and matches tell of other record types.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use headwater::access::{ApiKey, Level, Permission};
use headwater::schema::RecordType;
use serde_json::{Map, Value};

use crate::failure::Failure;

/// What the key of a request may read; everything where nobody needs a key.
pub(crate) struct Rights(Option<ApiKey>);

impl<S: Send + Sync> FromRequestParts<S> for Rights {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.extensions.get::<ApiKey>().cloned()))
    }
}

impl Rights {
    /// Refuses a key that may not read the records of one of these types.
    pub(crate) fn check_reads<'a>(
        &self,
        record_types: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), Failure> {
        let Some(key) = &self.0 else { return Ok(()) };
        let mut needed = record_types.into_iter().map(|record_type| Permission {
            record_type: record_type.to_owned(),
            level: Level::Read,
        });
        let missing = needed.find(|needed| !key.may(needed));
        missing.map_or(Ok(()), |missing| Err(Failure::forbidden(missing.to_string())))
    }

    /// Refuses a key that may not read what a reference names by a match: whether it is found tells
    /// what records there are.
    pub(crate) fn check_references(
        &self,
        record_type: &RecordType,
        attributes: &Map<String, Value>,
    ) -> Result<(), Failure> {
        let by_match = attributes.iter().filter(|(_, value)| has_match(value));
        let targets = by_match.filter_map(|(name, _)| {
            record_type.attribute(record_type.index_of(name)?).target.as_deref()
        });
        self.check_reads(targets)
    }

    /// As [`Rights::check_references`], for the target of a link.
    pub(crate) fn check_target(
        &self,
        record_type: &RecordType,
        relationship: &str,
        body: &Map<String, Value>,
    ) -> Result<(), Failure> {
        let ends = record_type.relationships().iter();
        let end = ends.filter(|end| end.here().api_name == relationship && names_match(body));
        self.check_reads(end.map(|end| end.there().record_type.as_str()))
    }
}

/// Whether a value, one of its elements or what is in its envelope names a record by a match.
fn has_match(value: &Value) -> bool {
    match value {
        Value::Object(object) => names_match(object) || object.values().any(has_match),
        Value::Array(elements) => elements.iter().any(has_match),
        _ => false,
    }
}

fn names_match(object: &Map<String, Value>) -> bool {
    object.get("related_record_match").is_some_and(|matching| !matching.is_null())
}
