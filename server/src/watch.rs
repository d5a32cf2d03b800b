//! What is seen of each request: its id, a line of the log, the counts. Never a key.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::Response;
use headwater::{Error, Uuid};

use crate::metrics::Metrics;
use crate::twin::Injected;

const X_REQUEST_ID: &str = "x-request-id";
/// The longest id that is taken from a client, in bytes.
const LONGEST_ID: usize = 128;
/// How much of a path the log shows, in characters.
const LONGEST_PATH: usize = 200;

/// The id of the key that a request came with, noted with its answer.
#[derive(Clone)]
pub(crate) struct KeyId(pub(crate) String);

/// What went wrong, noted with an answer that does not tell all of it.
#[derive(Clone)]
pub(crate) struct Fault(pub(crate) Arc<Error>);

/// Gives a request its id, and notes what became of it.
pub(crate) async fn watch(
    State(metrics): State<Arc<Metrics>>,
    request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let id = request_id(&request);
    let method = request.method().clone();
    let path: String = request.uri().path().chars().take(LONGEST_PATH).collect();
    let route = request.extensions().get::<MatchedPath>().cloned();

    let in_flight = InFlight::new(metrics);
    let mut response = next.run(request).await;
    let took = began.elapsed();
    let route = route.as_ref().map(MatchedPath::as_str);
    in_flight.0.count(&method, route, response.status(), took);

    let key = response.extensions().get::<KeyId>().map(|key| key.0.as_str());
    let fault = response.extensions().get::<Fault>().map(|fault| &*fault.0);
    let code = fault.map(|error| error.code().name());
    let (request_id, status) = (id.to_str().unwrap_or_default(), response.status().as_u16());
    let injected = response.extensions().get::<Injected>().map(|injected| injected.0);
    let milliseconds = took.as_secs_f64() * 1e3;
    match fault {
        // Its client is told nothing of it, so that the whole of it belongs here.
        Some(error) if response.status().is_server_error() && injected.is_none() => {
            tracing::error!(
                request_id, %method, path, status, milliseconds, key, code,
                error = format!("{error:#}"), "request failed"
            );
        }
        // A message may quote what a record holds: the code is enough.
        _ => {
            tracing::info!(
                request_id, %method, path, status, milliseconds, key, code, injected, "request"
            );
        }
    }
    response.headers_mut().insert(X_REQUEST_ID, id);
    response
}

/// Counts a request as under way until it is dropped, also where its client has gone.
struct InFlight(Arc<Metrics>);

impl InFlight {
    fn new(metrics: Arc<Metrics>) -> Self {
        metrics.in_flight.inc();
        Self(metrics)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.dec();
    }
}

/// The client's id where it has one that can stand in a log, else a new one.
fn request_id(request: &Request) -> HeaderValue {
    let given = request.headers().get(X_REQUEST_ID).filter(|id| {
        (1..=LONGEST_ID).contains(&id.len()) && id.as_bytes().iter().all(u8::is_ascii_graphic)
    });
    let new = || HeaderValue::try_from(Uuid::now_v7().to_string());
    match given {
        Some(id) => id.clone(),
        None => new().unwrap_or_else(|_| HeaderValue::from_static("none")),
    }
}
