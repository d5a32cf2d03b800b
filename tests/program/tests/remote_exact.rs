//! Syncs into a remote workspace where a careless one would double, lose or hide records.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::time::Duration;

use headwater::remote::RemoteOptions;
use headwater::source::{Control, LineStream};
use headwater::sync::{Mode, bulk};
use headwater::{ErrorCode, open_remote};
use headwater_program_tests::{Desk, Finished, Served};
use serde_json::{Value as Json, json};

fn twin(desk: &Desk) -> Served {
    Served::start(desk, &["--no-auth", "--twin"])
}

/// A job for `people.csv`; `how` is its mode or match.
fn write_job(desk: &Desk, crm: &Served, how: &str) {
    let job = format!(
        r#"
[source]
connector = "csv"
config = {{ path = "people.csv" }}
[target]
workspace = "{}"
ledger = "crm.ledger"
[[streams]]
record_type = "contact"
{how}
[streams.attributes]
primary_email = "mail"
first_name = "first"
title = "title"
"#,
        crm.base
    );
    desk.write("job.toml", job);
}

fn write_people(desk: &Desk, rows: &[(&str, &str, &str)]) {
    let lines = rows.iter().map(|(mail, first, title)| format!("{mail},{first},{title}\n"));
    desk.write("people.csv", format!("mail,first,title\n{}", lines.collect::<String>()));
}

fn sync(desk: &Desk) -> Finished {
    desk.run(&["sync", "job.toml", "--format", "json"])
}

fn is_done(desk: &Desk) -> Json {
    let finished = sync(desk);
    assert_eq!(finished.status, Some(0), "{finished:?}");
    finished.stream().clone()
}

/// How often each of the records is there: address, name, title.
fn contents(crm: &Served) -> BTreeMap<[String; 3], usize> {
    let mut found = BTreeMap::new();
    let mut body = json!({"limit": 100});
    loop {
        let (status, page) = crm.post("/contact/_query", &body);
        assert_eq!(status, 200, "{page}");
        for record in page["data"].as_array().unwrap() {
            let text = |name: &str| {
                record["attributes"][name]["value"].as_str().unwrap_or_default().to_owned()
            };
            let texts = [text("primary_email"), text("first_name"), text("title")];
            *found.entry(texts).or_default() += 1;
        }
        match &page["next_cursor"] {
            Json::Null => return found,
            cursor => body = json!({"cursor": cursor, "limit": 100}),
        }
    }
}

fn expected(rows: &[(&str, &str, &str, usize)]) -> BTreeMap<[String; 3], usize> {
    let row = |(mail, first, title, count): &(&str, &str, &str, usize)| {
        ([(*mail).to_owned(), (*first).to_owned(), (*title).to_owned()], *count)
    };
    rows.iter().map(row).collect()
}

fn set_faults(crm: &Served, faults: &Json) {
    let (status, answer) = crm.local("PUT", "/faults", faults);
    assert_eq!(status, 200, "{answer}");
}

fn no_faults(crm: &Served) {
    assert_eq!(crm.local("DELETE", "/faults", &Json::Null).0, 200);
}

#[test]
fn a_twin_that_was_set_back_gets_its_records_again() {
    let desk = Desk::new();
    let crm = twin(&desk);
    write_job(&desk, &crm, "match = \"primary_email\"");
    write_people(&desk, &[("a@x.example", "A", "T"), ("b@x.example", "B", "T")]);
    assert_eq!(is_done(&desk)["created"], 2);
    assert_eq!(crm.local("POST", "/reset", &Json::Null).0, 200);
    assert_eq!(contents(&crm).len(), 0);
    assert_eq!(is_done(&desk)["created"], 2);
    assert_eq!(contents(&crm).len(), 2);
}

#[test]
fn the_ledger_of_another_organisation_is_refused() {
    let desk = Desk::new();
    let crm = twin(&desk);
    write_job(&desk, &crm, "match = \"primary_email\"");
    write_people(&desk, &[("a@x.example", "A", "T")]);
    assert_eq!(is_done(&desk)["created"], 1);
    let ledger = rusqlite::Connection::open(desk.path("crm.ledger")).unwrap();
    let changed = ledger
        .execute(
            "UPDATE headwater_setting SET value = ?1 WHERE name = 'remote_organization'",
            ["0191e4a0-0000-7000-8000-000000000001"],
        )
        .unwrap();
    assert_eq!(changed, 1);
    drop(ledger);
    let refused = sync(&desk);
    assert_eq!(refused.status, Some(1), "{refused:?}");
    assert_eq!(refused.json()["error"]["code"], "config_invalid", "{refused:?}");
}

#[test]
fn creates_of_which_nothing_is_heard_are_neither_doubled_nor_taken_for_others() {
    let desk = Desk::new();
    let crm = twin(&desk);
    // One that looks the same was there before.
    let anna = json!({"attributes": {"first_name": "Anna", "title": "T"}});
    assert_eq!(crm.local("PUT", "/clock", &json!({"now": "2026-01-01T00:00:00Z"})).0, 200);
    assert_eq!(crm.post("/contact", &anna).0, 201);
    assert_eq!(crm.local("PUT", "/clock", &json!({})).0, 200);
    write_job(&desk, &crm, "mode = \"create\"");
    write_people(
        &desk,
        &[("", "Anna", "T"), ("", "Anna", "T"), ("", "Bob", "T"), ("", "Anna", "T")],
    );
    let rules = json!([
        {"kind": "cut_before", "rate": 0.3, "methods": ["POST"], "path": "/api/v2/contact"},
        {"kind": "cut_after", "rate": 0.3, "methods": ["POST"], "path": "/api/v2/contact"},
    ]);
    set_faults(&crm, &json!({"seed": 4, "rules": rules}));
    assert_eq!(is_done(&desk)["created"], 4);
    no_faults(&crm);
    let all = expected(&[("", "Anna", "T", 4), ("", "Bob", "T", 1)]);
    assert_eq!(contents(&crm), all);
}

#[test]
fn a_create_that_cannot_be_looked_for_ends_the_run_and_is_not_refused() {
    let desk = Desk::new();
    let crm = twin(&desk);
    write_job(&desk, &crm, "mode = \"create\"");
    write_people(&desk, &[("", "Anna", "T"), ("", "Anna", "T")]);
    let rules = json!([
        {"kind": "cut_after", "rate": 1.0, "methods": ["POST"], "path": "/api/v2/contact"},
        {"kind": "rate_limited", "rate": 1.0, "path": "/api/v2/contact/_query", "retry_after": 600},
    ]);
    set_faults(&crm, &json!({"seed": 4, "rules": rules}));
    let ended = sync(&desk);
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert_eq!(ended.stream()["rejects"], json!({}), "{ended:?}");
    no_faults(&crm);
    assert_eq!(is_done(&desk)["created"], 2);
    assert_eq!(contents(&crm), expected(&[("", "Anna", "T", 2)]));
}

#[test]
fn an_address_that_comes_twice_ends_as_its_last_row_says_however_often_it_runs() {
    let desk = Desk::new();
    let crm = twin(&desk);
    write_job(&desk, &crm, "match = \"primary_email\"");
    write_people(&desk, &[("a@x.example", "A", "T1"), ("a@x.example", "A", "T2")]);
    for _ in 0..2 {
        is_done(&desk);
        assert_eq!(contents(&crm), expected(&[("a@x.example", "A", "T2", 1)]));
    }
    write_people(&desk, &[("a@x.example", "A", "T1")]);
    is_done(&desk);
    assert_eq!(contents(&crm), expected(&[("a@x.example", "A", "T1", 1)]));
}

#[test]
fn a_record_that_lost_its_address_to_another_is_not_taken_for_it() {
    for left in [json!(["b@x.example"]), json!([])] {
        let desk = Desk::new();
        let crm = twin(&desk);
        write_job(&desk, &crm, "match = \"primary_email\"");
        write_people(&desk, &[("a@x.example", "A", "T1")]);
        is_done(&desk);
        let (_, found) = crm.post("/contact/_query", &json!({}));
        let id = found["data"][0]["id"].as_str().unwrap();
        let moved = json!({"attributes": {"contact_emails": left, "first_name": "B"}});
        let (status, answer) =
            crm.send("PATCH", &format!("/contact/{id}"), moved.to_string().as_bytes());
        assert_eq!(status, 200, "{answer}");
        let other = json!({"attributes": {"primary_email": "a@x.example", "first_name": "Y"}});
        assert_eq!(crm.post("/contact", &other).0, 201);
        write_people(&desk, &[("a@x.example", "A", "T2")]);
        is_done(&desk);
        let contents = contents(&crm);
        let a = ["a@x.example", "A", "T2"].map(str::to_owned);
        assert_eq!((contents.get(&a), contents.len()), (Some(&1), 2), "{left}: {contents:?}");
        let b = [left[0].as_str().unwrap_or_default(), "B", "T1"].map(str::to_owned);
        assert_eq!(contents.get(&b), Some(&1), "{left}: {contents:?}");
    }
}

#[test]
fn a_long_wait_stops_the_run_and_no_row_is_passed_by() {
    let desk = Desk::new();
    let crm = twin(&desk);
    write_job(&desk, &crm, "match = \"primary_email\"");
    let mails: Vec<String> = (0..40).map(|row| format!("p{row}@x.example")).collect();
    let rows: Vec<(&str, &str, &str)> = mails.iter().map(|mail| (&**mail, "F", "T")).collect();
    write_people(&desk, &rows);
    let rule = json!({"kind": "rate_limited", "rate": 0.2, "retry_after": 600});
    set_faults(&crm, &json!({"seed": 2, "rules": [rule]}));
    let stopped = sync(&desk);
    assert_eq!(stopped.status, Some(1), "{stopped:?}");
    assert_eq!(stopped.json()["error"]["code"], "rate_limited", "{stopped:?}");
    no_faults(&crm);
    is_done(&desk);
    assert_eq!(contents(&crm).len(), 40);
}

#[test]
fn rows_in_bulk_are_told_of_where_their_batch_ended_in_the_middle() {
    let desk = Desk::new();
    let crm = twin(&desk);
    let workspace = open_remote(&crm.base, RemoteOptions::default()).unwrap();
    workspace.record_type("contact").unwrap();
    let rule = json!({"kind": "rate_limited", "rate": 0.05, "retry_after": 600});
    set_faults(&crm, &json!({"seed": 3, "rules": [rule]}));
    let lines = (0..100).map(|row| Ok(json!({"first_name": format!("F{row}")}).to_string()));
    let mut stream = LineStream::new(lines);
    let creates = bulk::Bulk::new("contact", Mode::Create, None);
    let mut told = Vec::new();
    let mut each = |outcomes: Vec<bulk::RowOutcome>| {
        told.extend(outcomes);
        Ok(())
    };
    let control = Control::default();
    let report =
        bulk::apply_rows(&*workspace, &creates, None, &mut stream, &control, &mut each).unwrap();
    assert_eq!(report.error.unwrap().code(), ErrorCode::RateLimited);
    no_faults(&crm);
    let done = told.iter().filter(|row| row.result.is_ok()).count();
    assert!(done > 0 && done < 100, "{done} rows");
    assert_eq!(done, contents(&crm).len());
    assert_eq!(told.len(), 100);
}

#[test]
fn few_records_at_which_the_workspace_fails_are_refused_alone_and_many_end_the_run() {
    let desk = Desk::new();
    let crm = twin(&desk);
    let path = "/api/v2/contact/_assert";
    let rule = json!({"kind": "error", "rate": 1.0, "path": path});
    set_faults(&crm, &json!({"seed": 3, "rules": [rule]}));
    let options = RemoteOptions { patience: Duration::ZERO, ..RemoteOptions::default() };
    let workspace = open_remote(&crm.base, options).unwrap();
    let asserts = bulk::Bulk::new("contact", Mode::Assert, Some("primary_email"));
    for (rows, ended) in [(2, None), (9, Some(ErrorCode::Unavailable))] {
        let person = |row| json!({"primary_email": format!("p{row}@x.example")}).to_string();
        let mut stream = LineStream::new((0..rows).map(|row| Ok(person(row))));
        let control = Control::default();
        let report =
            bulk::apply_rows(&*workspace, &asserts, None, &mut stream, &control, &mut |_| Ok(()));
        let report = report.unwrap();
        assert_eq!(report.error.map(|error| error.code()), ended, "{rows} rows");
        if ended.is_none() {
            assert_eq!((report.counts.read, report.counts.rejected), (rows, rows));
        }
    }
}

#[test]
fn rows_in_bulk_that_a_stop_leaves_are_told_of_and_end_the_call() {
    let desk = Desk::new();
    let crm = twin(&desk);
    let options = RemoteOptions { requests_per_second: Some(20.0), ..RemoteOptions::default() };
    let workspace = open_remote(&crm.base, options).unwrap();
    let lines = (0..90).map(|row| Ok(json!({"first_name": format!("F{row}")}).to_string()));
    let mut stream = LineStream::new(lines);
    let creates = bulk::Bulk::new("contact", Mode::Create, None);
    let control = Control::default();
    let mut told = Vec::new();
    let mut each = |outcomes: Vec<bulk::RowOutcome>| {
        told.extend(outcomes);
        Ok(())
    };
    let report = std::thread::scope(|scope| {
        scope.spawn(|| {
            while contents(&crm).len() < 10 {
                std::thread::yield_now();
            }
            control.cancel();
        });
        bulk::apply_rows(&*workspace, &creates, None, &mut stream, &control, &mut each).unwrap()
    });
    assert_eq!(report.error.unwrap().code(), ErrorCode::Cancelled);
    let done = told.iter().filter(|row| row.result.is_ok()).count();
    assert!((10..80).contains(&done), "{done} rows");
    assert_eq!((done, told.len()), (contents(&crm).len(), 90));
}

/// Starts a sync, and stops it after this many requests.
fn stop_after(desk: &Desk, crm: &Served, many: u64) {
    let mut running = desk.start(&["sync", "job.toml"]);
    let requests =
        || crm.local("GET", "/faults", &Json::Null).1["data"]["requests"].as_u64().unwrap();
    while requests() < many {
        std::thread::yield_now();
    }
    let id = running.id().to_string();
    assert!(std::process::Command::new("kill").arg(id).status().unwrap().success());
    assert_eq!(running.wait().unwrap().code(), Some(130));
}

#[test]
fn a_stop_ends_a_commit_in_the_middle_and_nothing_of_it_is_done_twice() {
    for how in ["match = \"primary_email\"", "mode = \"create\""] {
        let desk = Desk::new();
        let crm = twin(&desk);
        write_job(&desk, &crm, how);
        let job = std::fs::read_to_string(desk.path("job.toml")).unwrap();
        // All in one commit, of which a stop leaves most.
        let slow = "requests_per_second = 20\n[[streams]]";
        desk.write("job.toml", job.replace("[[streams]]", slow));
        let mails: Vec<String> = (0..90).map(|row| format!("p{row}@x.example")).collect();
        let rows: Vec<(&str, &str, &str)> = mails.iter().map(|mail| (&**mail, "F", "T")).collect();
        write_people(&desk, &rows);
        set_faults(&crm, &json!({"rules": [{"kind": "latency", "milliseconds": 1}]}));
        stop_after(&desk, &crm, 15);
        let done = contents(&crm).len();
        assert!((1..80).contains(&done), "{done} were delivered");
        let runs = desk.run(&["runs", "--workspace", "crm.ledger"]);
        assert!(runs.output.contains("stopped"), "{runs:?}");
        desk.write("job.toml", job);
        let rest = is_done(&desk);
        let (again, before) = (rest["created"].as_u64(), rest["unchanged"].as_u64());
        match how {
            // What a create of a run before has made counts as created.
            "mode = \"create\"" => assert_eq!((again, before), (Some(90), Some(0))),
            _ => assert_eq!((again, before), (Some(90 - done as u64), Some(done as u64))),
        }
        let all = contents(&crm);
        assert!(all.len() == 90 && all.values().all(|count| *count == 1), "{how}: {all:?}");
    }
}

/// Stops a sync in the middle, and sets the twin back.
fn stopped_and_set_back(desk: &Desk, crm: &Served) {
    // Slow enough to be met in the middle.
    set_faults(crm, &json!({"rules": [{"kind": "latency", "milliseconds": 10}]}));
    stop_after(desk, crm, 100);
    assert!(contents(crm).len() >= 80);
    assert_eq!(crm.local("POST", "/reset", &Json::Null).0, 200);
    no_faults(crm);
}

#[test]
fn a_twin_that_was_set_back_before_a_stopped_run_goes_on_gets_all_of_it() {
    for how in ["match = \"primary_email\"", "mode = \"create\""] {
        let desk = Desk::new();
        let crm = twin(&desk);
        write_job(&desk, &crm, how);
        let job = std::fs::read_to_string(desk.path("job.toml")).unwrap();
        desk.write("job.toml", job.replace("[[streams]]", "commit_rows = 40\n[[streams]]"));
        let mails: Vec<String> = (0..1000).map(|row| format!("p{row}@x.example")).collect();
        let rows: Vec<(&str, &str, &str)> = mails.iter().map(|mail| (&**mail, "F", "T")).collect();
        write_people(&desk, &rows);
        stopped_and_set_back(&desk, &crm);
        let resumed = is_done(&desk);
        assert_eq!((&resumed["read"], &resumed["created"]), (&json!(1000), &json!(1000)), "{how}");
        let all = contents(&crm);
        assert!(all.len() == 1000 && all.values().all(|count| *count == 1), "{how}");
    }
}

#[test]
fn one_record_that_was_archived_starts_nothing_over() {
    let desk = Desk::new();
    let crm = twin(&desk);
    write_job(&desk, &crm, "mode = \"create\"");
    let job = std::fs::read_to_string(desk.path("job.toml")).unwrap();
    desk.write("job.toml", job.replace("[[streams]]", "commit_rows = 4\n[[streams]]"));
    let mails: Vec<String> = (0..12).map(|row| format!("p{row}@x.example")).collect();
    let rows: Vec<(&str, &str, &str)> = mails.iter().map(|mail| (&**mail, "F", "T")).collect();
    write_people(&desk, &rows);
    // Ended in the middle; what was made stays, but for one.
    let creates = json!({"kind": "rate_limited", "retry_after": 600, "methods": ["POST"],
                         "path": "/api/v2/contact", "rate": 0.1});
    for seed in 0.. {
        assert_eq!(crm.local("POST", "/reset", &Json::Null).0, 200);
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(desk.path(&format!("crm.ledger{end}")));
        }
        set_faults(&crm, &json!({"seed": seed, "rules": [creates]}));
        let status = sync(&desk).status;
        no_faults(&crm);
        if status == Some(1) && contents(&crm).len() > 5 {
            break;
        }
    }
    let (_, found) = crm.post("/contact/_query", &json!({}));
    let id = found["data"][0]["id"].as_str().unwrap();
    assert_eq!(crm.send("DELETE", &format!("/contact/{id}"), b"").0, 204);
    is_done(&desk);
    assert_eq!(contents(&crm).len(), 11);
}
