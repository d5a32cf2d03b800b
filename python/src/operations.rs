//! Batches of operations of any kind, each given as a mapping like a call of its own.

use headwater::{ApplyMode, ApplyOptions, Outcome};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};
use serde_json::Value as Json;

use crate::failure::instance;
use crate::from_python;
use crate::handle::Handle;
use crate::record::Record;

/// Applies operations in one transaction, in order: for each its action, id and record, or the
/// exception that says why it failed.
#[pyfunction]
pub(crate) fn apply<'py>(
    py: Python<'py>,
    handle: &Handle,
    operations: &Bound<'py, PyAny>,
    all_or_nothing: bool,
    records: bool,
) -> PyResult<Bound<'py, PyList>> {
    let mut given = Vec::new();
    for operation in operations.try_iter()? {
        given.push(Json::Object(from_python::object(&operation?, "operation")?));
    }
    let mode = if all_or_nothing { ApplyMode::AllOrNothing } else { ApplyMode::PerRecord };
    let options = ApplyOptions { mode, returns_records: records };
    let outcomes =
        handle.run(py, |workspace| headwater::apply_batch(workspace, &given, options))?;
    let list = PyList::empty(py);
    for outcome in outcomes {
        list.append(match outcome {
            Ok(Outcome { action, id, record, .. }) => {
                let record =
                    record.map(|record| Bound::new(py, Record::from(record))).transpose()?;
                (action.name(), id.to_string(), record).into_pyobject(py)?
            }
            Err(error) => PyTuple::new(py, [instance(py, &error)?])?,
        })?;
    }
    Ok(list)
}
