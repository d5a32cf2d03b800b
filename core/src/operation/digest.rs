//! The digest of an assert, kept with the record that it left: a repeated assert whose record
//! nothing changed since is known to be one that changes nothing, without the record being read.

use sha2::{Digest as _, Sha256};

use crate::record::{Attributes, Change};
use crate::schema::RecordType;
use crate::value::{Number, Value};

use super::{Match, MatchTarget};

/// What an assert asks of a record, in 16 bytes: no two that ask different things share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest(pub [u8; 16]);

impl Digest {
    /// The digest of a match and its attributes.
    ///
    /// `None` where the same words may come to mean something else: a match by id names no key,
    /// and a reference depends on the record that it points to.
    #[must_use]
    pub fn of(record_type: &RecordType, matching: &Match, attributes: &Attributes) -> Option<Self> {
        let MatchTarget::Values { attribute, values } = &matching.target else { return None };
        let mut input = Input(Vec::with_capacity(512));
        input.text(&record_type.attribute(*attribute).api_name);
        input.values(values);
        for (index, change) in attributes.iter() {
            let attribute = record_type.attribute(index);
            if attribute.value_type == crate::value::ValueType::RecordReference {
                return None;
            }
            input.text(&attribute.api_name);
            input.change(change);
        }
        Some(input.digest())
    }
}

/// The digest of one value, or of null: amounts by what they are, not by how many digits say it.
pub(crate) fn value_digest(value: Option<&Value>) -> Digest {
    let mut input = Input(Vec::with_capacity(64));
    match value {
        None => input.0.push(b'0'),
        Some(Value::Decimal(decimal)) => input.value(&Value::Decimal(decimal.normalize())),
        Some(value) => input.value(value),
    }
    input.digest()
}

/// The digest of these texts.
pub(crate) fn text_digest(texts: &[&str]) -> Digest {
    let mut input = Input(Vec::with_capacity(128));
    texts.iter().for_each(|text| input.text(text));
    input.digest()
}

/// What is digested. Every part says its kind and its length, so that no two inputs look alike.
struct Input(Vec<u8>);

impl Input {
    fn digest(&self) -> Digest {
        let hash = Sha256::digest(&self.0);
        let mut digest = [0; 16];
        digest.copy_from_slice(&hash[..16]);
        Digest(digest)
    }

    fn text(&mut self, text: &str) {
        self.count(text.len());
        self.0.extend_from_slice(text.as_bytes());
    }

    fn optional(&mut self, text: Option<&str>) {
        self.0.push(u8::from(text.is_some()));
        self.text(text.unwrap_or_default());
    }

    fn count(&mut self, count: usize) {
        self.0.extend_from_slice(&(count as u64).to_le_bytes());
    }

    fn change(&mut self, change: &Change) {
        match change {
            Change::Clear => self.0.push(b'0'),
            Change::Set(value) => {
                self.0.push(b'=');
                self.value(value);
            }
            Change::Merge(patch) => {
                self.0.push(b'+');
                for part in &patch.0 {
                    self.0.push(u8::from(part.is_some()));
                    self.optional(part.as_ref().and_then(Option::as_deref));
                }
            }
        }
    }

    fn values(&mut self, values: &[Value]) {
        self.count(values.len());
        values.iter().for_each(|value| self.value(value));
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Text(text) => {
                self.0.push(b't');
                self.text(text);
            }
            Value::Number(Number::Integer(integer)) => {
                self.0.push(b'i');
                self.0.extend_from_slice(&integer.to_le_bytes());
            }
            Value::Number(Number::Float(float)) => {
                self.0.push(b'f');
                self.0.extend_from_slice(&float.to_bits().to_le_bytes());
            }
            Value::Decimal(decimal) => {
                self.0.push(b'd');
                self.0.extend_from_slice(&decimal.serialize());
            }
            Value::Boolean(boolean) => self.0.extend_from_slice(&[b'b', u8::from(*boolean)]),
            Value::Timestamp(timestamp) => {
                self.0.push(b's');
                self.0.extend_from_slice(&timestamp.0.to_le_bytes());
            }
            Value::Date(date) => {
                self.0.push(b'y');
                self.text(&date.to_string());
            }
            Value::Time(time) => {
                self.0.push(b'c');
                self.text(&time.to_string());
            }
            Value::Target(target) => {
                self.0.push(b'r');
                self.text(&target.to_string());
            }
            Value::Uuid(id) => {
                self.0.push(b'u');
                self.0.extend_from_slice(id.as_bytes());
            }
            Value::Address(address) => {
                self.0.push(b'a');
                address.0.iter().for_each(|part| self.optional(part.as_deref()));
            }
            Value::Item(item) => {
                self.0.extend_from_slice(&[b'm', u8::from(item.is_primary)]);
                self.text(&item.text);
                self.count(item.labels.len());
                item.labels.iter().for_each(|label| self.text(label));
            }
            Value::List(elements) => {
                self.0.push(b'l');
                self.values(elements);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::schema::{Schema, Write};

    fn digest(matching: &Json, attributes: &Json) -> Option<Digest> {
        let schema = Schema::standard();
        let contact = schema.record_type("contact").unwrap();
        let object = |json: &Json| json.as_object().unwrap().clone();
        let matching = Match::parse(contact, object(matching), None).unwrap();
        let attributes =
            Attributes::parse(contact, object(attributes), Write::Patch, None).unwrap();
        Digest::of(contact, &matching, &attributes)
    }

    #[test]
    fn asserts_that_ask_for_different_things_differ() {
        let asserts = [
            (json!({"email": "a@x.example"}), json!({})),
            (json!({"email": "b@x.example"}), json!({})),
            (json!({"email": "a@x.example"}), json!({"title": "b"})),
            (json!({"email": "a@x.example"}), json!({"title": null})),
            (json!({"email": "a@x.example"}), json!({"department": "b"})),
            (json!({"email": "a@x.example"}), json!({"title": "b", "department": ""})),
            (json!({"email": "a@x.example"}), json!({"title": "", "department": "b"})),
            (json!({"email": "a@x.example"}), json!({"sms_consent": true})),
            (json!({"email": "a@x.example"}), json!({"sms_consent": false})),
            (json!({"email": "a@x.example"}), json!({"address": {"city": "b"}})),
            (json!({"email": "a@x.example"}), json!({"address": {"state": "b"}})),
            (json!({"email": ["a@x.example", "b@x.example"]}), json!({})),
        ];
        for (place, (matching, attributes)) in asserts.iter().enumerate() {
            let own = digest(matching, attributes).unwrap();
            assert_eq!(digest(matching, attributes), Some(own));
            for (matching, attributes) in &asserts[..place] {
                assert_ne!(digest(matching, attributes), Some(own), "{attributes} twice");
            }
        }
    }

    #[test]
    fn what_depends_on_other_records_has_none() {
        let id = json!("0191e4a0-0000-7000-8000-000000000001");
        assert_eq!(digest(&json!({"id": id}), &json!({"title": "b"})), None);
    }
}
