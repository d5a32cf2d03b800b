//! One module a command.

pub(crate) mod connectors;
pub(crate) mod history;
pub(crate) mod job;
pub(crate) mod journal;
pub(crate) mod keys;
pub(crate) mod record;
pub(crate) mod schema;
pub(crate) mod seed;
pub(crate) mod serve;
pub(crate) mod sync;

use std::sync::Arc;

use headwater::source::{Control, LogLevel};
use headwater::sync::{Job, Secrets};
use headwater::value::read_json;
use headwater::{ActingAs, Actor, Error, ErrorCode, OpenOptions, Result, Workspace};
use headwater_host::testkit::Subject;
use serde_json::{Map, Value as Json, json};
use tempfile::TempDir;

use crate::Finder;
use crate::arguments::ReportFormat;
use crate::exit::Exit;
use crate::output;

/// Opens a workspace that is there already.
fn open_existing(url: &str) -> Result<Box<dyn Workspace>> {
    open(url, OpenOptions::default())
}

/// Opens a workspace; what is changed in it is logged as done with this program.
fn open(url: &str, options: OpenOptions) -> Result<Box<dyn Workspace>> {
    Ok(Box::new(ActingAs::new(headwater::open(url, options)?, Actor::named("cli"))))
}

/// A folder that is gone with what is made of this.
fn temporary_folder() -> Result<TempDir> {
    tempfile::Builder::new().prefix("headwater-").tempdir().map_err(|cause| {
        let what = format!("cannot make a folder that is temporary: {cause}");
        Error::new(ErrorCode::StoreIo, what).because(cause)
    })
}

/// The result; as JSON a failure is told of on stdout too, where a script looks for the answer.
pub(crate) fn told(result: Result<Exit>, format: ReportFormat) -> Result<Exit> {
    if let (Err(error), ReportFormat::Json) = (&result, format) {
        output::json(&json!({ "ok": false, "error": error.to_json() }))?;
    }
    result
}

/// The connector of a job.
fn connector_of(job: &Job, finder: &dyn Finder) -> Result<Arc<dyn Subject>> {
    finder.find(&job.connector_name())
}

/// A control whose log lines go to stderr, secrets hidden.
fn control(secrets: &Secrets) -> Control {
    let secrets = secrets.clone();
    Control::new(move |level, message| {
        let label = match level {
            LogLevel::Error => "error",
            LogLevel::Warn => "warning",
            LogLevel::Info => "info",
            LogLevel::Debug => return,
        };
        output::note(&format!("connector {label}: {}", secrets.hide(message)));
    })
}

/// A JSON object from an argument, or from stdin for `-`.
fn object(argument: &str, what: &str) -> Result<Map<String, Json>> {
    let wrong = |why: String| {
        Error::new(ErrorCode::InvalidRequest, format!("the {what} are not a JSON object: {why}"))
            .hint("quote it for the shell, for example '{\"title\": \"CTO\"}'")
    };
    let text = if argument == "-" {
        std::io::read_to_string(std::io::stdin()).map_err(|cause| wrong(cause.to_string()))?
    } else {
        argument.to_owned()
    };
    match read_json(text.as_bytes()) {
        Ok(Json::Object(object)) => Ok(object),
        Ok(other) => Err(wrong(format!("found {other}"))),
        Err(cause) => Err(wrong(cause.to_string())),
    }
}
