//! What attributes held before a change, as compact JSON by their names.
//!
//! By names, not by numbers, so that it stays readable by any SQL tool, and so that a later schema
//! may put its attributes into another order.

use rusqlite::types::{ToSqlOutput, Value as SqlValue, ValueRef};
use serde_json::{Map, Value as Json, json};

use crate::error::{Error, Result};
use crate::schema::RecordType;
use crate::value::{ADDRESS_PARTS, Address, Item, LABELS, Value, ValueType};

use super::columns::{bind_one, read_one};
use super::errors::corrupt;

/// The text of these values; `None` where there are none.
pub(super) fn to_text(
    record_type: &RecordType,
    values: &[(usize, Option<Value>)],
) -> Option<String> {
    if values.is_empty() {
        return None;
    }
    let values = values.iter().map(|(attribute, value)| {
        let name = record_type.attribute(*attribute).api_name.clone();
        (name, value.as_ref().map_or(Json::Null, to_json))
    });
    Some(Json::Object(values.collect()).to_string())
}

/// The values of a text; what the schema does not know any more is left out.
pub(super) fn from_text(
    record_type: &RecordType,
    text: &str,
) -> Result<Vec<(usize, Option<Value>)>> {
    let values: Map<String, Json> = serde_json::from_str(text)
        .map_err(|_| corrupt(format_args!("{text:?} where earlier values belong")))?;
    let known = values.into_iter().filter_map(|(name, value)| {
        let attribute = record_type.index_of(&name)?;
        let value_type = record_type.attribute(attribute).value_type;
        Some(from_json(value_type, &value).map(|value| (attribute, value)))
    });
    known.collect()
}

fn to_json(value: &Value) -> Json {
    match value {
        Value::Boolean(boolean) => Json::from(*boolean),
        Value::Number(number) => number.to_json(),
        Value::Text(text) => Json::from(&**text),
        Value::List(values) => values.iter().map(to_json).collect(),
        Value::Address(address) => {
            let parts = ADDRESS_PARTS.iter().zip(&address.0);
            let given = parts.filter_map(|(name, part)| Some((*name, part.as_deref()?)));
            given.map(|(name, part)| (name.to_owned(), Json::from(part))).collect()
        }
        Value::Item(item) => {
            let mut json = json!({ "text": &*item.text, "number": item.number });
            if item.is_primary {
                json["is_primary"] = Json::from(true);
            }
            if !item.labels.is_empty() {
                json["labels"] = json!(item.labels);
            }
            json
        }
        // What is text in a column is text here.
        other => match bind_one(other) {
            ToSqlOutput::Owned(SqlValue::Text(text)) => Json::from(text),
            _ => Json::Null,
        },
    }
}

fn from_json(value_type: ValueType, json: &Json) -> Result<Option<Value>> {
    let wrong = || -> Error { corrupt(format_args!("{json} where an earlier value belongs")) };
    match json {
        Json::Null => Ok(None),
        Json::Bool(boolean) => Ok(Some(Value::Boolean(*boolean))),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => read_one(value_type, ValueRef::Integer(integer)),
            (None, Some(float)) => read_one(value_type, ValueRef::Real(float)),
            _ => Err(wrong()),
        },
        Json::String(text) => read_one(value_type, ValueRef::Text(text.as_bytes())),
        Json::Array(elements) => {
            let values = elements.iter().map(|element| from_json(value_type, element));
            let values = values.collect::<Result<Option<Vec<_>>>>()?;
            Ok(values.map(|values| Value::List(values.into())))
        }
        Json::Object(object) if value_type == ValueType::Address => {
            let mut address = Address::default();
            for (name, part) in ADDRESS_PARTS.iter().zip(&mut address.0) {
                *part = object.get(*name).and_then(Json::as_str).map(Into::into);
            }
            Ok(Some(Value::Address(Box::new(address))))
        }
        Json::Object(object) => {
            let text = object.get("text").and_then(Json::as_str).ok_or_else(wrong)?;
            let number = object.get("number").and_then(Json::as_u64).ok_or_else(wrong)?;
            let labels = object.get("labels").and_then(Json::as_array).into_iter().flatten();
            let known = |name: &Json| LABELS.iter().copied().find(|label| name == label);
            Ok(Some(Value::Item(Box::new(Item {
                number: u32::try_from(number).map_err(|_| wrong())?,
                id: None,
                text: text.into(),
                is_primary: object.get("is_primary") == Some(&Json::Bool(true)),
                labels: labels.map(|name| known(name).ok_or_else(wrong)).collect::<Result<_>>()?,
            }))))
        }
    }
}
