//! Several processes that write one workspace at once: each is served or told `store_busy`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fmt::Write;
use std::process::Child;

use headwater_crash_tests::desk::{CrashDesk, outcome, start};
use headwater_crash_tests::journal::{Counts, Journal};
use headwater_crash_tests::random::{Random, seed};
use headwater_crash_tests::reference::Reference;
use headwater_crash_tests::signals::wait_for_rows;
use headwater_crash_tests::workspace::{Contents, look, texts};
use headwater_program_tests::{Finished, finish};

const ROWS: usize = 20_000;

fn is_done(finished: &Finished) -> bool {
    matches!(finished.status, Some(0 | 2))
}

fn is_busy(finished: &Finished) -> bool {
    finished.status == Some(1) && finished.errors.contains("store_busy")
}

fn job(name: &str) -> String {
    format!(
        "[source]\nconnector = \"csv\"\nconfig = {{ path = \"{name}.csv\" }}\n[target]\n\
         workspace = \"crm.db\"\ncommit_rows = 250\n[[streams]]\nrecord_type = \"contact\"\n\
         match = \"primary_email\"\n[streams.attributes]\nprimary_email = \"mail\"\n\
         {name} = \"value\"\n"
    )
}

/// Every first address of the workspace that is stored twice.
fn doubled(desk: &CrashDesk) -> Vec<String> {
    let database = look(&desk.workspace()).unwrap();
    let twice =
        "SELECT primary_email FROM contact GROUP BY lower(primary_email) HAVING count(*) > 1";
    texts(&database, twice)
}

#[test]
fn two_jobs_and_single_calls_share_a_workspace() {
    // Each file writes an attribute of its own, and half of its people are in the other file too.
    let desk = CrashDesk::with("", "");
    let mut expected = BTreeSet::new();
    for (name, from) in [("title", 0), ("department", ROWS / 2)] {
        let mut text = String::from("mail,value\n");
        for person in from..from + ROWS {
            writeln!(text, "p{person}@x.example,{name} {person}").unwrap();
            expected.insert(format!("p{person}@x.example"));
        }
        desk.write(&format!("{name}.csv"), text);
        desk.write(&format!("{name}.toml"), job(name));
    }
    let sync = |name: &str| {
        start(&mut desk.command(&["sync", &format!("{name}.toml"), "--format", "json"]))
    };
    let mut children = [sync("title"), sync("department")];
    let mut random = Random::new(seed());
    let mut calls = 0;
    let mut asserted = BTreeSet::new();
    while calls < 20 || (calls < 2000 && children.iter_mut().any(is_alive)) {
        // Some of them are in a file, too.
        let mail = format!("p{}@x.example", random.below(ROWS as u64 * 2));
        let matching = format!("{{\"primary_email\": \"{mail}\"}}");
        let attributes =
            format!("{{\"primary_email\": \"{mail}\", \"first_name\": \"called {calls}\"}}");
        let call = ["record", "assert", "contact", "--workspace", "crm.db", "--match"];
        let call = [&call[..], &[&matching, &attributes]].concat();
        let done = finish(desk.command(&call));
        assert!(done.status == Some(0) || is_busy(&done), "{done:?}");
        if done.status == Some(0) {
            assert_eq!(done.json()["data"]["attributes"]["primary_email"]["value"], mail.as_str());
            asserted.insert(mail);
        }
        calls += 1;
    }
    for (child, name) in children.into_iter().zip(["title", "department"]) {
        let mut finished = outcome(child);
        for _ in 0..20 {
            if is_done(&finished) {
                break;
            }
            assert!(is_busy(&finished), "{name}: {finished:?}");
            finished = outcome(sync(name));
        }
        assert_eq!(finished.status, Some(0), "{name}: {finished:?}");
    }
    assert!(!asserted.is_empty(), "no call was served");
    assert_eq!(doubled(&desk), [""; 0]);
    drop(Contents::read(&desk.workspace()));
    let database = look(&desk.workspace()).unwrap();
    let found: BTreeSet<String> =
        texts(&database, "SELECT primary_email FROM contact").into_iter().collect();
    expected.extend(asserted.iter().cloned());
    assert!(found == expected, "{} people, expected {}", found.len(), expected.len());
    // Nobody wrote over what another one had written.
    let whole = |column: &str| {
        let sql = format!(
            "SELECT primary_email FROM contact WHERE {column} = \
             '{column} ' || substr(primary_email, 2, instr(primary_email, '@') - 2)"
        );
        texts(&database, &sql).len()
    };
    assert_eq!((whole("title"), whole("department")), (ROWS, ROWS));
    let called = texts(&database, "SELECT primary_email FROM contact WHERE first_name IS NOT NULL");
    assert_eq!(called.into_iter().collect::<BTreeSet<_>>(), asserted);
    assert_eq!(Journal::read(&desk.workspace()).counts.read, 2 * ROWS as u64);
}

fn is_alive(child: &mut Child) -> bool {
    child.try_wait().unwrap().is_none()
}

#[test]
fn many_processes_make_one_workspace() {
    // The first moments of a workspace, when its file, its log and its tables are made.
    for round in 0..10 {
        let desk = CrashDesk::with("", "");
        let mails: Vec<String> =
            (0..6).map(|person| format!("p{}@x.example", person / 2)).collect();
        let children: Vec<Child> = mails
            .iter()
            .map(|mail| {
                let json = format!("{{\"primary_email\": \"{mail}\"}}");
                let call = ["record", "assert", "contact", "--workspace", "crm.db", "--match"];
                start(&mut desk.command(&[&call[..], &[&json, &json]].concat()))
            })
            .collect();
        for child in children {
            let done = outcome(child);
            assert!(done.status == Some(0) || is_busy(&done), "round {round}: {done:?}");
        }
        assert_eq!(doubled(&desk), [""; 0], "round {round}");
        drop(Contents::read(&desk.workspace()));
    }
}

#[test]
fn the_later_of_two_runs_of_a_job_takes_over() {
    let reference = Reference::new(200_000, 200, seed());
    let desk = reference.desk();
    let mut first = desk.start();
    wait_for_rows(&desk, &mut first, 1000);
    let second = desk.sync();
    let first = outcome(first);
    assert_eq!(second.status, Some(2), "{second:?}");
    assert!(is_busy(&first), "the earlier run must give way: {first:?}");
    assert!(first.json()["streams"][0]["read"].as_u64().unwrap() >= 1000);
    assert!(first.json()["error"]["code"] == "store_busy", "{first:?}");
    // What each reports is what each committed.
    let (one, two) = (Counts::of(&first.json()), Counts::of(&second.json()));
    assert_eq!(one.read + two.read, reference.rows);
    assert_eq!(one.created + two.created, reference.journal.counts.created);
    if let Err(told) = reference.compare(&desk.workspace()) {
        panic!("seed {}:\n{told}", seed());
    }
}

#[test]
fn a_crowd_of_runs_of_one_job_ends_as_one_would() {
    let reference = Reference::new(ROWS, 250, seed());
    let desk = reference.desk();
    let children: Vec<Child> = (0..5).map(|_| desk.start()).collect();
    let mut done = 0;
    for child in children {
        let finished = outcome(child);
        assert!(is_done(&finished) || is_busy(&finished), "{finished:?}");
        done += usize::from(is_done(&finished));
    }
    assert!(done >= 1, "nobody finished");
    // A run that began after another one was done has read the file a second time, which is not
    // the same as once: addresses that a later row took away are new to the rows before it again.
    let journal = Journal::read(&desk.workspace());
    assert_eq!(journal.runs("running"), 0, "{:?}", journal.states);
    // One that took over after the last commit, before that run was noted as done, had none to read.
    let (read, rows) = (journal.counts.read, reference.rows);
    assert!(read >= rows && read.is_multiple_of(rows), "{read} of {rows} rows were read");
    assert!(read <= journal.runs("done") as u64 * rows, "{read} rows, {:?}", journal.states);
    let undisturbed = reference.desk();
    for _ in 0..read / rows {
        assert_eq!(undisturbed.sync().status, Some(2));
    }
    let expected = Journal::read(&undisturbed.workspace());
    assert_eq!(journal.counts.created, expected.counts.created);
    let found = Contents::read(&desk.workspace());
    let differences = found.differences(&Contents::read(&undisturbed.workspace()));
    assert_eq!(differences, "", "seed {}", seed());
}
