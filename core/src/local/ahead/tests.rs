//! When what was gathered ahead is used, and that it never makes a difference to what is written.

use std::collections::HashMap;
use std::sync::Arc;

use crate::calls::patch;
use crate::error::ErrorCode;
use crate::local::LocalWorkspace;
use crate::local::tests::{CREATE, content, object, random_repeat};
use crate::open::open;
use crate::operation::{Action, Match, Operation, OperationKind};
use crate::record::Attributes;
use crate::schema::{Declarations, Schema, Write};
use crate::source::Control;
use crate::store::{SqliteStore, Store};
use crate::workspace::{ApplyOptions, Workspace};
use serde_json::json;

type Local = LocalWorkspace<SqliteStore>;

fn local(folder: &tempfile::TempDir) -> Local {
    let schema = Schema::standard();
    let store = SqliteStore::open(&folder.path().join("crm.db"), &schema, true).unwrap();
    LocalWorkspace::open(store, schema, None, None).unwrap()
}

fn assert_of(workspace: &dyn Workspace, email: &str, title: &str) -> Operation {
    let schema = workspace.schema();
    let contact = schema.record_type("contact").unwrap();
    let matching = Match::parse(contact, object(&json!({ "email": email })), None).unwrap();
    let given = object(&json!({ "title": title }));
    let attributes = Attributes::parse(contact, given, Write::Assert, None).unwrap();
    Operation::new(Arc::clone(contact), OperationKind::Assert { matching, attributes })
}

/// Whether what was gathered for an assert of `ann` holds after something else was done.
fn holds_after(workspace: &Local, meanwhile: impl FnOnce()) -> bool {
    let operations = [assert_of(workspace, "ann@x.example", "CTO")];
    let look = |schema| {
        workspace.lookout.look(&workspace.store, schema, &operations, ApplyOptions::default())
    };
    let ahead = look(workspace.schema()).unwrap().expect("it is found by its key");
    meanwhile();
    let mut transaction = workspace.store.write().unwrap();
    let schema = workspace.custom.renewed(transaction.declarations().unwrap()).unwrap();
    let settings = transaction.settings().unwrap();
    workspace.lookout.take(ahead, &mut *transaction, &schema, settings).unwrap().is_some()
}

#[test]
fn what_was_gathered_holds_until_something_touches_it() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = local(&folder);
    let other = open(&folder.path().join("crm.db").display().to_string(), CREATE).unwrap();
    let apply = |workspace: &dyn Workspace, email: &str, title: &str| {
        let operation = assert_of(workspace, email, title);
        workspace.apply(vec![operation], ApplyOptions::default()).unwrap();
    };
    assert!(holds_after(&workspace, || {}), "nothing was done");
    assert!(holds_after(&workspace, || apply(&workspace, "ben@x.example", "CEO")), "another key");
    assert!(!holds_after(&workspace, || apply(&workspace, "ann@x.example", "CFO")), "its key");
    assert!(!holds_after(&workspace, || apply(&workspace, "ann@x.example", "COO")), "its record");
    assert!(
        holds_after(&workspace, || apply(&workspace, "ann@x.example", "COO")),
        "its record, which stays as it is"
    );
    assert!(
        !holds_after(&workspace, || apply(&*other, "cid@x.example", "CEO")),
        "another program may have done anything"
    );
    assert!(
        !holds_after(&workspace, || {
            apply(&workspace, "ben@x.example", "COO");
            apply(&workspace, "cid@x.example", "COO");
        }),
        "of two batches only the last is known"
    );
    let field = json!([{"record_type": "contact", "attributes":
        [{"api_name": "shoe", "display_name": "Shoe", "value_type": "string"}]}]);
    let declare = || {
        let declarations = Declarations::from_json(json!({ "custom_fields": field })).unwrap();
        workspace.declare(declarations).unwrap();
    };
    assert!(!holds_after(&workspace, declare), "the record type has another field");
    assert!(
        !holds_after(&workspace, || {
            let mut transaction = workspace.store.write().unwrap();
            transaction.set_rejects_duplicates(true).unwrap();
            transaction.commit().unwrap();
        }),
        "the workspace has other rules"
    );
}

#[test]
fn what_names_ids_waits_for_its_turn() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = local(&folder);
    let ann = assert_of(&workspace, "ann@x.example", "CTO");
    let outcome = workspace.apply_one(ann.clone()).unwrap();
    let archive = OperationKind::Archive { id: outcome.id };
    let archive = Operation::new(Arc::clone(&ann.record_type), archive);
    let look = |operations: &[Operation]| {
        let schema = workspace.schema();
        workspace.lookout.look(&workspace.store, schema, operations, ApplyOptions::default())
    };
    assert!(look(&[]).unwrap().is_none());
    assert!(look(&[ann.clone(), archive]).unwrap().is_none());
    assert!(look(&[ann]).unwrap().is_some());
}

#[test]
fn batches_end_alike_whether_they_were_prepared_ahead_or_not() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| open(&folder.path().join(name).display().to_string(), CREATE).unwrap();
    let workspaces = [(at("ahead.db"), true), (at("in_turn.db"), false)];
    let others = [at("ahead.db"), at("in_turn.db")];
    let mut ids: [Vec<uuid::Uuid>; 2] = Default::default();
    let mut counts = HashMap::<Action, usize>::new();
    let mut random = [fastrand::Rng::with_seed(7), fastrand::Rng::with_seed(7)];
    for round in 0..150 {
        let mut actions: [Vec<Result<Action, ErrorCode>>; 2] = Default::default();
        for (place, (workspace, is_ahead)) in workspaces.iter().enumerate() {
            let random = &mut random[place];
            let contact = workspace.schema().record_type("contact").unwrap().clone();
            let batches: Vec<Vec<Operation>> = (0..3)
                .map(|_| {
                    let size = random.usize(1..8);
                    (0..size).map(|_| random_repeat(random, &contact, &ids[place])).collect()
                })
                .collect();
            let prepare =
                |batch: &Vec<Operation>| workspace.prepare(batch.clone(), ApplyOptions::default());
            let mut ahead: Vec<_> = match is_ahead {
                true => batches.iter().take(1).map(prepare).collect(),
                false => Vec::new(),
            };
            for (index, batch) in batches.iter().enumerate() {
                let outcomes = if *is_ahead {
                    // The next one is prepared before this one is applied, as syncs do it.
                    ahead.extend(batches.get(index + 1).map(prepare));
                    workspace.apply_prepared(ahead.remove(0), None, &Control::default()).unwrap()
                } else {
                    workspace.apply(batch.clone(), ApplyOptions::default()).unwrap()
                };
                for outcome in outcomes {
                    if let Ok(outcome) = &outcome
                        && outcome.action == Action::Created
                    {
                        ids[place].push(outcome.id);
                    }
                    let action = outcome.map(|outcome| outcome.action);
                    actions[place].push(action.map_err(|error| error.code()));
                }
                if random.u8(..5) == 0 && !ids[place].is_empty() {
                    let id = ids[place][random.usize(..ids[place].len())];
                    let title = object(&json!({"title": format!("by another {round}")}));
                    // Archived ones are not found.
                    let _ = patch(&*others[place], "contact", id, title);
                }
            }
        }
        let [ahead, in_turn] = actions;
        assert_eq!(ahead, in_turn, "round {round}");
        for action in ahead.into_iter().flatten() {
            *counts.entry(action).or_default() += 1;
        }
    }
    assert!(counts[&Action::Unchanged] > 300 && counts[&Action::Updated] > 100, "{counts:?}");
    let [ahead, in_turn] = ids;
    for (ahead, in_turn) in ahead.into_iter().zip(in_turn) {
        assert_eq!(content(&*workspaces[0].0, ahead), content(&*workspaces[1].0, in_turn));
    }
}
