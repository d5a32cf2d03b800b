//! Instants, days and times of the day.

use std::fmt;

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::temporal::Pieces;
use jiff::tz::Offset;

use crate::error::{Error, ErrorCode, Result};

use super::quoted;

/// An instant in UTC, in microseconds since 1970 (contract.md section 11.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The current time.
    #[must_use]
    pub fn now() -> Self {
        Self(jiff::Timestamp::now().as_microsecond())
    }

    /// The day and the time in UTC; `None` beyond the years that are written with four digits.
    ///
    /// Counted as a civil time: an instant of the library ends a day before the year 9999 does,
    /// and the last second of it stands for "for ever" in what other systems write.
    #[must_use]
    pub fn to_datetime(self) -> Option<DateTime> {
        let since = SignedDuration::from_micros(self.0);
        EPOCH.checked_add(since).ok().filter(|civil| civil.year() >= 0)
    }

    /// The instant of a day and a time at an offset from UTC.
    fn from_datetime(civil: DateTime, offset: Offset) -> Option<Self> {
        let since = civil.duration_since(EPOCH).as_micros();
        let since = i64::try_from(since).ok()?;
        let instant = Self(since.checked_sub(i64::from(offset.seconds()) * 1_000_000)?);
        instant.to_datetime().map(|_| instant)
    }
}

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// `2026-11-07T05:31:56.000000Z`: fixed width, so that text order is time order.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Beyond all calendars it is the nearest there is: an error here would be a panic of
        // whoever makes a text of it.
        let civil = EPOCH.saturating_add(SignedDuration::from_micros(self.0));
        write!(f, "{civil:.6}Z")
    }
}

/// Parses ISO 8601; a time without an offset is UTC, a day is its midnight.
///
/// # Errors
/// `field_value_invalid` if it is none of these.
pub fn parse_timestamp(text: &str) -> Result<Timestamp> {
    let trimmed = text.trim();
    let in_utc = trimmed.ends_with(['Z', 'z']).then(|| trimmed.parse::<jiff::Timestamp>());
    let parsed = match in_utc {
        Some(Ok(instant)) => Some(Timestamp(instant.as_microsecond())),
        _ => parse_civil(trimmed),
    };
    let is_kept = |instant: &Timestamp| instant.to_datetime().is_some();
    parsed.filter(is_kept).filter(|_| !is_leap_second(trimmed)).ok_or_else(|| {
        Error::new(
            ErrorCode::FieldValueInvalid,
            format!("expected a timestamp, found {}", quoted(text)),
        )
        .hint("write it as 2026-11-07T05:31:56Z")
    })
}

/// What has another offset than `Z`, or none, or is too late for an instant of the library.
fn parse_civil(text: &str) -> Option<Timestamp> {
    let pieces = Pieces::parse(text).ok()?;
    let offset = match pieces.to_numeric_offset() {
        Some(offset) => offset,
        // A zone alone is not taken for UTC, and its offset on that day is not looked up.
        None if pieces.time_zone_annotation().is_some() => return None,
        None => Offset::UTC,
    };
    // RFC 3339 has offsets of whole minutes, of less than a day.
    if offset.seconds().abs() >= 24 * 60 * 60 || offset.seconds() % 60 != 0 {
        return None;
    }
    let civil = pieces.date().to_datetime(pieces.time().unwrap_or(Time::midnight()));
    Timestamp::from_datetime(civil, offset)
}

/// Whether the second is 60, which the parser would take for 59: another instant.
fn is_leap_second(text: &str) -> bool {
    let time = text.split_once(['T', 't', ' ']).map_or("", |(_, time)| time);
    let mut digits = time.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b':');
    digits.by_ref().filter(u8::is_ascii_digit).skip(4).take(2).eq(*b"60")
}

/// Parses `YYYY-MM-DD`; midnight, in UTC where it says so, is its day: data frames have no other days.
///
/// # Errors
/// `field_value_invalid` if it is not a day.
pub(super) fn parse_date(text: &str) -> Result<Date> {
    let trimmed = text.trim();
    let is_day = trimmed.len() == 10;
    if !is_day && let Some(date) = day_of_midnight(trimmed) {
        return Ok(date);
    }
    match trimmed.parse::<Date>() {
        Ok(date) if is_day => Ok(date),
        _ => Err(Error::new(
            ErrorCode::FieldValueInvalid,
            format!("expected a date, found {}", quoted(text)),
        )
        .hint("write it as 2026-11-07")),
    }
}

/// The day of a time that is its midnight, without an offset or in UTC.
fn day_of_midnight(text: &str) -> Option<Date> {
    let utc = ["Z", "z", "+00:00"].iter().find_map(|utc| text.strip_suffix(utc));
    let civil = utc.unwrap_or(text);
    let time = civil.get(10..)?;
    if !time.starts_with(['T', 't', ' ']) || time.contains(['+', '-', '[']) {
        return None;
    }
    let at = civil.parse::<DateTime>().ok()?;
    (at.time() == Time::midnight()).then(|| at.date())
}

/// Parses `HH:MM` or `HH:MM:SS`.
///
/// # Errors
/// `field_value_invalid` if it is not a time of the day.
pub(super) fn parse_time(text: &str) -> Result<Time> {
    let trimmed = text.trim();
    // Without a second 60, which the parser would take for 59.
    let is_time = matches!(trimmed.len(), 5 | 8)
        && trimmed.bytes().all(|byte| byte.is_ascii_digit() || byte == b':')
        && !trimmed[5..].ends_with(":60");
    match trimmed.parse::<Time>() {
        Ok(time) if is_time => Ok(time),
        _ => Err(Error::new(
            ErrorCode::FieldValueInvalid,
            format!("expected a time of the day, found {}", quoted(text)),
        )
        .hint("write it as 17:30:00")),
    }
}
