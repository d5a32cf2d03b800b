//! Batches: operations as JSON objects, applied together, an outcome for each.

use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::error::{Error, ErrorCode, Result};
use crate::operation::{
    ApplyMode, EdgeEdit, EdgeOf, ItemEdit, ItemFields, ItemKey, Match, Operation, OperationKind,
    Outcomes, held_back,
};
use crate::schema::{Write, nearest};
use crate::value::excerpt;
use crate::workspace::{ApplyOptions, Workspace};

use super::{parse_attributes, records};

const VERBS: [&str; 12] = [
    "create",
    "patch",
    "assert",
    "update",
    "archive",
    "restore",
    "add_item",
    "update_item",
    "remove_item",
    "add_edge",
    "update_edge",
    "remove_edge",
];

/// Applies operations in one transaction, in order; each is an object as [`parse_operation`] takes.
///
/// What cannot be parsed is its own outcome; where it is all or nothing, the others are
/// `cancelled` then.
///
/// # Errors
/// What keeps the batch as a whole from being written. What is wrong with one operation is its outcome.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("crm.db");
/// use headwater::{Action, ApplyOptions, OpenOptions, apply_batch, open};
/// let workspace = open(path.to_str().unwrap(), OpenOptions { create: true, ..OpenOptions::default() })?;
/// let operations = serde_json::json!([
///     {"do": "assert", "record_type": "contact", "match": {"email": "sarah.chen@acme.com"}, "attributes": {"title": "CTO"}},
///     {"do": "create", "record_type": "contact", "attributes": {"titel": "CEO"}},
/// ]);
/// let outcomes = apply_batch(&*workspace, operations.as_array().unwrap(), ApplyOptions::default())?;
/// assert_eq!(outcomes[0].as_ref().unwrap().action, Action::Created);
/// assert_eq!(outcomes[1].as_ref().unwrap_err().code().name(), "unknown_field");
/// # Ok::<(), headwater::Error>(())
/// ```
pub fn apply_batch(
    workspace: &dyn Workspace,
    operations: &[Json],
    options: ApplyOptions,
) -> Result<Outcomes> {
    let parse = |operation| parse_operation(workspace, operation);
    let parsed: Vec<Result<Operation>> = operations.iter().map(parse).collect();
    let first_refused = parsed.iter().position(Result::is_err);
    if let Some(refused) = first_refused.filter(|_| options.mode == ApplyMode::AllOrNothing) {
        let kept = parsed
            .into_iter()
            .map(|operation| Err(operation.err().unwrap_or_else(|| held_back(refused))));
        return Ok(kept.collect());
    }
    let mut refused = Vec::new();
    let mut good = Vec::with_capacity(parsed.len());
    for operation in parsed {
        refused.push(match operation {
            Ok(operation) => {
                good.push(operation);
                None
            }
            Err(error) => Some(error),
        });
    }
    let mut outcomes = workspace.apply(good, options)?.into_iter();
    Ok(refused.into_iter().map_while(|error| error.map(Err).or_else(|| outcomes.next())).collect())
}

/// Parses an operation: an object with `do` (`create`, `patch`, `assert`, `update`, `archive`,
/// `restore`, or one that adds, updates or removes an item or edge), `record_type` and what the
/// operation takes: `id`, `match`, `attributes`, `attribute`, `item`, `relationship`, `target`,
/// `body`.
///
/// # Errors
/// `invalid_request` for its shape; else what is wrong with its record type and values.
pub fn parse_operation(workspace: &dyn Workspace, operation: &Json) -> Result<Operation> {
    let given = operation
        .as_object()
        .map(Given)
        .ok_or_else(|| Error::new(ErrorCode::InvalidRequest, "an operation is a JSON object"))?;
    let verb = given.text("do")?;
    let record_type = workspace.record_type(given.text("record_type")?)?;
    let attributes =
        |write| parse_attributes(workspace, &record_type, given.object("attributes")?, write);
    if matches!(verb, "create" | "patch" | "assert" | "update") {
        record_type.check_writable()?;
    }
    let kind = match verb {
        "create" => OperationKind::Create { attributes: attributes(Write::Create)? },
        "patch" => {
            OperationKind::Patch { id: given.uuid("id")?, attributes: attributes(Write::Patch)? }
        }
        "assert" => {
            let (matching, attributes) = (given.object("match")?, given.object("attributes")?);
            return records::assertion(workspace, record_type, matching, attributes);
        }
        "update" => OperationKind::Update {
            matching: Match::parse(&record_type, given.object("match")?, None)?,
            attributes: attributes(Write::Patch)?,
        },
        "archive" => OperationKind::Archive { id: given.uuid("id")? },
        "restore" => OperationKind::Restore { id: given.uuid("id")? },
        "add_item" | "update_item" | "remove_item" => {
            let attribute = record_type.require_items(given.text("attribute")?)?;
            let declared = record_type.attribute(attribute);
            let item = || ItemKey::parse(declared, given.text("item")?);
            let fields = |write| ItemFields::parse(declared, given.object("body")?, write);
            let edit = match verb {
                "add_item" => ItemEdit::Add(fields(Write::Create)?),
                "update_item" => ItemEdit::Update(item()?, fields(Write::Patch)?),
                _ => ItemEdit::Remove(item()?),
            };
            OperationKind::EditItem { id: given.uuid("id")?, attribute, edit: Box::new(edit) }
        }
        "add_edge" | "update_edge" | "remove_edge" => {
            let relationship = record_type.require_relationship(given.text("relationship")?)?;
            let end = record_type.relationship(relationship);
            let edit = match verb {
                "add_edge" => EdgeEdit::add(end, given.object("body")?)?,
                "update_edge" => {
                    EdgeEdit::update(end, given.uuid("target")?, given.object("body")?)?
                }
                _ => EdgeEdit::remove(end, given.uuid("target")?)?,
            };
            let of = EdgeOf::Record(given.uuid("id")?);
            OperationKind::EditEdge { of, relationship, edit: Box::new(edit) }
        }
        other => {
            let error = invalid("do", &format!("there is no operation {other:?}"));
            return Err(match nearest(other, VERBS) {
                Some(near) => error.hint(format!("did you mean {near}?")),
                None => error.hint(format!("the operations are {}", VERBS.join(", "))),
            });
        }
    };
    Ok(Operation::new(record_type, kind))
}

/// What an operation is given.
#[derive(Clone, Copy)]
struct Given<'a>(&'a Map<String, Json>);

impl<'a> Given<'a> {
    fn text(self, name: &str) -> Result<&'a str> {
        match self.0.get(name) {
            Some(Json::String(text)) => Ok(text),
            Some(other) => Err(invalid(name, &format!("expected text, found {}", excerpt(other)))),
            None => Err(invalid(name, "it is missing")),
        }
    }

    fn object(self, name: &str) -> Result<Map<String, Json>> {
        match self.0.get(name) {
            Some(Json::Object(object)) => Ok(object.clone()),
            Some(other) => {
                Err(invalid(name, &format!("expected an object, found {}", excerpt(other))))
            }
            None => Err(invalid(name, "it is missing")),
        }
    }

    fn uuid(self, name: &str) -> Result<Uuid> {
        Uuid::parse_str(self.text(name)?).map_err(|_| invalid(name, "expected a UUID"))
    }
}

fn invalid(field: &str, why: &str) -> Error {
    Error::new(ErrorCode::InvalidRequest, format!("{field}: {why}")).at_field(field)
}
