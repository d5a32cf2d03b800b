//! Endpoints of this server's own, under `/api/local` (contract.md section 11.13).

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use headwater::access::ApiKey;
use headwater::{Declarations, Error, ErrorCode, Uuid, Workspace};
use serde_json::{Value, json};

use crate::answer::{Data, answer, respond};
use crate::blocking::blocking;
use crate::endpoints::Endpoints;
use crate::failure::Failure;
use crate::metrics::{CONTENT_TYPE, Metrics};
use crate::openapi::describe;
use crate::request::Body;

/// Where anyone may ask whether the server can work.
pub(crate) fn open(workspace: Arc<dyn Workspace>) -> Endpoints {
    Endpoints::new().get("/ready", ready, describe::ready).with_state(workspace)
}

/// What asks for a key.
pub(crate) fn guarded(workspace: Arc<dyn Workspace>, metrics: Arc<Metrics>) -> Endpoints {
    let metrics =
        Endpoints::new().get("/metrics", show_metrics, describe::metrics).with_state(metrics);
    Endpoints::new()
        .get("/key", show_key, describe::key)
        .post("/schema", declare, describe::declare)
        .merge(crate::history::endpoints())
        .get("/pipelines", pipelines, describe::pipelines)
        .with_state(workspace)
        .merge(metrics)
}

/// Which key the request brings, and what it may do; null where none is asked for.
async fn show_key(key: Option<Extension<ApiKey>>) -> Response {
    let shown = key.map(|Extension(key)| {
        json!({
            "id": key.id,
            "name": key.name,
            "scopes": key.scopes.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "created_at": key.created_at.to_string(),
        })
    });
    respond(Ok((StatusCode::OK, Data { data: shown })))
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
