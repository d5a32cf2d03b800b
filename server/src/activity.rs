//! The endpoints of activities, which have a shape of their own (contract.md section 4.7).

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use headwater::{Workspace, activity_json, log_activity, query_activities};
use serde_json::json;

use crate::answer::answer;
use crate::caller::Caller;
use crate::limits::Limits;
use crate::request::{Body, TypePath, parse_id};

type Shared = State<Arc<dyn Workspace>>;

/// What stands in place of the general endpoints under `/activity`.
pub(crate) fn router() -> Router<Arc<dyn Workspace>> {
    Router::new()
        .route("/activity", post(log))
        .route("/activity/_query", post(query))
        .route("/activity/{id}", get(read))
}

async fn log(Caller(workspace): Caller, mut body: Body) -> Response {
    answer(move || {
        let attributes = body.take_object("attributes")?;
        let logged = log_activity(&*workspace, attributes)?;
        Ok((StatusCode::CREATED, json!({ "data": logged })))
    })
    .await
}

async fn query(
    State(workspace): Shared,
    Extension(limits): Extension<Limits>,
    body: Body,
) -> Response {
    answer(move || {
        let page = query_activities(&*workspace, body.into_object(), &limits.query)?;
        Ok((StatusCode::OK, page))
    })
    .await
}

async fn read(State(workspace): Shared, TypePath(id): TypePath) -> Response {
    answer(move || {
        let record = workspace.get("activity", parse_id(&id, "id")?)?;
        Ok((StatusCode::OK, json!({ "data": activity_json(&record) })))
    })
    .await
}
