//! Numbers: whole where they are whole, so that 64-bit integers survive.

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

    /// Parses JSON's number grammar with optional surrounding space; `None` also for a whole number
    /// whose digits 64 bits do not hold.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let number: serde_json::Number = serde_json::from_str(text).ok()?;
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
