//! How many rows of a sync are committed at a time: what goes in some seconds. A kill may let so many go
//! twice, and each commit waits for its slowest answer.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// For how long a commit goes at most, where it goes as fast as is known.
const COMMIT_SECONDS: f64 = 20.0;
/// Rows of a commit while nothing is known, and at least.
const LEAST_COMMIT_ROWS: usize = 100;
const MOST_COMMIT_ROWS: usize = 5000;

/// How fast the last commit went, in rows a second.
#[derive(Default)]
pub(super) struct Speed(Mutex<Option<f64>>);

impl Speed {
    /// Takes in a commit.
    pub(super) fn note(&self, rows: usize, took: Duration) {
        // One of a few rows tells more of the way there and back.
        if rows >= LEAST_COMMIT_ROWS {
            #[expect(clippy::cast_precision_loss, reason = "a rate needs no more digits")]
            let speed = rows as f64 / took.as_secs_f64().max(0.001);
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(speed);
        }
    }

    /// Rows of the next commit, where so many requests a second are allowed.
    pub(super) fn batch_rows(&self, allowed: Option<f64>) -> usize {
        let seen = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate")]
        let rows = (allowed.or(seen).unwrap_or_default() * COMMIT_SECONDS) as usize;
        rows.clamp(LEAST_COMMIT_ROWS, MOST_COMMIT_ROWS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_of_what_goes_in_twenty_seconds() {
        let speed = Speed::default();
        assert_eq!(speed.batch_rows(None), 100);
        assert_eq!([2.0, 30.0, 1e9].map(|rate| speed.batch_rows(Some(rate))), [100, 600, 5000]);
        speed.note(10, Duration::from_millis(1));
        assert_eq!(speed.batch_rows(None), 100);
        speed.note(100, Duration::from_secs(2));
        assert_eq!((speed.batch_rows(None), speed.batch_rows(Some(30.0))), (1000, 600));
    }
}
