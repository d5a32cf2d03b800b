//! A source of a connector in Python: an instance on a thread of its own, to which all its calls go,
//! as connections that Python programs hold often belong to the thread that made them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use headwater::source::{
    Batch, Control, ReadRequest, Source, Stream, StreamDescription, StreamField,
};
use headwater::{Error, ErrorCode, Result};
use pyo3::prelude::*;

use crate::ending::{self, Waited};
use crate::failure;
use crate::reading::Reading;

/// How often a call that waits for the connector looks whether it should stop.
const CANCEL_INTERVAL: Duration = Duration::from_millis(20);

/// What the thread is asked for, and where the answer goes.
enum Call {
    Check(Sender<Result<Vec<StreamDescription>>>),
    /// Begins a read, which ends early once the flag is set.
    Read(ReadRequest, Arc<AtomicBool>, Sender<Result<()>>),
    Next(Sender<Result<Option<Batch>>>),
    /// Nothing more is asked for.
    End,
}

/// An instance of a connector.
pub(crate) struct PythonSource {
    calls: Sender<Call>,
    thread: Option<JoinHandle<()>>,
}

impl PythonSource {
    /// Makes an instance with the configuration that the text holds.
    ///
    /// # Errors
    /// What the connector raises; `cancelled` if the interpreter is ending.
    pub(crate) fn open(class: Py<PyAny>, config: String) -> Result<Self> {
        let (calls, called) = channel();
        let (opened, result) = channel();
        let ends = calls.clone();
        let waited = Waited::announce(move || drop(ends.send(Call::End)))?;
        let thread = Builder::new().name("headwater connector".to_owned()).spawn(move || {
            serve(class, &config, &opened, &called, &waited);
        });
        let thread = thread.map_err(|cause| {
            Error::new(ErrorCode::Internal, format!("no thread can be started: {cause}"))
        })?;
        let source = Self { calls, thread: Some(thread) };
        result.recv().unwrap_or_else(|_| Err(lost()))?;
        Ok(source)
    }

    /// Calls the connector. Where the call should stop and does not, it is left behind.
    fn call<T>(
        &mut self,
        control: &Control,
        call: impl FnOnce(Sender<Result<T>>) -> Call,
    ) -> Result<T> {
        let is_over = || control.is_cancelled() || ending::has_begun();
        if is_over() {
            return Err(cancelled());
        }
        let (answer, answered) = channel();
        if self.calls.send(call(answer)).is_err() {
            return Err(lost());
        }
        loop {
            match answered.recv_timeout(CANCEL_INTERVAL) {
                Ok(result) => return result,
                Err(RecvTimeoutError::Disconnected) if is_over() => return Err(cancelled()),
                Err(RecvTimeoutError::Disconnected) => return Err(lost()),
                Err(RecvTimeoutError::Timeout) if is_over() => {
                    // Not waited for as the source goes: it may be long in coming. That is left to
                    // the end of the interpreter.
                    self.thread = None;
                    return Err(cancelled());
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

impl Drop for PythonSource {
    fn drop(&mut self) {
        let _ = self.calls.send(Call::End);
        if let Some(thread) = self.thread.take() {
            // A panic has been told as the failure of a call.
            let _ = thread.join();
        }
    }
}

impl Source for PythonSource {
    fn check(&mut self, control: &Control) -> Result<Vec<StreamDescription>> {
        self.call(control, Call::Check)
    }

    fn read(&mut self, control: &Control, request: &ReadRequest) -> Result<Box<dyn Stream + '_>> {
        let is_stopped = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&is_stopped);
        self.call(control, |answer| Call::Read(request.clone(), flag, answer))?;
        Ok(Box::new(PythonStream { source: self, is_stopped }))
    }
}

struct PythonStream<'a> {
    source: &'a mut PythonSource,
    is_stopped: Arc<AtomicBool>,
}

impl Stream for PythonStream<'_> {
    fn next(&mut self, control: &Control) -> Result<Option<Batch>> {
        let next = self.source.call(control, Call::Next);
        if control.is_cancelled() {
            self.is_stopped.store(true, Ordering::Release);
        }
        next
    }
}

/// Answers calls until the end.
fn serve(
    class: Py<PyAny>,
    config: &str,
    opened: &Sender<Result<()>>,
    calls: &Receiver<Call>,
    waited: &Waited,
) {
    let connector = Python::attach(|py| {
        waited.tell_name(py).map_err(|raised| failure::error(py, &raised))?;
        let module = py.import("headwater.connector");
        let connector = module.and_then(|module| module.call_method1("_open", (class, config)));
        connector.map(Bound::unbind).map_err(|raised| failure::error(py, &raised))
    });
    // Whoever does not wait any more wants no answer.
    let connector = match connector {
        Ok(connector) => {
            let _ = opened.send(Ok(()));
            connector
        }
        Err(error) => {
            let _ = opened.send(Err(error));
            return;
        }
    };
    let mut reading = None;
    for call in calls {
        if ending::has_begun() {
            break;
        }
        match call {
            Call::End => break,
            Call::Check(answer) => drop(answer.send(check(&connector))),
            Call::Read(request, is_stopped, answer) => {
                let begun = Reading::begin(&connector, &request, is_stopped);
                let _ = answer.send(begun.map(|begun| reading = Some(begun)));
            }
            Call::Next(answer) => {
                let _ = answer.send(reading.as_mut().map_or(Ok(None), Reading::next));
            }
        }
    }
    Python::attach(|py| {
        drop(reading);
        // What its rows raise at their end is of no interest to anybody.
        let module = py.import("headwater.connector");
        let _ = module.and_then(|module| module.call_method1("_close", (connector,)));
    });
}

fn check(connector: &Py<PyAny>) -> Result<Vec<StreamDescription>> {
    Python::attach(|py| {
        let described = || -> PyResult<Vec<StreamDescription>> {
            let module = py.import("headwater.connector")?;
            let streams = module.call_method1("_streams", (connector.bind(py),))?;
            streams.try_iter()?.map(|stream| description(&stream?)).collect()
        };
        described().map_err(|raised| failure::error(py, &raised))
    })
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

/// The error of a call that was asked to stop.
pub(crate) fn cancelled() -> Error {
    Error::new(ErrorCode::Cancelled, "the read was stopped")
}

fn lost() -> Error {
    Error::new(ErrorCode::Internal, "the thread of the connector panicked")
}
