//! The endpoints of a twin, under `/api/local`. A server that is none says so.

use std::sync::Arc;

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};

use headwater::{Error, ErrorCode, Result};
use serde_json::{Map, Value, json};

use crate::blocking::blocking;
use crate::endpoints::Endpoints;
use crate::failure::Failure;
use crate::openapi::describe;
use crate::request::Body;

use super::{FaultPlan, Twin, clock, turns};

/// The twin of the server, where it is one.
struct IsTwin(Arc<Twin>);

impl FromRequestParts<Option<Arc<Twin>>> for IsTwin {
    type Rejection = Failure;

    async fn from_request_parts(_: &mut Parts, state: &Option<Arc<Twin>>) -> Result<Self, Failure> {
        state.clone().map(Self).ok_or_else(|| {
            let what = "this server is no twin for tests";
            let error = Error::new(ErrorCode::OperationNotSupported, what);
            error.hint("start it with `headwater serve --twin`, on a workspace for tests").into()
        })
    }
}

/// All of them; with no twin each refuses.
pub(crate) fn endpoints(twin: Option<Arc<Twin>>) -> Endpoints {
    Endpoints::new()
        .get("/snapshot", snapshots, describe::snapshots)
        .post("/snapshot", snapshot, describe::snapshot)
        .post("/reset", reset, describe::reset)
        .get("/clock", show_clock, describe::clock)
        .put("/clock", set_clock, describe::set_clock)
        .delete("/clock", unset_clock, describe::unset_clock)
        .get("/faults", show_faults, describe::faults)
        .put("/faults", set_faults, describe::set_faults)
        .delete("/faults", unset_faults, describe::unset_faults)
        .with_state(twin)
}

async fn snapshots(IsTwin(twin): IsTwin) -> Response {
    let names = twin.snapshots.names().into_iter().map(|name| json!({ "name": name }));
    data(StatusCode::OK, &names.collect())
}

async fn snapshot(IsTwin(twin): IsTwin, body: Body) -> Response {
    alone(twin, body, StatusCode::CREATED, |twin, name| {
        twin.snapshots.take(twin.workspace.twin()?, name)
    })
    .await
}

async fn reset(IsTwin(twin): IsTwin, body: Body) -> Response {
    alone(twin, body, StatusCode::OK, |twin, name| {
        let name = twin.snapshots.go_back(twin.workspace.twin()?, name)?;
        twin.faults.restart();
        Ok(name)
    })
    .await
}

/// Works while nothing else does; a client that goes away does not end it halfway.
async fn alone(
    twin: Arc<Twin>,
    body: Body,
    status: StatusCode,
    work: impl FnOnce(&Twin, Option<&str>) -> Result<String> + Send + 'static,
) -> Response {
    let name = match name_in(body) {
        Ok(name) => name,
        Err(error) => return Failure::from(error).into_response(),
    };
    let turn = turns::alone(&twin.turns).await;
    let worked = blocking(move || {
        let _turn = turn;
        work(&twin, name.as_deref())
    });
    match worked.await {
        Ok(name) => data(status, &json!({ "name": name })),
        Err(error) => Failure::from(error).into_response(),
    }
}

/// The name of a snapshot, all that a body may say.
fn name_in(body: Body) -> Result<Option<String>> {
    let mut body = body.into_object();
    let wrong = |what: &str, field: &str| {
        let error = Error::new(ErrorCode::InvalidRequest, what).at_field(field);
        error.hint("send no body, or {\"name\": \"NAME\"}")
    };
    let name = match body.remove("name") {
        None | Some(Value::Null) => None,
        Some(Value::String(name)) => Some(name),
        Some(_) => return Err(wrong("expected name to be text", "name")),
    };
    body.keys().next().map_or(Ok(name), |other| Err(wrong("the body has another key", other)))
}

async fn show_clock(IsTwin(twin): IsTwin) -> Response {
    clock_of(&twin)
}

async fn set_clock(IsTwin(twin): IsTwin, body: Body) -> Response {
    change_clock(&twin, body.into_object()).await
}

async fn unset_clock(IsTwin(twin): IsTwin) -> Response {
    change_clock(&twin, Map::new()).await
}

async fn change_clock(twin: &Twin, body: Map<String, Value>) -> Response {
    let generation = match clock::from_json(body) {
        Ok(generation) => generation,
        Err(error) => return Failure::from(error).into_response(),
    };
    let _turn = turns::alone(&twin.turns).await;
    match twin.workspace.twin() {
        Ok(workspace) => workspace.set_generation(generation),
        Err(error) => return Failure::from(error).into_response(),
    }
    clock_of(twin)
}

fn clock_of(twin: &Twin) -> Response {
    match twin.workspace.twin() {
        Ok(workspace) => data(StatusCode::OK, &clock::to_json(workspace.generation())),
        Err(error) => Failure::from(error).into_response(),
    }
}

async fn show_faults(IsTwin(twin): IsTwin) -> Response {
    data(StatusCode::OK, &twin.faults.to_json())
}

async fn set_faults(IsTwin(twin): IsTwin, body: Body) -> Response {
    match FaultPlan::from_json(body.into_object()) {
        Ok(plan) => change_faults(&twin, plan),
        Err(error) => Failure::from(error).into_response(),
    }
}

async fn unset_faults(IsTwin(twin): IsTwin) -> Response {
    change_faults(&twin, FaultPlan::default())
}

fn change_faults(twin: &Twin, plan: FaultPlan) -> Response {
    twin.faults.set(plan);
    data(StatusCode::OK, &twin.faults.to_json())
}

fn data(status: StatusCode, data: &Value) -> Response {
    (status, Json(json!({ "data": data }))).into_response()
}
