//! Judges the text of a value, and writes it as a row.

use std::str;

use headwater_sdk::Failure;
use memchr::{memchr2, memchr2_iter, memmem};
use serde::de::IgnoredAny;

/// What parsers with the limit of `serde_json` accept.
const MAX_DEPTH: usize = 127;

/// Sees whether a text is one well-formed value.
///
/// Values are not built: a number may be larger than any machine number, and must be passed on as it is.
pub(crate) fn check_syntax(text: &[u8]) -> Result<(), serde_json::Error> {
    serde_json::from_slice::<IgnoredAny>(text).map(|_| ())
}

/// The message of a syntax error without its place, which counts from the start of the value.
pub(crate) fn syntax_message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rfind(" at line ").map_or(text.as_str(), |at| &text[..at]).to_owned()
}

/// Appends a well-formed value as a line of its own; `elsewhere` says how the rows are found where it is
/// no object.
///
/// # Errors
/// Why the value is no row.
pub(crate) fn push_row(out: &mut String, text: &[u8], elsewhere: &str) -> Result<(), Failure> {
    let Ok(text) = str::from_utf8(text) else {
        return Err(Failure::data("found bytes that are not valid in the encoding of the file")
            .hint("set `encoding` to that of the file, for example windows-1252"));
    };
    let kind = kind_of(text);
    if kind != "object" {
        return Err(Failure::data(format!(
            "found a row that is {}, expected an object",
            article(kind)
        ))
        .hint(elsewhere));
    }
    if is_too_deep(text) {
        return Err(Failure::data(format!(
            "found a row nested deeper than {MAX_DEPTH} levels, expected no more"
        )));
    }
    if has_lone_surrogate(text) {
        return Err(Failure::data("found half of a surrogate pair in a string"));
    }
    // Line ends stand between tokens only, as white space; so does the indentation after them.
    let mut rest = text;
    while let Some(at) = memchr2(b'\n', b'\r', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        rest = rest[at..].trim_ascii_start();
    }
    out.push_str(rest);
    out.push('\n');
    Ok(())
}

/// The type of a well-formed value.
pub(crate) fn kind_of(text: &str) -> &'static str {
    match text.as_bytes().first() {
        Some(b'{') => "object",
        Some(b'[') => "array",
        Some(b'"') => "string",
        Some(b't' | b'f') => "boolean",
        Some(b'n') => "null",
        _ => "number",
    }
}

fn article(kind: &str) -> String {
    match kind {
        "null" => kind.to_owned(),
        "array" => "an array".to_owned(),
        _ => format!("a {kind}"),
    }
}

fn is_too_deep(text: &str) -> bool {
    let bytes = text.as_bytes();
    // Few rows have that many brackets at all.
    if memchr2_iter(b'{', b'[', bytes).nth(MAX_DEPTH).is_none() {
        return false;
    }
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut bytes = bytes.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => in_string = !in_string,
            b'\\' => {
                bytes.next();
            }
            b'{' | b'[' if !in_string => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return true;
                }
            }
            b'}' | b']' if !in_string => depth -= 1,
            _ => {}
        }
    }
    false
}

/// Whether a string holds an escaped surrogate without its other half.
fn has_lone_surrogate(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(found) = memmem::find(&bytes[from..], b"\\") {
        let at = from + found;
        from = match surrogate(&bytes[at..]) {
            None => at + 2,
            Some(0xD800..=0xDBFF)
                if matches!(surrogate(&bytes[at + 6..]), Some(0xDC00..=0xDFFF)) =>
            {
                at + 12
            }
            Some(_) => return true,
        };
    }
    false
}

/// The surrogate that an escape at the start of a text stands for.
fn surrogate(text: &[u8]) -> Option<u16> {
    let digits = text.strip_prefix(b"\\u")?.get(..4)?;
    let unit = u16::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?;
    (0xD800..=0xDFFF).contains(&unit).then_some(unit)
}
