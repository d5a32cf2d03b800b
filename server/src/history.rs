//! The history of a record and its return from the archive: endpoints of this server's own
//! (contract.md section 11.13).

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use headwater::Workspace;
use headwater::operation::HistoryQuery;
use serde_json::json;

use crate::answer::answer;
use crate::caller::Caller;
use crate::endpoints::Endpoints;
use crate::limits::Limits;
use crate::openapi::describe;
use crate::request::{Parameters, RecordPath};
use crate::routes::Shared;

pub(crate) fn endpoints() -> Endpoints<Arc<dyn Workspace>> {
    Endpoints::new().get("/{record_type}/{id}/history", history, describe::history).post(
        "/{record_type}/{id}/restore",
        restore,
        describe::restore,
    )
}

async fn history(
    State(workspace): Shared,
    Extension(limits): Extension<Limits>,
    path: RecordPath,
    Parameters(parameters): Parameters,
) -> Response {
    answer(move || {
        let record_type = workspace.schema().record_type(&path.record_type)?.clone();
        let query = HistoryQuery::parse_within(&record_type, path.id, parameters, &limits.query)?;
        let page = workspace.history(&query)?;
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
