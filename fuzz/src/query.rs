//! Queries: any body is refused with a reason or can be run, page after page, from its cursors.
//!
//! Input: one byte picks the record type, the rest is the body of a `_query` request.

use std::collections::HashSet;
use std::sync::LazyLock;

use headwater::operation::query::Position;
use headwater::{ErrorCode, OpenOptions, Query, Workspace, open};
use serde_json::{Map, Value as Json, json};

use crate::expect::good_error;
use crate::scratch;

const PARSE_CODES: [ErrorCode; 8] = [
    ErrorCode::InvalidRequest,
    ErrorCode::InvalidFilterField,
    ErrorCode::InvalidFilterOperator,
    ErrorCode::InvalidFilterValue,
    ErrorCode::FilterDepthExceeded,
    ErrorCode::SortTooManyFields,
    ErrorCode::UnsortableField,
    ErrorCode::InvalidCursor,
];

/// A few records that no input changes.
static WORKSPACE: LazyLock<Box<dyn Workspace>> = LazyLock::new(|| {
    let path = scratch::folder().join("query.db").display().to_string();
    let options = OpenOptions { create: true, ..OpenOptions::default() };
    let workspace = open(&path, options).expect("a workspace can be made");
    for number in 0..7 {
        let mut contact = json!({
            "first_name": format!("Ann {number}"),
            "primary_email": format!("ann{number}@example.com"),
        });
        if number % 2 == 0 {
            contact["title"] = json!("CEO");
            contact["stage"] = json!("working");
        }
        let account =
            json!({"name": format!("Acme {number}"), "domains": [format!("a{number}.example")]});
        for (record_type, record) in [("contact", contact), ("account", account)] {
            let attributes = record.as_object().cloned().unwrap_or_default();
            headwater::create(&*workspace, record_type, attributes).expect("a good record");
        }
    }
    workspace
});

/// Checks one input.
pub fn run(input: &[u8]) {
    let Some((which, body)) = input.split_first() else { return };
    let Ok(mut body) = serde_json::from_slice::<Map<String, Json>>(body) else { return };
    let name = ["contact", "account"][usize::from(which & 1)];
    let schema = WORKSPACE.schema();
    let record_type = schema.record_type(name).expect("a standard record type");
    // A position that no page ended at, under a checksum that is right.
    let forged = body.remove("position");
    let query = match Query::parse(&schema, record_type, body) {
        Ok(query) => query,
        Err(error) => return good_error(&error, &PARSE_CODES),
    };
    if let Some(forged) = forged {
        let values = forged["values"].as_array().cloned().unwrap_or_default();
        let position = Position { values, row: forged["row"].as_i64().unwrap_or_default() };
        follow(name, &query.cursor(record_type, &position), 1);
        return;
    }
    let Some(page) = fetch(name, &query) else { return };
    let mut seen: HashSet<_> = page.iter().map(|(id, _)| *id).collect();
    assert_eq!(seen.len(), page.len(), "a record stands on a page twice");
    let mut next = page.last().and_then(|(_, cursor)| cursor.clone());
    while let Some(cursor) = next {
        let page = follow(name, &cursor, query.limit);
        for (id, _) in &page {
            assert!(seen.insert(*id), "a record stands on two pages");
        }
        next = page.last().and_then(|(_, cursor)| cursor.clone());
    }
}

type Row = (headwater::Uuid, Option<String>);

/// The page at a cursor.
fn follow(name: &str, cursor: &str, limit: usize) -> Vec<Row> {
    let schema = WORKSPACE.schema();
    let record_type = schema.record_type(name).expect("a standard record type");
    let body = json!({ "cursor": cursor, "limit": limit });
    match Query::parse(&schema, record_type, body.as_object().cloned().unwrap_or_default()) {
        Ok(query) => fetch(name, &query).unwrap_or_default(),
        Err(error) => {
            good_error(&error, &[ErrorCode::InvalidCursor]);
            Vec::new()
        }
    }
}

/// The ids of a page, each with the page's cursor.
fn fetch(name: &str, query: &Query) -> Option<Vec<Row>> {
    match WORKSPACE.query(name, query) {
        Ok(page) => {
            assert!(page.records.len() <= query.limit, "a page holds more than its limit");
            assert!(page.next_cursor.is_none() || !page.records.is_empty(), "an endless query");
            Some(page.records.iter().map(|record| (record.id, page.next_cursor.clone())).collect())
        }
        Err(error) => {
            good_error(&error, &[ErrorCode::InvalidCursor]);
            None
        }
    }
}
