//! Phone numbers, by the rules of the libphonenumber data set.

use phonenumber::Mode;

use crate::error::{Error, ErrorCode, Result};

/// Parses a number in international form, or in the national form of `region` (ISO 3166, `US`).
///
/// The result is E.164 (ITU-T E.164), for example `+14155551234`; an extension is not part of it.
///
/// # Errors
/// `field_value_invalid` if it is not a number that can exist.
pub(super) fn parse_phone(text: &str, region: Option<&str>) -> Result<String> {
    let country = region.and_then(|region| region.parse().ok());
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
    let number =
        phonenumber::parse(country, text.trim()).map_err(|cause| wrong(&cause.to_string()))?;
    if !number.is_valid() {
        return Err(wrong("no such number can exist"));
    }
    Ok(number.format().mode(Mode::E164).to_string())
}

/// Whether `region` is a region that numbers can be parsed for.
#[must_use]
pub(crate) fn is_phone_region(region: &str) -> bool {
    region.parse::<phonenumber::country::Id>().is_ok()
}
