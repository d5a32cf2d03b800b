//! Chaos: a sync into a twin where everything goes wrong ends with exactly the expected records, asks for
//! little more than what went wrong, and leaves a ledger that knows all of it.
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
/// From so many rows on, what kills repeat is within that too.
const MANY: u64 = 50_000;
/// Rows of a commit where there are fewer.
const COMMIT_ROWS: u64 = 500;
/// Rates that nobody tells, one after the other.
const RATES: [u64; 3] = [200, 80, 300];

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

/// How rows become records.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    /// Contacts, by `_assert`.
    Assert,
    /// Records of a type that has none: looked for, then made or changed.
    Query,
    /// Contacts that are made without a look.
    Create,
}

impl Way {
    fn record_type(self) -> &'static str {
        match self {
            Self::Query => "project",
            _ => "contact",
        }
    }

    fn key(self) -> &'static str {
        match self {
            Self::Query => "code",
            _ => "primary_email",
        }
    }

    /// Requests that a row takes, at least.
    fn requests(self) -> u64 {
        if self == Self::Query { 2 } else { 1 }
    }

    fn job(self, crm: &Served, commit_rows: Option<u64>) -> String {
        let (record_type, key) = (self.record_type(), self.key());
        let how = match self {
            Self::Create => "mode = \"create\"".to_owned(),
            _ => format!("match = \"{key}\""),
        };
        let commit_rows = commit_rows.map_or(String::new(), |rows| format!("commit_rows = {rows}"));
        format!(
            r#"
[source]
connector = "csv"
config = {{ path = "people.csv" }}
[target]
workspace = "{}"
ledger = "crm.ledger"
{commit_rows}
[[streams]]
record_type = "{record_type}"
{how}
[streams.attributes]
{key} = "key"
title = "title"
"#,
            crm.base
        )
    }
}

/// A sync, and the twin that it goes into.
struct Chaos {
    way: Way,
    seed: u64,
    desk: Desk,
    crm: Served,
}

/// What the records are, by key.
type Contents = BTreeMap<String, Vec<String>>;

impl Chaos {
    fn new(way: Way, seed: u64) -> Self {
        let desk = Desk::new();
        let crm = Served::start_without_workspace(&desk, &["--temporary", "--no-auth", "--twin"]);
        if way == Way::Query {
            let text = |name: &str| json!({"api_name": name, "display_name": name, "value_type": "string", "is_unique": name == "code"});
            let project = json!({"api_name": "project", "display_name": "Project",
                                 "attributes": [text("code"), text("title")]});
            let declared = json!({ "record_types": [project] });
            assert_eq!(crm.local("POST", "/schema", &declared).0, 200);
        }
        Self { way, seed, desk, crm }
    }

    /// Writes the file; gives what is to be there once it is delivered.
    fn write(&self, rows: impl Iterator<Item = (String, String)>) -> Contents {
        let (mut file, mut expected) = (String::from("key,title\n"), Contents::new());
        for (key, title) in rows {
            writeln!(file, "{key},{title}").unwrap();
            expected.insert(key, vec![title]);
        }
        self.desk.write("people.csv", file);
        expected
    }

    fn set_faults(&self, faults: &Json) {
        let (status, answer) = self.crm.local("PUT", "/faults", faults);
        assert_eq!(status, 200, "{answer}");
    }

    /// What was injected so far, and how many requests there were.
    fn told(&self) -> Json {
        self.crm.local("GET", "/faults", &Json::Null).1["data"].clone()
    }

    fn requests(&self) -> u64 {
        self.told()["requests"].as_u64().unwrap()
    }

    /// Requests that something was done to, those that were too fast among them.
    fn injected(&self) -> u64 {
        let told = self.told();
        let counts = told["injected"].as_object().unwrap().values();
        counts.map(|count| count.as_u64().unwrap()).sum()
    }

    fn contents(&self) -> Contents {
        let mut found = Contents::new();
        let mut body = json!({"limit": 100});
        let path = format!("/{}/_query", self.way.record_type());
        loop {
            let (status, page) = self.crm.post(&path, &body);
            assert_eq!(status, 200, "{page}");
            for record in page["data"].as_array().unwrap() {
                let text =
                    |name: &str| record["attributes"][name]["value"].as_str().unwrap().to_owned();
                found.entry(text(self.way.key())).or_default().push(text("title"));
            }
            match &page["next_cursor"] {
                Json::Null => return found,
                cursor => body = json!({"cursor": cursor, "limit": 100}),
            }
        }
    }

    /// Looks at the twin while nothing goes wrong.
    fn holds(&self, expected: &Contents, when: &str) {
        assert_eq!(self.crm.local("DELETE", "/faults", &Json::Null).0, 200);
        let found = self.contents();
        assert_eq!(found.len(), expected.len(), "{self}: records {when}");
        assert!(found == *expected, "{self}: the records differ {when}");
    }

    /// Everything that a network and a service do wrong, and a rate that nobody tells.
    fn everything(&self, requests_per_second: u64) -> Json {
        json!({
            "seed": self.seed * 1000 + requests_per_second,
            "rate_limit": {"requests_per_second": requests_per_second},
            "rules": [
                {"kind": "error", "rate": 0.05},
                {"kind": "cut_after", "rate": 0.05},
                {"kind": "cut_before", "rate": 0.05},
                {"kind": "stall", "rate": 0.02},
            ],
        })
    }

    /// A run that is killed so many times and resumed, under rates that change on the way.
    fn survive(&self, rows: u64, kills: u64) {
        let least = rows * self.way.requests();
        self.set_faults(&self.everything(RATES[0]));
        let (share, third) = (least / (kills + 1), least / 3);
        let (mut killed, mut rate) = (0, 0);
        let mut child = self.desk.start(&["sync", "job.toml", "--format", "json"]);
        loop {
            let requests = self.requests();
            if rate + 1 < RATES.len() && requests > third * (rate as u64 + 1) {
                rate += 1;
                self.set_faults(&self.everything(RATES[rate]));
            }
            if let Some(status) = child.try_wait().unwrap() {
                let output = child.wait_with_output().unwrap();
                let (output, errors) = (output.stdout, output.stderr);
                let report = String::from_utf8_lossy(&output) + String::from_utf8_lossy(&errors);
                assert!(status.success(), "{self}: {report}");
                break;
            }
            if killed < kills && requests > share * (killed + 1) {
                child.kill().unwrap();
                child.wait().unwrap();
                killed += 1;
                child = self.desk.start(&["sync", "job.toml", "--format", "json"]);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        assert_eq!((killed, rate + 1), (kills, RATES.len()), "{self}: it was over too soon");
        let (requests, injected) = (self.requests(), self.injected());
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "some thousands"
        )]
        let mut allowed = (least as f64 * ALLOWANCE) as u64 + injected;
        if rows < MANY {
            // A batch and what was under way may be asked for again, and the schema.
            allowed += kills * self.way.requests() * (COMMIT_ROWS + 32 + 10);
        }
        if self.way != Way::Assert {
            // What is not known to be made is looked for, twice where it was not.
            allowed += 2 * injected;
        }
        assert!(requests <= allowed, "{self}: {requests} requests, {allowed} are allowed");
        assert!(injected > least / 20, "{self}: only {injected} requests met a fault");
        assert!(self.way != Way::Assert || self.told()["over_rate_limit"] != 0, "{self}: no rate");
        let line = format!(
            "{self}: {rows} rows, {kills} kills, {requests} requests, {allowed} allowed, {injected} faults\n"
        );
        let _ = std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes());
    }

    fn sync(&self) -> Json {
        let finished = self.desk.run(&["sync", "job.toml", "--format", "json"]);
        assert_eq!(finished.status, Some(0), "{self}: {finished:?}");
        finished.stream()
    }

    /// The same rows again ask for no write, and leave all as it is.
    fn is_known(&self, rows: u64, expected: &Contents) {
        // Late by nothing: it counts.
        let write = json!({"kind": "latency", "milliseconds": 0, "methods": ["POST", "PATCH", "PUT", "DELETE"]});
        self.set_faults(&json!({ "rules": [write] }));
        assert_eq!(self.sync()["unchanged"], rows, "{self}");
        assert_eq!(self.told()["rules"][0]["injected"], 0, "{self}: writes of a re-sync");
        self.holds(expected, "after a re-sync");
    }

    /// Keys that come several times end as their last row says, however often the file is run.
    fn is_repeated(&self, expected: &Contents) {
        let keys = 100.min(expected.len() as u64);
        let rows =
            (0..3 * keys).map(|row| (format!("p{}@x.example", row % keys), format!("R{row}")));
        let mut all = expected.clone();
        all.extend(self.write(rows));
        for run in 0..2 {
            let rules = json!([{"kind": "error", "rate": 0.1}, {"kind": "cut_after", "rate": 0.1}]);
            self.set_faults(&json!({ "seed": self.seed + run, "rules": rules }));
            self.sync();
            self.holds(&all, "after repeated keys");
        }
    }
}

impl std::fmt::Display for Chaos {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}, seed {}", self.way, self.seed)
    }
}

fn survives(way: Way, seed: u64, rows: u64, kills: u64) {
    let chaos = Chaos::new(way, seed);
    let commit_rows = (rows < MANY).then_some(COMMIT_ROWS);
    chaos.desk.write("job.toml", way.job(&chaos.crm, commit_rows));
    let expected =
        chaos.write((0..rows).map(|row| (format!("p{row}@x.example"), format!("T{row}"))));
    chaos.survive(rows, kills);
    chaos.holds(&expected, "after the chaos");
    if way != Way::Create {
        chaos.is_known(rows, &expected);
        chaos.is_repeated(&expected);
    }
}

/// Every seed at the same time: most of it is waiting.
fn all_survive(way: Way, rows: u64) {
    std::thread::scope(|scope| {
        for seed in 0..setting("HEADWATER_CHAOS_SEEDS", 2) {
            scope.spawn(move || survives(way, seed, rows, seed % 4));
        }
    });
}

#[test]
fn whatever_goes_wrong_every_record_arrives_once() {
    all_survive(Way::Assert, setting("HEADWATER_CHAOS_ROWS", 1500));
}

#[test]
fn whatever_goes_wrong_records_without_an_assert_arrive_once() {
    all_survive(Way::Query, setting("HEADWATER_CHAOS_ROWS", 6000) / 20);
}

#[test]
fn whatever_goes_wrong_what_is_created_is_created_once() {
    all_survive(Way::Create, setting("HEADWATER_CHAOS_ROWS", 6000) / 20);
}
