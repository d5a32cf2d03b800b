//! `headwater seed`: records of a file into a workspace, those that the API only reads among them.

use std::fs::File;
use std::io::BufReader;

use headwater::sync::error_json;
use headwater::{Action, Error, ErrorCode, OpenOptions, Result};
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
        output::json(&json!({ "records": [], "error": error_json(error) }))?;
    }
    result
}

fn seed(arguments: &SeedArguments) -> Result<Exit> {
    let name = arguments.file.display();
    let file = File::open(&arguments.file).map_err(|cause| {
        Error::new(ErrorCode::SourceUnavailable, format!("cannot open {name}: {cause}"))
            .because(cause)
    })?;
    let options = OpenOptions { create: true, ..OpenOptions::default() };
    let workspace = super::open(&arguments.workspace.workspace, options)?;
    let seeded = headwater::seed(&*workspace, BufReader::new(file))?;
    let count = |action: Action| seeded.iter().filter(|outcome| outcome.action == action).count();
    match arguments.format {
        ReportFormat::Text => output::line(&format!(
            "{name}: {} created, {} updated, {} unchanged",
            count(Action::Created),
            count(Action::Updated),
            count(Action::Unchanged),
        ))?,
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
