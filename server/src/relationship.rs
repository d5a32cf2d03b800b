//! Relationships: edges listed, added, changed and removed (contract.md section 5.6).

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use headwater::operation::EdgeQuery;
use headwater::{Action, Workspace};
use serde_json::Value;

use crate::answer::answer;
use crate::caller::Caller;
use crate::endpoints::Endpoints;
use crate::limits::Limits;
use crate::openapi::describe;
use crate::request::{Body, Parameters, PartPath, parse_id};
use crate::rights::Rights;
use crate::routes::Shared;

pub(crate) fn endpoints() -> Endpoints<Arc<dyn Workspace>> {
    let edges = "/{record_type}/{id}/relationship/{api_name}";
    let edge = "/{record_type}/{id}/relationship/{api_name}/{target_id}";
    Endpoints::new()
        .get(edges, list, describe::list_edges)
        .post(edges, add, describe::add_edge)
        .patch(edge, update, describe::update_edge)
        .delete(edge, remove, describe::remove_edge)
}

async fn list(
    State(workspace): Shared,
    Extension(limits): Extension<Limits>,
    path: PartPath,
    Parameters(parameters): Parameters,
) -> Response {
    answer(move || {
        let PartPath { record_type, id, name, .. } = path;
        let record_type = workspace.schema().record_type(&record_type)?.clone();
        let asked = EdgeQuery::parse_within(&record_type, id, &name, parameters, &limits.query)?;
        let page = workspace.edges(&asked)?;
        Ok((StatusCode::OK, page.to_json()))
    })
    .await
}

async fn add(Caller(workspace): Caller, rights: Rights, path: PartPath, body: Body) -> Response {
    answer(move || {
        let PartPath { record_type, id, name, .. } = path;
        let body = body.into_object();
        rights.check_target(workspace.schema().record_type(&record_type)?, &name, &body)?;
        let added = headwater::add_edge(&*workspace, &record_type, id, &name, body)?;
        let status = match added.action {
            Action::Created => StatusCode::CREATED,
            _ => StatusCode::OK,
        };
        Ok((status, added.edge.to_json()))
    })
    .await
}

async fn update(Caller(workspace): Caller, path: PartPath, body: Body) -> Response {
    answer(move || {
        let PartPath { record_type, id, name, part } = path;
        let target = parse_id(&part, "target_id")?;
        let body = body.into_object();
        let updated = headwater::update_edge(&*workspace, &record_type, id, &name, target, body)?;
        Ok((StatusCode::OK, updated.edge.to_json()))
    })
    .await
}

async fn remove(Caller(workspace): Caller, path: PartPath) -> Response {
    answer(move || {
        let PartPath { record_type, id, name, part } = path;
        let target = parse_id(&part, "target_id")?;
        headwater::remove_edge(&*workspace, &record_type, id, &name, target)?;
        Ok((StatusCode::NO_CONTENT, Value::Null))
    })
    .await
}
