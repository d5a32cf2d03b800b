//! Clients that are bad company: slow to send, slow to read, many at once, unclear where a request ends.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use headwater_program_tests::{Desk, Served};
use serde_json::json;

/// What a server may take more than before, in KiB, whatever was sent to it.
const MOST_GROWTH: u64 = 64 * 1024;
/// Connections at once; each of them takes a file handle on both sides.
const CROWD: usize = 2000;

/// What the server has in memory, in KiB.
fn memory(crm: &Served) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", crm.child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn statuses(answers: &str) -> Vec<&str> {
    answers.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect()
}

#[test]
fn requests_in_one_go_are_answered_in_order() {
    let desk = Desk::new();
    let crm = Served::start(&desk, &["--no-auth"]);
    let health = "GET /api/v2/health HTTP/1.1\r\nHost: crm\r\n";
    let nothing = "GET /api/v2/contract/_query HTTP/1.1\r\nHost: crm\r\n\r\n";
    let text = format!("{health}\r\n{nothing}{health}Connection: close\r\n\r\n");
    assert_eq!(statuses(&crm.send_raw(text.as_bytes())), ["200", "405", "200"]);
}

/// Where two readers of the same bytes may see other requests, there is one answer at most, and then
/// the connection ends: what follows is never taken for a request.
#[test]
fn where_a_request_ends_is_never_in_doubt() {
    let desk = Desk::new();
    let crm = Served::start(&desk, &["--no-auth"]);
    let hidden = "POST /api/v2/account HTTP/1.1\r\nHost: crm\r\nContent-Length: 34\r\n\r\n\
                  {\"attributes\": {\"name\": \"smuggled\"}}";
    let chunked = "0\r\n\r\n";
    for (framing, begins) in [
        ("Content-Length: 5\r\nTransfer-Encoding: chunked", chunked),
        ("Transfer-Encoding: chunked\r\nContent-Length: 5", chunked),
        ("Transfer-Encoding: xchunked", chunked),
        ("Transfer-Encoding: chunked, identity", chunked),
        ("Transfer-Encoding : chunked", chunked),
        ("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\nContent-Length: 5", chunked),
        ("Content-Length: +2", "{}"),
        ("Content-Length: 2, 2", "{}"),
        ("Content-Length: 2\r\nContent-Length: 20", "{}"),
        ("Content-Length: 0x2", "{}"),
        ("Content-Length: 99999999999999999999", "{}"),
        ("Transfer-Encoding: chunked", "-1\r\n"),
        ("Transfer-Encoding: chunked", "fffffffffffffffff\r\n"),
        ("Transfer-Encoding: chunked", "0x0\r\n\r\n"),
        ("Transfer-Encoding: chunked", "2\r\n{}x\r\n0\r\n\r\n"),
        ("X-Fold: a\r\n b\r\nContent-Length: 2", "{}"),
        ("X-Bare: a\rContent-Length: 0\r\nContent-Length: 2", "{}"),
    ] {
        let head =
            format!("POST /api/v2/contact/_query HTTP/1.1\r\nHost: crm\r\n{framing}\r\n\r\n");
        let answers = crm.send_raw(format!("{head}{begins}{hidden}").as_bytes());
        let statuses = statuses(&answers);
        assert!(statuses.len() <= 1, "{framing}: {answers}");
        assert!(
            statuses.iter().all(|status| ["200", "400"].contains(status)),
            "{framing}: {answers}"
        );
    }
    let (_, found) = crm.post("/account/_query", &json!({}));
    assert_eq!(found["data"], json!([]), "a request was smuggled in");
}

#[test]
fn a_client_that_sends_drop_by_drop_is_let_go() {
    let desk = Desk::new();
    let crm = Served::start(&desk, &["--no-auth", "--request-time", "1"]);
    let head = "POST /api/v2/contact HTTP/1.1\r\nHost: crm\r\n";
    let length = "Content-Length: 1000000\r\n\r\n{";
    for (begins, drop) in [(head.to_owned(), "X: y\r\n"), (format!("{head}{length}"), " ")] {
        let mut stream = TcpStream::connect(crm.address()).unwrap();
        stream.write_all(begins.as_bytes()).unwrap();
        // A drop in time each time: only that all of them take too long ends it.
        stream.set_read_timeout(Some(std::time::Duration::from_millis(50))).unwrap();
        let mut byte = [0];
        let ended = (0..600).any(|_| {
            let is_refused = stream.write_all(drop.as_bytes()).is_err();
            is_refused || stream.read(&mut byte).is_ok()
        });
        assert!(ended, "half a minute of {drop:?} was not enough");
    }
}

#[test]
fn a_client_that_never_reads_its_answer_is_let_go() {
    let desk = Desk::new();
    let limits = ["--no-auth", "--request-time", "1", "--max-connections", "1"];
    let crm = Served::start(&desk, &limits);
    let long = json!({"attributes": {"note_html": "x".repeat(900_000)}}).to_string();
    let mut stream = TcpStream::connect(crm.address()).unwrap();
    let head = format!(
        "POST /api/v2/note HTTP/1.1\r\nHost: crm\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        long.len()
    );
    stream.write_all(format!("{head}{long}").as_bytes()).unwrap();
    let mut made = String::new();
    stream.read_to_string(&mut made).unwrap();
    let (_, body) = made.split_once("\r\n\r\n").unwrap();
    let made: serde_json::Value = serde_json::from_str(body).unwrap();
    let path = format!("/api/v2/note/{}", made["data"]["id"].as_str().unwrap());

    // More than any buffer between the two holds.
    let mut deaf = TcpStream::connect(crm.address()).unwrap();
    let ask = format!("GET {path} HTTP/1.1\r\nHost: crm\r\n\r\n");
    deaf.write_all(ask.repeat(50).as_bytes()).unwrap();
    // There is room for one connection: this one is answered once the other has been let go.
    assert_eq!(crm.send("GET", "/health", b"").0, 200);
    drop(deaf);
}

#[test]
fn a_crowd_takes_little_and_keeps_nobody_out() {
    let desk = Desk::new();
    let crm = Served::start(&desk, &["--no-auth", "--max-connections", "4000"]);
    assert_eq!(crm.send("GET", "/health", b"").0, 200);
    let before = memory(&crm);
    let crowd: Vec<TcpStream> = (0..CROWD)
        .map(|_| {
            let mut stream = TcpStream::connect(crm.address()).unwrap();
            stream.write_all(b"POST /api/v2/contact HTTP/1.1\r\nHost: crm\r\nX-Half: ").unwrap();
            stream
        })
        .collect();
    assert_eq!(crm.send("GET", "/health", b"").0, 200);
    let grown = memory(&crm).saturating_sub(before);
    assert!(grown < MOST_GROWTH, "{CROWD} connections take {grown} KiB");
    for stream in &crowd {
        stream.shutdown(Shutdown::Both).unwrap();
    }
    assert_eq!(crm.send("GET", "/health", b"").0, 200);
}

#[test]
fn what_is_refused_leaves_nothing_in_memory() {
    let desk = Desk::new();
    let crm = Served::start(&desk, &["--no-auth"]);
    let post = |body: &[u8]| {
        let head = "POST /api/v2/contact HTTP/1.1\r\nHost: crm\r\nConnection: close\r\n";
        [format!("{head}Content-Length: {}\r\n\r\n", body.len()).as_bytes(), body].concat()
    };
    let nested = [vec![b'['; 400_000], vec![b']'; 400_000]].concat();
    let unknown: Vec<String> = (0..2_000).map(|name| format!("\"made up {name}\": 1")).collect();
    let unknown = format!("{{\"attributes\": {{{}}}}}", unknown.join(", "));
    let long = "x".repeat(300_000);
    let requests = [
        post(&vec![b' '; 10_000_000]),
        post(&nested),
        post(unknown.as_bytes()),
        post(format!("{{\"attributes\": {{\"primary_email\": \"{long}\"}}}}").as_bytes()),
        format!("GET /api/v2/contact/{long} HTTP/1.1\r\nHost: crm\r\n\r\n").into_bytes(),
    ];
    let send_all = |round: usize| {
        for request in &requests {
            let _ = crm.send_raw(request);
        }
        // Neither what is counted nor what is logged may grow by what clients make up.
        for name in 0..20 {
            assert_eq!(crm.send("GET", &format!("/made_up_{round}_{name}"), b"").0, 405);
        }
    };
    (0..5).for_each(send_all);
    let before = memory(&crm);
    (5..25).for_each(send_all);
    let grown = memory(&crm).saturating_sub(before);
    assert!(grown < MOST_GROWTH, "{grown} KiB more after twenty rounds");
}
