//! Queries: one page at a time.

use headwater::operation::QueryLimits;
use headwater::{Page, Query, Result, Workspace};
use pyo3::prelude::*;
use serde_json::{Map, Value as Json};

use crate::from_python;
use crate::handle::Handle;
use crate::record::Record;
use crate::to_python;

/// Records of a page: as many as are quick to read, or as a remote workspace gives.
const LOCAL_PAGE: usize = 1000;
const REMOTE_PAGE: usize = 100;

/// The records of a page, and the next cursor.
type Records = (Vec<Record>, Option<String>);

/// One page of a query whose body is in the words of the API, within the API's limits.
#[pyfunction]
pub(crate) fn page(
    py: Python<'_>,
    handle: &Handle,
    record_type: &str,
    body: &Bound<'_, PyAny>,
) -> PyResult<Records> {
    let body = from_python::object(body, "query")?;
    let page = handle.run(py, |workspace| {
        let declared = workspace.record_type(record_type)?;
        let query = Query::parse(&workspace.schema(), &declared, body)?;
        workspace.query(record_type, &query)
    })?;
    Ok(records(page))
}

/// The next records of a query, as many as a page holds or as are `wanted`.
#[pyfunction]
pub(crate) fn next_records(
    py: Python<'_>,
    handle: &Handle,
    record_type: &str,
    body: &Bound<'_, PyAny>,
    wanted: Option<usize>,
) -> PyResult<Records> {
    let body = from_python::object(body, "query")?;
    handle.run(py, |workspace| read(workspace, record_type, body, wanted)).map(records)
}

fn records(page: Page) -> Records {
    (page.records.into_iter().map(Record::from).collect(), page.next_cursor)
}

/// Reads the next page of a query.
pub(crate) fn read(
    workspace: &dyn Workspace,
    record_type: &str,
    mut body: Map<String, Json>,
    wanted: Option<usize>,
) -> Result<Page> {
    let declared = workspace.record_type(record_type)?;
    let max_page = if declared.is_remote() { REMOTE_PAGE } else { LOCAL_PAGE };
    body.insert("limit".to_owned(), wanted.unwrap_or(max_page).min(max_page).into());
    let limits = QueryLimits { max_page, ..QueryLimits::default() };
    workspace
        .query(record_type, &Query::parse_within(&workspace.schema(), &declared, body, &limits)?)
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
