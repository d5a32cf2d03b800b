//! The end of a server that has work under way.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::thread;

use headwater_program_tests::{Desk, Served};
use serde_json::{Value as Json, json};

/// A request waits while the server is told to end; its client gets its answer, and the record is there.
#[test]
fn what_was_accepted_is_finished() {
    let desk = Desk::new();
    let crm = Served::start(&desk, &["--no-auth", "--twin"]);
    let rule = json!({"kind": "latency", "milliseconds": 2000, "methods": ["POST"], "path": "/api/v2/contact"});
    assert_eq!(crm.local("PUT", "/faults", &json!({"rules": [rule]})).0, 200);
    let body = json!({"attributes": {"first_name": "Bob"}});
    let (status, answer) = thread::scope(|scope| {
        let create = scope.spawn(|| crm.post("/contact", &body));
        let waits = || {
            let (_, faults) = crm.local("GET", "/faults", &Json::Null);
            faults["data"]["injected"]["latency"] == 1
        };
        assert!((0..10_000).any(|_| waits()));
        crm.terminate();
        create.join().unwrap()
    });
    assert_eq!(status, 201, "{answer}");
    assert!(crm.try_send("GET", "/health", b"").is_err(), "it takes no more");
    let ended = crm.stop();
    assert_eq!(ended.status, Some(0), "{ended:?}");
    let id = answer["data"]["id"].as_str().unwrap();
    let read = desk.run(&["record", "get", "contact", id, "--workspace=crm.db"]).json();
    assert_eq!(read["data"]["attributes"]["first_name"]["value"], "Bob");
}
