//! Currency amounts: exact decimals, never floats.

use rust_decimal::Decimal;

use crate::error::{Error, ErrorCode, Result};

/// Parses a decimal such as `1234.50`, `-3` or `1.5e3`.
///
/// # Errors
/// `field_value_invalid` if it is not a decimal of at most 28 digits.
pub(super) fn parse_decimal(text: &str) -> Result<Decimal> {
    let trimmed = text.trim();
    let parsed = if trimmed.contains(['e', 'E']) {
        Decimal::from_scientific(trimmed)
    } else {
        Decimal::from_str_exact(trimmed)
    };
    parsed.map_err(|cause| {
        Error::new(ErrorCode::FieldValueInvalid, format!("expected a decimal, found {text:?}"))
            .because(cause)
            .hint("write digits with a point, for example 1234.50, without a currency sign; at most 28 digits")
    })
}
