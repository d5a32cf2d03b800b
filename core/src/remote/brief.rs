//! Reads an answer without what it says of empty attributes: most of a record is empty, and where no
//! record is given back nobody asks for it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value as Json};

/// An answer without null, empty lists and empty objects in its objects, and without the envelopes
/// that hold nothing else.
///
/// # Errors
/// As reading it whole.
pub(super) fn read(body: &[u8]) -> serde_json::Result<Json> {
    serde_json::from_slice::<Seen<'_>>(body).map(Seen::into_json)
}

/// A value as it is read; a text is copied only where it is kept.
enum Seen<'a> {
    Text(Cow<'a, str>),
    Other(Json),
}

impl Seen<'_> {
    fn is_empty(&self) -> bool {
        match self {
            Self::Text(_) => false,
            Self::Other(Json::Null) => true,
            Self::Other(Json::Array(elements)) => elements.is_empty(),
            Self::Other(Json::Object(entries)) => entries.is_empty(),
            Self::Other(_) => false,
        }
    }

    fn into_json(self) -> Json {
        match self {
            Self::Text(text) => Json::String(text.into_owned()),
            Self::Other(json) => json,
        }
    }
}

impl<'de> Deserialize<'de> for Seen<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Seen<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Seen::Other(Json::Null))
    }

    fn visit_bool<E: Error>(self, is: bool) -> Result<Self::Value, E> {
        Ok(Seen::Other(Json::Bool(is)))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Seen::Other(number.into()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Seen::Other(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Seen::Other(Number::from_f64(number).map_or(Json::Null, Json::Number)))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Seen::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Seen::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element::<Seen<'de>>()? {
            list.push(element.into_json());
        }
        Ok(Seen::Other(Json::Array(list)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut object = Map::new();
        let mut kind = None;
        while let Some(name) = entries.next_key::<Seen<'de>>()? {
            let Seen::Text(name) = name else { continue };
            let value = entries.next_value::<Seen<'de>>()?;
            // What an empty envelope would have held says nothing.
            if name == "value_type" {
                kind = Some(value);
            } else if !value.is_empty() {
                object.insert(name.into_owned(), value.into_json());
            }
        }
        if let Some(kind) = kind.filter(|_| !object.is_empty()) {
            object.insert("value_type".to_owned(), kind.into_json());
        }
        Ok(Seen::Other(Json::Object(object)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::super::decode;
    use super::*;
    use crate::schema::Schema;

    #[test]
    fn a_record_read_in_brief_has_the_values_of_the_whole_one() {
        let id = "0191e4a0-0000-7000-8000-000000000001";
        let whole = json!({
            "data": {"id": id, "created_at": "2026-01-02T03:04:05Z", "attributes": {
                "title": {"value_type": "string", "value": null},
                "department": {"value": "R\"D", "value_type": "string"},
                "first_name": "Sarah", "last_name": null,
                "address": {"value_type": "address", "value": {"city": "Oslo", "state": null}},
                "contact_emails": [{"value_type": "contact_email", "value":
                    {"id": id, "email": "a@x.example", "is_primary": true, "labels": []}}],
                "websites": [], "unknown": {"value_type": "thing", "value": {"a": [null, 1.5, -2]}},
            }},
            "meta": {"action": "created"},
        });
        let brief = read(whole.to_string().as_bytes()).unwrap();
        assert_eq!(brief["meta"]["action"], "created");
        let (short, long) = (&brief["data"]["attributes"], &whole["data"]["attributes"]);
        assert_eq!(short.as_object().unwrap().len(), 5, "{short}");
        assert_eq!(short["unknown"]["value"], long["unknown"]["value"]);
        let schema = Schema::standard();
        let of = |answer: &Json| {
            let contact: &Arc<_> = schema.record_type("contact").unwrap();
            decode::record(contact, answer["data"].clone()).unwrap()
        };
        let (brief, whole) = (of(&brief), of(&whole));
        assert_eq!(brief.values, whole.values);
        assert_eq!((brief.id, brief.created_at), (whole.id, whole.created_at));
    }

    #[test]
    fn what_is_cut_or_no_json_is_refused_as_when_read_whole() {
        for text in ["{\"data\": {", "<html>", "{} {}", "[1, 2"] {
            let whole = serde_json::from_slice::<Json>(text.as_bytes()).unwrap_err();
            let brief = read(text.as_bytes()).unwrap_err();
            assert_eq!(brief.is_eof(), whole.is_eof(), "{text}");
        }
    }
}
