//! How long to wait before asking again: what the answer asks for, else longer each time.

use std::time::{Duration, SystemTime};

use reqwest::header::HeaderMap;

/// The longest wait before the second attempt, and before any.
const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(10);

/// The wait before another attempt: a random part of twice as much each time, so that many
/// clients do not come back at the same moment.
pub(super) fn backoff(attempt: u32) -> Duration {
    let most = FIRST.saturating_mul(1 << attempt.min(16)).min(LONGEST);
    most.mul_f64(0.1 + 0.9 * fastrand::f64())
}

/// The longest wait that is taken for meant, and that no clock overflows at.
const LONGEST_ASKED: Duration = Duration::from_secs(30 * 24 * 3600);

/// A wait of this many seconds; `None` where that is no time.
fn asked(seconds: f64) -> Option<Duration> {
    (seconds >= 0.0)
        .then(|| Duration::try_from_secs_f64(seconds.min(LONGEST_ASKED.as_secs_f64())).ok())
        .flatten()
}

/// What `Retry-After` asks for, in seconds or as a date.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(reqwest::header::RETRY_AFTER)?.to_str().ok()?.trim();
    wait_of(text, now_there(headers))
}

/// When an answer was given, by the clock that its times are of; the one here may be wrong.
fn now_there(headers: &HeaderMap) -> SystemTime {
    date(headers).unwrap_or_else(SystemTime::now)
}

fn date(headers: &HeaderMap) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(reqwest::header::DATE)?.to_str().ok()?).ok()
}

fn wait_of(text: &str, now: SystemTime) -> Option<Duration> {
    if let Ok(seconds) = text.parse::<f64>() {
        return asked(seconds);
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default().min(LONGEST_ASKED))
}

/// The number in the first of these headers that is there.
fn number(headers: &HeaderMap, names: [&str; 2]) -> Option<f64> {
    let value = names.iter().find_map(|name| headers.get(*name))?;
    value.to_str().ok()?.trim().parse::<f64>().ok()
}

/// How many requests rate-limit headers say are left.
pub(super) fn left(headers: &HeaderMap) -> Option<u64> {
    let left = number(headers, ["x-ratelimit-remaining", "ratelimit-remaining"])?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
    (0.0..1e15).contains(&left).then_some(left as u64)
}

/// The wait that rate-limit headers ask for where they say that nothing is left.
pub(super) fn until_reset(headers: &HeaderMap) -> Option<Duration> {
    if left(headers)? > 0 {
        return None;
    }
    let reset = number(headers, ["x-ratelimit-reset", "ratelimit-reset"])?;
    let since_1970 = now_there(headers).duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs_f64();
    // Some say when, in seconds or milliseconds, others in how long.
    let seconds = match reset {
        _ if reset > 1e11 => reset / 1e3 - since_1970,
        _ if reset > 1e9 => reset - since_1970,
        _ => reset,
    };
    asked(seconds.max(0.0))
}

/// A clock that differs by more tells no time.
const MOST_AHEAD: Duration = Duration::from_secs(24 * 3600);

/// By how much the clock of an answer is ahead of the one here, in microseconds.
pub(super) fn clock(headers: &HeaderMap) -> Option<i64> {
    let (by, is_ahead) = match date(headers)?.duration_since(SystemTime::now()) {
        Ok(ahead) => (ahead, true),
        Err(behind) => (behind.duration(), false),
    };
    let micros = i64::try_from(by.as_micros()).ok().filter(|_| by <= MOST_AHEAD)?;
    Some(if is_ahead { micros } else { -micros })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_read_as_seconds_and_as_a_date() {
        let now = httpdate::parse_http_date("Fri, 02 Jan 2026 10:00:00 GMT").unwrap();
        assert_eq!(wait_of("7", now), Some(Duration::from_secs(7)));
        assert_eq!(wait_of("0.5", now), Some(Duration::from_millis(500)));
        let date = "Fri, 02 Jan 2026 10:00:30 GMT";
        assert_eq!(wait_of(date, now), Some(Duration::from_secs(30)));
        let past = "Fri, 02 Jan 2026 09:00:00 GMT";
        assert_eq!(wait_of(past, now), Some(Duration::ZERO));
        for absurd in ["9999999999999999999", "1e400", "Fri, 31 Dec 9999 23:59:59 GMT"] {
            assert_eq!(wait_of(absurd, now), Some(LONGEST_ASKED), "{absurd}");
        }
        for wrong in ["", "soon", "-3", "NaN"] {
            assert_eq!(wait_of(wrong, now), None, "{wrong}");
        }
    }

    #[test]
    fn times_are_taken_by_the_clock_of_the_answer() {
        let mut headers = HeaderMap::new();
        let mut wait = |name: &'static str, value: &str| {
            headers.insert("date", "Fri, 02 Jan 2026 10:00:00 GMT".parse().unwrap());
            headers.insert("x-ratelimit-remaining", "0".parse().unwrap());
            headers.insert(name, value.parse().unwrap());
            (retry_after(&headers), until_reset(&headers))
        };
        let half = Some(Duration::from_secs(30));
        assert_eq!(wait("retry-after", "Fri, 02 Jan 2026 10:00:30 GMT").0, half);
        for reset in ["1767348030", "1767348030000", "30"] {
            assert_eq!(wait("x-ratelimit-reset", reset).1, half, "{reset}");
        }
    }

    #[test]
    fn nothing_left_is_a_wait_and_something_left_is_none() {
        let headers = |remaining: &str, reset: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("x-ratelimit-remaining", remaining.parse().unwrap());
            headers.insert("x-ratelimit-reset", reset.parse().unwrap());
            headers
        };
        assert_eq!(until_reset(&headers("0", "3")), Some(Duration::from_secs(3)));
        assert_eq!(until_reset(&headers("1", "3")), None);
        assert_eq!(until_reset(&headers("0", "1000000001")), Some(Duration::ZERO));
        assert_eq!(until_reset(&headers("0", "1e300")), Some(LONGEST_ASKED));
        assert_eq!(until_reset(&HeaderMap::new()), None);
    }

    #[test]
    fn a_clock_that_is_far_off_tells_no_time() {
        let ahead = |date: String| {
            clock(&HeaderMap::from_iter([(reqwest::header::DATE, date.parse().unwrap())]))
        };
        let at = |time: SystemTime| ahead(httpdate::fmt_http_date(time));
        let hour = Duration::from_secs(3600);
        assert!(at(SystemTime::now() + hour).is_some_and(|micros| micros > 3_500_000_000));
        assert!(at(SystemTime::now() - hour).is_some_and(|micros| micros < -3_500_000_000));
        assert_eq!(at(SystemTime::UNIX_EPOCH), None);
        assert_eq!(ahead("Fri, 31 Dec 9999 23:59:59 GMT".to_owned()), None);
    }

    #[test]
    fn waits_grow_and_have_an_end() {
        for attempt in 0..40 {
            let most = FIRST.saturating_mul(1 << attempt.min(16)).min(LONGEST);
            assert!(backoff(attempt) <= most && backoff(attempt) >= most / 10);
        }
    }
}
