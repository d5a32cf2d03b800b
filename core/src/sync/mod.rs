//! Syncs: from a source's rows to committed outcomes, rejects and checkpoints.

mod automatic;
mod commit;
mod document;
mod expression;
mod job;
mod mapping;
mod pipeline;
mod plan;
mod report;
mod row;
mod run;
mod secrets;

pub use job::{
    AttributeJob, JOB_SCHEMA, Job, Mode, NullPolicy, OnReject, RejectLimit, StreamJob, ValueOrigin,
};
pub use plan::{check, discover};
pub use report::{Report, stream_json};
pub use run::{Progress, RunOptions, run};
pub use secrets::Secrets;

#[cfg(test)]
mod tests;
