//! Values: what may be written (contract.md section 3), what is kept of it, and how it compares.
//!
//! A value is kept as JSON: texts as they are, amounts as their digits, options by name, records as
//! their place in the world, items as `{"id", "text", "is_primary", "labels"}`.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use crate::schema::{Attribute, Kind};

/// The parts of an address.
const PARTS: [&str; 6] = ["street_one", "street_two", "city", "state", "country", "zip_code"];

/// An option, as the schema document tells it.
#[derive(Debug, Clone)]
pub struct Choice {
    /// Its id.
    pub id: String,
    /// Its name in the API.
    pub api_name: String,
    /// Its name for people.
    pub display_value: String,
    /// The only name of its kind in its attribute.
    pub name: String,
}

/// The options by type and attribute.
pub type Choices = BTreeMap<(String, String), Vec<Choice>>;

/// A written value; `None` is null, and a value that cannot be is an error. A reference is left as
/// `{"record": id}` or `{"match": {key: value}}` until it is looked for.
pub fn parse(
    attribute: &Attribute,
    options: &[Choice],
    written: &Json,
) -> Result<Option<Json>, ()> {
    let written = open_envelope(attribute.value_type, written)?;
    if !attribute.many {
        return if written.is_null() {
            Ok(None)
        } else {
            one(attribute, options, &written).map(Some)
        };
    }
    let elements = match written {
        Json::Null => return Ok(None),
        Json::Array(elements) => elements,
        single => vec![single],
    };
    let mut values = Vec::new();
    for element in elements {
        let element = open_envelope(attribute.value_type, &element)?;
        if element.is_null() {
            return Err(());
        }
        values.push(one(attribute, options, &element)?);
    }
    if matches!(attribute.kind, Kind::Item(_)) {
        values = settle(attribute.kind, values)?;
    }
    Ok((!values.is_empty()).then(|| Json::Array(values)))
}

fn open_envelope(value_type: &str, written: &Json) -> Result<Json, ()> {
    match written.get("value_type") {
        None => Ok(written.clone()),
        Some(named) if *named == value_type => written.get("value").cloned().ok_or(()),
        Some(_) => Err(()),
    }
}

/// One value that is not null.
pub fn one(attribute: &Attribute, options: &[Choice], written: &Json) -> Result<Json, ()> {
    match (attribute.kind, written) {
        (Kind::Text, Json::String(_)) => Ok(written.clone()),
        (Kind::Text, Json::Number(_) | Json::Bool(_)) => Ok(json!(written.to_string())),
        (Kind::Email, Json::String(text)) => email(text),
        (Kind::Phone, Json::String(text)) => phone(text),
        (Kind::Number, Json::Number(_)) => Ok(written.clone()),
        (Kind::Number, Json::String(text)) => {
            let parsed: Json = serde_json::from_str(text.trim()).map_err(drop)?;
            if parsed.is_number() { Ok(parsed) } else { Err(()) }
        }
        (Kind::Currency, Json::Object(object)) => match object.get("amount") {
            Some(amount @ (Json::String(_) | Json::Number(_))) => amount_of(amount),
            _ => Err(()),
        },
        (Kind::Currency, amount) => amount_of(amount),
        (Kind::Boolean, written) => boolean(written),
        (Kind::Timestamp, Json::String(text)) => instant(text),
        (Kind::Date, Json::String(text)) => {
            let is_day = text.len() == 10 && text.chars().filter(|c| *c == '-').count() == 2;
            if is_day { Ok(written.clone()) } else { Err(()) }
        }
        (Kind::Enum, Json::String(text)) => {
            let named = options.iter().find(|option| option.api_name == *text);
            named.map(|option| json!(option.name)).ok_or(())
        }
        (Kind::Choice, Json::String(text)) => choice(options, text),
        (Kind::Choice, Json::Object(object)) => {
            let named = object.get("id").or_else(|| object.get("api_name"));
            choice(options, named.and_then(Json::as_str).ok_or(())?)
        }
        (Kind::Reference(_), Json::String(id)) if is_uuid(id) => Ok(json!({ "record": id })),
        (Kind::Reference(_), Json::Object(object)) => reference(object),
        (Kind::Address, Json::Object(object)) => address(object),
        (Kind::Item(_), Json::String(text)) => Ok(
            json!({ "id": null, "text": item_text(attribute.kind, text)?, "is_primary": false, "labels": [] }),
        ),
        (Kind::Item(key), Json::Object(object)) => item(attribute.kind, key, object),
        _ => Err(()),
    }
}

fn email(text: &str) -> Result<Json, ()> {
    let address = text.trim();
    let (local, domain) = address.split_once('@').ok_or(())?;
    if local.is_empty() || domain.contains('@') || address.contains(' ') {
        return Err(());
    }
    host(domain).map(|_| json!(address))
}

fn host(text: &str) -> Result<Json, ()> {
    let host = text.trim();
    let host = host.strip_suffix('.').unwrap_or(host);
    let is_host = host.contains('.') && !host.contains([' ', '/', '@']) && !host.contains("..");
    if is_host && !host.starts_with('.') { Ok(json!(host)) } else { Err(()) }
}

/// Good for the numbers that the operations hold: those of real plans are the library's business.
fn phone(text: &str) -> Result<Json, ()> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if text.starts_with('+') && digits.len() > 8 {
        Ok(json!(format!("+{digits}")))
    } else {
        Err(())
    }
}

fn amount_of(written: &Json) -> Result<Json, ()> {
    let text = match written {
        Json::String(text) => text.clone(),
        Json::Number(number) => number.to_string(),
        _ => return Err(()),
    };
    text.parse::<f64>().map(|_| json!(text)).map_err(drop)
}

fn boolean(written: &Json) -> Result<Json, ()> {
    match written {
        Json::Bool(_) => Ok(written.clone()),
        Json::Number(number) if number.as_i64() == Some(0) => Ok(json!(false)),
        Json::Number(number) if number.as_i64() == Some(1) => Ok(json!(true)),
        Json::String(text) => match text.as_str() {
            "true" | "yes" | "1" => Ok(json!(true)),
            "false" | "no" | "0" => Ok(json!(false)),
            _ => Err(()),
        },
        _ => Err(()),
    }
}

/// Good for whole seconds in UTC, days, and what was read before.
fn instant(text: &str) -> Result<Json, ()> {
    match text.len() {
        10 if text.starts_with('2') => Ok(json!(format!("{text}T00:00:00.000000Z"))),
        20 if text.ends_with('Z') => Ok(json!(format!("{}.000000Z", &text[..19]))),
        27 if text.ends_with('Z') => Ok(json!(text)),
        _ => Err(()),
    }
}

fn choice(options: &[Choice], text: &str) -> Result<Json, ()> {
    match &choices(options, text)[..] {
        [one] => Ok(one.clone()),
        _ => Err(()),
    }
}

/// Every option of this name.
pub fn choices(options: &[Choice], text: &str) -> Vec<Json> {
    let named = |option: &&Choice| {
        option.api_name == text || option.display_value == text || option.id == text
    };
    options.iter().filter(named).map(|option| json!(option.name)).collect()
}

fn is_uuid(text: &str) -> bool {
    let hyphens = [8, 13, 18, 23];
    text.len() == 36
        && text.char_indices().all(|(place, c)| match hyphens.contains(&place) {
            true => c == '-',
            false => c.is_ascii_hexdigit(),
        })
}

/// The target in an object: exactly one of id and match (contract.md section 5.6).
pub fn reference(object: &Map<String, Json>) -> Result<Json, ()> {
    let given = |key: &str| object.get(key).filter(|value| !value.is_null());
    match (given("related_record_id"), given("related_record_match")) {
        (Some(Json::String(id)), None) if is_uuid(id) => Ok(json!({ "record": id })),
        (None, Some(Json::Object(keys))) if keys.len() == 1 => Ok(json!({ "match": keys })),
        _ => Err(()),
    }
}

fn address(object: &Map<String, Json>) -> Result<Json, ()> {
    let mut address = Map::from_iter(PARTS.map(|part| (part.to_owned(), Json::Null)));
    for (part, value) in object {
        let kept = address.get_mut(part).ok_or(())?;
        *kept = match value {
            Json::Null => Json::Null,
            Json::String(_) => value.clone(),
            Json::Number(_) | Json::Bool(_) => json!(value.to_string()),
            _ => return Err(()),
        };
    }
    Ok(Json::Object(address))
}

/// The text of an item as it is kept.
pub fn item_text(kind: Kind, text: &str) -> Result<Json, ()> {
    match kind {
        Kind::Item("email") => email(text),
        Kind::Item("phone_number") => phone(text),
        _ => host(text),
    }
}

/// Labels as a list without repeats.
pub fn labels(written: &Json) -> Result<Json, ()> {
    let mut labels: Vec<Json> = Vec::new();
    for label in written.as_array().ok_or(())? {
        if !["PERSONAL", "WORK", "MOBILE"].iter().any(|known| label == known) {
            return Err(());
        }
        if !labels.contains(label) {
            labels.push(label.clone());
        }
    }
    Ok(Json::Array(labels))
}

fn item(kind: Kind, key: &str, object: &Map<String, Json>) -> Result<Json, ()> {
    let text = object.get(key).and_then(Json::as_str).ok_or(())?;
    let mut item =
        json!({ "id": null, "text": item_text(kind, text)?, "is_primary": false, "labels": [] });
    for (name, value) in object {
        match (name.as_str(), value) {
            ("id" | "status", _) | ("is_primary" | "labels", Json::Null) => {}
            ("is_primary", Json::Bool(_)) => item["is_primary"] = value.clone(),
            ("labels", written) if key != "domain_name" => item["labels"] = labels(written)?,
            (name, _) if name == key => {}
            _ => return Err(()),
        }
    }
    Ok(item)
}

/// A whole list of items: repeats are one, exactly one is primary (contract.md section 11.4).
fn settle(kind: Kind, items: Vec<Json>) -> Result<Vec<Json>, ()> {
    let mut settled: Vec<Json> = Vec::new();
    for item in items {
        let key = key(kind, &item["text"]);
        match settled.iter_mut().find(|known| self::key(kind, &known["text"]) == key) {
            Some(known) if item["is_primary"] == true => known["is_primary"] = json!(true),
            Some(_) => {}
            None => settled.push(item),
        }
    }
    match settled.iter().filter(|item| item["is_primary"] == true).count() {
        0 => {
            if let Some(first) = settled.first_mut() {
                first["is_primary"] = json!(true);
            }
        }
        1 => {}
        _ => return Err(()),
    }
    Ok(settled)
}

/// The form of a text that it is found by: e-mails and domains trimmed and in lower case.
pub fn key(kind: Kind, text: &Json) -> String {
    let text = text.as_str().map_or_else(|| text.to_string(), str::to_owned);
    match kind {
        Kind::Email | Kind::Item("email" | "domain_name") => text.trim().to_lowercase(),
        _ => text,
    }
}

/// The keys of an attribute's value.
pub fn keys(attribute: &Attribute, value: Option<&Json>) -> Vec<String> {
    match value {
        None => Vec::new(),
        Some(Json::Array(elements)) => elements
            .iter()
            .map(|element| key(attribute.kind, element.get("text").unwrap_or(element)))
            .collect(),
        Some(value) => vec![key(attribute.kind, value)],
    }
}

/// The order of two single values.
pub fn compare(kind: Kind, a: &Json, b: &Json) -> Ordering {
    let number =
        |json: &Json| json.as_f64().or_else(|| json.as_str()?.parse().ok()).unwrap_or_default();
    match kind {
        Kind::Number | Kind::Currency => number(a).total_cmp(&number(b)),
        Kind::Boolean => a.as_bool().cmp(&b.as_bool()),
        _ => a.as_str().cmp(&b.as_str()),
    }
}
