//! The times that a transaction gives to its changes: they never repeat and never go back.

use crate::store::Times;
use crate::value::Timestamp;

/// Gives `updated_at` in the order of commits (contract.md section 11.5).
#[derive(Debug)]
pub(super) struct Clock {
    latest: Timestamp,
    times: Times,
}

impl Clock {
    /// Continues after the latest time that the record type was given.
    pub(super) fn after(latest: Timestamp, times: Times) -> Self {
        Self { latest, times }
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
        let mut clock = Clock::after(future, Times::default());
        assert_eq!(clock.tick(), Timestamp(future.0 + 1));
        assert_eq!(clock.tick(), Timestamp(future.0 + 2));
    }
}
