//! Rows of Python on their way into a workspace: mappings, or Arrow data whose NaN is null.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, sync_channel};

use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowPrimitiveType, Float16Type, Float32Type, Float64Type};
use arrow_array::{Array, ArrayRef, PrimitiveArray, RecordBatch, RecordBatchReader};
use arrow_schema::{ArrowError, DataType, SchemaRef};
use headwater::source::{BadRow, Batch, Checkpoint, Control, Payload, Stream};
use headwater::{Error, ErrorCode, Result};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::failure;
use crate::from_python;

/// Rows that are taken at a time.
const BATCH_ROWS: usize = 2000;
/// How much of a row that is no mapping is shown.
const SHOWN: usize = 200;

/// A batch of mappings, or the end.
type Answer = Result<Option<Batch>>;

/// Mappings that a Python iterator gives. It is called on the thread that brought it: what it reads
/// from may belong to that thread, and only the main thread is interrupted by Ctrl-C.
pub(crate) struct Mappings<'py> {
    iterator: Bound<'py, PyAny>,
    count: u64,
    is_over: bool,
    answers: SyncSender<Answer>,
    /// What the iterator itself has raised.
    pub(crate) raised: Option<PyErr>,
}

/// The same for the thread that reads: it asks for each batch.
pub(crate) struct AskedStream {
    asks: Sender<()>,
    answered: Receiver<Answer>,
}

impl Stream for AskedStream {
    fn next(&mut self, control: &Control) -> Result<Option<Batch>> {
        let stopped = || Error::new(ErrorCode::Cancelled, "the work was asked to stop");
        if control.is_cancelled() || self.asks.send(()).is_err() {
            return Err(stopped());
        }
        self.answered.recv().unwrap_or_else(|_| Err(stopped()))
    }
}

/// Mappings, and the stream of them, which asks for each batch.
pub(crate) fn mappings(
    iterator: Bound<'_, PyAny>,
    asks: Sender<()>,
) -> (Mappings<'_>, AskedStream) {
    // One is asked for at a time.
    let (answers, answered) = sync_channel(1);
    let mappings = Mappings { iterator, count: 0, is_over: false, answers, raised: None };
    (mappings, AskedStream { asks, answered })
}

impl Mappings<'_> {
    /// Answers a wish for a batch.
    pub(crate) fn answer(&mut self) {
        let batch = self.batch();
        // Where nobody waits any more, nothing is lost that anybody wants.
        let _ = self.answers.try_send(batch);
    }

    /// What comes after the last row.
    fn end(&self) -> Answer {
        match self.raised {
            None => Ok(None),
            Some(_) => {
                let what = "the rows ended with an exception";
                Err(Error::new(ErrorCode::SourceDataInvalid, what))
            }
        }
    }

    fn batch(&mut self) -> Answer {
        if self.is_over {
            return self.end();
        }
        let mut text = String::new();
        let mut row_count = 0;
        let mut bad_rows = Vec::new();
        // A bad row ends its batch, so that the rows after it keep their numbers.
        let mut read = || -> PyResult<()> {
            let mut rows = self.iterator.try_iter()?;
            while row_count < BATCH_ROWS && bad_rows.is_empty() {
                let Some(row) = rows.next().transpose()? else {
                    self.is_over = true;
                    break;
                };
                let start = text.len();
                match from_python::write_object(&mut text, &row, "a row") {
                    Ok(()) => {
                        text.push('\n');
                        row_count += 1;
                    }
                    Err(raised) => {
                        text.truncate(start);
                        bad_rows.push(bad_row(&row, &raised, self.count));
                    }
                }
                self.count += 1;
            }
            Ok(())
        };
        if let Err(raised) = read() {
            // What was read before is good.
            self.is_over = true;
            self.raised = Some(raised);
        }
        if row_count == 0 && bad_rows.is_empty() {
            return self.end();
        }
        Ok(Some(Batch {
            payload: Payload::JsonLines(text),
            row_count,
            positions: Vec::new(),
            bad_rows,
            checkpoint: Checkpoint::default(),
            part: String::new(),
        }))
    }
}

/// A row that cannot be read.
pub(crate) fn bad_row(row: &Bound<'_, PyAny>, raised: &PyErr, position: u64) -> BadRow {
    let raw = row.repr().map(|text| text.to_string_lossy().into_owned()).unwrap_or_default();
    let raw = raw.chars().take(SHOWN).collect();
    BadRow { error: row_error(row, raised), position, raw }
}

/// Why a row cannot be read.
fn row_error(row: &Bound<'_, PyAny>, raised: &PyErr) -> Error {
    let py = row.py();
    if raised.is_instance_of::<PyTypeError>(py) {
        let error = Error::new(ErrorCode::FieldValueInvalid, raised.value(py).to_string());
        return match from_python::faulty_name(row) {
            Some(name) => error.at_field(name),
            None => error,
        };
    }
    failure::error(py, raised)
}

type Half = <Float16Type as ArrowPrimitiveType>::Native;

/// Arrow data whose NaN is null.
pub(crate) struct NanIsNull<R>(pub(crate) R);

impl<R: RecordBatchReader> Iterator for NanIsNull<R> {
    type Item = std::result::Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.0.next()?.and_then(|batch| {
            let columns = batch.columns().iter().map(without_nan).collect();
            RecordBatch::try_new(batch.schema(), columns)
        }))
    }
}

impl<R: RecordBatchReader> RecordBatchReader for NanIsNull<R> {
    fn schema(&self) -> SchemaRef {
        self.0.schema()
    }
}

fn without_nan(column: &ArrayRef) -> ArrayRef {
    match column.data_type() {
        DataType::Float16 => floats::<Float16Type>(column, Half::is_nan),
        DataType::Float32 => floats::<Float32Type>(column, f32::is_nan),
        DataType::Float64 => floats::<Float64Type>(column, f64::is_nan),
        _ => Arc::clone(column),
    }
}

fn floats<T: ArrowPrimitiveType>(column: &ArrayRef, is_nan: fn(T::Native) -> bool) -> ArrayRef {
    let numbers = column.as_primitive::<T>();
    if !numbers.values().iter().any(|&number| is_nan(number)) {
        return Arc::clone(column);
    }
    let kept = numbers.iter().map(|number| number.filter(|&number| !is_nan(number)));
    Arc::new(kept.collect::<PrimitiveArray<T>>())
}
