//! Where connectors are found: given folders, the package's own, and classes in Python.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use headwater::Result;
use headwater::source::Connector;
use headwater_cli::Finder;
use headwater_host::testkit::{self, Outcome, Subject};
use headwater_host::{Connectors, Listed};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use serde_json::json;

use crate::connector::{PREFIX, PythonConnector};
use crate::failure::{self, OrRaise};
use crate::from_python;
use crate::to_python;

/// The package's folder of connectors.
static BUNDLED: PyOnceLock<PathBuf> = PyOnceLock::new();
/// Folders that were added, the latest first.
static ADDED: RwLock<Vec<PathBuf>> = RwLock::new(Vec::new());

/// Finds connectors for the module and for its command.
pub(crate) struct PackageFinder {
    libraries: Connectors,
}

impl PackageFinder {
    /// Looks where is to be looked now.
    pub(crate) fn new(py: Python<'_>) -> PyResult<Self> {
        let bundled = BUNDLED.get_or_try_init(py, || {
            let file: PathBuf = py.import("headwater")?.getattr("__file__")?.extract()?;
            PyResult::Ok(file.parent().unwrap_or(Path::new("")).join("connectors"))
        })?;
        let added = ADDED.read().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(Self { libraries: Connectors::installed_in(bundled).behind(added) })
    }
}

impl Finder for PackageFinder {
    fn find(&self, name_or_path: &str) -> Result<Arc<dyn Subject>> {
        if name_or_path.starts_with(PREFIX) {
            return Ok(Arc::new(PythonConnector::import(name_or_path)?));
        }
        Ok(self.libraries.find(name_or_path)?)
    }

    fn list(&self) -> Vec<Listed> {
        self.libraries.list()
    }
}

/// Makes a folder one that is searched before all others.
#[pyfunction]
pub(crate) fn add_connector_path(folder: PathBuf) {
    let mut added = ADDED.write().unwrap_or_else(PoisonError::into_inner);
    added.retain(|known| *known != folder);
    added.insert(0, folder);
}

/// The connector libraries that are found by name: name, path, version, or the error.
#[pyfunction]
pub(crate) fn list_connectors(py: Python<'_>) -> PyResult<Vec<Bound<'_, PyAny>>> {
    let finder = PackageFinder::new(py)?;
    let listed = py.detach(|| finder.list());
    let mut connectors = Vec::with_capacity(listed.len());
    for Listed { name, path, connector } in listed {
        let mut shown = json!({ "name": name, "path": path, "version": null });
        let error = match connector {
            Ok(connector) => {
                shown["version"] = json!(connector.description().version);
                None
            }
            Err(error) => Some(failure::instance(py, &error)?),
        };
        let shown = to_python::json(py, &shown)?;
        shown.set_item("error", error)?;
        connectors.push(shown);
    }
    Ok(connectors)
}

/// What a connector says of itself.
#[pyfunction]
pub(crate) fn describe_connector<'py>(
    py: Python<'py>,
    name: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let connector = find(py, name)?;
    let description = connector.description();
    let shown = json!({
        "name": description.name, "version": description.version, "path": connector.path(),
        "config_schema": description.config_schema,
    });
    to_python::json(py, &shown)
}

/// Runs the testkit on a connector: each check as name, outcome and detail.
#[pyfunction]
pub(crate) fn test_connector(
    py: Python<'_>,
    name: &Bound<'_, PyAny>,
    config: &Bound<'_, PyAny>,
    repeats: usize,
) -> PyResult<Vec<(String, &'static str, String)>> {
    let connector = find(py, name)?;
    let config = if config.is_none() { None } else { Some(from_python::json(config, "config")?) };
    let options = testkit::Options { repeats, ..testkit::Options::default() };
    let report = py.detach(|| testkit::run(&*connector, config.as_ref(), &options));
    let checks = report.checks.into_iter().map(|check| {
        let outcome = match check.outcome {
            Outcome::Passed => "passed",
            Outcome::Failed => "failed",
            Outcome::Skipped => "skipped",
        };
        (check.name, outcome, check.detail)
    });
    Ok(checks.collect())
}

/// The connector that a name, the path of a library, or a class stands for.
pub(crate) fn find(py: Python<'_>, named: &Bound<'_, PyAny>) -> PyResult<Arc<dyn Subject>> {
    match named.extract::<PathBuf>() {
        Ok(name) => {
            let finder = PackageFinder::new(py)?;
            py.detach(|| finder.find(&name.to_string_lossy())).or_raise(py)
        }
        Err(_) => Ok(Arc::new(PythonConnector::of_class(named).or_raise(py)?)),
    }
}
