//! Patterns: what an answer is compared with.

use serde_json::{Map, Value as Json};

use crate::saved::Saved;

/// What a piece of an answer must be like.
#[derive(Debug)]
pub enum Pattern {
    /// This value; references to saved values are filled in.
    Value(Json),
    /// An object with these entries, and others unless the step is exact.
    Object(Vec<(String, Pattern)>),
    /// A list of exactly these elements.
    List(Vec<Pattern>),
    /// `{"$unordered": [..]}`: a list of exactly these elements, in any order.
    Unordered(Vec<Pattern>),
    /// `{"$some": [..]}`: a list that holds an element like each of these.
    Some(Vec<Pattern>),
    /// `{"$every": pattern}`: a list, not empty, of elements that are all like this.
    Every(Box<Pattern>),
    /// `{"$length": n}`: a list of this length.
    Length(usize),
    /// `{"$not": pattern}`: there, and not like this.
    Not(Box<Pattern>),
    /// `{"$greater": value}`: greater than a value, both texts or both numbers.
    Greater(Json),
    /// `{"$contains": text}`: text that holds this text, in any case of letters.
    Contains(String),
    /// `"$uuid"`.
    Uuid,
    /// `"$timestamp"`: UTC, microseconds, `Z` (contract.md section 11.5).
    Timestamp,
    /// `"$text"`: a text that is not empty.
    Text,
    /// `"$any"`: there, whatever it is.
    Any,
    /// `"$absent"`: not there.
    Absent,
}

/// The first place where an answer is not like its pattern.
#[derive(Debug, PartialEq)]
pub struct Mismatch {
    /// Where: `data.attributes.title`.
    pub path: String,
    /// What is wrong there.
    pub why: String,
}

impl Pattern {
    /// Reads a pattern from the JSON of a case.
    ///
    /// # Errors
    /// Text that names a matcher that does not exist or is written wrongly.
    pub fn parse(json: &Json) -> Result<Self, String> {
        match json {
            Json::String(text) => match text.strip_prefix('$') {
                Some("uuid") => Ok(Self::Uuid),
                Some("timestamp") => Ok(Self::Timestamp),
                Some("text") => Ok(Self::Text),
                Some("any") => Ok(Self::Any),
                Some("absent") => Ok(Self::Absent),
                Some(rest) if rest.starts_with('$') => Ok(Self::Value(rest.into())),
                Some(rest) if !rest.starts_with('{') => {
                    Err(format!("there is no matcher {text:?}"))
                }
                _ => Ok(Self::Value(json.clone())),
            },
            Json::Array(elements) => Ok(Self::List(parse_all(elements)?)),
            Json::Object(object) => parse_object(object),
            _ => Ok(Self::Value(json.clone())),
        }
    }

    /// Finds the first difference; `None` for `got` is a key that is not there.
    ///
    /// # Errors
    /// The difference.
    pub fn compare(&self, got: Option<&Json>, saved: &Saved, exact: bool) -> Result<(), Mismatch> {
        let Some(got) = got else {
            return match self {
                Self::Absent => Ok(()),
                _ => Err(Mismatch::here("it is not there")),
            };
        };
        let list = || got.as_array().ok_or_else(|| Mismatch::expected("a list", got));
        match self {
            Self::Absent => Err(Mismatch::expected("nothing", got)),
            Self::Any => Ok(()),
            Self::Value(json) => {
                let wanted = saved.fill(json).map_err(Mismatch::here)?;
                if wanted == *got { Ok(()) } else { Err(Mismatch::expected(&wanted, got)) }
            }
            Self::Object(entries) => compare_object(entries, got, saved, exact),
            Self::List(patterns) => {
                let elements = list()?;
                for (index, (pattern, element)) in patterns.iter().zip(elements).enumerate() {
                    pattern
                        .compare(Some(element), saved, exact)
                        .map_err(|mismatch| mismatch.within(&index.to_string()))?;
                }
                same_length(patterns.len(), elements)
            }
            Self::Unordered(patterns) => {
                let elements = list()?;
                same_length(patterns.len(), elements)?;
                each_found(patterns, elements, saved, exact)
            }
            Self::Some(patterns) => each_found(patterns, list()?, saved, exact),
            Self::Every(pattern) => {
                let elements = list()?;
                if elements.is_empty() {
                    return Err(Mismatch::here("the list is empty"));
                }
                for (index, element) in elements.iter().enumerate() {
                    pattern
                        .compare(Some(element), saved, exact)
                        .map_err(|mismatch| mismatch.within(&index.to_string()))?;
                }
                Ok(())
            }
            Self::Length(length) => same_length(*length, list()?),
            Self::Not(pattern) => match pattern.compare(Some(got), saved, exact) {
                Ok(()) => Err(Mismatch::here(format!("it must not be {got}"))),
                Err(_) => Ok(()),
            },
            Self::Greater(json) => {
                let least = saved.fill(json).map_err(Mismatch::here)?;
                if is_greater(got, &least) {
                    Ok(())
                } else {
                    Err(Mismatch::expected(format!("more than {least}"), got))
                }
            }
            Self::Contains(text) => {
                let wanted = saved.fill(&text.as_str().into()).map_err(Mismatch::here)?;
                let wanted = wanted.as_str().unwrap_or_default().to_lowercase();
                match got.as_str() {
                    Some(got) if got.to_lowercase().contains(&wanted) => Ok(()),
                    _ => Err(Mismatch::expected(format!("text with {wanted:?}"), got)),
                }
            }
            Self::Text if got.as_str().is_some_and(|text| !text.is_empty()) => Ok(()),
            Self::Uuid if got.as_str().is_some_and(is_uuid) => Ok(()),
            Self::Timestamp if got.as_str().is_some_and(is_timestamp) => Ok(()),
            Self::Text => Err(Mismatch::expected("a text", got)),
            Self::Uuid => Err(Mismatch::expected("a UUID", got)),
            Self::Timestamp => {
                Err(Mismatch::expected("a timestamp like 2026-11-07T05:31:56.000000Z", got))
            }
        }
    }
}

impl Mismatch {
    fn here(why: impl Into<String>) -> Self {
        Self { path: String::new(), why: why.into() }
    }

    fn expected(wanted: impl std::fmt::Display, got: &Json) -> Self {
        Self::here(format!("expected {wanted}, got {got}"))
    }

    fn within(mut self, key: &str) -> Self {
        let separator = if self.path.is_empty() { "" } else { "." };
        self.path = format!("{key}{separator}{}", self.path);
        self
    }
}

fn parse_all(elements: &[Json]) -> Result<Vec<Pattern>, String> {
    elements.iter().map(Pattern::parse).collect()
}

fn parse_object(object: &Map<String, Json>) -> Result<Pattern, String> {
    let Some((name, argument)) = object.iter().find(|(key, _)| key.starts_with('$')) else {
        let entries = object.iter().map(|(key, value)| Ok((key.clone(), Pattern::parse(value)?)));
        return entries.collect::<Result<_, String>>().map(Pattern::Object);
    };
    let wrong = || format!("the matcher {name:?} is written wrongly");
    let patterns = || parse_all(argument.as_array().ok_or_else(wrong)?);
    if object.len() > 1 {
        return Err(wrong());
    }
    match name.as_str() {
        "$unordered" => Ok(Pattern::Unordered(patterns()?)),
        "$some" => Ok(Pattern::Some(patterns()?)),
        "$every" => Ok(Pattern::Every(Box::new(Pattern::parse(argument)?))),
        "$not" => Ok(Pattern::Not(Box::new(Pattern::parse(argument)?))),
        "$greater" => Ok(Pattern::Greater(argument.clone())),
        "$contains" => {
            argument.as_str().map(|text| Pattern::Contains(text.to_owned())).ok_or_else(wrong)
        }
        "$length" => argument
            .as_u64()
            .and_then(|length| usize::try_from(length).ok())
            .map(Pattern::Length)
            .ok_or_else(wrong),
        _ => Err(format!("there is no matcher {name:?}")),
    }
}

fn compare_object(
    entries: &[(String, Pattern)],
    got: &Json,
    saved: &Saved,
    exact: bool,
) -> Result<(), Mismatch> {
    let object = got.as_object().ok_or_else(|| Mismatch::expected("an object", got))?;
    for (key, pattern) in entries {
        pattern.compare(object.get(key), saved, exact).map_err(|mismatch| mismatch.within(key))?;
    }
    let surplus = object.keys().find(|key| entries.iter().all(|(known, _)| known != *key));
    match surplus {
        Some(key) if exact => Err(Mismatch::here("nobody asked for this key").within(key)),
        _ => Ok(()),
    }
}

fn same_length(wanted: usize, elements: &[Json]) -> Result<(), Mismatch> {
    if wanted == elements.len() {
        return Ok(());
    }
    Err(Mismatch::here(format!("expected {wanted} elements, got {}", elements.len())))
}

fn each_found(
    patterns: &[Pattern],
    elements: &[Json],
    saved: &Saved,
    exact: bool,
) -> Result<(), Mismatch> {
    let mut left: Vec<&Json> = elements.iter().collect();
    for pattern in patterns {
        let found =
            left.iter().position(|element| pattern.compare(Some(element), saved, exact).is_ok());
        match found {
            Some(index) => drop(left.remove(index)),
            None => return Err(Mismatch::here(format!("no element is like {pattern:?}"))),
        }
    }
    Ok(())
}

fn is_greater(got: &Json, least: &Json) -> bool {
    match (got, least) {
        (Json::String(got), Json::String(least)) => got > least,
        (Json::Number(got), Json::Number(least)) => got.as_f64() > least.as_f64(),
        _ => false,
    }
}

/// Whether every character fits the one of the same place in `shape`: `0` a digit, `x` a
/// hexadecimal digit, anything else itself.
fn has_shape(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text.chars().zip(shape.chars()).all(|(found, wanted)| match wanted {
            '0' => found.is_ascii_digit(),
            'x' => found.is_ascii_hexdigit(),
            wanted => found == wanted,
        })
}

fn is_uuid(text: &str) -> bool {
    has_shape(text, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx")
}

fn is_timestamp(text: &str) -> bool {
    has_shape(text, "0000-00-00T00:00:00.000000Z")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn compare(pattern: &Json, got: &Json, exact: bool) -> Result<(), Mismatch> {
        Pattern::parse(pattern).unwrap().compare(Some(got), &Saved::default(), exact)
    }

    #[test]
    fn objects_are_compared_by_the_keys_given_and_lists_whole() {
        assert_eq!(compare(&json!({"a": 1}), &json!({"a": 1, "b": 2}), false), Ok(()));
        assert_eq!(
            compare(&json!({"a": 1}), &json!({"a": 1, "b": 2}), true).unwrap_err().path,
            "b"
        );
        assert!(compare(&json!([1]), &json!([1, 2]), false).is_err());
        let mismatch = compare(&json!({"a": [{"b": 1}]}), &json!({"a": [{"b": 2}]}), false);
        assert_eq!(
            mismatch,
            Err(Mismatch { path: "a.0.b".to_owned(), why: "expected 1, got 2".to_owned() })
        );
    }

    #[test]
    fn null_and_absent_are_told_apart() {
        assert_eq!(compare(&json!({"a": null}), &json!({"a": null}), false), Ok(()));
        assert!(compare(&json!({"a": null}), &json!({}), false).is_err());
        assert_eq!(compare(&json!({"a": "$absent"}), &json!({}), false), Ok(()));
        assert!(compare(&json!({"a": "$absent"}), &json!({"a": null}), false).is_err());
    }

    #[test]
    fn matchers_match_what_they_say_and_nothing_else() {
        let id = "0192d1f0-5a3e-7c44-9d5e-2f6f5d1a7c11";
        for (pattern, fits, differs) in [
            (json!("$uuid"), json!(id), json!("0192")),
            (
                json!("$timestamp"),
                json!("2026-11-07T05:31:56.000000Z"),
                json!("2026-11-07T05:31:56Z"),
            ),
            (json!("$text"), json!("x"), json!("")),
            (json!("$any"), json!(null), json!(null)),
            (json!({"$not": 1}), json!(2), json!(1)),
            (json!({"$greater": "b"}), json!("c"), json!("b")),
            (json!({"$contains": "Acme"}), json!("the acme corp"), json!("apex")),
            (json!({"$length": 2}), json!([1, 2]), json!([1])),
            (json!({"$some": [2]}), json!([1, 2]), json!([1])),
            (json!({"$unordered": [2, 1]}), json!([1, 2]), json!([1, 2, 3])),
            (json!({"$unordered": [1, 1]}), json!([1, 1]), json!([1, 2])),
            (json!({"$every": {"a": 1}}), json!([{"a": 1}]), json!([])),
            (json!("$$uuid"), json!("$uuid"), json!(id)),
        ] {
            assert_eq!(compare(&pattern, &fits, false), Ok(()), "{pattern}");
            if pattern != json!("$any") {
                assert!(compare(&pattern, &differs, false).is_err(), "{pattern}");
            }
        }
    }
}
