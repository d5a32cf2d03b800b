//! From the JSON of a request to the library's types, and from its types to the JSON of an answer.

use headwater::error::{Error, ErrorCode, Result, Retry};
use headwater::operation::OperationKind;
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
        let text = self.text("id")?;
        Uuid::parse_str(text).map_err(|_| invalid_request("id", "expected a UUID"))
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
    let details = if error.related().is_empty() {
        Json::Null
    } else {
        let all = std::iter::once(error).chain(error.related());
        let all: Vec<Json> = all
            .map(|error| {
                json!({
                    "code": error.code().name(),
                    "field": error.field(),
                    "message": error.message(),
                })
            })
            .collect();
        json!({ "errors": all })
    };
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
    let mut outcomes = workspace.apply(parsed, ApplyOptions { mode, returns_records })?;
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
    let record_type = workspace.schema().record_type(request.text("record_type")?)?.clone();
    let attributes =
        |write| Attributes::parse(&record_type, request.object("attributes")?, write, None);
    let matching = || Match::parse(&record_type, request.object("match")?, None);
    let kind = match request.text("do")? {
        "create" => OperationKind::Create { attributes: attributes(Write::Create)? },
        "patch" => {
            OperationKind::Patch { id: request.id()?, attributes: attributes(Write::Patch)? }
        }
        "archive" => OperationKind::Archive { id: request.id()? },
        "assert" => {
            OperationKind::Assert { matching: matching()?, attributes: attributes(Write::Assert)? }
        }
        "update" => {
            OperationKind::Update { matching: matching()?, attributes: attributes(Write::Patch)? }
        }
        other => return Err(invalid_request("do", &format!("no operation {other:?}"))),
    };
    Ok(Operation { record_type, kind })
}
