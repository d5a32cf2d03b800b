//! `headwater serve` as an integrator meets it: documented examples, bad requests, sudden death.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use headwater_program_tests::{Desk, Served};
use serde_json::{Value as Json, json};

#[test]
fn the_documented_examples_give_what_is_documented() {
    let desk = Desk::new();
    let crm = Served::start(&desk, &["--no-auth"]);
    let (status, health) = crm.send("GET", "/health", b"");
    assert_eq!((status, health), (200, json!({"data": {"status": "healthy"}})));

    let sarah = json!({"attributes": {"first_name": "Sarah", "last_name": "Chen",
        "primary_email": "sarah.chen@acme.com", "stage": "working"}});
    let (status, created) = crm.post("/contact", &sarah);
    assert_eq!(status, 201);
    assert_eq!(created["data"]["record_type"], "contact");
    let path = format!("/contact/{}", created["data"]["id"].as_str().unwrap());

    let by_email = json!({"limit": 1, "filters":
        [{"field": "primary_email", "operator": "eq", "value": "sarah.chen@acme.com"}]});
    let (status, found) = crm.post("/contact/_query", &by_email);
    assert_eq!((status, &found["data"][0]["id"]), (200, &created["data"]["id"]));
    assert_eq!(found["next_cursor"], Json::Null);

    let (status, patched) =
        crm.send("PATCH", &path, br#"{"attributes": {"title": "VP of Sales"}}"#);
    let title = &patched["data"]["attributes"]["title"];
    assert_eq!((status, title), (200, &json!({"value_type": "string", "value": "VP of Sales"})));

    let bob = json!({"match": {"contact_emails": "bob@acme.com"},
        "attributes": {"first_name": "Bob"}});
    let (status, asserted) = crm.post("/contact/_assert", &bob);
    assert_eq!((status, &asserted["meta"]["action"]), (201, &json!("created")));
    let (status, asserted) = crm.post("/contact/_assert", &bob);
    assert_eq!((status, &asserted["meta"]["action"]), (200, &json!("updated")));

    let email = json!({"email": "sarah@home.example", "is_primary": false, "labels": ["PERSONAL"]});
    let (status, item) = crm.post(&format!("{path}/attribute/contact_emails"), &email);
    assert_eq!((status, &item["data"]["envelope"]["email"]), (201, &email["email"]));

    let (_, acme) = crm.post("/account", &json!({"attributes": {"name": "Acme"}}));
    let account = format!("/account/{}", acme["data"]["id"].as_str().unwrap());
    let domain = json!({"domain_name": "acme.com"});
    let (status, added) = crm.post(&format!("{account}/attribute/domains"), &domain);
    assert_eq!((status, &added["data"]["is_primary"]), (201, &json!(true)));
    let link = json!({"related_record_match": domain, "role": "champion", "is_primary": true});
    let (status, edge) = crm.post(&format!("{path}/relationship/accounts"), &link);
    assert_eq!((status, &edge["item"]["related_record_id"]), (201, &acme["data"]["id"]));
    assert_eq!(crm.send("DELETE", &account, b""), (204, Json::Null));
    let (status, gone) = crm.send("GET", &account, b"");
    assert_eq!((status, &gone["error"]["code"]), (404, &json!("record_not_found")));

    let (status, schema) = crm.send("GET", "/_schema/contact", b"");
    assert_eq!((status, &schema["api_name"]), (200, &json!("contact")));
}

#[test]
fn a_bad_request_is_told_what_is_wrong_with_it() {
    let desk = Desk::new();
    let crm = Served::start(&desk, &["--no-auth"]);
    let deep = [vec![b'['; 100_000], vec![b']'; 100_000]].concat();
    let large = vec![b' '; 1_100_000];
    let bad: [(&str, &str, &[u8], u16, &str); 15] = [
        ("POST", "/contact", br#"{"attributes": "#, 400, "invalid_request"),
        ("POST", "/contact", b"[]", 400, "invalid_request"),
        ("POST", "/contact", b"", 400, "invalid_request"),
        ("POST", "/contact", b"{\"attributes\": {\"title\": \"\xff\"}}", 400, "invalid_request"),
        ("POST", "/contact", &deep, 400, "invalid_request"),
        ("POST", "/contact", &large, 413, "payload_too_large"),
        ("POST", "/contract", br#"{"attributes": {}}"#, 404, "unknown_record_type"),
        ("PUT", "/contact", b"", 405, "operation_not_supported"),
        ("GET", "/contact/7/attribute/contact_emails", b"", 405, "operation_not_supported"),
        ("POST", "/contact/7/attribute/contact_emails", b"{}", 400, "invalid_request"),
        ("DELETE", "/contact/7/relationship/accounts/8", b"", 400, "invalid_request"),
        ("GET", "/contact/7/relationship/accounts?limit=x", b"", 400, "invalid_request"),
        ("GET", "/contact/7", b"", 400, "invalid_request"),
        ("GET", "/contact/%ff", b"", 400, "invalid_request"),
        ("GET", "/contact/../../../etc/passwd", b"", 404, "invalid_request"),
    ];
    for (method, path, body, status, code) in bad {
        let (got, answer) = crm.send(method, path, body);
        assert_eq!((got, &answer["error"]["code"]), (status, &json!(code)), "{method} {path}");
        assert!(answer["error"]["message"].as_str().unwrap().len() < 200, "{answer}");
    }
    assert_eq!(crm.send("GET", "/health", b"").0, 200);
}

#[test]
fn who_could_reach_it_without_a_key_is_kept_out() {
    let desk = Desk::new();
    let open = ["serve", "--workspace", "crm.db", "--listen", "0.0.0.0:0", "--no-auth"];
    let open = desk.run(&open);
    assert_eq!(open.status, Some(1));
    assert!(open.errors.contains("config_invalid"), "{open:?}");
}

/// Many clients write while the server is killed: what was acknowledged is there afterwards.
#[test]
fn what_was_acknowledged_survives_a_kill() {
    let desk = Desk::new();
    let mut crm = Served::start(&desk, &["--no-auth"]);
    let acknowledged = Mutex::new(Vec::new());
    let next = AtomicU64::new(0);
    let enough = 200;
    thread::scope(|scope| {
        let (crm, acknowledged, next) = (&crm, &acknowledged, &next);
        for _ in 0..8 {
            scope.spawn(move || {
                loop {
                    let email = format!("p{}@acme.com", next.fetch_add(1, Ordering::Relaxed));
                    let body = json!({"match": {"contact_emails": email}, "attributes": {}});
                    match crm.try_send("POST", "/contact/_assert", body.to_string().as_bytes()) {
                        Ok((201, _)) => acknowledged.lock().unwrap().push(email),
                        Ok(other) => panic!("{other:?}"),
                        Err(_) => return,
                    }
                    if acknowledged.lock().unwrap().len() == enough {
                        let id = i32::try_from(crm.child.id()).unwrap();
                        std::process::Command::new("kill")
                            .args(["-9", &id.to_string()])
                            .status()
                            .unwrap();
                    }
                }
            });
        }
    });
    crm.child.wait().unwrap();
    let acknowledged = acknowledged.into_inner().unwrap();
    assert!(acknowledged.len() >= enough, "{} were acknowledged", acknowledged.len());
    drop(crm);
    let crm = Served::start(&desk, &["--no-auth"]);
    for email in acknowledged {
        let query = json!({"filters":
            [{"field": "primary_email", "operator": "eq", "value": email}]});
        let (_, found) = crm.post("/contact/_query", &query);
        assert_eq!(found["data"].as_array().map(Vec::len), Some(1), "{email}: {found}");
    }
}

#[test]
fn a_signal_ends_it_well() {
    let desk = Desk::new();
    let crm = Served::start(&desk, &["--no-auth"]);
    assert_eq!(crm.post("/account", &json!({"attributes": {"name": "Acme"}})).0, 201);
    assert_eq!(crm.stop().status, Some(0));
    let found = desk.run(&["record", "query", "account", "--workspace", "crm.db"]);
    assert_eq!(found.json()["data"].as_array().map(Vec::len), Some(1));
}
