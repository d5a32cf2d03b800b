//! Operations on parts of a record and on what it is linked to, and the records that have a shape of
//! their own on the wire.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::activity::WRITTEN;
use crate::error::{Error, ErrorCode, Result};
use crate::operation::{Action, EdgeEdit, EdgeOf, ItemEdit, ItemKey, Outcome};
use crate::record::{Attributes, Edge};
use crate::schema::RecordType;

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
        decode::edge(record_type, id, relationship, document["item"].take())
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
    Ok(Performed { outcome: Outcome { action, id, record: None, edge }, known: None })
}

async fn remove(performer: &Performer<'_>, path: Vec<String>) -> Result<()> {
    match performer.exchange.send(&Request { path, ..Request::delete(&[]) }).await {
        Err(failure) if !is_gone(&failure) => Err(failure.error),
        _ => Ok(()),
    }
}
