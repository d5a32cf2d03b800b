//! From JSON or text to values: raw or enveloped, coerced where nothing is lost.

use std::borrow::Cow;
use std::fmt::Display;

use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::error::{Error, ErrorCode, Result};

use super::address::{ADDRESS_PARTS, Address, address_part};
use super::currency::parse_decimal;
use super::email::check_email;
use super::input::Input;
use super::item::{Item, parse_labels, settle};
use super::number::Number;
use super::phone::parse_phone;
use super::select::SelectOption;
use super::target::Target;
use super::time::{parse_date, parse_time, parse_timestamp};
use super::{Value, ValueType};

/// Elements that an array may have: each write of it compares them with those before.
const MAX_ELEMENTS: usize = 1000;

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
/// `field_value_invalid` if it cannot be coerced, the envelope names another type, or a list has
/// more than 1000 elements.
pub fn parse<'a>(
    value_type: ValueType,
    is_array: bool,
    input: impl Into<Input<'a>>,
    context: Context<'_>,
) -> Result<Option<Value>> {
    let input = unwrap_envelope(value_type, input.into())?;
    if !is_array {
        return match input {
            Input::Null => Ok(None),
            input => parse_one(value_type, input, context).map(Some),
        };
    }
    let elements = match input {
        Input::Null => return Ok(None),
        Input::Json(Json::Array(elements)) => elements,
        one => return settled(value_type, vec![parse_one(value_type, one, context)?]).map(Some),
    };
    check_length(elements.len())?;
    let mut values = Vec::with_capacity(elements.len());
    for (index, element) in elements.into_iter().enumerate() {
        let element = unwrap_envelope(value_type, element.into())?;
        if element == Input::Null {
            return Err(expected("a value", &element).on_record(format!("element {index}")));
        }
        values.push(parse_one(value_type, element, context)?);
    }
    settled(value_type, values).map(Some)
}

/// Refuses an array of too many elements.
///
/// # Errors
/// `field_value_invalid`.
pub(crate) fn check_length(elements: usize) -> Result<()> {
    if elements <= MAX_ELEMENTS {
        return Ok(());
    }
    let what = format!("expected at most {MAX_ELEMENTS} elements, found {elements}");
    Err(Error::new(ErrorCode::FieldValueInvalid, what))
}

/// The list that the elements make, of which one is primary where the type has a primary one.
fn settled(value_type: ValueType, values: Vec<Value>) -> Result<Value> {
    if !value_type.is_item() {
        return Ok(Value::List(values.into()));
    }
    let items = values.into_iter().filter_map(|value| match value {
        Value::Item(item) => Some(*item),
        _ => None,
    });
    settle(value_type, items.collect()).map(|items| Value::List(items.into()))
}

fn unwrap_envelope(value_type: ValueType, input: Input<'_>) -> Result<Input<'_>> {
    let Input::Json(Json::Object(mut object)) = input else { return Ok(input) };
    let Some(named) = object.get("value_type") else {
        return Ok(Input::Json(Json::Object(object)));
    };
    if named.as_str() != Some(value_type.name()) {
        return Err(Error::new(
            ErrorCode::FieldValueInvalid,
            format!("the envelope says {named}, the attribute is {}", value_type.name()),
        ));
    }
    object.remove("value").map(Input::from).ok_or_else(|| {
        Error::new(ErrorCode::FieldValueInvalid, "the envelope has no value")
            .hint("write {\"value_type\": .., \"value\": ..} or the value alone")
    })
}

fn parse_one(value_type: ValueType, input: Input<'_>, context: Context<'_>) -> Result<Value> {
    match value_type {
        ValueType::String | ValueType::LongText | ValueType::RichText => {
            text(input).map(|text| Value::Text(text.into()))
        }
        ValueType::Email => {
            let text = text(input)?;
            Ok(Value::Text(check_email(&text)?.into()))
        }
        ValueType::PhoneNumber => {
            Ok(Value::Text(parse_phone(&text(input)?, context.default_region)?.into()))
        }
        ValueType::Url => parse_url(text(input)?),
        ValueType::Number => match &input {
            Input::Json(Json::Number(number)) => Number::from_json(number),
            Input::Text(text) => Number::parse(text),
            _ => None,
        }
        .map(Value::Number)
        .ok_or_else(|| not_a_number(&input)),
        ValueType::Currency => parse_currency(input),
        ValueType::Percent => {
            parse_decimal(&only_number(input, "a percentage")?).map(Value::Decimal)
        }
        ValueType::Boolean => parse_boolean(&input).map(Value::Boolean),
        ValueType::Timestamp => {
            parse_timestamp(&only_text(input, "a timestamp")?).map(Value::Timestamp)
        }
        ValueType::Date => parse_date(&only_text(input, "a date")?).map(Value::Date),
        ValueType::Time => parse_time(&only_text(input, "a time")?).map(Value::Time),
        ValueType::Uuid => parse_uuid(&input).map(Value::Uuid),
        ValueType::Select
        | ValueType::ContactStage
        | ValueType::AccountStage
        | ValueType::OpportunityStage => parse_choice(value_type, &input, context.options),
        ValueType::Enum => parse_enum(&input, context.options),
        ValueType::RecordReference => parse_reference(input),
        ValueType::Address => parse_address(input),
        ValueType::ContactEmail | ValueType::ContactPhoneNumber | ValueType::AccountDomain => {
            parse_item(value_type, input, context)
        }
    }
}

fn expected(what: &str, found: &Input<'_>) -> Error {
    let found = excerpt(found);
    Error::new(ErrorCode::FieldValueInvalid, format!("expected {what}, found {found}"))
}

fn not_a_number(found: &Input<'_>) -> Error {
    let error = expected("a number", found);
    let is_long = match found {
        Input::Text(text) => {
            let digits = text.trim().trim_start_matches('-');
            !digits.is_empty() && digits.bytes().all(|c| c.is_ascii_digit())
        }
        found => matches!(found, Input::Json(Json::Number(_))),
    };
    if is_long {
        error.hint("a whole number has 64 bits: keep a longer one as text")
    } else {
        error.hint("write digits with a point, for example 1234.5, without thousands or a unit")
    }
}

/// The beginning of what was found, for a message: it may be as long as a body.
pub(crate) fn excerpt(found: &impl Display) -> String {
    let mut sample = found.to_string();
    if let Some((cut, _)) = sample.char_indices().nth(80) {
        sample.truncate(cut);
        sample.push('…');
    }
    sample
}

/// A text in quotes for a message, cut as [`excerpt`] does.
pub(crate) fn quoted(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((cut, _)) => format!("{:?}", format!("{}…", &text[..cut])),
        None => format!("{text:?}"),
    }
}

/// Text from a string, a number or a boolean: a source's typing is often accidental.
fn text(input: Input<'_>) -> Result<Cow<'_, str>> {
    match input {
        Input::Text(text) => Ok(text),
        Input::Json(Json::Number(number)) => Ok(digits(&number).into()),
        Input::Json(Json::Bool(boolean)) => Ok(boolean.to_string().into()),
        other => Err(expected("text", &other)),
    }
}

fn only_text<'a>(input: Input<'a>, what: &str) -> Result<Cow<'a, str>> {
    match input {
        Input::Text(text) => Ok(text),
        other => Err(expected(what, &other)),
    }
}

/// The digits of a number, or text that should be one.
fn only_number<'a>(input: Input<'a>, what: &str) -> Result<Cow<'a, str>> {
    match input {
        Input::Text(text) => Ok(text),
        Input::Json(Json::Number(number)) => Ok(digits(&number).into()),
        other => Err(expected(what, &other)),
    }
}

/// A number as it is written: one that a float would change has come as the text of its digits (see
/// `exact`), so only an exponent that nobody wrote is left to undo.
fn digits(number: &serde_json::Number) -> String {
    const LONGEST: f64 = 1e40;
    let text = number.to_string();
    match number.as_f64().filter(|_| text.contains("e+")) {
        Some(float) if float.abs() < LONGEST => float.to_string(),
        _ => text,
    }
}

fn parse_boolean(input: &Input<'_>) -> Result<bool> {
    let known = match input {
        Input::Json(Json::Bool(boolean)) => Some(*boolean),
        // `1.0` is the same number.
        Input::Json(Json::Number(number)) => match Number::from_json(number) {
            Some(Number::Integer(0)) => Some(false),
            Some(Number::Integer(1)) => Some(true),
            _ => None,
        },
        Input::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" => Some(true),
            "false" | "no" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    };
    known.ok_or_else(|| {
        expected("true or false", input).hint("write true, yes or 1, or false, no or 0")
    })
}

fn parse_url(text: Cow<'_, str>) -> Result<Value> {
    match url::Url::parse(text.trim()) {
        Ok(url) if url.has_host() => Ok(Value::Text(text.trim().into())),
        _ => Err(expected("an absolute URL", &Input::Text(text))
            .hint("write it as https://example.com/page")),
    }
}

fn parse_currency(input: Input<'_>) -> Result<Value> {
    match input {
        Input::Json(Json::Object(mut object)) => match object.remove("amount") {
            Some(amount @ (Json::String(_) | Json::Number(_))) => parse_currency(amount.into()),
            _ => Err(expected("an amount", &Input::Json(Json::Object(object)))
                .hint("write a decimal, or {\"amount\": \"1234.50\"}")),
        },
        other => parse_decimal(&only_number(other, "an amount")?).map(Value::Decimal),
    }
}

pub(super) fn parse_uuid(input: &Input<'_>) -> Result<Uuid> {
    match input {
        Input::Text(text) => Uuid::parse_str(text.trim()).ok(),
        _ => None,
    }
    .ok_or_else(|| expected("a UUID", input))
}

/// Written as it is read: the name alone. Where the names are not known, each may be one.
fn parse_enum(input: &Input<'_>, options: &[SelectOption]) -> Result<Value> {
    let named = match input {
        Input::Text(text) if options.is_empty() => return Ok(Value::Text((&**text).into())),
        Input::Text(text) => options.iter().find(|option| option.api_name == **text),
        _ => None,
    };
    option_or_refused(named, input, options)
}

/// By any of its names, in the form that records keep. Where a CRM does not tell its options each text may
/// be one, and is kept as it is.
fn parse_choice(
    value_type: ValueType,
    input: &Input<'_>,
    options: &[SelectOption],
) -> Result<Value> {
    // As each is written there: a stage of an opportunity by its id, others by name.
    let is_by_name = options.is_empty() && value_type != ValueType::OpportunityStage;
    let named = match input {
        Input::Text(text) => Some(&**text),
        Input::Json(Json::Object(object)) => {
            // What a read gives; an option that was taken out is read without an id.
            let parts = match is_by_name {
                true => ["api_name", "id", "display_value"],
                false => ["id", "api_name", "display_value"],
            };
            let mut parts = parts.iter();
            let given = parts.find_map(|key| object.get(*key).filter(|part| !part.is_null()));
            given.and_then(Json::as_str)
        }
        _ => None,
    };
    let Some(name) = named else { return option_or_refused(None, input, options) };
    if options.is_empty() {
        return Ok(Value::Text(name.into()));
    }
    let mut named = options.iter().filter(|option| option.is_named(name));
    let first = named.next();
    if let (Some(first), Some(other)) = (first, named.next()) {
        return Err(Error::new(
            ErrorCode::FieldValueInvalid,
            format!(
                "{} names several options: {} and {}",
                quoted(name),
                first.name(),
                other.name()
            ),
        )
        .hint("give the id of the option"));
    }
    option_or_refused(first, input, options)
}

fn option_or_refused(
    named: Option<&SelectOption>,
    input: &Input<'_>,
    options: &[SelectOption],
) -> Result<Value> {
    named.map(|option| Value::Text(option.name().into())).ok_or_else(|| {
        let refused = expected("one of the options", input);
        let names: Vec<_> = options.iter().map(SelectOption::name).collect();
        match names.is_empty() {
            true => refused.hint("write the name of an option, or {\"id\": ..}"),
            false => refused.hint(format!("use one of {}", names.join(", "))),
        }
    })
}

fn parse_reference(input: Input<'_>) -> Result<Value> {
    Ok(match Target::parse(input)? {
        Target::Id(id) => Value::Uuid(id),
        matching @ Target::Match { .. } => Value::Target(Box::new(matching)),
    })
}

fn parse_address(input: Input<'_>) -> Result<Value> {
    let Input::Json(Json::Object(object)) = input else {
        return Err(expected("an address", &input)
            .hint(format!("write an object with some of {}", ADDRESS_PARTS.join(", "))));
    };
    let mut address = Address::default();
    for (key, part) in object {
        let Some(index) = address_part(&key) else {
            return Err(Error::new(
                ErrorCode::FieldValueInvalid,
                format!("an address has no part {}", quoted(&key)),
            )
            .hint(format!("the parts are {}", ADDRESS_PARTS.join(", "))));
        };
        address.0[index] = match part {
            Json::Null => None,
            part => Some(text(part.into())?.into()),
        };
    }
    Ok(Value::Address(Box::new(address)))
}

/// An item written as text or as an object; `id` and `status` of a read item are accepted back.
fn parse_item(value_type: ValueType, input: Input<'_>, context: Context<'_>) -> Result<Value> {
    let check = |text: &str| value_type.check_item_text(text, context.default_region);
    let shape = value_type.item_shape();
    let (key, has_labels) = shape.map_or(("", false), |shape| (shape.text_key, shape.has_labels));
    let mut object: Map<String, Json> = match input {
        Input::Text(text) => return Ok(Value::Item(Box::new(Item::new(check(&text)?)))),
        Input::Json(Json::Object(object)) => object,
        other => return Err(expected(&format!("text or an object with {key}"), &other)),
    };
    let Some(Json::String(value)) = object.remove(key) else {
        let found = Input::Json(Json::Object(object));
        return Err(expected(&format!("an object with {key}"), &found));
    };
    let mut item = Item::new(check(&value)?);
    for (name, value) in object {
        match (name.as_str(), value) {
            ("id" | "status", _) | ("is_primary" | "labels", Json::Null) => {}
            ("is_primary", Json::Bool(is_primary)) => item.is_primary = is_primary,
            ("labels", Json::Array(labels)) if has_labels => item.labels = parse_labels(&labels)?,
            (name, value) => {
                return Err(Error::new(
                    ErrorCode::FieldValueInvalid,
                    format!("unexpected {}: {} beside {key}", quoted(name), excerpt(&value)),
                ));
            }
        }
    }
    Ok(Value::Item(Box::new(item)))
}
