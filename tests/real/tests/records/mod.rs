//! Records as the program shows them, compared with records as the model gives them.

use std::path::Path;

use serde_json::Value as Json;

use crate::list;
use crate::program::Program;

/// Looks one expected record up and says what is different about it.
pub fn differences(program: &Program, workspace: &Path, expected: &Json) -> Vec<String> {
    let text = |key: &str| expected[key].as_str().unwrap_or_default();
    let (record_type, attribute, value) = (text("record_type"), text("attribute"), text("value"));
    let place = format!("{record_type} with {attribute} {value}");
    let answer = match program.query(workspace, record_type, attribute, value) {
        Ok(answer) => answer,
        Err(why) => return vec![format!("{place}: {why}")],
    };
    let [record] = list(&answer["data"]) else {
        return vec![format!("{place}: {} records, expected 1", list(&answer["data"]).len())];
    };
    let Some(attributes) = expected["attributes"].as_object() else {
        return vec![format!("{place}: nothing is expected of it")];
    };
    attributes
        .iter()
        .filter_map(|(name, wanted)| {
            let found = plain(&record["attributes"][name]);
            let same = agrees(wanted, &found);
            (!same).then(|| format!("{place}: {name} {found}, expected {wanted}"))
        })
        .collect()
}

/// The value in an envelope, or the values in an array of envelopes (contract 1.2).
fn plain(enveloped: &Json) -> Json {
    match enveloped {
        Json::Array(elements) => elements.iter().map(plain).collect(),
        Json::Object(envelope) => envelope.get("value").cloned().unwrap_or(Json::Null),
        _ => enveloped.clone(),
    }
}

/// Whether a found value says what is wanted. Further keys (an item's id) are welcome, a
/// missing key is a null one, and arrays agree element by element, in order.
fn agrees(wanted: &Json, found: &Json) -> bool {
    match (wanted, found) {
        (Json::Object(wanted), Json::Object(found)) => {
            wanted.iter().all(|(key, value)| agrees(value, found.get(key).unwrap_or(&Json::Null)))
        }
        (Json::Array(wanted), Json::Array(found)) => {
            wanted.len() == found.len() && wanted.iter().zip(found).all(|(a, b)| agrees(a, b))
        }
        _ => wanted == found,
    }
}
