//! Syncs: from a source's rows to committed outcomes, rejects and checkpoints.

mod asked;
mod automatic;
pub mod bulk;
mod columnar;
mod commit;
mod document;
mod estimate;
mod expression;
mod job;
mod limit;
mod mapping;
mod pipeline;
mod plan;
mod pump;
mod remote_target;
mod report;
mod row;
mod run;
mod secrets;
mod stages;
mod stream_job;

pub use estimate::{Estimate, drift_json, estimate, verify};
pub use job::{JOB_SCHEMA, Job};
pub use plan::{check, discover};
pub use report::{Report, description_json, reject_json, run_json, stream_json};
pub use run::{Progress, RunOptions, run};
pub use secrets::Secrets;
pub use stages::StageTimes;
pub use stream_job::{
    AttributeJob, Mode, NullPolicy, OnReject, RejectLimit, StreamJob, ValueOrigin,
};

#[cfg(test)]
mod tests;
