//! Batches of operations of any kind, each given as a mapping like a call of its own.

use headwater::operation::{EdgeEdit, EdgeOf, ItemEdit, ItemFields, ItemKey, OperationKind};
use headwater::{
    ApplyMode, ApplyOptions, Attributes, Error, ErrorCode, Match, Operation, Outcome, Result, Uuid,
    Workspace, Write,
};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};
use serde_json::{Map, Value as Json};

use crate::failure::instance;
use crate::from_python;
use crate::handle::Handle;
use crate::record::Record;

/// Applies operations in one transaction, in order: for each its action, id and record, or the
/// exception that says why it failed. What cannot be read never reaches the batch; where all or
/// nothing is asked for, it keeps the batch from being tried.
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
        given.push(from_python::object(&operation?, "operation")?);
    }
    let mode = if all_or_nothing { ApplyMode::AllOrNothing } else { ApplyMode::PerRecord };
    let options = ApplyOptions { mode, returns_records: records, ..ApplyOptions::default() };
    let outcomes = handle.run(py, |workspace| apply_all(workspace, given, options))?;
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

fn apply_all(
    workspace: &dyn Workspace,
    given: Vec<Map<String, Json>>,
    options: ApplyOptions,
) -> Result<Vec<Result<Outcome>>> {
    let mut parsed = Vec::with_capacity(given.len());
    let mut refused = Vec::new();
    for (index, operation) in given.into_iter().enumerate() {
        match parse(workspace, &mut Arguments(operation)) {
            Ok(operation) => parsed.push(operation),
            Err(error) if options.mode == ApplyMode::AllOrNothing => return Err(error),
            Err(error) => refused.push((index, error)),
        }
    }
    let mut outcomes = workspace.apply(parsed, options)?;
    for (index, error) in refused {
        outcomes.insert(index, Err(error));
    }
    Ok(outcomes)
}

fn parse(workspace: &dyn Workspace, given: &mut Arguments) -> Result<Operation> {
    let record_type = workspace.schema().record_type(&given.text("record_type")?)?.clone();
    let verb = given.text("do")?;
    let kind = match verb.as_str() {
        "create" | "patch" | "assert" | "update" => {
            let write = match verb.as_str() {
                "create" => Write::Create,
                "assert" => Write::Assert,
                _ => Write::Patch,
            };
            let attributes = given.object("attributes")?;
            let attributes = || Attributes::parse(&record_type, attributes, write, None);
            match verb.as_str() {
                "create" => OperationKind::Create { attributes: attributes()? },
                "patch" => {
                    let id = given.id("id")?;
                    OperationKind::Patch { id, attributes: attributes()? }
                }
                asserted => {
                    let matching = Match::parse(&record_type, given.object("match")?, None)?;
                    let attributes = attributes()?;
                    match asserted {
                        "assert" => OperationKind::Assert { matching, attributes },
                        _ => OperationKind::Update { matching, attributes },
                    }
                }
            }
        }
        "archive" => OperationKind::Archive { id: given.id("id")? },
        "restore" => OperationKind::Restore { id: given.id("id")? },
        "add_item" | "update_item" | "remove_item" => {
            let attribute = record_type.require_items(&given.text("attribute")?)?;
            let declared = record_type.attribute(attribute);
            let edit = match verb.as_str() {
                "add_item" => ItemEdit::Add(ItemFields::parse(
                    declared,
                    given.object("body")?,
                    Write::Create,
                )?),
                "update_item" => {
                    let item = ItemKey::parse(declared, &given.text("item")?)?;
                    let fields = given.object("body")?;
                    ItemEdit::Update(item, ItemFields::parse(declared, fields, Write::Patch)?)
                }
                _ => ItemEdit::Remove(ItemKey::parse(declared, &given.text("item")?)?),
            };
            OperationKind::EditItem { id: given.id("id")?, attribute, edit: Box::new(edit) }
        }
        "add_edge" | "update_edge" | "remove_edge" => {
            let relationship = record_type.require_relationship(&given.text("relationship")?)?;
            let end = record_type.relationship(relationship);
            let edit = match verb.as_str() {
                "add_edge" => EdgeEdit::add(end, given.object("body")?)?,
                "update_edge" => EdgeEdit::update(end, given.id("target")?, given.object("body")?)?,
                _ => EdgeEdit::remove(end, given.id("target")?)?,
            };
            let of = EdgeOf::Record(given.id("id")?);
            OperationKind::EditEdge { of, relationship, edit: Box::new(edit) }
        }
        other => return Err(invalid("do", format!("no operation {other:?}"))),
    };
    Ok(Operation::new(record_type, kind))
}

/// The arguments of an operation, by name.
struct Arguments(Map<String, Json>);

impl Arguments {
    fn take(&mut self, name: &str) -> Result<Json> {
        self.0.remove(name).ok_or_else(|| invalid(name, "it is missing".to_owned()))
    }

    fn text(&mut self, name: &str) -> Result<String> {
        match self.take(name)? {
            Json::String(text) => Ok(text),
            other => Err(invalid(name, format!("expected text, found {other}"))),
        }
    }

    fn object(&mut self, name: &str) -> Result<Map<String, Json>> {
        match self.take(name)? {
            Json::Object(object) => Ok(object),
            other => Err(invalid(name, format!("expected a mapping, found {other}"))),
        }
    }

    fn id(&mut self, name: &str) -> Result<Uuid> {
        let text = self.text(name)?;
        Uuid::parse_str(&text)
            .map_err(|_| invalid(name, format!("expected a UUID, found {text:?}")))
    }
}

fn invalid(field: &str, message: String) -> Error {
    Error::new(ErrorCode::InvalidRequest, message).at_field(field)
}
