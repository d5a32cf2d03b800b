//! From Python objects to JSON: what single calls, rows of dictionaries and connectors give.

use headwater::value::read_json;
use headwater::{Error, ErrorCode, Uuid};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyMapping, PyString, PyTuple};
use serde_json::{Map, Number, Value as Json};

use crate::failure::exception;

/// Lists and dictionaries may stand in each other this deep; one that holds itself has no end.
const MAX_DEPTH: usize = 64;

static DATE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static TIME: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static DECIMAL: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static UUID: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static RECORD: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// A mapping with text for keys, as a JSON object. `what` names it in messages.
pub(crate) fn object(given: &Bound<'_, PyAny>, what: &str) -> PyResult<Map<String, Json>> {
    object_within(given, what, 0)
}

/// A mapping as a line of JSON.
#[pyfunction]
pub(crate) fn json_line(given: &Bound<'_, PyAny>, what: &str) -> PyResult<String> {
    object(given, what).map(|object| Json::Object(object).to_string())
}

fn object_within(
    given: &Bound<'_, PyAny>,
    what: &str,
    depth: usize,
) -> PyResult<Map<String, Json>> {
    let mut object = Map::new();
    if let Ok(dictionary) = given.cast::<PyDict>() {
        // A copy: what is asked of a value may change the dictionary.
        for (name, value) in dictionary.copy()? {
            let name = key(&name, what)?;
            let value = json_within(&value, &name, depth + 1)?;
            object.insert(name, value);
        }
        return Ok(object);
    }
    let Ok(mapping) = given.cast::<PyMapping>() else {
        let message = format!("expected a dict for {what}, found {}", type_of(given));
        return Err(PyTypeError::new_err(message));
    };
    for entry in mapping.items()? {
        let (name, value) = entry.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>()?;
        let name = key(&name, what)?;
        let value = json_within(&value, &name, depth + 1)?;
        object.insert(name, value);
    }
    Ok(object)
}

/// The name of the first value of a mapping that JSON cannot say.
pub(crate) fn faulty_name(given: &Bound<'_, PyAny>) -> Option<String> {
    let items = given.cast::<PyMapping>().ok()?.items().ok()?;
    items.iter().find_map(|entry| {
        let (name, value) = entry.extract::<(String, Bound<'_, PyAny>)>().ok()?;
        json_within(&value, &name, 1).is_err().then_some(name)
    })
}

/// Writes a mapping with text for keys as the JSON of [`object`], without making a tree of it.
pub(crate) fn write_object(
    text: &mut String,
    given: &Bound<'_, PyAny>,
    what: &str,
) -> PyResult<()> {
    let Ok(dictionary) = given.cast_exact::<PyDict>() else {
        text.push_str(&Json::Object(object(given, what)?).to_string());
        return Ok(());
    };
    text.push('{');
    for (index, (name, value)) in dictionary.copy()?.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        let Ok(name) = name.cast::<PyString>() else { return key(&name, what).map(drop) };
        let Ok(name) = name.to_str() else { return self::text(name, what).map(drop) };
        write_text(text, name);
        text.push(':');
        match value.cast_exact::<PyString>().ok().and_then(|value| value.to_str().ok()) {
            Some(value) => write_text(text, value),
            None if value.is_none() => text.push_str("null"),
            None => text.push_str(&json_within(&value, name, 1)?.to_string()),
        }
    }
    text.push('}');
    Ok(())
}

/// Writes a string of JSON; most need no escapes.
fn write_text(text: &mut String, value: &str) {
    if value.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        text.push('"');
        text.push_str(value);
        text.push('"');
    } else {
        text.push_str(&Json::from(value).to_string());
    }
}

fn key(name: &Bound<'_, PyAny>, what: &str) -> PyResult<String> {
    match name.cast::<PyString>() {
        Ok(name) => text(name, what),
        Err(_) => {
            let message = format!("the keys of {what} must be str, found {}", type_of(name));
            Err(PyTypeError::new_err(message))
        }
    }
}

/// A value as JSON. `None`, NaN, NaT and pandas' NA are null; a record stands for its id.
pub(crate) fn json(given: &Bound<'_, PyAny>, what: &str) -> PyResult<Json> {
    json_within(given, what, 0)
}

fn json_within(given: &Bound<'_, PyAny>, what: &str, depth: usize) -> PyResult<Json> {
    if depth > MAX_DEPTH {
        let message = format!("{what} nests deeper than {MAX_DEPTH}");
        let error = Error::new(ErrorCode::FieldValueInvalid, message).at_field(what);
        return Err(exception(given.py(), &error));
    }
    if given.is_none() {
        Ok(Json::Null)
    } else if let Ok(given) = given.cast::<PyString>() {
        text(given, what).map(Json::String)
    } else if let Ok(boolean) = given.cast::<PyBool>() {
        Ok(Json::Bool(boolean.is_true()))
    } else if let Ok(integer) = given.cast::<PyInt>() {
        number(integer)
    } else if let Ok(float) = given.cast::<PyFloat>() {
        Ok(self::float(float.value()))
    } else if given.cast::<PyDict>().is_ok() {
        object_within(given, what, depth).map(Json::Object)
    } else if given.cast::<PyList>().is_ok() || given.cast::<PyTuple>().is_ok() {
        let elements = given.try_iter()?.map(|element| json_within(&element?, what, depth + 1));
        elements.collect::<PyResult<Vec<Json>>>().map(Json::Array)
    } else {
        other(given, what, depth)
    }
}

/// What is none of the types that JSON itself has.
fn other(given: &Bound<'_, PyAny>, what: &str, depth: usize) -> PyResult<Json> {
    let py = given.py();
    let is_a = |class: &PyOnceLock<Py<PyAny>>, module, name| {
        given.is_instance(class.import(py, module, name)?)
    };
    if is_missing(given) {
        return Ok(Json::Null);
    }
    if is_a(&DATE, "datetime", "date")? || is_a(&TIME, "datetime", "time")? {
        // A `datetime` is a `date`.
        return given.call_method0("isoformat")?.extract().map(Json::String);
    }
    if is_a(&RECORD, "headwater.records", "Record")? {
        return given.getattr("id")?.extract().map(Json::String);
    }
    if is_a(&DECIMAL, "decimal", "Decimal")? || is_a(&UUID, "uuid", "UUID")? {
        return given.str()?.extract().map(Json::String);
    }
    if given.cast::<PyMapping>().is_ok() {
        return object_within(given, what, depth).map(Json::Object);
    }
    if type_of(given) == "numpy.datetime64" {
        // Of nanoseconds, numpy would make a number.
        let time = given.call_method1("astype", ("datetime64[us]",))?.call_method0("item")?;
        return json_within(&time, what, depth + 1);
    }
    // Scalars and arrays of numpy, and scalars of pyarrow.
    for name in ["tolist", "as_py"] {
        if let Ok(method) = given.getattr(name) {
            return json_within(&method.call0()?, what, depth + 1);
        }
    }
    let message = format!("{what} cannot be a {}", type_of(given));
    Err(PyTypeError::new_err(message))
}

/// Whether it is one of the objects that stand for no value: none of them equals itself.
fn is_missing(given: &Bound<'_, PyAny>) -> bool {
    let class = given.get_type();
    let name = class.name().map(|name| name.to_string()).unwrap_or_default();
    match name.as_str() {
        "NAType" | "NaTType" => true,
        "Decimal" => given.call_method0("is_nan").and_then(|nan| nan.is_truthy()).unwrap_or(false),
        _ => false,
    }
}

fn text(given: &Bound<'_, PyString>, what: &str) -> PyResult<String> {
    given.to_str().map(str::to_owned).map_err(|_| {
        let message = "the text is not Unicode: it holds half of a surrogate pair";
        let error = Error::new(ErrorCode::FieldValueInvalid, message).at_field(what);
        exception(given.py(), &error)
    })
}

fn number(integer: &Bound<'_, PyInt>) -> PyResult<Json> {
    if let Ok(number) = integer.extract::<i64>() {
        return Ok(number.into());
    }
    if let Ok(number) = integer.extract::<u64>() {
        return Ok(number.into());
    }
    // As in JSON: what 64 bits and a float cannot hold is the text of its digits.
    let digits: String = integer.str()?.extract()?;
    Ok(read_json(digits.as_bytes()).unwrap_or(Json::String(digits)))
}

fn float(float: f64) -> Json {
    match Number::from_f64(float) {
        Some(number) => Json::Number(number),
        None if float.is_nan() => Json::Null,
        // The infinities are no JSON: as text they are refused where a number is expected.
        None => Json::String(float.to_string()),
    }
}

/// The id of a record: its text, a `UUID`, or the record itself.
pub(crate) fn id(given: &Bound<'_, PyAny>, what: &str) -> PyResult<Uuid> {
    if let Ok(text) = given.cast::<PyString>() {
        return parse_id(text, what);
    }
    let py = given.py();
    if given.is_instance(RECORD.import(py, "headwater.records", "Record")?)? {
        return parse_id(given.getattr("id")?.cast::<PyString>()?, what);
    }
    if given.is_instance(UUID.import(py, "uuid", "UUID")?)? {
        return parse_id(&given.str()?, what);
    }
    let message =
        format!("expected an id (str, UUID or Record) for {what}, found {}", type_of(given));
    Err(PyTypeError::new_err(message))
}

fn parse_id(given: &Bound<'_, PyString>, what: &str) -> PyResult<Uuid> {
    let text = given.to_string_lossy();
    Uuid::parse_str(&text).map_err(|_| {
        let message = format!("expected a UUID, found {text:?}");
        let error = Error::new(ErrorCode::InvalidRequest, message).at_field(what);
        exception(given.py(), &error)
    })
}

fn type_of(given: &Bound<'_, PyAny>) -> String {
    let class = given.get_type();
    class.fully_qualified_name().map_or_else(|_| "object".to_owned(), |name| name.to_string())
}
