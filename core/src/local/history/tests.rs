//! That a history tells what was: random changes are replayed, and files of before are opened.

use std::collections::HashMap;
use std::sync::Arc;

use fastrand::Rng;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::calls::{archive, create, history, patch};
use crate::open::{OpenOptions, open};
use crate::operation::{
    Action, Actor, ChangeKind, ItemEdit, ItemFields, Match, Operation, OperationKind,
    RecordedChange,
};
use crate::record::{Attributes, Record};
use crate::schema::{Declarations, RecordType, Write};
use crate::value::{Timestamp, Value};
use crate::workspace::{ApplyOptions, Workspace};

const CREATE: OpenOptions =
    OpenOptions { create: true, rejects_duplicates: None, keeps_history: None };

fn object(json: &Json) -> Map<String, Json> {
    json.as_object().cloned().expect("an object")
}

/// All of a record's history, read in pages of three, the oldest change first.
fn read(workspace: &dyn Workspace, record_type: &str, id: Uuid) -> Vec<RecordedChange> {
    let mut parameters = object(&json!({ "limit": 3 }));
    let mut changes = Vec::new();
    loop {
        let page = history(workspace, record_type, id, parameters.clone()).unwrap();
        changes.extend(page.changes);
        let Some(cursor) = page.next_cursor else { break };
        parameters.insert("cursor".to_owned(), json!(cursor));
    }
    changes.reverse();
    changes
}

/// What a record was at a time, and who made it so.
struct State {
    at: Timestamp,
    actor: String,
    action: Action,
    values: Vec<Option<Value>>,
}

/// A random value of some attributes of a contact; e-mails are few, so that keys move.
fn attributes(random: &mut Rng) -> Json {
    let email = |random: &mut Rng| format!("{}@x.example", random.char('a'..'f'));
    let choices = [
        ("title", json!(random.choice(["CTO", "CEO", "Ünï \"q\" \\", ""]))),
        ("title", Json::Null),
        ("first_name", json!(random.alphabetic().to_string())),
        ("primary_email", json!(email(random))),
        ("contact_emails", json!([email(random), {"email": email(random), "labels": ["WORK"]}])),
        ("contact_phone_numbers", json!(["+14155550100"])),
        ("contact_phone_numbers", json!([])),
        ("address", json!({"city": random.alphabetic().to_string(), "state": null})),
        ("address", Json::Null),
        ("stage", json!("working")),
        ("sms_consent", json!(random.bool())),
    ];
    let count = random.usize(1..4);
    let chosen = random.choose_multiple(choices, count);
    let mut object = json!({ "last_name": "Chen" });
    chosen.into_iter().for_each(|(name, value)| object[name] = value);
    object
}

fn operation(random: &mut Rng, contact: &Arc<RecordType>, ids: &[Uuid]) -> Option<Operation> {
    let id = random.choice(ids).copied();
    let given = object(&attributes(random));
    let parse = |write| Attributes::parse(contact, given, write, None).ok();
    let kind = match (random.u8(0..8), id) {
        (0, _) | (_, None) => OperationKind::Create { attributes: parse(Write::Create)? },
        (1, _) => {
            let email = format!("{}@x.example", random.char('a'..'f'));
            let matching = object(&json!({ "email": email }));
            let matching = Match::parse(contact, matching, None).ok()?;
            OperationKind::Assert { matching, attributes: parse(Write::Assert)? }
        }
        (2, Some(id)) => OperationKind::Archive { id },
        (3, Some(id)) => OperationKind::Restore { id },
        (4, Some(id)) => {
            let attribute = contact.index_of("contact_emails")?;
            let email = format!("{}@x.example", random.char('a'..'k'));
            let body = object(&json!({ "email": email, "is_primary": random.bool() }));
            let fields = ItemFields::parse(contact.attribute(attribute), body, Write::Create);
            let edit = Box::new(ItemEdit::Add(fields.ok()?));
            OperationKind::EditItem { id, attribute, edit }
        }
        (_, Some(id)) => OperationKind::Patch { id, attributes: parse(Write::Patch)? },
    };
    let mut operation = Operation::new(Arc::clone(contact), kind);
    operation.actor = random.choice(["ann", "bob"]).map(Actor::named);
    Some(operation)
}

/// Follows the changes of a record from its creation, and compares each state with what it was.
fn check(changes: &[RecordedChange], states: &[State]) {
    assert_eq!(changes.len(), states.len(), "{changes:#?}");
    let mut values = vec![None; states[0].values.len()];
    for (change, state) in changes.iter().zip(states) {
        assert_eq!(change.at, Some(state.at));
        assert_eq!(change.actor.as_deref(), Some(&*state.actor));
        match state.action {
            Action::Created if change.kind == ChangeKind::Create => {}
            Action::Archived => assert_eq!(change.kind, ChangeKind::Archive),
            Action::Restored => assert_eq!(change.kind, ChangeKind::Restore),
            _ => assert!(!change.attributes.is_empty(), "{change:?}"),
        }
        for (attribute, before, after) in &change.attributes {
            assert_eq!(values[*attribute], *before, "{change:?}");
            assert_ne!(before, after, "{change:?}");
            values[*attribute].clone_from(after);
        }
        assert_eq!(values, state.values);
    }
}

#[test]
fn every_state_that_a_record_had_is_in_its_history() {
    for seed in 0..40 {
        let random = &mut Rng::with_seed(seed);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("crm.db").display().to_string();
        let workspace = open(&path, CREATE).unwrap();
        let contact = workspace.schema().record_type("contact").unwrap().clone();
        let mut states: HashMap<Uuid, Vec<State>> = HashMap::new();
        let mut ids = Vec::new();
        for _ in 0..12 {
            let count = random.usize(1..8);
            let batch: Vec<Operation> =
                (0..count).filter_map(|_| operation(random, &contact, &ids)).collect();
            let actors: Vec<String> = batch
                .iter()
                .map(|one| one.actor.clone().unwrap_or_default().name().to_owned())
                .collect();
            let options = ApplyOptions { returns_records: true, ..ApplyOptions::default() };
            let outcomes = workspace.apply(batch, options).unwrap();
            for (outcome, actor) in outcomes.into_iter().zip(actors) {
                let Ok(outcome) = outcome else { continue };
                let Record { updated_at: at, values, .. } = outcome.record.unwrap();
                if outcome.action != Action::Unchanged {
                    let state = State { at, actor, action: outcome.action, values };
                    states.entry(outcome.id).or_default().push(state);
                }
            }
            // In an order that does not depend on the hashes of ids.
            ids = states.keys().copied().collect();
            ids.sort_unstable();
        }
        let changed = states.values().filter(|states| states.len() > 1).count();
        assert!(changed > 0, "seed {seed} tests too little");
        for (id, states) in states {
            check(&read(&*workspace, "contact", id), &states);
        }
    }
}

#[test]
fn a_workspace_of_before_the_log_goes_on_and_says_what_it_does_not_know() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crm.db").display().to_string();
    let workspace = open(&path, CREATE).unwrap();
    let declared = json!({ "record_types": [{
        "api_name": "project", "display_name": "Project",
        "attributes": [{ "api_name": "name", "display_name": "Name", "value_type": "string" }],
    }] });
    workspace.declare(Declarations::from_json(declared).unwrap()).unwrap();
    let made = |record_type: &str, attributes: Json| {
        create(&*workspace, record_type, object(&attributes)).unwrap().id
    };
    let kept = made("contact", json!({ "first_name": "Ann" }));
    let changed = made("contact", json!({ "first_name": "Bob", "title": "0" }));
    patch(&*workspace, "contact", changed, object(&json!({ "title": "1" }))).unwrap();
    let project = made("project", json!({ "name": "P" }));
    drop(workspace);
    to_format_3(&path);

    let workspace = open(&path, OpenOptions::default()).unwrap();
    for (record_type, id, change) in [
        ("contact", changed, json!({ "title": "2" })),
        ("project", project, json!({ "name": "Q" })),
    ] {
        patch(&*workspace, record_type, id, object(&change)).unwrap();
    }
    archive(&*workspace, "project", project).unwrap();
    let new = create(&*workspace, "contact", object(&json!({ "first_name": "Cleo" }))).unwrap().id;
    let kinds = |record_type: &str, id: Uuid| -> Vec<&str> {
        read(&*workspace, record_type, id).iter().map(|change| change.kind.name()).collect()
    };
    assert_eq!(kinds("contact", kept), ["create"]);
    assert_eq!(kinds("contact", changed), ["create", "not_logged", "patch"]);
    assert_eq!(kinds("project", project), ["create", "patch", "archive"]);
    assert_eq!(kinds("contact", new), ["create"]);
    let creator = |id| read(&*workspace, "contact", id)[0].actor.clone();
    assert_eq!(creator(kept), None);
    assert_eq!(creator(new).as_deref(), Some("library"));
}

/// Makes a workspace file what it was before changes were logged and `updated_at` had an index.
fn to_format_3(path: &str) {
    let database = rusqlite::Connection::open(path).unwrap();
    let made: Vec<(String, String)> = database
        .prepare("SELECT type, name FROM sqlite_schema WHERE name LIKE '%\\_\\_log\\_\\_%' ESCAPE '\\' OR name LIKE '%updated_at\\_\\_index' ESCAPE '\\'")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .and_then(Iterator::collect)
        .unwrap();
    assert!(made.iter().any(|(_, name)| name.starts_with("project")), "{made:?}");
    for (kind, name) in made {
        database.execute_batch(&format!("DROP {kind} \"{name}\"")).unwrap();
    }
    database
        .execute_batch(
            "DROP TABLE headwater_actor; DROP TABLE headwater_unlogged; \
             ALTER TABLE headwater_checkpoint DROP COLUMN judged_rows; \
             ALTER TABLE headwater_checkpoint DROP COLUMN judged_rejects; \
             PRAGMA user_version = 3;",
        )
        .unwrap();
}

#[test]
fn a_log_that_is_switched_off_and_on_in_another_program_is_noticed_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crm.db").display().to_string();
    let first = open(&path, CREATE).unwrap();
    let id = create(&*first, "contact", object(&json!({ "first_name": "Ann" }))).unwrap().id;
    let switch = |keeps| {
        let options = OpenOptions { keeps_history: Some(keeps), ..OpenOptions::default() };
        // Twice, as two programs that both ask for it.
        drop(open(&path, options).unwrap());
        drop(open(&path, options).unwrap());
    };
    let change = |title: &str| {
        patch(&*first, "contact", id, object(&json!({ "title": title }))).unwrap();
    };
    let kinds = || -> Vec<&str> {
        read(&*first, "contact", id).iter().map(|change| change.kind.name()).collect()
    };
    switch(false);
    switch(true);
    change("1");
    assert_eq!(kinds(), ["create", "patch"], "nothing changed while it was off");
    switch(false);
    change("2");
    assert_eq!(kinds(), ["create", "patch", "not_logged"]);
    switch(true);
    assert_eq!(kinds(), ["create", "patch", "not_logged"]);
    change("3");
    change("4");
    assert_eq!(kinds(), ["create", "patch", "not_logged", "patch", "patch"]);
}
