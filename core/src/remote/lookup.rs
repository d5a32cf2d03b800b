//! Finding records on the remote workspace: by a match, and by what a create asked for where it is
//! not known whether it was done.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::error::{Error, ErrorCode, Result};
use crate::operation::{Match, MatchTarget};
use crate::record::{Attributes, Change, Record};
use crate::schema::{Attribute, Origin, RecordType};
use crate::value::{Timestamp, Value, ValueType};

use super::client::Exchange;
use super::likeness::{is_comparable, is_free_text, is_like};
use super::request::Request;
use super::{decode, encode, parts};

/// Filters of a look-up for what a create made, at most.
const MAX_FILTERS: usize = 20;
/// Records a page, as many as every CRM gives (contract.md section 7).
pub(super) const PAGE: usize = 100;
/// By how much the clocks of a workspace may differ among each other, in microseconds.
const SKEW: i64 = 5 * 1_000_000;

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
        MatchTarget::Values { attribute, .. } => *attribute,
    };
    let values = encode::match_values(record_type, matching);
    let (operator, operand) = match &values[..] {
        [value] => ("eq", value.clone()),
        values => ("in", json!(values)),
    };
    let Some(attribute) = filterable(record_type, attribute, operator) else {
        return Err(unfilterable(record_type, matching));
    };
    let filter = json!({ "field": attribute.api_name, "operator": operator, "value": operand });
    let mut found = query(exchange, record_type, &[filter], 2).await?;
    if found.len() > 1 {
        let what =
            format!("{} finds more than one {}", matching.describe(), record_type.api_name());
        return Err(Error::new(ErrorCode::AmbiguousMatch, what).at_field(&*matching.name));
    }
    Ok(found.pop())
}

/// The attribute that a record is looked for by, as far as the workspace takes filters by it: of a
/// list the primary one where it takes none by the list itself.
fn filterable<'a>(
    record_type: &'a RecordType,
    index: usize,
    operator: &str,
) -> Option<&'a Attribute> {
    let primary = |attribute: &&Attribute| attribute.origin == Origin::PrimaryOf(index);
    let primary = record_type.attributes().iter().find(primary);
    let mut places = [Some(record_type.attribute(index)), primary].into_iter().flatten();
    places.find(|attribute| attribute.filter_operators().contains(&operator))
}

/// No record of this type can be looked for by such a match.
fn unfilterable(record_type: &RecordType, matching: &Match) -> Error {
    let what = format!("the workspace finds no {} by {}", record_type.api_name(), &*matching.name);
    Error::new(ErrorCode::ConfigInvalid, what)
        .at_field(&*matching.name)
        .hint("match by an attribute that its schema marks as filterable, or by id")
}

/// What an earlier attempt of a create is looked for by.
pub(super) struct Lost<'a> {
    pub(super) record_type: &'a Arc<RecordType>,
    pub(super) attributes: &'a Attributes,
    /// When it was asked for first, by the workspace's clock.
    pub(super) since: Timestamp,
    /// What others have made.
    pub(super) known: &'a [Uuid],
    /// Creates that ask for the same and may have been done, with this one.
    pub(super) open: usize,
}

/// The record that an earlier attempt has made; `None` where there is none.
///
/// # Errors
/// `timeout` where nothing finds records like it, or more of them than were asked for have come about
/// since.
pub(super) async fn made(exchange: &Exchange, lost: &Lost<'_>) -> Result<Option<Record>> {
    let Lost { record_type, attributes, .. } = lost;
    let is_activity = record_type.api_name() == parts::ACTIVITY;
    let since = Timestamp(lost.since.0.saturating_sub(SKEW));
    let created_at = record_type.index_of("created_at").map(|at| record_type.attribute(at));
    let is_dated =
        is_activity || created_at.is_some_and(|it| it.filter_operators().contains(&"gte"));
    let unknown = |what: &str, hint: &str| {
        let what = format!("it is not known whether the record was made, {what}");
        Err(Error::new(ErrorCode::Timeout, what).hint(hint))
    };
    let filters = |takes: &dyn Fn(ValueType) -> bool| {
        let filters = attributes.iter().filter_map(|(index, change)| {
            let attribute = record_type.attribute(index);
            match change {
                Change::Set(value) if takes(attribute.value_type) => filter(attribute, value),
                _ => None,
            }
        });
        let mut filters: Vec<Json> = filters.flatten().take(MAX_FILTERS).collect();
        if is_dated {
            let since = since.to_string();
            filters.push(json!({ "field": "created_at", "operator": "gte", "value": since }));
        }
        filters
    };
    let exact = filters(&|value_type| is_activity || is_comparable(value_type));
    let robust = filters(&|value_type| is_comparable(value_type) && !is_free_text(value_type));
    if exact.is_empty() {
        let hint = "look for the record, and create it again where it is not there";
        return unknown("and nothing in it can be looked for", hint);
    }
    let is_it = |record: &Record| {
        // Where an answer does not say when a record was made, it may be the one.
        (record.created_at.0 == 0 || record.created_at >= since)
            && !lost.known.contains(&record.id)
            && match is_activity {
                true => parts::says_the_same(record, attributes),
                false => is_like(record, attributes),
            }
    };
    // Texts may be kept in another form: then what was made since is looked through.
    let may_differ = is_dated && !is_activity && robust.len() < exact.len();
    let mut found = candidates(exchange, record_type, exact, &is_it).await?;
    if found.is_empty() && may_differ {
        found = candidates(exchange, record_type, robust, &is_it).await?;
    }
    if found.len() > lost.open.max(1) {
        let hint = "archive the records of which there is one too many, then run again";
        return unknown("as several like it have come about since", hint);
    }
    Ok(found.into_iter().next())
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

/// The records that fulfil these filters, without those of them that the workspace cannot take, and that
/// are looked for.
async fn candidates(
    exchange: &Exchange,
    record_type: &Arc<RecordType>,
    mut filters: Vec<Json>,
    is_it: &(dyn Fn(&Record) -> bool + Sync),
) -> Result<Vec<Record>> {
    loop {
        let error = match all(exchange, record_type, &filters, is_it).await {
            Err(error) if is_of_filter(&error) => error,
            found => return found,
        };
        let count = filters.len();
        filters.retain(|filter| error.field().is_none_or(|field| filter["field"] != field));
        if filters.len() == count {
            // It does not tell which.
            filters.retain(|filter| filter["field"] == "created_at");
        }
        if filters.is_empty() || filters.len() == count {
            return Err(error);
        }
    }
}

fn is_of_filter(error: &Error) -> bool {
    matches!(
        error.code(),
        ErrorCode::InvalidFilterField
            | ErrorCode::InvalidFilterOperator
            | ErrorCode::InvalidFilterValue
    )
}

/// All records that fulfil these filters and are looked for: of a page no others are kept.
async fn all(
    exchange: &Exchange,
    record_type: &Arc<RecordType>,
    filters: &[Json],
    is_it: &(dyn Fn(&Record) -> bool + Sync),
) -> Result<Vec<Record>> {
    let mut found = Vec::new();
    let mut body = query_body(record_type, filters, PAGE);
    loop {
        let (records, cursor) = page(exchange, record_type, body).await?;
        let is_over = records.is_empty() || record_type.api_name() == parts::ACTIVITY;
        found.extend(records.into_iter().filter(is_it));
        match cursor {
            Some(cursor) if !is_over => body = json!({ "limit": PAGE, "cursor": cursor }),
            _ => return Ok(found),
        }
    }
}

async fn query(
    exchange: &Exchange,
    record_type: &Arc<RecordType>,
    filters: &[Json],
    limit: usize,
) -> Result<Vec<Record>> {
    let body = query_body(record_type, filters, limit);
    page(exchange, record_type, body).await.map(|(records, _)| records)
}

fn query_body(record_type: &RecordType, filters: &[Json], limit: usize) -> Json {
    let mut body = Map::from_iter([
        ("filters".to_owned(), json!(filters)),
        ("limit".to_owned(), json!(limit)),
    ]);
    if record_type.api_name() == parts::ACTIVITY {
        body = parts::activity_scope(body);
    }
    Json::Object(body)
}

/// A page of records, and the cursor of the next one.
async fn page(
    exchange: &Exchange,
    record_type: &Arc<RecordType>,
    body: Json,
) -> Result<(Vec<Record>, Option<String>)> {
    let request = Request::post(&[record_type.api_name(), "_query"], body);
    let answer = exchange.send(&request).await.map_err(|failure| failure.of(&request))?;
    let cursor = decode::next_cursor(&answer.body);
    let Json::Array(found) = answer.data() else { return Err(no_list()) };
    let found = found.into_iter().map(|data| decode::record(record_type, data));
    Ok((found.collect::<Result<_>>()?, cursor))
}

/// An answer that should have been a list.
pub(super) fn no_list() -> Error {
    Error::new(ErrorCode::Unavailable, "the answer holds no list of records")
        .hint("check that the workspace's URL is that of the CRM's record API")
}
