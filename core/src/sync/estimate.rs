//! What a run would ask of a remote workspace: its rows are read and mapped, and nothing is sent.

use serde_json::{Value as Json, json};

use crate::error::{Error, ErrorCode, Result};
use crate::source::{BATCH_ROWS, Connector, Control, ReadRequest, Source};
use crate::store::journal::StreamState;
use crate::workspace::{Drift, Workspace};

use super::asked;
use super::job::Job;
use super::pipeline::MappedBatch;
use super::plan::{self, StreamPlan};
use super::pump::{Pace, Sink, pump};
use super::run::{RunOptions, resumed};
use super::stages::Stages;

/// What a run would take.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Estimate {
    /// Rows that would be read.
    pub rows: u64,
    /// Those of them that would be refused before they are sent.
    pub refused: u64,
    /// Those of them whose record is that way already, as far as is known.
    pub unchanged: u64,
    /// Requests, where nothing has to be tried again.
    pub requests: u64,
    /// The time that they take at the rate that is allowed; `None` while none is known.
    pub seconds: Option<f64>,
}

impl Estimate {
    /// The estimate as JSON.
    #[must_use]
    pub fn to_json(&self) -> Json {
        json!({
            "rows": self.rows, "refused": self.refused, "unchanged": self.unchanged,
            "requests": self.requests, "seconds": self.seconds,
        })
    }
}

/// Reads the rows that a run would read, and says what they would ask of the workspace.
///
/// # Errors
/// As [`super::run`] before it begins; `operation_not_supported` where the workspace is not remote;
/// what the source says.
pub fn estimate(
    job: &Job,
    connector: &dyn Connector,
    workspace: &dyn Workspace,
    options: RunOptions,
    control: &Control,
) -> Result<Estimate> {
    let mut source = plan::open(job, connector)?;
    plan::know_types(job, workspace)?;
    let plans = plan::plan(job, connector, &mut *source, &workspace.schema(), control)?;
    let mut estimate = Estimate::default();
    let stages = Stages::begin(workspace);
    for plan in &plans {
        let state = beginning_of(workspace, plan, options)?;
        let mut count = |batches| count(&mut estimate, workspace, batches);
        read_stream(plan, &mut *source, state, control, &stages, &mut count)
            .map_err(|error| job.secrets.hide_in(error))?;
    }
    #[expect(clippy::cast_precision_loss, reason = "an estimate needs no more digits")]
    let seconds = |allowed: f64| estimate.requests as f64 / allowed;
    estimate.seconds = workspace.pace().and_then(|pace| pace.allowed).map(seconds);
    Ok(estimate)
}

/// Reads a stream to its end and gives its rows, mapped, to `count`.
fn read_stream(
    plan: &StreamPlan<'_>,
    source: &mut dyn Source,
    state: Option<StreamState>,
    control: &Control,
    stages: &Stages,
    count: &mut dyn FnMut(Vec<MappedBatch>) -> Result<()>,
) -> Result<()> {
    let request = ReadRequest {
        stream: plan.description.name.clone(),
        checkpoint: state.map(|state| state.checkpoint).unwrap_or_default(),
        partition: plan.key.partition.clone(),
        batch_rows: BATCH_ROWS,
    };
    let mut stream = asked::read(source, control, &request)?;
    let mut commit = |batches, _is_end| count(batches);
    let sink = Sink { prepare: &|batches| batches, commit: &mut commit };
    pump(&mut stream, &plan.mapping, 1, Pace::Rows(&|| BATCH_ROWS), control, stages, sink)
}

/// Adds what rows would ask for.
fn count(
    estimate: &mut Estimate,
    workspace: &dyn Workspace,
    batches: Vec<MappedBatch>,
) -> Result<()> {
    for batch in batches {
        let foresight = workspace.foresee(&batch.operations)?;
        estimate.rows += batch.len() as u64;
        estimate.refused += (batch.len() - batch.operations.len()) as u64;
        estimate.unchanged += foresight.unchanged;
        estimate.requests += foresight.requests;
    }
    Ok(())
}

/// Where a run would begin to read a stream; `None` at its beginning.
fn beginning_of(
    workspace: &dyn Workspace,
    plan: &StreamPlan<'_>,
    options: RunOptions,
) -> Result<Option<StreamState>> {
    let mut state = None;
    workspace.read_journal(&mut |journal| {
        state = resumed(journal, plan, options)?;
        Ok(())
    })?;
    Ok(state)
}

/// Compares what a job has delivered with what is there now, each record type once.
///
/// # Errors
/// `operation_not_supported` where the workspace is not remote; `cancelled`; what requests may end
/// with.
pub fn verify(job: &Job, workspace: &dyn Workspace, control: &Control) -> Result<Vec<Drift>> {
    plan::know_types(job, workspace)?;
    let mut drifts: Vec<Drift> = Vec::new();
    for stream in &job.streams {
        if drifts.iter().any(|drift| drift.record_type == stream.record_type) {
            continue;
        }
        if control.is_cancelled() {
            return Err(Error::new(ErrorCode::Cancelled, "the verification was stopped"));
        }
        let drift = workspace.verify(&stream.record_type, control);
        drifts.push(drift.map_err(|error| job.secrets.hide_in(error))?);
    }
    Ok(drifts)
}

/// A difference as JSON.
#[must_use]
pub fn drift_json(drift: &Drift) -> Json {
    json!({
        "record_type": drift.record_type, "read": drift.read, "known": drift.known,
        "changed": drift.changed, "gone": drift.gone,
    })
}

#[cfg(test)]
mod tests {
    use crate::open::{OpenOptions, open};
    use crate::source::{ConnectorDescription, Source, Stream, StreamDescription, StreamField};

    use super::*;

    const JOB: &str = "[source]\nconnector = \"refusing\"\nconfig = { password = \"${file:key}\" }\n\
        [target]\nworkspace = \"unused\"\n[[streams]]\nrecord_type = \"contact\"\n\
        match = \"primary_email\"\n[streams.attributes]\nprimary_email = \"mail\"\n";

    /// A source that quotes its password where it is read.
    struct Refusing(ConnectorDescription);

    impl Connector for Refusing {
        fn description(&self) -> &ConnectorDescription {
            &self.0
        }

        fn open(&self, config: &Json) -> Result<Box<dyn Source>> {
            Ok(Box::new(Login(config["password"].as_str().unwrap().to_owned())))
        }
    }

    struct Login(String);

    impl Source for Login {
        fn check(&mut self, _control: &Control) -> Result<Vec<StreamDescription>> {
            Ok(vec![StreamDescription {
                name: "people".into(),
                fields: vec![StreamField {
                    name: "mail".into(),
                    value_type: "string".into(),
                    is_key: true,
                }],
                fields_are_complete: true,
                is_incremental: false,
                position_unit: "row".into(),
            }])
        }

        fn read(&mut self, _: &Control, _: &ReadRequest) -> Result<Box<dyn Stream + '_>> {
            let what = format!("no login as ann:{}", self.0);
            Err(Error::new(ErrorCode::SourceUnavailable, what))
        }
    }

    #[test]
    fn what_keeps_a_stream_from_being_read_is_told_without_a_secret() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("key"), "open-sesame").unwrap();
        let job = Job::parse(JOB, folder.path()).unwrap();
        let path = folder.path().join("crm.db");
        let options = OpenOptions { create: true, ..OpenOptions::default() };
        let workspace = open(path.to_str().unwrap(), options).unwrap();
        let connector = Refusing(ConnectorDescription {
            name: "refusing".into(),
            version: "0.1.0".into(),
            config_schema: json!({}),
        });
        let (options, control) = (RunOptions::default(), Control::default());
        let error = estimate(&job, &connector, &*workspace, options, &control).unwrap_err();
        assert_eq!(error.message(), "no login as ann:***");
    }
}
