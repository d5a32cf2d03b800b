//! Days, times and instants of Arrow arrays as ISO 8601.

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Date64Type, Time32MillisecondType, Time32SecondType, Time64MicrosecondType,
    Time64NanosecondType, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType,
};
use arrow_schema::{DataType, TimeUnit};
use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::Offset;

use super::cell::NoValue;

const NANOS_PER_SECOND: i64 = 1_000_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// The text of a day, a time or an instant; an instant without a zone has no offset in its text.
pub(super) fn text(array: &dyn Array, row: usize) -> Result<String, NoValue> {
    let (number, text) = match array.data_type() {
        DataType::Date32 => {
            let days = array.as_primitive::<Date32Type>().value(row);
            (days.into(), day(i64::from(days) * SECONDS_PER_DAY))
        }
        DataType::Date64 => {
            let millis = array.as_primitive::<Date64Type>().value(row);
            (millis, day(millis.div_euclid(1000)))
        }
        DataType::Time32(TimeUnit::Second) => {
            let seconds = i64::from(array.as_primitive::<Time32SecondType>().value(row));
            (seconds, time(seconds, NANOS_PER_SECOND))
        }
        DataType::Time32(_) => {
            let millis = i64::from(array.as_primitive::<Time32MillisecondType>().value(row));
            (millis, time(millis, 1_000_000))
        }
        DataType::Time64(TimeUnit::Microsecond) => {
            let micros = array.as_primitive::<Time64MicrosecondType>().value(row);
            (micros, time(micros, 1000))
        }
        DataType::Time64(_) => {
            let nanos = array.as_primitive::<Time64NanosecondType>().value(row);
            (nanos, time(nanos, 1))
        }
        DataType::Timestamp(unit, zone) => {
            let (number, instant) = instant(array, row, *unit);
            let text = instant.map(|instant| match zone {
                Some(_) => instant.to_string(),
                None => Offset::UTC.to_datetime(instant).to_string(),
            });
            (number, text)
        }
        _ => (0, None),
    };
    text.ok_or_else(|| NoValue {
        message: format!("found the {} {number}, which is out of range", array.data_type()),
        shown: number.to_string(),
    })
}

fn instant(array: &dyn Array, row: usize, unit: TimeUnit) -> (i64, Option<Timestamp>) {
    let (number, instant) = match unit {
        TimeUnit::Second => {
            let number = array.as_primitive::<TimestampSecondType>().value(row);
            (number, Timestamp::from_second(number))
        }
        TimeUnit::Millisecond => {
            let number = array.as_primitive::<TimestampMillisecondType>().value(row);
            (number, Timestamp::from_millisecond(number))
        }
        TimeUnit::Microsecond => {
            let number = array.as_primitive::<TimestampMicrosecondType>().value(row);
            (number, Timestamp::from_microsecond(number))
        }
        TimeUnit::Nanosecond => {
            let number = array.as_primitive::<TimestampNanosecondType>().value(row);
            (number, Timestamp::from_nanosecond(number.into()))
        }
    };
    (number, instant.ok())
}

fn day(seconds: i64) -> Option<String> {
    let instant = Timestamp::from_second(seconds).ok()?;
    Some(Offset::UTC.to_datetime(instant).date().to_string())
}

fn time(number: i64, nanos_each: i64) -> Option<String> {
    let nanos = number.checked_mul(nanos_each)?;
    let seconds = nanos.div_euclid(NANOS_PER_SECOND);
    if !(0..SECONDS_PER_DAY).contains(&seconds) {
        return None;
    }
    let part = |number: i64| i8::try_from(number).ok();
    let rest = i32::try_from(nanos.rem_euclid(NANOS_PER_SECOND)).ok()?;
    let (hours, minutes) = (part(seconds / 3600)?, part(seconds / 60 % 60)?);
    Time::new(hours, minutes, part(seconds % 60)?, rest).ok().map(|time| time.to_string())
}
