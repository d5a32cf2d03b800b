//! Finding records on the remote workspace: by a match, and by what a create asked for where it is
//! not known whether it was done.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::error::{Error, ErrorCode, Result};
use crate::operation::{Match, MatchTarget};
use crate::record::{Attributes, Change, Record};
use crate::schema::{Attribute, Origin, RecordType};
use crate::value::Value;

use super::client::Exchange;
use super::request::Request;
use super::{decode, encode};

/// Filters of a look-up for what a create made, at most.
const MAX_FILTERS: usize = 20;
/// Records that say the same, at most, among which a made one is looked for.
const MAX_SAME: usize = 100;

/// The record with this id.
pub(super) async fn by_id(
    exchange: &Exchange,
    record_type: &Arc<RecordType>,
    id: Uuid,
) -> Result<Record> {
    let path = [record_type.api_name(), &id.to_string()];
    let answer = exchange.send(&Request::get(&path)).await.map_err(|failure| failure.error)?;
    decode::record(record_type, answer.data())
}

/// The one record that a match finds; `None` where there is none.
///
/// # Errors
/// `ambiguous_match`, and what a request may end with.
pub(super) async fn by_match(
    exchange: &Exchange,
    record_type: &Arc<RecordType>,
    matching: &Match,
) -> Result<Option<Record>> {
    let attribute = match &matching.target {
        MatchTarget::Id(id) => {
            return match by_id(exchange, record_type, *id).await {
                Ok(record) => Ok(Some(record)),
                Err(error) if error.code() == ErrorCode::RecordNotFound => Ok(None),
                Err(error) => Err(error),
            };
        }
        MatchTarget::Values { attribute, .. } => record_type.attribute(*attribute),
    };
    let values = encode::match_values(record_type, matching);
    let filter = match &values[..] {
        [value] => json!({ "field": attribute.api_name, "operator": "eq", "value": value }),
        values => json!({ "field": attribute.api_name, "operator": "in", "value": values }),
    };
    let mut found = query(exchange, record_type, &[filter], 2).await?;
    if found.len() > 1 {
        let what =
            format!("{} finds more than one {}", matching.describe(), record_type.api_name());
        return Err(Error::new(ErrorCode::AmbiguousMatch, what).at_field(&*matching.name));
    }
    Ok(found.pop())
}

/// The record that an earlier attempt has made of these attributes; `None` where there is none
/// beside those that are known.
///
/// # Errors
/// `timeout` where the attributes tell no record from others.
pub(super) async fn made(
    exchange: &Exchange,
    record_type: &Arc<RecordType>,
    attributes: &Attributes,
    known: &[Uuid],
) -> Result<Option<Record>> {
    let filters = attributes.iter().filter_map(|(index, change)| {
        let attribute = record_type.attribute(index);
        match change {
            Change::Set(value) => filter(attribute, value),
            Change::Clear | Change::Merge(_) => None,
        }
    });
    let filters: Vec<Json> = filters.flatten().take(MAX_FILTERS).collect();
    if filters.is_empty() {
        let what =
            "it is not known whether the record was made, and nothing in it can be looked for";
        return Err(Error::new(ErrorCode::Timeout, what)
            .hint("look for the record, and create it again where it is not there"));
    }
    let found = query(exchange, record_type, &filters, MAX_SAME).await?;
    Ok(found.into_iter().find(|record| !known.contains(&record.id)))
}

/// The filters that a record with this value fulfils.
fn filter(attribute: &Attribute, value: &Value) -> Option<Vec<Json>> {
    if !attribute.filter_operators().contains(&"eq")
        || matches!(attribute.origin, Origin::System(_))
    {
        return None;
    }
    let eq = |value: Json| json!({ "field": attribute.api_name, "operator": "eq", "value": value });
    let one = |value: &Value| match value {
        Value::Item(item) => Some(eq(json!(&*item.text))),
        Value::Target(_) | Value::Address(_) | Value::List(_) => None,
        value => Some(eq(encode::value(attribute, value))),
    };
    match value {
        Value::List(values) => values.iter().map(one).collect(),
        value => one(value).map(|filter| vec![filter]),
    }
}

async fn query(
    exchange: &Exchange,
    record_type: &Arc<RecordType>,
    filters: &[Json],
    limit: usize,
) -> Result<Vec<Record>> {
    let body = json!({ "filters": filters, "limit": limit });
    let request = Request::post(&[record_type.api_name(), "_query"], body);
    let answer = exchange.send(&request).await.map_err(|failure| failure.error)?;
    let Json::Array(found) = answer.data() else { return Err(no_list()) };
    found.into_iter().map(|data| decode::record(record_type, data)).collect()
}

/// An answer that should have been a list.
pub(super) fn no_list() -> Error {
    Error::new(ErrorCode::Unavailable, "the answer holds no list of records")
        .hint("check that the workspace's URL is that of the CRM's record API")
}
