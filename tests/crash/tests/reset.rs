//! A twin's reset is killed between any two of its steps: the workspace is as before it or as after it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use headwater_crash_tests::desk::CrashDesk;
use headwater_crash_tests::faults::{Fault, inject, read_log};
use headwater_crash_tests::tell;
use headwater_crash_tests::workspace::{look, texts};
use headwater_program_tests::{Served, finish};
use serde_json::json;

const SEED: &str = r#"{"record_type": "contact", "attributes": {"first_name": "Ann", "primary_email": "ann@acme.com"}}
{"record_type": "contact", "attributes": {"first_name": "Bob", "primary_email": "bob@acme.com"}}
"#;

/// A desk with a workspace that has records and an API key.
fn desk() -> CrashDesk {
    let desk = CrashDesk::with("", "");
    desk.write("seed.jsonl", SEED);
    let key = ["keys", "create", "--workspace", "crm.db", "--name", "one", "--scope", "*"];
    assert_eq!(finish(desk.command(&key)).status, Some(0));
    desk
}

fn serve(desk: &CrashDesk, fault: Fault, at: u64) -> Served {
    let mut command = desk.command(&[
        "serve",
        "--workspace",
        "crm.db",
        "--listen",
        "127.0.0.1:0",
        "--no-auth",
        "--twin",
        "--clock",
        "2026-01-01T00:00:00Z",
        "--id-seed",
        "7",
    ]);
    inject(&mut command, fault, at, "/crm.db", &desk.path("faults.log"));
    Served::start_command(command)
}

/// Seeds and changes the workspace of a server; none of it is there any more after a reset.
fn change(crm: &Served) -> Option<()> {
    for name in ["Eve", "Dan"] {
        let body = json!({"attributes": {"first_name": name}}).to_string();
        crm.try_send("POST", "/contact", body.as_bytes()).ok()?;
    }
    let project = json!({"record_types": [{"api_name": "project", "display_name": "Project",
        "attributes": [{"api_name": "name", "display_name": "Name", "value_type": "string"}]}]});
    let body = project.to_string();
    crm.request("POST", "/api/local/schema", &[], body.as_bytes()).ok()?;
    crm.try_send("POST", "/project", br#"{"attributes": {"name": "One"}}"#).ok()?;
    Some(())
}

/// Every row of every table, as text, but those of the API keys, which carry the time.
fn contents(workspace: &Path) -> BTreeSet<String> {
    let database = look(workspace).unwrap();
    assert_eq!(texts(&database, "PRAGMA integrity_check"), ["ok"]);
    assert_eq!(texts(&database, "SELECT name FROM headwater_api_key"), ["one"]);
    let tables = texts(&database, "SELECT name FROM sqlite_schema WHERE type = 'table'");
    let tables = tables.iter().filter(|name| *name != "headwater_api_key");
    let rows = |table: &String| {
        let columns = texts(&database, &format!("SELECT name FROM pragma_table_info('{table}')"));
        let columns = columns.iter().map(|name| format!("quote(\"{name}\")")).collect::<Vec<_>>();
        let sql =
            format!("SELECT concat_ws('|', '{table}', {}) FROM \"{table}\"", columns.join(", "));
        let mut rows = texts(&database, &sql);
        rows.push(format!("{table} is there"));
        rows
    };
    tables.flat_map(rows).collect()
}

fn walk(fault: Fault, step: u64) {
    let seeded = || {
        let desk = desk();
        let seeding = ["seed", "--workspace", "crm.db", "seed.jsonl"];
        assert_eq!(finish(desk.command(&seeding)).status, Some(0));
        desk
    };
    let mut found = BTreeMap::from([("before", 0), ("after", 0)]);
    let mut hits = BTreeMap::<String, usize>::new();
    for at in (1..).step_by(usize::try_from(step).unwrap()) {
        let desk = seeded();
        let start = contents(&desk.workspace());
        let mut crm = serve(&desk, fault, at);
        // Where it is killed before the reset there is nothing to be seen of one.
        let is_changed = !crm.base.is_empty() && change(&crm).is_some();
        let changed = is_changed.then(|| contents(&desk.workspace()));
        let answer =
            is_changed.then(|| crm.request("POST", "/api/local/reset", &[], b"").ok()).flatten();
        if let Some(answer) = answer {
            assert_eq!(answer.status(), 200, "{}", answer.body());
            crm.child.kill().unwrap();
            crm.child.wait().unwrap();
            assert_eq!(contents(&desk.workspace()), start, "what was answered is there");
            break;
        }
        assert_eq!(crm.child.wait().unwrap().signal(), Some(9), "{fault:?} at {at}");
        let Some(changed) = changed else { continue };
        let (hit, _) = read_log(&desk.path("faults.log"));
        *hits.entry(hit.unwrap_or_default()).or_default() += 1;
        let left = contents(&desk.workspace());
        let is_before = left == changed;
        assert!(is_before || left == start, "{fault:?} at {at} left a mixture: {left:#?}");
        *found.entry(if is_before { "before" } else { "after" }).or_default() += 1;

        // The program finds it sound as well, and can go on.
        let query = ["record", "query", "contact", "--workspace", "crm.db"];
        let records = finish(desk.command(&query)).json();
        let count = records["data"].as_array().map(Vec::len);
        assert_eq!(count, Some(if is_before { 4 } else { 2 }), "{records}");
    }
    tell(&format!("{fault:?}: {found:?}, killed at {hits:?}\n"));
    assert!(found["before"] > 10 / step, "{found:?}");
}

#[test]
fn killed_before_any_step_of_a_reset_there_is_one_of_both_states() {
    walk(Fault::Kill, 1);
}

#[test]
fn killed_in_the_middle_of_a_write_there_is_one_of_both_states() {
    walk(Fault::Torn, 2);
}

#[test]
fn without_power_at_any_step_there_is_one_of_both_states() {
    walk(Fault::Power, 3);
}
