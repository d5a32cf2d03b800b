//! The report of a run: what became of every row, from what was committed; and what else is told of
//! syncs, as JSON.

use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::error::Error;
use crate::source::StreamDescription;
use crate::store::journal::{ListedReject, Run, RunState, StreamRun};

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
            report["error"] = error.to_json();
        }
        report
    }
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

/// A run of the journal as JSON.
#[must_use]
pub fn run_json(run: &Run) -> Json {
    json!({
        "run": run.id, "state": run.state.name(), "job_hash": run.job_hash,
        "connector": run.connector, "connector_version": run.connector_version,
        "started_at": run.started_at.to_string(),
        "finished_at": run.finished_at.map(|at| at.to_string()),
        "error": run.error,
        "streams": run.streams.iter().map(stream_json).collect::<Vec<_>>(),
    })
}

/// A refused row of the journal as JSON.
#[must_use]
pub fn reject_json(listed: &ListedReject) -> Json {
    let reject = &listed.reject;
    json!({
        "run": listed.run, "source": reject.source, "position": reject.position,
        "position_unit": reject.position_unit, "code": reject.code.name(),
        "field": reject.field, "message": reject.message, "hint": reject.hint,
        "row": reject.row, "is_cut": reject.is_cut,
    })
}

/// What a source offers of a stream, as JSON.
#[must_use]
pub fn description_json(stream: &StreamDescription) -> Json {
    let fields = stream.fields.iter().map(|field| {
        json!({ "name": field.name, "value_type": field.value_type, "is_key": field.is_key })
    });
    json!({
        "name": stream.name, "fields": fields.collect::<Vec<_>>(),
        "fields_are_complete": stream.fields_are_complete,
        "is_incremental": stream.is_incremental, "position_unit": stream.position_unit,
    })
}
