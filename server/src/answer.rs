//! From work on the workspace to an answer.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::blocking::blocking;
use crate::failure::Failure;
use crate::twin;

/// What a successful answer holds.
#[derive(Serialize)]
pub(crate) struct Data<T> {
    pub(crate) data: T,
}

/// Works on the workspace, for as long as it takes, and answers with what that gave.
pub(crate) async fn answer<T: Serialize>(
    work: impl FnOnce() -> Result<(StatusCode, T), Failure> + Send + 'static,
) -> Response {
    let turn = twin::share().await;
    let worked = blocking(move || {
        let _turn = turn;
        // Written there too: a page may be large.
        Ok(respond(work()))
    });
    match worked.await {
        Ok(response) => response,
        Err(error) => Failure::from(error).into_response(),
    }
}

/// Works on the workspace on the thread that asks, and answers with what that gave: for work of a
/// few microseconds, less than handing it to another thread takes.
pub(crate) async fn answer_here<T: Serialize>(
    work: impl FnOnce() -> Result<(StatusCode, T), Failure>,
) -> Response {
    let _turn = twin::share().await;
    respond(work())
}

/// Answers with what work gave.
pub(crate) fn respond<T: Serialize>(worked: Result<(StatusCode, T), Failure>) -> Response {
    match worked {
        Ok((StatusCode::NO_CONTENT, _)) => StatusCode::NO_CONTENT.into_response(),
        Ok((status, body)) => write(status, &body),
        Err(failure) => failure.into_response(),
    }
}

fn write(status: StatusCode, body: &impl Serialize) -> Response {
    // A record takes some two thousand bytes.
    let mut written = Vec::with_capacity(4096);
    match serde_json::to_writer(&mut written, body) {
        Ok(()) => (status, [(header::CONTENT_TYPE, "application/json")], written).into_response(),
        Err(cause) => {
            let error = headwater::Error::new(headwater::ErrorCode::Internal, "cannot write JSON");
            Failure::from(error.because(cause)).into_response()
        }
    }
}
