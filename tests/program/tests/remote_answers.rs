//! What is no answer of a CRM: each gets its code and a hint, and nobody else gets the key.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use headwater::remote::{ApiKey, RemoteOptions};
use headwater::{Error, ErrorCode, Retry, open_remote};
use headwater_program_tests::{Desk, Finished, finish};

const KEY: &str = "hw_a_key_that_is_shown_nowhere";

/// A server that answers each connection with these bytes, and keeps what it was sent.
struct Odd {
    address: String,
    heard: Arc<Mutex<Vec<String>>>,
}

fn odd(answer: impl Into<Vec<u8>>) -> Odd {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let (answer, hears) = (answer.into(), Arc::clone(&heard));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            hears.lock().unwrap().push(head(&mut stream));
            // The client may have gone before all is sent.
            let _ = stream.write_all(&answer);
        }
    });
    Odd { address, heard }
}

/// What a request begins with, up to its body.
fn head(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
        bytes.push(byte[0]);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn with_body(status: &str, kind: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// Asks for a record, with the key.
fn ask(url: &str) -> Finished {
    let desk = Desk::new();
    let id = "0191e4a0-0000-7000-8000-000000000001";
    let mut command = desk.command(&["record", "get", "contact", id, "--workspace", url]);
    command.env("HEADWATER_API_KEY", KEY);
    let finished = finish(command);
    assert_eq!(finished.status, Some(1), "{finished:?}");
    assert!(!finished.errors.contains(KEY), "the key is shown: {finished:?}");
    finished
}

fn is_told(finished: &Finished, code: &str, words: &[&str]) {
    assert!(finished.errors.contains(&format!("{code}: ")), "{code}: {finished:?}");
    for word in words {
        assert!(finished.errors.contains(word), "{word:?} is not in {finished:?}");
    }
}

fn answers(answer: impl Into<Vec<u8>>) -> Finished {
    ask(&format!("http://{}/api/v2", odd(answer).address))
}

#[test]
fn a_page_of_a_proxy_is_no_answer() {
    let page = with_body("200 OK", "text/html", "<html>Please log in</html>");
    is_told(&answers(page), "unavailable", &["not JSON (text/html)", "proxy"]);
    let page = with_body("403 Forbidden", "text/html", "<html>Blocked</html>");
    is_told(&answers(page), "forbidden", &["status 403"]);
    let page = with_body("407 Proxy Authentication Required", "text/html", "");
    is_told(&answers(page), "unauthorized", &["HTTPS_PROXY"]);
    let page = with_body("404 Not Found", "text/html", "<html>nginx</html>");
    is_told(&answers(page), "config_invalid", &["status 404", "check that the URL"]);
}

#[test]
fn a_wrong_key_is_told_and_not_quoted() {
    let body = format!(r#"{{"error": {{"code": "unauthorized", "message": "no key {KEY}"}}}}"#);
    let finished = answers(with_body("401 Unauthorized", "application/json", &body));
    is_told(&finished, "unauthorized", &["no key ***", "give a valid, unexpired API key"]);
    // Among others, and where a long text is cut.
    let padding = "x".repeat(490);
    let others = format!(
        r#"{{"error": {{"code": "unknown_field", "message": "{padding} {KEY}", "details": {{"errors": [
            {{"code": "unknown_field", "message": "m"}},
            {{"code": "unknown_field", "message": "no {KEY}", "field": "{KEY}"}}]}}}}}}"#
    );
    let answer = with_body("400 Bad Request", "application/json", &others);
    let url = format!("http://{}/api/v2", odd(answer).address);
    let options =
        RemoteOptions { api_key: Some(ApiKey::new(KEY).unwrap()), ..RemoteOptions::default() };
    let error = open_remote(&url, options).unwrap().record_type("contact").unwrap_err();
    let shown = format!("{error:#?} {:?}", error.faults_to_json());
    assert!(shown.contains("unknown_field") && !shown.contains(&KEY[..5]), "{shown}");
    let old =
        r#"{"error": "UnauthorizedError", "message": "API key has expired", "details": null}"#;
    let finished = answers(with_body("401 Unauthorized", "application/json", old));
    is_told(&finished, "unauthorized", &["API key has expired", "give a valid, unexpired API key"]);
}

#[test]
fn a_redirect_is_told_and_the_key_does_not_follow_it() {
    let other = odd(with_body("200 OK", "application/json", "{}"));
    let to = format!("http://{}/elsewhere?token=hunter2", other.address);
    let redirect =
        format!("HTTP/1.1 307 Temporary Redirect\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
    let first = odd(redirect);
    let finished = ask(&format!("http://{}/api/v2", first.address));
    is_told(&finished, "config_invalid", &["redirects to", "/elsewhere", "the key was not sent"]);
    assert!(!finished.errors.contains("hunter2"), "{finished:?}");
    assert!(first.heard.lock().unwrap()[0].to_lowercase().contains("authorization: bearer"));
    assert!(other.heard.lock().unwrap().is_empty(), "somebody followed");
}

#[test]
fn the_key_is_sent_in_the_header_alone() {
    let server = odd(with_body("400 Bad Request", "application/json", "{}"));
    is_told(&ask(&format!("http://{}/api/v2", server.address)), "invalid_request", &[]);
    let heard = server.heard.lock().unwrap()[0].clone();
    let with_key: Vec<&str> = heard.lines().filter(|line| line.contains(KEY)).collect();
    assert_eq!(with_key.len(), 1, "{heard}");
    assert!(with_key[0].to_lowercase().starts_with("authorization: bearer "), "{heard}");
}

/// What the library says of an answer that it does not ask for again.
fn library(answer: impl Into<Vec<u8>>) -> Error {
    let url = format!("http://{}/api/v2", odd(answer).address);
    let options = RemoteOptions { patience: Duration::ZERO, ..RemoteOptions::default() };
    open_remote(&url, options).unwrap().record_type("contact").unwrap_err()
}

#[test]
fn an_answer_that_ends_in_the_middle_may_be_asked_for_again() {
    for answer in [
        with_body("200 OK", "application/json", r#"{"api_name": "con"#),
        "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"api_name\"".to_owned(),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"api\r\n".to_owned(),
    ] {
        let error = library(answer.clone());
        assert_eq!(
            (error.code(), error.retry()),
            (ErrorCode::Unavailable, Retry::Backoff),
            "{answer}"
        );
        assert!(error.message().contains("ends in the middle"), "{error:#}");
        assert_eq!(error.remedy(), "try again later");
    }
}

#[test]
fn faults_of_the_service_may_pass_and_say_how_long_they_take() {
    let error = library(with_body("500 Internal Server Error", "text/plain", "oops"));
    assert_eq!((error.code(), error.retry()), (ErrorCode::Unavailable, Retry::Backoff));
    let answer = with_body("503 Service Unavailable", "text/html", "<html>");
    let error = library(answer.replace("Content-Type", "Retry-After: 120\r\nContent-Type"));
    assert_eq!(error.retry(), Retry::After(Duration::from_secs(120)));
    let quota = with_body("429 Too Many Requests", "application/json", "{}");
    let date = "Retry-After: Fri, 31 Dec 2100 23:59:59 GMT\r\nContent-Type";
    let error = library(quota.replace("Content-Type", date));
    assert_eq!(error.code(), ErrorCode::RateLimited);
    assert!(matches!(error.retry(), Retry::After(wait) if wait > Duration::from_secs(86400)));
    // More than any clock can count to.
    for header in
        ["Retry-After: 9999999999999999999", "x-ratelimit-remaining: 0\r\nx-ratelimit-reset: 1e300"]
    {
        let error = library(quota.replace("Content-Type", &format!("{header}\r\nContent-Type")));
        assert_eq!(error.code(), ErrorCode::RateLimited, "{header}");
    }
}

#[test]
fn a_list_where_an_object_is_expected_is_an_error() {
    for (body, arguments) in [
        ("[]", ["record", "query", "contact"].as_slice()),
        ("[[]]", &["record", "get", "contact", "0191e4a0-0000-7000-8000-000000000001"]),
    ] {
        let server = odd(with_body("200 OK", "application/json", body));
        let url = format!("http://{}/api/v2", server.address);
        let desk = Desk::new();
        let finished = desk.run(&[arguments, &["--workspace", &url]].concat());
        assert_eq!(finished.status, Some(1), "{finished:?}");
        assert!(!finished.errors.contains("internal"), "{finished:?}");
    }
}

#[test]
fn an_answer_without_an_end_is_not_read_to_it() {
    let mut answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n\"".to_vec();
    answer.resize(40 * 1024 * 1024, b'a');
    is_told(&answers(answer), "payload_too_large", &["32 MiB", "fewer records a page"]);
}

#[test]
fn a_certificate_that_nobody_signed_is_refused() {
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let desk = Desk::new();
    desk.write("chain.pem", certified.cert.pem());
    desk.write("key.pem", certified.signing_key.serialize_pem());
    let tls = ["--no-auth", "--tls-certificate", "chain.pem", "--tls-key", "key.pem"];
    let crm = headwater_program_tests::Served::start(&desk, &tls);
    let url = crm.base.replace("127.0.0.1", "localhost");
    assert!(url.starts_with("https://"), "{url}");
    let finished = ask(&url);
    is_told(&finished, "unavailable", &["no secure connection", "certificate", "SSL_CERT_FILE"]);
    // Named as an issuer it is trusted, for its own name alone.
    let trusting = |url: &str| {
        let mut command = desk.command(&["record", "query", "contact", "--workspace", url]);
        command.env("SSL_CERT_FILE", desk.path("chain.pem"));
        finish(command)
    };
    let trusted = trusting(&url);
    assert_eq!(trusted.status, Some(0), "{trusted:?}");
    let other = trusting(&crm.base);
    is_told(&other, "unavailable", &["no secure connection", "not valid for name"]);
}

#[test]
fn a_certificate_that_has_expired_is_refused() {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut certificate = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    certificate.not_before = rcgen::date_time_ymd(2020, 1, 1);
    certificate.not_after = rcgen::date_time_ymd(2021, 1, 1);
    let desk = Desk::new();
    desk.write("chain.pem", certificate.self_signed(&key).unwrap().pem());
    desk.write("key.pem", key.serialize_pem());
    let tls = ["--no-auth", "--tls-certificate", "chain.pem", "--tls-key", "key.pem"];
    let crm = headwater_program_tests::Served::start(&desk, &tls);
    let url = crm.base.replace("127.0.0.1", "localhost");
    let mut command = desk.command(&["record", "query", "contact", "--workspace", &url]);
    command.env("SSL_CERT_FILE", desk.path("chain.pem"));
    is_told(&finish(command), "unavailable", &["no secure connection", "expired", "certificate"]);
}

#[test]
fn a_server_that_does_not_encrypt_gets_no_key() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hears = Arc::clone(&heard);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
            let _ = stream.read_to_end(&mut hears.lock().unwrap());
        }
    });
    let finished = ask(&format!("https://{address}/api/v2"));
    is_told(&finished, "unavailable", &["no secure connection", "check the URL's host"]);
    let heard = String::from_utf8_lossy(&heard.lock().unwrap()).into_owned();
    assert!(!heard.contains(KEY), "the key was sent in clear");
}

#[test]
fn what_an_answer_says_is_left_of_the_budget_is_told() {
    let answer = with_body("400 Bad Request", "application/json", "{}");
    let answer = answer.replace("Content-Type", "x-ratelimit-remaining: 4000\r\nContent-Type");
    let url = format!("http://{}/api/v2", odd(answer).address);
    let workspace = open_remote(&url, RemoteOptions::default()).unwrap();
    assert_eq!(workspace.pace().unwrap().left, None);
    workspace.record_type("contact").unwrap_err();
    assert_eq!(workspace.pace().unwrap().left, Some(4000));
}

#[test]
fn nobody_at_the_address_is_told_soon() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    is_told(
        &ask(&format!("http://{free}/api/v2")),
        "unavailable",
        &["cannot be reached", "check the URL"],
    );
}
