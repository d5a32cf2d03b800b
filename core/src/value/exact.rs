//! JSON whose long numbers stay exact: those that a float cannot hold are read as the text of their digits.

use std::borrow::Cow;

use serde_json::Value as Json;

/// Shorter numbers are what a float, or 64 bits, give back as they are.
const SHORTEST: usize = 16;

/// Reads JSON as [`serde_json::from_slice`] does, but numbers that would not stay what they are as
/// text, which every value type takes a number from: amounts are exact (contract.md section 9.18).
///
/// # Errors
/// What is no JSON.
///
/// ```
/// use headwater::value::read_json;
/// let amount = read_json(br#"{"amount": 12345678901234567890.12, "year": 2026}"#)?;
/// assert_eq!(amount["amount"], "12345678901234567890.12");
/// assert_eq!(amount["year"], 2026);
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn read_json(json: &[u8]) -> serde_json::Result<Json> {
    match std::str::from_utf8(json).map(keep_long_numbers) {
        Ok(Cow::Owned(kept)) => serde_json::from_str(&kept),
        _ => serde_json::from_slice(json),
    }
}

/// The same JSON with quotes around the numbers that would not stay what they are.
pub(crate) fn keep_long_numbers(json: &str) -> Cow<'_, str> {
    if !may_hold_long_number(json.as_bytes()) {
        return Cow::Borrowed(json);
    }
    let (bytes, mut kept) = (json.as_bytes(), String::new());
    let (mut at, mut copied) = (0, 0);
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        match byte {
            b'"' => at = end_of_text(bytes, at + 1),
            b'-' | b'0'..=b'9' => {
                at += bytes[at..].iter().take_while(|byte| is_of_number(**byte)).count();
                if at - start >= SHORTEST && !stays(&json[start..at]) {
                    kept.push_str(&json[copied..start]);
                    kept.extend(["\"", &json[start..at], "\""]);
                    copied = at;
                }
            }
            _ => at += 1,
        }
    }
    if copied == 0 {
        return Cow::Borrowed(json);
    }
    kept.push_str(&json[copied..]);
    Cow::Owned(kept)
}

/// Whether a run as long as such a number is anywhere; looks at one byte in sixteen.
fn may_hold_long_number(json: &[u8]) -> bool {
    let mut places = (SHORTEST - 1..json.len()).step_by(SHORTEST);
    places.any(|place| {
        // No further than that is long, so that endless digits do not take endless time.
        let before = json[..place].iter().rev().take(SHORTEST);
        let after = json[place..].iter().take(SHORTEST);
        let before = before.take_while(|byte| is_of_number(**byte)).count();
        let after = after.take_while(|byte| is_of_number(**byte)).count();
        after > 0 && before + after >= SHORTEST
    })
}

fn is_of_number(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E')
}

/// The place after the quote that ends a text.
fn end_of_text(json: &[u8], mut at: usize) -> usize {
    while let Some(byte) = json.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    json.len()
}

/// Whether a number is the same once it is read; what is none is left to the parser to refuse.
fn stays(literal: &str) -> bool {
    let Ok(number) = serde_json::from_str::<serde_json::Number>(literal) else { return true };
    significant(literal) == significant(&number.to_string())
}

/// The digits of a number from the first that is not zero to the last, and the power of ten of the first.
fn significant(number: &str) -> (String, i64) {
    let number = number.trim_start_matches('-');
    let (digits, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let digits = format!("{whole}{fraction}");
    let zeros = digits.len() - digits.trim_start_matches('0').len();
    let significant = digits.trim_matches('0').to_owned();
    if significant.is_empty() {
        return (significant, 0);
    }
    let place = i64::try_from(whole.len()).unwrap_or(0) - i64::try_from(zeros).unwrap_or(0);
    (significant, place.saturating_add(exponent.parse().unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_that_would_change_become_text() {
        let same = [
            "0.30000000000000004",
            "1.7976931348623157e308",
            "18446744073709551615",
            "-9223372036854775808",
            "123456789012345.60000",
            "0.00000000000000000000",
            "100000000000000000000000",
            "1.0000000000000000000e2",
            "\"12345678901234567890.12\"",
            "\"\\\"12345678901234567890.12\"",
            "01234567890123456789.123",
            "1234567890.1234567890.12",
            "[\"1234567890123456-89e.12",
            "1e99999999999999999",
        ];
        for json in same {
            assert!(matches!(keep_long_numbers(json), Cow::Borrowed(_)), "{json}");
        }
        let changed = [
            "12345678901234567890.12",
            "-12345678901234567890",
            "1.00000000000000000001",
            "0.1000000000000000055511151231257827",
            "12345678901234567.25e-3",
        ];
        for json in changed {
            for padding in 0..20 {
                let around = format!("{}[{json}, \"\\\\\", {json}]", " ".repeat(padding));
                let expected = format!("{}[\"{json}\", \"\\\\\", \"{json}\"]", " ".repeat(padding));
                assert_eq!(keep_long_numbers(&around), expected);
            }
        }
    }
}
