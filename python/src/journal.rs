//! What a workspace remembers: runs, refused rows, the history of records.

use headwater::store::journal::RejectFilter;
use headwater::sync::{reject_json, run_json};
use headwater::{Error, ErrorCode, Uuid};
use pyo3::prelude::*;
use serde_json::Value as Json;

use crate::failure::OrRaise;
use crate::from_python;
use crate::handle::Handle;
use crate::to_python;

/// The latest runs, newest first.
#[pyfunction]
pub(crate) fn runs<'py>(
    py: Python<'py>,
    handle: &Handle,
    limit: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let runs = handle.run(py, |workspace| {
        let mut runs = Vec::new();
        workspace.read_journal(&mut |journal| {
            runs = journal.runs(limit)?;
            Ok(())
        })?;
        Ok(runs)
    })?;
    to_python::json(py, &runs.iter().map(run_json).collect())
}

/// The refused rows, of one run or with one code where these are given.
#[pyfunction]
pub(crate) fn rejects<'py>(
    py: Python<'py>,
    handle: &Handle,
    run: Option<&str>,
    code: Option<&str>,
) -> PyResult<Bound<'py, PyAny>> {
    let wrong = |what: String, field| Error::new(ErrorCode::InvalidRequest, what).at_field(field);
    let run = run.map(|text| {
        Uuid::parse_str(text).map_err(|_| wrong(format!("{text:?} is not a run id"), "run"))
    });
    let code = code.map(|name| {
        ErrorCode::from_name(name)
            .ok_or_else(|| wrong(format!("there is no code {name:?}"), "code"))
    });
    let filter =
        RejectFilter { run: run.transpose().or_raise(py)?, code: code.transpose().or_raise(py)? };
    let listed = handle.run(py, |workspace| {
        let mut listed = Vec::new();
        workspace.read_journal(&mut |journal| {
            journal.rejects(&filter, &mut |reject| {
                listed.push(reject_json(&reject));
                Ok(())
            })
        })?;
        Ok(listed)
    })?;
    to_python::json(py, &Json::Array(listed))
}

/// One page of the changes of a record, the latest first.
#[pyfunction]
pub(crate) fn history<'py>(
    py: Python<'py>,
    handle: &Handle,
    record_type: &str,
    id: &Bound<'py, PyAny>,
    parameters: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let id = from_python::id(id, "id")?;
    let parameters = from_python::object(parameters, "parameters")?;
    let page =
        handle.run(py, |workspace| headwater::history(workspace, record_type, id, parameters))?;
    to_python::json(py, &page.to_json())
}
