//! `headwater sync`: runs a job file, or a job made from a data file.

use std::path::Path;
use std::sync::Arc;

use headwater::remote::is_remote;
use headwater::source::{Connector, Control};
use headwater::store::journal::RunState;
use headwater::sync::{
    Estimate, Job, Mode, Report, RunOptions, drift_json, estimate, run as run_job, verify,
};
use headwater::{ActingAs, Actor, Drift, Error, ErrorCode, Result, Workspace};
use serde_json::json;
use tempfile::TempDir;

use crate::Finder;
use crate::arguments::{HistoryArgument, ModeArgument, ReportFormat, SyncArguments};
use crate::data_file::DataFile;
use crate::exit::Exit;
use crate::output;
use crate::progress::Display;

pub(crate) fn run(arguments: &SyncArguments, finder: &dyn Finder) -> Result<Exit> {
    let result = sync(arguments, finder);
    if let Err(error) = &result
        && arguments.format == ReportFormat::Json
    {
        // A script that reads the report gets one also where no run could begin.
        output::unless_gone(output::json(&json!({
            "run": null, "state": "failed", "streams": [], "error": error.to_json(),
        })))?;
    }
    result
}

fn sync(arguments: &SyncArguments, finder: &dyn Finder) -> Result<Exit> {
    let mut job = job(arguments)?;
    let _lent = if arguments.dry_run { lend_ledger(&mut job)? } else { None };
    let connector = super::connector_of(&job, finder)?;
    let asks_first = arguments.dry_run || arguments.estimate || arguments.verify;
    let workspace = if asks_first { job.open_remote_workspace() } else { job.open_workspace() };
    let workspace = ActingAs::new(workspace?, Actor::named("cli"));
    let control = Arc::new(super::control(&job.secrets));
    watch_signals(&control)?;
    let exit = match work(arguments, &job, &*connector, &workspace, &control) {
        // Stopped before there was a run.
        Err(error) if error.code() == ErrorCode::Cancelled && control.is_cancelled() => {
            if arguments.format == ReportFormat::Json {
                let report = json!({ "run": null, "state": "stopped", "streams": [] });
                output::unless_gone(output::json(&report))?;
            }
            Exit::Stopped
        }
        done => done?,
    };
    if exit == Exit::Stopped {
        output::note("stopped; run the same command again to resume");
    }
    Ok(exit)
}

/// Gives a job a ledger for the time being, where none is there: a dry run leaves none behind.
fn lend_ledger(job: &mut Job) -> Result<Option<TempDir>> {
    if !is_remote(&job.workspace) || Path::new(&job.journal()?).exists() {
        return Ok(None);
    }
    let folder = super::temporary_folder()?;
    job.remote.ledger = Some(folder.path().join("ledger.db"));
    Ok(Some(folder))
}

/// Asks the work to stop at the first Ctrl-C, and ends the program at the second.
fn watch_signals(control: &Arc<Control>) -> Result<()> {
    let on_signal = Arc::clone(control);
    ctrlc::set_handler(move || {
        if on_signal.is_cancelled() {
            // What is not committed is rolled back when the workspace is next opened.
            std::process::exit(Exit::Stopped.status().into());
        }
        on_signal.cancel();
    })
    .map_err(|cause| {
        Error::new(ErrorCode::Internal, format!("cannot watch for Ctrl-C: {cause}")).because(cause)
    })
}

/// Finds out what was asked for before the run, runs the job, and tells what became of it.
fn work(
    arguments: &SyncArguments,
    job: &Job,
    connector: &dyn Connector,
    workspace: &dyn Workspace,
    control: &Control,
) -> Result<Exit> {
    let options = RunOptions { full: arguments.full };
    let foreseen = foresee(arguments, job, connector, workspace, options, control)?;
    if arguments.dry_run {
        if arguments.format == ReportFormat::Json {
            output::json(&foreseen.to_json())?;
        }
        let refused = foreseen.estimate.map_or(0, |estimate| estimate.refused);
        return Ok(if refused > 0 { Exit::Rejects } else { Exit::Done });
    }
    let mut display =
        Display::new(workspace.pace(), foreseen.estimate.map(|estimate| estimate.requests));
    let report = run_job(job, connector, workspace, options, control, &mut |progress| {
        display.show(progress);
    });
    display.finish();
    tell(&report?, arguments.format, &job.journal()?)
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
    // Of a dry run it is the result.
    let is_result = arguments.dry_run && arguments.format == ReportFormat::Text;
    let say = |text: &str| match is_result {
        true => output::say(text),
        false => {
            output::note(text);
            Ok(())
        }
    };
    let drifts = arguments.verify.then(|| verify(job, workspace, control)).transpose()?;
    for drift in drifts.iter().flatten() {
        say(&format!(
            "{}: {} records there, {} of them delivered, {} changed by others, {} gone",
            drift.record_type, drift.read, drift.known, drift.changed, drift.gone
        ))?;
    }
    let is_estimated = arguments.estimate || arguments.dry_run;
    let estimate = || estimate(job, connector, workspace, options, control);
    let estimate = is_estimated.then(estimate).transpose()?;
    if let Some(Estimate { rows, refused, unchanged, requests, seconds }) = &estimate {
        let time = seconds.map_or(String::new(), |seconds| {
            format!(", about {:.0} s at the rate that is allowed", seconds.ceil())
        });
        say(&format!(
            "estimate: {rows} rows, {unchanged} unchanged, {refused} refused, {requests} requests{time}"
        ))?;
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
fn tell(report: &Report, format: ReportFormat, journal: &str) -> Result<Exit> {
    // Whether anybody reads it or not, the run ended as it did.
    output::unless_gone(match format {
        ReportFormat::Json => output::json(&report.to_json()),
        ReportFormat::Text => output::write_all(&text(report, journal)),
    })?;
    if let Some(error) = &report.error {
        output::error(error);
    }
    Ok(match report.state {
        RunState::Done if report.rejected() + report.rejected_before > 0 => Exit::Rejects,
        RunState::Done => Exit::Done,
        RunState::Stopped => Exit::Stopped,
        RunState::Running | RunState::Failed => Exit::Failed,
    })
}

fn job(arguments: &SyncArguments) -> Result<Job> {
    let data_file = DataFile {
        workspace: arguments.to.clone(),
        record_type: arguments.record_type.clone(),
        matching: arguments.matching.clone(),
        mode: arguments.mode.map(|mode| match mode {
            ModeArgument::Create => Mode::Create,
            ModeArgument::Update => Mode::Update,
            ModeArgument::Assert => Mode::Assert,
        }),
        default_region: arguments.default_region.clone(),
        history: arguments.history.map(|choice| choice == HistoryArgument::On),
    };
    data_file.job(&arguments.file)
}

fn text(report: &Report, journal: &str) -> String {
    let mut text = format!("run {}: {}\n", report.run, report.state.name());
    for stream in &report.streams {
        let counts = &stream.counts;
        text.push_str(&format!(
            "{} -> {}: {} read, {} created, {} updated, {} unchanged, {} rejected in {:.2} s\n",
            output::flat(&stream.source),
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
            let columns = output::flat(&stream.unused_columns.join(", "));
            text.push_str(&format!("  columns not used: {columns}\n"));
        }
    }
    let journal = output::shell_word(journal);
    if report.rejected() > 0 {
        text.push_str(&format!(
            "see them with: headwater rejects --workspace {journal} --run {}\n",
            report.run
        ));
    }
    if report.rejected_before > 0 {
        text.push_str(&format!(
            "{} rows were refused before this run went on; see them with: headwater rejects \
             --workspace {journal}\n",
            report.rejected_before
        ));
    }
    text
}
