//! Records: made, read, changed, archived, brought back, asserted.

use headwater::operation::{Match, OperationKind};
use headwater::{Attributes, Error, ErrorCode, Operation, Outcome, Write};
use pyo3::prelude::*;

use crate::failure::OrRaise;
use crate::from_python;
use crate::handle::Handle;
use crate::record::Record;
use crate::to_python;

type Any<'py> = Bound<'py, PyAny>;

/// Makes a record.
#[pyfunction]
pub(crate) fn create(
    py: Python<'_>,
    handle: &Handle,
    record_type: &str,
    attributes: &Any<'_>,
) -> PyResult<Record> {
    let attributes = from_python::object(attributes, "attributes")?;
    let record =
        handle.run(py, |workspace| headwater::create(workspace, record_type, attributes))?;
    Ok(record.into())
}

/// Reads a record.
#[pyfunction]
pub(crate) fn get(
    py: Python<'_>,
    handle: &Handle,
    record_type: &str,
    id: &Any<'_>,
) -> PyResult<Record> {
    let id = from_python::id(id, "id")?;
    Ok(handle.run(py, |workspace| workspace.get(record_type, id))?.into())
}

/// Changes the attributes that are given.
#[pyfunction]
pub(crate) fn patch(
    py: Python<'_>,
    handle: &Handle,
    record_type: &str,
    id: &Any<'_>,
    attributes: &Any<'_>,
) -> PyResult<Record> {
    let id = from_python::id(id, "id")?;
    let attributes = from_python::object(attributes, "attributes")?;
    let record =
        handle.run(py, |workspace| headwater::patch(workspace, record_type, id, attributes))?;
    Ok(record.into())
}

/// Hides a record from reads, queries and matches.
#[pyfunction]
pub(crate) fn archive(
    py: Python<'_>,
    handle: &Handle,
    record_type: &str,
    id: &Any<'_>,
) -> PyResult<()> {
    let id = from_python::id(id, "id")?;
    handle.run(py, |workspace| headwater::archive(workspace, record_type, id))
}

/// Brings an archived record back.
#[pyfunction]
pub(crate) fn restore(
    py: Python<'_>,
    handle: &Handle,
    record_type: &str,
    id: &Any<'_>,
) -> PyResult<Record> {
    let id = from_python::id(id, "id")?;
    Ok(handle.run(py, |workspace| headwater::restore(workspace, record_type, id))?.into())
}

/// Updates the one record that matches, or makes it: the record, and what became of it.
#[pyfunction]
pub(crate) fn assert_(
    py: Python<'_>,
    handle: &Handle,
    record_type: &str,
    matching: &Any<'_>,
    attributes: &Any<'_>,
) -> PyResult<(Record, &'static str)> {
    let matching = from_python::object(matching, "match")?;
    let attributes = from_python::object(attributes, "attributes")?;
    let outcome = handle
        .run(py, |workspace| headwater::assert(workspace, record_type, matching, attributes))?;
    whole(py, outcome)
}

/// As `assert_`, but a record that is not there is an error.
#[pyfunction]
pub(crate) fn update(
    py: Python<'_>,
    handle: &Handle,
    record_type: &str,
    matching: &Any<'_>,
    attributes: &Any<'_>,
) -> PyResult<(Record, &'static str)> {
    let matching = from_python::object(matching, "match")?;
    let attributes = from_python::object(attributes, "attributes")?;
    let outcome = handle.run(py, |workspace| {
        let record_type = workspace.record_type(record_type)?;
        record_type.check_writable()?;
        let matching = Match::parse(&record_type, matching, None)?;
        let attributes = Attributes::parse(&record_type, attributes, Write::Patch, None)?;
        let kind = OperationKind::Update { matching, attributes };
        workspace.apply_one(Operation::new(record_type, kind))
    })?;
    whole(py, outcome)
}

fn whole(py: Python<'_>, outcome: Outcome) -> PyResult<(Record, &'static str)> {
    let lost = || Error::new(ErrorCode::Internal, "an outcome came without its record");
    let record = outcome.record.ok_or_else(lost).or_raise(py)?;
    Ok((record.into(), outcome.action.name()))
}

/// Logs an activity and gives it as the API shows it.
#[pyfunction]
pub(crate) fn log_activity<'py>(
    py: Python<'py>,
    handle: &Handle,
    attributes: &Any<'py>,
) -> PyResult<Any<'py>> {
    let attributes = from_python::object(attributes, "attributes")?;
    let logged = handle.run(py, |workspace| headwater::log_activity(workspace, attributes))?;
    to_python::json(py, &logged)
}

/// Puts records into a workspace, also of types that are only read; `lines` is JSON Lines.
#[pyfunction]
pub(crate) fn seed(
    py: Python<'_>,
    handle: &Handle,
    lines: &str,
) -> PyResult<Vec<(&'static str, String)>> {
    let outcomes = handle.run(py, |workspace| headwater::seed(workspace, lines.as_bytes()))?;
    Ok(outcomes.iter().map(|outcome| (outcome.action.name(), outcome.id.to_string())).collect())
}
