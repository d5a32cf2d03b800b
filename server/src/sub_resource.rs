//! Sub-resources: items of an array attribute, by id or domain (contract.md section 5.7).

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use headwater::{Action, ErrorCode, Workspace};
use serde_json::{Value, json};

use crate::answer::answer;
use crate::caller::Caller;
use crate::endpoints::Endpoints;
use crate::failure::Failure;
use crate::openapi::describe;
use crate::request::{Body, PartPath};

pub(crate) fn endpoints() -> Endpoints<Arc<dyn Workspace>> {
    let item = "/{record_type}/{id}/attribute/{attribute}/{item}";
    Endpoints::new()
        .post("/{record_type}/{id}/attribute/{attribute}", add, describe::add_item)
        .patch(item, update, describe::update_item)
        .delete(item, remove, describe::remove_item)
}

/// An attribute that a path names in vain is not found, where one in a body is a mistake.
fn check_attribute(workspace: &dyn Workspace, path: &PartPath) -> Result<(), Failure> {
    let record_type = workspace.schema().record_type(&path.record_type)?.clone();
    match record_type.require_items(&path.name) {
        Ok(_) => Ok(()),
        Err(error) if error.code() == ErrorCode::UnknownField => {
            Err(Failure::with_status(error, StatusCode::NOT_FOUND))
        }
        Err(error) => Err(error.into()),
    }
}

async fn add(Caller(workspace): Caller, path: PartPath, body: Body) -> Response {
    answer(move || {
        check_attribute(&*workspace, &path)?;
        let PartPath { record_type, id, name: attribute, .. } = path;
        let body = body.into_object();
        let added = headwater::add_item(&*workspace, &record_type, id, &attribute, body)?;
        let status = match added.action {
            Action::Created => StatusCode::CREATED,
            _ => StatusCode::OK,
        };
        Ok((status, json!({ "data": added.to_json() })))
    })
    .await
}

async fn update(Caller(workspace): Caller, path: PartPath, body: Body) -> Response {
    answer(move || {
        check_attribute(&*workspace, &path)?;
        let PartPath { record_type, id, name: attribute, part: item } = path;
        let body = body.into_object();
        let updated =
            headwater::update_item(&*workspace, &record_type, id, &attribute, &item, body)?;
        Ok((StatusCode::OK, json!({ "data": updated.to_json() })))
    })
    .await
}

async fn remove(Caller(workspace): Caller, path: PartPath) -> Response {
    answer(move || {
        check_attribute(&*workspace, &path)?;
        let PartPath { record_type, id, name: attribute, part: item } = path;
        headwater::remove_item(&*workspace, &record_type, id, &attribute, &item)?;
        Ok((StatusCode::NO_CONTENT, Value::Null))
    })
    .await
}
