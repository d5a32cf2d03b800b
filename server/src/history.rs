//! The history of a record and its return from the archive: endpoints of this server's own
//! (contract.md section 11.13).

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use headwater::Workspace;
use serde_json::json;

use crate::caller::Caller;
use crate::request::{Parameters, RecordPath};
use crate::routes::{Shared, answer};

pub(crate) fn routes() -> Router<Arc<dyn Workspace>> {
    Router::new()
        .route("/{record_type}/{id}/history", get(history))
        .route("/{record_type}/{id}/restore", post(restore))
}

async fn history(
    State(workspace): Shared,
    path: RecordPath,
    Parameters(parameters): Parameters,
) -> Response {
    answer(move || {
        let page = headwater::history(&*workspace, &path.record_type, path.id, parameters)?;
        Ok((StatusCode::OK, page.to_json()))
    })
    .await
}

async fn restore(Caller(workspace): Caller, path: RecordPath) -> Response {
    answer(move || {
        let record = headwater::restore(&*workspace, &path.record_type, path.id)?;
        Ok((StatusCode::OK, json!({ "data": record.to_json() })))
    })
    .await
}
