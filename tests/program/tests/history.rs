//! The change log as a user meets it: who did what, and what switches it off.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::thread;

use headwater_program_tests::{Desk, Served};
use serde_json::{Value as Json, json};

const WORKSPACE: &str = "--workspace=crm.db";

fn history(desk: &Desk, id: &str) -> Vec<Json> {
    let read = desk.run(&["record", "history", "contact", id, WORKSPACE, "--format=json"]);
    read.json()["data"].as_array().unwrap().clone()
}

fn key(desk: &Desk, name: &str, scope: &str) -> String {
    let made = desk.run(&["keys", "create", WORKSPACE, "--name", name, "--scope", scope]);
    made.output.trim_end().to_owned()
}

/// Asks a local endpoint; gives the status and the answer.
fn ask(served: &Served, method: &str, path: &str) -> (u16, Json) {
    let response = served.request(method, path, &[], b"").unwrap();
    (response.status().as_u16(), serde_json::from_str(response.body()).unwrap())
}

#[test]
fn the_command_line_shows_a_history_and_restores() {
    let desk = Desk::new();
    let sarah = r#"{"first_name": "Sarah", "title": "CTO", "primary_email": "sarah@acme.com"}"#;
    let made = desk.run(&["record", "create", "contact", sarah, WORKSPACE]).json();
    let id = made["data"]["id"].as_str().unwrap();
    desk.run(&["record", "patch", "contact", id, r#"{"title": null}"#, WORKSPACE]);
    desk.run(&["record", "archive", "contact", id, WORKSPACE]);
    let restored = desk.run(&["record", "restore", "contact", id, WORKSPACE]).json();
    assert_eq!(restored["data"]["id"], id);

    let shown = desk.run(&["record", "history", "contact", id, WORKSPACE, "--limit=3"]);
    assert_eq!(shown.status, Some(0), "{shown:?}");
    let lines: Vec<&str> = shown.output.lines().collect();
    let said: Vec<&str> =
        lines.iter().map(|line| line.split_once("Z  ").map_or(*line, |(_, said)| said)).collect();
    let expected = ["restore by cli", "archive by cli", "patch by cli", "  title: \"CTO\" -> null"];
    assert_eq!(said, expected);
    let cursor = shown.errors.trim().rsplit(' ').next().unwrap();
    let rest = desk.run(&["record", "history", "contact", id, WORKSPACE, "--cursor", cursor]);
    assert!(rest.output.contains("create by cli\n"), "{rest:?}");
    assert!(rest.output.contains("  contact_emails: [] -> [{"), "{rest:?}");
    assert_eq!(rest.errors, "");
    let unknown = desk.run(&["record", "restore", "account", id, WORKSPACE]);
    assert!(unknown.errors.contains("record_not_found"), "{unknown:?}");
}

#[test]
fn a_sync_is_logged_as_its_run_and_writes_of_many_keys_as_theirs() {
    let desk = Desk::new();
    desk.write("people.csv", "First Name,Primary Email,Title\nSarah,sarah@acme.com,0\n");
    let sync = ["sync", "people.csv", "--to=crm.db", "--type=contact", "--match=primary_email"];
    let run = desk.run(&[&sync[..], &["--format=json"]].concat()).json()["run"].clone();
    let keys = ["ann", "bob", "cleo"].map(|name| (name, key(&desk, name, "contact:write")));
    let reader = key(&desk, "reader", "contact:read");
    let mut served = Served::start(&desk, &[]);
    served.key = Some(reader);
    let body = json!({"filters": [{"field": "primary_email", "operator": "eq", "value": "sarah@acme.com"}]});
    let (_, found) = served.post("/contact/_query", &body);
    let id: Arc<str> = found["data"][0]["id"].as_str().unwrap().into();

    // At once, so that their writes share transactions.
    let base = served.base.clone();
    thread::scope(|scope| {
        for (name, key) in &keys {
            let (id, base) = (Arc::clone(&id), &base);
            scope.spawn(move || {
                for number in 0..20 {
                    let body = json!({"attributes": {"title": format!("{name} {number}")}});
                    let patched = ureq::patch(format!("{base}/contact/{id}"))
                        .header("X-Api-Key", key)
                        .header("Content-Type", "application/json")
                        .send(body.to_string())
                        .unwrap();
                    assert_eq!(patched.status(), 200);
                }
            });
        }
    });
    let path = format!("/api/local/contact/{id}/history?limit=100");
    let (status, told) = ask(&served, "GET", &path);
    assert_eq!(status, 200, "{told}");
    let changes = told["data"].as_array().unwrap();
    assert_eq!(changes.len(), 61);
    for change in &changes[..60] {
        let title = change["attributes"]["title"]["after"]["value"].as_str().unwrap();
        let name = title.split(' ').next().unwrap();
        let actor = change["actor"].as_str().unwrap();
        assert!(actor.starts_with("key ") && actor.ends_with(&format!(" ({name})")), "{change}");
    }
    let by_run = format!("run {}", run.as_str().unwrap());
    assert_eq!(
        (&changes[60]["operation"], &changes[60]["actor"]),
        (&json!("create"), &json!(by_run))
    );

    // Reading a history needs the right to read, a restore the right to write.
    let restore = format!("/api/local/contact/{id}/restore");
    let (status, refused) = ask(&served, "POST", &restore);
    assert_eq!((status, &refused["error"]["code"]), (403, &json!("forbidden")), "{refused}");
    served.key = Some(keys[0].1.clone());
    assert_eq!(ask(&served, "POST", &restore).0, 200);
    served.key = Some(key(&desk, "other", "account:write"));
    assert_eq!(ask(&served, "GET", &path).0, 403);
    let (status, unknown) = ask(&served, "GET", "/api/local/spaceship/7/history");
    assert_eq!((status, &unknown["error"]["code"]), (404, &json!("unknown_record_type")));
}

#[test]
fn the_log_is_switched_by_job_file_and_by_option_and_stays_so() {
    let desk = Desk::new();
    desk.write("people.csv", "First Name,Primary Email\nSarah,sarah@acme.com\n");
    desk.write("later.csv", "First Name,Primary Email\nSally,sarah@acme.com\n");
    desk.write(
        "job.toml",
        r#"
        [source]
        connector = "csv"
        config = { path = "people.csv" }
        [target]
        workspace = "crm.db"
        history = false
        [[streams]]
        record_type = "contact"
        match = "primary_email"
        [streams.attributes]
        first_name = "First Name"
        primary_email = "Primary Email"
        "#,
    );
    assert_eq!(desk.run(&["sync", "job.toml"]).status, Some(0));
    let found = desk.run(&["record", "query", "contact", WORKSPACE]).json();
    let id = found["data"][0]["id"].as_str().unwrap();
    let later = ["sync", "later.csv", "--to=crm.db", "--type=contact", "--match=primary_email"];
    desk.run(&later);
    let told = |id: &str| -> Vec<String> {
        history(&desk, id).iter().map(|change| change["operation"].to_string()).collect()
    };
    assert_eq!(told(id), ["\"not_logged\"", "\"create\""]);
    desk.write("later.csv", "First Name,Primary Email\nSue,sarah@acme.com\n");
    desk.run(&[&later[..], &["--history=on"]].concat());
    assert_eq!(told(id), ["\"assert\"", "\"not_logged\"", "\"create\""]);
    let given = desk.run(&["sync", "job.toml", "--history=off"]);
    assert!(given.errors.contains("job file"), "{given:?}");
}
