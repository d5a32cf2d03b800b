//! `headwater runs` and `headwater rejects`: what a workspace remembers of its syncs.

use headwater::store::journal::{ListedReject, RejectFilter, Run};
use headwater::sync::stream_json;
use headwater::{Error, ErrorCode, Result, Uuid};
use serde_json::{Value as Json, json};

use crate::arguments::{ListFormat, RejectsArguments, RunsArguments};
use crate::exit::Exit;
use crate::output;

const RUN_HEADER: [&str; 10] = [
    "run",
    "state",
    "started_at",
    "connector",
    "read",
    "created",
    "updated",
    "unchanged",
    "rejected",
    "seconds",
];
const REJECT_HEADER: [&str; 8] =
    ["run", "source", "position", "code", "field", "message", "hint", "row"];

pub(crate) fn runs(arguments: &RunsArguments) -> Result<Exit> {
    let workspace = super::open_existing(&arguments.workspace)?;
    let mut runs = Vec::new();
    workspace.read_journal(&mut |journal| {
        runs = journal.runs(arguments.limit)?;
        Ok(())
    })?;
    match arguments.format {
        ListFormat::Jsonl => {
            for run in &runs {
                output::line(&run_json(run).to_string())?;
            }
        }
        ListFormat::Table => {
            output::table(&RUN_HEADER, &runs.iter().map(run_row).collect::<Vec<_>>())?;
        }
        ListFormat::Csv => output::csv(&RUN_HEADER, &runs.iter().map(run_row).collect::<Vec<_>>())?,
    }
    Ok(Exit::Done)
}

fn run_json(run: &Run) -> Json {
    json!({
        "run": run.id, "state": run.state.name(), "job_hash": run.job_hash,
        "connector": run.connector, "connector_version": run.connector_version,
        "started_at": run.started_at.to_string(),
        "finished_at": run.finished_at.map(|at| at.to_string()),
        "error": run.error,
        "streams": run.streams.iter().map(stream_json).collect::<Vec<_>>(),
    })
}

fn run_row(run: &Run) -> Vec<String> {
    let sum = |count: &dyn Fn(&headwater::store::journal::Counts) -> u64| {
        run.streams.iter().map(|stream| count(&stream.counts)).sum::<u64>().to_string()
    };
    let seconds: f64 = run.streams.iter().map(headwater::store::journal::StreamRun::seconds).sum();
    vec![
        run.id.to_string(),
        run.state.name().to_owned(),
        run.started_at.to_string(),
        format!("{} {}", run.connector, run.connector_version),
        sum(&|counts| counts.read),
        sum(&|counts| counts.created),
        sum(&|counts| counts.updated),
        sum(&|counts| counts.unchanged),
        sum(&|counts| counts.rejected),
        format!("{seconds:.2}"),
    ]
}

pub(crate) fn rejects(arguments: &RejectsArguments) -> Result<Exit> {
    let workspace = super::open_existing(&arguments.workspace)?;
    let filter = RejectFilter {
        run: arguments.run.as_deref().map(run_id).transpose()?,
        code: arguments.code.as_deref().map(code).transpose()?,
    };
    let mut rows = Vec::new();
    workspace.read_journal(&mut |journal| {
        journal.rejects(&filter, &mut |listed| match arguments.format {
            ListFormat::Jsonl => output::line(&reject_json(&listed).to_string()),
            ListFormat::Table | ListFormat::Csv => {
                rows.push(reject_row(&listed));
                Ok(())
            }
        })
    })?;
    match arguments.format {
        ListFormat::Jsonl => {}
        ListFormat::Table => output::table(&REJECT_HEADER, &rows)?,
        ListFormat::Csv => output::csv(&REJECT_HEADER, &rows)?,
    }
    Ok(Exit::Done)
}

fn run_id(text: &str) -> Result<Uuid> {
    Uuid::parse_str(text).map_err(|_| {
        Error::new(ErrorCode::InvalidRequest, format!("{text:?} is not a run id"))
            .hint("list the runs with `headwater runs`")
    })
}

fn code(name: &str) -> Result<ErrorCode> {
    ErrorCode::from_name(name).ok_or_else(|| {
        let names = ErrorCode::ALL.iter().map(|code| code.name());
        let error = Error::new(ErrorCode::InvalidRequest, format!("there is no code {name:?}"));
        match headwater::schema::nearest(name, names) {
            Some(near) => error.hint(format!("did you mean {near}?")),
            None => error,
        }
    })
}

fn reject_json(listed: &ListedReject) -> Json {
    let reject = &listed.reject;
    json!({
        "run": listed.run, "source": reject.source, "position": reject.position,
        "position_unit": reject.position_unit, "code": reject.code.name(),
        "field": reject.field, "message": reject.message, "hint": reject.hint,
        "row": reject.row, "is_cut": reject.is_cut,
    })
}

fn reject_row(listed: &ListedReject) -> Vec<String> {
    let reject = &listed.reject;
    vec![
        listed.run.to_string(),
        reject.source.clone(),
        format!("{} {}", reject.position_unit, reject.position),
        reject.code.name().to_owned(),
        reject.field.clone().unwrap_or_default(),
        reject.message.clone(),
        reject.hint.clone(),
        reject.row.clone(),
    ]
}
