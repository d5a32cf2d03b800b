//! The `headwater` command.

use std::ffi::OsString;

use pyo3::prelude::*;

use crate::finder::PackageFinder;

/// Runs the command that the arguments (the program's name first) say; gives its exit status.
#[pyfunction]
pub(crate) fn run_command(py: Python<'_>, arguments: Vec<OsString>) -> PyResult<u8> {
    let finder = PackageFinder::new(py)?;
    Ok(py.detach(|| headwater_cli::run(arguments, &finder)))
}
