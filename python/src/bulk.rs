//! Rows in bulk: each becomes an operation on one record type, and learns its outcome.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};

use arrow_array::{RecordBatch, RecordBatchIterator, RecordBatchReader, StringArray, UInt64Array};
use arrow_schema::{DataType, Field, Schema};
use headwater::source::{ArrowStream, Control, Stream};
use headwater::sync::bulk::{Bulk, BulkReport, RowOutcome, apply_rows};
use headwater::sync::{Mode, NullPolicy};
use headwater::{Action, ApplyMode, Error, ErrorCode, Result, Uuid, Workspace};
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyList};
use serde_json::json;

use crate::arrow;
use crate::failure::{OrRaise, exception};
use crate::handle::Handle;
use crate::interruptible::SIGNAL_INTERVAL;
use crate::rows::{Mappings, NanIsNull, mappings};
use crate::to_python;

/// Stops the call that it was given to.
#[pyclass(frozen, module = "headwater._headwater")]
pub(crate) struct BulkControl(Control);

#[pymethods]
impl BulkControl {
    #[new]
    fn new() -> Self {
        Self(Control::default())
    }

    /// Asks the call to stop at the next possible point.
    fn cancel(&self) {
        self.0.cancel();
    }
}

/// Applies rows: Arrow data, or an iterable of mappings, whose columns may be known. Gives what became
/// of them, and what kept the rest from being written.
#[pyfunction]
pub(crate) fn apply_many<'py>(
    py: Python<'py>,
    handle: &Handle,
    record_type: &str,
    rows: &Bound<'py, PyAny>,
    known_columns: Option<Vec<String>>,
    mode: &str,
    matching: Option<&str>,
    nulls: &str,
    nulls_of: BTreeMap<String, String>,
    columns: BTreeMap<String, String>,
    ignore_unknown: bool,
    default_region: Option<String>,
    all_or_nothing: bool,
    control: &BulkControl,
) -> PyResult<(BulkResult, Option<Bound<'py, PyAny>>)> {
    let mode = match mode {
        "create" => Mode::Create,
        "update" => Mode::Update,
        _ => Mode::Assert,
    };
    let mut bulk = Bulk::new(record_type, mode, matching);
    bulk.null = null_policy(nulls).or_raise(py)?;
    for (column, policy) in nulls_of {
        bulk.null_of.insert(column, null_policy(&policy).or_raise(py)?);
    }
    bulk.columns = columns;
    bulk.ignores_unknown_columns = ignore_unknown;
    bulk.default_region = default_region;
    bulk.apply = if all_or_nothing { ApplyMode::AllOrNothing } else { ApplyMode::PerRecord };
    let workspace = handle.workspace().or_raise(py)?;
    let Done { report, result, raised } =
        work(rows, known_columns, &*workspace, &bulk, &control.0)?;
    let error = match (raised, &report.error) {
        (Some(raised), _) => Some(raised.into_value(py).into_bound(py).into_any()),
        (None, Some(error)) => Some(crate::failure::instance(py, error)?),
        (None, None) => None,
    };
    Ok((BulkResult { report, ..result }, error))
}

/// What became of a call.
struct Done {
    report: BulkReport,
    result: BulkResult,
    /// What Python has raised meanwhile.
    raised: Option<PyErr>,
}

/// The rows that a call was given.
struct Given<'py> {
    /// The columns, where they are known.
    columns: Option<Vec<String>>,
    stream: Box<dyn Stream>,
    mappings: Option<Mappings<'py>>,
}

fn given<'py>(
    rows: &Bound<'py, PyAny>,
    known_columns: Option<Vec<String>>,
    asks: Sender<()>,
) -> PyResult<Given<'py>> {
    if let Some(reader) = arrow::reader(rows)? {
        let columns = reader.schema().fields().iter().map(|one| one.name().clone()).collect();
        let stream = Box::new(ArrowStream::new(NanIsNull(reader)));
        return Ok(Given { columns: Some(columns), stream, mappings: None });
    }
    let (mappings, stream) = mappings(rows.try_iter()?.into_any(), asks);
    Ok(Given { columns: known_columns, stream: Box::new(stream), mappings: Some(mappings) })
}

/// Applies the rows on a thread of its own, while this one gives it mappings and looks for Ctrl-C.
fn work(
    rows: &Bound<'_, PyAny>,
    known_columns: Option<Vec<String>>,
    workspace: &dyn Workspace,
    bulk: &Bulk,
    control: &Control,
) -> PyResult<Done> {
    let py = rows.py();
    let (asks, mut asked) = channel();
    let Given { columns, mut stream, mut mappings } = given(rows, known_columns, asks.clone())?;
    let mut interrupted = None;
    let applied = std::thread::scope(|scope| {
        let worker = scope.spawn(move || {
            // Lives until the end, of which the other thread learns by that.
            let _asks = asks;
            let mut result = BulkResult::default();
            let mut each = |outcomes| {
                result.take(outcomes);
                Ok(())
            };
            let columns = columns.as_deref();
            let report = apply_rows(workspace, bulk, columns, &mut *stream, control, &mut each);
            // What is left of the rows may belong to Python.
            drop(stream);
            report.map(|report| (report, result))
        });
        loop {
            let waiting = &mut asked;
            match py.detach(move || waiting.recv_timeout(SIGNAL_INTERVAL)) {
                Ok(()) => {
                    if let Some(mappings) = &mut mappings {
                        mappings.answer();
                    }
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {}
            }
            if let Err(raised) = py.check_signals() {
                control.cancel();
                interrupted = Some(raised);
            }
        }
        py.detach(|| worker.join())
    });
    let raised = interrupted.or(mappings.and_then(|mappings| mappings.raised));
    let lost = || Error::new(ErrorCode::Internal, "the thread that applies rows panicked");
    match (applied.unwrap_or_else(|_| Err(lost())), raised) {
        (Ok((report, result)), raised) => Ok(Done { report, result, raised }),
        (Err(_), Some(raised)) => Err(raised),
        (Err(error), None) => Err(exception(py, &error)),
    }
}

fn null_policy(name: &str) -> Result<NullPolicy> {
    match name {
        "clear" => Ok(NullPolicy::Clear),
        "keep" => Ok(NullPolicy::Keep),
        other => {
            let what = format!("expected clear or keep, found {other:?}");
            Err(Error::new(ErrorCode::InvalidRequest, what).at_field("nulls"))
        }
    }
}

/// What became of rows.
#[pyclass(frozen, module = "headwater._headwater")]
pub(crate) struct BulkResult {
    report: BulkReport,
    /// One for each row, in order; none for one that was refused or held back.
    done: Vec<Option<(Action, Uuid)>>,
    undone: Vec<Undone>,
}

/// A row that was refused, or held back by one that was.
struct Undone {
    row: u64,
    error: Error,
    text: String,
}

impl Default for BulkResult {
    fn default() -> Self {
        let report = BulkReport {
            counts: headwater::store::journal::Counts::default(),
            unused_columns: Vec::new(),
            missing_columns: Vec::new(),
            error: None,
            stages: headwater::sync::StageTimes::default(),
        };
        Self { report, done: Vec::new(), undone: Vec::new() }
    }
}

/// Whether a row is itself at fault.
fn is_refusal(error: &Error) -> bool {
    error.code() != ErrorCode::Cancelled
}

impl BulkResult {
    fn take(&mut self, outcomes: Vec<RowOutcome>) {
        for RowOutcome { row, result, text } in outcomes {
            match result {
                Ok(outcome) => self.done.push(Some((outcome.action, outcome.id))),
                Err(error) => {
                    self.done.push(None);
                    let text = text.filter(|_| is_refusal(&error)).unwrap_or_default();
                    self.undone.push(Undone { row, error, text });
                }
            }
        }
    }

    fn action(&self, index: usize) -> Option<&'static str> {
        self.done.get(index)?.map(|(action, _)| action.name())
    }
}

#[pymethods]
impl BulkResult {
    /// How many rows ended in each way.
    fn counts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let counts = &self.report.counts;
        let counts = json!({
            "read": counts.read, "created": counts.created, "updated": counts.updated,
            "unchanged": counts.unchanged, "archived": counts.archived,
            "rejected": counts.rejected,
        });
        to_python::json(py, &counts)
    }

    /// Columns that no attribute used.
    fn unused_columns(&self) -> Vec<String> {
        self.report.unused_columns.clone()
    }

    /// Columns that were named and that no row had.
    fn missing_columns(&self) -> Vec<String> {
        self.report.missing_columns.clone()
    }

    fn __len__(&self) -> usize {
        self.done.len()
    }

    /// What became of a row, and the id of its record.
    fn outcome(&self, index: usize) -> PyResult<(Option<&'static str>, Option<String>)> {
        match self.done.get(index) {
            Some(done) => Ok((self.action(index), done.map(|(_, id)| id.to_string()))),
            None => Err(PyIndexError::new_err("there is no such row")),
        }
    }

    /// The refused rows.
    fn rejects<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let rejects = PyList::empty(py);
        for Undone { row, error, text } in self.undone.iter().filter(|row| is_refusal(&row.error)) {
            let shown = json!({
                "position": row, "position_unit": "row", "code": error.code().name(),
                "field": error.field(), "message": error.message(), "hint": error.remedy(),
                "row": text,
            });
            rejects.append(to_python::json(py, &shown)?)?;
        }
        Ok(rejects)
    }

    /// The exception of a row that was refused or held back; `None` for another one.
    fn error<'py>(&self, py: Python<'py>, index: u64) -> Option<Bound<'py, PyAny>> {
        let found = self.undone.binary_search_by_key(&index, |undone| undone.row).ok()?;
        let error = exception(py, &self.undone[found].error);
        Some(error.value(py).clone().into_any())
    }

    /// The outcomes as Arrow data: `row`, `action`, `id`, and `code`, `field`, `message` of refusals.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // A wish that may be left unfulfilled.
        let _ = requested_schema;
        let batch = py.detach(|| self.outcomes()).map_err(|cause| arrow::unreadable(&cause));
        let batch = batch.or_raise(py)?;
        let schema = batch.schema();
        arrow::capsule(py, Box::new(RecordBatchIterator::new([Ok(batch)], schema)))
    }
}

impl BulkResult {
    fn outcomes(&self) -> std::result::Result<RecordBatch, arrow_schema::ArrowError> {
        let text = |name: &str| Field::new(name, DataType::Utf8, true);
        let schema = Schema::new(vec![
            Field::new("row", DataType::UInt64, false),
            text("action"),
            text("id"),
            text("code"),
            text("field"),
            text("message"),
        ]);
        let rows = 0..self.done.len();
        let mut undone = self.undone.iter().peekable();
        let (mut codes, mut fields, mut messages) = (Vec::new(), Vec::new(), Vec::new());
        for row in rows.clone() {
            let of_row = undone.next_if(|undone| undone.row == row as u64);
            codes.push(of_row.map(|undone| undone.error.code().name()));
            fields.push(of_row.and_then(|undone| undone.error.field()));
            messages.push(of_row.map(|undone| undone.error.message()));
        }
        let ids = self.done.iter().map(|done| done.map(|(_, id)| id.to_string()));
        RecordBatch::try_new(
            Arc::new(schema),
            vec![
                Arc::new(rows.clone().map(|row| row as u64).collect::<UInt64Array>()),
                Arc::new(rows.map(|row| self.action(row)).collect::<StringArray>()),
                Arc::new(ids.collect::<StringArray>()),
                Arc::new(StringArray::from(codes)),
                Arc::new(StringArray::from(fields)),
                Arc::new(StringArray::from(messages)),
            ],
        )
    }
}
