//! Every value type's parser: what it takes can be read back and written again, unchanged.
//!
//! Input: one byte picks an attribute, one the region and whether the rest is JSON or text.

use std::sync::{Arc, LazyLock};

use headwater::schema::{RecordType, parse_record_type};
use headwater::value::{Value, ValueType};
use headwater::{ErrorCode, Record, Uuid, Write};
use serde_json::Value as Json;

use crate::expect::good_error;

const REGIONS: [Option<&str>; 8] =
    [None, Some("US"), Some("GB"), Some("DE"), Some("IT"), Some("AR"), Some("MX"), Some("JP")];

/// An attribute of each value type, alone and as an array.
static EVERY_TYPE: LazyLock<Arc<RecordType>> = LazyLock::new(|| {
    let mut text = "api_name = \"every\"\ndisplay_name = \"Every\"\n".to_owned();
    for value_type in ValueType::ALL {
        for is_array in [false, true] {
            let name = value_type.name();
            text.push_str(&format!(
                "[[attributes]]\napi_name = \"{name}{}\"\ndisplay_name = \"{name}\"\n\
                 value_type = \"{name}\"\nis_array = {is_array}\n",
                if is_array { "_list" } else { "" }
            ));
            if value_type.has_options() {
                let stage = match value_type {
                    ValueType::OpportunityStage => {
                        ", pipeline = \"p\", closing_probability = \"10\", expected_days = 7"
                    }
                    _ => "",
                };
                text.push_str(&format!(
                    "options = [{{ api_name = \"a\", display_value = \"A b\", color = \"red\"{stage} }}, \
                     {{ api_name = \"b\", display_value = \"c\", color = \"blue\"{stage} }}]\n"
                ));
            }
            if *value_type == ValueType::RecordReference {
                text.push_str("target = \"user\"\n");
            }
        }
    }
    Arc::new(parse_record_type(&text).expect("every value type can be declared"))
});

/// Checks one input.
pub fn run(input: &[u8]) {
    let [which, how, text @ ..] = input else { return };
    let record_type = &*EVERY_TYPE;
    let index = usize::from(*which) % record_type.attributes().len();
    let attribute = record_type.attribute(index);
    // What a record shows of a system attribute is its own, not what was parsed.
    if attribute.check_writable(Write::Create).is_err() {
        return;
    }
    let json = match how & 1 {
        0 => Json::String(String::from_utf8_lossy(text).into_owned()),
        _ => match serde_json::from_slice(text) {
            Ok(json) => json,
            Err(_) => return,
        },
    };
    let region = REGIONS[usize::from(how >> 1) % REGIONS.len()];
    match attribute.parse(json, region) {
        Err(error) => {
            let codes = [ErrorCode::FieldValueInvalid, ErrorCode::TargetRecordNotFound];
            good_error(&error, &codes);
        }
        Ok(None) => {}
        Ok(Some(value)) => check_round_trip(record_type, index, &value),
    }
}

/// Reads a value back as a client does, writes that, and compares.
pub(crate) fn check_round_trip(record_type: &Arc<RecordType>, index: usize, value: &Value) {
    let attribute = record_type.attribute(index);
    let shown = shown(record_type, index, value);
    // As text, as it goes over a wire.
    let sent: Json = serde_json::from_str(&shown.to_string()).expect("what is shown is JSON");
    for region in [None, Some("US")] {
        match attribute.parse(sent.clone(), region) {
            Ok(Some(again)) => {
                assert_eq!(again, *value, "{} changes when written back", attribute.api_name);
            }
            other => panic!("{} cannot be written back: {shown}: {other:?}", attribute.api_name),
        }
    }
    check_match_keys(attribute.value_type, value);
}

fn check_match_keys(value_type: ValueType, value: &Value) {
    if let Some(values) = value.as_list() {
        values.iter().for_each(|value| check_match_keys(value_type, value));
    }
    if let Some(text) = value.as_text() {
        let key = value_type.match_key(text);
        assert_eq!(value_type.match_key(&key), key, "the match key of a match key is another");
    }
}

/// The value as a record shows it.
fn shown(record_type: &Arc<RecordType>, index: usize, value: &Value) -> Json {
    let mut record = Record::empty(Arc::clone(record_type), Uuid::from_u128(1));
    record.values[index] = Some(value.clone());
    record.to_json()["attributes"][&record_type.attribute(index).api_name].take()
}
