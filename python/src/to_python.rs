//! From JSON and from values to Python objects.

use headwater::schema::Attribute;
use headwater::value::{ADDRESS_PARTS, Number, Timestamp, Value};
use jiff::civil::{Date, DateTime, Time};
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyOverflowError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyNone, PyString};
use serde_json::Value as Json;

static DATETIME: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static DATE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static TIME: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static UTC: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static DECIMAL: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// JSON as the objects that `json.loads` makes of it.
pub(crate) fn json<'py>(py: Python<'py>, json: &Json) -> PyResult<Bound<'py, PyAny>> {
    Ok(match json {
        Json::Null => PyNone::get(py).to_owned().into_any(),
        Json::Bool(boolean) => PyBool::new(py, *boolean).to_owned().into_any(),
        Json::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(integer), ..) => PyInt::new(py, integer).into_any(),
            (_, Some(integer), _) => PyInt::new(py, integer).into_any(),
            (.., float) => PyFloat::new(py, float.unwrap_or(f64::NAN)).into_any(),
        },
        Json::String(text) => PyString::new(py, text).into_any(),
        Json::Array(elements) => {
            let list = PyList::empty(py);
            for element in elements {
                list.append(self::json(py, element)?)?;
            }
            list.into_any()
        }
        Json::Object(entries) => {
            let dictionary = PyDict::new(py);
            for (name, value) in entries {
                dictionary.set_item(name, self::json(py, value)?)?;
            }
            dictionary.into_any()
        }
    })
}

/// A value of an attribute as the Python object that says the same: text, `int`, `float`, `Decimal`,
/// `bool`, `datetime` in UTC, `date`, `time`, a dictionary for an address or an item, a list.
pub(crate) fn value<'py>(
    py: Python<'py>,
    value: &Value,
    item_json: &dyn Fn(&headwater::value::Item) -> Json,
) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Text(text) => PyString::new(py, text).into_any(),
        Value::Number(Number::Integer(integer)) => PyInt::new(py, *integer).into_any(),
        Value::Number(Number::Float(float)) => PyFloat::new(py, *float).into_any(),
        Value::Decimal(decimal) => {
            DECIMAL.import(py, "decimal", "Decimal")?.call1((decimal.to_string(),))?
        }
        Value::Boolean(boolean) => PyBool::new(py, *boolean).to_owned().into_any(),
        Value::Timestamp(at) => timestamp(py, *at)?,
        Value::Date(day) => date(py, *day)?,
        Value::Time(at) => time(py, *at)?,
        Value::Uuid(id) => id.to_string().into_bound_py_any(py)?,
        // Never in a record: an operation's references are found before it is written.
        Value::Target(target) => target.to_string().into_bound_py_any(py)?,
        Value::Address(address) => {
            let parts = PyDict::new(py);
            for (name, part) in ADDRESS_PARTS.iter().zip(&address.0) {
                parts.set_item(name, part.as_deref())?;
            }
            parts.into_any()
        }
        Value::Item(item) => json(py, &item_json(item))?,
        Value::List(values) => {
            let list = PyList::empty(py);
            for element in values {
                list.append(self::value(py, element, item_json)?)?;
            }
            list.into_any()
        }
    })
}

/// What stands for null: an array without elements is an empty list.
pub(crate) fn null<'py>(py: Python<'py>, attribute: &Attribute) -> Bound<'py, PyAny> {
    if attribute.is_array {
        PyList::empty(py).into_any()
    } else {
        PyNone::get(py).to_owned().into_any()
    }
}

/// A `datetime` in UTC.
pub(crate) fn timestamp(py: Python<'_>, at: Timestamp) -> PyResult<Bound<'_, PyAny>> {
    let civil: DateTime = at
        .to_datetime()
        .ok_or_else(|| PyOverflowError::new_err("the timestamp is out of range"))?;
    let utc = UTC.get_or_try_init(py, || {
        PyResult::Ok(py.import("datetime")?.getattr("timezone")?.getattr("utc")?.unbind())
    })?;
    let (day, at) = (civil.date(), civil.time());
    DATETIME.import(py, "datetime", "datetime")?.call1((
        day.year(),
        day.month(),
        day.day(),
        at.hour(),
        at.minute(),
        at.second(),
        at.subsec_nanosecond() / 1000,
        utc,
    ))
}

fn date(py: Python<'_>, day: Date) -> PyResult<Bound<'_, PyAny>> {
    DATE.import(py, "datetime", "date")?.call1((day.year(), day.month(), day.day()))
}

fn time(py: Python<'_>, at: Time) -> PyResult<Bound<'_, PyAny>> {
    let micros = at.subsec_nanosecond() / 1000;
    TIME.import(py, "datetime", "time")?.call1((at.hour(), at.minute(), at.second(), micros))
}
