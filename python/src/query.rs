//! Queries: one page at a time.

use headwater::Query;
use headwater::operation::QueryLimits;
use pyo3::prelude::*;

use crate::from_python;
use crate::handle::Handle;
use crate::record::Record;
use crate::to_python;

/// One page of a query whose body is in the words of the API: the records, and the next cursor.
#[pyfunction]
pub(crate) fn page(
    py: Python<'_>,
    handle: &Handle,
    record_type: &str,
    body: &Bound<'_, PyAny>,
) -> PyResult<(Vec<Record>, Option<String>)> {
    let body = from_python::object(body, "query")?;
    let page = handle.run(py, |workspace| {
        let schema = workspace.schema();
        let query = Query::parse(&schema, schema.record_type(record_type)?, body)?;
        workspace.query(record_type, &query)
    })?;
    Ok((page.records.into_iter().map(Record::from).collect(), page.next_cursor))
}

/// One page of the activities of a contact, an account or an opportunity, as the API shows it.
#[pyfunction]
pub(crate) fn activities<'py>(
    py: Python<'py>,
    handle: &Handle,
    body: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let body = from_python::object(body, "query")?;
    let limits = QueryLimits::default();
    let page = handle.run(py, |workspace| headwater::query_activities(workspace, body, &limits))?;
    to_python::json(py, &page)
}
