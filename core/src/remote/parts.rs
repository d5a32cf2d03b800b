//! Operations on the items of a record, and the records that have a shape of their own on the wire.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::activity::WRITTEN;
use crate::error::{ErrorCode, Result};
use crate::operation::{Action, ItemEdit, ItemFields, ItemKey};
use crate::record::{Attributes, Change, Record};
use crate::schema::RecordType;
use crate::value::{Item, Value};

use super::client::Exchange;
use super::creates::{Sent, send_once};
use super::failure::Failure;
use super::perform::{Performed, Performer};
use super::request::Request;
use super::{encode, lookup};

/// The record type whose writes have no envelopes (contract.md section 4.7).
pub(super) const ACTIVITY: &str = "activity";

/// The body that creates a record.
pub(super) fn create_body(record_type: &RecordType, attributes: &Attributes) -> Json {
    let mut encoded = encode::attributes(record_type, attributes);
    if record_type.api_name() == ACTIVITY {
        let metadata = encoded.remove("metadata");
        let metadata = metadata.as_ref().and_then(Json::as_str);
        let metadata: Option<Json> = metadata.and_then(|text| serde_json::from_str(text).ok());
        // What is derived from the metadata follows from it there too.
        encoded.retain(|name, _| WRITTEN.contains(&name.as_str()));
        encoded.extend(metadata.map(|metadata| ("metadata".to_owned(), metadata)));
    }
    json!({ "attributes": encoded })
}

/// The body of a query of activities, which are asked for by whom they concern (contract.md
/// section 4.7), from the filters that stand for it here.
pub(super) fn activity_scope(mut body: Map<String, Json>) -> Map<String, Json> {
    const SCOPES: [(&str, &str, &str); 5] = [
        ("contact_ids", "eq", "contact_id"),
        ("account_id", "eq", "account_id"),
        ("opportunity_id", "eq", "opportunity_id"),
        ("created_at", "gte", "created_from"),
        ("created_at", "lte", "created_to"),
    ];
    let filters = body.remove("filters").unwrap_or_default();
    body.remove("sort");
    for filter in filters.as_array().into_iter().flatten() {
        let scope = SCOPES.iter().find(|(field, operator, _)| {
            filter["field"] == *field && filter["operator"] == *operator
        });
        if let Some((_, _, name)) = scope {
            body.insert((*name).to_owned(), json!(filter["value"]));
        }
    }
    body
}

/// Whether an activity says in its texts what one was created with.
pub(super) fn says_the_same(record: &Record, attributes: &Attributes) -> bool {
    let texts = |value: Option<&Value>| {
        let Some(Value::Text(text)) = value else { return Map::new() };
        let parsed: Option<Map<String, Json>> = serde_json::from_str(text).ok();
        parsed.unwrap_or_default()
    };
    let Some(index) = record.record_type.index_of("metadata") else { return true };
    let asked = match attributes.change(index) {
        Some(Change::Set(value)) => texts(Some(value)),
        _ => return true,
    };
    let read = texts(record.values[index].as_ref());
    // Times are written in several ways.
    let is_time = |text: &str| crate::value::parse_timestamp(text).is_ok();
    asked.iter().all(|(name, value)| match value.as_str() {
        Some(text) if !is_time(text) => read.get(name).is_none_or(|read| read == text),
        _ => true,
    })
}

/// Whether a removal failed because an attempt before, of which nothing was heard, has done it.
pub(super) fn is_gone(failure: &Failure) -> bool {
    let code = failure.error.code();
    let is_gone = matches!(code, ErrorCode::RecordNotFound | ErrorCode::TargetRecordNotFound);
    failure.may_be_done && is_gone
}

/// Adds, changes or removes one item of an array attribute.
pub(super) async fn edit_item(
    performer: &Performer<'_>,
    record_type: &Arc<RecordType>,
    id: Uuid,
    attribute: usize,
    edit: &ItemEdit,
) -> Result<Performed> {
    let declared = record_type.attribute(attribute);
    let record = id.to_string();
    let list = [record_type.api_name(), &record, "attribute", &declared.api_name];
    let one = |key: &ItemKey| {
        let name = key.to_string();
        list.iter().map(|segment| (*segment).to_owned()).chain([name]).collect::<Vec<_>>()
    };
    let action = match edit {
        ItemEdit::Add(fields) => {
            let request = Request::post(&list, encode::item_fields(declared, fields, true)).once();
            let look = || find_item(performer.exchange, record_type, id, attribute, fields);
            match send_once(performer.exchange, &request, None, look).await? {
                Sent::Answered(answer) if answer.status == 201 => Action::Created,
                Sent::Answered(_) => Action::Updated,
                Sent::Found(item) if says(&item, fields) => Action::Created,
                // It was there before, and said something else.
                Sent::Found(item) => {
                    let key =
                        item.id.map_or_else(|| ItemKey::of_text(declared, &item.text), ItemKey::Id);
                    let rest = ItemFields { text: None, ..fields.clone() };
                    let body = encode::item_fields(declared, &rest, false);
                    performer
                        .send(Request { path: one(&key), ..Request::patch(&[], body) })
                        .await?;
                    Action::Updated
                }
            }
        }
        ItemEdit::Update(key, fields) => {
            let body = encode::item_fields(declared, fields, false);
            performer.send(Request { path: one(key), ..Request::patch(&[], body) }).await?;
            Action::Updated
        }
        ItemEdit::Remove(key) => {
            remove(performer, one(key)).await?;
            return Ok(Performed::of(Action::Removed, id, None));
        }
    };
    // The answer holds the item alone.
    let record = match performer.returns_records {
        true => Some(lookup::by_id(performer.exchange, record_type, id).await?),
        false => None,
    };
    Ok(Performed::of(action, id, record))
}

/// The item with the text of these fields, where there is one.
async fn find_item(
    exchange: &Exchange,
    record_type: &Arc<RecordType>,
    id: Uuid,
    attribute: usize,
    fields: &ItemFields,
) -> Result<Option<Item>> {
    let record = match lookup::by_id(exchange, record_type, id).await {
        Ok(record) => record,
        // Asked again, the workspace says so.
        Err(error) if error.code() == ErrorCode::RecordNotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let declared = record_type.attribute(attribute);
    let key = ItemKey::of_text(declared, fields.text.as_deref().unwrap_or_default());
    let held = record.values[attribute].as_ref().and_then(Value::as_list).unwrap_or_default();
    let mut items = held.iter().filter_map(Value::as_item);
    Ok(items.find(|item| key.names(id, declared, item)).cloned())
}

/// Whether an item is as it was asked for; that the first one is primary is not for the asking.
fn says(item: &Item, fields: &ItemFields) -> bool {
    let has = |labels: &Vec<&str>| item.labels[..] == labels[..];
    (item.is_primary || fields.is_primary != Some(true)) && fields.labels.as_ref().is_none_or(has)
}

/// Takes away the item or edge at this path.
pub(super) async fn remove(performer: &Performer<'_>, path: Vec<String>) -> Result<()> {
    match performer.exchange.send(&Request { path, ..Request::delete(&[]) }).await {
        Err(failure) if !is_gone(&failure) => Err(failure.error),
        _ => Ok(()),
    }
}
