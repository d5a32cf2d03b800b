//! Phone numbers, by the rules of the libphonenumber data set.

use phonenumber::country::Source;
use phonenumber::{Mode, PhoneNumber};

use crate::error::{Error, ErrorCode, Result};

/// Parses a number in international form, or in the national form of `region` (ISO 3166, `US`).
///
/// The result is E.164 (ITU-T E.164), for example `+14155551234`; an extension is not part of it.
///
/// # Errors
/// `field_value_invalid` if it is not a number that can exist.
pub(super) fn parse_phone(text: &str, region: Option<&str>) -> Result<String> {
    let trimmed = text.trim();
    // A number with its country code must not lose digits that look like the region's trunk prefix.
    let is_international = trimmed.trim_start_matches("tel:").starts_with(['+', '\u{FF0B}']);
    let country = region.filter(|_| !is_international).and_then(|region| region.parse().ok());
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
    if text.len() > 250 {
        return Err(wrong("it is too long"));
    }
    let number = phonenumber::parse(country, trimmed).map_err(|cause| wrong(&cause.to_string()))?;
    let number = match number.code().source() {
        Source::Idd => dialled_out(trimmed, number.code().value()).unwrap_or(number),
        _ => number,
    };
    if !number.is_valid() {
        return Err(wrong("no such number can exist"));
    }
    Ok(number.format().mode(Mode::E164).to_string())
}

/// A number that begins with the digits for dialling abroad (`011 49 ..`), read anew from its
/// country code on: otherwise the trunk prefix of the caller's region would be taken out of it.
fn dialled_out(text: &str, country_code: u16) -> Option<PhoneNumber> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let code = country_code.to_string();
    digits
        .match_indices(&code)
        .filter_map(|(start, _)| phonenumber::parse(None, format!("+{}", &digits[start..])).ok())
        .find(PhoneNumber::is_valid)
}

/// Whether `region` is a region that numbers can be parsed for.
#[must_use]
pub(crate) fn is_phone_region(region: &str) -> bool {
    region.parse::<phonenumber::country::Id>().is_ok()
}
