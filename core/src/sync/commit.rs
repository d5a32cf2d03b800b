//! Commits: batches become one transaction of records, rejects, checkpoint and counts.

use std::time::Instant;

use crate::error::{Error, ErrorCode, Result};
use crate::operation::{Actor, ApplyMode, Outcomes};
use crate::source::Checkpoint;
use crate::store::journal::{Counts, Journal, Judged, Reject, Run, StreamRun, StreamState};
use crate::workspace::{ApplyOptions, Prepared, Workspace};

use super::job::Job;
use super::limit;
use super::pipeline::MappedBatch;
use super::plan::StreamPlan;
use super::stream_job::OnReject;

/// The largest part of a refused row that is kept, in bytes.
const MAX_ROW_BYTES: usize = 16 * 1024;

/// Batches that are ready to be committed.
pub(super) struct Due {
    batches: Vec<MappedBatch>,
    prepared: Prepared,
    /// Whether nothing of them may be written, because a row was refused.
    is_held_back: bool,
}

/// Makes batches ready to be committed.
pub(super) fn prepare(
    workspace: &dyn Workspace,
    on_reject: OnReject,
    actor: &Actor,
    mut batches: Vec<MappedBatch>,
) -> Due {
    let stops = on_reject == OnReject::Stop;
    let is_held_back = stops && batches.iter().any(|batch| batch.first_refused().is_some());
    let mut operations = Vec::with_capacity(batches.iter().map(MappedBatch::len).sum());
    if !is_held_back {
        batches.iter_mut().for_each(|batch| operations.append(&mut batch.operations));
    }
    operations.iter_mut().for_each(|operation| operation.actor = Some(actor.clone()));
    let mode = if stops { ApplyMode::AllOrNothing } else { ApplyMode::PerRecord };
    let options = ApplyOptions { mode, ..ApplyOptions::default() };
    Due { batches, prepared: workspace.prepare(operations, options), is_held_back }
}

/// Commits the batches of one stream.
pub(super) struct Committer<'a> {
    job: &'a Job,
    plan: &'a StreamPlan<'a>,
    workspace: &'a dyn Workspace,
    run: &'a mut Run,
    /// The place of the stream in the run.
    stream: usize,
    state: StreamState,
    /// Where the run began.
    begun: StreamState,
    started: Instant,
    seen: rustc_hash::FxHashSet<String>,
}

impl<'a> Committer<'a> {
    pub(super) fn new(
        job: &'a Job,
        plan: &'a StreamPlan<'a>,
        workspace: &'a dyn Workspace,
        run: &'a mut Run,
        state: StreamState,
    ) -> Self {
        run.streams.push(StreamRun {
            source: plan.description.name.clone(),
            record_type: plan.job.record_type.clone(),
            ..StreamRun::default()
        });
        Self {
            stream: run.streams.len() - 1,
            job,
            plan,
            workspace,
            run,
            begun: state.clone(),
            state,
            started: Instant::now(),
            seen: rustc_hash::FxHashSet::default(),
        }
    }

    /// What has been committed of the stream.
    pub(super) fn stream(&self) -> &StreamRun {
        &self.run.streams[self.stream]
    }

    /// Commits batches, with the checkpoint that covers them.
    ///
    /// # Errors
    /// What keeps the batch from being written, or what ends the run because of refused rows;
    /// in the latter case what was not refused is committed, unless `on_reject` says stop.
    pub(super) fn commit(&mut self, due: Due, is_end: bool) -> Result<()> {
        let Due { mut batches, prepared, is_held_back } = due;
        let rows_read: usize = batches.iter().map(MappedBatch::len).sum();
        for batch in &mut batches {
            self.seen.extend(batch.unused.drain(..));
        }
        let stops = self.plan.job.on_reject == OnReject::Stop;
        let mut run = self.run.clone();
        let mut state = self.state.clone();
        let stream = &mut run.streams[self.stream];
        let unused = self.plan.mapping.unused_columns(&self.plan.description, &self.seen);
        // A source may name a column after a secret of the job.
        stream.unused_columns = unused.iter().map(|name| self.job.secrets.hide(name)).collect();
        let mut is_stopped = is_held_back;
        let mut over_limit = None;
        let settle_batch = &mut |outcomes: &Outcomes, journal: &mut dyn Journal| {
            require_ownership(journal, self.plan, &state)?;
            is_stopped |= stops && outcomes.iter().any(Result::is_err);
            if !is_stopped {
                require_outcomes(outcomes)?;
            }
            let elapsed = self.started.elapsed();
            let stream = &mut run.streams[self.stream];
            stream.elapsed_micros = i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX);
            let counts = &mut stream.counts;
            let refused_before = counts.rejected;
            let rejects = settle(self.job, self.plan, &batches, outcomes, is_stopped, counts);
            let refused = counts.rejected - refused_before;
            if !is_stopped {
                state.rows += rows_read as u64;
                if let Some(last) = batches.last() {
                    state.checkpoint = last.checkpoint.clone();
                }
                state.is_finished = is_end;
                state.judged.read += rows_read as u64;
                state.judged.rejected += refused;
                over_limit = limit::exceeded(self.plan, state.judged, is_end);
                if over_limit.is_some() {
                    state = limit::state_after(self.plan, &self.begun, state.clone());
                }
                journal.save_stream_state(&self.plan.key, &state)?;
            }
            journal.save_run(&run)?;
            journal.add_rejects(run.id, &rejects)
        };
        let settled = self.workspace.apply_prepared(prepared, Some(settle_batch));
        settled.map_err(|error| self.job.secrets.hide_in(error))?;
        *self.run = run;
        self.state = state;
        if is_stopped {
            return Err(Error::new(
                ErrorCode::SourceDataInvalid,
                "a row was refused, and on_reject says stop",
            )
            .hint("see the rejects of this run; nothing of its batch was written"));
        }
        over_limit.map_or(Ok(()), Err)
    }
}

/// Two runs of one job must not both move its checkpoint.
fn require_ownership(
    journal: &mut dyn Journal,
    plan: &StreamPlan<'_>,
    state: &StreamState,
) -> Result<()> {
    match journal.stream_state(&plan.key)? {
        Some(stored) if stored.run == state.run => Ok(()),
        _ => Err(Error::new(
            ErrorCode::StoreBusy,
            "another run of the same job has taken over this stream",
        )
        .hint("let the other run finish")),
    }
}

/// A row that was not sent must not be passed by: the checkpoint would move over it.
fn require_outcomes(outcomes: &Outcomes) -> Result<()> {
    let is_unsent =
        |outcome: &Result<_>| matches!(outcome, Err(error) if error.code() == ErrorCode::Cancelled);
    if !outcomes.iter().any(is_unsent) {
        return Ok(());
    }
    Err(Error::new(ErrorCode::Internal, "a row of the batch was not sent")
        .hint("run again: it goes on there"))
}

/// Counts the outcomes and makes the rejects, in the order of the source.
fn settle(
    job: &Job,
    plan: &StreamPlan<'_>,
    batches: &[MappedBatch],
    outcomes: &Outcomes,
    is_stopped: bool,
    counts: &mut Counts,
) -> Vec<Reject> {
    let mut rejects = Vec::new();
    let mut outcomes = outcomes.iter();
    for batch in batches {
        let before = rejects.len();
        let mut refuse = |counts: &mut Counts, error: &Error, position: u64, raw: &str| {
            counts.refuse(error.code());
            let mut reject = reject(job, plan, error, position, raw);
            if !batch.part.is_empty() {
                reject.message = format!("{}: {}", batch.part, reject.message);
            }
            rejects.push(reject);
        };
        for (index, row) in batch.rows.iter().enumerate() {
            let error = match &row.refused {
                Some(error) => Some(error),
                None => match outcomes.next() {
                    Some(Ok(outcome)) if !is_stopped => {
                        counts.add(outcome.action);
                        None
                    }
                    // Held back because of another row: not read, as far as the run is concerned.
                    Some(Err(error)) if error.code() != ErrorCode::Cancelled => Some(error),
                    _ => None,
                },
            };
            if let Some(error) = error {
                refuse(counts, error, row.position, &batch.raw(index));
            }
        }
        for bad in &batch.bad_rows {
            refuse(counts, &bad.error, bad.position, &bad.raw);
        }
        // Positions may be counted anew in the next batch.
        rejects[before..].sort_by_key(|reject| reject.position);
    }
    rejects
}

fn reject(job: &Job, plan: &StreamPlan<'_>, error: &Error, position: u64, raw: &str) -> Reject {
    let mut end = raw.len().min(MAX_ROW_BYTES);
    while !raw.is_char_boundary(end) {
        end -= 1;
    }
    Reject {
        source: plan.description.name.clone(),
        position,
        position_unit: plan.description.position_unit.clone(),
        code: error.code(),
        field: error.field().map(|field| job.secrets.hide(field)),
        message: job.secrets.hide(error.message()),
        hint: job.secrets.hide(error.remedy()),
        row: raw[..end].to_owned(),
        is_cut: end < raw.len(),
    }
}

/// The state of a stream that starts at its beginning.
pub(super) fn beginning(run: uuid::Uuid) -> StreamState {
    StreamState {
        run,
        checkpoint: Checkpoint::default(),
        rows: 0,
        is_finished: false,
        judged: Judged::default(),
    }
}
