//! From the JSON of a request to the library's types, and from its types to the JSON of an answer.

use headwater::error::{Error, ErrorCode, Result, Retry};
use headwater::operation::Outcomes;
use headwater::value::Uuid;
use headwater::{Action, ApplyMode, ApplyOptions, Outcome, Workspace};
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
    let details = json!({ "errors": error.faults_to_json() });
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

/// Applies `operations` in `mode`.
pub(super) fn apply(workspace: &dyn Workspace, request: Request<'_>) -> Result<Outcomes> {
    let mode = match request.text("mode")? {
        "per_record" => ApplyMode::PerRecord,
        "all_or_nothing" => ApplyMode::AllOrNothing,
        _ => return Err(invalid_request("mode", "expected per_record or all_or_nothing")),
    };
    let returns_records = request.is_true("records").unwrap_or(true);
    let Some(Json::Array(operations)) = request.0.get("operations") else {
        return Err(invalid_request("operations", "expected a list"));
    };
    let options = ApplyOptions { mode, returns_records };
    headwater::apply_batch(workspace, operations, options)
}
