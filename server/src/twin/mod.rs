//! What makes a server a twin for tests: snapshots and resets, a fixed clock, faults.
//!
//! All of it is there only where the server was started as a twin: nobody resets the workspace of
//! others by accident.

mod clock;
mod faults;
mod plan;
mod routes;
mod snapshots;
mod turns;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use headwater::{Result, Workspace};
use tokio::sync::RwLock;

pub use plan::FaultPlan;

pub(crate) use faults::Cut;
pub(crate) use faults::Injected;
pub(crate) use plan::FAULTS;
pub(crate) use routes::endpoints;
pub(crate) use turns::share;

use faults::Faults;
use snapshots::Snapshots;

/// How a server is a twin.
#[derive(Debug, Clone, Default)]
pub struct TwinOptions {
    /// The faults that it begins with.
    pub faults: FaultPlan,
}

/// A server's twin: what its endpoints work on.
pub(crate) struct Twin {
    workspace: Arc<dyn Workspace>,
    snapshots: Snapshots,
    faults: Faults,
    turns: Arc<RwLock<()>>,
}

impl Twin {
    /// Keeps the state that a reset goes back to.
    ///
    /// # Errors
    /// `operation_not_supported` where the workspace cannot be a twin; `store_io`, `store_full`.
    pub(crate) fn new(workspace: Arc<dyn Workspace>, options: &TwinOptions) -> Result<Self> {
        let snapshots = Snapshots::beginning_with(workspace.twin()?)?;
        let faults = Faults::new(options.faults.clone());
        Ok(Self { workspace, snapshots, faults, turns: Arc::default() })
    }

    /// Lets a request through, or lets a fault happen to it.
    pub(crate) async fn pass(
        State(twin): State<Arc<Self>>,
        request: Request,
        next: Next,
    ) -> Response {
        let turns = Arc::clone(&twin.turns);
        twin.faults.pass(request, |request| turns::in_turn(turns, next.run(request))).await
    }
}
