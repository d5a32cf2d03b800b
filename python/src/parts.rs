//! Items of array attributes, and edges of relationships.

use pyo3::prelude::*;

use crate::from_python;
use crate::handle::Handle;
use crate::to_python;

type Any<'py> = Bound<'py, PyAny>;
/// What became of it, and what it is now.
type Edited<'py> = (&'static str, Any<'py>);

/// Adds an item to an array attribute.
#[pyfunction]
pub(crate) fn add_item<'py>(
    py: Python<'py>,
    handle: &Handle,
    record_type: &str,
    id: &Any<'py>,
    attribute: &str,
    body: &Any<'py>,
) -> PyResult<Edited<'py>> {
    let id = from_python::id(id, "id")?;
    let body = from_python::object(body, attribute)?;
    let added = handle
        .run(py, |workspace| headwater::add_item(workspace, record_type, id, attribute, body))?;
    Ok((added.action.name(), to_python::json(py, &added.to_json())?))
}

/// Changes the parts of an item that are given.
#[pyfunction]
pub(crate) fn update_item<'py>(
    py: Python<'py>,
    handle: &Handle,
    record_type: &str,
    id: &Any<'py>,
    attribute: &str,
    item: &str,
    body: &Any<'py>,
) -> PyResult<Edited<'py>> {
    let id = from_python::id(id, "id")?;
    let body = from_python::object(body, attribute)?;
    let updated = handle.run(py, |workspace| {
        headwater::update_item(workspace, record_type, id, attribute, item, body)
    })?;
    Ok((updated.action.name(), to_python::json(py, &updated.to_json())?))
}

/// Takes an item away.
#[pyfunction]
pub(crate) fn remove_item(
    py: Python<'_>,
    handle: &Handle,
    record_type: &str,
    id: &Any<'_>,
    attribute: &str,
    item: &str,
) -> PyResult<()> {
    let id = from_python::id(id, "id")?;
    handle.run(py, |workspace| headwater::remove_item(workspace, record_type, id, attribute, item))
}

/// One page of the edges of a record.
#[pyfunction]
pub(crate) fn edges<'py>(
    py: Python<'py>,
    handle: &Handle,
    record_type: &str,
    id: &Any<'py>,
    relationship: &str,
    parameters: &Any<'py>,
) -> PyResult<Any<'py>> {
    let id = from_python::id(id, "id")?;
    let parameters = from_python::object(parameters, "parameters")?;
    let page = handle.run(py, |workspace| {
        headwater::edges(workspace, record_type, id, relationship, parameters)
    })?;
    to_python::json(py, &page.to_json())
}

/// Links a record to another one.
#[pyfunction]
pub(crate) fn add_edge<'py>(
    py: Python<'py>,
    handle: &Handle,
    record_type: &str,
    id: &Any<'py>,
    relationship: &str,
    body: &Any<'py>,
) -> PyResult<Edited<'py>> {
    let id = from_python::id(id, "id")?;
    let body = from_python::object(body, relationship)?;
    let added = handle
        .run(py, |workspace| headwater::add_edge(workspace, record_type, id, relationship, body))?;
    Ok((added.action.name(), to_python::json(py, &added.edge.to_json())?))
}

/// Changes the attributes of a link that are given.
#[pyfunction]
pub(crate) fn update_edge<'py>(
    py: Python<'py>,
    handle: &Handle,
    record_type: &str,
    id: &Any<'py>,
    relationship: &str,
    target: &Any<'py>,
    body: &Any<'py>,
) -> PyResult<Edited<'py>> {
    let id = from_python::id(id, "id")?;
    let target = from_python::id(target, "target")?;
    let body = from_python::object(body, relationship)?;
    let updated = handle.run(py, |workspace| {
        headwater::update_edge(workspace, record_type, id, relationship, target, body)
    })?;
    Ok((updated.action.name(), to_python::json(py, &updated.edge.to_json())?))
}

/// Takes the link between two records away.
#[pyfunction]
pub(crate) fn remove_edge(
    py: Python<'_>,
    handle: &Handle,
    record_type: &str,
    id: &Any<'_>,
    relationship: &str,
    target: &Any<'_>,
) -> PyResult<()> {
    let id = from_python::id(id, "id")?;
    let target = from_python::id(target, "target")?;
    handle.run(py, |workspace| {
        headwater::remove_edge(workspace, record_type, id, relationship, target)
    })
}
