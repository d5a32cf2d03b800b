//! How commands end whose reader or whose user has gone, and those that only ask.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::{Child, Command, Output, Stdio};

use headwater_program_tests::{Desk, Served, code};
use serde_json::{Value, json};

const PEOPLE: &str = "primary_email,first_name\nann@x.example,Ann\nnone,Bob\n";
const JOB: &str = r#"
[source]
connector = "csv"
config = { path = "people.csv" }
[target]
workspace = "WORKSPACE"
[[streams]]
record_type = "contact"
match = "primary_email"
"#;

/// Runs a command of whose output nobody reads anything.
fn unread(desk: &Desk, arguments: &[&str]) -> Output {
    let mut child =
        desk.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    child.wait_with_output().unwrap()
}

fn interrupt(child: &Child) {
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
}

#[test]
fn a_run_ends_as_it_did_whether_its_report_is_read_or_not() {
    let desk = Desk::new();
    desk.write("people.csv", PEOPLE);
    let to = ["--to", "crm.db", "--type", "contact", "--match", "primary_email"];
    for format in ["json", "text"] {
        let sync = [&["sync", "people.csv"], &to[..], &["--format", format]].concat();
        assert_eq!(unread(&desk, &sync).status.code(), Some(2), "{format}: a row was refused");
        let missing = [&["sync", "nobody.csv"], &to[..], &["--format", format]].concat();
        let ended = unread(&desk, &missing);
        assert_eq!(ended.status.code(), Some(1), "{format}");
        assert!(String::from_utf8_lossy(&ended.stderr).contains("error: "), "{ended:?}");
    }
}

#[test]
fn a_script_finds_what_failed_where_it_looks_for_the_answer() {
    let desk = Desk::new();
    desk.write("job.toml", JOB.replace("WORKSPACE", "crm.db").replace("csv\"", "cvs\""));
    desk.write("schema.toml", "[[record_types]]\n");
    for command in [
        &["check", "job.toml"][..],
        &["discover", "job.toml"],
        &["schema", "apply", "schema.toml", "--workspace", "crm.db"],
    ] {
        let ended = desk.command(&[command, &["--format", "json"]].concat()).output().unwrap();
        assert_eq!(ended.status.code(), Some(1), "{command:?}");
        let told: Value = serde_json::from_slice(&ended.stdout).unwrap();
        assert_eq!(told["ok"], false);
        assert!(told["error"]["code"].is_string(), "{told}");
        assert!(String::from_utf8_lossy(&ended.stderr).starts_with("error: "), "{ended:?}");
    }
}

#[test]
fn a_list_that_nobody_reads_on_is_no_failure_and_a_lost_key_is_one() {
    let desk = Desk::new();
    let create = ["keys", "create", "--workspace", "crm.db", "--name", "n", "--scope", "*"];
    assert_eq!(unread(&desk, &create).status.code(), Some(1));
    let list = ["keys", "list", "--workspace", "crm.db", "--format", "jsonl"];
    assert_eq!(unread(&desk, &list).status.code(), Some(0));
}

#[test]
fn what_only_asks_neither_makes_nor_changes_a_local_workspace() {
    let desk = Desk::new();
    desk.write("people.csv", PEOPLE);
    desk.write("job.toml", JOB.replace("WORKSPACE", "crm.db"));
    for question in ["--dry-run", "--estimate", "--verify"] {
        let asked = desk.run(&["sync", "job.toml", question, "--format", "json"]);
        assert_eq!(
            (asked.status, code(&asked.json())),
            (Some(1), json!("operation_not_supported"))
        );
        assert!(!desk.path("crm.db").exists(), "{question}");
    }
}

#[test]
fn a_stop_before_the_run_is_a_stop() {
    let desk = Desk::new();
    let crm = Served::start(&desk, &["--no-auth", "--twin"]);
    desk.write("people.csv", PEOPLE);
    desk.write("job.toml", JOB.replace("WORKSPACE", &crm.base));
    assert_eq!(desk.run(&["sync", "job.toml"]).status, Some(2));
    let latency = json!({"rules": [{"kind": "latency", "milliseconds": 1000}]});
    assert_eq!(crm.local("PUT", "/faults", &latency).0, 200);
    let requests = || crm.local("GET", "/faults", &json!(null)).1["data"]["requests"].clone();
    let before = requests();
    let child = desk.start(&["sync", "job.toml", "--verify", "--format", "json"]);
    while requests() == before {
        std::thread::yield_now();
    }
    interrupt(&child);
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(130), "{ended:?}");
    let report: Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!(report["state"], "stopped");
}

#[test]
fn a_query_as_lines_gives_every_record_and_tells_of_those_beyond_a_limit() {
    const RECORDS: usize = 120;
    let desk = Desk::new();
    let lines = (0..RECORDS).map(|row| format!("p{row}@x.example,P{row}\n"));
    desk.write("people.csv", format!("primary_email,first_name\n{}", lines.collect::<String>()));
    let sync = ["sync", "people.csv", "--to", "crm.db", "--type=contact", "--match=primary_email"];
    assert_eq!(desk.run(&sync).status, Some(0));
    let query = ["record", "query", "contact", "--workspace", "crm.db", "--format", "jsonl"];
    let all = desk.run(&query);
    assert_eq!((all.status, all.output.lines().count()), (Some(0), RECORDS));
    assert!(!all.errors.contains("--cursor"), "{}", all.errors);
    let some = desk.run(&[&query[..], &["--limit", "7"]].concat());
    assert_eq!((some.status, some.output.lines().count()), (Some(0), 7));
    assert!(some.errors.contains("--cursor "), "{}", some.errors);
}
