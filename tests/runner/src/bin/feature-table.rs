//! Prints the feature table; `--write FILE` puts it into a README.

use std::io::Write;
use std::process::ExitCode;

use headwater_conformance::surface::SURFACES;
use headwater_conformance::table::{feature_table, with_table};
use headwater_conformance::{load_cases, run_cases, tests_folder};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            // Nothing is left to do where even this cannot be written.
            let _ = writeln!(std::io::stderr(), "feature-table: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let cases = load_cases(&tests_folder().join("cases"))?;
    let mut columns = Vec::new();
    for surface in &SURFACES {
        let results = run_cases(&cases, &mut *surface.start()?, surface.workspace);
        columns.push((surface.title, results));
    }
    let table = feature_table(&cases, &columns);
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [] => std::io::stdout().write_all(table.as_bytes()).map_err(|cause| cause.to_string()),
        ["--write", path] => {
            let at_path = |cause: std::io::Error| format!("{path}: {cause}");
            let readme = std::fs::read_to_string(path).map_err(at_path)?;
            let current = with_table(&readme, &table).map_err(|why| format!("{path}: {why}"))?;
            std::fs::write(path, current).map_err(at_path)
        }
        _ => Err("usage: feature-table [--write FILE]".to_owned()),
    }
}
