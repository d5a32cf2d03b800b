//! The endpoints of contract.md section 2, under `/api/v2`.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json, Router};
use headwater::{Action, Error, ErrorCode, Page, Query, Record, Result, Workspace};
use serde::Serialize;
use serde_json::{Value, json};

use crate::allow::allow;
use crate::answer::{Data, answer, answer_here};
use crate::caller::Caller;
use crate::client::Client;
use crate::documentation::{self, Documentation};
use crate::endpoints::{Endpoint, Endpoints};
use crate::failure::Failure;
use crate::gate::Gate;
use crate::limits::Limits;
use crate::local;
use crate::metrics::Metrics;
use crate::openapi::describe;
use crate::request::{Body, RecordPath, TypePath};
use crate::rights::Rights;
use crate::twin::{self, Twin};
use crate::unread::take_in;
use crate::watch::watch;
use crate::{activity, relationship, sub_resource};

pub(crate) type Shared = State<Arc<dyn Workspace>>;

/// All endpoints, on this workspace; the gate stands before all but health, readiness and the
/// documentation.
pub(crate) fn router(
    workspace: Arc<dyn Workspace>,
    gate: Gate,
    twin: Option<Arc<Twin>>,
    limits: Limits,
) -> Router {
    endpoints(workspace, gate, twin, limits).0
}

/// The same, with the table of them.
pub(crate) fn endpoints(
    workspace: Arc<dyn Workspace>,
    gate: Gate,
    twin: Option<Arc<Twin>>,
    limits: Limits,
) -> (Router, Vec<Endpoint>) {
    let (gate, metrics) = (Arc::new(gate), Arc::new(Metrics::new()));
    let documentation = Arc::new(Documentation::new(
        Arc::clone(&workspace),
        Arc::clone(&gate),
        limits.query,
        twin.is_some(),
    ));
    let (api, mut table) = Endpoints::new()
        .merge(records().guarded(|router| {
            router.route_layer(from_fn_with_state(Arc::clone(&gate), Gate::pass))
        }))
        .get("/health", health, describe::health)
        .with_state(Arc::clone(&workspace))
        .below("/api/v2");
    let (local, own) = local::guarded(Arc::clone(&workspace), Arc::clone(&metrics))
        .merge(twin::endpoints(twin.clone()))
        .guarded(|router| router.route_layer(from_fn_with_state(gate, Gate::pass)))
        .merge(local::open(workspace))
        .merge(documentation::endpoints(Arc::clone(&documentation)))
        .below("/api/local");
    table.extend(own);
    documentation.tell(table.clone());
    let all = Router::new()
        .nest("/api/v2", api.method_not_allowed_fallback(wrong_method))
        .nest("/api/local", local.method_not_allowed_fallback(wrong_method))
        .fallback(no_endpoint);
    let all = match twin {
        Some(twin) => all.layer(from_fn_with_state(twin, Twin::pass)),
        None => all,
    };
    let router = all
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
    answer_here(move || Ok((StatusCode::OK, workspace.describe(&record_type)?))).await
}

async fn create(
    Caller(workspace): Caller,
    rights: Rights,
    TypePath(record_type): TypePath,
    mut body: Body,
) -> Response {
    answer(move || {
        check_writable(&*workspace, &record_type)?;
        let attributes = body.take_object("attributes")?;
        rights.check_references(workspace.schema().record_type(&record_type)?, &attributes)?;
        let record = headwater::create(&*workspace, &record_type, attributes)?;
        Ok((StatusCode::CREATED, Data { data: record }))
    })
    .await
}

async fn read(State(workspace): Shared, path: RecordPath) -> Response {
    answer_here(move || {
        let data = workspace.get(&path.record_type, path.id)?;
        Ok((StatusCode::OK, Data { data }))
    })
    .await
}

async fn patch(
    Caller(workspace): Caller,
    rights: Rights,
    path: RecordPath,
    mut body: Body,
) -> Response {
    answer(move || {
        check_writable(&*workspace, &path.record_type)?;
        let attributes = body.take_object("attributes")?;
        rights.check_references(workspace.schema().record_type(&path.record_type)?, &attributes)?;
        let record = headwater::patch(&*workspace, &path.record_type, path.id, attributes)?;
        Ok((StatusCode::OK, Data { data: record }))
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
    rights: Rights,
    TypePath(record_type): TypePath,
    mut body: Body,
) -> Response {
    answer(move || {
        workspace.schema().record_type(&record_type)?.check_can_assert()?;
        let matching = body.take_object("match")?;
        let attributes = body.take_object("attributes")?;
        rights.check_references(workspace.schema().record_type(&record_type)?, &attributes)?;
        let outcome = headwater::assert(&*workspace, &record_type, matching, attributes)?;
        // The wire knows two actions: a record that was that way already counts as updated.
        let (status, action) = match outcome.action {
            Action::Created => (StatusCode::CREATED, Action::Created),
            _ => (StatusCode::OK, Action::Updated),
        };
        let meta = Meta { action: action.name() };
        Ok((status, Asserted { data: outcome.record, meta }))
    })
    .await
}

/// A record that was asserted, and what became of it.
#[derive(Serialize)]
struct Asserted {
    data: Option<Record>,
    meta: Meta,
}

#[derive(Serialize)]
struct Meta {
    action: &'static str,
}

/// A verb that a path does not take is refused before its body is looked at.
fn check_writable(workspace: &dyn Workspace, record_type: &str) -> Result<()> {
    workspace.schema().record_type(record_type)?.check_writable()
}

/// One page of records.
#[derive(Serialize)]
struct Listed {
    data: Vec<Record>,
    next_cursor: Option<String>,
}

async fn query(
    State(workspace): Shared,
    Extension(limits): Extension<Limits>,
    rights: Rights,
    TypePath(record_type): TypePath,
    body: Body,
) -> Response {
    let schema = workspace.schema();
    let parsed = schema.record_type(&record_type).cloned().and_then(|record_type| {
        let query = Query::parse_within(&schema, &record_type, body.into_object(), &limits.query)?;
        Ok((record_type, query))
    });
    let (record_type, mut query) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return Failure::from(error).into_response(),
    };
    if let Err(refused) = rights.check_reads(query.filter.related_types()) {
        return refused.into_response();
    }
    let is_quick = query.is_lookup(&record_type);
    let client = Client::default();
    query.control = Some(client.control());
    let work = move || {
        let Page { records, next_cursor } = workspace.query(record_type.api_name(), &query)?;
        Ok((StatusCode::OK, Listed { data: records, next_cursor }))
    };
    if is_quick { answer_here(work).await } else { answer(work).await }
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
