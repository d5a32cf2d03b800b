//! The times that a transaction gives to its changes: they never repeat and never go back.

use crate::store::Times;
use crate::value::Timestamp;

/// Gives `updated_at` in the order of commits (contract.md section 11.5).
#[derive(Debug)]
pub(super) struct Clock {
    began: Timestamp,
    latest: Timestamp,
    times: Times,
}

impl Clock {
    pub(super) fn new(times: Times) -> Self {
        Self { began: Timestamp(0), latest: Timestamp(0), times }
    }

    /// Continues after the latest time that the record type was given.
    pub(super) fn go_on_after(&mut self, latest: Timestamp) {
        (self.began, self.latest) = (latest, latest);
    }

    /// The latest time that was given before.
    pub(super) fn began(&self) -> Timestamp {
        self.began
    }

    /// The current time, moved on where it has been given already.
    pub(super) fn tick(&mut self) -> Timestamp {
        self.latest = self.times.tick().max(Timestamp(self.latest.0 + 1));
        self.latest
    }

    pub(super) fn latest(&self) -> Timestamp {
        self.latest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_rise_even_when_the_machine_s_clock_stands_behind() {
        let future = Timestamp(Timestamp::now().0 + 1_000_000_000);
        let mut clock = Clock::new(Times::default());
        clock.go_on_after(future);
        assert_eq!(clock.tick(), Timestamp(future.0 + 1));
        assert_eq!(clock.tick(), Timestamp(future.0 + 2));
    }
}
