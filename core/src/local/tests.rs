//! What cases cannot show: several writers at once, and the workspace as a file.

use std::collections::HashSet;
use std::sync::{Arc, Barrier};
use std::thread;

use serde_json::{Map, Value as Json, json};

use crate::calls::{add_edge, add_item, assert, create, patch};
use crate::error::ErrorCode;
use crate::open::{OpenOptions, open};
use crate::operation::{Action, Match, Operation, OperationKind, Query, QueryLimits};
use crate::record::Attributes;
use crate::schema::{RecordType, Write};
use crate::store::journal::RejectFilter;
use crate::workspace::{ApplyOptions, Workspace};

pub(super) const CREATE: OpenOptions =
    OpenOptions { create: true, rejects_duplicates: None, keeps_history: None };

pub(super) fn object(json: &Json) -> Map<String, Json> {
    json.as_object().cloned().expect("an object")
}

fn path(folder: &tempfile::TempDir) -> String {
    folder.path().join("crm.db").display().to_string()
}

fn all(workspace: &dyn Workspace) -> Vec<crate::Record> {
    let contact = workspace.schema().record_type("contact").expect("a type").clone();
    let limits = QueryLimits { default_page: 1000, max_page: 1000, ..QueryLimits::default() };
    let query =
        Query::parse_within(&workspace.schema(), &contact, Map::new(), &limits).expect("a query");
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
    let mut attributes = Attributes::default();
    let name = record_type.index_of("first_name").unwrap();
    attributes.set(name, crate::Change::Set(crate::value::Value::Text("Ann".into())));
    let kind = OperationKind::Create { attributes };
    let operation = Operation::new(record_type, kind);
    let refused =
        workspace.apply_and_settle(vec![operation], Default::default(), &mut |outcomes, _| {
            assert_eq!(outcomes.len(), 1);
            Err(crate::Error::new(ErrorCode::Cancelled, "not now"))
        });
    assert_eq!(refused.unwrap_err().code(), ErrorCode::Cancelled);
    assert!(all(&*workspace).is_empty());
}

#[test]
fn an_old_workspace_gets_the_tables_and_columns_that_the_schema_has_since() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(&path(&folder), CREATE).unwrap());
    let database = rusqlite::Connection::open(path(&folder)).unwrap();
    database
        .execute_batch(
            "ALTER TABLE contact DROP COLUMN department; DROP TABLE account__websites; \
             ALTER TABLE contact_account DROP COLUMN role",
        )
        .unwrap();
    drop(database);
    let workspace = open(&path(&folder), OpenOptions::default()).unwrap();
    let made = object(&json!({"first_name": "Ann", "department": "Sales"}));
    let record = create(&*workspace, "contact", made).unwrap();
    assert!(record.value("department").is_some());
    let made = object(&json!({"name": "A", "websites": ["x"]}));
    let account = create(&*workspace, "account", made).unwrap();
    let link = object(&json!({"related_record_id": account.id, "role": "buyer"}));
    let linked = add_edge(&*workspace, "contact", record.id, "accounts", link).unwrap();
    assert!(linked.edge.values.iter().any(Option::is_some));
}

#[test]
fn a_workspace_of_a_newer_format_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(&path(&folder), CREATE).unwrap());
    let database = rusqlite::Connection::open(path(&folder)).unwrap();
    database.execute_batch("PRAGMA user_version = 999").unwrap();
    drop(database);
    let Err(refused) = open(&path(&folder), CREATE) else { panic!("it was opened") };
    assert_eq!(refused.code(), ErrorCode::ConfigInvalid);
    assert!(refused.message().contains("999"), "{refused}");
}

/// A random operation on a few people who share addresses, so that operations meet.
fn random_operation(
    random: &mut fastrand::Rng,
    contact: &Arc<RecordType>,
    ids: &[uuid::Uuid],
) -> Operation {
    const PEOPLE: usize = 400;
    let email = |random: &mut fastrand::Rng| {
        let name = format!("p{}@x.example", random.usize(..PEOPLE));
        if random.bool() { name } else { name.to_uppercase() }
    };
    let mut attributes = Map::new();
    if random.bool() {
        attributes.insert("title".into(), json!(format!("T{}", random.u8(..3))));
    }
    if random.u8(..3) == 0 {
        attributes.insert("first_name".into(), json!(["Ann", "Bob"][random.usize(..2)]));
    }
    let extra = match random.u8(..12) {
        0 => Some(("contact_emails", json!([email(random), email(random)]))),
        1 | 2 => Some(("primary_email", json!(email(random)))),
        3 => Some(("primary_phone_number", json!("+14155552671"))),
        4 => Some(("primary_phone_number", json!("+442079460000"))),
        5 => Some(("primary_phone_number", Json::Null)),
        _ => None,
    };
    attributes.extend(extra.map(|(name, value)| (name.to_owned(), value)));
    let parse = |write| Attributes::parse(contact, attributes.clone(), write, None).unwrap();
    let kind = match random.u8(..20) {
        0 if !ids.is_empty() => OperationKind::Archive { id: ids[random.usize(..ids.len())] },
        1 | 2 if !ids.is_empty() => OperationKind::Patch {
            id: ids[random.usize(..ids.len())],
            attributes: parse(Write::Patch),
        },
        3 => OperationKind::Create { attributes: parse(Write::Create) },
        way => {
            let matching = object(&json!({"email": email(random)}));
            let matching = Match::parse(contact, matching, None).unwrap();
            let attributes = parse(Write::Assert);
            if way == 4 {
                OperationKind::Update { matching, attributes }
            } else {
                OperationKind::Assert { matching, attributes }
            }
        }
    };
    Operation::new(Arc::clone(contact), kind)
}

/// What a record says, without what differs between two workspaces.
pub(super) fn content(workspace: &dyn Workspace, id: uuid::Uuid) -> Option<Json> {
    let mut json = workspace.get("contact", id).ok()?.to_json();
    for name in ["id", "organization_id", "created_at", "updated_at"] {
        json["attributes"][name] = Json::Null;
        json[name] = Json::Null;
    }
    for list in ["contact_emails", "contact_phone_numbers"] {
        for item in json["attributes"][list].as_array_mut().into_iter().flatten() {
            item["value"]["id"] = Json::Null;
        }
    }
    Some(json)
}

#[test]
fn a_large_batch_leaves_what_its_operations_leave_few_by_few() {
    const BATCHES: usize = 2;
    const OPERATIONS: usize = 5000;
    for rejects_duplicates in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let options = OpenOptions { rejects_duplicates: Some(rejects_duplicates), ..CREATE };
        let at =
            |name: &str| open(&folder.path().join(name).display().to_string(), options).unwrap();
        // Batches of another size see other things at once.
        let workspaces = [at("at_once.db"), at("by_the_way.db"), at("few_by_few.db")];
        let sizes = [OPERATIONS, 211, 13];
        let mut ids: [Vec<uuid::Uuid>; 3] = Default::default();
        for batch in 0..BATCHES {
            let mut actions: [Vec<Result<Action, ErrorCode>>; 3] = Default::default();
            for (place, workspace) in workspaces.iter().enumerate() {
                let contact = workspace.schema().record_type("contact").unwrap().clone();
                let mut random = fastrand::Rng::with_seed(batch as u64);
                let operations: Vec<Operation> = (0..OPERATIONS)
                    .map(|_| random_operation(&mut random, &contact, &ids[place]))
                    .collect();
                let before = ids[place].len();
                for some in operations.chunks(sizes[place]) {
                    let options = ApplyOptions::default();
                    for outcome in workspace.apply(some.to_vec(), options).unwrap() {
                        if let Ok(outcome) = &outcome
                            && outcome.action == Action::Created
                        {
                            ids[place].push(outcome.id);
                        }
                        let action = outcome.map(|outcome| outcome.action);
                        actions[place].push(action.map_err(|error| error.code()));
                    }
                }
                assert!(batch > 0 || ids[place].len() > before, "nothing was created");
            }
            assert_eq!(actions[0], actions[2], "batch {batch}");
            assert_eq!(actions[1], actions[2], "batch {batch}");
        }
        let [at_once, by_the_way, few_by_few] = ids;
        assert_eq!(at_once.len(), few_by_few.len());
        for ((a, b), c) in at_once.into_iter().zip(by_the_way).zip(few_by_few) {
            let expected = content(&*workspaces[2], c);
            assert_eq!(content(&*workspaces[0], a), expected);
            assert_eq!(content(&*workspaces[1], b), expected);
        }
    }
}

/// An assert of few people and few titles, so that most repeat an earlier one; now and then
/// something else.
pub(super) fn random_repeat(
    random: &mut fastrand::Rng,
    contact: &Arc<RecordType>,
    ids: &[uuid::Uuid],
) -> Operation {
    let person = random.u8(..12);
    let matching = object(&json!({"email": format!("p{person}@x.example")}));
    let title = json!(format!("T{}", random.u8(..20).saturating_sub(17)));
    let way = random.u8(..40);
    let kind = match way {
        0 if !ids.is_empty() => OperationKind::Archive { id: ids[random.usize(..ids.len())] },
        1 | 2 if !ids.is_empty() => OperationKind::Patch {
            id: ids[random.usize(..ids.len())],
            attributes: Attributes::parse(
                contact,
                object(&json!({"title": title})),
                Write::Patch,
                None,
            )
            .unwrap(),
        },
        3 => OperationKind::Create {
            attributes: Attributes::parse(contact, matching_emails(person), Write::Create, None)
                .unwrap(),
        },
        _ => {
            let given = json!({"title": title, "department": null, "address": {"city": "Rome"}});
            OperationKind::Assert {
                matching: Match::parse(contact, matching, None).unwrap(),
                attributes: Attributes::parse(contact, object(&given), Write::Assert, None)
                    .unwrap(),
            }
        }
    };
    Operation::new(Arc::clone(contact), kind)
}

fn matching_emails(person: u8) -> Map<String, Json> {
    object(&json!({"contact_emails": [{"email": format!("p{person}@x.example")}]}))
}

#[test]
fn a_repeated_assert_ends_alike_whether_its_record_is_read_or_not() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| open(&folder.path().join(name).display().to_string(), CREATE).unwrap();
    // Where the records are asked for, they are read.
    let workspaces = [(at("glanced.db"), false), (at("read.db"), true)];
    let mut ids: [Vec<uuid::Uuid>; 2] = Default::default();
    let mut random = [fastrand::Rng::with_seed(5), fastrand::Rng::with_seed(5)];
    let mut counts = std::collections::HashMap::<Action, usize>::new();
    for batch in 0..400 {
        let mut actions: [Vec<Result<Action, ErrorCode>>; 2] = Default::default();
        for (place, (workspace, returns_records)) in workspaces.iter().enumerate() {
            let schema = workspace.schema();
            let contact = schema.record_type("contact").unwrap();
            let size = random[place].usize(1..12);
            let operations =
                (0..size).map(|_| random_repeat(&mut random[place], contact, &ids[place]));
            let operations = operations.collect();
            let options =
                ApplyOptions { returns_records: *returns_records, ..ApplyOptions::default() };
            for outcome in workspace.apply(operations, options).unwrap() {
                if let Ok(outcome) = &outcome
                    && outcome.action == Action::Created
                {
                    ids[place].push(outcome.id);
                }
                let action = outcome.map(|outcome| outcome.action);
                actions[place].push(action.map_err(|error| error.code()));
            }
        }
        let [glanced, read] = actions;
        assert_eq!(glanced, read, "batch {batch}");
        for action in glanced.into_iter().flatten() {
            *counts.entry(action).or_default() += 1;
        }
    }
    assert!(counts[&Action::Unchanged] > 500 && counts[&Action::Updated] > 100, "{counts:?}");
    let [glanced, read] = ids;
    for (glanced, read) in glanced.into_iter().zip(read) {
        assert_eq!(content(&*workspaces[0].0, glanced), content(&*workspaces[1].0, read));
    }
}

#[test]
fn the_record_of_a_repeated_assert_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = open(&path(&folder), CREATE).unwrap();
    let schema = workspace.schema();
    let contact = schema.record_type("contact").unwrap();
    let apply = || {
        let matching = object(&json!({"email": "ann@x.example"}));
        let attributes = object(&json!({"title": "CTO"}));
        let kind = OperationKind::Assert {
            matching: Match::parse(contact, matching, None).unwrap(),
            attributes: Attributes::parse(contact, attributes, Write::Assert, None).unwrap(),
        };
        let operation = Operation::new(Arc::clone(contact), kind);
        let mut outcomes = workspace.apply(vec![operation], ApplyOptions::default()).unwrap();
        outcomes.remove(0).unwrap()
    };
    assert_eq!(apply().action, Action::Created);
    let database = rusqlite::Connection::open(path(&folder)).unwrap();
    // Behind the workspace's back: only reading the record would tell.
    database.execute_batch("UPDATE contact SET title = 'CFO'").unwrap();
    let repeated = apply();
    assert_eq!(repeated.action, Action::Unchanged);
    patch(&*workspace, "contact", repeated.id, object(&json!({"title": "COO"}))).unwrap();
    assert_eq!(apply().action, Action::Updated);
    assert_eq!(apply().action, Action::Unchanged);
}

/// A workspace of format 1 called the code of a bug `internal`; its rejects stay readable.
#[test]
fn an_older_workspace_is_brought_up_to_date_with_what_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(&path(&folder), CREATE).unwrap());
    let database = rusqlite::Connection::open(path(&folder)).unwrap();
    let run = "00000000-0000-0000-0000-000000000001";
    database
        .execute_batch(&format!(
            "DROP TABLE headwater_api_key; DROP TABLE headwater_actor; \
             DROP TABLE headwater_unlogged; \
             ALTER TABLE headwater_checkpoint DROP COLUMN judged_rows; \
             ALTER TABLE headwater_checkpoint DROP COLUMN judged_rejects; \
             PRAGMA user_version = 1; \
             INSERT INTO headwater_run VALUES \
             (1, '{run}', 'h', 'csv', '1', 'done', '2026-01-01T00:00:00Z', NULL, NULL); \
             INSERT INTO headwater_run_stream VALUES \
             ('{run}', 0, 's', 'contact', 1, 0, 0, 0, 0, 1, '{{\"internal\":1}}', '[]', 5); \
             INSERT INTO headwater_reject VALUES \
             (1, '{run}', 's', 1, 'line', 'internal', NULL, 'm', 'h', 'r', 0);"
        ))
        .unwrap();
    drop(database);
    let workspace = open(&path(&folder), CREATE).unwrap();
    let mut codes = Vec::new();
    workspace
        .read_journal(&mut |journal| {
            codes.extend(journal.runs(1)?[0].streams[0].counts.rejects.keys().copied());
            journal.rejects(&RejectFilter::default(), &mut |listed| {
                codes.push(listed.reject.code.name());
                Ok(())
            })
        })
        .unwrap();
    assert_eq!(codes, ["internal_error", "internal_error"]);
    assert!(workspace.api_keys().unwrap().list_keys().unwrap().is_empty());
}

#[test]
fn no_write_makes_an_array_longer_than_it_may_be() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = open(&path(&folder), CREATE).unwrap();
    let emails: Vec<String> = (0..1000).map(|number| format!("s{number}@x.example")).collect();
    let attributes = object(&json!({ "contact_emails": emails }));
    let full = create(&*workspace, "contact", attributes).unwrap();
    let another = json!({"email": "another@x.example", "is_primary": false});
    let added =
        add_item(&*workspace, "contact", full.id, "contact_emails", object(&another)).unwrap_err();
    let primary = object(&json!({"primary_email": "another@x.example"}));
    let patched = patch(&*workspace, "contact", full.id, primary).unwrap_err();
    for (refused, field) in [(added, "contact_emails"), (patched, "contact_emails")] {
        assert_eq!((refused.code(), refused.field()), (ErrorCode::FieldValueInvalid, Some(field)));
    }
    let known = object(&json!({"primary_email": "S999@x.example"}));
    let patched = patch(&*workspace, "contact", full.id, known).unwrap();
    assert_eq!(patched.value("contact_emails").unwrap().as_list().unwrap().len(), 1000);
}
