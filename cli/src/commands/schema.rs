//! `headwater schema`: custom objects and custom fields of a workspace.

use std::path::Path;

use headwater::{Declarations, Error, ErrorCode, OpenOptions, Result};
use serde_json::json;

use crate::arguments::{ReportFormat, SchemaCommand};
use crate::exit::Exit;
use crate::output;

pub(crate) fn run(command: &SchemaCommand) -> Result<Exit> {
    let SchemaCommand::Apply { file, workspace, format } = command;
    super::told(apply(file, &workspace.workspace, *format), *format)
}

fn apply(file: &Path, workspace: &str, format: ReportFormat) -> Result<Exit> {
    let text = std::fs::read_to_string(file).map_err(|cause| {
        let what = format!("cannot read {}: {cause}", file.display());
        Error::new(ErrorCode::ConfigInvalid, what).because(cause)
    })?;
    let declarations = Declarations::parse(&text)?;
    let options = OpenOptions { create: true, ..OpenOptions::default() };
    let declared = headwater::open(workspace, options)?.declare(declarations)?;
    match format {
        ReportFormat::Json => {
            output::json(&json!({ "added": declared.added, "changed": declared.changed }))?;
        }
        ReportFormat::Text => {
            let lines = [("added", &declared.added), ("changed", &declared.changed)];
            for (what, names) in lines {
                for name in names {
                    output::say(&format!("{what} {name}"))?;
                }
            }
            if lines.iter().all(|(_, names)| names.is_empty()) {
                output::line("nothing new")?;
            }
        }
    }
    Ok(Exit::Done)
}
