//! The pace against simulated limiters, in simulated time: what is counted is exact, whatever the
//! machine is busy with.

use std::collections::BTreeMap;

use super::*;

/// A limiter that allows so many requests a second and saves up one second of them, which says in
/// whole seconds how long to wait: as the twin's does.
struct Limiter {
    per_second: f64,
    saved: f64,
    at: f64,
}

impl Limiter {
    fn takes(&mut self, at: f64) -> bool {
        self.saved = (self.saved + (at - self.at) * self.per_second).min(self.per_second);
        self.at = at;
        let takes = self.saved >= 1.0;
        self.saved -= f64::from(u8::from(takes));
        takes
    }
}

struct Counts {
    taken: u32,
    refused: u32,
}

/// Asks as fast as the pace allows for so many seconds, with answers after `latency` seconds; the
/// limit may change on the way.
fn simulate(pace: &mut Pace, limits: &[(f64, f64)], seconds: f64, latency: f64) -> Counts {
    let begin = Instant::now();
    let time = |at: f64| begin + Duration::from_secs_f64(at);
    let mut limiter = Limiter { per_second: limits[0].1, saved: limits[0].1, at: 0.0 };
    let mut counts = Counts { taken: 0, refused: 0 };
    // Answers on their way, by the nanosecond of their arrival and a number.
    let mut answers: BTreeMap<(u128, u32), (f64, bool)> = BTreeMap::new();
    let nanoseconds = |at: f64| Duration::from_secs_f64(at).as_nanos();
    let (mut now, mut number) = (0.0, 0);
    while now < seconds {
        if let Some((_, limit)) = limits.iter().rev().find(|(from, _)| *from <= now)
            && *limit != limiter.per_second
        {
            limiter = Limiter { per_second: *limit, saved: *limit, at: now };
        }
        let wait = match pace.admit(time(now)) {
            Admission::Go => {
                let taken = limiter.takes(now);
                counts.taken += u32::from(taken);
                counts.refused += u32::from(!taken);
                number += 1;
                answers.insert((nanoseconds(now + latency), number), (now, taken));
                continue;
            }
            Admission::Wait(wait) => now + wait.as_secs_f64() + 1e-6,
            Admission::Full => f64::INFINITY,
        };
        let arrival = answers.first_key_value().map(|((at, _), _)| *at as f64 / 1e9);
        match arrival.filter(|at| *at <= wait) {
            Some(at) => {
                now = at.max(now);
                let (_, (sent, taken)) = answers.pop_first().unwrap();
                let ended = match taken {
                    true => Ended::Answered,
                    false => Ended::Refused(Some(Duration::from_secs(1))),
                };
                pace.finish(time(sent), time(now), ended);
            }
            None => now = wait,
        }
    }
    counts
}

fn learns(limit: f64, latency: f64, seconds: f64) {
    let mut pace = Pace::new(32, None, Instant::now());
    let counts = simulate(&mut pace, &[(0.0, limit)], seconds, latency);
    let share = f64::from(counts.taken) / (limit * seconds);
    let refused = f64::from(counts.refused) / f64::from(counts.taken + counts.refused);
    assert!(share >= 0.95, "{limit}/s at {latency} s: {share} of what is allowed");
    assert!(refused < 0.01, "{limit}/s at {latency} s: {refused} refused");
}

#[test]
fn a_hidden_rate_is_kept_and_hardly_exceeded() {
    for limit in [10.0, 25.0, 100.0, 400.0] {
        for latency in [0.002_f64, 0.02, 0.1] {
            learns(limit, latency.min(24.0 / limit), 120.0);
        }
    }
}

#[test]
fn a_rate_that_changes_is_learned_again() {
    let mut pace = Pace::new(32, None, Instant::now());
    let limits = [(0.0, 100.0), (60.0, 25.0), (120.0, 100.0)];
    let counts = simulate(&mut pace, &limits, 240.0, 0.005);
    let allowed = 60.0 * 100.0 + 60.0 * 25.0 + 120.0 * 100.0;
    let share = f64::from(counts.taken) / allowed;
    assert!(share >= 0.75, "{share} of what is allowed");
    assert!(f64::from(counts.refused) < 0.01 * f64::from(counts.taken), "{}", counts.refused);
}

#[test]
fn a_budget_is_never_exceeded() {
    let mut pace = Pace::new(32, Some(50.0), Instant::now());
    let counts = simulate(&mut pace, &[(0.0, 1000.0)], 10.0, 0.005);
    assert_eq!(counts.refused, 0);
    assert!((495..=505).contains(&counts.taken), "{}", counts.taken);
}

#[test]
fn nothing_goes_while_it_was_asked_to_wait() {
    let begin = Instant::now();
    let mut pace = Pace::new(4, None, begin);
    assert_eq!(pace.admit(begin), Admission::Go);
    pace.finish(begin, begin, Ended::Refused(Some(Duration::from_secs(7))));
    let later = begin + Duration::from_secs(3);
    assert_eq!(pace.admit(later), Admission::Wait(Duration::from_secs(4)));
}

#[test]
fn more_go_at_a_time_while_answers_stay_quick_and_fewer_when_they_do_not() {
    let begin = Instant::now();
    let mut pace = Pace::new(8, None, begin);
    let go = |pace: &mut Pace| (0..20).take_while(|_| pace.admit(begin) == Admission::Go).count();
    assert_eq!(go(&mut pace), 2);
    (0..2).for_each(|_| pace.abandon());
    let answer = |pace: &mut Pace, milliseconds: u64| {
        assert_eq!(pace.admit(begin), Admission::Go);
        let now = begin + Duration::from_millis(milliseconds);
        pace.finish(begin, now, Ended::Answered);
    };
    (0..500).for_each(|_| answer(&mut pace, 50));
    assert_eq!(go(&mut pace), 8);
    (0..8).for_each(|_| pace.abandon());
    (0..200).for_each(|_| answer(&mut pace, 2000));
    assert_eq!(go(&mut pace), 1);
}
