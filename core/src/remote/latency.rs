//! How long answers take: when to stop waiting for one, and whether more requests at a time are
//! more than the workspace can take.

use std::time::Duration;

/// The shortest wait for an answer, and the longest.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// The wait while nothing is known.
const FIRST_PATIENCE: Duration = Duration::from_secs(5);
/// Up to here a slower answer is no sign of too many requests.
const UNSUSPECTED: f64 = 0.25;
/// How many times slower than the fastest an answer may be before it is such a sign.
const TOLERANCE: f64 = 4.0;

/// Smoothed latency and its deviation, in seconds, as RFC 6298 keeps those of a connection.
#[derive(Debug, Default)]
pub(super) struct Latency {
    smooth: Option<f64>,
    deviation: f64,
    fastest: f64,
}

impl Latency {
    /// Takes in how long an answer took.
    pub(super) fn note(&mut self, took: Duration) {
        let took = took.as_secs_f64();
        match self.smooth {
            None => (self.smooth, self.deviation, self.fastest) = (Some(took), took / 2.0, took),
            Some(smooth) => {
                self.deviation += ((took - smooth).abs() - self.deviation) / 4.0;
                self.smooth = Some(smooth + (took - smooth) / 8.0);
                // Forgotten slowly: a workspace may become slower for good.
                self.fastest = took.min(self.fastest * 1.0005);
            }
        }
    }

    /// How long to wait for an answer that may be asked for again.
    pub(super) fn patience(&self) -> Duration {
        let Some(smooth) = self.smooth else { return FIRST_PATIENCE };
        let patience = smooth + 8.0 * self.deviation;
        Duration::from_secs_f64(patience.max(0.0)).clamp(PATIENCE.0, PATIENCE.1)
    }

    /// Whether requests wait for each other at the other end.
    pub(super) fn is_crowded(&self) -> bool {
        let allowed = (self.fastest * TOLERANCE).max(UNSUSPECTED);
        self.smooth.is_some_and(|smooth| smooth > allowed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_follows_what_answers_take() {
        let mut latency = Latency::default();
        assert_eq!(latency.patience(), FIRST_PATIENCE);
        (0..50).for_each(|_| latency.note(Duration::from_millis(5)));
        assert_eq!(latency.patience(), PATIENCE.0);
        (0..50).for_each(|_| latency.note(Duration::from_secs(4)));
        assert!(latency.patience() > Duration::from_secs(4));
        assert!(latency.patience() <= PATIENCE.1);
    }

    #[test]
    fn answers_that_become_slower_are_a_sign_of_a_crowd() {
        let mut latency = Latency::default();
        (0..50).for_each(|_| latency.note(Duration::from_millis(100)));
        assert!(!latency.is_crowded());
        (0..50).for_each(|_| latency.note(Duration::from_millis(300)));
        assert!(!latency.is_crowded());
        (0..50).for_each(|_| latency.note(Duration::from_millis(900)));
        assert!(latency.is_crowded());
    }
}
