//! Where a run must not simply start over: the limit on refused rows, and what was created already.

use crate::error::{Error, ErrorCode};
use crate::store::journal::{Judged, StreamState};

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
