//! Single calls on a `--workspace` in Rust, from texts and JSON as a program has them: what
//! `baselines/calls.py` does in Python. Says on stdout, in JSON, how many microseconds each of `--count`
//! calls took: the mean of the fastest of five turns.

use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

use headwater::{OpenOptions, Result, Uuid, Workspace, assert, open};
use headwater_benches::arguments::Arguments;
use serde_json::{Map, Value as Json, json};

const TURNS: usize = 5;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            let _ = writeln!(std::io::stderr(), "calls: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> std::result::Result<(), String> {
    let arguments = Arguments::read(&["workspace", "count"])?;
    let path: String = arguments.require("workspace")?;
    let count: u32 = arguments.get("count", 10_000)?;
    let report = measure(&path, count).map_err(|error| error.to_string())?;
    writeln!(std::io::stdout(), "{report}").map_err(|cause| cause.to_string())
}

fn measure(path: &str, count: u32) -> Result<Json> {
    let workspace = open(path, OpenOptions { create: true, ..OpenOptions::default() })?;
    let workspace = &*workspace;
    let id = asserted(workspace)?.to_string();
    let get = fastest(count, || {
        workspace.get("contact", Uuid::parse_str(&id).unwrap_or_default()).map(drop)
    })?;
    let assert = fastest(count, || asserted(workspace).map(drop))?;
    Ok(json!({ "get": get, "assert": assert }))
}

/// Leaves the record as it is after the first time.
fn asserted(workspace: &dyn Workspace) -> Result<Uuid> {
    let object = |key: &str, value: &str| Map::from_iter([(key.to_owned(), Json::from(value))]);
    let matching = object("primary_email", "sarah@acme.example");
    Ok(assert(workspace, "contact", matching, object("title", "CTO"))?.id)
}

/// Microseconds a call.
fn fastest(count: u32, mut call: impl FnMut() -> Result<()>) -> Result<f64> {
    let mut fastest = f64::INFINITY;
    for _ in 0..TURNS {
        let start = Instant::now();
        for _ in 0..count {
            call()?;
        }
        fastest = fastest.min(start.elapsed().as_secs_f64());
    }
    Ok(fastest / f64::from(count) * 1e6)
}
