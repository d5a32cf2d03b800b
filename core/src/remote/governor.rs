//! The gate that every request passes: one at a time in the order of asking, at the [`Pace`].

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::workspace::RequestPace;

use super::pace::{Admission, Ended, Pace};
use super::stop::Stop;

/// What passes between two requests at the slowest rate is no sign of a quota that is used up.
const LONGEST_STEP: Duration = Duration::from_secs(6);

/// Lets requests go at the pace that the workspace allows.
pub(super) struct Governor {
    pace: Mutex<Pace>,
    /// Held by the one that goes next; the others wait in the order in which they came.
    turn: tokio::sync::Mutex<()>,
    freed: Notify,
}

/// Why a request may not go.
#[derive(Debug, Clone, Copy)]
pub(super) enum Denial {
    /// Not before this time has passed, which is longer than anybody waits here.
    Late(Duration),
    /// Its batch was stopped.
    Stopped,
}

/// A request under way.
pub(super) struct Ticket<'a> {
    governor: &'a Governor,
    sent: Instant,
    is_open: bool,
}

impl Governor {
    pub(super) fn new(most_at_a_time: usize, requests_per_second: Option<f64>) -> Self {
        let pace = Pace::new(most_at_a_time, requests_per_second, Instant::now());
        Self { pace: Mutex::new(pace), turn: tokio::sync::Mutex::new(()), freed: Notify::new() }
    }

    /// Waits until a request may go.
    pub(super) async fn admit(
        &self,
        patience: Duration,
        stop: &Stop,
    ) -> Result<Ticket<'_>, Denial> {
        let _turn = self.turn.lock().await;
        loop {
            if stop.is_set() {
                return Err(Denial::Stopped);
            }
            let now = Instant::now();
            let admission = self.pace().admit(now);
            match admission {
                Admission::Go => return Ok(Ticket { governor: self, sent: now, is_open: true }),
                Admission::Wait(wait) if wait > patience.max(LONGEST_STEP) => {
                    return Err(Denial::Late(wait));
                }
                Admission::Wait(wait) => stop.sleep(wait).await,
                // One that ends in between has left a permit.
                Admission::Full => self.freed.notified().await,
            }
        }
    }

    /// How long to wait for an answer that may be asked for again.
    pub(super) fn patience(&self) -> Duration {
        self.pace().patience()
    }

    /// Lets nothing go for a while.
    pub(super) fn pause(&self, wait: Duration) {
        self.pace().pause(Instant::now(), wait);
    }

    /// Notes how many requests an answer says are left.
    pub(super) fn note_left(&self, left: u64) {
        self.pace().note_left(left);
    }

    /// How fast it is, for people.
    pub(super) fn report(&self) -> RequestPace {
        self.pace().report()
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticket<'_> {
    /// Says how the request ended.
    pub(super) fn finish(mut self, ended: Ended) {
        self.is_open = false;
        self.governor.pace().finish(self.sent, Instant::now(), ended);
        self.governor.freed.notify_one();
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        if self.is_open {
            self.governor.pace().abandon();
            self.governor.freed.notify_one();
        }
    }
}
