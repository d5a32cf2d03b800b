//! Connectors written in Python, behind the traits that a sync and the testkit drive.
//!
//! What a connector yields is gathered into batches. A checkpoint of the host's holds the last one
//! that the connector gave, and how many rows came after it: read again from there, that many are
//! passed over. So a connector may give checkpoints as rarely as it likes.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use headwater::source::{
    ArrowRows, Batch, Checkpoint, Connector, ConnectorDescription, Control, Payload, ReadRequest,
    Source, Stream, StreamDescription, StreamField,
};
use headwater::{Error, ErrorCode, Result};
use headwater_host::testkit::Subject;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use serde_json::{Value as Json, json};

use crate::arrow;
use crate::failure;
use crate::from_python;

static CHECKPOINT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// How a job names a connector in Python: `python:package.module:Class`.
pub(crate) const PREFIX: &str = "python:";

/// A subclass of `headwater.Connector`.
pub(crate) struct PythonConnector {
    class: Py<PyAny>,
    description: ConnectorDescription,
    path: PathBuf,
}

impl PythonConnector {
    /// Imports the class that a job names.
    ///
    /// # Errors
    /// `connector_not_found` where it cannot be imported or is no connector, `connector_misbehaved`
    /// where it does not say what it is.
    pub(crate) fn import(name: &str) -> Result<Self> {
        Python::attach(|py| {
            let described = py
                .import("headwater.connector")
                .and_then(|module| module.call_method1("_import", (name,)))
                .map_err(|raised| failure::error(py, &raised))?;
            Self::of_class(&described)
        })
    }

    /// Takes a class.
    ///
    /// # Errors
    /// `connector_misbehaved` where it does not say what it is.
    pub(crate) fn of_class(class: &Bound<'_, PyAny>) -> Result<Self> {
        let describe = || -> PyResult<(String, String, Json, PathBuf)> {
            let (name, version, schema, path) = class
                .py()
                .import("headwater.connector")?
                .call_method1("_describe", (class,))?
                .extract::<(String, String, Bound<'_, PyAny>, PathBuf)>()?;
            Ok((name, version, from_python::json(&schema, "config_schema")?, path))
        };
        let (name, version, config_schema, path) =
            describe().map_err(|raised| failure::error(class.py(), &raised))?;
        let description = ConnectorDescription { name, version, config_schema };
        Ok(Self { class: class.clone().unbind(), description, path })
    }
}

impl Connector for PythonConnector {
    fn description(&self) -> &ConnectorDescription {
        &self.description
    }

    fn open(&self, config: &Json) -> Result<Box<dyn Source>> {
        self.open_text(config.to_string())
    }
}

impl Subject for PythonConnector {
    fn path(&self) -> &Path {
        &self.path
    }

    fn open_text(&self, config: String) -> Result<Box<dyn Source>> {
        Python::attach(|py| {
            let opened = py
                .import("headwater.connector")
                .and_then(|module| module.call_method1("_open", (self.class.bind(py), config)));
            match opened {
                Ok(connector) => Ok(Box::new(PythonSource(connector.unbind())) as Box<dyn Source>),
                Err(raised) => Err(failure::error(py, &raised)),
            }
        })
    }
}

/// An instance of a connector.
struct PythonSource(Py<PyAny>);

impl Source for PythonSource {
    fn check(&mut self, control: &Control) -> Result<Vec<StreamDescription>> {
        refuse_if_cancelled(control)?;
        Python::attach(|py| {
            let described = || -> PyResult<Vec<StreamDescription>> {
                let module = py.import("headwater.connector")?;
                let streams = module.call_method1("_streams", (self.0.bind(py),))?;
                streams.try_iter()?.map(|stream| description(&stream?)).collect()
            };
            described().map_err(|raised| failure::error(py, &raised))
        })
    }

    fn read(&mut self, control: &Control, request: &ReadRequest) -> Result<Box<dyn Stream + '_>> {
        refuse_if_cancelled(control)?;
        let begin = Position::parse(&request.checkpoint)?;
        let rows = Python::attach(|py| {
            let read = || -> PyResult<Py<PyAny>> {
                let at = crate::to_python::json(py, &begin.at)?;
                let module = py.import("headwater.connector")?;
                Ok(module.call_method1("_read", (self.0.bind(py), &request.stream, at))?.unbind())
            };
            read().map_err(|raised| failure::error(py, &raised))
        })?;
        Ok(Box::new(PythonStream {
            rows,
            passed_over: begin.rows,
            position: Position { rows: 0, ..begin },
            batch_rows: request.batch_rows.max(1),
            held: VecDeque::new(),
            failure: None,
            is_over: false,
        }))
    }
}

fn description(stream: &Bound<'_, PyAny>) -> PyResult<StreamDescription> {
    let text = |name: &str| stream.getattr(name)?.extract::<String>();
    let mut fields = Vec::new();
    for field in stream.getattr("fields")?.try_iter()? {
        let (name, value_type, is_key) = field?.extract()?;
        fields.push(StreamField { name, value_type, is_key });
    }
    Ok(StreamDescription {
        name: text("name")?,
        fields,
        fields_are_complete: stream.getattr("fields_are_complete")?.extract()?,
        is_incremental: stream.getattr("is_incremental")?.extract()?,
        position_unit: text("position_unit")?,
    })
}

fn refuse_if_cancelled(control: &Control) -> Result<()> {
    match control.is_cancelled() {
        true => Err(Error::new(ErrorCode::Cancelled, "the read was stopped")),
        false => Ok(()),
    }
}

/// Where a stream stands.
#[derive(Clone)]
struct Position {
    /// The last checkpoint that the connector gave; null before the first.
    at: Json,
    /// Rows after it.
    rows: usize,
}

impl Position {
    fn parse(checkpoint: &Checkpoint) -> Result<Self> {
        let bytes = checkpoint.as_bytes();
        if bytes.is_empty() {
            return Ok(Self { at: Json::Null, rows: 0 });
        }
        let parsed: Option<Json> = serde_json::from_slice(bytes).ok();
        let rows = parsed.as_ref().and_then(|parsed| parsed.get("rows")?.as_u64());
        match (parsed, rows.map(usize::try_from)) {
            (Some(mut parsed), Some(Ok(rows))) => Ok(Self { at: parsed["at"].take(), rows }),
            _ => {
                let what = "the checkpoint is none of a connector in Python";
                Err(Error::new(ErrorCode::CheckpointInvalid, what))
            }
        }
    }

    fn checkpoint(&self) -> Result<Checkpoint> {
        Checkpoint::new(json!({ "at": self.at, "rows": self.rows }).to_string().into_bytes())
    }
}

/// What an iteration of `read` gives.
enum Yielded {
    Row(String),
    Columns(Vec<ArrowRows>),
    Checkpoint(Json),
}

struct PythonStream {
    rows: Py<PyAny>,
    /// Rows that an earlier read has given already.
    passed_over: usize,
    position: Position,
    batch_rows: usize,
    /// What was taken from the connector and belongs to a later batch.
    held: VecDeque<ArrowRows>,
    /// A failure that came after the rows of a batch.
    failure: Option<Error>,
    is_over: bool,
}

impl Stream for PythonStream {
    fn next(&mut self, control: &Control) -> Result<Option<Batch>> {
        if let Some(columns) = self.held.pop_front() {
            return self.columns(columns).map(Some);
        }
        if self.is_over {
            return self.failure.take().map_or(Ok(None), Err);
        }
        let mut lines = String::new();
        let mut count = 0;
        Python::attach(|py| {
            while count < self.batch_rows {
                if let Err(stopped) = refuse_if_cancelled(control) {
                    self.is_over = true;
                    return Err(stopped);
                }
                let yielded = match self.take(py) {
                    Ok(yielded) => yielded,
                    Err(raised) => {
                        // What was read before is good.
                        self.is_over = true;
                        self.failure = Some(failure::error(py, &raised));
                        break;
                    }
                };
                match yielded {
                    None => {
                        self.is_over = true;
                        break;
                    }
                    Some(Yielded::Checkpoint(at)) => {
                        self.position = Position { at, rows: 0 };
                        // Nothing is left to pass over behind a checkpoint that is new.
                        self.passed_over = 0;
                    }
                    Some(Yielded::Row(_)) if self.passed_over > 0 => {
                        self.passed_over -= 1;
                        self.position.rows += 1;
                    }
                    Some(Yielded::Row(line)) => {
                        lines.push_str(&line);
                        lines.push('\n');
                        count += 1;
                        self.position.rows += 1;
                    }
                    Some(Yielded::Columns(all)) => {
                        for columns in all {
                            let over = self.passed_over.min(columns.len());
                            self.passed_over -= over;
                            self.position.rows += over;
                            if over < columns.len() {
                                let rest = columns.len() - over;
                                self.held.push_back(arrow::slice(&columns, over, rest)?);
                            }
                        }
                        if !self.held.is_empty() {
                            break;
                        }
                    }
                }
            }
            Ok(())
        })?;
        if count == 0 && self.held.is_empty() && self.failure.is_some() {
            return self.failure.take().map_or(Ok(None), Err);
        }
        if count == 0 {
            return self.held.pop_front().map(|columns| self.columns(columns)).transpose();
        }
        Ok(Some(Batch {
            payload: Payload::JsonLines(lines),
            row_count: count,
            positions: Vec::new(),
            bad_rows: Vec::new(),
            checkpoint: self.position.checkpoint()?,
        }))
    }
}

impl PythonStream {
    /// The next thing that the connector yields; `None` at its end.
    fn take(&self, py: Python<'_>) -> PyResult<Option<Yielded>> {
        let Some(yielded) = self.rows.bind(py).try_iter()?.next().transpose()? else {
            return Ok(None);
        };
        if yielded.is_instance(CHECKPOINT.import(py, "headwater.connector", "Checkpoint")?)? {
            let at = from_python::json(&yielded.getattr("value")?, "checkpoint")?;
            return Ok(Some(Yielded::Checkpoint(at)));
        }
        if let Some(columns) = arrow::rows(&yielded)? {
            return Ok(Some(Yielded::Columns(columns)));
        }
        let row = from_python::object(&yielded, "a row")?;
        Ok(Some(Yielded::Row(Json::Object(row).to_string())))
    }

    /// A batch of as many of the columns' rows as were asked for; the others are held.
    fn columns(&mut self, columns: ArrowRows) -> Result<Batch> {
        let now = columns.len().min(self.batch_rows);
        if now < columns.len() {
            self.held.push_front(arrow::slice(&columns, now, columns.len() - now)?);
        }
        self.position.rows += now;
        Ok(Batch {
            payload: Payload::Arrow(arrow::slice(&columns, 0, now)?),
            row_count: now,
            positions: Vec::new(),
            bad_rows: Vec::new(),
            checkpoint: self.position.checkpoint()?,
        })
    }
}
