//! How fast requests may go: the rate that the workspace allows, learned from what it refuses, and
//! how many go at a time. No clock and no waiting in here, so that tests can move the time.
//!
//! Between two refusals a limiter lets through exactly what it allows: at both of them there was
//! nothing left. So the count between them is the rate; requests then go a little slower, and
//! slowly faster again, the longer nothing is refused the more so.

use std::time::{Duration, Instant};

use crate::workspace::RequestPace;

use super::latency::Latency;

/// Requests at the same time at first; one more comes for each `SUCCESSES` that went well.
const FIRST_WINDOW: f64 = 2.0;
const SUCCESSES: f64 = 16.0;
/// How much of the measured rate is used.
const CAUTION: f64 = 0.98;
/// How much of what comes in during a wait is used at once.
const CATCH_UP: f64 = 0.8;
/// By how much the rate grows in a second right after a refusal, and when that has doubled.
const GROWTH: f64 = 0.002;
const DOUBLING: f64 = 8.0;
/// Seconds in which a rate may grow by much.
const LONG: f64 = 5.0;
/// The wait after a refusal that names none.
const DEFAULT_WAIT: Duration = Duration::from_secs(1);
/// The slowest rate, in requests a second.
const SLOWEST: f64 = 0.2;
/// Unused seconds of a rate that may be made up for.
const SLACK: f64 = 0.02;

/// Whether a request may go now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Admission {
    /// It may, and counts as under way.
    Go,
    /// Not before this time has passed.
    Wait(Duration),
    /// Not before another one has ended.
    Full,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Ended {
    /// With an answer.
    Answered,
    /// It was too many; with the wait that was asked for.
    Refused(Option<Duration>),
    /// Without an answer that says anything.
    Failed,
}

/// The pace of one workspace, shared by all that ask it.
#[derive(Debug)]
pub(super) struct Pace {
    most_at_a_time: f64,
    budget: Option<f64>,
    window: f64,
    under_way: usize,
    /// The learned rate, in requests a second.
    rate: Option<f64>,
    /// Requests that may go at once, as of `refilled`.
    tokens: f64,
    refilled: Instant,
    paused_until: Option<Instant>,
    /// What has been let through since the last refusal, or the beginning.
    since: Instant,
    let_through: u32,
    last_refusal: Option<Instant>,
    latency: Latency,
    requests: u64,
    refused: u64,
    left: Option<u64>,
}

impl Pace {
    pub(super) fn new(most_at_a_time: usize, budget: Option<f64>, now: Instant) -> Self {
        let most = u32::try_from(most_at_a_time.max(1)).unwrap_or(u32::MAX);
        Self {
            most_at_a_time: f64::from(most),
            budget,
            window: FIRST_WINDOW.min(f64::from(most)),
            under_way: 0,
            rate: None,
            tokens: 1.0,
            refilled: now,
            paused_until: None,
            since: now,
            let_through: 0,
            last_refusal: None,
            latency: Latency::default(),
            requests: 0,
            refused: 0,
            left: None,
        }
    }

    /// Lets a request go, or says when to ask again.
    pub(super) fn admit(&mut self, now: Instant) -> Admission {
        #[expect(clippy::cast_precision_loss, reason = "some dozens")]
        if self.under_way > 0 && self.under_way as f64 + 1.0 > self.window {
            return Admission::Full;
        }
        if let Some(until) = self.paused_until {
            if now < until {
                return Admission::Wait(until - now);
            }
            self.paused_until = None;
        }
        self.refill(now);
        if let Some(rate) = self.allowed() {
            if self.tokens < 1.0 {
                let wait = Duration::try_from_secs_f64((1.0 - self.tokens) / rate);
                return Admission::Wait(wait.unwrap_or(Duration::MAX));
            }
            self.tokens -= 1.0;
        }
        self.under_way += 1;
        self.requests += 1;
        Admission::Go
    }

    /// Takes in how a request that went at `sent` has ended.
    pub(super) fn finish(&mut self, sent: Instant, now: Instant, ended: Ended) {
        self.under_way = self.under_way.saturating_sub(1);
        match ended {
            Ended::Refused(wait) => {
                self.refused += 1;
                self.slow_down(sent, now, wait.unwrap_or(DEFAULT_WAIT));
            }
            Ended::Failed => self.let_through += 1,
            Ended::Answered => {
                self.let_through += 1;
                self.latency.note(now.saturating_duration_since(sent));
                let step = if self.latency.is_crowded() { -1.0 } else { 1.0 } / SUCCESSES;
                self.window = (self.window + step).clamp(1.0, self.most_at_a_time);
            }
        }
    }

    /// A request that nobody waits for any more.
    pub(super) fn abandon(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }

    /// Lets nothing go for a while, as an answer asked for.
    pub(super) fn pause(&mut self, now: Instant, wait: Duration) {
        let until = now + wait;
        self.paused_until = Some(self.paused_until.map_or(until, |known| known.max(until)));
    }

    fn slow_down(&mut self, sent: Instant, now: Instant, wait: Duration) {
        self.pause(now, wait);
        // Under way when the limit was met: it tells nothing new.
        if self.last_refusal.is_some_and(|at| sent <= at) {
            return;
        }
        let span = now.saturating_duration_since(self.since).as_secs_f64();
        let count = f64::from(self.let_through);
        let rate = match (self.last_refusal, self.rate) {
            // What was saved up before the first one is in the count.
            (None, _) => count / span.max(1.0),
            (Some(_), Some(rate)) if span < 0.25 || count < 4.0 => rate / 2.0,
            // The rate grew for long below what is allowed now, so that the count says less.
            (Some(_), Some(rate)) if span > LONG && count / span < 0.8 * rate => 0.9 * rate,
            (Some(_), _) => CAUTION * count / span,
        };
        let rate = rate.max(SLOWEST);
        self.rate = Some(rate);
        self.tokens = CATCH_UP * rate * wait.as_secs_f64().min(1.0);
        self.refilled = now + wait;
        (self.last_refusal, self.since, self.let_through) = (Some(now), now, 0);
    }

    /// Brings rate and tokens up to now.
    fn refill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.refilled).as_secs_f64();
        if now > self.refilled {
            self.refilled = now;
        }
        let Some(allowed) = self.allowed() else { return };
        let most = (allowed * SLACK).max(1.0);
        let full = self.tokens.max(most);
        let tokens = self.tokens + passed * allowed;
        // What is not used up does not call for more.
        if tokens < full + 1.0
            && let (Some(rate), Some(at)) = (&mut self.rate, self.last_refusal)
        {
            let age = now.saturating_duration_since(at).as_secs_f64();
            *rate *= 1.0 + GROWTH * (age / DOUBLING).exp2() * passed;
        }
        self.tokens = tokens.min(full);
    }

    /// The rate to keep, where there is one.
    fn allowed(&self) -> Option<f64> {
        match (self.rate, self.budget) {
            (Some(rate), Some(budget)) => Some(rate.min(budget)),
            (rate, budget) => rate.or(budget),
        }
    }

    /// How long to wait for an answer that may be asked for again.
    pub(super) fn patience(&self) -> Duration {
        self.latency.patience()
    }

    /// Notes how many requests an answer says are left.
    pub(super) fn note_left(&mut self, left: u64) {
        self.left = Some(left);
    }

    /// How fast it is, for people.
    pub(super) fn report(&self) -> RequestPace {
        let (requests, refused, left) = (self.requests, self.refused, self.left);
        RequestPace { requests, refused, allowed: self.allowed(), left }
    }
}

#[cfg(test)]
#[path = "pace_tests.rs"]
mod tests;
