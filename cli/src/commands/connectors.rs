//! `headwater connectors`: the libraries that can be found, what they are, and whether they hold.

use headwater::source::Connector as _;
use headwater::{Error, ErrorCode, Result};
use headwater_host::testkit::{self, Outcome};
use serde_json::{Value as Json, json};

use crate::Finder;
use crate::arguments::{ConnectorsCommand, ReportFormat};
use crate::exit::Exit;
use crate::output;

pub(crate) fn run(command: &ConnectorsCommand, finder: &dyn Finder) -> Result<Exit> {
    match command {
        ConnectorsCommand::List { format } => list(*format, finder),
        ConnectorsCommand::Info { name } => info(name, finder),
        ConnectorsCommand::Test { library, config } => test(library, config.as_deref(), finder),
    }
}

fn list(format: ReportFormat, finder: &dyn Finder) -> Result<Exit> {
    let found = finder.list();
    match format {
        ReportFormat::Json => {
            let connectors: Vec<Json> = found
                .iter()
                .map(|entry| match &entry.connector {
                    Ok(connector) => json!({
                        "name": entry.name,
                        "version": connector.description().version, "path": entry.path,
                    }),
                    Err(error) => json!({
                        "path": entry.path,
                        "error": { "code": error.code().name(), "message": error.message() },
                    }),
                })
                .collect();
            output::json(&json!({ "connectors": connectors }))?;
        }
        ReportFormat::Text => {
            let rows: Vec<Vec<String>> = found
                .iter()
                .map(|entry| {
                    let path = entry.path.display().to_string();
                    match &entry.connector {
                        Ok(connector) => {
                            vec![entry.name.clone(), connector.description().version.clone(), path]
                        }
                        Err(error) => vec![String::new(), error.to_string(), path],
                    }
                })
                .collect();
            output::table(&["name", "version", "path"], &rows)?;
        }
    }
    Ok(Exit::Done)
}

fn info(name: &str, finder: &dyn Finder) -> Result<Exit> {
    let connector = finder.find(name)?;
    let description = connector.description();
    output::json(&json!({
        "name": description.name, "version": description.version, "path": connector.path(),
        "config_schema": description.config_schema,
    }))?;
    Ok(Exit::Done)
}

fn test(library: &str, config: Option<&str>, finder: &dyn Finder) -> Result<Exit> {
    let config: Option<Json> = config
        .map(|text| {
            serde_json::from_str(text).map_err(|cause| {
                Error::new(ErrorCode::InvalidRequest, format!("the config is not JSON: {cause}"))
            })
        })
        .transpose()?;
    let connector = finder.find(library)?;
    let report = testkit::run(&*connector, config.as_ref(), &testkit::Options::default());
    for check in &report.checks {
        let outcome = match check.outcome {
            Outcome::Passed => "passed",
            Outcome::Failed => "failed",
            Outcome::Skipped => "skipped",
        };
        let line = format!("{outcome:<7} {}: {}", check.name, check.detail);
        output::unless_gone(output::line(&line))?;
    }
    Ok(if report.is_passed() { Exit::Done } else { Exit::Failed })
}
