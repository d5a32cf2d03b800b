//! A source in memory, and a workspace that takes every operation and keeps only the journal.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use headwater::operation::{EdgePage, EdgeQuery, OperationKind, Outcome, Outcomes, Page, Query};
use headwater::schema::Schema;
use headwater::source::{
    BadRow, Batch, Checkpoint, Connector, ConnectorDescription, Control, Payload, ReadRequest,
    Source, Stream, StreamDescription, StreamField,
};
use headwater::store::journal::{
    Journal, JournalReader, JournalWriter, ListedReject, Reject, RejectFilter, Run, RunState,
    StreamKey, StreamState,
};
use headwater::value::Timestamp;
use headwater::{
    Action, ApplyOptions, Attributes, Change, Error, ErrorCode, Operation, Record, Result, Settle,
    Uuid, Workspace,
};
use serde_json::{Value as Json, json};

use crate::value::check_round_trip;

/// A source of one stream, whose checkpoints are the numbers of its batches.
pub(crate) struct MemoryConnector {
    description: ConnectorDescription,
    stream: StreamDescription,
    batches: Vec<MemoryBatch>,
}

/// A batch as it can come out of a connector.
#[derive(Clone, Default)]
pub(crate) struct MemoryBatch {
    /// One row a line, each ended by a line feed, none of them blank.
    pub(crate) lines: String,
    pub(crate) has_positions: bool,
    pub(crate) bad_rows: Vec<String>,
}

impl MemoryConnector {
    /// A connector whose rows have these columns; `is_complete` says that they have no others.
    pub(crate) fn new(columns: &BTreeSet<String>, is_complete: bool) -> Self {
        let field = |name: &String| StreamField {
            name: name.clone(),
            value_type: String::new(),
            is_key: false,
        };
        Self {
            description: ConnectorDescription {
                name: "memory".to_owned(),
                version: "1.0.0".to_owned(),
                config_schema: json!({ "properties": { "path": { "format": "path" } } }),
            },
            stream: StreamDescription {
                name: "rows".to_owned(),
                fields: columns.iter().map(field).collect(),
                fields_are_complete: is_complete,
                is_incremental: false,
                position_unit: "row".to_owned(),
            },
            batches: Vec::new(),
        }
    }

    /// The same connector with these batches.
    pub(crate) fn with_batches(self, batches: Vec<MemoryBatch>) -> Self {
        Self { batches, ..self }
    }
}

impl Connector for MemoryConnector {
    fn description(&self) -> &ConnectorDescription {
        &self.description
    }

    fn open(&self, _config: &Json) -> Result<Box<dyn Source>> {
        Ok(Box::new(MemorySource { stream: self.stream.clone(), batches: self.batches.clone() }))
    }
}

struct MemorySource {
    stream: StreamDescription,
    batches: Vec<MemoryBatch>,
}

impl Source for MemorySource {
    fn check(&mut self, _control: &Control) -> Result<Vec<StreamDescription>> {
        Ok(vec![self.stream.clone()])
    }

    fn read(&mut self, _control: &Control, request: &ReadRequest) -> Result<Box<dyn Stream + '_>> {
        let next = match request.checkpoint.as_bytes() {
            [] => 0,
            bytes => bytes.len(),
        };
        Ok(Box::new(MemoryStream { batches: &self.batches, next }))
    }
}

struct MemoryStream<'a> {
    batches: &'a [MemoryBatch],
    next: usize,
}

impl Stream for MemoryStream<'_> {
    fn next(&mut self, _control: &Control) -> Result<Option<Batch>> {
        let Some(batch) = self.batches.get(self.next) else { return Ok(None) };
        self.next += 1;
        let row_count = batch.lines.matches('\n').count();
        let position = |row: usize| (self.next * 1000 + row) as u64;
        Ok(Some(Batch {
            payload: Payload::JsonLines(batch.lines.clone()),
            row_count,
            part: String::new(),
            positions: match batch.has_positions {
                true => (0..row_count).map(position).collect(),
                false => Vec::new(),
            },
            bad_rows: batch
                .bad_rows
                .iter()
                .map(|raw| BadRow {
                    error: Error::new(ErrorCode::SourceDataInvalid, format!("found {raw:?}")),
                    position: position(0),
                    raw: raw.clone(),
                })
                .collect(),
            // As long as the number of the next batch.
            checkpoint: Checkpoint::new(vec![b'.'; self.next])?,
        }))
    }
}

/// Takes every operation, after a look at what it holds.
pub(crate) struct MemoryWorkspace {
    schema: Arc<Schema>,
    journal: Mutex<MemoryJournal>,
}

impl MemoryWorkspace {
    pub(crate) fn new() -> Self {
        Self { schema: Schema::standard().into(), journal: Mutex::default() }
    }

    fn journal(&self) -> MutexGuard<'_, MemoryJournal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unsupported() -> Error {
    Error::new(ErrorCode::OperationNotSupported, "this workspace keeps no records")
}

impl Workspace for MemoryWorkspace {
    fn schema(&self) -> Arc<Schema> {
        Arc::clone(&self.schema)
    }

    fn get(&self, _record_type: &str, _id: Uuid) -> Result<Record> {
        Err(unsupported())
    }

    fn query(&self, _record_type: &str, _query: &Query) -> Result<Page> {
        Err(unsupported())
    }

    fn edges(&self, _query: &EdgeQuery) -> Result<EdgePage> {
        Err(unsupported())
    }

    fn apply_and_settle(
        &self,
        operations: Vec<Operation>,
        _options: ApplyOptions,
        settle: &mut Settle<'_>,
    ) -> Result<Outcomes> {
        let outcomes = operations.iter().map(|operation| Ok(take(operation))).collect();
        // A failed settle keeps everything from being written.
        let mut journal = self.journal().clone();
        settle(&outcomes, &mut journal as &mut dyn Journal)?;
        *self.journal() = journal;
        Ok(outcomes)
    }

    fn read_journal(
        &self,
        read: &mut dyn FnMut(&mut dyn JournalReader) -> Result<()>,
    ) -> Result<()> {
        read(&mut *self.journal())
    }

    fn settle(&self) -> Result<()> {
        Ok(())
    }
}

/// Checks that an operation makes sense, and says that it went well.
fn take(operation: &Operation) -> Outcome {
    let action = match &operation.kind {
        OperationKind::Create { attributes } => {
            check_attributes(operation, attributes);
            Action::Created
        }
        OperationKind::Patch { attributes, .. } | OperationKind::Update { attributes, .. } => {
            check_attributes(operation, attributes);
            Action::Updated
        }
        OperationKind::Assert { attributes, .. } => {
            check_attributes(operation, attributes);
            Action::Unchanged
        }
        OperationKind::Archive { .. } => Action::Archived,
        OperationKind::Restore { .. }
        | OperationKind::EditItem { .. }
        | OperationKind::EditEdge { .. } => {
            unreachable!("a sync edits no items and no edges, and restores nothing")
        }
    };
    if let OperationKind::Assert { matching, .. } | OperationKind::Update { matching, .. } =
        &operation.kind
        && let headwater::operation::MatchTarget::Values { values, .. } = &matching.target
    {
        assert!(!values.is_empty(), "a match by nothing");
    }
    Outcome { action, id: Uuid::nil(), record: None, edge: None }
}

fn check_attributes(operation: &Operation, attributes: &Attributes) {
    for (index, change) in attributes.iter() {
        match change {
            Change::Set(value) => check_round_trip(&operation.record_type, index, value),
            Change::Clear => {
                let attribute = operation.record_type.attribute(index);
                assert!(attribute.is_nullable, "{} is cleared", attribute.api_name);
            }
            Change::Merge(_) => {}
        }
    }
}

/// The journal of a [`MemoryWorkspace`].
#[derive(Clone, Default)]
struct MemoryJournal {
    runs: Vec<Run>,
    rejects: Vec<ListedReject>,
    streams: HashMap<StreamKey, StreamState>,
}

impl JournalReader for MemoryJournal {
    fn runs(&mut self, limit: usize) -> Result<Vec<Run>> {
        Ok(self.runs.iter().rev().take(limit).cloned().collect())
    }

    fn run_state(&mut self, run: Uuid) -> Result<Option<RunState>> {
        Ok(self.runs.iter().find(|known| known.id == run).map(|known| known.state))
    }

    fn rejects(
        &mut self,
        filter: &RejectFilter,
        each: &mut dyn FnMut(ListedReject) -> Result<()>,
    ) -> Result<()> {
        for listed in &self.rejects {
            let fits = filter.run.is_none_or(|run| run == listed.run)
                && filter.code.is_none_or(|code| code == listed.reject.code);
            if fits {
                each(listed.clone())?;
            }
        }
        Ok(())
    }

    fn stream_state(&mut self, key: &StreamKey) -> Result<Option<StreamState>> {
        Ok(self.streams.get(key).cloned())
    }
}

impl JournalWriter for MemoryJournal {
    fn save_run(&mut self, run: &Run) -> Result<()> {
        self.runs.retain(|known| known.id != run.id);
        self.runs.push(run.clone());
        Ok(())
    }

    fn end_other_runs(&mut self, _run: &Run, _at: Timestamp) -> Result<()> {
        Ok(())
    }

    fn add_rejects(&mut self, run: Uuid, rejects: &[Reject]) -> Result<()> {
        let listed = rejects.iter().map(|reject| ListedReject { run, reject: reject.clone() });
        self.rejects.extend(listed);
        Ok(())
    }

    fn save_stream_state(&mut self, key: &StreamKey, state: &StreamState) -> Result<()> {
        self.streams.insert(key.clone(), state.clone());
        Ok(())
    }
}
