//! Failures as responses: the error envelope of contract.md section 1.8.

use std::sync::Arc;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use headwater::{Error, ErrorCode, Retry};
use serde_json::{Value, json};

use crate::watch::Fault;

/// A request that failed.
pub(crate) struct Failure {
    error: Error,
    status: StatusCode,
    missing_permission: Option<String>,
}

impl Failure {
    /// A failure whose status is not that of its code.
    pub(crate) fn with_status(error: Error, status: StatusCode) -> Self {
        Self { error, status, missing_permission: None }
    }

    /// A key that lacks a permission.
    pub(crate) fn forbidden(missing: String) -> Self {
        let error =
            Error::new(ErrorCode::Forbidden, format!("the API key has no permission {missing}"))
                .hint("make a key with it: `headwater keys create --scope`");
        Self { missing_permission: Some(missing), ..error.into() }
    }

    fn describe(&self) -> Value {
        let error = &self.error;
        // What the server says of its own faults (paths, statements) is not for its clients.
        let (message, hint) = match self.status.is_server_error() {
            true => ("the server failed", error.code().hint()),
            false => (error.message(), error.remedy()),
        };
        let mut details = json!({ "hint": hint });
        if let Some(record) = error.record() {
            details["record"] = json!(record);
        }
        if let Some(missing) = &self.missing_permission {
            details["missing_permissions"] = json!([missing]);
        }
        if !self.status.is_server_error() {
            details["errors"] = Value::Array(error.faults_to_json());
        }
        json!({
            "code": error.code().name(),
            "message": message,
            "field": error.field(),
            "details": details,
        })
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let status = StatusCode::from_u16(error.code().http_status())
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { error, status, missing_permission: None }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let body = Json(json!({ "error": self.describe() }));
        let mut response = (self.status, body).into_response();
        if let Retry::After(wait) = self.error.retry() {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        response.extensions_mut().insert(Fault(Arc::new(self.error)));
        response
    }
}
