//! The `Allow` header of a refused verb: those that this very path takes (RFC 9110 section 15.5.6).
//!
//! A route serves paths of all record types, and not every type takes all of its verbs.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::documentation::Documentation;
use crate::endpoints::{Endpoint, Verb};
use crate::openapi::Context;

/// Names the verbs where one was refused.
pub(crate) async fn allow(
    State(documentation): State<Arc<Documentation>>,
    request: Request,
    next: Next,
) -> Response {
    let (uri, route) = (request.uri().clone(), request.extensions().get::<MatchedPath>().cloned());
    let mut response = next.run(request).await;
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        let route = route.as_ref().map(MatchedPath::as_str).unwrap_or_default();
        let verbs = documentation.allowed(route, uri.path());
        if let Ok(verbs) = HeaderValue::try_from(verbs) {
            response.headers_mut().insert(header::ALLOW, verbs);
        }
    }
    response
}

/// The verbs that a path takes of those of its route, as the header has them.
pub(crate) fn allowed(
    table: &[Endpoint],
    context: &Context<'_>,
    route: &str,
    path: &str,
) -> String {
    let mut verbs = Vec::new();
    for endpoint in table {
        let is_routed = route.strip_prefix(endpoint.prefix) == Some(endpoint.path);
        let below = path.strip_prefix(endpoint.prefix).filter(|_| is_routed);
        let Some(below) = below else { continue };
        if (endpoint.describe)(context).iter().any(|one| leads_to(&one.path, below)) {
            verbs.extend_from_slice(match endpoint.verb {
                Verb::Get => &["GET", "HEAD"],
                Verb::Post => &["POST"],
                Verb::Put => &["PUT"],
                Verb::Patch => &["PATCH"],
                Verb::Delete => &["DELETE"],
            });
        }
    }
    verbs.join(",")
}

/// Whether a path is one that a template has, with something in place of each parameter.
fn leads_to(template: &str, path: &str) -> bool {
    let (mut parts, mut segments) = (template.split('/'), path.split('/'));
    loop {
        match (parts.next(), segments.next()) {
            (None, None) => return true,
            (Some(part), Some(segment)) if part.starts_with('{') || part == segment => {}
            _ => return false,
        }
    }
}
