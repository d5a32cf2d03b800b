//! The workspace as the caller of a request changes it: under the name of its key.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use headwater::access::ApiKey;
use headwater::{ActingAs, Actor, Workspace};

/// The workspace, its changes logged as the caller's.
pub(crate) struct Caller(pub(crate) Arc<dyn Workspace>);

/// The name of a key in the change log.
pub(crate) fn actor(key: &ApiKey) -> Actor {
    Actor::named(&format!("key {} ({})", key.id, key.name))
}

impl FromRequestParts<Arc<dyn Workspace>> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        workspace: &Arc<dyn Workspace>,
    ) -> Result<Self, Infallible> {
        // The gate lets nobody pass without a key, unless nobody needs one.
        let actor = parts.extensions.get::<Actor>().cloned();
        let actor = actor.unwrap_or_else(|| Actor::named("http"));
        Ok(Self(Arc::new(ActingAs::new(Arc::clone(workspace), actor))))
    }
}
