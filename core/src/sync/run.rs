//! The run: each stream read, mapped and committed, resumable at every commit.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::error::{Error, ErrorCode, Result};
use crate::operation::Actor;
use crate::source::{BATCH_ROWS, Connector, Control, ReadRequest, Source};
use crate::store::journal::{
    Journal, JournalReader, Judged, Run, RunState, StreamRun, StreamState,
};
use crate::value::Timestamp;
use crate::workspace::{ApplyOptions, RequestPace, Workspace};

use super::asked;
use super::commit::{self, Committer, beginning};
use super::job::Job;
use super::limit;
use super::plan::{self, StreamPlan};
use super::pump::{Pace, Sink, pump};
use super::report::Report;
use super::stages::Stages;

/// How a job is run.
#[derive(Debug, Clone, Copy, Default)]
pub struct RunOptions {
    /// Starts over instead of resuming a run that did not end.
    pub full: bool,
}

/// How far a run is, given after every commit.
#[derive(Debug)]
pub struct Progress<'a> {
    /// The run.
    pub run: Uuid,
    /// The stream that is being read, as far as it is committed.
    pub stream: &'a StreamRun,
    /// How fast a remote workspace is asked.
    pub pace: Option<RequestPace>,
}

/// Runs a job; resumes what an earlier run of the same job left unfinished.
///
/// The report tells what was committed, also when the run failed.
///
/// # Errors
/// `config_invalid`, or what the source or the workspace says, if the run could not begin;
/// then nothing was written.
pub fn run(
    job: &Job,
    connector: &dyn Connector,
    workspace: &dyn Workspace,
    options: RunOptions,
    control: &Control,
    observe: &mut dyn FnMut(&Progress<'_>),
) -> Result<Report> {
    let mut source = plan::open(job, connector)?;
    plan::know_types(job, workspace)?;
    let plans = plan::plan(job, connector, &mut *source, &workspace.schema(), control)?;
    let gone = gone(&plans, workspace)?;
    let description = connector.description();
    let mut run = Run {
        id: Uuid::now_v7(),
        job_hash: job.hash(),
        connector: description.name.clone(),
        connector_version: description.version.clone(),
        state: RunState::Running,
        started_at: Timestamp::now(),
        finished_at: None,
        error: None,
        streams: Vec::new(),
    };
    save(workspace, &mut |journal| {
        journal.end_other_runs(&run, run.started_at)?;
        journal.save_run(&run)
    })?;
    let stages = Stages::begin(workspace);
    let mut failure = None;
    let mut rejected_before = 0;
    for plan in &plans {
        let is_gone = gone.contains(plan.job.record_type.as_str());
        let options = RunOptions { full: options.full || is_gone };
        if let Err(error) = run_stream(
            job,
            plan,
            &mut *source,
            workspace,
            &mut run,
            options,
            control,
            &stages,
            &mut rejected_before,
            observe,
        ) {
            let error = plan.job.locate(limit::without_repeats(plan, error));
            failure = Some(job.secrets.hide_in(error));
            break;
        }
    }
    run.state = match &failure {
        None => RunState::Done,
        Some(error) if error.code() == ErrorCode::Cancelled && control.is_cancelled() => {
            RunState::Stopped
        }
        Some(_) => RunState::Failed,
    };
    let failure = failure.filter(|_| run.state == RunState::Failed);
    if run.state == RunState::Done {
        // A kill after the run is noted as done looks like a new run to the next one; this leaves
        // as little as possible to be done then. What cannot be moved now is moved later.
        let _ = workspace.settle();
    }
    run.finished_at = Some(Timestamp::now());
    run.error = failure.as_ref().map(ToString::to_string);
    // Where even this cannot be written, the failure that is known already says more.
    let saved = save(workspace, &mut |journal| journal.save_run(&run));
    match (failure, saved) {
        (None, Err(error)) => Err(error),
        (failure, _) => Ok(Report::new(&run, failure, rejected_before, stages.times(workspace))),
    }
}

/// The record types of which nothing is there any more that was delivered: their streams start over.
/// Known before any of them is read, as one stream may deliver what another one of its type has lost.
fn gone<'a>(plans: &'a [StreamPlan<'_>], workspace: &dyn Workspace) -> Result<BTreeSet<&'a str>> {
    let types: BTreeSet<&str> = plans.iter().map(|plan| &*plan.job.record_type).collect();
    let mut gone = BTreeSet::new();
    for record_type in types {
        if !workspace.still_holds(record_type)? {
            gone.insert(record_type);
        }
    }
    Ok(gone)
}

#[expect(clippy::too_many_arguments, reason = "the run's own pieces, passed on once")]
fn run_stream(
    job: &Job,
    plan: &StreamPlan<'_>,
    source: &mut dyn Source,
    workspace: &dyn Workspace,
    run: &mut Run,
    options: RunOptions,
    control: &Control,
    stages: &Stages,
    rejected_before: &mut u64,
    observe: &mut dyn FnMut(&Progress<'_>),
) -> Result<()> {
    let run_id = run.id;
    let (state, rejected) = claim(workspace, plan, run_id, options)?;
    *rejected_before += rejected;
    let commit_rows = || job.commit_rows.min(workspace.batch_rows());
    let request = ReadRequest {
        stream: plan.description.name.clone(),
        checkpoint: state.checkpoint.clone(),
        partition: plan.key.partition.clone(),
        batch_rows: BATCH_ROWS.min(commit_rows()),
    };
    let first_row = state.rows + 1;
    let over_limit = limit::exceeded(plan, state.judged, false);
    let mut committer = Committer::new(job, plan, workspace, run, state);
    if let Some(error) = over_limit {
        return Err(error);
    }
    let mut stream = asked::read(source, control, &request)?;
    let pace = Pace::Rows(&commit_rows);
    let (on_reject, actor) = (plan.job.on_reject, Actor::run(run_id));
    let prepare = |batches| commit::prepare(workspace, on_reject, &actor, batches);
    let mut commit = |due, is_end| {
        let committed = committer.commit(due, is_end, control);
        let pace = workspace.pace();
        observe(&Progress { run: run_id, stream: committer.stream(), pace });
        committed
    };
    let sink = Sink { prepare: &prepare, commit: &mut commit };
    pump(&mut stream, &plan.mapping, first_row, pace, control, stages, sink)
}

/// Makes this run the one that may move the stream's checkpoint; says where it begins, and how many
/// rows before that were refused by the runs that it resumes.
fn claim(
    workspace: &dyn Workspace,
    plan: &StreamPlan<'_>,
    run: Uuid,
    options: RunOptions,
) -> Result<(StreamState, u64)> {
    let mut claimed = None;
    save(workspace, &mut |journal| {
        let mut rejected = 0;
        let state = match resumed(journal, plan, options)? {
            Some(state) => {
                if journal.run_state(state.run)? != Some(RunState::Done) {
                    rejected = state.judged.rejected;
                }
                // What an incremental stream adds is judged by itself.
                let adds = state.is_finished && plan.description.is_incremental;
                let judged = if adds { Judged::default() } else { state.judged };
                StreamState { run, is_finished: false, judged, ..state }
            }
            None => beginning(run),
        };
        journal.save_stream_state(&plan.key, &state)?;
        limit::note_creating(journal, plan, run)?;
        claimed = Some((state, rejected));
        Ok(())
    })?;
    claimed.ok_or_else(|| Error::new(ErrorCode::Internal, "the stream was not claimed"))
}

/// How far an earlier run came, where this one goes on from there.
pub(super) fn resumed<J: JournalReader + ?Sized>(
    journal: &mut J,
    plan: &StreamPlan<'_>,
    options: RunOptions,
) -> Result<Option<StreamState>> {
    let stored = journal.stream_state(&plan.key)?;
    let is_done = match &stored {
        Some(state) => journal.run_state(state.run)? == Some(RunState::Done),
        None => false,
    };
    // A finished read starts over, unless the source itself goes on where it ended, or the run
    // was killed before it could say that it was done.
    let resumed = stored.filter(|state| {
        !options.full && (!state.is_finished || plan.description.is_incremental || !is_done)
    });
    if resumed.is_none() && !options.full {
        limit::require_unedited(journal, plan)?;
    }
    Ok(resumed)
}

/// Writes to the journal alone.
fn save(
    workspace: &dyn Workspace,
    write: &mut dyn FnMut(&mut dyn Journal) -> Result<()>,
) -> Result<()> {
    workspace
        .apply_and_settle(Vec::new(), ApplyOptions::default(), &mut |_, journal| write(journal))
        .map(drop)
}
