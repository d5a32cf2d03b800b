//! Where a run must not simply start over: the limit on refused rows, and what was created already.

use crate::error::{Error, ErrorCode, Result};
use crate::source::Checkpoint;
use crate::store::journal::{JournalReader, JournalWriter, Judged, StreamKey, StreamState};

use super::commit::beginning;
use super::plan::StreamPlan;
use super::stream_job::{Mode, RejectLimit};

/// A share of refused rows is judged from here on, or at the end.
const SHARE_JUDGED_FROM: u64 = 1000;

/// What ends the run once more rows were refused than the job allows.
pub(super) fn exceeded(plan: &StreamPlan<'_>, judged: Judged, is_end: bool) -> Option<Error> {
    let allowed = match plan.job.max_rejects? {
        RejectLimit::Count(limit) => {
            (judged.rejected > limit).then(|| format!("{limit} are allowed"))
        }
        RejectLimit::Share(share) => {
            #[expect(clippy::cast_precision_loss, reason = "a share needs no more digits")]
            let is_over = judged.rejected as f64 > share * judged.read as f64;
            (is_over && (is_end || judged.read >= SHARE_JUDGED_FROM))
                .then(|| format!("{}% are allowed", share * 100.0))
        }
    }?;
    let what = format!("{} of {} rows were refused, {allowed}", judged.rejected, judged.read);
    let error = Error::new(ErrorCode::SourceDataInvalid, what).at_field("max_rejects");
    Some(error.hint(if plan.job.mode == Mode::Create {
        "see the rejects of this run; with a higher max_rejects the next run goes on behind the rows \
         that it created"
    } else {
        "see the rejects of this run, correct the source or the job, then run again: it reads all \
         rows again"
    }))
}

/// The error of a checkpoint that no longer fits, without the advice to create everything again.
pub(super) fn without_repeats(plan: &StreamPlan<'_>, error: Error) -> Error {
    if error.code() == ErrorCode::CheckpointInvalid && plan.job.mode == Mode::Create {
        return error.hint(
            "put the source back as it was; a full run would create again what this job has created",
        );
    }
    error
}

/// Where the next run begins after the limit ended this one: where the read began, so that what
/// was corrected is read. What creates goes on, as it would create its rows again.
pub(super) fn state_after(
    plan: &StreamPlan<'_>,
    begun: &StreamState,
    reached: StreamState,
) -> StreamState {
    if plan.job.mode == Mode::Create {
        // Not finished: the next run has this one's refused rows to answer for.
        StreamState { is_finished: false, ..reached }
    } else if plan.description.is_incremental {
        begun.clone()
    } else {
        beginning(begun.run)
    }
}

/// Refuses a stream that would create again what an earlier form of it has created, which was not yet
/// at its end, or goes on behind it in each run.
///
/// # Errors
/// `config_invalid`; what reading the journal may end with.
pub(super) fn require_unedited<J: JournalReader + ?Sized>(
    journal: &mut J,
    plan: &StreamPlan<'_>,
) -> Result<()> {
    let Some(created) = &plan.created else { return Ok(()) };
    let Some(noted) = journal.stream_state(created)? else { return Ok(()) };
    let earlier = StreamKey {
        job_stream_hash: String::from_utf8_lossy(noted.checkpoint.as_bytes()).into_owned(),
        partition: plan.key.partition.clone(),
    };
    if earlier == plan.key {
        return Ok(());
    }
    match journal.stream_state(&earlier)? {
        Some(state)
            if state.rows > 0 && (!state.is_finished || plan.description.is_incremental) =>
        {
            let what = format!(
                "the stream was edited after {} of its rows were committed: from its beginning it \
                 would create them again",
                state.rows
            );
            Err(Error::new(ErrorCode::ConfigInvalid, what).at_field("mode").hint(
                "put the stream back as it was, and the next run goes on behind those rows; with \
                 --full it starts over in any case",
            ))
        }
        _ => Ok(()),
    }
}

/// Notes that this stream creates records of its rows.
///
/// # Errors
/// What writing the journal may end with.
pub(super) fn note_creating<J: JournalWriter + ?Sized>(
    journal: &mut J,
    plan: &StreamPlan<'_>,
    run: uuid::Uuid,
) -> Result<()> {
    let Some(created) = &plan.created else { return Ok(()) };
    let checkpoint = Checkpoint::new(plan.key.job_stream_hash.clone().into_bytes())?;
    journal.save_stream_state(created, &StreamState { checkpoint, ..beginning(run) })
}
