//! What an operator sees of a server: request ids, the log, the counts, readiness.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use headwater_program_tests::{Desk, Served, code};
use serde_json::{Value as Json, json};

const SCHEMA: &str = "/api/v2/_schema/contact";

fn key(desk: &Desk, scope: &str) -> String {
    let arguments = ["keys", "create", "--workspace", "crm.db", "--name", scope, "--scope", scope];
    desk.run(&arguments).output.trim().to_owned()
}

#[test]
fn a_request_keeps_its_id_or_is_given_one() {
    let desk = Desk::new();
    let crm = Served::start(&desk, &["--no-auth"]);
    let id = |headers: &[(&str, &str)], path: &str| {
        let answer = crm.request("GET", path, headers, b"").unwrap();
        answer.headers()["x-request-id"].to_str().unwrap().to_owned()
    };
    assert_eq!(id(&[("X-Request-Id", "trace-7/a")], SCHEMA), "trace-7/a");
    assert_eq!(id(&[("X-Request-Id", "trace-8")], "/nowhere"), "trace-8");
    let (one, other) = (id(&[], SCHEMA), id(&[], SCHEMA));
    assert!(one.len() == 36 && one != other, "{one} {other}");
    // What could break a line of the log, or fill it, is not taken over.
    for bad in ["two words", &"x".repeat(129), ""] {
        assert_ne!(id(&[("X-Request-Id", bad)], SCHEMA), bad);
    }
}

#[test]
fn the_log_has_a_line_for_each_request_and_no_key() {
    let desk = Desk::new();
    let secret = key(&desk, "contact:read");
    let mut crm = Served::start(&desk, &["--log", "json"]);
    crm.key = Some(secret.clone());
    let headers = [("X-Request-Id", "one")];
    crm.request("GET", SCHEMA, &headers, b"").unwrap();
    let headers = [("X-Request-Id", "two")];
    crm.request("POST", "/api/v2/contact?token=hidden", &headers, b"{}").unwrap();
    let mut wrong = secret.clone();
    wrong.replace_range(80.., "0000");
    crm.key = Some(wrong);
    let headers = [("X-Request-Id", "three"), ("X-Api-Key", &secret)];
    crm.request("GET", SCHEMA, &headers, b"").unwrap();
    let errors = crm.stop().errors;
    assert!(!errors.contains(&secret[20..80]) && !errors.contains("hidden"), "{errors}");

    let lines: Vec<Json> = errors.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let seen: Vec<[&Json; 5]> = lines
        .iter()
        .map(|line| ["request_id", "method", "path", "status", "code"].map(|name| &line[name]))
        .collect();
    assert_eq!(seen.len(), 3, "{errors}");
    let null = Json::Null;
    assert_eq!(seen[0], [&json!("one"), &json!("GET"), &json!(SCHEMA), &json!(200), &null]);
    let contact = json!("/api/v2/contact");
    let forbidden = json!("forbidden");
    assert_eq!(seen[1], [&json!("two"), &json!("POST"), &contact, &json!(403), &forbidden]);
    let unauthorized = json!("unauthorized");
    assert_eq!(
        seen[2],
        [&json!("three"), &json!("GET"), &json!(SCHEMA), &json!(401), &unauthorized]
    );
    assert!(secret.contains(lines[0]["key"].as_str().unwrap()), "{errors}");
    assert_eq!((&lines[1]["key"], &lines[2]["key"]), (&lines[0]["key"], &null));
    assert!(lines[0]["milliseconds"].is_number() && lines[0]["timestamp"].is_string());
}

/// What the client is not told of a fault stands in the log, also where no log was asked for.
#[test]
fn a_fault_of_the_server_is_in_the_log_and_not_in_the_answer() {
    let desk = Desk::new();
    let crm = Served::start(&desk, &["--no-auth"]);
    assert_eq!(crm.request("GET", "/api/local/ready", &[], b"").unwrap().status(), 200);
    let database = rusqlite::Connection::open(desk.path("crm.db")).unwrap();
    database.execute_batch("DROP TABLE headwater_run; DROP TABLE contact").unwrap();
    let (status, answer) = crm.post("/contact/_query", &json!({}));
    assert_eq!((status, code(&answer)), (500, json!("internal_error")));
    assert!(!answer.to_string().contains("no such table"), "{answer}");
    let ready = crm.request("GET", "/api/local/ready", &[], b"").unwrap();
    assert_eq!(ready.status(), 503);
    assert_eq!(code(&serde_json::from_str(ready.body()).unwrap()), "unavailable");
    assert!(!ready.body().contains("headwater_run"), "{}", ready.body());
    assert_eq!(crm.send("GET", "/health", b"").0, 200);
    let errors = crm.stop().errors;
    assert_eq!(errors.lines().count(), 2, "{errors}");
    assert!(errors.contains("no such table: contact"), "{errors}");
    assert!(errors.contains("no such table: headwater_run"), "{errors}");
}

#[test]
fn what_is_answered_is_counted_by_route() {
    let desk = Desk::new();
    let (any, all) = (key(&desk, "contact:read"), key(&desk, "*"));
    let mut crm = Served::start(&desk, &[]);
    assert_eq!(crm.request("GET", "/api/local/metrics", &[], b"").unwrap().status(), 401);
    crm.key = Some(all);
    for name in ["Ann", "Bob"] {
        let body = json!({"attributes": {"first_name": name}});
        assert_eq!(crm.post("/contact", &body).0, 201);
    }
    for path in ["/made-up-1", "/made-up-2"] {
        assert_eq!(crm.request("GET", path, &[], b"").unwrap().status(), 404);
    }
    crm.key = Some(any);
    let shown = crm.request("GET", "/api/local/metrics", &[], b"").unwrap();
    let kind = shown.headers()["content-type"].to_str().unwrap();
    assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    let text = shown.body();
    for line in [
        r#"headwater_requests_total{method="POST",route="/api/v2/{record_type}",status="201"} 2"#,
        r#"headwater_requests_total{method="GET",route="none",status="404"} 2"#,
        r#"headwater_requests_total{method="GET",route="/api/local/metrics",status="401"} 1"#,
        r#"headwater_request_seconds_count{method="POST",route="/api/v2/{record_type}"} 2"#,
        "headwater_requests_in_flight 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in {text}");
    }
    assert!(!text.contains("made-up"), "{text}");
    assert_eq!(crm.send("POST", "/../local/metrics", b"").0, 404);
    let answer = crm.request("POST", "/api/local/metrics", &[], b"").unwrap();
    assert_eq!(answer.status(), 405);
}
