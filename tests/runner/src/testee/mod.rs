//! Testees: surfaces that answer the requests of a case, all in the same JSON.

mod documented;
mod http;
mod in_process;
mod process;
pub(crate) mod python;
mod remote;
mod requests;
mod served;

pub use http::HttpTestee;
pub use in_process::InProcess;
pub(crate) use in_process::{CONNECTOR_PATH, connectors};
pub use process::ProcessTestee;
pub use remote::Remote;

use serde_json::{Value as Json, json};

/// Answers requests, in this process or another, on whatever surface it stands for.
///
/// A request is an object with `do`; `begin` (with `folder` and `workspace`) comes first in
/// each case and gives a fresh workspace, `end` last. `tests/cases/README.md` lists the others.
pub trait Testee {
    /// Answers one request.
    ///
    /// # Errors
    /// Text that says why there is no answer: the testee died, hung, or spoke nonsense.
    fn call(&mut self, request: &Json) -> Result<Response, String>;
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Response {
    /// It worked: `{"ok": ..}`.
    Ok(Json),
    /// It failed: `{"error": {"code", "field", "message", "record", "hint", "retry", "details"}}`.
    Error(Json),
    /// The testee does not know how to `do` that: `{"unsupported": "the verb"}`.
    Unsupported(String),
}

impl Response {
    /// The answer as a line of the protocol.
    #[must_use]
    pub fn to_json(&self) -> Json {
        match self {
            Self::Ok(ok) => json!({ "ok": ok }),
            Self::Error(error) => json!({ "error": error }),
            Self::Unsupported(verb) => json!({ "unsupported": verb }),
        }
    }

    /// Reads a line of the protocol.
    ///
    /// # Errors
    /// Text that says what the line is instead.
    pub fn from_json(json: Json) -> Result<Self, String> {
        if let Json::Object(mut object) = json {
            if let Some(ok) = object.remove("ok") {
                return Ok(Self::Ok(ok));
            }
            if let Some(error @ Json::Object(_)) = object.remove("error") {
                return Ok(Self::Error(error));
            }
            if let Some(Json::String(verb)) = object.remove("unsupported") {
                return Ok(Self::Unsupported(verb));
            }
        }
        Err("the answer holds none of ok, error, unsupported".to_owned())
    }
}
