//! Arrow data of other Python packages, taken over and handed out without a copy.

use arrow_array::ffi_stream::{FFI_ArrowArrayStream, RecordBatchStreamReader};
use arrow_array::{RecordBatch, RecordBatchIterator, RecordBatchReader};
use arrow_pyarrow::FromPyArrow;
use headwater::source::ArrowRows;
use headwater::{Error, ErrorCode, Result};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

/// A reader of an object that shows itself as Arrow data; `None` where it does not.
pub(crate) fn reader(
    given: &Bound<'_, PyAny>,
) -> PyResult<Option<Box<dyn RecordBatchReader + Send>>> {
    if given.hasattr("__arrow_c_stream__")? {
        return Ok(Some(Box::new(RecordBatchStreamReader::from_pyarrow_bound(given)?)));
    }
    if given.hasattr("__arrow_c_array__")? {
        let batch = RecordBatch::from_pyarrow_bound(given)?;
        let schema = batch.schema();
        return Ok(Some(Box::new(RecordBatchIterator::new([Ok(batch)], schema))));
    }
    Ok(None)
}

/// The names of the columns of Arrow data; `None` for another object.
#[pyfunction]
pub(crate) fn column_names(given: &Bound<'_, PyAny>) -> PyResult<Option<Vec<String>>> {
    let Some(reader) = reader(given)? else { return Ok(None) };
    Ok(Some(reader.schema().fields().iter().map(|field| field.name().clone()).collect()))
}

/// Some of the rows.
pub(crate) fn slice(rows: &ArrowRows, first: usize, count: usize) -> Result<ArrowRows> {
    ArrowRows::new(rows.array().slice(first, count), rows.null_means())
}

/// A reader as what `__arrow_c_stream__` returns.
pub(crate) fn capsule(
    py: Python<'_>,
    reader: Box<dyn RecordBatchReader + Send>,
) -> PyResult<Bound<'_, PyCapsule>> {
    let stream = FFI_ArrowArrayStream::new(reader);
    PyCapsule::new_with_value(py, stream, c"arrow_array_stream")
}

/// The error for a stream that fails.
pub(crate) fn unreadable(cause: &arrow_schema::ArrowError) -> Error {
    Error::new(ErrorCode::SourceDataInvalid, format!("the Arrow stream failed: {cause}"))
}
