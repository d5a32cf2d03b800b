//! What a sync into a remote workspace will take and how fast it goes: the estimate, the progress, and one
//! budget for all streams of a job.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::VecDeque;

use headwater::source::{
    Batch, Checkpoint, Connector, ConnectorDescription, Control, Payload, ReadRequest, Source,
    Stream, StreamDescription, StreamField,
};
use headwater::sync::{Job, Progress, RunOptions, run};
use headwater::{RequestPace, Result};
use headwater_program_tests::{Desk, Served};
use serde_json::{Value as Json, json};

/// Rows of each stream.
const ROWS: usize = 30;
const MANY: usize = 2000;
const BUDGET: f64 = 400.0;

/// A source of people and companies.
struct Two(ConnectorDescription);

impl Connector for Two {
    fn description(&self) -> &ConnectorDescription {
        &self.0
    }

    fn open(&self, _config: &Json) -> Result<Box<dyn Source>> {
        Ok(Box::new(Rows))
    }
}

struct Rows;

impl Source for Rows {
    fn check(&mut self, _control: &Control) -> Result<Vec<StreamDescription>> {
        let field = StreamField { name: "key".into(), value_type: "string".into(), is_key: true };
        let stream = |name: &str| StreamDescription {
            name: name.into(),
            fields: vec![field.clone()],
            fields_are_complete: true,
            is_incremental: false,
            position_unit: "row".into(),
        };
        Ok(vec![stream("people"), stream("companies"), stream("many")])
    }

    fn read(&mut self, _control: &Control, request: &ReadRequest) -> Result<Box<dyn Stream + '_>> {
        let key = |row: usize| match request.stream.as_str() {
            "companies" => format!("c{row}.example"),
            _ => format!("p{row}@x.example"),
        };
        let many = if request.stream == "many" { MANY } else { ROWS };
        let rows: Vec<_> = (0..many).map(|row| json!({ "key": key(row) }).to_string()).collect();
        let batches = rows.chunks(request.batch_rows).map(<[_]>::to_vec).collect();
        Ok(Box::new(Batches(batches)))
    }
}

/// The rows of each batch.
struct Batches(VecDeque<Vec<String>>);

impl Stream for Batches {
    fn next(&mut self, _control: &Control) -> Result<Option<Batch>> {
        let place = self.0.len().to_string().into_bytes();
        let batch = |rows: Vec<String>| -> Result<Batch> {
            Ok(Batch {
                part: String::new(),
                payload: Payload::JsonLines(rows.join("\n") + "\n"),
                row_count: rows.len(),
                positions: Vec::new(),
                bad_rows: Vec::new(),
                checkpoint: Checkpoint::new(place)?,
            })
        };
        self.0.pop_front().map(batch).transpose()
    }
}

fn two() -> Two {
    Two(ConnectorDescription {
        name: "two".into(),
        version: "1.0.0".into(),
        config_schema: json!({}),
    })
}

fn requests(crm: &Served) -> u64 {
    crm.local("GET", "/faults", &Json::Null).1["data"]["requests"].as_u64().unwrap()
}

#[test]
fn the_streams_of_a_job_share_one_budget() {
    let desk = Desk::new();
    let crm = Served::start(&desk, &["--no-auth", "--twin"]);
    let job = format!(
        r#"
[source]
connector = "two"
[target]
workspace = "{}"
ledger = "crm.ledger"
requests_per_second = {BUDGET}
[[streams]]
source = "people"
record_type = "contact"
match = "primary_email"
[streams.attributes]
primary_email = "key"
[[streams]]
source = "companies"
record_type = "account"
match = "domains"
[streams.attributes]
domains = "key"
"#,
        crm.base
    );
    let job = Job::parse(&job, desk.folder()).unwrap();
    let connector = two();
    let workspace = job.open_workspace().unwrap();
    let mut told: Vec<(String, RequestPace)> = Vec::new();
    let report = run(
        &job,
        &connector,
        &*workspace,
        RunOptions::default(),
        &Control::default(),
        &mut |progress| told.push((progress.stream.source.clone(), progress.pace.unwrap())),
    );
    assert!(report.unwrap().error.is_none());
    let last = |name: &str| told.iter().rfind(|(source, _)| source == name).unwrap().1;
    let (people, companies) = (last("people"), last("companies"));
    // What has passed the one gate is all that the workspace was asked.
    assert!(people.requests >= ROWS as u64, "{told:?}");
    assert!(companies.requests >= people.requests + ROWS as u64, "{told:?}");
    assert_eq!(companies.requests, requests(&crm));
    assert!(told.iter().all(|(_, pace)| pace.allowed == Some(BUDGET)), "{told:?}");
}

#[test]
fn a_run_is_estimated_before_it_and_told_of_as_it_goes() {
    let desk = Desk::new();
    let crm = Served::start(&desk, &["--no-auth", "--twin"]);
    let rows = (0..ROWS).map(|row| format!("p{row}@x.example\n"));
    desk.write("people.csv", format!("mail\n{}", rows.collect::<String>()));
    desk.write(
        "job.toml",
        format!(
            "[source]\nconnector = \"csv\"\nconfig = {{ path = \"people.csv\" }}\n\
             [target]\nworkspace = \"{}\"\nrequests_per_second = 15\n\
             [[streams]]\nrecord_type = \"contact\"\nmatch = \"primary_email\"\n\
             [streams.attributes]\nprimary_email = \"mail\"\n",
            crm.base
        ),
    );
    let finished = desk.run(&["sync", "job.toml", "--estimate"]);
    assert_eq!(finished.status, Some(0), "{finished:?}");
    let estimate = format!(
        "estimate: {ROWS} rows, 0 unchanged, 0 refused, {ROWS} requests, \
         about 2 s at the rate that is allowed"
    );
    assert!(finished.errors.contains(&estimate), "{finished:?}");
    // A request for each row; the schema was asked for before the run.
    let progress = format!(" {ROWS} requests at ");
    let line = finished.errors.lines().find(|line| line.contains(&progress));
    let line = line.unwrap_or_else(|| panic!("no progress: {finished:?}"));
    assert!(line.contains(" of 15/s allowed") && line.ends_with(", about 0 s to go"), "{line}");
}

#[test]
fn a_commit_is_of_what_the_workspace_takes_not_of_what_was_hoped_for() {
    let desk = Desk::new();
    let crm = Served::start(&desk, &["--no-auth", "--twin"]);
    let job = format!(
        r#"
[source]
connector = "two"
[target]
workspace = "{}"
ledger = "crm.ledger"
[[streams]]
source = "many"
record_type = "contact"
match = "primary_email"
[streams.attributes]
primary_email = "key"
"#,
        crm.base
    );
    let job = Job::parse(&job, desk.folder()).unwrap();
    let workspace = job.open_workspace().unwrap();
    let mut read = vec![0];
    let mut observe = |progress: &Progress<'_>| read.push(progress.stream.counts.read);
    let (options, control) = (RunOptions::default(), Control::default());
    let report = run(&job, &two(), &*workspace, options, &control, &mut observe).unwrap();
    assert!(report.error.is_none(), "{report:?}");
    let commits: Vec<u64> = read.windows(2).map(|pair| pair[1] - pair[0]).collect();
    // A few while nothing is known; as much as goes in some seconds once it is known to be fast.
    assert_eq!((commits[0], commits.iter().sum::<u64>()), (100, MANY as u64), "{commits:?}");
    assert!(commits.iter().any(|rows| *rows > 500), "{commits:?}");
}
