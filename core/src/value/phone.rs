//! Phone numbers, by the rules and the data of libphonenumber.

use rlibphonenumber::enums::{NumberLengthType, Region};
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberFormat};

use crate::error::{Error, ErrorCode, Result};

/// Longer texts are no phone numbers: libphonenumber looks at no more than this either.
const MAX_BYTES: usize = 250;
/// The digits of the longest number that E.164 knows.
const MAX_DIGITS: usize = 15;

/// Parses a number in international form, or in the national form of `region` (ISO 3166, `US`).
///
/// The result is E.164 (ITU-T E.164), for example `+14155551234`; an extension is not part of it.
///
/// # Errors
/// `field_value_invalid` if it cannot be a number of its country, which says how long they are.
pub(super) fn parse_phone(text: &str, region: Option<&str>) -> Result<String> {
    let wrong = |why: &str| {
        let sample: String = text.chars().take(40).collect();
        Error::new(
            ErrorCode::FieldValueInvalid,
            format!("expected a phone number, found {sample:?}: {why}"),
        )
        .hint(if region.is_some() {
            "write it with the country code, for example +14155551234"
        } else {
            "write it with the country code, for example +14155551234, or give a default_region"
        })
    };
    if text.len() > MAX_BYTES {
        return Err(wrong("it is too long"));
    }
    let number = PHONE_NUMBER_UTIL
        .parse(text.trim(), region.and_then(known_region))
        .map_err(|cause| wrong(&cause.to_string()))?;
    let written = number.format_as(PhoneNumberFormat::E164).into_owned();
    if number.is_valid() || is_possible(&number, &written) {
        Ok(written)
    } else {
        Err(wrong("no such number can exist"))
    }
}

/// Whether a number that no plan has given out yet may be one: by its length in its country, and
/// read again as it is written, which one with a trunk prefix behind the country code is not.
fn is_possible(number: &PhoneNumber, written: &str) -> bool {
    number.is_possible_with_reason() == Ok(NumberLengthType::IsPossible)
        && written.len() <= 1 + MAX_DIGITS
        && PHONE_NUMBER_UTIL
            .parse(written, None)
            .is_ok_and(|again| again.format_as(PhoneNumberFormat::E164) == written)
}

/// Whether `region` is a region that numbers can be parsed for.
#[must_use]
pub(crate) fn is_phone_region(region: &str) -> bool {
    known_region(region).is_some()
}

/// A region with a number plan, by its ISO 3166 code in capitals.
fn known_region(code: &str) -> Option<Region> {
    let capitals = code.len() == 2 && code.bytes().all(|letter| letter.is_ascii_uppercase());
    let region = code.parse().ok().filter(|_| capitals)?;
    PHONE_NUMBER_UTIL.get_country_code_for_region(region).map(|_| region)
}
