//! Reads an answer for a few of a record's attributes: where no record is given back nobody asks for
//! the others, which are most of it.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value as Json};

use crate::schema::RecordType;

/// What stands among the attributes where it does not stand beside them.
const SYSTEM: [&str; 4] = ["id", "organization_id", "created_at", "updated_at"];

/// Which attributes of a record are asked for.
#[derive(Debug, Clone)]
pub(super) struct Brief {
    pub(super) record_type: Arc<RecordType>,
    pub(super) attributes: Vec<usize>,
}

impl Brief {
    /// An answer with these attributes of its record alone, and all else; whole where it is not as
    /// expected.
    ///
    /// # Errors
    /// As reading it whole.
    pub(super) fn read(&self, body: &[u8]) -> serde_json::Result<Json> {
        let mut deserializer = serde_json::Deserializer::from_slice(body);
        let read = Reader { brief: self, is_attributes: false }.deserialize(&mut deserializer);
        let read = read.and_then(|json| deserializer.end().map(|()| json));
        read.or_else(|_| serde_json::from_slice(body))
    }

    fn asks_for(&self, name: &str) -> bool {
        let named = |&index: &usize| self.record_type.attribute(index).api_name == name;
        SYSTEM.contains(&name) || self.attributes.iter().any(named)
    }
}

/// Reads an object: an answer, its record, or that one's attributes.
#[derive(Clone, Copy)]
struct Reader<'a> {
    brief: &'a Brief,
    is_attributes: bool,
}

#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Json;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut object = Map::new();
        while let Some(Name(name)) = entries.next_key::<Name<'de>>()? {
            let is_attributes = name == "attributes";
            let value = if self.is_attributes && !self.brief.asks_for(&name) {
                entries.next_value::<IgnoredAny>()?;
                continue;
            } else if !self.is_attributes && (is_attributes || name == "data") {
                entries.next_value_seed(Reader { is_attributes, ..self })?
            } else {
                entries.next_value()?
            };
            object.insert(name.into_owned(), value);
        }
        Ok(Json::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::decode;
    use super::*;
    use crate::schema::Schema;

    fn brief() -> Brief {
        let schema = Schema::standard();
        let record_type = Arc::clone(schema.record_type("contact").unwrap());
        let names = ["contact_emails", "primary_email"];
        let attributes = names.iter().map(|name| record_type.index_of(name).unwrap()).collect();
        Brief { record_type, attributes }
    }

    #[test]
    fn a_record_read_in_brief_has_what_is_asked_for_as_the_whole_one_has() {
        let id = "0191e4a0-0000-7000-8000-000000000001";
        let data = json!({"id": id, "created_at": "2026-01-02T03:04:05Z", "attributes": {
            "title": {"value_type": "string", "value": "a \"b\" {"},
            "organization_id": {"value_type": "uuid", "value": id},
            "primary_email": {"value": "a@x.example", "value_type": "email"},
            "contact_emails": [{"value_type": "contact_email", "value":
                {"id": id, "email": "a@x.example", "is_primary": true, "labels": []}}],
            "attributes": {"data": [null, 1.5, -2]},
        }});
        let meta = json!({"action": "created", "attributes": {"title": 1}});
        for whole in [json!({"data": data, "meta": meta}), data.clone()] {
            let brief = brief();
            let read = brief.read(whole.to_string().as_bytes()).unwrap();
            assert_eq!(read["meta"], whole["meta"]);
            let record = |answer: &Json| {
                let data = answer.get("data").unwrap_or(answer).clone();
                decode::record(&brief.record_type, data).unwrap()
            };
            let (short, long) = (record(&read), record(&whole));
            assert_eq!((short.id, short.created_at), (long.id, long.created_at));
            assert_eq!(short.organization_id, long.organization_id);
            for (index, value) in short.values.iter().enumerate() {
                match brief.attributes.contains(&index) {
                    true => assert!(value.is_some() && *value == long.values[index], "{index}"),
                    false => assert_eq!(*value, None, "{index}"),
                }
            }
        }
    }

    #[test]
    fn what_is_no_record_is_read_whole_and_what_is_no_json_refused() {
        for text in ["[1, 2]", "null", "{\"data\": null}", "{\"data\": {\"attributes\": []}}", "7"]
        {
            let whole: Json = serde_json::from_str(text).unwrap();
            assert_eq!(brief().read(text.as_bytes()).unwrap(), whole);
        }
        for text in
            ["{\"data\": {", "<html>", "{} {}", "[1, 2", "{\"data\": {\"attributes\": {\"x\": "]
        {
            let whole = serde_json::from_slice::<Json>(text.as_bytes()).unwrap_err();
            let refused = brief().read(text.as_bytes()).unwrap_err();
            assert_eq!(refused.is_eof(), whole.is_eof(), "{text}");
        }
    }
}
