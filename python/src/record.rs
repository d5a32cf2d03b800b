//! A record as Python holds it: the library's own, whose values become Python objects when asked for.

use headwater::activity_json;
use headwater::schema::{Attribute, Origin, SystemField};
use headwater::value::{Item, Value};
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::to_python;

/// A record as it was read.
#[pyclass(frozen, module = "headwater._headwater")]
pub(crate) struct Record(headwater::Record);

impl From<headwater::Record> for Record {
    fn from(record: headwater::Record) -> Self {
        Self(record)
    }
}

#[pymethods]
impl Record {
    /// Its id.
    #[getter]
    fn id(&self) -> String {
        self.0.id.to_string()
    }

    /// The name of its type.
    #[getter]
    fn record_type(&self) -> &str {
        self.0.record_type.api_name()
    }

    /// When it was created, in UTC.
    #[getter]
    fn created_at<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_python::timestamp(py, self.0.created_at)
    }

    /// When an attribute last changed, in UTC.
    #[getter]
    fn updated_at<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_python::timestamp(py, self.0.updated_at)
    }

    /// The names of all attributes, in the order of the schema.
    fn names(&self) -> Vec<&str> {
        self.0.record_type.attributes().iter().map(|attribute| &*attribute.api_name).collect()
    }

    /// The value of an attribute.
    fn value<'py>(
        &self,
        py: Python<'py>,
        name: &Bound<'py, PyString>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let index = self.0.record_type.index_of(name.to_str()?);
        let index = index.ok_or_else(|| PyKeyError::new_err(name.to_owned().unbind()))?;
        self.at(py, index)
    }

    /// Every attribute with its value.
    fn values<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let values = PyDict::new(py);
        for (index, attribute) in self.0.record_type.attributes().iter().enumerate() {
            values.set_item(&attribute.api_name, self.at(py, index)?)?;
        }
        Ok(values)
    }

    /// The record as the API shows it, values in envelopes.
    fn to_wire<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let shown = match self.record_type() {
            "activity" => activity_json(&self.0),
            _ => self.0.to_json(),
        };
        to_python::json(py, &shown)
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.0.id == other.0.id
            && self.0.updated_at == other.0.updated_at
            && self.0.values == other.0.values
    }

    fn __hash__(&self) -> u64 {
        self.0.id.as_u64_pair().1
    }
}

impl Record {
    fn at<'py>(&self, py: Python<'py>, index: usize) -> PyResult<Bound<'py, PyAny>> {
        let record = &self.0;
        let attribute: &Attribute = record.record_type.attribute(index);
        let item_json = |item: &Item| record.item_to_json(index, item);
        let system = match attribute.origin {
            Origin::System(SystemField::Id) => Some(Value::Uuid(record.id)),
            Origin::System(SystemField::OrganizationId) => {
                Some(Value::Uuid(record.organization_id))
            }
            Origin::System(SystemField::CreatedAt) => Some(Value::Timestamp(record.created_at)),
            Origin::System(SystemField::UpdatedAt) => Some(Value::Timestamp(record.updated_at)),
            _ => None,
        };
        match system.as_ref().or(record.values[index].as_ref()) {
            Some(value) => to_python::value(py, value, &item_json),
            None => Ok(to_python::null(py, attribute)),
        }
    }
}
