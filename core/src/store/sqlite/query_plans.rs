//! That queries use the indexes they have: the engine's own plan of each is looked at.

use std::path::Path;

use serde_json::{Value as Json, json};

use crate::operation::Query;
use crate::schema::{Declarations, Schema};
use crate::store::{NewRecord, SqliteStore, Store};
use crate::value::Timestamp;

use super::query::statement;
use super::updates::is_narrow;

const CUSTOM: &str = r#"
[[custom_fields]]
record_type = "account"
attributes = [{ api_name = "tax_number", display_name = "Tax number", value_type = "string", is_unique = true }]

[[record_types]]
api_name = "project"
display_name = "Project"
attributes = [{ api_name = "code", display_name = "Code", value_type = "string", is_unique = true }]
"#;

/// A store with custom objects and fields that were declared after its tables were made.
fn store(folder: &Path) -> (SqliteStore, Schema) {
    let standard = Schema::standard();
    let store = SqliteStore::open(&folder.join("crm.db"), &standard, true).unwrap();
    let declarations = Declarations::parse(CUSTOM).unwrap();
    let schema = standard.extended(&declarations).unwrap();
    let mut transaction = store.write().unwrap();
    transaction.declare(&schema, &declarations.to_text().unwrap()).unwrap();
    transaction.commit().unwrap();
    (store, schema)
}

/// The steps of the plan for a query.
fn plan(store: &SqliteStore, schema: &Schema, record_type: &str, body: &Json) -> Vec<String> {
    let record_type = schema.record_type(record_type).unwrap();
    let query = Query::parse(schema, record_type, body.as_object().cloned().unwrap()).unwrap();
    let transaction = store.begin_read().unwrap();
    let is_narrow = is_narrow(&transaction, record_type, &query).unwrap();
    let sql = statement(&store.layouts, record_type, &query, is_narrow);
    let mut explained = transaction.prepare(&format!("EXPLAIN QUERY PLAN {}", sql.text)).unwrap();
    explained
        .query_map(rusqlite::params_from_iter(sql.bound), |row| row.get::<_, String>(3))
        .and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>)
        .unwrap()
}

fn filter(field: &str, operator: &str, value: &Json) -> Json {
    json!([{ "field": field, "operator": operator, "value": value }])
}

#[test]
fn a_filter_through_relationships_scans_no_table() {
    let folder = tempfile::tempdir().unwrap();
    let (store, schema) = store(folder.path());
    for (field, value) in
        [("contacts.primary_email", "a@acme.com"), ("contacts.accounts.domains", "acme.com")]
    {
        let body = json!({ "filters": filter(field, "eq", &json!(value)) });
        let steps = plan(&store, &schema, "account", &body);
        assert!(steps.iter().any(|step| step.contains("contact_account")), "{steps:?}");
        assert!(!steps.iter().any(|step| step.starts_with("SCAN")), "{steps:?}");
    }
}

#[test]
fn an_equality_of_what_identifies_a_record_scans_no_table() {
    let folder = tempfile::tempdir().unwrap();
    let (store, schema) = store(folder.path());
    let id = json!("01a20a46-feca-7654-a24f-4ce742e8730e");
    for (record_type, field, value) in [
        ("contact", "id", id),
        ("contact", "contact_emails", json!("a@acme.com")),
        ("contact", "primary_email", json!("a@acme.com")),
        ("account", "domains", json!("acme.com")),
        ("account", "tax_number", json!("7")),
        ("project", "code", json!("7")),
        ("user", "email", json!("a@acme.com")),
    ] {
        let in_order = json!([{ "field": "updated_at" }]);
        for sort in [json!([]), in_order] {
            let body = json!({ "filters": filter(field, "eq", &value), "sort": sort });
            let steps = plan(&store, &schema, record_type, &body);
            let is_found = |step: &String| {
                step.starts_with(&format!(
                    "SEARCH {record_type} USING INTEGER PRIMARY KEY (rowid=?)"
                ))
            };
            assert!(steps.iter().any(is_found), "{record_type}.{field}: {steps:?}");
            let is_scan = |step: &String| step.starts_with("SCAN");
            assert!(!steps.iter().any(is_scan), "{record_type}.{field}: {steps:?}");
        }
    }
}

#[test]
fn a_match_key_gives_its_rows_without_a_list_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let (store, schema) = store(folder.path());
    for field in ["primary_email", "contact_emails"] {
        let body = json!({ "filters": filter(field, "eq", &json!("a@acme.com")) });
        let steps = plan(&store, &schema, "contact", &body);
        assert_eq!(steps.len(), 2, "{steps:?}");
        assert!(steps.iter().all(|step| step.starts_with("SEARCH")), "{steps:?}");
    }
}

#[test]
fn updated_at_is_found_and_sorted_by_its_index_in_every_record_type() {
    let folder = tempfile::tempdir().unwrap();
    let (store, schema) = store(folder.path());
    let time = json!("2026-01-01T00:00:00Z");
    for record_type in schema.record_types().iter().map(|one| one.api_name()) {
        let index = format!("USING INDEX {record_type}__updated_at__index");
        let searched = |body: &Json| {
            let steps = plan(&store, &schema, record_type, body);
            let uses = |step: &String| {
                step.starts_with("SEARCH") && step.replace("COVERING ", "").contains(&index)
            };
            assert!(steps.iter().any(uses), "{body}: {steps:?}");
            assert!(!steps.iter().any(|step| step.starts_with("SCAN")), "{body}: {steps:?}");
            steps
        };
        for operator in ["eq", "gt", "gte", "lt", "lte"] {
            searched(&json!({ "filters": filter("updated_at", operator, &time) }));
        }
        for operator in ["in", "between"] {
            let filters = filter("updated_at", operator, &json!([time, time]));
            searched(&json!({ "filters": filters }));
        }
        for direction in ["asc", "desc"] {
            let sort = json!([{ "field": "updated_at", "direction": direction }]);
            let body = json!({ "filters": filter("updated_at", "gte", &time), "sort": sort });
            let steps = searched(&body);
            let sorts_all = |step: &String| step.contains("B-TREE FOR ORDER BY");
            assert!(!steps.iter().any(sorts_all), "{body}: {steps:?}");
        }
    }
}

#[test]
fn a_range_of_many_records_is_read_in_the_order_of_creation_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let (store, schema) = store(folder.path());
    let note = schema.record_type("note").unwrap();
    let mut transaction = store.write().unwrap();
    let new = transaction.allocate(note, 10_001).unwrap();
    let records = new.into_iter().map(|(row, id)| NewRecord {
        row,
        id,
        created_at: Timestamp(row),
        updated_at: Timestamp(row),
        digest: None,
        values: Vec::new(),
    });
    transaction.insert(note, &records.collect::<Vec<_>>()).unwrap();
    transaction.commit().unwrap();
    for (since, step) in [(0, "SCAN note"), (2, "SEARCH note USING")] {
        let since = json!(Timestamp(since).to_string());
        let body = json!({ "filters": filter("updated_at", "gte", &since) });
        let steps = plan(&store, &schema, "note", &body);
        assert!(steps[0].starts_with(step), "{since}: {steps:?}");
    }
}

#[test]
fn the_whole_of_a_record_type_is_read_in_the_order_of_updated_at_and_paged_by_it() {
    let folder = tempfile::tempdir().unwrap();
    let (store, schema) = store(folder.path());
    let contact = schema.record_type("contact").unwrap();
    for direction in ["asc", "desc"] {
        let body = json!({ "sort": [{ "field": "updated_at", "direction": direction }] });
        let steps = plan(&store, &schema, "contact", &body);
        assert!(steps[0].contains("contact__updated_at__index"), "{steps:?}");
        assert!(!steps.iter().any(|step| step.contains("B-TREE FOR ORDER BY")), "{steps:?}");
        let query = Query::parse(&schema, contact, body.as_object().cloned().unwrap()).unwrap();
        let position = crate::operation::query::Position {
            values: vec![json!("2026-01-01T00:00:00.000000Z")],
            row: 7,
        };
        let cursor = json!({ "cursor": query.cursor(contact, &position) });
        let steps = plan(&store, &schema, "contact", &cursor);
        assert!(steps[0].starts_with("SEARCH"), "{steps:?}");
        assert!(steps[0].contains("contact__updated_at__index"), "{steps:?}");
        assert!(!steps.iter().any(|step| step.contains("B-TREE FOR ORDER BY")), "{steps:?}");
    }
}

#[test]
fn activities_are_found_by_what_they_are_asked_for_by() {
    let folder = tempfile::tempdir().unwrap();
    let (store, schema) = store(folder.path());
    let id = json!("01a20a46-feca-7654-a24f-4ce742e8730e");
    let newest_first = json!([{ "field": "created_at", "direction": "desc" }]);
    for field in ["contact_ids", "account_id", "opportunity_id"] {
        let filters = [
            json!({ "field": field, "operator": "eq", "value": id }),
            json!({ "field": "created_at", "operator": "gte", "value": "2026-01-01T00:00:00Z" }),
        ];
        for count in [1, 2] {
            let body = json!({ "filters": filters[..count], "sort": newest_first });
            let steps = plan(&store, &schema, "activity", &body);
            let index = format!("activity__{field}__index");
            assert!(steps.iter().any(|step| step.contains(&index)), "{field}: {steps:?}");
            assert!(!steps.iter().any(|step| step.starts_with("SCAN")), "{field}: {steps:?}");
        }
    }
}

/// A workspace from before has the tables but not the indexes.
#[test]
fn indexes_that_a_workspace_lacks_are_made_when_it_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crm.db");
    drop(store(folder.path()));
    let connection = rusqlite::Connection::open(&path).unwrap();
    let indexes = || -> Vec<String> {
        let sql = "SELECT name FROM sqlite_schema WHERE type = 'index' AND name LIKE 'activity%' ORDER BY name";
        let mut statement = connection.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    let all = indexes();
    for field in ["contact_ids", "account_id", "opportunity_id"] {
        connection.execute_batch(&format!("DROP INDEX activity__{field}__index")).unwrap();
    }
    assert_eq!(indexes().len() + 3, all.len());
    drop(SqliteStore::open(&path, &Schema::standard(), false).unwrap());
    assert_eq!(indexes(), all);
}

#[test]
fn a_reference_that_a_relationship_follows_is_found_by_its_index() {
    let folder = tempfile::tempdir().unwrap();
    let (store, schema) = store(folder.path());
    let id = json!("01a20a46-feca-7654-a24f-4ce742e8730e");
    for (record_type, field, value) in [
        ("opportunity", "account_id", &id),
        ("opportunity", "account.domains", &json!("acme.com")),
        ("account", "opportunities.id", &id),
    ] {
        let body = json!({ "filters": filter(field, "eq", value) });
        let steps = plan(&store, &schema, record_type, &body);
        assert!(!steps.iter().any(|step| step.starts_with("SCAN")), "{field}: {steps:?}");
        if record_type == "opportunity" {
            let uses = |step: &String| step.contains("opportunity__account_id__back");
            assert!(steps.iter().any(uses), "{field}: {steps:?}");
        }
    }
}
