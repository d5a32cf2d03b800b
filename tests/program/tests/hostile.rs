//! Bad input over real sockets: every request gets its code, and none learns of the internals.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Read, Write};
use std::net::TcpStream;

use headwater_program_tests::{Desk, Served, code};
use serde_json::{Value as Json, json};

/// What no answer may hold: where files are, what the store says, what the code is made of.
const INTERNALS: [&str; 10] =
    ["crm.db", "sqlite", "SELECT", ".rs", "panicked", "/tmp", "serde", "axum", "hyper", "thread"];

fn post(path: &str, body: &[u8]) -> Vec<u8> {
    request("POST", path, body)
}

fn request(method: &str, path: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: crm\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// The status of an answer, and its body as JSON, null where it has none.
fn read_answer(answer: &str) -> (u16, Json) {
    for word in INTERNALS {
        assert!(!answer.contains(word), "an answer tells of {word}: {answer}");
    }
    let status = answer.split(' ').nth(1).unwrap_or_else(|| panic!("no answer: {answer:?}"));
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    (status.parse().unwrap(), serde_json::from_str(body).unwrap_or_default())
}

#[test]
fn what_is_no_request_of_the_api_gets_its_code() {
    let desk = Desk::new();
    let crm = Served::start(&desk, &["--no-auth"]);
    let filters = |filters: String| format!(r#"{{"filters": [{filters}]}}"#).into_bytes();
    let title = r#"{"field": "title", "operator": "eq", "value": "x"}"#;
    let many = filters(vec![title; 501].join(","));
    let deep = filters(format!("{}{title}{}", r#"{"and": ["#.repeat(20), "]}".repeat(20)));
    let nested = [vec![b'['; 500_000], vec![b']'; 500_000]].concat();
    let contact = "/api/v2/contact";
    let query = "/api/v2/contact/_query";
    let requests: [(Vec<u8>, u16, &str); 38] = [
        (post(contact, b"{\"attributes\": {"), 400, "invalid_request"),
        (post(contact, b"{\"attributes\": {}} and more"), 400, "invalid_request"),
        (post(contact, b"\"text\""), 400, "invalid_request"),
        (post(contact, b"\0"), 400, "invalid_request"),
        (post(contact, b"{\"attributes\": {\"title\": \"\xc3\x28\"}}"), 400, "invalid_request"),
        (post(contact, b"{\"attributes\": {\"title\": \"\\ud800\"}}"), 400, "field_value_invalid"),
        (post(contact, b"{\"attributes\": {\"title\": 1e999}}"), 400, "invalid_request"),
        (post(contact, b"{\"attributes\": []}"), 400, "invalid_request"),
        (post(contact, b"{\"attributes\": {\"title\": {\"a\": 1}}}"), 400, "field_value_invalid"),
        (post(contact, &nested), 400, "invalid_request"),
        (post(query, &many), 400, "invalid_request"),
        (post(query, &deep), 400, "filter_depth_exceeded"),
        (post(query, b"{\"limit\": 101}"), 400, "invalid_request"),
        (post(query, b"{\"limit\": 0}"), 400, "invalid_request"),
        (post(query, b"{\"cursor\": \"' OR 1=1 --\"}"), 400, "invalid_cursor"),
        (post(query, b"{\"filters\": {}}"), 400, "invalid_request"),
        (post(query, b"{\"limit\": \"x\"}"), 400, "invalid_request"),
        (post(query, b"{\"sort\": {}}"), 400, "invalid_request"),
        (
            post("/api/v2/contact/_assert", b"{\"match\": [], \"attributes\": {}}"),
            400,
            "invalid_request",
        ),
        (post(contact, b"{\"attributes\": {\"stage\": {\"a\": []}}}"), 400, "field_value_invalid"),
        (post("/api/v2/contact%2f_query", b"{\"attributes\": {}}"), 404, "unknown_record_type"),
        (post("/api/v2/contact%00", b"{\"attributes\": {}}"), 404, "unknown_record_type"),
        (request("GET", "/api/v2/health/", b""), 404, "invalid_request"),
        (request("GET", "//api/v2/health", b""), 404, "invalid_request"),
        (request("GET", "/api/v2/./health", b""), 400, "invalid_request"),
        (request("GET", "/api/v2/..%2flocal%2fmetrics", b""), 405, "operation_not_supported"),
        (request("PUT", contact, b"{}"), 405, "operation_not_supported"),
        (request("TRACE", contact, b""), 405, "operation_not_supported"),
        (request("MADEUP", query, b"{}"), 405, "operation_not_supported"),
        (request("GET", query, b""), 405, "operation_not_supported"),
        (request("GET", "/", b""), 404, "invalid_request"),
        (request("GET", "/api/v2/../../etc/passwd", b""), 404, "invalid_request"),
        (request("GET", "/api/v2//contact//x", b""), 404, "invalid_request"),
        (request("GET", "/api/v2/contact/%2e%2e%2f%2e%2e%2fetc", b""), 400, "invalid_request"),
        (request("GET", "/api/v2/contact/%00", b""), 400, "invalid_request"),
        (request("GET", "/api/v2/contact/%ff%fe", b""), 400, "invalid_request"),
        (request("GET", "/api/v2/_schema/%27%3b%20DROP%20TABLE", b""), 404, "unknown_record_type"),
        (request("GET", &format!("/api/v2/{}", "x/".repeat(1000)), b""), 404, "invalid_request"),
    ];
    for (bytes, status, wanted) in requests {
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(160)]).into_owned();
        let (got, answer) = read_answer(&crm.send_raw(&bytes));
        assert_eq!((got, code(&answer)), (status, json!(wanted)), "{shown}: {answer}");
        let error = &answer["error"];
        assert!(error["message"].as_str().unwrap().len() < 4000, "{shown}: {answer}");
        assert!(!error["details"]["hint"].as_str().unwrap().is_empty(), "{shown}: {answer}");
    }
    assert_eq!(crm.send("GET", "/health", b"").0, 200);
    let found = crm.post("/contact/_query", &json!({}));
    assert_eq!(found.1["data"], json!([]), "a refused request has left something");
}

#[test]
fn a_header_that_is_no_text_is_none() {
    let desk = Desk::new();
    let crm = Served::start(&desk, &[]);
    let ask = |path: &str, header: &[u8]| {
        let head = format!("GET {path} HTTP/1.1\r\nHost: crm\r\nConnection: close\r\n");
        crm.send_raw(&[head.as_bytes(), header, b"\r\n\r\n"].concat())
    };
    let answer = ask("/api/v2/health", b"X-Request-Id: \xff\xfe");
    assert_eq!(read_answer(&answer).0, 200);
    assert!(answer.contains("x-request-id: 0"), "it gets an id of the server's: {answer}");
    for header in [&b"Authorization: Bearer \xff\xfe"[..], b"X-Api-Key: \xff", b"X-Api-Key: "] {
        let (status, answer) = read_answer(&ask("/api/v2/_schema/contact", header));
        assert_eq!((status, code(&answer)), (401, json!("unauthorized")));
    }
}

#[test]
fn what_is_no_http_is_refused_by_its_status_alone() {
    let desk = Desk::new();
    let crm = Served::start(&desk, &["--no-auth"]);
    let long = "x".repeat(1_000_000);
    for bytes in [
        "\r\n\r\nnonsense\r\n\r\n".to_owned(),
        "GET /api/v2/health HTTP/9.9\r\n\r\n".to_owned(),
        "GET /api/v2/health HTTP/1.1\r\nHost crm\r\n\r\n".to_owned(),
        format!("GET /{long} HTTP/1.1\r\nHost: crm\r\n\r\n"),
        format!("GET /api/v2/health HTTP/1.1\r\nHost: crm\r\nX-Long: {long}\r\n\r\n"),
        format!("GET /api/v2/health HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(1000)),
        "POST /api/v2/contact HTTP/1.1\r\nHost: crm\r\nContent-Length: -1\r\n\r\n".to_owned(),
        "POST /api/v2/contact HTTP/1.1\r\nHost: crm\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}"
            .to_owned(),
    ] {
        let answer = crm.send_raw(bytes.as_bytes());
        // The answer may be lost where more was sent than is read.
        if !answer.is_empty() {
            let (status, _) = read_answer(&answer);
            assert!((400..500).contains(&status), "{answer}");
        }
    }
    assert_eq!(crm.send("GET", "/health", b"").0, 200);
}

#[test]
fn a_body_is_too_large_where_the_server_says_so() {
    let desk = Desk::new();
    let crm = Served::start(&desk, &["--no-auth", "--max-body", "1000"]);
    let body = |length: usize| {
        let attributes = json!({"attributes": {"first_name": "x"}}).to_string();
        format!("{attributes}{}", " ".repeat(length - attributes.len())).into_bytes()
    };
    assert_eq!(crm.send("POST", "/contact", &body(1000)).0, 201);
    let (status, answer) = crm.send("POST", "/contact", &body(10 * 1024 * 1024));
    assert_eq!((status, code(&answer)), (413, json!("payload_too_large")));
    for length in [1001, 10 * 1024 * 1024] {
        let head = format!(
            "POST /api/v2/contact HTTP/1.1\r\nHost: crm\r\nContent-Length: {length}\r\n\r\n"
        );
        // Told by the head alone, or by what has arrived.
        let (status, answer) = read_answer(&crm.send_raw(head.as_bytes()));
        assert_eq!((status, code(&answer)), (413, json!("payload_too_large")));
    }
    let chunk = format!("3e9\r\n{}\r\n", " ".repeat(1001));
    let head = "POST /api/v2/contact HTTP/1.1\r\nHost: crm\r\nTransfer-Encoding: chunked\r\n\r\n";
    let (status, answer) = read_answer(&crm.send_raw(format!("{head}{chunk}").as_bytes()));
    assert_eq!((status, code(&answer)), (413, json!("payload_too_large")));
}

#[test]
fn a_client_that_takes_for_ever_is_let_go() {
    let desk = Desk::new();
    let crm = Served::start(&desk, &["--no-auth", "--request-time", "1"]);
    // `send_raw` ends where the server closes the connection.
    assert_eq!(crm.send_raw(b""), "");
    assert_eq!(crm.send_raw(b"POST /api/v2/contact HTTP/1.1\r\nHost: crm\r\nX-Slow: "), "");
    let head = "POST /api/v2/contact HTTP/1.1\r\nHost: crm\r\nContent-Length: 100\r\n\r\n{\"attr";
    let (status, answer) = read_answer(&crm.send_raw(head.as_bytes()));
    assert_eq!((status, code(&answer)), (408, json!("timeout")));
    assert_eq!(crm.send("GET", "/health", b"").0, 200);
}

#[test]
fn further_connections_wait_until_there_is_room() {
    let desk = Desk::new();
    let crm = Served::start(&desk, &["--no-auth", "--max-connections", "1"]);
    let mut first = TcpStream::connect(crm.address()).unwrap();
    first.write_all(b"GET /api/v2/health HTTP/1.1\r\nHost: crm\r\n\r\n").unwrap();
    let mut byte = [0];
    first.read_exact(&mut byte).unwrap();
    // The first connection is kept alive, and stands in the way of this one until it is closed.
    let mut second = TcpStream::connect(crm.address()).unwrap();
    second.write_all(&request("GET", "/api/v2/health", b"")).unwrap();
    drop(first);
    let mut answer = String::new();
    second.read_to_string(&mut answer).unwrap();
    assert_eq!(read_answer(&answer).0, 200);
}

#[test]
fn a_key_that_asks_too_often_is_told_when_to_ask_again() {
    let desk = Desk::new();
    let make = |name: &str| {
        let made = ["keys", "create", "--workspace", "crm.db", "--name", name, "--scope", "*"];
        Some(desk.run(&made).output.trim().to_owned())
    };
    let (one, other) = (make("one"), make("other"));
    let mut crm = Served::start(&desk, &["--rate-limit", "1"]);
    crm.key = one;
    let ask = |crm: &Served| crm.request("GET", "/api/v2/_schema/contact", &[], b"").unwrap();
    let refused = (0..1000).map(|_| ask(&crm)).find(|answer| answer.status() == 429).unwrap();
    assert_eq!(refused.headers()["retry-after"], "1");
    let body: Json = serde_json::from_str(refused.body()).unwrap();
    assert_eq!(code(&body), "rate_limited");
    crm.key = other;
    assert_eq!(ask(&crm).status(), 200, "the limit is each key's own");
    assert_eq!(crm.send("GET", "/health", b"").0, 200);
}
