//! `headwater serve` as an integrator meets it: bad requests, sudden death.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Barrier, Mutex};
use std::thread;

use headwater_program_tests::{Desk, Served};
use serde_json::json;

#[test]
fn a_bad_request_is_told_what_is_wrong_with_it() {
    let desk = Desk::new();
    let crm = Served::start(&desk, &["--no-auth"]);
    let deep = [vec![b'['; 100_000], vec![b']'; 100_000]].concat();
    let large = vec![b' '; 1_100_000];
    let filter = json!({"field": "owner_user_id", "operator": "eq", "value": ["x".repeat(5000)]});
    let long = json!({ "filters": [filter] }).to_string().into_bytes();
    let bad: [(&str, &str, &[u8], u16, &str); 16] = [
        ("POST", "/contact", br#"{"attributes": "#, 400, "invalid_request"),
        ("POST", "/contact", b"[]", 400, "invalid_request"),
        ("POST", "/contact", b"", 400, "invalid_request"),
        ("POST", "/contact", b"{\"attributes\": {\"title\": \"\xff\"}}", 400, "invalid_request"),
        ("POST", "/contact", &deep, 400, "invalid_request"),
        ("POST", "/contact/_query", &long, 400, "invalid_filter_value"),
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

/// Else any page that is open in a browser on this machine could write to it.
#[test]
fn pages_of_other_sites_may_not_ask_a_server_without_keys() {
    let desk = Desk::new();
    let crm = Served::start(&desk, &["--no-auth"]);
    let asked = |origin: &str| {
        let headers = [("Origin", origin), ("Content-Type", "text/plain")];
        let answer = crm.request("POST", "/api/v2/contact/_query", &headers, b"{}").unwrap();
        answer.status().as_u16()
    };
    for other in ["http://evil.example", "https://127.0.0.1.evil.example:8080", "null"] {
        assert_eq!(asked(other), 403, "{other}");
    }
    for ours in ["http://localhost:3000", "http://127.0.0.1:8080", "http://[::1]"] {
        assert_eq!(asked(ours), 200, "{ours}");
    }
}

/// One assert is atomic: however many arrive at once, one creates and the others update.
#[test]
fn of_many_asserts_at_once_one_creates_the_record() {
    let desk = Desk::new();
    let crm = Served::start(&desk, &["--no-auth"]);
    for person in 0..5 {
        let body = json!({"match": {"contact_emails": format!("p{person}@acme.com")}, "attributes": {"title": "CTO"}});
        let barrier = Barrier::new(8);
        let statuses: Vec<u16> = thread::scope(|scope| {
            let assert = || {
                barrier.wait();
                crm.post("/contact/_assert", &body).0
            };
            let clients: Vec<_> = (0..8).map(|_| scope.spawn(assert)).collect();
            clients.into_iter().map(|client| client.join().unwrap()).collect()
        });
        let count = |status: u16| statuses.iter().filter(|one| **one == status).count();
        assert_eq!((count(201), count(200)), (1, 7), "{statuses:?}");
    }
    let (_, all) = crm.post("/contact/_query", &json!({}));
    assert_eq!(all["data"].as_array().unwrap().len(), 5);
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
