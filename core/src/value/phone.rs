//! Phone numbers, by the rules and the data of libphonenumber.

use rlibphonenumber::enums::Region;
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat};

use crate::error::{Error, ErrorCode, Result};

/// Longer texts are no phone numbers: libphonenumber looks at no more than this either.
const MAX_BYTES: usize = 250;

/// Parses a number in international form, or in the national form of `region` (ISO 3166, `US`).
///
/// The result is E.164 (ITU-T E.164), for example `+14155551234`; an extension is not part of it.
///
/// # Errors
/// `field_value_invalid` if it is not a number that can exist.
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
    if !number.is_valid() {
        return Err(wrong("no such number can exist"));
    }
    Ok(number.format_as(PhoneNumberFormat::E164).into_owned())
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
