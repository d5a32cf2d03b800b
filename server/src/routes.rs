//! The endpoints of contract.md section 2, under `/api/v2`.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use headwater::{Action, Error, ErrorCode, Query, Record, Result, Workspace};
use serde_json::{Value, json};

use crate::blocking::blocking;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::gate::Gate;
use crate::limits::Limits;
use crate::local;
use crate::metrics::Metrics;
use crate::request::{Body, RecordPath, TypePath};
use crate::twin::{self, Twin};
use crate::unread::take_in;
use crate::watch::watch;
use crate::{relationship, sub_resource};

pub(crate) type Shared = State<Arc<dyn Workspace>>;

/// All endpoints, on this workspace; the gate stands before all but health and readiness.
pub(crate) fn router(
    workspace: Arc<dyn Workspace>,
    gate: Gate,
    twin: Option<Arc<Twin>>,
    limits: Limits,
) -> Router {
    let (gate, metrics) = (Arc::new(gate), Arc::new(Metrics::new()));
    let records = Router::new()
        .route("/_schema/{record_type}", get(schema))
        .merge(crate::activity::router())
        .route("/{record_type}", post(create))
        .route("/{record_type}/_query", post(query))
        .route("/{record_type}/_assert", post(assert))
        .route("/{record_type}/{id}", get(read).patch(patch).delete(archive))
        .merge(sub_resource::routes())
        .merge(relationship::routes())
        .route_layer(from_fn_with_state(Arc::clone(&gate), Gate::pass));
    let api = Router::new()
        .route("/health", get(health))
        .merge(records)
        .method_not_allowed_fallback(wrong_method);
    let local = local::guarded(Arc::clone(&workspace), Arc::clone(&metrics))
        .merge(twin::routes(twin.clone()))
        .route_layer(from_fn_with_state(gate, Gate::pass))
        .merge(local::open(Arc::clone(&workspace)))
        .method_not_allowed_fallback(wrong_method);
    let all = Router::new()
        .nest("/api/v2", api.with_state(workspace))
        .nest("/api/local", local)
        .fallback(no_endpoint);
    let all = match twin {
        Some(twin) => all.layer(from_fn_with_state(twin, Twin::pass)),
        None => all,
    };
    all.layer(DefaultBodyLimit::max(limits.body_bytes))
        .layer(Extension(limits))
        .layer(from_fn(take_in))
        .layer(from_fn_with_state(metrics, watch))
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
    Caller(workspace): Caller,
    TypePath(record_type): TypePath,
    mut body: Body,
) -> Response {
    answer(move || {
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

async fn patch(Caller(workspace): Caller, path: RecordPath, mut body: Body) -> Response {
    answer(move || {
        let attributes = body.take_object("attributes")?;
        let record = headwater::patch(&*workspace, &path.record_type, path.id, attributes)?;
        Ok((StatusCode::OK, one(&record)))
    })
    .await
}

async fn archive(Caller(workspace): Caller, path: RecordPath) -> Response {
    answer(move || {
        headwater::archive(&*workspace, &path.record_type, path.id)?;
        Ok((StatusCode::NO_CONTENT, Value::Null))
    })
    .await
}

async fn assert(
    Caller(workspace): Caller,
    TypePath(record_type): TypePath,
    mut body: Body,
) -> Response {
    answer(move || {
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

async fn query(
    State(workspace): Shared,
    Extension(limits): Extension<Limits>,
    TypePath(record_type): TypePath,
    body: Body,
) -> Response {
    answer(move || {
        let schema = workspace.schema();
        let record_type = schema.record_type(&record_type)?;
        let query = Query::parse_within(&schema, record_type, body.into_object(), &limits.query)?;
        let page = workspace.query(record_type.api_name(), &query)?;
        let records: Vec<Value> = page.records.iter().map(Record::to_json).collect();
        Ok((StatusCode::OK, json!({ "data": records, "next_cursor": page.next_cursor })))
    })
    .await
}

fn one(record: &Record) -> Value {
    json!({ "data": record.to_json() })
}

/// Works on the workspace and answers with what that gave.
pub(crate) async fn answer(
    work: impl FnOnce() -> Result<(StatusCode, Value), Failure> + Send + 'static,
) -> Response {
    let turn = twin::share().await;
    let worked = blocking(move || {
        let _turn = turn;
        Ok(work())
    });
    match worked.await {
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
