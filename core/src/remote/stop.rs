//! The end of a batch in the middle: what is under way is waited for, nothing more is sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long a wait goes on after a stop, at most.
const STEP: Duration = Duration::from_millis(100);

/// Whether a batch goes on; its clones are one.
#[derive(Debug, Clone, Default)]
pub(super) struct Stop(Arc<AtomicBool>);

impl Stop {
    pub(super) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Sleeps, not past a stop.
    pub(super) async fn sleep(&self, wait: Duration) {
        let end = Instant::now() + wait;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() || self.is_set() {
                return;
            }
            tokio::time::sleep(left.min(STEP)).await;
        }
    }
}
