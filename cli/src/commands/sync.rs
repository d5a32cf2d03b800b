//! `headwater sync`: runs a job file, or a job made from a data file.

use std::path::Path;
use std::sync::Arc;

use headwater::source::{Connector, Control};
use headwater::store::journal::RunState;
use headwater::sync::{
    Estimate, Job, Mode, Report, RunOptions, StreamJob, drift_json, error_json, estimate,
    run as run_job, verify,
};
use headwater::{ActingAs, Actor, Drift, Error, ErrorCode, Result, Workspace};
use serde_json::json;

use crate::arguments::{HistoryArgument, ModeArgument, ReportFormat, SyncArguments};
use crate::exit::Exit;
use crate::output;
use crate::progress::Display;

pub(crate) fn run(arguments: &SyncArguments) -> Result<Exit> {
    let result = sync(arguments);
    if let Err(error) = &result
        && arguments.format == ReportFormat::Json
    {
        // A script that reads the report gets one also where no run could begin.
        output::json(&json!({
            "run": null, "state": "failed", "streams": [], "error": error_json(error),
        }))?;
    }
    result
}

fn sync(arguments: &SyncArguments) -> Result<Exit> {
    let job = job(arguments)?;
    let connector = super::connector_of(&job)?;
    let workspace = ActingAs::new(job.open_workspace()?, Actor::named("cli"));
    let control = Arc::new(super::control(&job.secrets));
    let on_signal = Arc::clone(&control);
    ctrlc::set_handler(move || {
        if on_signal.is_cancelled() {
            // What is not committed is rolled back when the workspace is next opened.
            std::process::exit(Exit::Stopped.status().into());
        }
        on_signal.cancel();
    })
    .map_err(|cause| {
        Error::new(ErrorCode::Internal, format!("cannot watch for Ctrl-C: {cause}")).because(cause)
    })?;
    let options = RunOptions { full: arguments.full };
    let foreseen = foresee(arguments, &job, &*connector, &workspace, options, &control)?;
    if arguments.dry_run {
        if arguments.format == ReportFormat::Json {
            output::json(&foreseen.to_json())?;
        }
        return Ok(Exit::Done);
    }
    let mut display = Display::new(foreseen.estimate.map(|estimate| estimate.requests));
    let report = run_job(&job, &*connector, &workspace, options, &control, &mut |progress| {
        display.show(progress)
    });
    display.finish();
    let exit = match report {
        Ok(report) => tell(&report, arguments.format, &job.workspace)?,
        // Stopped while the source was opened.
        Err(error) if error.code() == ErrorCode::Cancelled && control.is_cancelled() => {
            if arguments.format == ReportFormat::Json {
                output::json(&json!({ "run": null, "state": "stopped", "streams": [] }))?;
            }
            Exit::Stopped
        }
        Err(error) => return Err(error),
    };
    if exit == Exit::Stopped {
        output::note("stopped; run the same command again to resume");
    }
    Ok(exit)
}

/// What is known before a run, where that was asked for.
struct Foreseen {
    drifts: Option<Vec<Drift>>,
    estimate: Option<Estimate>,
}

/// Finds out what was asked for before the run, and tells it.
fn foresee(
    arguments: &SyncArguments,
    job: &Job,
    connector: &dyn Connector,
    workspace: &dyn Workspace,
    options: RunOptions,
    control: &Control,
) -> Result<Foreseen> {
    let drifts = arguments.verify.then(|| verify(job, workspace, control)).transpose()?;
    for drift in drifts.iter().flatten() {
        output::note(&format!(
            "{}: {} records there, {} of them delivered, {} changed by others, {} gone",
            drift.record_type, drift.read, drift.known, drift.changed, drift.gone
        ));
    }
    let is_estimated = arguments.estimate || arguments.dry_run;
    let estimate = || estimate(job, connector, workspace, options, control);
    let estimate = is_estimated.then(estimate).transpose()?;
    if let Some(Estimate { rows, refused, unchanged, requests, seconds }) = &estimate {
        let time = seconds.map_or(String::new(), |seconds| {
            format!(", about {:.0} s at the rate that is allowed", seconds.ceil())
        });
        output::note(&format!(
            "estimate: {rows} rows, {unchanged} unchanged, {refused} refused, {requests} requests{time}"
        ));
    }
    Ok(Foreseen { drifts, estimate })
}

impl Foreseen {
    /// The report of a run that was not begun.
    fn to_json(&self) -> serde_json::Value {
        let drifts = self.drifts.as_ref().map(|drifts| drifts.iter().map(drift_json));
        json!({
            "run": null, "state": "dry_run", "streams": [],
            "estimate": self.estimate.as_ref().map(Estimate::to_json),
            "drift": drifts.map(Iterator::collect::<Vec<_>>),
        })
    }
}

/// Writes the report of a run; says how the command ends.
fn tell(report: &Report, format: ReportFormat, workspace: &str) -> Result<Exit> {
    match format {
        ReportFormat::Json => output::json(&report.to_json())?,
        ReportFormat::Text => output::write_all(&text(report, workspace))?,
    }
    if let Some(error) = &report.error {
        output::error(error);
    }
    Ok(match report.state {
        RunState::Done if report.rejected() > 0 => Exit::Rejects,
        RunState::Done => Exit::Done,
        RunState::Stopped => Exit::Stopped,
        RunState::Running | RunState::Failed => Exit::Failed,
    })
}

fn job(arguments: &SyncArguments) -> Result<Job> {
    let file = &arguments.file;
    let is_job = file.extension().is_some_and(|extension| extension == "toml");
    if is_job {
        let given = [
            ("--to", arguments.to.is_some()),
            ("--type", arguments.record_type.is_some()),
            ("--match", arguments.matching.is_some()),
            ("--mode", arguments.mode.is_some()),
            ("--default-region", arguments.default_region.is_some()),
            ("--history", arguments.history.is_some()),
        ];
        if let Some((name, _)) = given.iter().find(|(_, is_given)| *is_given) {
            return Err(Error::new(
                ErrorCode::InvalidRequest,
                format!("{name} goes with a data file, {} is a job file", file.display()),
            )
            .hint("write it into the job file"));
        }
        return Job::from_file(file);
    }
    let connector = connector_for(file).ok_or_else(|| {
        Error::new(
            ErrorCode::InvalidRequest,
            format!("no connector is known for files like {}", file.display()),
        )
        .hint("name the file .csv, .tsv, .json or .jsonl, or write a job file")
    })?;
    let require = |value: &Option<String>, name: &str, example: &str| {
        value.clone().ok_or_else(|| {
            Error::new(ErrorCode::InvalidRequest, format!("a data file needs {name}"))
                .hint(format!("for example {name} {example}"))
        })
    };
    let workspace = require(&arguments.to, "--to", "crm.db")?;
    let record_type = require(&arguments.record_type, "--type", "contact")?;
    let mode = match arguments.mode {
        Some(ModeArgument::Create) => Mode::Create,
        Some(ModeArgument::Update) => Mode::Update,
        Some(ModeArgument::Assert) | None => Mode::Assert,
    };
    // Absolute, so that the same file is the same job from every folder.
    let path = std::path::absolute(file).unwrap_or_else(|_| file.clone());
    let stream = StreamJob::new(&record_type, arguments.matching.as_deref(), mode);
    let mut job = Job::for_file(connector, json!({ "path": path }), &workspace, stream);
    job.keeps_history = arguments.history.map(|choice| choice == HistoryArgument::On);
    match &arguments.default_region {
        Some(region) => job.with_default_region(region),
        None => Ok(job),
    }
}

/// The connector for a file, by its ending; `.gz` and `.zst` are looked through.
fn connector_for(file: &Path) -> Option<&'static str> {
    let name = file.file_name()?.to_str()?.to_lowercase();
    let name = [".gz", ".zst"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
    match name.rsplit_once('.')?.1 {
        "csv" | "tsv" | "txt" => Some("csv"),
        "json" | "jsonl" | "ndjson" => Some("json"),
        _ => None,
    }
}

fn text(report: &Report, workspace: &str) -> String {
    let mut text = format!("run {}: {}\n", report.run, report.state.name());
    for stream in &report.streams {
        let counts = &stream.counts;
        text.push_str(&format!(
            "{} -> {}: {} read, {} created, {} updated, {} unchanged, {} rejected in {:.2} s\n",
            stream.source,
            stream.record_type,
            counts.read,
            counts.created,
            counts.updated,
            counts.unchanged,
            counts.rejected,
            stream.seconds(),
        ));
        for (code, count) in &counts.rejects {
            text.push_str(&format!("  rejected {count} with {code}\n"));
        }
        if !stream.unused_columns.is_empty() {
            text.push_str(&format!("  columns not used: {}\n", stream.unused_columns.join(", ")));
        }
    }
    if report.rejected() > 0 {
        text.push_str(&format!(
            "see them with: headwater rejects --workspace {workspace} --run {}\n",
            report.run
        ));
    }
    text
}
