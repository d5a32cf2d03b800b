//! The schema of a workspace, and the states of a twin.

use std::path::PathBuf;

use headwater::Declarations;
use pyo3::prelude::*;
use serde_json::{Value as Json, json};

use crate::failure::OrRaise;
use crate::from_python;
use crate::handle::Handle;
use crate::to_python;

/// The names of the record types.
#[pyfunction]
pub(crate) fn record_types(py: Python<'_>, handle: &Handle) -> PyResult<Vec<String>> {
    let schema = handle.workspace().or_raise(py)?.schema();
    Ok(schema.record_types().iter().map(|one| one.api_name().to_owned()).collect())
}

/// The schema document of a record type or a junction.
#[pyfunction]
pub(crate) fn schema<'py>(
    py: Python<'py>,
    handle: &Handle,
    record_type: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let document = handle.run(py, |workspace| workspace.describe(record_type))?;
    to_python::json(py, &document)
}

/// Pipelines with their stages.
#[pyfunction]
pub(crate) fn pipelines<'py>(py: Python<'py>, handle: &Handle) -> PyResult<Bound<'py, PyAny>> {
    let schema = handle.workspace().or_raise(py)?.schema();
    to_python::json(py, &Json::Array(schema.pipelines()))
}

/// Adds custom objects and fields: the text of a schema file, or the same as a mapping.
#[pyfunction]
pub(crate) fn declare<'py>(
    py: Python<'py>,
    handle: &Handle,
    declarations: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let declarations = match declarations.extract::<String>() {
        Ok(text) => Declarations::parse(&text),
        Err(_) => {
            let object = from_python::object(declarations, "declarations")?;
            Declarations::from_json(Json::Object(object))
        }
    };
    let declarations = declarations.or_raise(py)?;
    let declared = handle.run(py, |workspace| workspace.declare(declarations))?;
    to_python::json(py, &json!({ "added": declared.added, "changed": declared.changed }))
}

/// Writes a copy of the present state to a file that is not there yet.
#[pyfunction]
pub(crate) fn snapshot(py: Python<'_>, handle: &Handle, path: PathBuf) -> PyResult<()> {
    handle.run(py, |workspace| workspace.twin()?.copy_to(&path))
}

/// Goes back to the state that a copy holds.
#[pyfunction]
pub(crate) fn reset(py: Python<'_>, handle: &Handle, path: PathBuf) -> PyResult<()> {
    handle.run(py, |workspace| workspace.twin()?.return_to(&path))
}
