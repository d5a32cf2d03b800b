//! Lone surrogates: halves of characters, which JSON can escape and no text can hold. Who cuts a text
//! in the middle of one sends them.

use headwater::value::read_json;
use headwater::{Error, ErrorCode};
use serde_json::Value;

/// Stands for a half where the place of it is sought; no character, so that texts hardly hold it.
const MARK: &str = "\\uffff";

/// What to say of a body that is no JSON for the parser because of a lone surrogate; `None` where
/// that is not why.
pub(crate) fn lone_surrogate(body: &[u8]) -> Option<Error> {
    let whole = read_json(&marked(body)?).ok()?;
    let path = path_to_mark(&whole)?;
    let (code, field) = match path[..] {
        ["attributes" | "match", field, ..] => (ErrorCode::FieldValueInvalid, field),
        [field, ..] => (ErrorCode::InvalidRequest, field),
        [] => return None,
    };
    let what = "it holds half of a character, a lone surrogate";
    Some(Error::new(code, what).at_field(field).hint("cut texts between characters"))
}

/// The body with a mark in place of each lone surrogate; `None` where there is none.
fn marked(body: &[u8]) -> Option<Vec<u8>> {
    let (mut marked, mut copied, mut at) = (Vec::new(), 0, 0);
    while at < body.len() {
        // Escapes are in texts alone.
        at += match (body[at], unit(&body[at..])) {
            (_, Some(0xd800..=0xdbff)) if is_second(&body[at + 6..]) => 12,
            (_, Some(0xd800..=0xdfff)) => {
                marked.extend_from_slice(&body[copied..at]);
                marked.extend_from_slice(MARK.as_bytes());
                copied = at + 6;
                6
            }
            (b'\\', _) => 2,
            _ => 1,
        };
    }
    marked.extend_from_slice(&body[copied..]);
    (copied > 0).then_some(marked)
}

fn is_second(rest: &[u8]) -> bool {
    matches!(unit(rest), Some(0xdc00..=0xdfff))
}

/// The code unit that an escape stands for.
fn unit(escape: &[u8]) -> Option<u16> {
    let digits = escape.strip_prefix(b"\\u")?.get(..4)?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// The keys that lead to the first text with a mark.
fn path_to_mark(value: &Value) -> Option<Vec<&str>> {
    let is_marked = |text: &str| text.contains('\u{ffff}');
    match value {
        Value::String(text) => is_marked(text).then(Vec::new),
        Value::Array(elements) => elements.iter().find_map(path_to_mark),
        Value::Object(object) => object.iter().find_map(|(key, value)| {
            let mut path = if is_marked(key) { Vec::new() } else { path_to_mark(value)? };
            path.insert(0, key);
            Some(path)
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_with_half_a_character_is_told() {
        let told = |body: &str| {
            let error = lone_surrogate(body.as_bytes())?;
            Some((error.code(), error.field().unwrap_or_default().to_owned()))
        };
        let invalid = |field: &str| Some((ErrorCode::FieldValueInvalid, field.to_owned()));
        let name =
            |text: &str| format!(r#"{{"attributes": {{"title": "x", "last_name": {text}}}}}"#);
        for half in
            [r#""\ud83d""#, r#""\uDE00 x""#, r#""\ud83d\n""#, r#""\ud83dA""#, r#""\\\ud83d""#]
        {
            assert_eq!(told(&name(half)), invalid("last_name"), "{half}");
        }
        let enveloped = r#"{"value_type": "string", "value": "\ud83d\ud83d\ude00"}"#;
        assert_eq!(told(&name(enveloped)), invalid("last_name"));
        assert_eq!(told(r#"{"match": {"email": ["\ud83d"]}}"#), invalid("email"));
        let filters = r#"{"filters": [{"field": "title", "operator": "eq", "value": "\ud83d"}]}"#;
        assert_eq!(told(filters), Some((ErrorCode::InvalidRequest, "filters".to_owned())));
        for other in
            [&name(r#""\ud83d\ude00""#), &name(r#""\\ud83d""#), r#"{"a": "\ud8"#, "{", r#""\ud83d"#]
        {
            assert_eq!(told(other), None, "{other}");
        }
    }
}
