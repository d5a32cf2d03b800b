//! Numbers: whole where they are whole, so that 64-bit integers survive.

use std::borrow::Cow;

/// A finite number with one representation for each value: `1.0` is `Integer(1)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// A whole number that 64 bits hold.
    Integer(i64),
    /// Any other finite number.
    Float(f64),
}

impl Number {
    /// The number of a float; `None` for NaN and the infinities.
    #[must_use]
    pub fn from_f64(float: f64) -> Option<Self> {
        // Beyond 64 bits: 2^63.
        const TOO_LARGE: f64 = 9_223_372_036_854_775_808.0;
        if !float.is_finite() {
            return None;
        }
        if float.fract() == 0.0 && float.abs() < TOO_LARGE {
            #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^63")]
            return Some(Self::Integer(float as i64));
        }
        Some(Self::Float(float))
    }

    /// Parses JSON's number grammar with optional surrounding space, and what differs from it without
    /// losing anything: `007`, `+5`, `.5`, `5.`; `None` also for a whole number whose digits 64 bits do
    /// not hold.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut text = Cow::Borrowed(text.trim());
        let number: serde_json::Number = match serde_json::from_str(&text) {
            Ok(number) => number,
            Err(_) => {
                text = json_form(&text)?.into();
                serde_json::from_str(&text).ok()?
            }
        };
        let has_digits_alone = !text.contains(['.', 'e', 'E']);
        Self::from_json(&number).filter(|number| !has_digits_alone || !number.is_vague())
    }

    /// The number of a JSON number; `None` for a whole number from 2^63 on, of which a float would
    /// lose digits. What is larger still has lost them when it comes here: see [`Number::is_vague`].
    #[must_use]
    pub fn from_json(number: &serde_json::Number) -> Option<Self> {
        match number.as_i64() {
            Some(integer) => Some(Self::Integer(integer)),
            None if number.is_u64() => None,
            None => Self::from_f64(number.as_f64()?),
        }
    }

    /// Whether it is a whole number of more digits than a float has: others may have become the
    /// same one.
    #[must_use]
    pub fn is_vague(self) -> bool {
        matches!(self, Self::Float(float) if float.fract() == 0.0)
    }

    /// The JSON number.
    #[must_use]
    pub fn to_json(self) -> serde_json::Value {
        match self {
            Self::Integer(integer) => integer.into(),
            Self::Float(float) => float.into(),
        }
    }
}

/// A number as JSON writes it, from one with a plus sign, zeros before it, or digits on one side of
/// the point alone.
fn json_form(text: &str) -> Option<String> {
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(unsigned) => ("-", unsigned),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) =
        unsigned.split_at(unsigned.find(['e', 'E']).unwrap_or(unsigned.len()));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() && fraction.is_empty() || !are_digits(whole) || !are_digits(fraction) {
        return None;
    }
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    let point = if fraction.is_empty() { "" } else { "." };
    Some(format!("{sign}{whole}{point}{fraction}{exponent}"))
}
