//! Writes a CSV file of contacts; says on stdout, in JSON, what it holds.
//!
//! `--rows N` contacts from the first N, or `--rows 0 --people N --known K --new M`: K of the first N and M
//! after them. `--changed 0.1` gives that share of the known ones other values, `--order` another order.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::process::ExitCode;

use headwater_benches::arguments::Arguments;
use headwater_benches::contacts::{self, Plan};
use serde_json::json;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            let _ = writeln!(std::io::stderr(), "generate: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let arguments =
        Arguments::read(&["rows", "people", "known", "new", "changed", "order", "seed", "out"])?;
    let rows: u64 = arguments.get("rows", 0)?;
    let people = arguments.get("people", rows)?;
    let changed: f64 = arguments.get("changed", 0.0)?;
    if !(0.0..=1.0).contains(&changed) {
        return Err(format!("--changed is a share between 0 and 1, not {changed}"));
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to a million")]
    let changed_per_million = (changed * 1e6).round() as u64;
    let plan = Plan {
        seed: arguments.get("seed", 1)?,
        people,
        known: arguments.get("known", rows)?,
        new: arguments.get("new", 0)?,
        changed_per_million,
        order: arguments.get("order", 1)?,
    };
    let path: String = arguments.require("out")?;
    let failed = |cause: std::io::Error| format!("{path}: {cause}");
    let mut out = BufWriter::new(File::create(&path).map_err(failed)?);
    let written = contacts::write(&plan, &mut out).map_err(failed)?;
    let report = json!({"rows": written.rows, "changed": written.changed, "bytes": written.bytes});
    writeln!(std::io::stdout(), "{report}").map_err(failed)
}
