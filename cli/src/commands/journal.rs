//! `headwater runs` and `headwater rejects`: what a workspace remembers of its syncs.

use headwater::remote::{is_remote, ledger_name};
use headwater::store::journal::{ListedReject, RejectFilter, Run};
use headwater::sync::{reject_json, run_json};
use headwater::{Error, ErrorCode, Result, Uuid, Workspace};

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
    let workspace = open(&arguments.workspace)?;
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

/// Opens what remembers runs; of a remote workspace it is a ledger, which is not made for a look.
fn open(workspace: &str) -> Result<Box<dyn Workspace>> {
    if is_remote(workspace) {
        let ledger = ledger_name(workspace)?;
        if !ledger.exists() {
            let what = format!(
                "the runs of a remote workspace are in its ledger, and no {} is in this folder",
                ledger.display()
            );
            return Err(Error::new(ErrorCode::InvalidRequest, what).at_field("workspace").hint(
                "give the path of the ledger, which is beside the job unless the job names it",
            ));
        }
    }
    super::open_existing(workspace)
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
    let workspace = open(&arguments.workspace)?;
    let filter = RejectFilter {
        run: arguments.run.as_deref().map(run_id).transpose()?,
        code: arguments.code.as_deref().map(code).transpose()?,
    };
    if let Some(run) = filter.run {
        workspace.read_journal(&mut |journal| match journal.run_state(run)? {
            Some(_) => Ok(()),
            None => Err(no_run(&format!("there is no run {run} here"))),
        })?;
    }
    // A row may be long, and there may be many: each is written as it comes.
    let each = |take: &mut dyn FnMut(ListedReject) -> Result<()>| {
        workspace.read_journal(&mut |journal| journal.rejects(&filter, take))
    };
    match arguments.format {
        ListFormat::Jsonl => {
            each(&mut |listed| output::line(&reject_json(&listed).to_string()))?;
        }
        ListFormat::Csv => {
            let mut csv = output::Csv::begin(std::io::stdout(), &REJECT_HEADER)?;
            each(&mut |listed| csv.row(&reject_row(&listed)))?;
            csv.end()?;
        }
        // The widths are known at the end.
        ListFormat::Table => {
            let mut rows = Vec::new();
            each(&mut |listed| {
                rows.push(reject_row(&listed).iter().map(|cell| output::cut(cell)).collect());
                Ok(())
            })?;
            output::table(&REJECT_HEADER, &rows)?;
        }
    }
    Ok(Exit::Done)
}

fn run_id(text: &str) -> Result<Uuid> {
    Uuid::parse_str(text).map_err(|_| no_run(&format!("{text:?} is not a run id")))
}

fn no_run(what: &str) -> Error {
    Error::new(ErrorCode::InvalidRequest, what).hint("list the runs with `headwater runs`")
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
