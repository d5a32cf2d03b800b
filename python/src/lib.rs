//! The native half of the Python package: plain functions over the library, which the package
//! `headwater` beside this crate gives names, types and documentation.
//!
//! Every function that may wait lets other Python threads run meanwhile. Nothing here holds a
//! Python object for longer than a call, except connectors that are written in Python.
#![expect(
    clippy::needless_pass_by_value,
    clippy::too_many_arguments,
    reason = "a function has the arguments of its counterpart in Python, handed over by value"
)]

mod arrow;
mod bulk;
mod columns;
mod command;
mod connector;
mod ending;
mod failure;
mod finder;
mod from_python;
mod handle;
mod interruptible;
mod journal;
mod operations;
mod parts;
mod query;
mod reading;
mod record;
mod records;
mod rows;
mod schema;
mod source;
mod sync;
mod to_python;

use pyo3::pymodule;

/// For the same reason as in the program; it is the module's own, and Python's objects are none of it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The module `headwater._headwater`.
#[pymodule(gil_used = false)]
#[pyo3(name = "_headwater")]
mod module {
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::arrow::column_names;
    #[pymodule_export]
    use super::bulk::{BulkControl, BulkResult, apply_many};
    #[pymodule_export]
    use super::columns::query_stream;
    #[pymodule_export]
    use super::command::run_command;
    #[pymodule_export]
    use super::ending::end_threads;
    #[pymodule_export]
    use super::finder::{add_connector_path, describe_connector, list_connectors, test_connector};
    #[pymodule_export]
    use super::from_python::json_line;
    #[pymodule_export]
    use super::handle::Handle;
    #[pymodule_export]
    use super::journal::{history, rejects, runs};
    #[pymodule_export]
    use super::operations::apply;
    #[pymodule_export]
    use super::parts::{
        add_edge, add_item, edges, remove_edge, remove_item, update_edge, update_item,
    };
    #[pymodule_export]
    use super::query::{activities, next_records, page};
    #[pymodule_export]
    use super::record::Record;
    #[pymodule_export]
    use super::records::{
        archive, assert_, create, get, log_activity, patch, restore, seed, update,
    };
    #[pymodule_export]
    use super::schema::{declare, pipelines, record_types, reset, schema, snapshot};

    #[pymodule_export]
    use super::sync::{NativeJob, SyncRun};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("VERSION", env!("CARGO_PKG_VERSION"))?;
        module.add("ERROR_CODES", super::failure::table(module.py())?)
    }
}
