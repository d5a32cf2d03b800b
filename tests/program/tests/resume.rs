//! Interrupted syncs: killed, stopped or overtaken, they lose nothing and double nothing.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use headwater_program_tests::{Desk, Finished};

const ROWS: usize = 20_000;
const JOB: &str = r#"
[source]
connector = "csv"
config = { path = "people.csv" }
[target]
workspace = "crm.db"
commit_rows = 500
[[streams]]
record_type = "contact"
match = "primary_email"
[streams.attributes]
primary_email = "mail"
first_name = "first"
title = "title"
"#;

fn desk() -> Desk {
    let desk = Desk::new();
    let mut people = String::from("mail,first,title\n");
    for row in 0..ROWS {
        // Some rows change an earlier one, some are refused.
        let person = if row % 10 == 9 { row / 2 } else { row };
        let at = if row % 97 == 0 { "" } else { "@" };
        writeln!(people, "p{person}{at}x.example,F{person},T{row}").unwrap();
    }
    desk.write("people.csv", people);
    desk.write("job.toml", JOB);
    desk
}

fn sync(desk: &Desk) -> Finished {
    desk.run(&["sync", "job.toml", "--format", "json"])
}

/// Everything in the workspace but ids and times, and the rejects without their runs.
fn contents(desk: &Desk) -> (Vec<String>, Vec<String>) {
    let database = rusqlite::Connection::open(desk.path("crm.db")).unwrap();
    let rows = |sql: &str| -> Vec<String> {
        let mut statement = database.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    };
    let records = rows(
        "SELECT concat_ws('|', c.rid, c.first_name, c.title, c.primary_email, e.text, e.is_primary, k.key) \
         FROM contact c JOIN contact__contact_emails e USING (rid) \
         JOIN contact__contact_emails__key k USING (rid) ORDER BY c.rid, k.key",
    );
    let rejects = rows(
        "SELECT concat_ws('|', position, code, field, source_row) FROM headwater_reject ORDER BY position",
    );
    (records, rejects)
}

/// How many runs stand so; none while there is no journal yet.
fn runs_in_state(desk: &Desk, state: &str) -> i64 {
    let database = rusqlite::Connection::open(desk.path("crm.db")).unwrap();
    let count = "SELECT count(*) FROM headwater_run WHERE state = ?1";
    database.query_row(count, [state], |row| row.get::<_, i64>(0)).unwrap_or(0)
}

#[test]
fn killed_again_and_again_it_ends_as_if_it_had_never_been() {
    let whole = desk();
    assert_eq!(sync(&whole).status, Some(2));
    let broken = desk();
    let mut kills = 0;
    let mut is_finished = false;
    for attempt in 0..200 {
        let mut child = broken.start(&["sync", "job.toml"]);
        sleep(Duration::from_millis(15 + 7 * (attempt % 13)));
        child.kill().unwrap();
        child.wait().unwrap();
        // What is noted as done is done, also where the kill came before the program's end.
        if runs_in_state(&broken, "done") > 0 {
            is_finished = true;
            break;
        }
        kills += 1;
    }
    if !is_finished {
        let last = sync(&broken);
        assert!(matches!(last.status, Some(0 | 2)), "{last:?}");
    }
    let left = runs_in_state(&broken, "running");
    assert!(left <= 1, "killed runs are noted as failed by the next: {left} are not");
    assert!(kills >= 3, "the sync was killed only {kills} times: make it longer");
    let (expected, expected_rejects) = contents(&whole);
    let (found, found_rejects) = contents(&broken);
    assert_eq!(found.len(), expected.len());
    assert!(found == expected, "the records differ");
    assert!(found_rejects == expected_rejects, "the rejects differ");
}

/// Starts a sync and waits until it has committed something.
fn start_and_wait(desk: &Desk) -> std::process::Child {
    let mut child = desk.start(&["sync", "job.toml", "--format", "json"]);
    for _ in 0..5000 {
        // Not before the workspace is made: this look must not be its first opening.
        if !desk.path("crm.db-wal").exists() {
            sleep(Duration::from_millis(2));
            continue;
        }
        let database = rusqlite::Connection::open(desk.path("crm.db")).unwrap();
        let rows = "SELECT max(committed_rows) FROM headwater_checkpoint";
        if database.query_row(rows, [], |row| row.get::<_, i64>(0)).unwrap_or(0) > 0 {
            return child;
        }
        sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    panic!("the sync committed nothing");
}

/// Starts a sync and kills it once it has committed something.
fn kill_midway(desk: &Desk) {
    let mut child = start_and_wait(desk);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(runs_in_state(desk, "done"), 0, "the sync was done before it was killed");
}

fn stop_and_go_on(signal: &str) {
    let desk = desk();
    let child = start_and_wait(&desk);
    let id = child.id().to_string();
    assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(130), "{report}");
    assert_eq!(report["state"], "stopped");
    let before = report["streams"][0]["read"].as_u64().unwrap();
    assert!(before < ROWS as u64);
    let rest = sync(&desk).stream()["read"].as_u64().unwrap();
    assert_eq!(before + rest, ROWS as u64);
}

#[test]
fn ctrl_c_stops_at_a_batch_and_the_next_run_goes_on() {
    stop_and_go_on("-INT");
}

#[test]
fn a_polite_end_of_the_process_is_a_stop_too() {
    stop_and_go_on("-TERM");
}

#[test]
fn a_run_is_resumed_from_another_folder_too() {
    let desk = desk();
    kill_midway(&desk);
    let mut command = desk.command(&["sync", "--format=json"]);
    command.arg(desk.path("job.toml")).current_dir("/");
    let rest = headwater_program_tests::finish(command).stream()["read"].as_u64().unwrap();
    assert!(rest < ROWS as u64, "it started over");
}

#[test]
fn full_starts_over_and_a_finished_job_does_so_by_itself() {
    let desk = desk();
    assert_eq!(sync(&desk).stream()["read"], ROWS);
    assert_eq!(sync(&desk).stream()["read"], ROWS);
    let full = desk.run(&["sync", "job.toml", "--full", "--format", "json"]);
    assert_eq!(full.stream()["read"], ROWS);
    assert_eq!(full.stream()["created"], 0);
}

#[test]
fn a_source_that_changed_since_the_checkpoint_is_refused_until_full() {
    let desk = desk();
    kill_midway(&desk);
    let text = std::fs::read_to_string(desk.path("people.csv")).unwrap();
    desk.write("people.csv", text.replacen("F1,", "G1,", 1));
    let refused = sync(&desk);
    assert_eq!(refused.status, Some(1), "{refused:?}");
    assert!(refused.errors.contains("checkpoint_invalid"), "{}", refused.errors);
    assert!(refused.errors.contains("--full"), "{}", refused.errors);
    let full = desk.run(&["sync", "job.toml", "--full", "--format", "json"]);
    assert_eq!(full.stream()["read"], ROWS);
}

#[test]
fn two_runs_at_once_end_as_one_would() {
    let whole = desk();
    assert_eq!(sync(&whole).status, Some(2));
    let shared = desk();
    let first = shared.start(&["sync", "job.toml", "--format", "json"]);
    sleep(Duration::from_millis(60));
    let second = sync(&shared);
    let first = first.wait_with_output().unwrap();
    // Whichever got the last word finished; the other one finished before it or gave way.
    let told = String::from_utf8_lossy(&first.stderr).into_owned();
    let is_done = |status: Option<i32>| matches!(status, Some(0 | 2));
    assert!(is_done(first.status.code()) || told.contains("store_busy"), "{told}");
    assert!(is_done(second.status) || second.errors.contains("store_busy"), "{second:?}");
    assert!(contents(&shared).0 == contents(&whole).0, "the records differ");
}
