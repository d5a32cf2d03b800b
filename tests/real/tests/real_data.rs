//! Runs the jobs over the real data and compares every count and a few records with figures
//! that an independent model gave (`model.py`, `expected.json`).
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

mod program;
mod records;

use std::fs;
use std::path::Path;

use serde_json::Value as Json;

use program::Program;

/// The counts that are compared, as they stand in the report and in `expected.json`.
const COUNTS: [&str; 5] = ["read", "created", "updated", "unchanged", "rejected"];

/// Runs a scenario's steps into one workspace, then looks its records up.
fn check(scenario: &str) {
    let Some(program) = Program::find() else { return };
    let expected = expected(scenario);
    let folder = tempfile::tempdir().expect("a folder for the workspace");
    let workspace = folder.path().join("crm.db");
    let mut faults = Vec::new();
    for (number, step) in list(&expected["steps"]).iter().enumerate() {
        let job = step["job"].as_str().expect("the name of a job");
        let args: Vec<&str> = list(&step["args"]).iter().filter_map(Json::as_str).collect();
        let place = format!("step {} ({job} {})", number + 1, args.join(" "));
        let found = program.sync(job, &args, &workspace);
        for fault in differences(step, &found) {
            faults.push(format!("{place}: {fault}"));
        }
    }
    for record in list(&expected["records"]) {
        faults.extend(records::differences(&program, &workspace, record));
    }
    assert!(faults.is_empty(), "{scenario}:\n  {}", faults.join("\n  "));
}

/// What is expected of a scenario.
fn expected(scenario: &str) -> Json {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("expected.json");
    let text = fs::read_to_string(&path).expect("expected.json");
    let all: Json = serde_json::from_str(&text).expect("expected.json is JSON");
    list(&all)
        .iter()
        .find(|one| one["scenario"] == scenario)
        .unwrap_or_else(|| panic!("expected.json has no scenario {scenario}"))
        .clone()
}

/// What is wrong with one run: the exit status, the state, the counts.
fn differences(step: &Json, found: &program::Run) -> Vec<String> {
    let mut faults = Vec::new();
    let status = if step["rejected"] == 0 { 0 } else { 2 };
    if found.status != Some(status) {
        let errors = found.errors.trim();
        faults.push(format!("exit status {:?}, expected {status}; {errors}", found.status));
    }
    if found.report["state"] != "done" {
        faults.push(format!("state {}, expected \"done\"", found.report["state"]));
    }
    let streams = list(&found.report["streams"]);
    let [stream] = streams else {
        faults.push(format!("{} streams in the report, expected 1", streams.len()));
        return faults;
    };
    for count in COUNTS {
        if stream[count] != step[count] {
            faults.push(format!("{count} {}, expected {}", stream[count], step[count]));
        }
    }
    if stream["archived"] != 0 {
        faults.push(format!("archived {}, expected 0", stream["archived"]));
    }
    if stream["rejects"] != step["rejects"] {
        faults.push(format!("rejects {}, expected {}", stream["rejects"], step["rejects"]));
    }
    faults
}

/// The elements of an array; none where there is no array.
fn list(value: &Json) -> &[Json] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Every scenario of `expected.json` has a test here, so that none is forgotten.
macro_rules! scenarios {
    ($($name:ident),* $(,)?) => {
        $(#[test]
        fn $name() {
            check(stringify!($name));
        })*

        #[test]
        fn every_scenario_is_tested() {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("expected.json");
            let text = fs::read_to_string(&path).expect("expected.json");
            let all: Json = serde_json::from_str(&text).expect("expected.json is JSON");
            let expected: Vec<&str> =
                list(&all).iter().filter_map(|one| one["scenario"].as_str()).collect();
            assert_eq!(expected, [$(stringify!($name)),*]);
        }
    };
}

scenarios! {
    hipo_universities,
    congress_legislators,
    congress_legislators_terms_again,
    nhs_sites,
    nhs_websites,
    salesforce_easy_spaces,
    salesforce_lwc_recipes,
    dbt_salesforce,
    dbt_hubspot,
    atomic_crm,
    sp500,
    us_treasury_contracts,
}
