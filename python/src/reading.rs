//! One read of a connector in Python: what it yields is gathered into batches.
//!
//! A checkpoint of the host's holds the last one that the connector gave, and how many rows came
//! after it: read again from there, that many are passed over. So a connector may give checkpoints
//! as rarely as it likes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow_array::RecordBatchReader;
use headwater::source::{ArrowRows, BadRow, Batch, Checkpoint, NullMeans, Payload, ReadRequest};
use headwater::{Error, ErrorCode, Result};
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyMapping;
use serde_json::{Value as Json, json};

use crate::arrow;
use crate::ending;
use crate::failure;
use crate::from_python;
use crate::rows::{NanIsNull, bad_row};
use crate::source::cancelled;

static CHECKPOINT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// Where a stream stands.
struct Position {
    /// The last checkpoint that the connector gave; null before the first.
    at: Json,
    /// Rows after it.
    rows: usize,
    /// Rows since the beginning of the stream: the number of the last one.
    read: u64,
}

impl Position {
    fn parse(checkpoint: &Checkpoint) -> Result<Self> {
        let bytes = checkpoint.as_bytes();
        if bytes.is_empty() {
            return Ok(Self { at: Json::Null, rows: 0, read: 0 });
        }
        let parsed: Option<Json> = serde_json::from_slice(bytes).ok();
        let rows = parsed.as_ref().and_then(|parsed| parsed.get("rows")?.as_u64());
        match (parsed, rows.map(usize::try_from)) {
            (Some(mut parsed), Some(Ok(rows))) => {
                let read = parsed["read"].as_u64().unwrap_or(rows as u64);
                Ok(Self { at: parsed["at"].take(), rows, read })
            }
            _ => {
                let what = "the checkpoint is none of a connector in Python";
                Err(Error::new(ErrorCode::CheckpointInvalid, what))
            }
        }
    }

    fn checkpoint(&self) -> Result<Checkpoint> {
        Checkpoint::new(
            json!({ "at": self.at, "rows": self.rows, "read": self.read }).to_string().into_bytes(),
        )
    }
}

/// What an iteration of `read` gives.
enum Yielded {
    Row(String),
    Bad(BadRow),
    Columns(Box<dyn RecordBatchReader + Send>),
    Checkpoint(Json),
}

pub(crate) struct Reading {
    rows: Py<PyAny>,
    /// Rows that an earlier read has given already.
    passed_over: usize,
    position: Position,
    /// Whether the connector gave a checkpoint that no batch has told of.
    is_ahead: bool,
    batch_rows: usize,
    /// Arrow data that is being read.
    reader: Option<Box<dyn RecordBatchReader + Send>>,
    /// What of it belongs to a later batch.
    held: Option<ArrowRows>,
    /// A failure that came after the rows of a batch.
    failure: Option<Error>,
    is_over: bool,
    is_stopped: Arc<AtomicBool>,
}

impl Reading {
    /// Begins to read.
    ///
    /// # Errors
    /// `checkpoint_invalid`, and what the connector raises.
    pub(crate) fn begin(
        connector: &Py<PyAny>,
        request: &ReadRequest,
        is_stopped: Arc<AtomicBool>,
    ) -> Result<Self> {
        let begin = Position::parse(&request.checkpoint)?;
        let rows = Python::attach(|py| {
            let read = || -> PyResult<Py<PyAny>> {
                let at = crate::to_python::json(py, &begin.at)?;
                let module = py.import("headwater.connector")?;
                let arguments = (connector.bind(py), &request.stream, at);
                Ok(module.call_method1("_read", arguments)?.unbind())
            };
            read().map_err(|raised| failure::error(py, &raised))
        })?;
        Ok(Self {
            rows,
            passed_over: begin.rows,
            position: Position { rows: 0, ..begin },
            is_ahead: false,
            batch_rows: request.batch_rows.max(1),
            reader: None,
            held: None,
            failure: None,
            is_over: false,
            is_stopped,
        })
    }

    /// The next batch.
    ///
    /// # Errors
    /// What the connector raises, after the rows before it.
    pub(crate) fn next(&mut self) -> Result<Option<Batch>> {
        let next = self.batch();
        if next.is_err() {
            self.is_over = true;
        }
        next
    }

    fn batch(&mut self) -> Result<Option<Batch>> {
        loop {
            if let Some(columns) = self.columns()? {
                return Ok(Some(columns));
            }
            if let Some(lines) = self.lines()? {
                return Ok(Some(lines));
            }
            if self.is_over && self.is_ahead {
                // The next read goes on there, though no row came since.
                return self.emit(Payload::JsonLines(String::new()), 0, Vec::new()).map(Some);
            }
            if self.is_over {
                return self.failure.take().map_or(Ok(None), Err);
            }
        }
    }

    /// A batch of Arrow data, where some is left. Read without the lock on the interpreter: a
    /// producer may need it on threads of its own.
    fn columns(&mut self) -> Result<Option<Batch>> {
        while self.held.is_none() {
            self.check_stopped()?;
            let Some(reader) = &mut self.reader else { return Ok(None) };
            let Some(batch) = reader.next() else {
                self.reader = None;
                return Ok(None);
            };
            let batch = batch.map_err(|cause| arrow::unreadable(&cause))?;
            let columns = ArrowRows::try_from((batch, NullMeans::Null))?;
            let over = self.passed_over.min(columns.len());
            self.passed_over -= over;
            self.position.rows += over;
            if over < columns.len() {
                self.held = Some(arrow::slice(&columns, over, columns.len() - over)?);
            }
        }
        let Some(columns) = self.held.take() else { return Ok(None) };
        let now = columns.len().min(self.batch_rows);
        if now < columns.len() {
            self.held = Some(arrow::slice(&columns, now, columns.len() - now)?);
        }
        self.position.rows += now;
        self.position.read += now as u64;
        self.emit(Payload::Arrow(arrow::slice(&columns, 0, now)?), now, Vec::new()).map(Some)
    }

    /// A batch of mappings; none where Arrow data or the end comes first.
    fn lines(&mut self) -> Result<Option<Batch>> {
        let mut lines = String::new();
        let mut count = 0;
        let mut bad_rows = Vec::new();
        Python::attach(|py| {
            // A bad row ends its batch, so that the rows after it keep their numbers.
            while count < self.batch_rows
                && bad_rows.is_empty()
                && self.reader.is_none()
                && !self.is_over
            {
                self.check_stopped()?;
                match self.take(py) {
                    Err(raised) => {
                        // What was read before is good.
                        self.is_over = true;
                        self.failure = Some(failure::error(py, &raised));
                    }
                    Ok(None) => self.is_over = true,
                    Ok(Some(Yielded::Checkpoint(at))) => self.move_to(at),
                    Ok(Some(Yielded::Columns(reader))) => self.reader = Some(reader),
                    Ok(Some(row)) => {
                        self.position.rows += 1;
                        if self.passed_over > 0 {
                            self.passed_over -= 1;
                            continue;
                        }
                        self.position.read += 1;
                        match row {
                            Yielded::Row(line) => {
                                lines.push_str(&line);
                                lines.push('\n');
                                count += 1;
                            }
                            Yielded::Bad(bad) => {
                                bad_rows.push(BadRow { position: self.position.read, ..bad });
                            }
                            Yielded::Checkpoint(_) | Yielded::Columns(_) => {}
                        }
                    }
                }
            }
            Ok(())
        })?;
        if count == 0 && bad_rows.is_empty() {
            return Ok(None);
        }
        self.emit(Payload::JsonLines(lines), count, bad_rows).map(Some)
    }

    fn check_stopped(&self) -> Result<()> {
        match self.is_stopped.load(Ordering::Acquire) || ending::has_begun() {
            true => Err(cancelled()),
            false => Ok(()),
        }
    }

    /// Goes on behind a checkpoint.
    fn move_to(&mut self, at: Json) {
        // Said again before its first row: the rows to pass over are still to come.
        if self.position.rows == 0 && self.position.at == at {
            return;
        }
        self.position = Position { at, rows: 0, read: self.position.read };
        self.passed_over = 0;
        self.is_ahead = true;
    }

    fn emit(&mut self, payload: Payload, row_count: usize, bad_rows: Vec<BadRow>) -> Result<Batch> {
        self.is_ahead = false;
        Ok(Batch {
            payload,
            row_count,
            positions: Vec::new(),
            bad_rows,
            checkpoint: self.position.checkpoint()?,
            part: String::new(),
        })
    }

    /// The next thing that the connector yields; `None` at its end.
    fn take(&self, py: Python<'_>) -> PyResult<Option<Yielded>> {
        let Some(yielded) = self.rows.bind(py).try_iter()?.next().transpose()? else {
            return Ok(None);
        };
        if yielded.is_instance(CHECKPOINT.import(py, "headwater.connector", "Checkpoint")?)? {
            let at = from_python::json(&yielded.getattr("value")?, "checkpoint")?;
            return Ok(Some(Yielded::Checkpoint(at)));
        }
        if let Some(reader) = arrow::reader(&yielded)? {
            return Ok(Some(Yielded::Columns(Box::new(NanIsNull(reader)))));
        }
        Ok(Some(match from_python::object(&yielded, "a row") {
            Ok(row) => Yielded::Row(Json::Object(row).to_string()),
            // What is no row at all is the connector's fault, and so is what ends Python.
            Err(raised)
                if yielded.cast::<PyMapping>().is_ok()
                    && raised.is_instance_of::<PyException>(py) =>
            {
                Yielded::Bad(bad_row(&yielded, &raised, 0))
            }
            Err(raised) => return Err(raised),
        }))
    }
}
