//! Chaos: a sync into a twin where everything goes wrong ends with exactly the expected records, and
//! asks for little more than what went wrong.
//!
//! `make chaos` is the full size; `HEADWATER_CHAOS_SEEDS` and `HEADWATER_CHAOS_ROWS` set another.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use headwater_program_tests::{Desk, Served};
use serde_json::{Value as Json, json};

/// Requests beyond the smallest number, for each of those.
const ALLOWANCE: f64 = 1.15;

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

/// Everything that a network and a service do wrong, and a rate that nobody tells.
fn faults(seed: u64, requests_per_second: u64) -> Json {
    json!({
        "seed": seed,
        "rate_limit": {"requests_per_second": requests_per_second},
        "rules": [
            {"kind": "error", "rate": 0.05},
            {"kind": "cut_after", "rate": 0.05},
            {"kind": "cut_before", "rate": 0.05},
            {"kind": "stall", "rate": 0.02},
        ],
    })
}

fn set_faults(crm: &Served, faults: &Json) {
    let (status, answer) = crm.local("PUT", "/faults", faults);
    assert_eq!(status, 200, "{answer}");
}

/// Requests so far, those that something was done to, and those that were too fast.
fn told(crm: &Served) -> (u64, u64) {
    let told = crm.local("GET", "/faults", &Json::Null).1["data"].clone();
    let injected: u64 =
        told["injected"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum();
    (told["requests"].as_u64().unwrap(), injected)
}

/// What the records are, by e-mail.
fn contents(crm: &Served) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut body = json!({"limit": 100});
    loop {
        let (status, page) = crm.post("/contact/_query", &body);
        assert_eq!(status, 200, "{page}");
        for record in page["data"].as_array().unwrap() {
            let text =
                |name: &str| record["attributes"][name]["value"].as_str().unwrap().to_owned();
            let title = format!("{} {}", text("first_name"), text("title"));
            found.entry(text("primary_email")).or_default().push(title);
        }
        match &page["next_cursor"] {
            Json::Null => return found,
            cursor => body = json!({"cursor": cursor, "limit": 100}),
        }
    }
}

/// One run, killed `kills` times and resumed.
fn survives(seed: u64, rows: u64, kills: u64) {
    let desk = Desk::new();
    let crm = Served::start_without_workspace(&desk, &["--temporary", "--no-auth", "--twin"]);
    let mut people = String::from("mail,first,title\n");
    let mut expected = BTreeMap::new();
    for row in 0..rows {
        writeln!(people, "p{row}@x.example,F{row},T{row}").unwrap();
        expected.insert(format!("p{row}@x.example"), vec![format!("F{row} T{row}")]);
    }
    desk.write("people.csv", people);
    desk.write(
        "job.toml",
        format!(
            "[source]\nconnector = \"csv\"\nconfig = {{ path = \"people.csv\" }}\n\
             [target]\nworkspace = \"{}\"\nledger = \"crm.ledger\"\n\
             [[streams]]\nrecord_type = \"contact\"\nmatch = \"primary_email\"\n\
             [streams.attributes]\nprimary_email = \"mail\"\nfirst_name = \"first\"\ntitle = \"title\"\n",
            crm.base
        ),
    );
    // The rate changes while the run goes on: how far it is, the twin counts.
    let rates = [4000, 400, 2000];
    set_faults(&crm, &faults(seed, rates[0]));
    let share = rows / (kills + 1);
    let (mut wasted, mut next_rate) = (0, 1);
    for kill in 0..=kills {
        let mut child = desk.start(&["sync", "job.toml", "--format", "json"]);
        loop {
            let (requests, _) = told(&crm);
            if next_rate < rates.len() && requests > rows * next_rate as u64 / 3 {
                set_faults(&crm, &faults(seed + next_rate as u64, rates[next_rate]));
                next_rate += 1;
            }
            if kill < kills && requests > share * (kill + 1) {
                child.kill().unwrap();
                child.wait().unwrap();
                // A batch and what was under way may be asked for again, and the schema.
                wasted += 500 + 32 + 10;
                break;
            }
            if let Some(status) = child.try_wait().unwrap() {
                let output = child.wait_with_output().unwrap();
                let (output, errors) = (output.stdout, output.stderr);
                let report = String::from_utf8_lossy(&output) + String::from_utf8_lossy(&errors);
                assert!(status.success(), "seed {seed}: {report}");
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    let (requests, injected) = told(&crm);
    assert_eq!(crm.local("DELETE", "/faults", &Json::Null).0, 200);
    let found = contents(&crm);
    assert_eq!(found.len(), expected.len(), "seed {seed}: records");
    assert!(found == expected, "seed {seed}: the records differ");
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "some thousands"
    )]
    let allowed = (rows as f64 * ALLOWANCE) as u64 + injected + wasted;
    assert!(requests <= allowed, "seed {seed}: {requests} requests, {allowed} are allowed");
    assert!(injected > rows / 20, "seed {seed}: only {injected} requests met a fault");
    let told =
        format!("seed {seed}: {rows} rows, {kills} kills, {requests} requests, {injected} faults");
    let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("{told}\n").as_bytes());
}

#[test]
fn whatever_goes_wrong_every_record_arrives_once() {
    let rows = setting("HEADWATER_CHAOS_ROWS", 1500);
    for seed in 0..setting("HEADWATER_CHAOS_SEEDS", 2) {
        survives(seed, rows, seed % 4);
    }
}
