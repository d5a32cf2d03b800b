//! A source that goes away, shrinks, changes or fails midway: what was read stays, the rest follows.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::{self, OpenOptions};
use std::process::Child;

use headwater_crash_tests::desk::{CrashDesk, outcome, program};
use headwater_crash_tests::journal::Journal;
use headwater_crash_tests::people;
use headwater_crash_tests::random::seed;
use headwater_crash_tests::reference::Reference;
use headwater_crash_tests::signals::{CONT, STOP, send, wait_for_rows};
use headwater_program_tests::Finished;

const ROWS: usize = 60_000;
const COMMIT_ROWS: usize = 200;

/// Starts a sync and holds it still once it has committed something.
fn hold_midway(desk: &CrashDesk) -> Child {
    let mut child = desk.start();
    wait_for_rows(desk, &mut child, 1);
    send(&child, STOP);
    let journal = Journal::read(&desk.workspace());
    assert!(!journal.is_done(), "the sync was done before it was held: make it longer");
    child
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

fn go_on(child: Child) -> Finished {
    send(&child, CONT);
    outcome(child)
}

fn require_failure(finished: &Finished, code: &str) {
    assert_eq!(finished.status, Some(1), "{finished:?}");
    assert_eq!(finished.json()["error"]["code"], code, "{finished:?}");
    assert!(finished.errors.contains(code), "{finished:?}");
}

fn require_same(reference: &Reference, desk: &CrashDesk) {
    if let Err(told) = reference.compare(&desk.workspace()) {
        panic!("seed {}:\n{told}", seed());
    }
}

fn reference() -> Reference {
    Reference::new(ROWS, COMMIT_ROWS, seed())
}

#[test]
fn a_file_that_is_deleted_or_replaced_under_a_run_is_read_to_its_end() {
    let reference = reference();
    let desk = reference.desk();
    let child = hold_midway(&desk);
    fs::remove_file(desk.path("people.csv")).unwrap();
    assert_eq!(go_on(child).status, Some(2));
    require_same(&reference, &desk);

    let desk = reference.desk();
    let child = hold_midway(&desk);
    desk.write("other.csv", people::csv(100, 1));
    fs::rename(desk.path("other.csv"), desk.path("people.csv")).unwrap();
    assert_eq!(go_on(child).status, Some(2));
    require_same(&reference, &desk);
}

#[test]
fn a_file_that_is_cut_off_under_a_run_is_no_end_of_the_source() {
    let reference = reference();
    let desk = reference.desk();
    let child = hold_midway(&desk);
    // In the middle of a row, whose first cells must not be taken for all of it.
    let file = OpenOptions::new().write(true).open(desk.path("people.csv")).unwrap();
    let place = reference.people.rfind("@x.example").unwrap() as u64;
    file.set_len(place + 4).unwrap();
    let cut = go_on(child);
    require_failure(&cut, "source_unavailable");
    let committed = Journal::read(&desk.workspace());
    assert!(committed.counts.read < ROWS as u64);
    desk.write("people.csv", &reference.people);
    assert!(matches!(desk.sync().status, Some(0 | 2)));
    require_same(&reference, &desk);
}

#[test]
fn a_file_that_is_gone_at_the_next_run_can_be_put_back() {
    let reference = reference();
    let desk = reference.desk();
    kill(hold_midway(&desk));
    fs::rename(desk.path("people.csv"), desk.path("elsewhere")).unwrap();
    for _ in 0..2 {
        require_failure(&desk.sync(), "source_unavailable");
    }
    fs::rename(desk.path("elsewhere"), desk.path("people.csv")).unwrap();
    assert!(matches!(desk.sync().status, Some(0 | 2)));
    require_same(&reference, &desk);
}

#[test]
fn a_file_that_is_another_at_the_next_run_is_refused_until_it_is_put_back() {
    let reference = reference();
    let desk = reference.desk();
    kill(hold_midway(&desk));
    let changed = [
        String::new(),
        people::HEADER.to_owned(),
        people::csv(ROWS, seed() + 1),
        reference.people.replacen("First0,", "Frist0,", 1),
    ];
    let before = Journal::read(&desk.workspace()).counts;
    for text in changed {
        desk.write("people.csv", &text);
        let refused = desk.sync();
        assert_eq!(refused.status, Some(1), "{refused:?}");
        let code = refused.json()["error"]["code"].clone();
        // A file without its header is not one that the job fits.
        let is_empty = text.is_empty();
        assert!(code == "checkpoint_invalid" || is_empty, "{} bytes: {refused:?}", text.len());
        assert_eq!(Journal::read(&desk.workspace()).counts, before);
    }
    desk.write("people.csv", &reference.people);
    assert!(matches!(desk.sync().status, Some(0 | 2)));
    require_same(&reference, &desk);
}

#[test]
fn the_second_of_two_files_is_gone_when_its_turn_comes() {
    let reference = reference();
    let rows: Vec<&str> = reference.people.split_inclusive('\n').collect();
    let place = reference.people.len() * 3 / 4;
    // Not within a quoted cell: the next row that begins with an address.
    let place = place + reference.people[place..].find("\np").unwrap() + 1;
    let (first, second) = reference.people.split_at(place);
    let second = format!("{}{second}", rows[0]);
    let job = reference.job.replace("people.csv", "part-*.csv");
    let make = || {
        let desk = CrashDesk::with("", &job);
        desk.write("part-1.csv", first);
        desk.write("part-2.csv", &second);
        desk
    };
    let whole = make();
    assert_eq!(whole.sync().status, Some(2));

    let desk = make();
    let child = hold_midway(&desk);
    fs::remove_file(desk.path("part-2.csv")).unwrap();
    let gone = go_on(child);
    require_failure(&gone, "source_unavailable");
    let first_read = gone.stream()["read"].as_u64().unwrap();
    assert_eq!(first_read, Journal::read(&desk.workspace()).counts.read);
    assert!(first_read > ROWS as u64 / 2, "what was read before is not committed: {gone:?}");
    desk.write("part-2.csv", &second);
    let rest = desk.sync();
    assert!(matches!(rest.status, Some(0 | 2)), "{rest:?}");
    assert_eq!(rest.stream()["read"].as_u64().unwrap() + first_read, ROWS as u64);
    if let Err(told) = reference.compare_records(&desk.workspace()) {
        panic!("seed {}:\n{told}", seed());
    }
    assert_eq!(Journal::read(&desk.workspace()).rejects, Journal::read(&whole.workspace()).rejects);
}

/// A job whose connector fails before row 40 of 100, where the environment says so.
fn scripted_job(code: i32) -> String {
    let rows: Vec<String> = (0..100)
        .map(|row| format!("{{ mail = \"p{}@x.example\", title = \"T{row}\" }}", row % 70))
        .collect();
    format!(
        "[source]\nconnector = \"scripted\"\n[source.config]\nrows = [{}]\nat = \"${{FAIL_AT}}\"\n\
         code = {code}\n[target]\nworkspace = \"crm.db\"\ncommit_rows = 16\n[[streams]]\n\
         record_type = \"contact\"\nmatch = \"primary_email\"\n[streams.attributes]\n\
         primary_email = \"mail\"\ntitle = \"title\"\n",
        rows.join(", ")
    )
}

#[test]
fn a_connector_that_fails_midway_goes_on_where_it_failed() {
    let sync = |desk: &CrashDesk, fail_at: &str| {
        let mut command = desk.sync_command();
        command.env("FAIL_AT", fail_at);
        command.env("HEADWATER_CONNECTOR_PATH", program().parent().unwrap());
        headwater_program_tests::finish(command)
    };
    let codes = [
        (304, "connector_panicked"),
        (305, "source_unauthorized"),
        (306, "source_unavailable"),
        (307, "source_data_invalid"),
        (402, "timeout"),
    ];
    for (number, name) in codes {
        let job = scripted_job(if number == 304 { 0 } else { number });
        let whole = CrashDesk::with("", &job);
        assert_eq!(sync(&whole, "never").status, Some(0));
        let expected = Journal::read(&whole.workspace());
        let desk = CrashDesk::with("", &job);
        let failed = sync(&desk, "row 40");
        require_failure(&failed, name);
        assert_eq!(failed.stream()["read"], 39, "what was read before is committed: {failed:?}");
        let again = sync(&desk, "row 40");
        require_failure(&again, name);
        assert_eq!(Journal::read(&desk.workspace()).counts.read, 39);
        assert_eq!(sync(&desk, "never").stream()["read"], 61);
        let found = Journal::read(&desk.workspace());
        assert_eq!(found.counts, expected.counts);
        assert_eq!(found.states, ["failed", "failed", "done"]);
        let contents = headwater_crash_tests::workspace::Contents::read(&desk.workspace());
        let undisturbed = headwater_crash_tests::workspace::Contents::read(&whole.workspace());
        assert_eq!(contents.differences(&undisturbed), "", "{name}");
    }
}
