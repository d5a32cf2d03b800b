//! The endpoints of contract.md section 2, under `/api/v2`.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json, Router};
use headwater::{Action, Error, ErrorCode, Query, Record, Result, Workspace};
use serde_json::{Value, json};

use crate::allow::allow;
use crate::blocking::blocking;
use crate::documentation::{self, Documentation};
use crate::endpoints::{Endpoint, Endpoints};
use crate::failure::Failure;
use crate::gate::Gate;
use crate::limits::Limits;
use crate::local;
use crate::metrics::Metrics;
use crate::openapi::describe;
use crate::request::{Body, RecordPath, TypePath};
use crate::unread::take_in;
use crate::watch::watch;
use crate::{activity, relationship, sub_resource};

pub(crate) type Shared = State<Arc<dyn Workspace>>;

/// All endpoints, on this workspace; the gate stands before all but health, readiness and the
/// documentation.
pub(crate) fn router(workspace: Arc<dyn Workspace>, gate: Gate, limits: Limits) -> Router {
    endpoints(workspace, gate, limits).0
}

/// The same, with the table of them.
pub(crate) fn endpoints(
    workspace: Arc<dyn Workspace>,
    gate: Gate,
    limits: Limits,
) -> (Router, Vec<Endpoint>) {
    let (gate, metrics) = (Arc::new(gate), Arc::new(Metrics::new()));
    let documentation = Documentation::new(Arc::clone(&workspace), Arc::clone(&gate));
    let documentation = Arc::new(documentation);
    let (api, mut table) = Endpoints::new()
        .merge(records().guarded(|router| {
            router.route_layer(from_fn_with_state(Arc::clone(&gate), Gate::pass))
        }))
        .get("/health", health, describe::health)
        .with_state(Arc::clone(&workspace))
        .below("/api/v2");
    let (local, own) = local::guarded(Arc::clone(&workspace), Arc::clone(&metrics))
        .guarded(|router| router.route_layer(from_fn_with_state(gate, Gate::pass)))
        .merge(local::open(workspace))
        .merge(documentation::endpoints(Arc::clone(&documentation)))
        .below("/api/local");
    table.extend(own);
    documentation.tell(table.clone());
    let router = Router::new()
        .nest("/api/v2", api.method_not_allowed_fallback(wrong_method))
        .nest("/api/local", local.method_not_allowed_fallback(wrong_method))
        .fallback(no_endpoint)
        .layer(DefaultBodyLimit::max(limits.body_bytes))
        .layer(Extension(limits))
        .layer(from_fn_with_state(documentation, allow))
        .layer(from_fn(take_in))
        .layer(from_fn_with_state(metrics, watch));
    (router, table)
}

/// The endpoints of records.
fn records() -> Endpoints<Arc<dyn Workspace>> {
    Endpoints::new()
        .get("/_schema/{record_type}", schema, describe::schema)
        .merge(activity::endpoints())
        .post("/{record_type}", create, describe::create)
        .post("/{record_type}/_query", query, describe::query)
        .post("/{record_type}/_assert", assert, describe::assert)
        .get("/{record_type}/{id}", read, describe::read)
        .patch("/{record_type}/{id}", patch, describe::patch)
        .delete("/{record_type}/{id}", archive, describe::archive)
        .merge(sub_resource::endpoints())
        .merge(relationship::endpoints())
}

async fn health() -> Json<Value> {
    Json(json!({ "data": { "status": "healthy" } }))
}

async fn schema(State(workspace): Shared, TypePath(record_type): TypePath) -> Response {
    let found = workspace.schema().record_type(&record_type).map(|found| found.to_json());
    match found {
        Ok(document) => Json(document).into_response(),
        Err(error) => Failure::from(error).into_response(),
    }
}

async fn create(
    State(workspace): Shared,
    TypePath(record_type): TypePath,
    mut body: Body,
) -> Response {
    answer(move || {
        check_writable(&*workspace, &record_type)?;
        let attributes = body.take_object("attributes")?;
        let record = headwater::create(&*workspace, &record_type, attributes)?;
        Ok((StatusCode::CREATED, one(&record)))
    })
    .await
}

async fn read(State(workspace): Shared, path: RecordPath) -> Response {
    answer(move || {
        let record = workspace.get(&path.record_type, path.id)?;
        Ok((StatusCode::OK, one(&record)))
    })
    .await
}

async fn patch(State(workspace): Shared, path: RecordPath, mut body: Body) -> Response {
    answer(move || {
        check_writable(&*workspace, &path.record_type)?;
        let attributes = body.take_object("attributes")?;
        let record = headwater::patch(&*workspace, &path.record_type, path.id, attributes)?;
        Ok((StatusCode::OK, one(&record)))
    })
    .await
}

async fn archive(State(workspace): Shared, path: RecordPath) -> Response {
    answer(move || {
        headwater::archive(&*workspace, &path.record_type, path.id)?;
        Ok((StatusCode::NO_CONTENT, Value::Null))
    })
    .await
}

async fn assert(
    State(workspace): Shared,
    TypePath(record_type): TypePath,
    mut body: Body,
) -> Response {
    answer(move || {
        workspace.schema().record_type(&record_type)?.check_can_assert()?;
        let matching = body.take_object("match")?;
        let attributes = body.take_object("attributes")?;
        let outcome = headwater::assert(&*workspace, &record_type, matching, attributes)?;
        // The wire knows two actions: a record that was that way already counts as updated.
        let (status, action) = match outcome.action {
            Action::Created => (StatusCode::CREATED, Action::Created),
            _ => (StatusCode::OK, Action::Updated),
        };
        let record = outcome.record.as_ref().map(Record::to_json);
        Ok((status, json!({ "data": record, "meta": { "action": action.name() } })))
    })
    .await
}

async fn query(State(workspace): Shared, TypePath(record_type): TypePath, body: Body) -> Response {
    answer(move || {
        let schema = workspace.schema();
        let record_type = schema.record_type(&record_type)?;
        let query = Query::parse(&schema, record_type, body.into_object())?;
        let page = workspace.query(record_type.api_name(), &query)?;
        let records: Vec<Value> = page.records.iter().map(Record::to_json).collect();
        Ok((StatusCode::OK, json!({ "data": records, "next_cursor": page.next_cursor })))
    })
    .await
}

/// A verb that a path does not take is refused before its body is looked at.
fn check_writable(workspace: &dyn Workspace, record_type: &str) -> Result<()> {
    workspace.schema().record_type(record_type)?.check_writable()
}

fn one(record: &Record) -> Value {
    json!({ "data": record.to_json() })
}

/// Works on the workspace and answers with what that gave.
pub(crate) async fn answer(
    work: impl FnOnce() -> Result<(StatusCode, Value), Failure> + Send + 'static,
) -> Response {
    match blocking(move || Ok(work())).await {
        Ok(Ok((status, Value::Null))) => status.into_response(),
        Ok(Ok((status, body))) => (status, Json(body)).into_response(),
        Ok(Err(failure)) => failure.into_response(),
        Err(error) => Failure::from(error).into_response(),
    }
}

async fn wrong_method(method: Method, uri: Uri) -> Failure {
    let what = format!("{} does not take {method}", uri.path());
    Error::new(ErrorCode::OperationNotSupported, what).into()
}

async fn no_endpoint(uri: Uri) -> Failure {
    let error =
        Error::new(ErrorCode::InvalidRequest, format!("there is nothing at {}", uri.path()))
            .hint("the record API is under /api/v2");
    Failure::with_status(error, StatusCode::NOT_FOUND)
}
