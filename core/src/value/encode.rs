//! From values to JSON, as contract.md section 3 shows them on read.

use serde_json::{Value as Json, json};

use super::address::ADDRESS_PARTS;
use super::item::Item;
use super::select::SelectOption;
use super::{Value, ValueType};

/// What encoding needs to know beside the value type.
#[derive(Clone, Copy)]
pub(crate) struct EncodeContext<'a> {
    /// The options of a select or stage.
    pub options: &'a [SelectOption],
    /// The record type that a reference points to.
    pub target: Option<&'a str>,
    /// Gives the public id of an item.
    pub item_id: &'a dyn Fn(&Item) -> String,
}

impl Value {
    /// The bare JSON of a single value (not of a list).
    pub(crate) fn encode(&self, value_type: ValueType, context: EncodeContext<'_>) -> Json {
        match self {
            Self::Text(text) if value_type.is_choice() => encode_choice(text, context.options),
            Self::Text(text) => Json::from(&**text),
            Self::Number(number) => number.to_json(),
            Self::Decimal(number) if value_type == ValueType::Percent => {
                Json::from(number.to_string())
            }
            Self::Decimal(amount) => json!({ "amount": amount.to_string() }),
            Self::Boolean(boolean) => Json::from(*boolean),
            Self::Timestamp(timestamp) => Json::from(timestamp.to_string()),
            Self::Date(date) => Json::from(date.to_string()),
            Self::Time(time) => Json::from(time.to_string()),
            Self::Uuid(id) if value_type == ValueType::RecordReference => {
                json!({ "related_record_id": id, "related_record_type": context.target })
            }
            Self::Uuid(id) => json!(id),
            // Never in a record: an operation's references are found before it is written.
            Self::Target(target) => Json::from(target.to_string()),
            Self::Address(address) => Json::Object(
                ADDRESS_PARTS
                    .iter()
                    .zip(&address.0)
                    .map(|(name, part)| ((*name).to_owned(), json!(part)))
                    .collect(),
            ),
            Self::Item(item) => encode_item(item, value_type, context),
            Self::List(values) => {
                values.iter().map(|value| value.encode(value_type, context)).collect()
            }
        }
    }

    /// The envelope, or the list of envelopes, of an attribute's value.
    pub(crate) fn envelope(
        value: Option<&Self>,
        value_type: ValueType,
        is_array: bool,
        context: EncodeContext<'_>,
    ) -> Json {
        let one = |value: Json| json!({ "value_type": value_type.name(), "value": value });
        match value {
            None if is_array => json!([]),
            None => one(Json::Null),
            Some(Self::List(values)) => {
                values.iter().map(|value| one(value.encode(value_type, context))).collect()
            }
            Some(value) => one(value.encode(value_type, context)),
        }
    }
}

fn encode_choice(name: &str, options: &[SelectOption]) -> Json {
    match options.iter().find(|option| option.name() == name) {
        Some(option) => option.to_json(),
        // An option that was taken out of the schema keeps its name on the records that hold it.
        None => json!({ "id": null, "api_name": name, "display_value": name, "color": null }),
    }
}

fn encode_item(item: &Item, value_type: ValueType, context: EncodeContext<'_>) -> Json {
    let Some(shape) = value_type.item_shape() else { return Json::Null };
    let mut object = json!({ shape.text_key: item.text, "is_primary": item.is_primary });
    if shape.has_id {
        object["id"] = Json::from((context.item_id)(item));
    }
    if shape.has_labels {
        object["labels"] = json!(item.labels);
    }
    object
}
