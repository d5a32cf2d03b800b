//! Turns: requests work side by side, a reset works alone.
//!
//! A turn belongs to the work on the workspace, not to its request: it begins when the body has
//! arrived, and lasts also where the client has gone.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

tokio::task_local! {
    /// The turns of the server that answers the present request, where it is a twin.
    static TURNS: Arc<RwLock<()>>;
}

/// Answers a request whose work takes turns.
pub(super) async fn in_turn<T>(turns: Arc<RwLock<()>>, answer: impl Future<Output = T>) -> T {
    TURNS.scope(turns, answer).await
}

/// Waits for a turn to work beside others; what is given back must last as long as the work.
pub(crate) async fn share() -> Option<OwnedRwLockReadGuard<()>> {
    let turns = TURNS.try_with(Arc::clone).ok()?;
    Some(turns.read_owned().await)
}

/// Waits until all work under way has ended, and keeps other work from beginning.
pub(super) async fn alone(turns: &Arc<RwLock<()>>) -> OwnedRwLockWriteGuard<()> {
    Arc::clone(turns).write_owned().await
}
