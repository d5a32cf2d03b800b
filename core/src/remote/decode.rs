//! From answers to records, edges and items: what is known is read, what is missing is null, and the
//! whole answer is kept beside it, so that what is unknown here is passed on (contract.md section 9).

use std::sync::Arc;

use serde_json::Value as Json;
use uuid::Uuid;

use crate::error::{Error, ErrorCode, Result};
use crate::record::{Edge, Record};
use crate::schema::{Attribute, Origin, RecordType};
use crate::value::{Item, LABELS, Text, Timestamp, Value, parse_timestamp};

/// A record as an answer holds it.
///
/// # Errors
/// `unavailable` for what is no record.
pub(super) fn record(record_type: &Arc<RecordType>, data: Json) -> Result<Record> {
    let attributes = &data["attributes"];
    let system = |name: &str| system(&data, name);
    let id = system("id").and_then(|id| Uuid::parse_str(id).ok()).ok_or_else(no_record)?;
    let time = |name: &str| {
        let parsed = system(name).and_then(|text| parse_timestamp(text).ok());
        parsed.unwrap_or(Timestamp(0))
    };
    let read = |attribute: &Attribute| match attribute.origin {
        Origin::System(_) => None,
        // An activity's metadata has no envelope and stands beside the attributes.
        _ if attribute.api_name == "metadata" && data["metadata"].is_object() => {
            Some(Value::Text(data["metadata"].to_string().into()))
        }
        _ => value(attribute, attributes.get(&attribute.api_name)?),
    };
    Ok(Record {
        record_type: Arc::clone(record_type),
        id,
        organization_id: organization(&data).unwrap_or_default(),
        created_at: time("created_at"),
        updated_at: time("updated_at"),
        values: record_type.attributes().iter().map(read).collect(),
        raw: Some(Arc::new(data)),
    })
}

/// What stands beside a record's attributes, or among them.
fn system<'a>(data: &'a Json, name: &str) -> Option<&'a str> {
    match &data[name] {
        Json::String(text) => Some(text.as_str()),
        _ => content(&data["attributes"][name]).as_str(),
    }
}

/// Whose record it is, where an answer says so.
pub(super) fn organization(data: &Json) -> Option<Uuid> {
    system(data, "organization_id").and_then(|id| Uuid::parse_str(id).ok())
}

fn no_record() -> Error {
    Error::new(ErrorCode::Unavailable, "the answer holds no record")
        .hint("check that the workspace's URL is that of the CRM's record API")
}

/// What an envelope holds, or the value that has none.
pub(super) fn content(json: &Json) -> &Json {
    match json.get("value_type") {
        Some(_) => &json["value"],
        None => json,
    }
}

/// A value as it is read; `None` for null and for what cannot be read.
pub(super) fn value(attribute: &Attribute, json: &Json) -> Option<Value> {
    if attribute.is_array {
        let elements = content(json).as_array()?;
        if attribute.value_type.is_item() {
            let items = elements.iter().filter_map(|it| item(attribute, content(it)));
            return listed(items.map(|item| Value::Item(Box::new(item))).collect());
        }
        return listed(elements.iter().filter_map(|it| one(attribute, content(it))).collect());
    }
    one(attribute, content(json))
}

fn listed(values: Vec<Value>) -> Option<Value> {
    (!values.is_empty()).then(|| Value::List(values.into()))
}

fn one(attribute: &Attribute, json: &Json) -> Option<Value> {
    if json.is_null() {
        return None;
    }
    // A copy for each value of each record would take longer than all else.
    let single = attribute.is_array.then(|| Attribute { is_array: false, ..attribute.clone() });
    match single.as_ref().unwrap_or(attribute).parse(json.clone(), None) {
        Ok(value) => value,
        // An option that the schema does not have keeps its name.
        Err(_) if attribute.value_type.has_options() => {
            let name = json.as_str().or_else(|| json["api_name"].as_str())?;
            Some(Value::Text(name.into()))
        }
        Err(_) => None,
    }
}

/// An item as it is read: what it says is not checked again.
pub(super) fn item(attribute: &Attribute, json: &Json) -> Option<Item> {
    let shape = attribute.value_type.item_shape()?;
    let text: Text = json[shape.text_key].as_str().or_else(|| json.as_str())?.into();
    let labels = json["labels"].as_array().into_iter().flatten();
    let known = |name: &Json| LABELS.iter().copied().find(|label| name == label);
    Some(Item {
        id: json["id"].as_str().and_then(|id| Uuid::parse_str(id).ok()),
        is_primary: json["is_primary"].as_bool().unwrap_or(false),
        labels: labels.filter_map(known).collect(),
        ..Item::new(text)
    })
}

/// An edge of a record, from an item of a list or of the answer to an edit.
///
/// # Errors
/// `unavailable` for what is no edge.
pub(super) fn edge(
    record_type: &Arc<RecordType>,
    parent: Uuid,
    relationship: usize,
    item: Json,
) -> Result<Edge> {
    let related = item["related_record_id"].as_str().and_then(|id| Uuid::parse_str(id).ok());
    let related = related.ok_or_else(|| {
        Error::new(ErrorCode::Unavailable, "the answer holds no link between records")
    })?;
    let end = record_type.relationship(relationship);
    let attributes = &item["through"]["attributes"];
    let values = end.relationship.attributes.iter();
    let values =
        values.map(|attribute| value(attribute, attributes.get(&attribute.api_name)?)).collect();
    Ok(Edge {
        record_type: Arc::clone(record_type),
        parent,
        relationship,
        related,
        values,
        raw: Some(item),
    })
}

/// The cursor of the next page, wherever it stands (contract.md section 1.4).
pub(super) fn next_cursor(page: &Json) -> Option<String> {
    let places = ["/next_cursor", "/meta/next_cursor", "/pagination/next_cursor"];
    let found = places.iter().find_map(|place| page.pointer(place)?.as_str());
    found.filter(|cursor| !cursor.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::schema::Schema;

    fn contact(data: Json) -> Record {
        record(Schema::standard().record_type("contact").unwrap(), data).unwrap()
    }

    const ID: &str = "0191e4a0-0000-7000-8000-000000000001";

    #[test]
    fn a_record_is_read_with_what_is_missing_bare_or_unknown() {
        let data = json!({
            "id": ID, "relationships": {"accounts": []},
            "attributes": {
                "title": {"value_type": "string", "value": "CEO"},
                "department": {"value": null, "value_type": "string"},
                "first_name": "Sarah",
                "last_name": null,
                "mood": {"value_type": "holographic", "value": [1]},
                "stage": {"value_type": "contact_stage", "value": {"id": ID, "api_name": "dozing"}},
                "contact_emails": [{"value_type": "contact_email", "value":
                    {"id": ID, "email": "a@x.example", "is_primary": false, "labels": ["WORK", "MOON"]}}],
            },
        });
        let read = contact(data.clone());
        assert_eq!(read.to_json(), data);
        let text = |name: &str| read.value(name).and_then(Value::as_text);
        assert_eq!((text("title"), text("first_name")), (Some("CEO"), Some("Sarah")));
        assert_eq!((text("department"), text("last_name")), (None, None));
        assert_eq!(text("stage"), Some("dozing"));
        let emails = read.value("contact_emails").unwrap().as_list().unwrap();
        let item = emails[0].as_item().unwrap();
        assert_eq!((item.is_primary, &item.labels[..]), (false, &["WORK"][..]));
        assert_eq!(item.id.unwrap().to_string(), ID);
    }

    #[test]
    fn an_id_may_stand_among_the_attributes_and_must_stand_somewhere() {
        let attributes = json!({"id": {"value_type": "uuid", "value": ID}});
        assert_eq!(contact(json!({"attributes": attributes})).id.to_string(), ID);
        let schema = Schema::standard();
        let refused = record(schema.record_type("contact").unwrap(), json!({"id": 7})).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::Unavailable);
    }

    #[test]
    fn a_cursor_is_found_wherever_it_stands() {
        for page in [
            json!({"next_cursor": "c"}),
            json!({"meta": {"next_cursor": "c"}}),
            json!({"pagination": {"next_cursor": "c"}}),
        ] {
            assert_eq!(next_cursor(&page).as_deref(), Some("c"));
        }
        assert_eq!(next_cursor(&json!({"data": [], "next_cursor": null})), None);
        assert_eq!(next_cursor(&json!({"data": []})), None);
    }
}
