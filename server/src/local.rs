//! Endpoints of this server's own, under `/api/local` (contract.md section 11.13).

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use headwater::{Declarations, Error, ErrorCode, Uuid, Workspace};
use serde_json::{Value, json};

use crate::blocking::blocking;
use crate::failure::Failure;
use crate::metrics::{CONTENT_TYPE, Metrics};
use crate::request::Body;
use crate::routes::answer;

/// Where anyone may ask whether the server can work.
pub(crate) fn open(workspace: Arc<dyn Workspace>) -> Router {
    Router::new().route("/ready", get(ready)).with_state(workspace)
}

/// What asks for a key.
pub(crate) fn guarded(workspace: Arc<dyn Workspace>, metrics: Arc<Metrics>) -> Router {
    let metrics = Router::new().route("/metrics", get(show_metrics)).with_state(metrics);
    Router::new()
        .route("/schema", post(declare))
        .merge(crate::history::routes())
        .route("/pipelines", get(pipelines))
        .with_state(workspace)
        .merge(metrics)
}

/// Adds custom objects and custom fields; the next request may use them.
async fn declare(State(workspace): State<Arc<dyn Workspace>>, body: Body) -> Response {
    answer(move || {
        let declarations = Declarations::from_json(Value::Object(body.into_object()))?;
        let declared = workspace.declare(declarations)?;
        Ok((StatusCode::OK, json!({ "added": declared.added, "changed": declared.changed })))
    })
    .await
}

/// The pipelines of opportunities with their stages, which records only name.
async fn pipelines(State(workspace): State<Arc<dyn Workspace>>) -> Response {
    Json(json!({ "data": workspace.schema().pipelines() })).into_response()
}

async fn ready(State(workspace): State<Arc<dyn Workspace>>) -> Response {
    let read = blocking(move || {
        workspace.read_journal(&mut |journal| journal.run_state(Uuid::nil()).map(drop))
    });
    match read.await {
        Ok(()) => Json(json!({ "data": { "status": "ready" } })).into_response(),
        Err(cause) => Failure::from(
            Error::new(ErrorCode::Unavailable, "the workspace cannot be read").because(cause),
        )
        .into_response(),
    }
}

async fn show_metrics(State(metrics): State<Arc<Metrics>>) -> Response {
    match metrics.text() {
        Ok(text) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response(),
        Err(cause) => {
            let error = Error::new(ErrorCode::Internal, "cannot write the metrics").because(cause);
            Failure::from(error).into_response()
        }
    }
}
