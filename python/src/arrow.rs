//! Arrow data of other Python packages, taken over without a copy.

use arrow_array::RecordBatch;
use arrow_array::ffi_stream::RecordBatchStreamReader;
use arrow_pyarrow::FromPyArrow;
use headwater::source::{ArrowRows, NullMeans};
use headwater::{Error, ErrorCode, Result};
use pyo3::prelude::*;

use crate::failure::OrRaise;

/// The rows of an object that shows itself as Arrow data; `None` where it does not.
pub(crate) fn rows(given: &Bound<'_, PyAny>) -> PyResult<Option<Vec<ArrowRows>>> {
    let py = given.py();
    let batches: Vec<RecordBatch> = if given.hasattr("__arrow_c_stream__")? {
        let reader = RecordBatchStreamReader::from_pyarrow_bound(given)?;
        reader
            .collect::<std::result::Result<_, _>>()
            .map_err(|cause| unreadable(&cause))
            .or_raise(py)?
    } else if given.hasattr("__arrow_c_array__")? {
        vec![RecordBatch::from_pyarrow_bound(given)?]
    } else {
        return Ok(None);
    };
    let rows = batches.into_iter().map(|batch| ArrowRows::try_from((batch, NullMeans::Null)));
    rows.collect::<Result<Vec<_>>>().or_raise(py).map(Some)
}

/// Some of the rows.
pub(crate) fn slice(rows: &ArrowRows, first: usize, count: usize) -> Result<ArrowRows> {
    ArrowRows::new(rows.array().slice(first, count), rows.null_means())
}

/// The error for a stream that fails.
pub(crate) fn unreadable(cause: &arrow_schema::ArrowError) -> Error {
    Error::new(ErrorCode::SourceDataInvalid, format!("the Arrow stream failed: {cause}"))
}
