//! `headwater seed`: records of a file into a workspace, those that the API only reads among them.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use headwater::{Action, Error, ErrorCode, OpenOptions, Outcome, Result, Workspace};
use serde_json::{Value as Json, json};

use crate::arguments::{ReportFormat, SeedArguments};
use crate::exit::Exit;
use crate::output;

pub(crate) fn run(arguments: &SeedArguments) -> Result<Exit> {
    let result = seed(arguments);
    if let Err(error) = &result
        && arguments.format == ReportFormat::Json
    {
        // A script that reads the result gets one also where nothing was seeded.
        output::json(&json!({ "records": [], "error": error.to_json() }))?;
    }
    result
}

fn seed(arguments: &SeedArguments) -> Result<Exit> {
    let file = open(&arguments.file)?;
    let options = OpenOptions { create: true, ..OpenOptions::default() };
    let workspace = super::open(&arguments.workspace.workspace, options)?;
    let seeded = headwater::seed(&*workspace, file)?;
    match arguments.format {
        ReportFormat::Text => output::say(&counts(&arguments.file, &seeded))?,
        ReportFormat::Json => {
            let records: Vec<Json> = seeded
                .iter()
                .map(|outcome| json!({ "action": outcome.action.name(), "id": outcome.id }))
                .collect();
            output::json(&json!({ "records": records }))?;
        }
    }
    Ok(Exit::Done)
}

/// Puts the records of a file into an open workspace; gives a line that says what became of them.
pub(super) fn from_file(workspace: &dyn Workspace, file: &Path) -> Result<String> {
    let seeded = headwater::seed(workspace, open(file)?)?;
    Ok(counts(file, &seeded))
}

fn open(file: &Path) -> Result<BufReader<File>> {
    let opened = File::open(file).map_err(|cause| {
        let what = format!("cannot open {}: {cause}", file.display());
        Error::new(ErrorCode::SourceUnavailable, what).because(cause)
    })?;
    Ok(BufReader::new(opened))
}

fn counts(file: &Path, seeded: &[Outcome]) -> String {
    let count = |action: Action| seeded.iter().filter(|outcome| outcome.action == action).count();
    format!(
        "{}: {} created, {} updated, {} unchanged",
        file.display(),
        count(Action::Created),
        count(Action::Updated),
        count(Action::Unchanged),
    )
}
