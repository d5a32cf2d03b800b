//! Instants, days and times of the day.

use std::fmt;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

use crate::error::{Error, ErrorCode, Result};

/// An instant in UTC, in microseconds since 1970 (contract.md section 11.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The current time.
    #[must_use]
    pub fn now() -> Self {
        Self(jiff::Timestamp::now().as_microsecond())
    }
}

/// `2026-11-07T05:31:56.000000Z`: fixed width, so that text order is time order.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An error here would be a panic of whoever makes a text of it.
        let instant = jiff::Timestamp::from_microsecond(self.0).unwrap_or(match self.0 > 0 {
            true => jiff::Timestamp::MAX,
            false => jiff::Timestamp::MIN,
        });
        write!(f, "{instant:.6}")
    }
}

/// Parses ISO 8601; a time without an offset is UTC, a day is its midnight.
///
/// # Errors
/// `field_value_invalid` if it is none of these.
pub fn parse_timestamp(text: &str) -> Result<Timestamp> {
    let trimmed = text.trim();
    let parsed = trimmed
        .parse::<jiff::Timestamp>()
        .or_else(|_| trimmed.parse::<DateTime>().and_then(|civil| Offset::UTC.to_timestamp(civil)));
    match parsed {
        Ok(instant) if (0..=9999).contains(&Offset::UTC.to_datetime(instant).year()) => {
            Ok(Timestamp(instant.as_microsecond()))
        }
        _ => Err(Error::new(
            ErrorCode::FieldValueInvalid,
            format!("expected a timestamp, found {text:?}"),
        )
        .hint("write it as 2026-11-07T05:31:56Z")),
    }
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
            format!("expected a date, found {text:?}"),
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
            format!("expected a time of the day, found {text:?}"),
        )
        .hint("write it as 17:30:00")),
    }
}
