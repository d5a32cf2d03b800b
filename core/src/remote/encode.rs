//! From operations to the bodies of requests: the documented forms first (contract.md section 3).

use serde_json::{Map, Value as Json, json};

use crate::operation::{ItemFields, Match, MatchTarget};
use crate::record::{Attributes, Change};
use crate::schema::{Attribute, RecordType};
use crate::value::{ADDRESS_PARTS, Item, Target, Value, ValueType};

/// The `attributes` object of a request; an absent attribute stays absent.
pub(super) fn attributes(record_type: &RecordType, attributes: &Attributes) -> Map<String, Json> {
    changes(attributes, |index| record_type.attribute(index))
}

/// The attributes of an edge, beside each other.
pub(super) fn edge_attributes(
    declared: &[Attribute],
    attributes: &Attributes,
) -> Map<String, Json> {
    changes(attributes, |index| &declared[index])
}

fn changes<'a>(
    attributes: &Attributes,
    declared: impl Fn(usize) -> &'a Attribute,
) -> Map<String, Json> {
    let change = |(index, change): (usize, &Change)| {
        let attribute = declared(index);
        let json = match change {
            Change::Clear => Json::Null,
            Change::Set(value) => self::value(attribute, value),
            // The wire cannot change a part: the caller has made it whole.
            Change::Merge(patch) => {
                let parts = patch.0.iter().map(|part| part.clone().flatten());
                ADDRESS_PARTS
                    .iter()
                    .map(|name| (*name).to_owned())
                    .zip(parts.map(|part| json!(part)))
                    .collect()
            }
        };
        (written_name(attribute).to_owned(), json)
    };
    attributes.iter().map(change).collect()
}

/// The name that is documented for writes, where that is not the one of reads (contract.md section
/// 9.5).
fn written_name(attribute: &Attribute) -> &str {
    attribute.aliases.first().unwrap_or(&attribute.api_name)
}

/// A value as it is written.
pub(super) fn value(attribute: &Attribute, value: &Value) -> Json {
    match value {
        Value::Text(name) if attribute.value_type.is_choice() => choice(attribute, name),
        Value::Text(text) => json!(&**text),
        Value::Number(number) => number.to_json(),
        Value::Decimal(number) if attribute.value_type == ValueType::Currency => {
            json!({ "amount": number.to_string() })
        }
        Value::Decimal(number) => json!(number.to_string()),
        Value::Boolean(boolean) => json!(boolean),
        Value::Timestamp(timestamp) => json!(timestamp.to_string()),
        Value::Date(date) => json!(date.to_string()),
        Value::Time(time) => json!(time.to_string()),
        Value::Uuid(id) => json!(id),
        Value::Target(target) => self::target(target),
        Value::Address(address) => {
            let parts = address.0.iter().map(|part| json!(part.as_deref()));
            ADDRESS_PARTS.iter().map(|name| (*name).to_owned()).zip(parts).collect()
        }
        Value::Item(item) => self::item(attribute.value_type, item),
        Value::List(values) => values.iter().map(|one| self::value(attribute, one)).collect(),
    }
}

/// A stage of an opportunity by its id, as its name need not be the only one; others by name
/// (contract.md section 9.15).
fn choice(attribute: &Attribute, name: &str) -> Json {
    let option = attribute.options.iter().find(|option| option.name() == name);
    match option {
        Some(option) if option.stage.is_some() && !option.id.is_nil() => json!(option.id),
        Some(option) => json!(option.api_name),
        None => json!(name),
    }
}

/// A reference or the end of an edge.
fn target(target: &Target) -> Json {
    match target {
        Target::Id(id) => json!(id),
        Target::Match { key, value } => json!({ "related_record_match": { key: value } }),
    }
}

/// The two ways to say where an edge leads.
pub(super) fn edge_target(target: &Target) -> Map<String, Json> {
    match self::target(target) {
        Json::Object(matching) => matching,
        id => Map::from_iter([("related_record_id".to_owned(), id)]),
    }
}

fn item(value_type: ValueType, item: &Item) -> Json {
    let Some(shape) = value_type.item_shape() else { return json!(&*item.text) };
    let mut json = json!({ shape.text_key: &*item.text, "is_primary": item.is_primary });
    if shape.has_labels {
        json["labels"] = json!(item.labels);
    }
    json
}

/// The body that adds an item or changes one; an item with an id always says whether it is primary
/// (contract.md section 9.9).
pub(super) fn item_fields(attribute: &Attribute, fields: &ItemFields, is_new: bool) -> Json {
    let mut body = Map::new();
    let shape = attribute.value_type.item_shape();
    if let (Some(text), Some(shape)) = (&fields.text, shape) {
        body.insert(shape.text_key.to_owned(), json!(&**text));
    }
    let says_primary = is_new && shape.is_some_and(|shape| shape.has_id);
    if let Some(is_primary) = fields.is_primary.or(says_primary.then_some(false)) {
        body.insert("is_primary".to_owned(), json!(is_primary));
    }
    if let Some(labels) = &fields.labels {
        body.insert("labels".to_owned(), json!(labels));
    }
    Json::Object(body)
}

/// The values that a match looks for, as they are written.
pub(super) fn match_values(record_type: &RecordType, matching: &Match) -> Vec<Json> {
    match &matching.target {
        MatchTarget::Id(id) => vec![json!(id)],
        MatchTarget::Values { attribute, values } => {
            let attribute = record_type.attribute(*attribute);
            let one = |value: &Value| match value {
                Value::Item(item) => json!(&*item.text),
                other => self::value(attribute, other),
            };
            values.iter().map(one).collect()
        }
    }
}

/// The `match` object of an assert, by the name that it was given by.
pub(super) fn matching(record_type: &RecordType, matching: &Match) -> Json {
    let mut values = match_values(record_type, matching);
    let value = match values.len() {
        1 => values.swap_remove(0),
        _ => Json::Array(values),
    };
    json!({ &*matching.name: value })
}
