//! The report of a run: what became of every row, from what was committed.

use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::error::Error;
use crate::store::journal::{Run, RunState, StreamRun};

use super::stages::StageTimes;

/// What a run did.
#[derive(Debug)]
pub struct Report {
    /// The run's id in the workspace's journal.
    pub run: Uuid,
    /// How it ended.
    pub state: RunState,
    /// Its streams, as far as they are committed.
    pub streams: Vec<StreamRun>,
    /// Rows that were refused by earlier runs of the same read, which this run has resumed.
    pub rejected_before: u64,
    /// Why it failed.
    pub error: Option<Error>,
    /// Where the time went.
    pub stages: StageTimes,
}

impl Report {
    pub(super) fn new(
        run: &Run,
        error: Option<Error>,
        rejected_before: u64,
        stages: StageTimes,
    ) -> Self {
        let streams = run.streams.clone();
        Self { run: run.id, state: run.state, streams, rejected_before, error, stages }
    }

    /// How many rows this run has refused.
    #[must_use]
    pub fn rejected(&self) -> u64 {
        self.streams.iter().map(|stream| stream.counts.rejected).sum()
    }

    /// The report as one JSON object.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let streams: Vec<Json> = self.streams.iter().map(stream_json).collect();
        let mut report = json!({
            "run": self.run, "state": self.state.name(), "streams": streams,
            "rejected_before": self.rejected_before, "stages": self.stages.to_json(),
        });
        if let Some(error) = &self.error {
            report["error"] = error_json(error);
        }
        report
    }
}

/// What made a run fail, as JSON.
#[must_use]
pub fn error_json(error: &Error) -> Json {
    json!({
        "code": error.code().name(), "message": error.message(), "field": error.field(),
        "record": error.record(), "hint": error.remedy(),
    })
}

/// One stream of a run as JSON.
#[must_use]
pub fn stream_json(stream: &StreamRun) -> Json {
    let counts = &stream.counts;
    json!({
        "source": stream.source,
        "record_type": stream.record_type,
        "read": counts.read,
        "created": counts.created,
        "updated": counts.updated,
        "unchanged": counts.unchanged,
        "archived": counts.archived,
        "rejected": counts.rejected,
        "rejects": counts.rejects,
        "unused_columns": stream.unused_columns,
        "seconds": stream.seconds(),
    })
}
