//! Columns that come after the sample are mapped as those before them.

use rustc_hash::FxHashSet;
use serde_json::{Value as Json, json};

use super::*;
use crate::operation::{Operation, OperationKind};
use crate::schema::Schema;
use crate::source::StreamField;
use crate::sync::mapping::Mapping;
use crate::sync::stream_job::Mode;

fn source(fields: &[&str], fields_are_complete: bool) -> StreamDescription {
    let field = |name: &&str| StreamField {
        name: (*name).into(),
        value_type: String::new(),
        is_key: false,
    };
    StreamDescription {
        name: "people".into(),
        fields: fields.iter().map(field).collect(),
        fields_are_complete,
        is_incremental: false,
        position_unit: "row".into(),
    }
}

fn compile(source: &StreamDescription, mode: Mode) -> Result<Mapping> {
    let matching = (mode != Mode::Create).then_some("contact_emails");
    let stream = StreamJob::new("contact", matching, mode);
    Mapping::compile(&stream, Schema::standard().record_type("contact")?, source, None)
}

fn operation(mapping: &Mapping, row: &Json) -> Result<Operation> {
    let (line, mut cells) = (row.to_string(), Vec::new());
    let row = mapping.read(&line, &mut cells, &mut FxHashSet::default())?;
    mapping.operation(row)
}

/// How many attributes a row writes.
fn written(operation: &Operation) -> usize {
    match &operation.kind {
        OperationKind::Create { attributes }
        | OperationKind::Assert { attributes, .. }
        | OperationKind::Update { attributes, .. } => attributes.iter().count(),
        _ => 0,
    }
}

#[test]
fn a_column_that_comes_later_is_written_under_any_form_of_its_name() {
    let mapping = compile(&source(&["Primary Email"], false), Mode::Assert).unwrap();
    let row = |name: &str| json!({ "Primary Email": "a@x.example", name: "x", "no such": 1 });
    for name in ["title", "Title", "First Name", "address.city", "Address City"] {
        assert_eq!(written(&operation(&mapping, &row(name)).unwrap()), 2, "{name}");
    }
    let whole = json!({ "Primary Email": "a@x.example", "address": { "city": "Rome" } });
    assert_eq!(written(&operation(&mapping, &whole).unwrap()), 2);
    // The other name of a column that is known is the same column.
    let other = json!({ "primary_email": "a@x.example" });
    assert_eq!(written(&operation(&mapping, &other).unwrap()), 1);
}

#[test]
fn one_attribute_under_two_names_refuses_the_row() {
    let mapping = compile(&source(&["Primary Email"], false), Mode::Assert).unwrap();
    for (row, field) in [
        (
            json!({ "Primary Email": "a@x.example", "primary_email": "b@x.example" }),
            "primary_email",
        ),
        (json!({ "Primary Email": "a@x.example", "title": "A", "Title": "B" }), "title"),
        (
            json!({ "Primary Email": "a@x.example", "address": { "city": "A" }, "address.city": "B" }),
            "address.city",
        ),
    ] {
        let error = operation(&mapping, &row).unwrap_err();
        assert_eq!((error.code(), error.field()), (ErrorCode::FieldValueInvalid, Some(field)));
    }
    let same = json!({ "Primary Email": "a@x.example", "title": "A", "Title": "A" });
    assert!(operation(&mapping, &same).is_ok());
}

#[test]
fn a_number_that_nothing_holds_is_a_fault_of_its_attribute() {
    let mapping = compile(&source(&["Primary Email", "Title"], true), Mode::Assert).unwrap();
    let mut cells = Vec::new();
    let line = r#"{"Primary Email": "a@x.example", "Title": 1e400}"#;
    let error = mapping.read(line, &mut cells, &mut FxHashSet::default()).err().unwrap();
    assert_eq!((error.code(), error.field()), (ErrorCode::FieldValueInvalid, Some("title")));
}

#[test]
fn a_source_that_shows_no_column_may_have_any() {
    for mode in [Mode::Assert, Mode::Update, Mode::Create] {
        let mapping = compile(&source(&[], false), mode).unwrap();
        let row = json!({ "contact_emails": "a@x.example", "title": "CTO" });
        assert_eq!(written(&operation(&mapping, &row).unwrap()), 2, "{mode:?}");
        let nothing_named = compile(&source(&["shoe"], false), mode).unwrap_err();
        assert_eq!(nothing_named.code(), ErrorCode::ConfigInvalid);
        assert!(compile(&source(&[], true), mode).is_err());
    }
    // A match that no shown column gives is a mistake still, before a row is read.
    let error = compile(&source(&["title"], false), Mode::Assert).unwrap_err();
    assert_eq!(error.field(), Some("match"));
}
