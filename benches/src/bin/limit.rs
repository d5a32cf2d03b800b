//! Fills the tables of `--workspace` anew in `--out`, from memory; says on stdout, in JSON, how long the
//! filling took, and fails if the two files differ afterwards.
//!
//! The clock starts when all rows are in memory and stops when the file is closed, its log moved
//! into it.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use headwater_benches::arguments::Arguments;
use headwater_benches::limit::{Rows, Settings};
use serde_json::json;

/// As the product has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            let _ = writeln!(std::io::stderr(), "limit: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let known = ["workspace", "out", "commit-records", "cache-kib", "checkpoint-pages"];
    let arguments = Arguments::read(&known)?;
    let workspace: PathBuf = arguments.require("workspace")?;
    let out: PathBuf = arguments.require("out")?;
    let usual = Settings::default();
    let settings = Settings {
        commit_records: arguments.get("commit-records", usual.commit_records)?,
        cache_kib: arguments.get("cache-kib", usual.cache_kib)?,
        checkpoint_pages: arguments.get("checkpoint-pages", usual.checkpoint_pages)?,
    };
    let failed = |cause: headwater_benches::limit::Error| cause.to_string();
    let rows = Rows::read(&workspace).map_err(failed)?;
    let start = Instant::now();
    rows.fill(&out, settings).map_err(failed)?;
    let seconds = start.elapsed().as_secs_f64();
    if let Some(difference) = Rows::difference(&workspace, &out).map_err(failed)? {
        return Err(format!("this is not the same work: {difference}"));
    }
    let report = json!({"rows": rows.records(), "seconds": seconds});
    writeln!(std::io::stdout(), "{report}").map_err(|cause| cause.to_string())
}
