//! From values to JSON, as contract.md section 3 shows them on read: written straight to where they
//! go, since a record has dozens of them and a tree of them would be made only to be taken apart.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value as Json;
use uuid::Uuid;

use super::address::ADDRESS_PARTS;
use super::item::Item;
use super::select::SelectOption;
use super::{Number, Value, ValueType};

/// What encoding needs to know beside the value type.
#[derive(Clone, Copy)]
pub(crate) struct EncodeContext<'a> {
    /// The options of a select or stage.
    pub options: &'a [SelectOption],
    /// The record type that a reference points to.
    pub target: Option<&'a str>,
    /// Gives the public id of an item.
    pub item_id: &'a dyn Fn(&Item) -> Uuid,
}

/// A single value or a list of them, bare.
pub(crate) struct Encoded<'a> {
    pub(crate) value: &'a Value,
    pub(crate) value_type: ValueType,
    pub(crate) context: EncodeContext<'a>,
}

/// An attribute's value in its envelope; of an array attribute the list of envelopes.
pub(crate) struct Envelope<'a> {
    pub(crate) value: Option<&'a Value>,
    pub(crate) value_type: ValueType,
    pub(crate) is_array: bool,
    pub(crate) context: EncodeContext<'a>,
}

/// As a tree. What is encoded here has text for keys and no way to fail.
pub(crate) fn to_json(encoded: &impl Serialize) -> Json {
    serde_json::to_value(encoded).unwrap_or_default()
}

impl Serialize for Encoded<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { value, value_type, context } = self;
        match value {
            Value::Text(text) if value_type.is_choice() => {
                encode_choice(text, context.options, serializer)
            }
            Value::Text(text) => serializer.serialize_str(text),
            Value::Number(Number::Integer(integer)) => serializer.serialize_i64(*integer),
            Value::Number(Number::Float(float)) => serializer.serialize_f64(*float),
            Value::Decimal(number) if *value_type == ValueType::Percent => {
                serializer.collect_str(number)
            }
            Value::Decimal(amount) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("amount", &amount.to_string())?;
                map.end()
            }
            Value::Boolean(boolean) => serializer.serialize_bool(*boolean),
            Value::Timestamp(timestamp) => serializer.collect_str(timestamp),
            Value::Date(date) => serializer.collect_str(date),
            Value::Time(time) => serializer.collect_str(time),
            Value::Uuid(id) if *value_type == ValueType::RecordReference => {
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry("related_record_id", id)?;
                map.serialize_entry("related_record_type", &context.target)?;
                map.end()
            }
            Value::Uuid(id) => id.serialize(serializer),
            // Never in a record: an operation's references are found before it is written.
            Value::Target(target) => serializer.collect_str(target),
            Value::Address(address) => {
                let parts = address.0.iter().map(Option::as_deref);
                serializer.collect_map(ADDRESS_PARTS.iter().zip(parts))
            }
            Value::Item(item) => encode_item(item, *value_type, *context, serializer),
            Value::List(values) => serializer.collect_seq(values.iter().map(|value| Self {
                value,
                value_type: *value_type,
                context: *context,
            })),
        }
    }
}

impl Serialize for Envelope<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let &Self { value_type, context, .. } = self;
        let encoded = |value| Encoded { value, value_type, context };
        match self.value {
            None if self.is_array => serializer.collect_seq([(); 0]),
            Some(Value::List(values)) => serializer.collect_seq(
                values.iter().map(|value| Single { value_type, value: Some(encoded(value)) }),
            ),
            value => Single { value_type, value: value.map(encoded) }.serialize(serializer),
        }
    }
}

/// One value in its envelope.
struct Single<'a> {
    value_type: ValueType,
    value: Option<Encoded<'a>>,
}

impl Serialize for Single<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("value_type", self.value_type.name())?;
        map.serialize_entry("value", &self.value)?;
        map.end()
    }
}

fn encode_choice<S: Serializer>(
    name: &str,
    options: &[SelectOption],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match options.iter().find(|option| option.name() == name) {
        Some(option) => option.serialize(serializer),
        // An option that was taken out of the schema keeps its name on the records that hold it.
        None => {
            let known = [("api_name", name), ("display_value", name)];
            let parts =
                [("id", None)].into_iter().chain(known.map(|(key, name)| (key, Some(name))));
            serializer.collect_map(parts.chain([("color", None)]))
        }
    }
}

fn encode_item<S: Serializer>(
    item: &Item,
    value_type: ValueType,
    context: EncodeContext<'_>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let Some(shape) = value_type.item_shape() else { return serializer.serialize_none() };
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry(shape.text_key, &*item.text)?;
    map.serialize_entry("is_primary", &item.is_primary)?;
    if shape.has_id {
        map.serialize_entry("id", &(context.item_id)(item))?;
    }
    if shape.has_labels {
        map.serialize_entry("labels", &item.labels)?;
    }
    if shape.has_status {
        map.serialize_entry("status", &())?;
    }
    map.end()
}
