//! The endpoints of activities, which have a shape of their own (contract.md section 4.7).

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use headwater::{Workspace, activity_json, log_activity, query_activities};
use serde_json::json;

use crate::answer::answer;
use crate::caller::Caller;
use crate::endpoints::Endpoints;
use crate::limits::Limits;
use crate::openapi::describe;
use crate::request::{Body, TypePath, parse_id};
use crate::rights::Rights;

type Shared = State<Arc<dyn Workspace>>;

/// What stands in place of the general endpoints under `/activity`.
pub(crate) fn endpoints() -> Endpoints<Arc<dyn Workspace>> {
    Endpoints::new()
        .post("/activity", log, describe::log_activity)
        .post("/activity/_query", query, describe::query_activities)
        .get("/activity/{id}", read, describe::read_activity)
}

async fn log(Caller(workspace): Caller, rights: Rights, mut body: Body) -> Response {
    answer(move || {
        let attributes = body.take_object("attributes")?;
        rights.check_references(workspace.schema().record_type("activity")?, &attributes)?;
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
