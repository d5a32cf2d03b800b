//! From JSON to values: raw or enveloped, coerced where nothing is lost.

use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::error::{Error, ErrorCode, Result};

use super::address::{ADDRESS_PARTS, Address, address_part};
use super::currency::parse_decimal;
use super::email::{check_domain, check_email};
use super::item::{Item, parse_label, settle};
use super::number::Number;
use super::phone::parse_phone;
use super::select::SelectOption;
use super::time::{parse_date, parse_timestamp};
use super::{Value, ValueType};

/// What parsing needs to know beside the value type.
#[derive(Debug, Clone, Copy, Default)]
pub struct Context<'a> {
    /// The options of a select or stage.
    pub options: &'a [SelectOption],
    /// The region of phone numbers without a country code, for example `US`.
    pub default_region: Option<&'a str>,
}

/// Parses a value as it may be written (contract.md section 3): raw or as `{"value_type", "value"}`.
///
/// `None` is null. An array is given as a list of raw or enveloped elements; a single element
/// stands for a list of one.
///
/// # Errors
/// `field_value_invalid` if it cannot be coerced, or the envelope names another type.
pub fn parse(
    value_type: ValueType,
    is_array: bool,
    json: Json,
    context: Context<'_>,
) -> Result<Option<Value>> {
    let json = unwrap_envelope(value_type, json)?;
    if !is_array {
        return match json {
            Json::Null => Ok(None),
            json => parse_one(value_type, json, context).map(Some),
        };
    }
    let elements = match json {
        Json::Null => return Ok(None),
        Json::Array(elements) => elements,
        one => vec![one],
    };
    let mut values = Vec::with_capacity(elements.len());
    for (index, element) in elements.into_iter().enumerate() {
        let element = unwrap_envelope(value_type, element)?;
        if element.is_null() {
            return Err(expected("a value", &element).on_record(format!("element {index}")));
        }
        values.push(parse_one(value_type, element, context)?);
    }
    if !value_type.is_item() {
        return Ok(Some(Value::List(values)));
    }
    let items = values.into_iter().filter_map(|value| match value {
        Value::Item(item) => Some(*item),
        _ => None,
    });
    settle(value_type, items.collect()).map(|items| Some(Value::List(items)))
}

fn unwrap_envelope(value_type: ValueType, json: Json) -> Result<Json> {
    let Json::Object(mut object) = json else { return Ok(json) };
    let Some(named) = object.get("value_type") else { return Ok(Json::Object(object)) };
    if named.as_str() != Some(value_type.name()) {
        return Err(Error::new(
            ErrorCode::FieldValueInvalid,
            format!("the envelope says {named}, the attribute is {}", value_type.name()),
        ));
    }
    object.remove("value").ok_or_else(|| {
        Error::new(ErrorCode::FieldValueInvalid, "the envelope has no value")
            .hint("write {\"value_type\": .., \"value\": ..} or the value alone")
    })
}

fn parse_one(value_type: ValueType, json: Json, context: Context<'_>) -> Result<Value> {
    match value_type {
        ValueType::String | ValueType::LongText => text(json).map(|text| Value::Text(text.into())),
        ValueType::Email => {
            let text = text(json)?;
            Ok(Value::Text(check_email(&text)?.into()))
        }
        ValueType::PhoneNumber => {
            Ok(Value::Text(parse_phone(&text(json)?, context.default_region)?.into()))
        }
        ValueType::Url => parse_url(text(json)?),
        ValueType::Number => match &json {
            Json::Number(number) => Number::from_json(number),
            Json::String(text) => Number::parse(text),
            _ => None,
        }
        .map(Value::Number)
        .ok_or_else(|| expected("a number", &json)),
        ValueType::Currency => parse_currency(json),
        ValueType::Boolean => parse_boolean(&json).map(Value::Boolean),
        ValueType::Timestamp => {
            parse_timestamp(&only_text(json, "a timestamp")?).map(Value::Timestamp)
        }
        ValueType::Date => parse_date(&only_text(json, "a date")?).map(Value::Date),
        ValueType::Uuid => parse_uuid(&json).map(Value::Uuid),
        ValueType::Select | ValueType::ContactStage | ValueType::AccountStage => {
            parse_choice(&json, context.options)
        }
        ValueType::RecordReference => parse_reference(json),
        ValueType::Address => parse_address(json),
        ValueType::ContactEmail => {
            parse_item(json, "email", true, |text| check_email(&text).map(Into::into))
        }
        ValueType::ContactPhoneNumber => parse_item(json, "phone_number", true, |text| {
            parse_phone(&text, context.default_region).map(Into::into)
        }),
        ValueType::AccountDomain => {
            parse_item(json, "domain_name", false, |text| check_domain(&text).map(Into::into))
        }
    }
}

fn expected(what: &str, found: &Json) -> Error {
    let mut sample = found.to_string();
    if let Some((cut, _)) = sample.char_indices().nth(80) {
        sample.truncate(cut);
        sample.push('…');
    }
    Error::new(ErrorCode::FieldValueInvalid, format!("expected {what}, found {sample}"))
}

/// Text from a string, a number or a boolean: a source's typing is often accidental.
fn text(json: Json) -> Result<String> {
    match json {
        Json::String(text) => Ok(text),
        Json::Number(number) => Ok(number.to_string()),
        Json::Bool(boolean) => Ok(boolean.to_string()),
        other => Err(expected("text", &other)),
    }
}

fn only_text(json: Json, what: &str) -> Result<String> {
    match json {
        Json::String(text) => Ok(text),
        other => Err(expected(what, &other)),
    }
}

fn parse_boolean(json: &Json) -> Result<bool> {
    let known = match json {
        Json::Bool(boolean) => Some(*boolean),
        Json::Number(number) => match number.as_i64() {
            Some(0) => Some(false),
            Some(1) => Some(true),
            _ => None,
        },
        Json::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" => Some(true),
            "false" | "no" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    };
    known.ok_or_else(|| expected("true or false", json))
}

fn parse_url(text: String) -> Result<Value> {
    match url::Url::parse(text.trim()) {
        Ok(url) if url.has_host() => Ok(Value::Text(text.trim().into())),
        _ => Err(expected("an absolute URL", &Json::String(text))
            .hint("write it as https://example.com/page")),
    }
}

fn parse_currency(json: Json) -> Result<Value> {
    match json {
        Json::Object(mut object) => match object.remove("amount") {
            Some(amount @ (Json::String(_) | Json::Number(_))) => parse_currency(amount),
            _ => Err(expected("an amount", &Json::Object(object))
                .hint("write a decimal, or {\"amount\": \"1234.50\"}")),
        },
        json @ (Json::String(_) | Json::Number(_)) => {
            parse_decimal(&text(json)?).map(Value::Decimal)
        }
        other => Err(expected("an amount", &other)),
    }
}

fn parse_uuid(json: &Json) -> Result<Uuid> {
    json.as_str()
        .and_then(|text| Uuid::parse_str(text.trim()).ok())
        .ok_or_else(|| expected("a UUID", json))
}

fn parse_choice(json: &Json, options: &[SelectOption]) -> Result<Value> {
    let named = match json {
        Json::String(text) => Some(text.as_str()),
        Json::Object(object) => {
            ["id", "api_name"].iter().find_map(|key| object.get(*key)).and_then(Json::as_str)
        }
        _ => None,
    };
    named
        .and_then(|name| options.iter().find(|option| option.is_named(name)))
        .map(|option| Value::Text(option.api_name.as_str().into()))
        .ok_or_else(|| {
            let names: Vec<&str> = options.iter().map(|option| option.api_name.as_str()).collect();
            expected("one of the options", json).hint(format!("use one of {}", names.join(", ")))
        })
}

fn parse_reference(json: Json) -> Result<Value> {
    match json {
        Json::Object(mut object) => {
            match (object.remove("related_record_id"), object.remove("related_record_match")) {
                (Some(id), None) => parse_uuid(&id).map(Value::Uuid),
                (None, Some(matching)) => Err(Error::new(
                    ErrorCode::TargetRecordNotFound,
                    format!("no record was found by {matching}"),
                )
                .hint("this workspace holds no records of the referenced type: give the id")),
                _ => Err(Error::new(
                    ErrorCode::FieldValueInvalid,
                    "a reference needs exactly one of related_record_id and related_record_match",
                )),
            }
        }
        other => parse_uuid(&other).map(Value::Uuid),
    }
}

fn parse_address(json: Json) -> Result<Value> {
    let Json::Object(object) = json else {
        return Err(expected("an address", &json)
            .hint(format!("write an object with some of {}", ADDRESS_PARTS.join(", "))));
    };
    let mut address = Address::default();
    for (key, part) in object {
        let Some(index) = address_part(&key) else {
            return Err(Error::new(
                ErrorCode::FieldValueInvalid,
                format!("an address has no part {key:?}"),
            )
            .hint(format!("the parts are {}", ADDRESS_PARTS.join(", "))));
        };
        address.0[index] = match part {
            Json::Null => None,
            part => Some(text(part)?.into()),
        };
    }
    Ok(Value::Address(Box::new(address)))
}

/// An item written as text or as an object; `id` and `status` of a read item are accepted back.
fn parse_item(
    json: Json,
    key: &str,
    has_labels: bool,
    check: impl FnOnce(String) -> Result<Box<str>>,
) -> Result<Value> {
    let mut object: Map<String, Json> = match json {
        Json::String(text) => return Ok(Value::Item(Box::new(Item::new(check(text)?)))),
        Json::Object(object) => object,
        other => return Err(expected(&format!("text or an object with {key}"), &other)),
    };
    let Some(Json::String(value)) = object.remove(key) else {
        return Err(expected(&format!("an object with {key}"), &Json::Object(object)));
    };
    let mut item = Item::new(check(value)?);
    for (name, value) in object {
        match (name.as_str(), value) {
            ("id" | "status", _) | ("is_primary" | "labels", Json::Null) => {}
            ("is_primary", Json::Bool(is_primary)) => item.is_primary = is_primary,
            ("labels", Json::Array(labels)) if has_labels => {
                for label in labels {
                    let label = parse_label(&only_text(label, "a label")?)?;
                    if !item.labels.contains(&label) {
                        item.labels.push(label);
                    }
                }
            }
            (name, value) => {
                return Err(Error::new(
                    ErrorCode::FieldValueInvalid,
                    format!("unexpected {name:?}: {value} beside {key}"),
                ));
            }
        }
    }
    Ok(Value::Item(Box::new(item)))
}
