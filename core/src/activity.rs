//! Activities: logged, read and queried in a shape of their own (contract.md section 4.7).

use serde_json::{Map, Value as Json, json};

use crate::calls::{parse_attributes, whole_record};
use crate::error::{Error, ErrorCode, Result};
use crate::operation::{Operation, OperationKind, Query, QueryLimits};
use crate::record::{Attributes, Record, first_of, note};
use crate::schema::{RecordType, Write};
use crate::value::{excerpt, parse_timestamp, quoted};
use crate::workspace::Workspace;

/// The record type that has this shape.
pub const ACTIVITY: &str = "activity";
/// The type of the activities that are logged.
pub const MANUAL: &str = "MANUAL_ACTIVITY";
/// What may be written beside `metadata`.
pub const WRITTEN: [&str; 6] = [
    "type",
    "account_id",
    "opportunity_id",
    "contact_ids",
    "sequence_id",
    "pipeline_select_list_value_id",
];
/// What is read under `attributes`.
pub const READ: [&str; 9] = [
    "type",
    "sub_type",
    "status",
    "priority",
    "display_name",
    "owner_user_id",
    "ended_at",
    "badge_status",
    "location",
];
/// The texts that the metadata of a manual activity must have.
const REQUIRED: [&str; 3] = ["activity_time", "subject", "description"];

/// Logs an activity from the `attributes` object of a request and gives it back, as
/// [`activity_json`] shows it.
///
/// # Errors
/// `unknown_field`, `field_not_creatable`, `field_required_missing`, `field_value_invalid`,
/// `target_record_not_found`.
pub fn log_activity(workspace: &dyn Workspace, mut attributes: Map<String, Json>) -> Result<Json> {
    let record_type = workspace.record_type(ACTIVITY)?;
    let metadata = attributes.remove("metadata").filter(|metadata| !metadata.is_null());
    let (mut faults, mut refused) = (Vec::new(), Vec::new());
    for name in attributes.keys().filter(|name| !WRITTEN.contains(&name.as_str())) {
        match record_type.index_of(name) {
            Some(_) => note(&mut refused, || read_only(name)),
            None => note(&mut faults, || record_type.unknown_field(name)),
        }
    }
    faults.append(&mut refused);
    // A type that is null is one that is not told (contract.md section 4.7).
    attributes.retain(|name, value| {
        WRITTEN.contains(&name.as_str()) && !(name == "type" && value.is_null())
    });
    let is_manual = type_of(&attributes).is_none_or(|name| name == MANUAL);
    let metadata = match is_manual {
        true => checked(&record_type, metadata),
        false => {
            let what = "only manual activities are logged";
            let error = Error::new(ErrorCode::FieldValueInvalid, what).at_field("type");
            Err(error.hint(format!("leave it out, or write {MANUAL}")))
        }
    };
    if let Ok(metadata) = &metadata {
        attributes.extend(told_by(metadata));
        attributes.insert("metadata".to_owned(), json!(metadata).to_string().into());
    }
    let parsed = parse_attributes(workspace, &record_type, attributes, Write::Create);
    let attributes = parsed.unwrap_or_else(|error| {
        faults.extend(error.apart().map(|fault| match fault.field() {
            Some("sub_type") => fault.at_field("metadata.category"),
            _ => fault,
        }));
        Attributes::default()
    });
    if let Some(fault) = first_of(faults.into_iter().chain(metadata.err())) {
        return Err(fault);
    }
    let mut operation = Operation::new(record_type, OperationKind::Create { attributes });
    operation.writes_read_only = true;
    whole_record(workspace.apply_one(operation)?).map(|record| activity_json(&record))
}

/// The attributes of an activity that is seeded, as they are kept: of any type, with metadata as it
/// is read, which for a manual activity is what is logged.
///
/// # Errors
/// `field_required_missing`, `field_value_invalid`, at the place in the metadata.
pub(crate) fn seeded(
    record_type: &RecordType,
    mut attributes: Map<String, Json>,
) -> Result<Map<String, Json>> {
    let metadata = match attributes.remove("metadata").unwrap_or_default() {
        Json::Null => return Ok(attributes),
        metadata if type_of(&attributes).is_none_or(|name| name == MANUAL) => {
            let metadata = checked(record_type, Some(metadata))?;
            for (name, value) in told_by(&metadata) {
                attributes.entry(name).or_insert(value);
            }
            metadata
        }
        Json::Object(metadata) => metadata,
        other => return Err(no_object(&other)),
    };
    attributes.insert("metadata".to_owned(), json!(metadata).to_string().into());
    Ok(attributes)
}

/// The type that attributes give, raw or in an envelope.
fn type_of(attributes: &Map<String, Json>) -> Option<&str> {
    let given = attributes.get("type")?;
    given.get("value").unwrap_or(given).as_str()
}

/// What the metadata of a manual activity says of its attributes.
fn told_by(metadata: &Map<String, Json>) -> impl Iterator<Item = (String, Json)> {
    let subject = metadata.get("subject").cloned().unwrap_or_default();
    let category = metadata.get("category").filter(|category| !category.is_null());
    let category = category.cloned().unwrap_or_else(|| "OTHER".into());
    [("display_name".to_owned(), subject), ("sub_type".to_owned(), category)].into_iter()
}

fn read_only(name: &str) -> Error {
    let what = format!("{name} is read-only and cannot be given to a new activity");
    Error::new(ErrorCode::FieldNotCreatable, what).at_field(name)
}

fn no_object(found: &Json) -> Error {
    let what = format!("expected metadata to be an object, found {}", excerpt(found));
    Error::new(ErrorCode::FieldValueInvalid, what).at_field("metadata")
}

/// The metadata of a manual activity, which is the only kind that is logged.
fn checked(record_type: &RecordType, metadata: Option<Json>) -> Result<Map<String, Json>> {
    let at = |name: &str| format!("metadata.{name}");
    let metadata = match metadata {
        Some(Json::Object(metadata)) => metadata,
        None => {
            let what = format!("a new {} needs metadata", record_type.api_name());
            return Err(Error::new(ErrorCode::FieldRequiredMissing, what).at_field("metadata"));
        }
        Some(other) => return Err(no_object(&other)),
    };
    let mut faults = Vec::new();
    for (name, value) in &metadata {
        let is_text = value.is_string() || name == "category" && value.is_null();
        let known = REQUIRED.contains(&name.as_str()) || name == "category";
        if !known || !is_text {
            let what = if known { "takes text" } else { "is no part of a manual activity" };
            note(&mut faults, || {
                Error::new(ErrorCode::FieldValueInvalid, format!("{} {what}", quoted(name)))
                    .at_field(at(name))
                    .hint("the metadata has activity_time, subject, description and category")
            });
        }
    }
    let is_missing = |name: &&str| match metadata.get(*name) {
        Some(Json::String(text)) => text.trim().is_empty(),
        Some(_) => false,
        None => true,
    };
    let time = metadata.get("activity_time").and_then(Json::as_str);
    let time = time.filter(|_| !is_missing(&"activity_time")).map(parse_timestamp);
    faults.extend(time.and_then(Result::err).map(|error| error.at_field(at("activity_time"))));
    faults.extend(REQUIRED.iter().copied().filter(is_missing).map(|name| {
        let what = format!("a new {} needs {}", record_type.api_name(), at(name));
        Error::new(ErrorCode::FieldRequiredMissing, what).at_field(at(name))
    }));
    first_of(faults.into_iter()).map_or(Ok(metadata), Err)
}

/// An activity as it is read: its attributes in envelopes, its metadata as it was written.
#[must_use]
pub fn activity_json(record: &Record) -> Json {
    let mut document = record.to_json();
    if let Some(attributes) = document["attributes"].as_object_mut() {
        attributes.retain(|name, _| READ.contains(&name.as_str()));
    }
    let metadata = record.value("metadata").and_then(|value| value.as_text());
    let metadata: Option<Json> = metadata.and_then(|text| serde_json::from_str(text).ok());
    document["metadata"] = json!(metadata);
    document
}

/// A record as its endpoint shows it: an activity in the shape of its own.
#[must_use]
pub fn shown(record: &Record) -> Json {
    match record.record_type.api_name() {
        ACTIVITY => activity_json(record),
        _ => record.to_json(),
    }
}

/// One page of the activities of a contact, an account or an opportunity, newest first.
///
/// # Errors
/// `invalid_request` for a body that names none of them, or has other keys;
/// `invalid_filter_value`, `invalid_cursor`; `timeout`.
pub fn query_activities(
    workspace: &dyn Workspace,
    mut body: Map<String, Json>,
    limits: &QueryLimits,
) -> Result<Json> {
    const SCOPES: [(&str, &str, &str); 5] = [
        ("contact_id", "contact_ids", "eq"),
        ("account_id", "account_id", "eq"),
        ("opportunity_id", "opportunity_id", "eq"),
        ("created_from", "created_at", "gte"),
        ("created_to", "created_at", "lte"),
    ];
    let mut take = |name: &str| body.remove(name).filter(|value| !value.is_null());
    let mut asked = Map::new();
    for name in ["cursor", "limit"] {
        asked.extend(take(name).map(|value| (name.to_owned(), value)));
    }
    let given: Vec<_> = SCOPES
        .iter()
        .filter_map(|(name, field, operator)| Some((*name, *field, *operator, take(name)?)))
        .collect();
    if let Some(name) = body.keys().next() {
        let what = format!("a query of activities has no key {}", quoted(name));
        return Err(Error::new(ErrorCode::InvalidRequest, what).at_field(name));
    }
    let has_scope = given.iter().any(|(name, ..)| !name.starts_with("created"));
    if !has_scope && !asked.contains_key("cursor") {
        let what = "activities are asked for by contact_id, account_id or opportunity_id";
        return Err(Error::new(ErrorCode::InvalidRequest, what).at_field("contact_id"));
    }
    // The cursor alone names what it continues.
    if !given.is_empty() {
        let filters = given.iter().map(|(_, field, operator, value)| {
            json!({ "field": field, "operator": operator, "value": value })
        });
        asked.insert("filters".to_owned(), filters.collect());
        let newest_first = json!([{ "field": "created_at", "direction": "desc" }]);
        asked.insert("sort".to_owned(), newest_first);
    }
    let record_type = workspace.record_type(ACTIVITY)?;
    let schema = workspace.schema();
    // The filters are ours: only the page and the time are the caller's.
    let QueryLimits { default_page, max_page, time, .. } = *limits;
    let limits = QueryLimits { default_page, max_page, time, ..QueryLimits::default() };
    let query = Query::parse_within(&schema, &record_type, asked, &limits).map_err(|error| {
        let named = given.iter().find(|(_, field, ..)| error.field() == Some(field));
        match named {
            Some((name, ..)) => error.at_field(*name),
            None => error,
        }
    })?;
    let page = workspace.query(ACTIVITY, &query)?;
    let records: Vec<Json> = page.records.iter().map(activity_json).collect();
    Ok(json!({ "data": records, "next_cursor": page.next_cursor }))
}
