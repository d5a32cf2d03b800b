//! Batches and the ledger, without a workspace.

use serde_json::json;

use super::*;
use crate::operation::{Action, Match};
use crate::record::Attributes;
use crate::schema::{RecordType, Schema, Write};
use crate::store::Ledger;

const ADDRESS: &str = "https://crm.example/api/v2";

fn assert(email: &str, title: &str) -> Operation {
    let contact = Schema::standard().record_type("contact").unwrap().clone();
    let object = |json: serde_json::Value| json.as_object().cloned().unwrap();
    let matching = Match::parse(&contact, object(json!({"email": email})), None).unwrap();
    let title = object(json!({"title": title}));
    let attributes = Attributes::parse(&contact, title, Write::Assert, None).unwrap();
    Operation::new(contact, OperationKind::Assert { matching, attributes })
}

fn create() -> Operation {
    let contact = Schema::standard().record_type("contact").unwrap().clone();
    let name = json!({"first_name": "Anna"}).as_object().cloned().unwrap();
    let attributes = Attributes::parse(&contact, name, Write::Create, None).unwrap();
    Operation::new(contact, OperationKind::Create { attributes })
}

fn recalled(ledger: &Ledger, operations: Vec<Operation>) -> Batch {
    let mut batch = Batch::new(operations);
    batch.recall(&mut ledger.read().unwrap(), Timestamp(1)).unwrap();
    batch
}

fn note(ledger: &Ledger, batch: &Batch) {
    let mut transaction = ledger.write().unwrap();
    batch.note(&mut transaction).unwrap();
    transaction.commit().unwrap();
}

fn learn(ledger: &Ledger, batch: &Batch, is_over: bool) {
    let mut transaction = ledger.write().unwrap();
    batch.learn(&mut transaction, Timestamp(2), is_over).unwrap();
    transaction.commit().unwrap();
}

/// The operation as if it had gone well on this record.
fn done(operation: &Operation, id: Uuid) -> Option<Result<Performed>> {
    let mut performed = Performed::of(Action::Updated, id, None);
    if let OperationKind::Assert { attributes, .. } = &operation.kind {
        performed.wrote = Fingerprints::of(&operation.record_type, attributes);
        let fingerprints = performed.wrote.clone();
        performed.known = Some(Known { id, fingerprints });
    }
    Some(Ok(performed))
}

fn ledger(folder: &tempfile::TempDir) -> Ledger {
    Ledger::open(&folder.path().join("ledger"), ADDRESS).unwrap()
}

/// Whether nothing of it would be sent.
fn is_known(ledger: &Ledger, operation: &Operation) -> bool {
    recalled(ledger, vec![operation.clone()]).foresee().unchanged == 1
}

#[test]
fn the_last_of_what_one_batch_says_of_a_record_is_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger(&folder);
    let (one, two) = (assert("a@x.example", "T1"), assert("a@x.example", "T2"));
    for _ in 0..2 {
        let mut batch = recalled(&ledger, vec![one.clone(), two.clone()]);
        note(&ledger, &batch);
        let id = Uuid::from_u128(1);
        batch.performed = vec![done(&one, id), done(&two, id)];
        learn(&ledger, &batch, true);
        assert!(is_known(&ledger, &two) && !is_known(&ledger, &one));
    }
}

#[test]
fn matches_that_say_different_things_of_a_record_leave_nothing_known() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger(&folder);
    let rows = [("a@x.example", "T1"), ("b@x.example", "T2"), ("a@x.example", "T1")];
    let rows: Vec<_> = rows.iter().map(|(email, title)| assert(email, title)).collect();
    let mut batch = recalled(&ledger, rows.clone());
    batch.performed = rows.iter().map(|row| done(row, Uuid::from_u128(1))).collect();
    learn(&ledger, &batch, true);
    assert!(rows.iter().all(|row| !is_known(&ledger, row)));
}

#[test]
fn what_is_about_to_be_changed_is_not_known_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger(&folder);
    let (one, two) = (assert("a@x.example", "T1"), assert("a@x.example", "T2"));
    let mut batch = recalled(&ledger, vec![one.clone()]);
    batch.performed = vec![done(&one, Uuid::from_u128(1))];
    learn(&ledger, &batch, true);
    assert!(is_known(&ledger, &one));
    note(&ledger, &recalled(&ledger, vec![two]));
    assert!(!is_known(&ledger, &one));
}

#[test]
fn a_write_that_may_still_be_overtaken_is_not_known() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger(&folder);
    let one = assert("a@x.example", "T1");
    let mut batch = recalled(&ledger, vec![one.clone()]);
    batch.performed = vec![done(&one, Uuid::from_u128(1))];
    if let Some(Ok(performed)) = &mut batch.performed[0] {
        performed.may_be_late = true;
    }
    learn(&ledger, &batch, true);
    assert!(!is_known(&ledger, &one));
}

#[test]
fn jobs_with_one_ledger_know_what_the_other_is_about_to_create() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..20 {
        let path = folder.path().join(format!("{round}.ledger"));
        let ledgers = [0, 1].map(|_| Ledger::open(&path, ADDRESS).unwrap());
        let start = std::sync::Barrier::new(2);
        let begin = |ledger: &Ledger| {
            let mut batch = Batch::new(vec![create()]);
            start.wait();
            batch.begin(ledger, Timestamp(1)).unwrap();
            batch.before[0].create.as_ref().unwrap().begun
        };
        let begun = std::thread::scope(|scope| {
            let other = scope.spawn(|| begin(&ledgers[1]));
            [begin(&ledgers[0]), other.join().unwrap()]
        });
        let noted = Begun::Perhaps(Timestamp(1));
        assert!(begun == [Begun::No, noted] || begun == [noted, Begun::No], "{begun:?}");
    }
}

#[test]
fn only_a_create_that_may_be_done_is_looked_for_after_a_stop() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger(&folder);
    let begun = || {
        let batch = recalled(&ledger, vec![create()]);
        batch.before[0].create.as_ref().unwrap().begun
    };
    let stopped_with = |error: Error| {
        let mut batch = recalled(&ledger, vec![create()]);
        note(&ledger, &batch);
        batch.performed = vec![Some(Err(error))];
        assert!(batch.take_end().is_some());
        learn(&ledger, &batch, false);
    };
    stopped_with(not_sent());
    assert_eq!(begun(), Begun::No);
    stopped_with(super::super::failure::unknown(not_sent()));
    assert_eq!(begun(), Begun::Perhaps(Timestamp(1)));
    stopped_with(not_sent());
    assert_eq!(begun(), Begun::Perhaps(Timestamp(1)), "it is still not known");
}

#[test]
fn a_lost_task_ends_its_batch() {
    let mut batch = Batch::new(vec![create(), create()]);
    batch.performed = vec![done(&create(), Uuid::from_u128(1)), None];
    assert_eq!(batch.take_end().unwrap().code(), ErrorCode::Internal);
    assert_eq!(batch.into_outcomes()[1].as_ref().unwrap_err().code(), ErrorCode::Internal);
}

#[test]
fn only_what_is_certain_ends_a_create() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger(&folder);
    let batch = recalled(&ledger, vec![create(), create(), create()]);
    note(&ledger, &batch);
    // Killed; then a batch of one is done, and the others are still looked for.
    let mut batch = recalled(&ledger, vec![create()]);
    assert!(matches!(batch.before[0].create.as_ref().unwrap().begun, Begun::Perhaps(_)));
    batch.performed = vec![done(&create(), Uuid::from_u128(1))];
    learn(&ledger, &batch, true);
    let asked = batch.before[0].create.as_ref().unwrap().asked;
    let open = ledger.read().unwrap().creates(asked).unwrap();
    assert_eq!(open.iter().map(|open| open.number).collect::<Vec<_>>(), [1, 2]);
    let next = recalled(&ledger, vec![create(), create(), create()]);
    let creates: Vec<_> =
        next.before.iter().map(|before| before.create.as_ref().unwrap()).collect();
    assert_eq!(creates.iter().map(|create| create.number).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(creates[0].others, [Uuid::from_u128(1)]);
}

/// A type that has no assert of its own.
fn project(code: &str) -> Operation {
    let code_of = json!({"api_name": "code", "is_unique": true, "is_creatable": true,
                         "is_updatable": true, "type_info": {"value_type": "string"}});
    let document = json!({"api_name": "project", "attributes": [code_of]});
    let project = Arc::new(RecordType::from_document(&document).unwrap());
    let matching = json!({ "code": code }).as_object().cloned().unwrap();
    let matching = Match::parse(&project, matching, None).unwrap();
    let attributes = Attributes::default();
    Operation::new(project, OperationKind::Assert { matching, attributes })
}

#[test]
fn an_assert_that_may_have_to_create_is_noted_until_its_record_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger(&folder);
    let begun = |code: &str| {
        let batch = recalled(&ledger, vec![project(code)]);
        batch.before[0].create.as_ref().map(|create| create.begun)
    };
    assert_eq!((begun("a"), begun("b")), (Some(Begun::No), Some(Begun::No)));
    let mut batch = recalled(&ledger, vec![project("a")]);
    note(&ledger, &batch);
    // Killed.
    assert_eq!((begun("a"), begun("b")), (Some(Begun::Perhaps(Timestamp(1))), Some(Begun::No)));
    batch.performed = vec![done(&project("a"), Uuid::from_u128(1))];
    learn(&ledger, &batch, true);
    assert_eq!(begun("a"), None, "its record is known");
    let asked = batch.before[0].create.as_ref().unwrap().asked;
    assert_eq!(ledger.read().unwrap().creates(asked).unwrap(), []);
    assert!(ledger.read().unwrap().made(asked).unwrap().is_empty());
}
