//! Bad configurations are refused, and the key at fault is named.

use headwater::{Error, ErrorCode};
use serde_json::{Map, Value as Json, json};

use super::{Fault, Finding, Subject, broken, not_tried};

const UNKNOWN_KEY: &str = "no_such_key";

pub(super) fn refuses_text(connector: &dyn Subject) -> Finding {
    for text in ["", "{", "not json"] {
        refused(connector, text)?;
    }
    Ok("with config_invalid".to_owned())
}

pub(super) fn refuses_array(connector: &dyn Subject) -> Finding {
    for text in ["[]", "3", "null"] {
        refused(connector, text)?;
    }
    Ok("with config_invalid".to_owned())
}

pub(super) fn names_unknown_key(connector: &dyn Subject, config: Option<&Json>) -> Finding {
    let schema = &connector.description().config_schema;
    if schema.get("additionalProperties").is_some_and(|more| *more != Json::Bool(false)) {
        return not_tried("the config_schema allows any key");
    }
    let mut config = object(config);
    config.insert(UNKNOWN_KEY.to_owned(), json!(1));
    let lacks = |key: &str| {
        let required = schema.get("required").and_then(Json::as_array);
        required.is_some_and(|keys| keys.iter().any(|name| name == key))
            && !config.contains_key(key)
    };
    let error = refused(connector, &Json::Object(config.clone()).to_string())?;
    match error.field() {
        Some(key) if lacks(key) => not_tried(format!("needs a configuration with `{key}`")),
        _ => names(&error, UNKNOWN_KEY),
    }
}

pub(super) fn names_wrong_type(connector: &dyn Subject, config: Option<&Json>) -> Finding {
    if config.is_none() {
        return not_tried("needs a configuration");
    }
    let schema = &connector.description().config_schema;
    let none = Map::new();
    let properties = schema.get("properties").and_then(Json::as_object).unwrap_or(&none);
    let mut tried = Vec::new();
    for (key, property) in properties {
        let Some(value) = property.get("type").and_then(|kind| value_of_no_type(kind, property))
        else {
            continue;
        };
        let mut config = object(config);
        config.insert(key.clone(), value);
        names(&refused(connector, &Json::Object(config).to_string())?, key)?;
        tried.push(key.as_str());
    }
    match tried.is_empty() {
        true => not_tried("no property of the config_schema has a type"),
        false => Ok(tried.join(", ")),
    }
}

fn object(config: Option<&Json>) -> Map<String, Json> {
    config.and_then(Json::as_object).cloned().unwrap_or_default()
}

/// A value that none of the property's types allows.
fn value_of_no_type(kind: &Json, property: &Json) -> Option<Json> {
    let is_open = ["oneOf", "anyOf", "allOf", "$ref"].iter().any(|key| property.get(key).is_some());
    let allows = |name: &str| match kind {
        Json::String(kind) => kind == name,
        Json::Array(kinds) => kinds.iter().any(|kind| kind == name),
        _ => true,
    };
    match (is_open, allows("object"), allows("boolean")) {
        (false, false, _) => Some(json!({"a": [1]})),
        (false, true, false) => Some(json!(true)),
        _ => None,
    }
}

fn refused(connector: &dyn Subject, config: &str) -> Result<Error, Fault> {
    match connector.open_text(config.to_owned()) {
        Ok(_) => broken(format!("the configuration `{config}` was accepted")),
        Err(error) if error.code() != ErrorCode::ConfigInvalid => {
            broken(format!("`{config}` was refused with {error}, expected config_invalid"))
        }
        Err(error) => Ok(error),
    }
}

/// The refusal points at the key, or at a place inside it.
fn names(error: &Error, key: &str) -> Finding {
    match error.field() {
        Some(field) if field.split(['.', '[']).next() == Some(key) => Ok(error.to_string()),
        Some(field) => {
            broken(format!("the key at fault is `{key}`, the field is `{field}`: {error}"))
        }
        None => broken(format!("the key at fault is `{key}`, no field is named: {error}")),
    }
}
