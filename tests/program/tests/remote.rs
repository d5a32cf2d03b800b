//! Syncs into a remote workspace: what arrives, how few requests it takes, and who may see the key.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write;

use headwater_program_tests::{Desk, Finished, Served, finish};
use serde_json::{Value as Json, json};

const ROWS: usize = 300;

fn job(crm: &Served, more: &str) -> String {
    format!(
        r#"
[source]
connector = "csv"
config = {{ path = "people.csv" }}
[target]
workspace = "{}"
ledger = "crm.ledger"
{more}
[[streams]]
record_type = "contact"
match = "contact_emails"
[streams.attributes]
contact_emails = "mail"
first_name = "first"
title = "title"
"address.city" = "city"
"#,
        crm.base
    )
}

fn write_people(desk: &Desk, rows: usize, title: impl Fn(usize) -> String) {
    let mut people = String::from("mail,first,title,city\n");
    for row in 0..rows {
        writeln!(people, "p{row}@x.example,F{row},{},Oslo", title(row)).unwrap();
    }
    desk.write("people.csv", people);
}

fn sync(desk: &Desk, arguments: &[&str]) -> Finished {
    desk.run(&[&["sync", "job.toml", "--format", "json"], arguments].concat())
}

/// Requests of the record API so far.
fn requests(crm: &Served) -> u64 {
    crm.local("GET", "/faults", &Json::Null).1["data"]["requests"].as_u64().unwrap()
}

fn contacts(crm: &Served) -> Vec<Json> {
    let mut found = Vec::new();
    let mut body = json!({"limit": 100});
    loop {
        let (status, page) = crm.post("/contact/_query", &body);
        assert_eq!(status, 200, "{page}");
        found.extend(page["data"].as_array().unwrap().iter().cloned());
        match &page["next_cursor"] {
            Json::Null => return found,
            cursor => body = json!({"cursor": cursor, "limit": 100}),
        }
    }
}

/// How many contacts there are as a whole: the parts of an address come in a request of their own.
fn complete(crm: &Served) -> usize {
    contacts(crm).iter().filter(|contact| attribute(contact, "address").is_object()).count()
}

fn attribute(record: &Json, name: &str) -> Json {
    record["attributes"][name]["value"].clone()
}

#[test]
fn a_second_run_asks_for_nothing_and_a_changed_row_for_its_change_alone() {
    let desk = Desk::new();
    let crm = Served::start(&desk, &["--no-auth", "--twin"]);
    desk.write("job.toml", job(&crm, ""));
    write_people(&desk, ROWS, |row| format!("T{row}"));
    let first = sync(&desk, &[]);
    assert_eq!(first.status, Some(0), "{first:?}");
    assert_eq!(first.stream()["created"], ROWS);
    // The schema, a look-up for each address of which a part is written, an assert for each row.
    assert_eq!(requests(&crm), 1 + 2 * ROWS as u64);
    assert_eq!(contacts(&crm).len(), ROWS);
    let before = requests(&crm);
    let second = sync(&desk, &[]);
    assert_eq!(second.stream()["unchanged"], ROWS, "{second:?}");
    assert_eq!(requests(&crm), before + 2, "only the schema, and whether a record is there still");

    // Somebody else has changed another attribute: it is left as it is.
    let (_, found) = crm.post(
        "/contact/_query",
        &json!({"filters": [{"field": "primary_email", "operator": "eq", "value": "p7@x.example"}]}),
    );
    let id = found["data"][0]["id"].as_str().unwrap();
    let other = json!({"attributes": {"first_name": "Else"}}).to_string();
    assert_eq!(crm.send("PATCH", &format!("/contact/{id}"), other.as_bytes()).0, 200);
    write_people(&desk, ROWS, |row| if row == 7 { "New".to_owned() } else { format!("T{row}") });
    let before = requests(&crm);
    let third = sync(&desk, &[]);
    assert_eq!(
        (&third.stream()["updated"], &third.stream()["unchanged"]),
        (&json!(1), &json!(ROWS - 1))
    );
    assert_eq!(requests(&crm), before + 3, "the schema, a record and one patch");
    let record = crm.send("GET", &format!("/contact/{id}"), b"").1["data"].clone();
    assert_eq!(
        (attribute(&record, "title"), attribute(&record, "first_name")),
        (json!("New"), json!("Else"))
    );
    assert_eq!(attribute(&record, "address")["city"], "Oslo");
}

#[test]
fn losing_the_ledger_costs_requests_and_changes_nothing() {
    let desk = Desk::new();
    let crm = Served::start(&desk, &["--no-auth", "--twin"]);
    desk.write("job.toml", job(&crm, ""));
    write_people(&desk, ROWS, |row| format!("T{row}"));
    assert_eq!(sync(&desk, &[]).status, Some(0));
    let before: Vec<Json> = contacts(&crm);
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(desk.path(&format!("crm.ledger{end}")));
    }
    let again = sync(&desk, &[]);
    assert_eq!(again.stream()["updated"], ROWS, "{again:?}");
    assert!(contacts(&crm) == before, "the records differ");
    let runs = desk.run(&["runs", "--workspace", "crm.ledger", "--format", "jsonl"]);
    assert_eq!(runs.output.lines().count(), 1, "{runs:?}");
}

#[test]
fn a_refused_row_is_rejected_alone_and_kept_with_its_reason() {
    let desk = Desk::new();
    let crm = Served::start(&desk, &["--no-auth", "--twin"]);
    desk.write("job.toml", job(&crm, ""));
    desk.write(
        "people.csv",
        "mail,first,title,city\na@x.example,A,,\nb@x.example,B,,\nc@x.example,C,,\n",
    );
    // Two records hold what the second row is matched by.
    for _ in 0..2 {
        let body = json!({"attributes": {"primary_email": "b@x.example"}});
        assert_eq!(crm.post("/contact", &body).0, 201);
    }
    let finished = sync(&desk, &[]);
    assert_eq!(finished.status, Some(2), "{finished:?}");
    assert_eq!(finished.stream()["rejects"], json!({"ambiguous_match": 1}));
    assert_eq!(finished.stream()["created"], 2);
    let rejects = desk.run(&["rejects", "--workspace", "crm.ledger", "--format", "jsonl"]);
    let reject: Json = serde_json::from_str(rejects.output.trim()).unwrap();
    assert_eq!((&reject["code"], &reject["position"]), (&json!("ambiguous_match"), &json!(3)));
}

#[test]
fn an_expired_key_stops_the_run_and_another_one_goes_on_where_it_stopped() {
    let desk = Desk::new();
    let make = |name: &str| {
        let made = ["keys", "create", "--workspace", "crm.db", "--name", name, "--scope", "*"];
        desk.run(&made).output.trim().to_owned()
    };
    let (old, new) = (make("old"), make("new"));
    let mut crm = Served::start(&desk, &["--twin"]);
    crm.key = Some(new.clone());
    desk.write("key.txt", format!("{old}\n"));
    desk.write("job.toml", job(&crm, "api_key = \"${file:key.txt}\"\ncommit_rows = 50"));
    write_people(&desk, ROWS, |row| format!("T{row}"));
    // Slow enough to be met in the middle.
    let slow = json!({"rules": [{"kind": "latency", "milliseconds": 20}]});
    assert_eq!(crm.local("PUT", "/faults", &slow).0, 200);
    let running = desk.start(&["sync", "job.toml", "--format", "json"]);
    while requests(&crm) < 150 {
        std::thread::yield_now();
    }
    assert_eq!(desk.run(&["keys", "expire", "old", "--workspace", "crm.db"]).status, Some(0));
    let output = running.wait_with_output().unwrap();
    let report: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        (&report["state"], &report["error"]["code"]),
        (&json!("failed"), &json!("unauthorized"))
    );
    let told = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(!told.contains(&old), "the key is shown: {told}");
    assert_eq!(crm.local("DELETE", "/faults", &Json::Null).0, 200);
    let done = complete(&crm);
    assert!(done > 0 && done < ROWS, "{done} records");
    desk.write("key.txt", format!("{new}\n"));
    let before = requests(&crm);
    let resumed = sync(&desk, &[]);
    assert_eq!(resumed.status, Some(0), "{resumed:?}");
    assert_eq!((contacts(&crm).len(), complete(&crm)), (ROWS, ROWS));
    // What was delivered is not sent again, also where its batch was not committed.
    let asked = requests(&crm) - before;
    assert!(asked <= 2 * (ROWS - done) as u64 + 40, "{asked} requests for {}", ROWS - done);
    for file in std::fs::read_dir(desk.folder()).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("crm.ledger") {
            let bytes = std::fs::read(&path).unwrap();
            let found = bytes
                .windows(new.len())
                .any(|part| part == new.as_bytes() || part == old.as_bytes());
            assert!(!found, "the key is in {name}");
        }
    }
}

#[test]
fn commands_for_records_work_on_a_remote_workspace_with_the_key_of_the_environment() {
    let desk = Desk::new();
    let made = ["keys", "create", "--workspace", "crm.db", "--name", "me", "--scope", "*"];
    let key = desk.run(&made).output.trim().to_owned();
    let crm = Served::start(&desk, &[]);
    let run = |arguments: &[&str]| {
        let mut command = desk.command(&[arguments, &["--workspace", &crm.base]].concat());
        command.env("HEADWATER_API_KEY", &key);
        finish(command)
    };
    let attributes = r#"{"first_name": "Sarah", "primary_email": "sarah@acme.com"}"#;
    let created = run(&["record", "create", "contact", attributes]);
    assert_eq!(created.status, Some(0), "{created:?}");
    let id = created.json()["data"]["id"].as_str().unwrap().to_owned();
    let patched = run(&["record", "patch", "contact", &id, r#"{"title": "CEO"}"#]);
    assert_eq!(attribute(&patched.json()["data"], "title"), "CEO");
    let added = run(&[
        "record",
        "item",
        "add",
        "contact",
        &id,
        "contact_emails",
        r#"{"email": "s@home.example"}"#,
    ]);
    assert_eq!(added.status, Some(0), "{added:?}");
    let filter = r#"{"field": "title", "operator": "eq", "value": "CEO"}"#;
    let found = run(&["record", "query", "contact", "--filter", filter]);
    assert_eq!(found.json()["data"][0]["id"], id.as_str());
    assert_eq!(run(&["record", "archive", "contact", &id]).status, Some(0));
    let gone = run(&["record", "get", "contact", &id]);
    assert_eq!(gone.status, Some(1));
    assert!(gone.errors.contains("record_not_found"), "{gone:?}");
    let wrong = desk.run(&["record", "get", "contact", &id, "--workspace", &crm.base]);
    assert!(wrong.errors.contains("unauthorized"), "{wrong:?}");
    assert!(!desk.path("127.0.0.1.ledger.db").exists(), "no ledger is needed for that");
}

#[test]
fn a_key_in_the_job_or_in_the_url_is_refused_and_not_repeated() {
    let desk = Desk::new();
    let crm = Served::start(&desk, &["--no-auth"]);
    write_people(&desk, 1, |_| String::new());
    desk.write("job.toml", job(&crm, "api_key = \"hw_hunter2\""));
    let refused = desk.run(&["sync", "job.toml"]);
    assert!(
        refused.errors.contains("config_invalid") && refused.errors.contains("line 8"),
        "{refused:?}"
    );
    assert!(!refused.errors.contains("hunter2"), "{refused:?}");
    let url = crm.base.replace("http://", "http://hunter2@");
    let refused = desk.run(&["record", "query", "contact", "--workspace", &url]);
    assert!(refused.errors.contains("config_invalid"), "{refused:?}");
    assert!(!refused.errors.contains("hunter2"), "{refused:?}");
}

#[test]
fn records_without_an_assert_are_looked_for_then_made_or_changed() {
    let desk = Desk::new();
    let crm = Served::start(&desk, &["--no-auth", "--twin"]);
    let declared = json!({"record_types": [{
        "api_name": "project", "display_name": "Project",
        "attributes": [
            {"api_name": "code", "display_name": "Code", "value_type": "string", "is_unique": true},
            {"api_name": "name", "display_name": "Name", "value_type": "string"},
        ],
    }]});
    assert_eq!(crm.local("POST", "/schema", &declared).0, 200);
    let job = job(&crm, "").replace("\"contact\"", "\"project\"");
    let start = job.find("match").unwrap();
    desk.write(
        "job.toml",
        format!(
            "{}match = \"code\"\n[streams.attributes]\ncode = \"code\"\nname = \"name\"\n",
            &job[..start]
        ),
    );
    desk.write("people.csv", "code,name\na,A\nb,B\n");
    // Half of the answers to creates are lost: none of them may make a second record.
    let rule =
        json!({"kind": "cut_after", "rate": 0.5, "methods": ["POST"], "path": "/api/v2/project"});
    assert_eq!(crm.local("PUT", "/faults", &json!({"seed": 3, "rules": [rule]})).0, 200);
    let first = sync(&desk, &[]);
    assert_eq!((first.status, &first.stream()["created"]), (Some(0), &json!(2)), "{first:?}");
    desk.write("people.csv", "code,name\na,A\nb,Other\nc,C\n");
    let second = sync(&desk, &[]);
    let stream = second.stream();
    assert_eq!(
        (&stream["created"], &stream["updated"], &stream["unchanged"]),
        (&json!(1), &json!(1), &json!(1))
    );
    let (_, found) = crm.post("/project/_query", &json!({}));
    assert_eq!(found["data"].as_array().unwrap().len(), 3, "{found}");
}

#[test]
fn a_create_whose_answer_was_lost_is_found_and_not_repeated() {
    let desk = Desk::new();
    let crm = Served::start(&desk, &["--no-auth", "--twin"]);
    let job = job(&crm, "").replace("match = \"contact_emails\"", "mode = \"create\"");
    desk.write("job.toml", job);
    write_people(&desk, 60, |row| format!("T{row}"));
    let rules = json!([
        {"kind": "cut_after", "rate": 0.3, "methods": ["POST"], "path": "/api/v2/contact"},
        {"kind": "cut_before", "rate": 0.2, "methods": ["POST"], "path": "/api/v2/contact"},
        {"kind": "error", "rate": 0.1},
    ]);
    assert_eq!(crm.local("PUT", "/faults", &json!({"seed": 5, "rules": rules})).0, 200);
    let finished = sync(&desk, &[]);
    assert_eq!(
        (finished.status, &finished.stream()["created"]),
        (Some(0), &json!(60)),
        "{finished:?}"
    );
    assert_eq!(crm.local("DELETE", "/faults", &Json::Null).0, 200);
    assert_eq!(contacts(&crm).len(), 60);
}

#[test]
fn what_others_changed_is_found_told_and_delivered_again() {
    let desk = Desk::new();
    let crm = Served::start(&desk, &["--no-auth", "--twin"]);
    desk.write("job.toml", job(&crm, "requests_per_second = 500"));
    write_people(&desk, ROWS, |row| format!("T{row}"));
    assert_eq!(sync(&desk, &[]).status, Some(0));
    let id = |email: &str| {
        let filter = json!({"field": "primary_email", "operator": "eq", "value": email});
        let (_, found) = crm.post("/contact/_query", &json!({"filters": [filter]}));
        found["data"][0]["id"].as_str().unwrap().to_owned()
    };
    let changed = id("p3@x.example");
    let other = json!({"attributes": {"title": "Else", "last_name": "Not ours"}}).to_string();
    assert_eq!(crm.send("PATCH", &format!("/contact/{changed}"), other.as_bytes()).0, 200);
    assert_eq!(crm.send("DELETE", &format!("/contact/{}", id("p5@x.example")), b"").0, 204);
    assert_eq!(crm.post("/contact", &json!({"attributes": {"first_name": "New"}})).0, 201);

    let before = requests(&crm);
    let told = sync(&desk, &["--verify", "--dry-run"]).json();
    let drift = json!([{"record_type": "contact", "read": ROWS, "known": ROWS - 1, "changed": 1, "gone": 1}]);
    assert_eq!(told["drift"], drift, "{told}");
    // One that was changed, one that has to be made again, after a look for its address.
    let estimate = json!({"rows": ROWS, "unchanged": ROWS - 2, "refused": 0, "requests": 3, "seconds": 3.0 / 500.0});
    assert_eq!(told["estimate"], estimate);
    assert_eq!(requests(&crm), before + 1 + ROWS.div_ceil(100) as u64, "the schema and the pages");
    let again = sync(&desk, &[]);
    let stream = again.stream();
    assert_eq!(
        (&stream["created"], &stream["updated"], &stream["unchanged"]),
        (&json!(1), &json!(1), &json!(ROWS - 2))
    );
    let record = crm.send("GET", &format!("/contact/{changed}"), b"").1["data"].clone();
    assert_eq!(
        (attribute(&record, "title"), attribute(&record, "last_name")),
        (json!("T3"), json!("Not ours"))
    );
}

#[test]
fn a_local_workspace_has_nothing_to_verify_and_takes_no_key() {
    let desk = Desk::new();
    write_people(&desk, 1, |_| String::new());
    let arguments =
        ["sync", "people.csv", "--to", "crm.db", "--type", "contact", "--match", "primary_email"];
    let refused = desk.run(&[&arguments[..], &["--verify"]].concat());
    assert!(refused.errors.contains("operation_not_supported"), "{refused:?}");
    let job = "[source]\nconnector = \"csv\"\nconfig = { path = \"people.csv\" }\n[target]\n\
               workspace = \"crm.db\"\nconcurrency = 4\n[[streams]]\nrecord_type = \"contact\"\n\
               match = \"primary_email\"\n";
    desk.write("job.toml", job);
    let refused = desk.run(&["check", "job.toml"]);
    assert!(
        refused.errors.contains("config_invalid") && refused.errors.contains("line 6"),
        "{refused:?}"
    );
}

#[test]
fn a_quota_that_is_used_up_stops_the_run_at_once_and_the_next_one_goes_on() {
    let desk = Desk::new();
    let crm = Served::start(&desk, &["--no-auth", "--twin"]);
    // A request a row.
    desk.write("job.toml", job(&crm, "").replace("\"address.city\" = \"city\"\n", ""));
    write_people(&desk, ROWS, |row| format!("T{row}"));
    let path = "/api/v2/contact/_assert";
    let rule = json!({"kind": "rate_limited", "rate": 0.02, "retry_after": 600, "path": path});
    assert_eq!(crm.local("PUT", "/faults", &json!({"seed": 9, "rules": [rule]})).0, 200);
    let stopped = sync(&desk, &[]);
    assert_eq!(stopped.status, Some(1), "{stopped:?}");
    assert_eq!(stopped.json()["error"]["code"], "rate_limited");
    let done = contacts(&crm).len();
    assert!(done > 0 && done < ROWS, "{done} records");
    assert_eq!(crm.local("DELETE", "/faults", &Json::Null).0, 200);
    let before = requests(&crm);
    assert_eq!(sync(&desk, &[]).status, Some(0));
    assert_eq!(contacts(&crm).len(), ROWS);
    assert!(requests(&crm) - before <= 1 + (ROWS - done) as u64 + 40, "what was done is known");
}

#[test]
fn what_only_a_local_workspace_can_is_refused_before_anything_is_sent() {
    let desk = Desk::new();
    let crm = Served::start(&desk, &["--no-auth"]);
    for option in [["--duplicates", "reject"], ["--history", "off"]] {
        let create = ["record", "create", "contact", r#"{"first_name": "A"}"#, "--workspace"];
        let refused = desk.run(&[&create, &[&*crm.base][..], &option].concat());
        assert_eq!(refused.status, Some(1), "{refused:?}");
        assert!(refused.errors.contains("config_invalid"), "{refused:?}");
    }
    let stops = job(&crm, "").replace("record_type =", "on_reject = \"stop\"\nrecord_type =");
    desk.write("job.toml", stops);
    write_people(&desk, 1, |_| "T".to_owned());
    for command in ["check", "sync"] {
        let refused = desk.run(&[command, "job.toml"]);
        assert_eq!(refused.status, Some(1), "{refused:?}");
        assert!(refused.errors.contains("on_reject"), "{refused:?}");
    }
    assert_eq!(contacts(&crm).len(), 0);
}
