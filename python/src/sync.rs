//! Syncs: a job that runs on a thread of its own, while Python looks on.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use headwater::source::{Control, LogLevel};
use headwater::store::journal::StreamRun;
use headwater::sync::{
    self, Job, Mode, Report, RunOptions, description_json, drift_json, stream_json,
};
use headwater::{ActingAs, Actor, Error, ErrorCode, Result, Uuid};
use headwater_cli::{DataFile, Finder};
use headwater_host::testkit::Subject;
use pyo3::prelude::*;
use serde_json::{Value as Json, json};

use crate::ending::Waited;
use crate::failure::{self, OrRaise, exception};
use crate::finder::{self, PackageFinder};
use crate::handle::Handle;
use crate::interruptible::{SIGNAL_INTERVAL, interruptible};
use crate::to_python;

/// Lines of a connector's log that wait to be asked for, at most; those after them are dropped.
const LOG_LINES: usize = 1000;

/// A job, checked as far as that is possible without its source.
#[pyclass(frozen, module = "headwater._headwater")]
pub(crate) struct NativeJob {
    job: Job,
    connector: Option<Py<PyAny>>,
}

#[pymethods]
impl NativeJob {
    /// Reads a job file, or makes the job of a data file.
    #[staticmethod]
    fn of_file(
        py: Python<'_>,
        file: PathBuf,
        workspace: Option<String>,
        record_type: Option<String>,
        matching: Option<String>,
        mode: Option<&str>,
        default_region: Option<String>,
        history: Option<bool>,
    ) -> PyResult<Self> {
        let mode = match mode {
            None => None,
            Some("assert") => Some(Mode::Assert),
            Some("create") => Some(Mode::Create),
            Some("update") => Some(Mode::Update),
            Some(other) => {
                let what = format!("expected assert, create or update, found {other:?}");
                let error = Error::new(ErrorCode::InvalidRequest, what).at_field("mode");
                return Err(exception(py, &error));
            }
        };
        let given = DataFile { workspace, record_type, matching, mode, default_region, history };
        Ok(Self { job: given.job(&file).or_raise(py)?, connector: None })
    }

    /// Reads the text of a job; relative paths are taken from `folder`. A class of a connector in
    /// Python stands in for what the job names.
    #[staticmethod]
    fn of_text(
        py: Python<'_>,
        text: &str,
        folder: PathBuf,
        connector: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        Ok(Self { job: Job::parse(text, &folder).or_raise(py)?, connector })
    }

    /// The URL of its workspace.
    #[getter]
    fn workspace(&self) -> &str {
        &self.job.workspace
    }

    /// Checks the job against its source; gives the names of the source's streams.
    fn check(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        let connector = self.connector(py)?;
        let checked = interruptible(py, |control| {
            let schema = self.job.schema()?;
            sync::check(&self.job, &*connector, &schema, control)
        })?;
        Ok(checked.into_iter().map(|stream| stream.name).collect())
    }

    /// Opens its workspace, as a run does.
    fn open(&self, py: Python<'_>) -> PyResult<Handle> {
        Ok(Handle::of(py.detach(|| self.job.open_workspace()).or_raise(py)?.into()))
    }

    /// What a run would ask of a remote workspace.
    fn estimate<'py>(&self, py: Python<'py>, full: bool) -> PyResult<Bound<'py, PyAny>> {
        let connector = self.connector(py)?;
        let estimate = interruptible(py, |control| {
            let workspace = self.job.open_remote_workspace()?;
            sync::estimate(&self.job, &*connector, &*workspace, RunOptions { full }, control)
        })?;
        to_python::json(py, &estimate.to_json())
    }

    /// How a remote workspace differs from what the job has delivered, for each record type.
    fn verify<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let drifts = interruptible(py, |control| {
            sync::verify(&self.job, &*self.job.open_remote_workspace()?, control)
        })?;
        to_python::json(py, &drifts.iter().map(drift_json).collect())
    }

    /// What the job's source offers.
    fn discover<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let connector = self.connector(py)?;
        let streams = interruptible(py, |control| sync::discover(&self.job, &*connector, control))?;
        to_python::json(py, &streams.iter().map(description_json).collect())
    }

    /// Starts the job.
    fn start(&self, py: Python<'_>, full: bool, actor: &str) -> PyResult<SyncRun> {
        let (job, connector, actor) = (self.job.clone(), self.connector(py)?, Actor::named(actor));
        let secrets = job.secrets.clone();
        let (lines, logged) = sync_channel(LOG_LINES);
        let control = Arc::new(Control::new(move |level, message| {
            // Nobody listens, or not yet: a connector does not wait for that.
            let _ = lines.try_send((level, secrets.hide(message)));
        }));
        let (progress, events) = channel();
        let of_run = Arc::clone(&control);
        let of_end = Arc::clone(&control);
        let waited = Waited::announce(move || of_end.cancel()).or_raise(py)?;
        let thread =
            std::thread::Builder::new().name("headwater sync".to_owned()).spawn(move || {
                let _waited = waited;
                run(&job, &*connector, actor, full, &of_run, &mut |id, stream| {
                    let _ = progress.send((id, stream.clone()));
                })
            });
        let thread = thread.map_err(|cause| {
            Error::new(ErrorCode::Internal, format!("no thread can be started: {cause}"))
        });
        Ok(SyncRun {
            control,
            events: Mutex::new(events),
            logged: Mutex::new(logged),
            thread: Mutex::new(Some(thread.or_raise(py)?)),
        })
    }
}

impl NativeJob {
    fn connector(&self, py: Python<'_>) -> PyResult<Arc<dyn Subject>> {
        if let Some(class) = &self.connector {
            return finder::find(py, class.bind(py));
        }
        let finder = PackageFinder::new(py)?;
        let name = self.job.connector_name();
        py.detach(|| finder.find(&name)).or_raise(py)
    }
}

fn run(
    job: &Job,
    connector: &dyn Subject,
    actor: Actor,
    full: bool,
    control: &Control,
    observe: &mut dyn FnMut(Uuid, &StreamRun),
) -> Result<Report> {
    let workspace = ActingAs::new(job.open_workspace()?, actor);
    sync::run(job, connector, &workspace, RunOptions { full }, control, &mut |progress| {
        observe(progress.run, progress.stream);
    })
}

/// A report, and what made the run fail.
type Finished<'py> = (Bound<'py, PyAny>, Option<Bound<'py, PyAny>>);

/// A job that is running.
#[pyclass(frozen, module = "headwater._headwater")]
pub(crate) struct SyncRun {
    control: Arc<Control>,
    events: Mutex<Receiver<(Uuid, StreamRun)>>,
    logged: Mutex<Receiver<(LogLevel, String)>>,
    thread: Mutex<Option<JoinHandle<Result<Report>>>>,
}

#[pymethods]
impl SyncRun {
    /// Waits for the next commit and says how far the run is then; `None` at the end of the run.
    fn next<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        loop {
            let received = py.detach(|| {
                let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
                events.recv_timeout(SIGNAL_INTERVAL)
            });
            match received {
                Ok((run, stream)) => {
                    let mut event = stream_json(&stream);
                    event["run"] = json!(run);
                    return to_python::json(py, &event).map(Some);
                }
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) => py.check_signals()?,
            }
        }
    }

    /// What the connector has logged since this was last asked: level and line.
    fn logged(&self) -> Vec<(&'static str, String)> {
        let logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        let level = |level| match level {
            LogLevel::Error => "error",
            LogLevel::Warn => "warning",
            LogLevel::Info => "info",
            LogLevel::Debug => "debug",
        };
        logged.try_iter().map(|(of, line)| (level(of), line)).collect()
    }

    /// Asks the run to stop at the next possible point.
    fn cancel(&self) {
        self.control.cancel();
    }

    /// Waits for the end of the run: its report, and what made it fail. A run that was asked to stop
    /// and does not within some seconds is left behind; then there is no report.
    fn finish<'py>(&self, py: Python<'py>, patience: f64) -> PyResult<Option<Finished<'py>>> {
        let patience = Duration::try_from_secs_f64(patience).unwrap_or(Duration::MAX);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(thread) = thread else { return Ok(None) };
        let mut asked = None;
        while !thread.is_finished() {
            py.detach(|| std::thread::sleep(Duration::from_millis(2)));
            if let Err(raised) = py.check_signals() {
                self.control.cancel();
                let mut kept = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
                *kept = Some(thread);
                return Err(raised);
            }
            if self.control.is_cancelled() {
                let asked = asked.get_or_insert_with(Instant::now);
                if asked.elapsed() > patience {
                    return Ok(None);
                }
            }
        }
        let report = thread.join().unwrap_or_else(|_| {
            Err(Error::new(ErrorCode::Internal, "the thread of the sync panicked"))
        });
        let report = match report {
            Ok(report) => report,
            Err(error) if error.code() == ErrorCode::Cancelled && self.control.is_cancelled() => {
                let stopped = json!({ "run": null, "state": "stopped", "streams": [] });
                return Ok(Some((to_python::json(py, &stopped)?, None)));
            }
            Err(error) => return Err(exception(py, &error)),
        };
        let shown: Json = report.to_json();
        let error = report.error.as_ref().map(|error| failure::instance(py, error)).transpose()?;
        Ok(Some((to_python::json(py, &shown)?, error)))
    }
}

impl Drop for SyncRun {
    fn drop(&mut self) {
        self.control.cancel();
    }
}
