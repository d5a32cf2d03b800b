//! From the JSON of a request to the library's types, and from its types to the JSON of an answer.

use headwater::error::{Error, ErrorCode, Result, Retry};
use headwater::operation::{EdgeEdit, EdgeOf, ItemEdit, ItemFields, ItemKey, OperationKind};
use headwater::value::Uuid;
use headwater::{
    Action, ApplyMode, ApplyOptions, Attributes, Match, Operation, Outcome, Workspace, Write,
};
use serde_json::{Map, Value as Json, json};

/// A request: an object with `do` and arguments.
#[derive(Clone, Copy)]
pub(super) struct Request<'a>(pub &'a Map<String, Json>);

impl<'a> Request<'a> {
    pub(super) fn text(self, name: &str) -> Result<&'a str> {
        match self.0.get(name) {
            Some(Json::String(text)) => Ok(text),
            Some(other) => Err(invalid_request(name, &format!("expected text, found {other}"))),
            None => Err(invalid_request(name, "it is missing")),
        }
    }

    pub(super) fn object(self, name: &str) -> Result<Map<String, Json>> {
        match self.0.get(name) {
            Some(Json::Object(object)) => Ok(object.clone()),
            Some(other) => {
                Err(invalid_request(name, &format!("expected an object, found {other}")))
            }
            None => Err(invalid_request(name, "it is missing")),
        }
    }

    pub(super) fn id(self) -> Result<Uuid> {
        self.uuid("id")
    }

    pub(super) fn uuid(self, name: &str) -> Result<Uuid> {
        let text = self.text(name)?;
        Uuid::parse_str(text).map_err(|_| invalid_request(name, "expected a UUID"))
    }

    /// Those of these arguments that are given.
    pub(super) fn some_of(self, names: &[&str]) -> Map<String, Json> {
        let given = self.0.iter().filter(|(name, _)| names.contains(&name.as_str()));
        given.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    fn is_true(self, name: &str) -> Option<bool> {
        self.0.get(name).and_then(Json::as_bool)
    }
}

/// The shape of a request is its surface's business: the library takes typed arguments.
pub(super) fn invalid_request(field: &str, why: &str) -> Error {
    Error::new(ErrorCode::InvalidRequest, why).at_field(field)
}

/// The error as every testee gives it.
pub(super) fn error_json(error: &Error) -> Json {
    let retry = match error.retry() {
        Retry::Never => json!("never"),
        Retry::Backoff => json!("backoff"),
        Retry::After(duration) => json!({ "after_seconds": duration.as_secs_f64() }),
    };
    let faults = error.faults_to_json();
    let details = if faults.is_empty() { Json::Null } else { json!({ "errors": faults }) };
    json!({
        "code": error.code().name(),
        "field": error.field(),
        "message": error.message(),
        "record": error.record(),
        "hint": error.remedy(),
        "retry": retry,
        "details": details,
    })
}

/// The line of a seed file that a request's record makes.
pub(super) fn seed_line(request: &Map<String, Json>) -> String {
    let names = ["record_type", "attributes", "relationships"];
    Json::Object(Request(request).some_of(&names)).to_string()
}

/// The id and, where it was asked for, the record of an outcome.
pub(super) fn answer(outcome: &Outcome) -> Json {
    match &outcome.record {
        Some(record) => json!({ "id": outcome.id, "data": record.to_json() }),
        None => json!({ "id": outcome.id }),
    }
}

/// `meta.action` (contract.md section 1.3), which knows no `unchanged`.
pub(super) fn meta_action(action: Action) -> &'static str {
    match action {
        Action::Unchanged => Action::Updated.name(),
        action => action.name(),
    }
}

/// Applies `operations` in `mode`, each an object like a request of its own.
///
/// What cannot be parsed never reaches the batch, as in a sync; in `all_or_nothing` it keeps the
/// batch from being tried.
pub(super) fn apply_batch(
    workspace: &dyn Workspace,
    request: Request<'_>,
) -> Result<Vec<Result<Outcome>>> {
    let mode = match request.text("mode")? {
        "per_record" => ApplyMode::PerRecord,
        "all_or_nothing" => ApplyMode::AllOrNothing,
        _ => return Err(invalid_request("mode", "expected per_record or all_or_nothing")),
    };
    let returns_records = request.is_true("records").unwrap_or(true);
    let Some(Json::Array(operations)) = request.0.get("operations") else {
        return Err(invalid_request("operations", "expected a list"));
    };
    let mut parsed = Vec::new();
    let mut refused = Vec::new();
    for (index, operation) in operations.iter().enumerate() {
        let empty = Map::new();
        match parse_operation(workspace, Request(operation.as_object().unwrap_or(&empty))) {
            Ok(operation) => parsed.push(operation),
            Err(error) => refused.push((index, error)),
        }
    }
    if mode == ApplyMode::AllOrNothing && !refused.is_empty() {
        return Err(refused.swap_remove(0).1);
    }
    let options = ApplyOptions { mode, returns_records, ..ApplyOptions::default() };
    let mut outcomes = workspace.apply(parsed, options)?;
    for (index, error) in refused {
        outcomes.insert(index, Err(error));
    }
    Ok(outcomes)
}

/// Parses an object like a request as an operation.
pub(super) fn parse_operation(
    workspace: &dyn Workspace,
    request: Request<'_>,
) -> Result<Operation> {
    let record_type = workspace.record_type(request.text("record_type")?)?;
    let attributes =
        |write| Attributes::parse(&record_type, request.object("attributes")?, write, None);
    let matching = || Match::parse(&record_type, request.object("match")?, None);
    let kind = match request.text("do")? {
        "create" => OperationKind::Create { attributes: attributes(Write::Create)? },
        "patch" => {
            OperationKind::Patch { id: request.id()?, attributes: attributes(Write::Patch)? }
        }
        "archive" => OperationKind::Archive { id: request.id()? },
        "restore" => OperationKind::Restore { id: request.id()? },
        "add_item" | "update_item" | "remove_item" => {
            let attribute = record_type.require_items(request.text("attribute")?)?;
            let declared = record_type.attribute(attribute);
            let item = || ItemKey::parse(declared, request.text("item")?);
            let fields = |write| ItemFields::parse(declared, request.object("body")?, write);
            let edit = match request.text("do")? {
                "add_item" => ItemEdit::Add(fields(Write::Create)?),
                "update_item" => ItemEdit::Update(item()?, fields(Write::Patch)?),
                _ => ItemEdit::Remove(item()?),
            };
            OperationKind::EditItem { id: request.id()?, attribute, edit: Box::new(edit) }
        }
        "add_edge" | "update_edge" | "remove_edge" => {
            let relationship = record_type.require_relationship(request.text("relationship")?)?;
            let end = record_type.relationship(relationship);
            let edit = match request.text("do")? {
                "add_edge" => EdgeEdit::add(end, request.object("body")?)?,
                "update_edge" => {
                    EdgeEdit::update(end, request.uuid("target")?, request.object("body")?)?
                }
                _ => EdgeEdit::remove(end, request.uuid("target")?)?,
            };
            let of = EdgeOf::Record(request.id()?);
            OperationKind::EditEdge { of, relationship, edit: Box::new(edit) }
        }
        "assert" => {
            OperationKind::Assert { matching: matching()?, attributes: attributes(Write::Assert)? }
        }
        "update" => {
            OperationKind::Update { matching: matching()?, attributes: attributes(Write::Patch)? }
        }
        other => return Err(invalid_request("do", &format!("no operation {other:?}"))),
    };
    Ok(Operation::new(record_type, kind))
}
