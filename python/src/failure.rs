//! Errors of the library as Python exceptions, by number, and exceptions of connectors as errors.

use headwater::{Error, ErrorCode, Retry};
use pyo3::exceptions::{PyConnectionError, PyPermissionError, PyTimeoutError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList};

use crate::to_python;

static BASE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static BY_NUMBER: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// A result of the library as one of Python.
pub(crate) trait OrRaise<T> {
    /// The value, or the exception.
    fn or_raise(self, py: Python<'_>) -> PyResult<T>;
}

impl<T> OrRaise<T> for headwater::Result<T> {
    fn or_raise(self, py: Python<'_>) -> PyResult<T> {
        self.map_err(|error| exception(py, &error))
    }
}

/// The exception for an error.
pub(crate) fn exception(py: Python<'_>, error: &Error) -> PyErr {
    instance(py, error).map_or_else(|failed| failed, PyErr::from_value)
}

/// An instance of the exception's class.
pub(crate) fn instance<'py>(py: Python<'py>, error: &Error) -> PyResult<Bound<'py, PyAny>> {
    let classes = BY_NUMBER.import(py, "headwater.errors", "BY_NUMBER")?;
    let (retryable, retry_after) = match error.retry() {
        Retry::Never => (false, None),
        Retry::Backoff => (true, None),
        Retry::After(wait) => (true, Some(wait.as_secs_f64())),
    };
    let faults = PyList::empty(py);
    for fault in error.faults_to_json() {
        faults.append(to_python::json(py, &fault)?)?;
    }
    let named = PyDict::new(py);
    named.set_item("field", error.field())?;
    named.set_item("record", error.record())?;
    named.set_item("retryable", retryable)?;
    named.set_item("retry_after", retry_after)?;
    named.set_item("hint", error.remedy())?;
    named.set_item("errors", faults)?;
    classes.get_item(error.code().number())?.call((error.message(),), Some(&named))
}

/// The error that an exception of a connector stands for.
pub(crate) fn error(py: Python<'_>, raised: &PyErr) -> Error {
    ours(py, raised).unwrap_or_else(|| {
        let code = if raised.is_instance_of::<PyPermissionError>(py) {
            ErrorCode::SourceUnauthorized
        } else if raised.is_instance_of::<PyConnectionError>(py)
            || raised.is_instance_of::<PyTimeoutError>(py)
        {
            ErrorCode::SourceUnavailable
        } else {
            ErrorCode::ConnectorPanicked
        };
        let place = place(py, raised).map(|place| format!(" at {place}")).unwrap_or_default();
        Error::new(code, format!("the connector raised {raised}{place}"))
    })
}

/// The error of an exception that is one of the package's own.
fn ours(py: Python<'_>, raised: &PyErr) -> Option<Error> {
    let value = raised.value(py);
    let base = BASE.import(py, "headwater.errors", "HeadwaterError").ok()?;
    if !value.is_instance(base).ok()? {
        return None;
    }
    let text = |name: &str| value.getattr(name).ok()?.extract::<Option<String>>().ok()?;
    let code = ErrorCode::from_name(&text("code")?)?;
    let mut error = Error::new(code, text("message").unwrap_or_default());
    if let Some(field) = text("field") {
        error = error.at_field(field);
    }
    if let Some(record) = text("record") {
        error = error.on_record(record);
    }
    if let Some(hint) = text("hint") {
        error = error.hint(hint);
    }
    let after = value.getattr("retry_after").ok()?.extract::<Option<f64>>().ok()?;
    Some(match after.map(std::time::Duration::try_from_secs_f64) {
        Some(Ok(wait)) => error.retry_with(Retry::After(wait)),
        _ => error,
    })
}

/// Where an exception was raised: file and line of the innermost frame.
fn place(py: Python<'_>, raised: &PyErr) -> Option<String> {
    let mut innermost = raised.traceback(py)?.into_any();
    while let Ok(next) = innermost.getattr("tb_next")
        && !next.is_none()
    {
        innermost = next;
    }
    let line: u32 = innermost.getattr("tb_lineno").ok()?.extract().ok()?;
    let code = innermost.getattr("tb_frame").ok()?.getattr("f_code").ok()?;
    let file: String = code.getattr("co_filename").ok()?.extract().ok()?;
    Some(format!("{file}:{line}"))
}

/// The table of codes, a dictionary for each, from which the exception classes are made.
pub(crate) fn table(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    let rows = PyList::empty(py);
    for &code in ErrorCode::ALL {
        let row = PyDict::new(py);
        row.set_item("number", code.number())?;
        row.set_item("name", code.name())?;
        row.set_item("group", code.group().name())?;
        row.set_item("retryable", code.retry() != Retry::Never)?;
        row.set_item("http_status", code.http_status())?;
        row.set_item("python_class", code.python_class())?;
        row.set_item("hint", code.hint())?;
        rows.append(row)?;
    }
    Ok(rows)
}
