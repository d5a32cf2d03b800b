//! What cases cannot show: several writers at once, and the workspace as a file.

use std::collections::HashSet;
use std::sync::Barrier;
use std::thread;

use serde_json::{Map, Value as Json, json};

use crate::calls::{assert, create, patch};
use crate::open::{OpenOptions, open};
use crate::operation::{Action, Query};
use crate::workspace::Workspace;

const CREATE: OpenOptions = OpenOptions { create: true, rejects_duplicates: None };

fn object(json: &Json) -> Map<String, Json> {
    json.as_object().cloned().expect("an object")
}

fn path(folder: &tempfile::TempDir) -> String {
    folder.path().join("crm.db").display().to_string()
}

fn all(workspace: &dyn Workspace) -> Vec<crate::Record> {
    let contact = workspace.schema().record_type("contact").expect("a type").clone();
    let query = Query::parse(&contact, object(&json!({"limit": 1000}))).expect("a query");
    workspace.query("contact", &query).expect("a page").records
}

#[test]
fn of_many_asserts_of_one_new_key_one_creates_and_the_others_update() {
    const WRITERS: usize = 8;
    let folder = tempfile::tempdir().unwrap();
    // Half of them share a workspace, half open the file for themselves, as other programs do.
    let shared = open(&path(&folder), CREATE).unwrap();
    let barrier = Barrier::new(WRITERS);
    let actions: Vec<Action> = thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (shared, barrier, path) = (&shared, &barrier, path(&folder));
                scope.spawn(move || {
                    let own = (writer % 2 == 1).then(|| open(&path, CREATE).unwrap());
                    let workspace = own.as_deref().unwrap_or(&**shared);
                    barrier.wait();
                    let matching = object(&json!({"email": "ann@x.example"}));
                    let attributes = object(&json!({"title": format!("T{writer}")}));
                    assert(workspace, "contact", matching, attributes).unwrap().action
                })
            })
            .collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    });
    let created = actions.iter().filter(|action| **action == Action::Created).count();
    assert_eq!(created, 1, "{actions:?}");
    assert!(actions.iter().all(|action| matches!(action, Action::Created | Action::Updated)));
    assert_eq!(all(&*shared).len(), 1);
}

#[test]
fn updated_at_never_repeats_whoever_writes() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(&path(&folder), CREATE).unwrap();
    let second = open(&path(&folder), CREATE).unwrap();
    let mut seen = HashSet::new();
    let mut latest = None;
    for round in 0..50 {
        let workspace = if round % 2 == 0 { &first } else { &second };
        let name = json!({"first_name": format!("N{round}")});
        let record = create(&**workspace, "contact", object(&name)).unwrap();
        assert!(seen.insert(record.updated_at));
        assert!(Some(record.updated_at) > latest);
        latest = Some(record.updated_at);
        let title = object(&json!({"title": "T"}));
        let patched = patch(&**workspace, "contact", record.id, title.clone()).unwrap();
        assert!(Some(patched.updated_at) > latest);
        latest = Some(patched.updated_at);
        let again = patch(&**workspace, "contact", record.id, title).unwrap();
        assert_eq!(Some(again.updated_at), latest, "an unchanged patch moves nothing");
    }
}

#[test]
fn readers_go_on_while_a_batch_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = open(&path(&folder), CREATE).unwrap();
    let record = create(&*workspace, "contact", object(&json!({"first_name": "Ann"}))).unwrap();
    let held = workspace.apply_and_settle(Vec::new(), Default::default(), &mut |_, _| {
        // The write transaction is open here.
        assert_eq!(workspace.get("contact", record.id)?.id, record.id);
        Ok(())
    });
    assert!(held.is_ok());
}

#[test]
fn what_settle_refuses_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = open(&path(&folder), CREATE).unwrap();
    let record_type = workspace.schema().record_type("contact").unwrap().clone();
    let mut attributes = crate::Attributes::default();
    let name = record_type.index_of("first_name").unwrap();
    attributes.set(name, crate::Change::Set(crate::value::Value::Text("Ann".into())));
    let kind = crate::operation::OperationKind::Create { attributes };
    let operation = crate::Operation { record_type, kind };
    let refused =
        workspace.apply_and_settle(vec![operation], Default::default(), &mut |outcomes, _| {
            assert_eq!(outcomes.len(), 1);
            Err(crate::Error::new(crate::ErrorCode::Cancelled, "not now"))
        });
    assert_eq!(refused.unwrap_err().code(), crate::ErrorCode::Cancelled);
    assert!(all(&*workspace).is_empty());
}

#[test]
fn an_old_workspace_gets_the_tables_and_columns_that_the_schema_has_since() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(&path(&folder), CREATE).unwrap());
    let database = rusqlite::Connection::open(path(&folder)).unwrap();
    database
        .execute_batch("ALTER TABLE contact DROP COLUMN department; DROP TABLE account__websites")
        .unwrap();
    drop(database);
    let workspace = open(&path(&folder), OpenOptions::default()).unwrap();
    let made = object(&json!({"first_name": "Ann", "department": "Sales"}));
    let record = create(&*workspace, "contact", made).unwrap();
    assert!(record.value("department").is_some());
    create(&*workspace, "account", object(&json!({"name": "A", "websites": ["x"]}))).unwrap();
}

#[test]
fn a_workspace_of_a_newer_format_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(&path(&folder), CREATE).unwrap());
    let database = rusqlite::Connection::open(path(&folder)).unwrap();
    database.execute_batch("PRAGMA user_version = 999").unwrap();
    drop(database);
    let Err(refused) = open(&path(&folder), CREATE) else { panic!("it was opened") };
    assert_eq!(refused.code(), crate::ErrorCode::ConfigInvalid);
    assert!(refused.message().contains("999"), "{refused}");
}
