//! `headwater check`, `discover`, `job-schema`: a job and its source, before anything is read.

use headwater::Result;
use headwater::sync::{
    JOB_SCHEMA, Job, check as check_job, description_json, discover as discover_job,
};
use serde_json::{Value as Json, json};

use crate::Finder;
use crate::arguments::{JobArguments, ReportFormat};
use crate::exit::Exit;
use crate::output;

pub(crate) fn check(arguments: &JobArguments, finder: &dyn Finder) -> Result<Exit> {
    let job = Job::from_file(&arguments.job)?;
    let connector = super::connector_of(&job, finder)?;
    let control = super::control(&job.secrets);
    let streams = check_job(&job, &*connector, &*job.schema()?, &control)?;
    match arguments.format {
        ReportFormat::Json => {
            let names: Vec<&str> = streams.iter().map(|stream| stream.name.as_str()).collect();
            output::json(&json!({ "ok": true, "streams": names }))?;
        }
        ReportFormat::Text => {
            for (job, stream) in job.streams.iter().zip(&streams) {
                output::say(&format!("{} -> {}: ok", stream.name, job.record_type))?;
            }
        }
    }
    Ok(Exit::Done)
}

pub(crate) fn discover(arguments: &JobArguments, finder: &dyn Finder) -> Result<Exit> {
    let job = Job::from_file(&arguments.job)?;
    let connector = super::connector_of(&job, finder)?;
    let control = super::control(&job.secrets);
    let streams = discover_job(&job, &*connector, &control)?;
    match arguments.format {
        ReportFormat::Json => {
            let streams: Vec<Json> = streams.iter().map(description_json).collect();
            output::json(&json!({ "streams": streams }))?;
        }
        ReportFormat::Text => {
            for stream in &streams {
                let more = if stream.fields_are_complete { "" } else { " (there may be more)" };
                output::say(&format!("{}: {} columns{more}", stream.name, stream.fields.len()))?;
                for field in &stream.fields {
                    let key = if field.is_key { ", key" } else { "" };
                    output::say(&format!("  {}  {}{key}", field.name, field.value_type))?;
                }
            }
        }
    }
    Ok(Exit::Done)
}

pub(crate) fn schema() -> Result<Exit> {
    output::write_all(JOB_SCHEMA)?;
    Ok(Exit::Done)
}
