//! Where the time of a run goes: the work of each stage, waiting left out.

use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::stopwatch::Stopwatch;
use crate::workspace::{ApplyTimes, Workspace};

/// Time spent on each stage of a run. Stages overlap: reading and mapping have threads of their
/// own, so that the sum is more than the time the run took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StageTimes {
    /// The connector reads and parses.
    pub read: Duration,
    /// Rows are mapped to operations and their values checked.
    pub map: Duration,
    /// The workspace applies them.
    pub apply: ApplyTimes,
}

impl StageTimes {
    /// The times in seconds, by stage.
    #[must_use]
    pub fn to_json(&self) -> Json {
        json!({
            "read": self.read.as_secs_f64(),
            "map": self.map.as_secs_f64(),
            "resolve": self.apply.resolve.as_secs_f64(),
            "decide": self.apply.decide.as_secs_f64(),
            "write": self.apply.write.as_secs_f64(),
            "commit": self.apply.commit.as_secs_f64(),
        })
    }
}

/// The stopwatches of a run.
#[derive(Debug, Default)]
pub(super) struct Stages {
    pub(super) read: Stopwatch,
    pub(super) map: Stopwatch,
    before: ApplyTimes,
}

impl Stages {
    /// Starts at zero, whatever the workspace has done before.
    pub(super) fn begin(workspace: &dyn Workspace) -> Self {
        Self { before: workspace.apply_times(), ..Self::default() }
    }

    /// The times so far.
    pub(super) fn times(&self, workspace: &dyn Workspace) -> StageTimes {
        let now = workspace.apply_times();
        StageTimes {
            read: self.read.total(),
            map: self.map.total(),
            apply: ApplyTimes {
                resolve: now.resolve.saturating_sub(self.before.resolve),
                decide: now.decide.saturating_sub(self.before.decide),
                write: now.write.saturating_sub(self.before.write),
                commit: now.commit.saturating_sub(self.before.commit),
            },
        }
    }
}
