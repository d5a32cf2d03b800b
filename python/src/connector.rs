//! Connectors written in Python, behind the traits that a sync and the testkit drive.

use std::path::{Path, PathBuf};

use headwater::Result;
use headwater::source::{Connector, ConnectorDescription, Source};
use headwater_host::testkit::Subject;
use pyo3::prelude::*;
use serde_json::Value as Json;

use crate::ending;
use crate::failure;
use crate::from_python;
use crate::source::PythonSource;

/// How a job names a connector in Python: `python:package.module:Class`.
pub(crate) const PREFIX: &str = "python:";

/// A subclass of `headwater.Connector`.
pub(crate) struct PythonConnector {
    class: Py<PyAny>,
    description: ConnectorDescription,
    path: PathBuf,
}

impl PythonConnector {
    /// Imports the class that a job names.
    ///
    /// # Errors
    /// `connector_not_found` where it cannot be imported or is no connector, `connector_misbehaved`
    /// where it does not say what it is.
    pub(crate) fn import(name: &str) -> Result<Self> {
        Python::attach(|py| {
            let described = py
                .import("headwater.connector")
                .and_then(|module| module.call_method1("_import", (name,)))
                .map_err(|raised| failure::error(py, &raised))?;
            Self::of_class(&described)
        })
    }

    /// Takes a class.
    ///
    /// # Errors
    /// `connector_misbehaved` where it does not say what it is.
    pub(crate) fn of_class(class: &Bound<'_, PyAny>) -> Result<Self> {
        let describe = || -> PyResult<(String, String, Json, PathBuf)> {
            let (name, version, schema, path) = class
                .py()
                .import("headwater.connector")?
                .call_method1("_describe", (class,))?
                .extract::<(String, String, Bound<'_, PyAny>, PathBuf)>()?;
            Ok((name, version, from_python::json(&schema, "config_schema")?, path))
        };
        let (name, version, config_schema, path) =
            describe().map_err(|raised| failure::error(class.py(), &raised))?;
        let description = ConnectorDescription { name, version, config_schema };
        Ok(Self { class: class.clone().unbind(), description, path })
    }
}

impl Connector for PythonConnector {
    fn description(&self) -> &ConnectorDescription {
        &self.description
    }

    fn open(&self, config: &Json) -> Result<Box<dyn Source>> {
        self.open_text(config.to_string())
    }
}

impl Subject for PythonConnector {
    fn path(&self) -> &Path {
        &self.path
    }

    fn open_text(&self, config: String) -> Result<Box<dyn Source>> {
        if ending::has_begun() {
            return Err(ending::error());
        }
        let class = Python::attach(|py| self.class.clone_ref(py));
        Ok(Box::new(PythonSource::open(class, config)?))
    }
}
