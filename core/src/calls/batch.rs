//! Batches: operations from JSON, each an object like a single call, applied together.

use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::error::{Error, ErrorCode, Result};
use crate::operation::{
    ApplyMode, EdgeEdit, EdgeOf, ItemEdit, ItemFields, ItemKey, Match, Operation, OperationKind,
    Outcomes,
};
use crate::record::Attributes;
use crate::schema::{RecordType, Write};
use crate::workspace::{ApplyOptions, Workspace};

/// Makes an operation from an object that says what to `do` (`create`, `patch`, `archive`,
/// `restore`, `assert`, `update`, `add_item`, `update_item`, `remove_item`, `add_edge`,
/// `update_edge`, `remove_edge`), with `record_type` and what that call takes beside it: `id`,
/// `match`, `attributes`, `attribute`, `item`, `relationship`, `target`, `body`.
///
/// # Errors
/// `invalid_request` for an object of another shape; else as the single call.
pub fn operation_from_json(
    workspace: &dyn Workspace,
    object: &Map<String, Json>,
) -> Result<Operation> {
    let given = Given(object);
    let record_type = workspace.schema().record_type(given.text("record_type")?)?.clone();
    let kind = kind(&record_type, given)?;
    Ok(Operation::new(record_type, kind))
}

/// Applies a batch of objects like those of [`operation_from_json`], each outcome in its place.
///
/// One that is no operation ends as its error, and never reaches the workspace; where all or
/// nothing is wanted it keeps the others from being tried.
///
/// # Errors
/// What keeps the batch as a whole from being written.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("crm.db");
/// use headwater::{ApplyOptions, OpenOptions, apply_from_json, open};
/// let workspace = open(path.to_str().unwrap(), OpenOptions { create: true, ..OpenOptions::default() })?;
/// let create = serde_json::json!({"do": "create", "record_type": "contact", "attributes": {"first_name": "Sarah"}});
/// let unknown = serde_json::json!({"do": "forget", "record_type": "contact"});
/// let outcomes = apply_from_json(&*workspace, vec![create, unknown], ApplyOptions::default())?;
/// assert!(outcomes[0].is_ok());
/// assert_eq!(outcomes[1].as_ref().unwrap_err().field(), Some("do"));
/// # Ok::<(), headwater::Error>(())
/// ```
pub fn apply_from_json(
    workspace: &dyn Workspace,
    objects: Vec<Json>,
    options: ApplyOptions,
) -> Result<Outcomes> {
    let mut operations = Vec::with_capacity(objects.len());
    let mut refused = Vec::new();
    for (place, object) in objects.into_iter().enumerate() {
        let operation = match object {
            Json::Object(object) => operation_from_json(workspace, &object),
            other => Err(invalid("do", &format!("expected an object, found {other}"))),
        };
        match operation {
            Ok(operation) => operations.push(operation),
            Err(error) if options.mode == ApplyMode::AllOrNothing => return Err(error),
            Err(error) => refused.push((place, error)),
        }
    }
    let mut outcomes = workspace.apply(operations, options)?;
    for (place, error) in refused {
        outcomes.insert(place, Err(error));
    }
    Ok(outcomes)
}

fn kind(record_type: &RecordType, given: Given<'_>) -> Result<OperationKind> {
    let attributes =
        |write| Attributes::parse(record_type, given.object("attributes")?, write, None);
    let matching = || Match::parse(record_type, given.object("match")?, None);
    Ok(match given.text("do")? {
        "create" => OperationKind::Create { attributes: attributes(Write::Create)? },
        "patch" => {
            OperationKind::Patch { id: given.uuid("id")?, attributes: attributes(Write::Patch)? }
        }
        "archive" => OperationKind::Archive { id: given.uuid("id")? },
        "restore" => OperationKind::Restore { id: given.uuid("id")? },
        "assert" => {
            OperationKind::Assert { matching: matching()?, attributes: attributes(Write::Assert)? }
        }
        "update" => {
            OperationKind::Update { matching: matching()?, attributes: attributes(Write::Patch)? }
        }
        "add_item" | "update_item" | "remove_item" => item_edit(record_type, given)?,
        "add_edge" | "update_edge" | "remove_edge" => edge_edit(record_type, given)?,
        other => return Err(invalid("do", &format!("no operation {other:?}"))),
    })
}

fn item_edit(record_type: &RecordType, given: Given<'_>) -> Result<OperationKind> {
    let attribute = record_type.require_items(given.text("attribute")?)?;
    let declared = record_type.attribute(attribute);
    let item = || ItemKey::parse(declared, given.text("item")?);
    let fields = |write| ItemFields::parse(declared, given.object("body")?, write);
    let edit = match given.text("do")? {
        "add_item" => ItemEdit::Add(fields(Write::Create)?),
        "update_item" => ItemEdit::Update(item()?, fields(Write::Patch)?),
        _ => ItemEdit::Remove(item()?),
    };
    Ok(OperationKind::EditItem { id: given.uuid("id")?, attribute, edit: Box::new(edit) })
}

fn edge_edit(record_type: &RecordType, given: Given<'_>) -> Result<OperationKind> {
    let relationship = record_type.require_relationship(given.text("relationship")?)?;
    let end = record_type.relationship(relationship);
    let edit = match given.text("do")? {
        "add_edge" => EdgeEdit::add(end, given.object("body")?)?,
        "update_edge" => EdgeEdit::update(end, given.uuid("target")?, given.object("body")?)?,
        _ => EdgeEdit::remove(end, given.uuid("target")?)?,
    };
    let of = EdgeOf::Record(given.uuid("id")?);
    Ok(OperationKind::EditEdge { of, relationship, edit: Box::new(edit) })
}

fn invalid(field: &str, why: &str) -> Error {
    Error::new(ErrorCode::InvalidRequest, why).at_field(field)
}

/// The keys of one object.
#[derive(Clone, Copy)]
struct Given<'a>(&'a Map<String, Json>);

impl<'a> Given<'a> {
    fn text(self, name: &str) -> Result<&'a str> {
        match self.0.get(name) {
            Some(Json::String(text)) => Ok(text),
            Some(other) => Err(invalid(name, &format!("expected text, found {other}"))),
            None => Err(invalid(name, "it is missing")),
        }
    }

    fn object(self, name: &str) -> Result<Map<String, Json>> {
        match self.0.get(name) {
            Some(Json::Object(object)) => Ok(object.clone()),
            Some(other) => Err(invalid(name, &format!("expected an object, found {other}"))),
            None => Err(invalid(name, "it is missing")),
        }
    }

    fn uuid(self, name: &str) -> Result<Uuid> {
        Uuid::parse_str(self.text(name)?).map_err(|_| invalid(name, "expected a UUID"))
    }
}
