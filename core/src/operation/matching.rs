//! Matches: how an assert finds its record.

use std::sync::Arc;

use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::error::{Error, ErrorCode, Result};
use crate::schema::{MatchKey, RecordType};
use crate::value::{Item, Target, Value, ValueType, check_length};

/// A match by one key; any one of several values of it finds the record.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    /// The name it was given by, for messages.
    pub name: Arc<str>,
    /// What it looks for.
    pub target: MatchTarget,
}

/// What a match looks for.
#[derive(Debug, Clone, PartialEq)]
pub enum MatchTarget {
    /// The record with this id.
    Id(Uuid),
    /// A record with any of these values.
    Values {
        /// The attribute whose values are compared.
        attribute: usize,
        /// The values, items for array attributes; never empty.
        values: Vec<Value>,
    },
}

impl MatchTarget {
    /// What to look for so that a target is found among the records of its type.
    ///
    /// # Errors
    /// `invalid_matching_field` for a key that does not identify a record of that type,
    /// `field_value_invalid` for a value that the key cannot hold.
    pub(crate) fn of(record_type: &RecordType, target: &Target) -> Result<Self> {
        let (key, value) = match target {
            Target::Id(id) => return Ok(Self::Id(*id)),
            Target::Match { key, value } => (key, value),
        };
        let object = Map::from_iter([(key.clone(), value.clone())]);
        Match::parse(record_type, object, None).map(|matching| matching.target).map_err(|error| {
            // The field at fault is the reference; the key only stands in its value.
            let code = match error.code() {
                ErrorCode::UnknownField => ErrorCode::InvalidMatchingField,
                code => code,
            };
            Error::new(code, error.message()).hint(error.remedy())
        })
    }
}

impl Match {
    /// Parses the `match` object of a request: exactly one key (contract.md sections 5.4, 11.10).
    ///
    /// # Errors
    /// `field_value_invalid` for no or several keys or an unusable value, `unknown_field`,
    /// `invalid_matching_field`.
    pub fn parse(
        record_type: &RecordType,
        object: Map<String, Json>,
        default_region: Option<&str>,
    ) -> Result<Self> {
        let mut entries = object.into_iter();
        let (Some((name, json)), None) = (entries.next(), entries.next()) else {
            return Err(Error::new(ErrorCode::FieldValueInvalid, "a match needs exactly one key")
                .at_field("match")
                .hint(format!("match by one of {}", record_type.match_names().join(", "))));
        };
        let key = record_type.match_key(&name)?;
        let shared = Arc::from(name.as_str());
        Self::from_json(record_type, &shared, key, json, default_region)?.ok_or_else(|| {
            Error::new(ErrorCode::FieldValueInvalid, "there is no value to match by")
                .at_field(&name)
        })
    }

    /// Makes a match from a value as a row or a request holds it; `None` where there is none.
    ///
    /// # Errors
    /// `field_value_invalid` if the value cannot be what the key holds.
    pub fn from_json(
        record_type: &RecordType,
        name: &Arc<str>,
        key: MatchKey,
        json: Json,
        default_region: Option<&str>,
    ) -> Result<Option<Self>> {
        let target = match key {
            MatchKey::Id => match only(json) {
                Json::Null => return Ok(None),
                json => {
                    match record_type.attribute(record_type.require("id")?).parse(json, None)? {
                        Some(Value::Uuid(id)) => MatchTarget::Id(id),
                        _ => return Ok(None),
                    }
                }
            },
            MatchKey::Attribute(index) => {
                let attribute = record_type.attribute(index);
                let json = match json {
                    Json::Array(elements) if !attribute.is_array => {
                        return Self::from_elements(
                            record_type,
                            name,
                            index,
                            elements,
                            default_region,
                        );
                    }
                    json => json,
                };
                let parsed = attribute
                    .parse(bare(record_type, name, attribute.value_type, json), default_region)
                    .map_err(|error| error.at_field(&**name))?;
                return Ok(parsed.and_then(|value| Self::from_value(name, index, value)));
            }
        };
        Ok(Some(Self { name: Arc::clone(name), target }))
    }

    /// A match by any of several values of an attribute that holds one (contract.md section 11.10).
    fn from_elements(
        record_type: &RecordType,
        name: &Arc<str>,
        index: usize,
        elements: Vec<Json>,
        default_region: Option<&str>,
    ) -> Result<Option<Self>> {
        let attribute = record_type.attribute(index);
        check_length(elements.len()).map_err(|error| error.at_field(&**name))?;
        let mut values = Vec::with_capacity(elements.len());
        for element in elements {
            let bare = bare(record_type, name, attribute.value_type, element);
            let parsed = attribute.parse(bare, default_region);
            let value = parsed.map_err(|error| error.at_field(&**name))?.ok_or_else(|| {
                let what = "expected a value in each place of the list, found null";
                Error::new(ErrorCode::FieldValueInvalid, what).at_field(&**name)
            })?;
            if !values.contains(&value) {
                values.push(value);
            }
        }
        Ok(Self::from_value(name, index, Value::List(values.into())))
    }

    /// Makes a match from a parsed value of the attribute; `None` for an empty list.
    #[must_use]
    pub fn from_value(name: &Arc<str>, attribute: usize, value: Value) -> Option<Self> {
        let values = match value {
            Value::List(values) => values.into_vec(),
            one => vec![one],
        };
        let values: Vec<Value> = values
            .into_iter()
            .map(|value| match value {
                // A match says which record, not how its items should look.
                Value::Item(item) => Value::Item(Box::new(Item::new(item.text))),
                other => other,
            })
            .collect();
        (!values.is_empty()).then(|| Self {
            name: Arc::clone(name),
            target: MatchTarget::Values { attribute, values },
        })
    }

    /// The match in words, for messages: `domains a.edu, b.edu`.
    #[must_use]
    pub fn describe(&self) -> String {
        match &self.target {
            MatchTarget::Id(id) => format!("id {id}"),
            MatchTarget::Values { values, .. } => {
                // As it was written: the value type would only bring it into match form.
                let texts: Vec<_> =
                    values.iter().filter_map(|one| one.match_key(ValueType::String)).collect();
                format!("{} {}", self.name, texts.join(", "))
            }
        }
    }
}

/// The element of a list of one: several ids are several records, which is no match.
fn only(json: Json) -> Json {
    match json {
        Json::Array(mut elements) if elements.len() == 1 => elements.swap_remove(0),
        json => json,
    }
}

/// The value without its envelope, where that has another type than the attribute whose values are
/// compared: that of `primary_email`, or of the text that an item of `contact_emails` is known by.
fn bare(record_type: &RecordType, name: &str, compared: ValueType, mut json: Json) -> Json {
    if let Json::Array(elements) = json {
        let elements = elements.into_iter();
        return elements.map(|one| bare(record_type, name, compared, one)).collect();
    }
    let named = record_type.index_of(name).map(|index| record_type.attribute(index).value_type);
    let of_text = compared.item_shape().map(|shape| shape.text_type);
    let is_known = |own: ValueType| json["value_type"] == own.name();
    let has_other_type = named.into_iter().chain(of_text).any(is_known);
    match json.get_mut("value") {
        Some(value) if has_other_type => value.take(),
        _ => json,
    }
}
