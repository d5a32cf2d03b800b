//! Faults that a twin lets happen, as a client meets them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use headwater_program_tests::{Desk, Served, code};
use serde_json::{Value as Json, json};

fn twin(desk: &Desk) -> Served {
    Served::start(desk, &["--no-auth", "--twin"])
}

fn set(crm: &Served, faults: &Json) {
    let (status, answer) = crm.local("PUT", "/faults", faults);
    assert_eq!(status, 200, "{answer}");
}

fn injected(crm: &Served, kind: &str) -> Json {
    crm.local("GET", "/faults", &Json::Null).1["data"]["injected"][kind].clone()
}

fn contacts(crm: &Served) -> usize {
    let (status, found) = crm.post("/contact/_query", &json!({}));
    assert_eq!(status, 200, "{found}");
    found["data"].as_array().unwrap().len()
}

/// A new connection that has sent a create; the caller reads.
fn send_create(crm: &Served) -> TcpStream {
    let body = r#"{"attributes": {"first_name": "Bob"}}"#;
    let head = format!(
        "POST /api/v2/contact HTTP/1.1\r\nHost: crm\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(crm.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

#[test]
fn a_cut_connection_ends_without_a_byte_before_or_after_the_write() {
    let desk = Desk::new();
    let crm = twin(&desk);
    for (kind, written) in [("cut_before", 0), ("cut_after", 1)] {
        let rule = json!({"kind": kind, "methods": ["POST"], "path": "/api/v2/contact"});
        set(&crm, &json!({"rules": [rule]}));
        let mut answer = Vec::new();
        match send_create(&crm).read_to_end(&mut answer) {
            Ok(_) => {}
            Err(cause) => assert_eq!(cause.kind(), ErrorKind::ConnectionReset, "{cause}"),
        }
        assert_eq!(answer, b"", "{kind}: {:?}", String::from_utf8_lossy(&answer));
        assert_eq!((contacts(&crm), injected(&crm, kind)), (written, json!(1)), "{kind}");
        assert!(crm.try_send("POST", "/contact", b"{}").is_err(), "{kind}");
    }
    assert_eq!(crm.local("DELETE", "/faults", &Json::Null).0, 200);
    let mut first = [0; 12];
    send_create(&crm).read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 201");
    // An administrator sees them: in the counts of requests, and that they were cut.
    let metrics = crm.request("GET", "/api/local/metrics", &[], b"").unwrap();
    let line = r#"requests_total{method="POST",route="/api/v2/{record_type}",status="444"} 4"#;
    assert!(metrics.body().contains(line), "{}", metrics.body());
    assert!(metrics.body().contains("requests_in_flight 1\n"), "{}", metrics.body());
}

#[test]
fn a_refusal_looks_like_one_of_the_server_s_own() {
    let desk = Desk::new();
    let crm = Served::start(&desk, &["--no-auth", "--twin", "--log", "json"]);
    set(
        &crm,
        &json!({"rules": [{"kind": "error", "methods": ["GET"]},
        {"kind": "rate_limited", "retry_after": 7, "methods": ["PATCH"]}]}),
    );
    let (status, answer) = crm.send("GET", "/_schema/contact", b"");
    assert_eq!((status, code(&answer)), (500, json!("internal_error")));
    assert_eq!(answer["error"]["message"], "the server failed");
    let refused = crm.request("PATCH", "/api/v2/contact/1", &[], b"{}").unwrap();
    assert_eq!(
        (refused.status().as_u16(), &refused.headers()["retry-after"]),
        (429, &"7".parse().unwrap())
    );
    assert_eq!(code(&serde_json::from_str(refused.body()).unwrap()), "rate_limited");
    // Neither the twin's own endpoints nor health are hit.
    assert_eq!(crm.send("GET", "/health", b"").0, 200);
    assert_eq!(crm.local("GET", "/ready", &Json::Null).0, 200);
    let (_, shown) = crm.local("GET", "/faults", &Json::Null);
    assert_eq!(
        (&shown["data"]["requests"], &shown["data"]["rules"][0]["injected"]),
        (&json!(2), &json!(1))
    );
    let errors = crm.stop().errors;
    let lines: Vec<Json> = errors.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let faults: Vec<&Json> =
        lines.iter().map(|line| &line["injected"]).filter(|kind| !kind.is_null()).collect();
    assert_eq!(faults, [&json!("error"), &json!("rate_limited")], "{errors}");
    assert!(lines.iter().all(|line| line["level"] == "INFO"), "{errors}");
}

#[test]
fn latency_comes_before_the_work_and_a_stall_after_it() {
    let desk = Desk::new();
    let crm = twin(&desk);
    let took = |kind: &str| {
        let rule = json!({"kind": kind, "milliseconds": 300, "methods": ["PATCH"]});
        set(&crm, &json!({"rules": [rule]}));
        let began = Instant::now();
        assert_eq!(crm.send("PATCH", "/contact/1", b"{}").0, 400);
        began.elapsed()
    };
    assert!(took("latency") >= Duration::from_millis(300));
    assert!(took("stall") >= Duration::from_millis(300));
    // What is stalled has been written, and is seen by others meanwhile.
    let rule = json!({"kind": "stall", "milliseconds": 600_000, "path": "/api/v2/contact"});
    set(&crm, &json!({"rules": [rule]}));
    let stalled = send_create(&crm);
    assert!((0..10_000).any(|_| contacts(&crm) == 1));
    // With the one from before: another plan leaves the counts by kind.
    assert_eq!(injected(&crm, "stall"), 2);
    // A reset does not wait for the answer to be let go.
    assert_eq!(crm.local("POST", "/reset", &Json::Null).0, 200);
    assert_eq!(contacts(&crm), 0);
    drop(stalled);
    assert_eq!(crm.stop().status, Some(0));
}

#[test]
fn faults_of_a_file_repeat_by_their_seed_and_can_be_counted() {
    let desk = Desk::new();
    desk.write(
        "faults.toml",
        "seed = 7\n\
         [[rules]]\nkind = \"error\"\nrate = 0.2\n\
         [[rules]]\nkind = \"cut_before\"\nrate = 0.2\n\
         [[rules]]\nkind = \"cut_after\"\nrate = 0.2\n",
    );
    let arguments = [
        "--temporary",
        "--no-auth",
        "--twin",
        "--faults=faults.toml",
        "--default-page=1000",
        "--max-page=1000",
    ];
    let run = |crm: &Served| -> Vec<Option<u16>> {
        let sent = (0..200)
            .map(|_| crm.try_send("POST", "/contact", br#"{"attributes": {"first_name": "B"}}"#));
        sent.map(|answer| answer.ok().map(|(status, _)| status)).collect()
    };
    let crm = Served::start_without_workspace(&desk, &arguments);
    let first = run(&crm);
    let (_, shown) = crm.local("GET", "/faults", &Json::Null);
    let injected = &shown["data"]["injected"];
    let count = |kind: &str| usize::try_from(injected[kind].as_u64().unwrap()).unwrap();
    let seen = |status: Option<u16>| first.iter().filter(|answer| **answer == status).count();
    assert_eq!(count("error"), seen(Some(500)));
    assert_eq!(count("cut_before") + count("cut_after"), seen(None));
    assert!(
        [count("error"), count("cut_before"), count("cut_after")].iter().all(|count| *count > 20)
    );
    // What the client saw and the counts together tell what was written.
    assert_eq!(crm.local("DELETE", "/faults", &Json::Null).0, 200);
    assert_eq!(contacts(&crm), seen(Some(201)) + count("cut_after"));

    let other = Served::start_without_workspace(&desk, &arguments);
    assert_eq!(run(&other), first);
    assert_eq!(other.local("POST", "/reset", &Json::Null).0, 200);
    assert_eq!(run(&other), first);

    desk.write("faults.toml", "[[rules]]\nkind = \"eror\"\n");
    let serve = [&["serve", "--listen", "127.0.0.1:0"], &arguments[..]].concat();
    let refused = desk.run(&serve);
    assert_eq!(refused.status, Some(1));
    assert!(refused.errors.contains("rules[0].kind"), "{refused:?}");
}

#[test]
fn a_hidden_limit_refuses_what_is_too_fast_and_can_be_changed() {
    let desk = Desk::new();
    let crm = twin(&desk);
    set(&crm, &json!({"rate_limit": {"requests_per_second": 1}}));
    let ask = || crm.request("GET", "/api/v2/_schema/contact", &[], b"").unwrap();
    let refused = (0..1000).map(|_| ask()).find(|answer| answer.status() == 429).unwrap();
    assert_eq!(refused.headers()["retry-after"], "1");
    assert!(refused.body().contains("too many requests"), "{}", refused.body());
    let (_, shown) = crm.local("GET", "/faults", &Json::Null);
    let shown = &shown["data"];
    assert!(shown["over_rate_limit"].as_u64() >= Some(1), "{shown}");
    assert_eq!(shown["over_rate_limit"], shown["injected"]["rate_limited"]);
    set(&crm, &json!({"rate_limit": {"requests_per_second": 1_000_000}}));
    assert!((0..100).all(|_| ask().status() == 200));
    let (status, answer) =
        crm.local("PUT", "/faults", &json!({"rate_limit": {"requests_per_second": 0}}));
    assert_eq!((status, code(&answer)), (400, json!("config_invalid")));
    assert_eq!(answer["error"]["field"], "rate_limit.requests_per_second");
}
