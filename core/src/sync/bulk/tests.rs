//! Rows in bulk: each learns its outcome, in order, whatever becomes of the others.

use std::sync::Arc;

use arrow_array::builder::{Int32Builder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch, RecordBatchIterator};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::*;
use crate::open::{OpenOptions, open};
use crate::operation::Action;
use crate::source::{ArrowStream, LineStream};

fn workspace(folder: &tempfile::TempDir) -> Box<dyn Workspace> {
    let path = folder.path().join("crm.db");
    open(path.to_str().unwrap(), OpenOptions { create: true, ..OpenOptions::default() }).unwrap()
}

fn by_email() -> Bulk {
    Bulk::new("contact", Mode::Assert, Some("primary_email"))
}

fn apply_lines(
    workspace: &dyn Workspace,
    bulk: &Bulk,
    lines: &[String],
) -> (Result<BulkReport>, Vec<RowOutcome>) {
    let mut stream = LineStream::new(lines.iter().cloned().map(Ok));
    let mut told = Vec::new();
    let report =
        apply_rows(workspace, bulk, None, &mut stream, &Control::default(), &mut |outcomes| {
            told.extend(outcomes);
            Ok(())
        });
    (report, told)
}

fn person(index: usize) -> String {
    json!({ "primary_email": format!("p{index}@x.example"), "title": format!("t{index}") })
        .to_string()
}

fn text_of(workspace: &dyn Workspace, id: Uuid, attribute: &str) -> Json {
    let record = workspace.get("contact", id).unwrap().to_json();
    record["attributes"][attribute]["value"].clone()
}

#[test]
fn outcomes_come_in_the_order_of_the_rows_over_many_commits() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = workspace(&folder);
    let mut lines: Vec<String> = (0..7000).map(person).collect();
    lines[3500] = "{\"primary_email\": 7}".to_owned();
    let bulk = Bulk { commit_rows: 2000, ..by_email() };
    let (report, told) = apply_lines(&*workspace, &bulk, &lines);
    let report = report.unwrap();
    assert_eq!(
        (report.counts.read, report.counts.created, report.counts.rejected),
        (7000, 6999, 1)
    );
    assert!(told.iter().map(|row| row.row).eq(0..7000));
    assert_eq!(told[3500].text.as_deref(), Some("{\"primary_email\": 7}"));
    for row in [0, 1999, 2000, 6999] {
        let id = told[row].result.as_ref().unwrap().id;
        assert_eq!(text_of(&*workspace, id, "title"), json!(format!("t{row}")));
    }
    let at_once = Bulk { commit_rows: usize::MAX, ..by_email() };
    let (report, told) = apply_lines(&*workspace, &at_once, &lines);
    assert_eq!(report.unwrap().counts.unchanged, 6999);
    assert!(
        told.iter()
            .filter_map(|row| row.result.as_ref().ok())
            .all(|o| o.action == Action::Unchanged)
    );
}

#[test]
fn all_or_nothing_writes_nothing_for_one_refused_row_and_says_which() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = workspace(&folder);
    let bulk = Bulk { apply: ApplyMode::AllOrNothing, commit_rows: 1, ..by_email() };
    // One is refused when it is mapped, the other when it is applied.
    for bad in [
        json!({ "primary_email": "no" }),
        json!({ "primary_email": "a@x.example", "owner_user_id": "0198c5d6-0000-7000-8000-000000000000" }),
    ] {
        let lines = [person(1), bad.to_string(), person(2)];
        let (report, told) = apply_lines(&*workspace, &bulk, &lines);
        let report = report.unwrap();
        assert_eq!((report.counts.read, report.counts.rejected), (3, 1));
        assert_eq!(report.error.unwrap().record(), Some("row 1"));
        let codes: Vec<_> =
            told.iter().map(|row| row.result.as_ref().unwrap_err().code()).collect();
        assert_eq!([codes[0], codes[2]], [ErrorCode::Cancelled; 2]);
        assert_ne!(codes[1], ErrorCode::Cancelled);
    }
    let (report, _) = apply_lines(&*workspace, &bulk, &[person(1), person(2)]);
    assert_eq!(report.unwrap().counts.created, 2, "nothing was written before");
}

#[test]
fn an_unknown_column_is_refused_with_the_nearest_name_or_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = workspace(&folder);
    let lines = [json!({ "primary_email": "a@x.example", "titel": "CTO" }).to_string()];
    let (report, told) = apply_lines(&*workspace, &by_email(), &lines);
    assert!(report.unwrap().error.is_none());
    let error = told[0].result.as_ref().unwrap_err();
    assert_eq!((error.code(), error.field()), (ErrorCode::UnknownField, Some("titel")));
    assert!(error.remedy().contains("title"), "{error:?}");
    let bulk = Bulk { ignores_unknown_columns: true, ..by_email() };
    let (report, told) = apply_lines(&*workspace, &bulk, &lines);
    assert_eq!(report.unwrap().unused_columns, ["titel"]);
    assert_eq!(told[0].result.as_ref().unwrap().action, Action::Created);
}

#[test]
fn a_row_with_an_unknown_column_is_refused_alone_however_late_it_comes() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = workspace(&folder);
    let mut lines: Vec<String> = (0..700).map(person).collect();
    lines[500] = json!({ "primary_email": "a@x.example", "titel": "CTO", "shoe": 1 }).to_string();
    let bulk = Bulk { commit_rows: 200, ..by_email() };
    let (report, told) = apply_lines(&*workspace, &bulk, &lines);
    let report = report.unwrap();
    assert!(report.error.is_none(), "{report:?}");
    assert_eq!((report.counts.created, report.counts.rejected), (699, 1));
    assert!(report.unused_columns.is_empty());
    assert_eq!(told[500].result.as_ref().unwrap_err().field(), Some("titel"));
    assert_eq!(told[500].text.as_deref(), Some(&*lines[500]));
    let whole = Bulk { apply: ApplyMode::AllOrNothing, ..by_email() };
    let (report, _) = apply_lines(&*workspace, &whole, &lines);
    assert_eq!(report.unwrap().error.unwrap().record(), Some("row 500"));
}

#[test]
fn a_column_that_was_named_and_no_row_has_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = workspace(&folder);
    let mut bulk = Bulk::new("contact", Mode::Create, None);
    for (column, name) in [("Tel", "title"), ("N\"", "first_name"), ("A", "department")] {
        bulk.columns.insert(column.to_owned(), name.to_owned());
    }
    let lines = [json!({ "N\"": "A" }).to_string(), json!({ "N\"": "Tel" }).to_string()];
    let (report, _) = apply_lines(&*workspace, &bulk, &lines);
    let report = report.unwrap();
    assert_eq!(
        (report.counts.created, report.missing_columns),
        (2, vec!["A".into(), "Tel".into()])
    );
    let (report, _) = apply_lines(&*workspace, &bulk, &[]);
    assert!(report.unwrap().missing_columns.is_empty());
}

#[test]
fn lines_may_use_the_names_that_writes_use_and_a_line_feed_refuses_its_row_alone() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = workspace(&folder);
    let bulk = Bulk::new("account", Mode::Assert, Some("domains"));
    let account = |index: usize| json!({ "domains": format!("a{index}.example"), "name": "A" });
    let lines = [
        account(0).to_string(),
        serde_json::to_string_pretty(&account(1)).unwrap(),
        account(2).to_string(),
    ];
    let (report, told) = apply_lines(&*workspace, &bulk, &lines);
    let report = report.unwrap();
    assert!(report.error.is_none(), "{report:?}");
    assert_eq!((report.counts.created, report.counts.rejected), (2, 1));
    assert!(told.iter().map(|row| row.row).eq(0..3));
    assert_eq!(told[1].result.as_ref().unwrap_err().code(), ErrorCode::SourceDataInvalid);

    let twice = json!({ "name": "A", "display_name": "B", "domains": ["x.example"] }).to_string();
    let (_, told) = apply_lines(&*workspace, &bulk, &[twice.replace("\"B\"", "\"A\""), twice]);
    assert!(told[0].result.is_ok());
    let error = told[1].result.as_ref().unwrap_err();
    assert_eq!((error.code(), error.field()), (ErrorCode::FieldValueInvalid, Some("display_name")));

    let bulk = Bulk { default_region: Some("us".into()), ..by_email() };
    let (report, _) = apply_lines(&*workspace, &bulk, &lines);
    assert_eq!(report.unwrap_err().field(), Some("default_region"));
}

#[test]
fn columns_of_arrow_keep_or_clear_nulls_and_may_be_renamed() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = workspace(&folder);
    let first =
        [json!({ "primary_email": "a@x.example", "title": "CTO", "department": "R&D" })
            .to_string()];
    apply_lines(&*workspace, &by_email(), &first).0.unwrap();
    let text = |value: Option<&str>| {
        let mut column = StringBuilder::new();
        column.append_option(value);
        Arc::new(column.finish()) as ArrayRef
    };
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("E-mail", text(Some("a@x.example")), true),
        ("title", text(None), true),
        ("Department", text(None), true),
    ])
    .unwrap();
    let columns: Vec<String> = batch.schema().fields().iter().map(|f| f.name().clone()).collect();
    let schema = batch.schema();
    let mut stream = ArrowStream::new(RecordBatchIterator::new([Ok(batch)], schema));
    let mut bulk = by_email();
    bulk.columns.insert("E-mail".into(), "primary_email".into());
    bulk.null_of.insert("title".into(), NullPolicy::Keep);
    let control = Control::default();
    let mut id = None;
    apply_rows(&*workspace, &bulk, Some(&columns), &mut stream, &control, &mut |told| {
        id = told[0].result.as_ref().ok().map(|outcome| outcome.id);
        Ok(())
    })
    .unwrap();
    assert_eq!(text_of(&*workspace, id.unwrap(), "title"), json!("CTO"));
    assert_eq!(text_of(&*workspace, id.unwrap(), "department"), Json::Null);

    bulk.null_of.insert("tytle".into(), NullPolicy::Keep);
    let refused =
        apply_rows(&*workspace, &bulk, Some(&columns), &mut stream, &control, &mut |_| Ok(()));
    let error = refused.unwrap_err();
    assert_eq!((error.code(), error.field()), (ErrorCode::ConfigInvalid, Some("tytle")));
}

#[test]
fn a_large_arrow_batch_is_cut_and_a_failing_reader_keeps_what_came_before() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = workspace(&folder);
    let mut emails = StringBuilder::new();
    let mut ages = Int32Builder::new();
    for index in 0..5001 {
        emails.append_value(format!("p{index}@x.example"));
        ages.append_value(index);
    }
    let batch = RecordBatch::try_from_iter([
        ("primary_email", Arc::new(emails.finish()) as ArrayRef),
        ("age", Arc::new(ages.finish()) as ArrayRef),
    ])
    .unwrap();
    let schema = batch.schema();
    let failure = arrow_schema::ArrowError::ComputeError("the line is dead".into());
    let mut stream = ArrowStream::new(RecordBatchIterator::new([Ok(batch), Err(failure)], schema));
    let bulk = Bulk { ignores_unknown_columns: true, ..by_email() };
    let columns = ["primary_email".to_owned(), "age".to_owned()];
    let report = apply_rows(
        &*workspace,
        &bulk,
        Some(&columns),
        &mut stream,
        &Control::default(),
        &mut |_| Ok(()),
    )
    .unwrap();
    assert_eq!(report.counts.created, 5001);
    let error = report.error.unwrap();
    assert_eq!(error.code(), ErrorCode::SourceDataInvalid);
    assert!(error.message().contains("the line is dead"));
}

#[test]
fn an_error_of_the_listener_ends_the_work_after_its_commit() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = workspace(&folder);
    let lines: Vec<String> = (0..9000).map(person).collect();
    let mut stream = LineStream::new(lines.iter().cloned().map(Ok));
    let bulk = Bulk { commit_rows: 1000, ..by_email() };
    let report =
        apply_rows(&*workspace, &bulk, None, &mut stream, &Control::default(), &mut |_| {
            Err(Error::new(ErrorCode::Cancelled, "enough"))
        })
        .unwrap();
    assert_eq!(report.error.unwrap().code(), ErrorCode::Cancelled);
    assert!((1000..9000).contains(&report.counts.created), "{:?}", report.counts);
}

#[test]
fn a_panic_of_the_rows_is_an_error_with_its_text() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = workspace(&folder);
    let rows =
        (0..9000).map(|row| if row < 8500 { Ok(person(row)) } else { panic!("no row {row}") });
    let mut stream = LineStream::new(rows);
    let bulk = Bulk { commit_rows: 1000, ..by_email() };
    let report =
        apply_rows(&*workspace, &bulk, None, &mut stream, &Control::default(), &mut |_| Ok(()))
            .unwrap();
    let error = report.error.unwrap();
    assert_eq!(error.code(), ErrorCode::Internal);
    assert!(error.message().ends_with("panicked: no row 8500"), "{error}");
    assert!(report.counts.created >= 4000, "what came before is committed: {:?}", report.counts);
}

/// One row as a line, and as a batch of columns of text.
fn apply_both(workspace: &dyn Workspace, bulk: &Bulk, row: &[(&str, &str)]) -> [RowOutcome; 2] {
    let object: serde_json::Map<String, Json> =
        row.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let (report, mut told) = apply_lines(workspace, bulk, &[Json::Object(object).to_string()]);
    let report = report.unwrap();
    assert!(report.error.is_none(), "{report:?}");
    let of_line = told.pop().unwrap();
    let columns: Vec<String> = row.iter().map(|(name, _)| (*name).to_owned()).collect();
    let batch = RecordBatch::try_from_iter(row.iter().map(|(name, value)| {
        (*name, Arc::new(arrow_array::StringArray::from(vec![*value])) as ArrayRef)
    }))
    .unwrap();
    let schema = batch.schema();
    let mut stream = ArrowStream::new(RecordBatchIterator::new([Ok(batch)], schema));
    apply_rows(
        workspace,
        bulk,
        Some(&columns),
        &mut stream,
        &Control::default(),
        &mut |outcomes| {
            told.extend(outcomes);
            Ok(())
        },
    )
    .unwrap();
    [of_line, told.pop().unwrap()]
}

#[test]
fn lines_find_their_columns_as_frames_do() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = workspace(&folder);
    let (_, told) = apply_lines(&*workspace, &by_email(), &[person(1)]);
    let id = told[0].result.as_ref().unwrap().id.to_string();
    let by_id = Bulk::new("contact", Mode::Update, Some("id"));
    let mut renamed = by_id.clone();
    renamed.columns.insert("Town".into(), "address.city".into());
    let by_domain = Bulk::new("account", Mode::Assert, Some("domains"));
    let mut company = by_domain.clone();
    company.columns.insert("Company".into(), "name".into());
    let email = "p1@x.example";
    for (bulk, row) in [
        (&by_id, vec![("id", id.as_str()), ("title", "CTO")]),
        (&renamed, vec![("id", id.as_str()), ("Town", "Oslo")]),
        (&by_email(), vec![("Primary Email", email), ("address.city", "Rome")]),
        (&by_email(), vec![("contact_emails", email), ("title", "CEO")]),
        (&by_email(), vec![("PRIMARY-EMAIL", email), ("First Name", "Ann")]),
        (&by_domain, vec![("domains", "a.example"), ("Name", "Acme")]),
        (&company, vec![("domains", "a.example"), ("Company", "Acme Inc")]),
    ] {
        let [line, columns] = apply_both(&*workspace, bulk, &row);
        assert_ne!(line.result.expect("a line").action, Action::Unchanged, "{row:?}");
        assert_eq!(columns.result.expect("columns").action, Action::Unchanged, "{row:?}");
    }
    let record = workspace.get("contact", told[0].result.as_ref().unwrap().id).unwrap().to_json();
    assert_eq!(record["attributes"]["address"]["value"]["city"], json!("Rome"));
    // A column that has another's name gives what was said, and nothing else.
    let mut swapped = by_email();
    swapped.columns.insert("title".into(), "department".into());
    let [line, columns] =
        apply_both(&*workspace, &swapped, &[("primary_email", "s@x.example"), ("title", "R&D")]);
    let new = line.result.unwrap().id;
    assert_eq!(text_of(&*workspace, new, "department"), json!("R&D"));
    assert_eq!(text_of(&*workspace, new, "title"), Json::Null);
    assert_eq!(columns.result.unwrap().action, Action::Unchanged);
}

#[test]
fn columns_that_are_none_at_all_are_no_mistake() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = workspace(&folder);
    let mut stream = LineStream::new(std::iter::empty());
    let control = Control::default();
    let report =
        apply_rows(&*workspace, &by_email(), Some(&[]), &mut stream, &control, &mut |_| Ok(()));
    assert_eq!(report.unwrap().counts.read, 0);
    let mut bulk = by_email();
    bulk.null_of.insert("tytle".into(), NullPolicy::Keep);
    let error = apply_lines(&*workspace, &bulk, &[]).0.unwrap_err();
    assert_eq!((error.code(), error.field()), (ErrorCode::ConfigInvalid, Some("tytle")));
}
