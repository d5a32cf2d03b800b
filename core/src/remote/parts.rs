//! Operations on parts of a record and on what it is linked to, and the records that have a shape of
//! their own on the wire.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::activity::WRITTEN;
use crate::error::{Error, ErrorCode, Result};
use crate::operation::{Action, EdgeEdit, EdgeOf, ItemEdit, ItemKey};
use crate::record::{Attributes, Change, Edge, Record};
use crate::schema::RecordType;
use crate::value::Value;

use super::failure::Failure;
use super::perform::{Performed, Performer};
use super::request::{Answer, Request};
use super::{decode, encode, lookup};

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
            let body = encode::item_fields(declared, fields, true);
            let answer = performer.send(Request::post(&list, body)).await?;
            // Told of as there already, where an attempt before has added it.
            match answer.status == 201 || answer.is_repeated {
                true => Action::Created,
                false => Action::Updated,
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

/// Adds, changes or removes one edge of a record.
pub(super) async fn edit_edge(
    performer: &Performer<'_>,
    record_type: &Arc<RecordType>,
    of: EdgeOf,
    relationship: usize,
    edit: &EdgeEdit,
) -> Result<Performed> {
    let EdgeOf::Record(id) = of else {
        let what = "an edge of a record that the same batch makes";
        return Err(Error::new(ErrorCode::OperationNotSupported, what));
    };
    let end = record_type.relationship(relationship);
    let record = id.to_string();
    let list = [record_type.api_name(), &record, "relationship", &end.here().api_name];
    let one = |target: &Uuid| {
        let target = target.to_string();
        list.iter().map(|segment| (*segment).to_owned()).chain([target]).collect::<Vec<_>>()
    };
    let edge_of = |answer: Answer| -> Result<Edge> {
        let mut document = answer.data();
        let item = document.get_mut("item").map(Json::take).unwrap_or_default();
        decode::edge(record_type, id, relationship, item)
    };
    let (action, edge) = match edit {
        EdgeEdit::Add { target, attributes } => {
            let mut body: Map<String, Json> = encode::edge_target(target);
            body.extend(encode::edge_attributes(&end.relationship.attributes, attributes));
            let answer = performer.send(Request::post(&list, Json::Object(body))).await?;
            let is_new = answer.status == 201 || answer.is_repeated;
            (if is_new { Action::Created } else { Action::Updated }, edge_of(answer)?)
        }
        EdgeEdit::Update { target, attributes } => {
            let body = encode::edge_attributes(&end.relationship.attributes, attributes);
            let request = Request::patch(&[], Json::Object(body));
            let answer = performer.send(Request { path: one(target), ..request }).await?;
            (Action::Updated, edge_of(answer)?)
        }
        EdgeEdit::Remove { target } => {
            remove(performer, one(target)).await?;
            return Ok(Performed::of(Action::Removed, id, None));
        }
    };
    let edge = Some(Box::new(edge));
    let mut performed = Performed::of(action, id, None);
    performed.outcome.edge = edge;
    Ok(performed)
}

async fn remove(performer: &Performer<'_>, path: Vec<String>) -> Result<()> {
    match performer.exchange.send(&Request { path, ..Request::delete(&[]) }).await {
        Err(failure) if !is_gone(&failure) => Err(failure.error),
        _ => Ok(()),
    }
}
