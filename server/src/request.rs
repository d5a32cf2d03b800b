//! What requests are made of: path segments and bodies, refused with the API's own codes.

use axum::body::{Bytes, HttpBody};
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use headwater::value::{Number, read_json};
use headwater::{Error, ErrorCode, Uuid};
use serde_json::{Map, Value};
use tokio::time::timeout;

use crate::failure::Failure;
use crate::limits::{Limits, MAX_JSON_DEPTH, nests_too_deep};
use crate::surrogates::lone_surrogate;

/// The one parameter of a path: the record type, where the endpoint is not of one type.
pub(crate) struct TypePath(pub(crate) String);

/// The record type and the id of a path.
pub(crate) struct RecordPath {
    pub(crate) record_type: String,
    pub(crate) id: Uuid,
}

impl<S: Send + Sync> FromRequestParts<S> for TypePath {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        path.map(|Path(record_type)| Self(record_type)).map_err(|cause| bad_path(&cause))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for RecordPath {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        let Path((record_type, id)) = path.map_err(|cause| bad_path(&cause))?;
        let id = parse_id(&id, "id")?;
        Ok(Self { record_type, id })
    }
}

/// The record of a path, the name of its attribute or relationship, and the item or target of that;
/// empty where the path ends before.
pub(crate) struct PartPath {
    pub(crate) record_type: String,
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) part: String,
}

impl<S: Send + Sync> FromRequestParts<S> for PartPath {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let path = Path::<Vec<String>>::from_request_parts(parts, state).await;
        let Path(segments) = path.map_err(|cause| bad_path(&cause))?;
        let mut segments = segments.into_iter();
        let mut next = || segments.next().unwrap_or_default();
        let (record_type, id, name, part) = (next(), next(), next(), next());
        Ok(Self { record_type, id: parse_id(&id, "id")?, name, part })
    }
}

/// The parameters after the `?` of an address; a limit is a number.
pub(crate) struct Parameters(pub(crate) Map<String, Value>);

impl<S: Send + Sync> FromRequestParts<S> for Parameters {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let given = Query::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        let Query(given) = given.map_err(|cause| {
            let what = format!("the parameters cannot be read: {cause}");
            Error::new(ErrorCode::InvalidRequest, what)
        })?;
        // A cursor may look like a number, and is none.
        let value = |name: &str, text: String| match text.parse::<u64>() {
            Ok(number) if name == "limit" => Value::from(number),
            _ => Value::String(text),
        };
        let given = given.into_iter().map(|(name, text)| {
            let value = value(&name, text);
            (name, value)
        });
        Ok(Self(given.collect()))
    }
}

/// An id in a path.
pub(crate) fn parse_id(text: &str, name: &str) -> Result<Uuid, Error> {
    Uuid::parse_str(text).map_err(|_| {
        let what = format!("the {name} in the path is no UUID");
        Error::new(ErrorCode::InvalidRequest, what).at_field(name)
    })
}

fn bad_path(cause: &PathRejection) -> Failure {
    Error::new(ErrorCode::InvalidRequest, format!("the path cannot be read: {cause}")).into()
}

/// A whole number that is not negative, also where it is written as `50.0`.
pub(crate) fn whole(value: &Value) -> Option<u64> {
    match (value.as_u64(), value.as_number().and_then(Number::from_json)) {
        (Some(whole), _) => Some(whole),
        (None, Some(Number::Integer(whole))) => u64::try_from(whole).ok(),
        _ => None,
    }
}

/// A body that is a JSON object; no body is an empty one.
pub(crate) struct Body(Map<String, Value>);

impl Body {
    /// All of it.
    pub(crate) fn into_object(self) -> Map<String, Value> {
        self.0
    }

    /// Takes out an object that must be there.
    pub(crate) fn take_object(&mut self, name: &str) -> Result<Map<String, Value>, Error> {
        let wrong = |what: String| Error::new(ErrorCode::InvalidRequest, what).at_field(name);
        match self.0.remove(name) {
            Some(Value::Object(object)) => Ok(object),
            Some(other) => {
                Err(wrong(format!("expected {name} to be an object, found {}", kind(&other))))
            }
            None => Err(wrong(format!("the body has no {name}"))),
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let limits = request.extensions().get::<Limits>().copied().unwrap_or_default();
        // Where its length is told, nothing of it needs to arrive.
        if request.body().size_hint().lower() > limits.body_bytes as u64 {
            return Err(too_large(limits).into());
        }
        let arriving = timeout(limits.request_time, Bytes::from_request(request, state));
        let bytes = arriving.await.map_err(|_| too_slow(limits))?.map_err(|rejection| {
            if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                too_large(limits)
            } else {
                Error::new(ErrorCode::InvalidRequest, "the body cannot be read to its end")
            }
        })?;
        if bytes.is_empty() {
            return Ok(Self(Map::new()));
        }
        if nests_too_deep(&bytes) {
            let what = format!("the body nests deeper than {MAX_JSON_DEPTH} objects and lists");
            return Err(Error::new(ErrorCode::InvalidRequest, what).into());
        }
        match read_json(&bytes) {
            Ok(Value::Object(object)) => Ok(Self(object)),
            Ok(other) => {
                let what = format!("expected the body to be an object, found {}", kind(&other));
                Err(Error::new(ErrorCode::InvalidRequest, what).into())
            }
            Err(cause) => Err(lone_surrogate(&bytes)
                .unwrap_or_else(|| {
                    let what = format!("the body is not JSON: {cause}");
                    Error::new(ErrorCode::InvalidRequest, what)
                })
                .into()),
        }
    }
}

fn too_large(limits: Limits) -> Error {
    let what = format!("a body may have {} bytes", limits.body_bytes);
    Error::new(ErrorCode::PayloadTooLarge, what)
}

/// A client that is slow on purpose would hold its connection for ever.
fn too_slow(limits: Limits) -> Failure {
    let seconds = limits.request_time.as_secs_f64();
    let error = Error::new(ErrorCode::Timeout, format!("the body took more than {seconds} s"))
        .hint("send it in one go");
    Failure::with_status(error, StatusCode::REQUEST_TIMEOUT)
}

/// What a value is; the value itself may be long.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
