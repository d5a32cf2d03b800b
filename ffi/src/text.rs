//! Text that callers lend, and what stands in it: JSON, ids.

use headwater::value::read_json;
use headwater::{Result, Uuid};
use headwater_abi::headwater_str;
use serde_json::{Map, Value as Json};

use crate::handle::invalid;

/// No text at all, which is not the empty one.
pub(crate) const ABSENT: headwater_str = headwater_str { ptr: std::ptr::null(), len: 0 };

/// Lends text to the caller.
pub(crate) fn lent(text: &str) -> headwater_str {
    headwater_str { ptr: text.as_ptr(), len: text.len() }
}

/// Lends text to the caller where there is any.
pub(crate) fn lent_if(text: Option<&str>) -> headwater_str {
    text.map_or(ABSENT, lent)
}

/// The text of an argument.
///
/// # Safety
/// Where `given.ptr` is not NULL, `given.len` bytes can be read there for the length of the call.
pub(crate) unsafe fn text<'a>(given: headwater_str, name: &str) -> Result<&'a str> {
    if given.len == 0 {
        return Ok("");
    }
    if given.ptr.is_null() {
        return Err(invalid(name, format!("{name} is NULL, with a length of {}", given.len)));
    }
    if isize::try_from(given.len).is_err() {
        return Err(invalid(
            name,
            format!("{name} has a length of {}, which no text has", given.len),
        ));
    }
    // SAFETY: the caller promises that the bytes can be read; the length fits.
    let bytes = unsafe { std::slice::from_raw_parts(given.ptr, given.len) };
    std::str::from_utf8(bytes).map_err(|cause| {
        invalid(name, format!("{name} is not UTF-8, from byte {} on", cause.valid_up_to()))
            .because(cause)
    })
}

/// A text that is not empty.
///
/// # Safety
/// As [`text`].
pub(crate) unsafe fn some_text<'a>(given: headwater_str, name: &str) -> Result<&'a str> {
    // SAFETY: as the caller promises.
    match unsafe { text(given, name) }? {
        "" => Err(invalid(name, format!("{name} is empty"))),
        text => Ok(text),
    }
}

/// An argument that holds a JSON object.
///
/// # Safety
/// As [`text`].
pub(crate) unsafe fn object(given: headwater_str, name: &str) -> Result<Map<String, Json>> {
    // SAFETY: as the caller promises.
    let text = unsafe { text(given, name) }?;
    match read_json(text.as_bytes()) {
        Ok(Json::Object(object)) => Ok(object),
        Ok(_) => Err(invalid(name, format!("{name} is JSON, but no object"))),
        Err(cause) => {
            Err(invalid(name, format!("{name} is not a JSON object: {cause}")).because(cause))
        }
    }
}

/// An argument that holds a JSON object, or nothing.
///
/// # Safety
/// As [`text`].
pub(crate) unsafe fn optional_object(
    given: headwater_str,
    name: &str,
) -> Result<Map<String, Json>> {
    // SAFETY: as the caller promises.
    if given.len == 0 { Ok(Map::new()) } else { unsafe { object(given, name) } }
}

/// An argument that holds a record's id.
///
/// # Safety
/// As [`text`].
pub(crate) unsafe fn uuid(given: headwater_str, name: &str) -> Result<Uuid> {
    // SAFETY: as the caller promises.
    let text = unsafe { text(given, name) }?;
    Uuid::parse_str(text).map_err(|_| {
        invalid(name, format!("{text:?} is not an id"))
            .hint("an id is a UUID, as a record shows it")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(ptr: *const u8, len: usize) -> Result<&'static str> {
        // SAFETY: the lengths are those of the bytes, or are refused before anything is read.
        unsafe { text(headwater_str { ptr, len }, "name") }
    }

    #[test]
    fn null_empty_and_bad_text_are_ordinary_cases() {
        assert_eq!(read(std::ptr::null(), 0).unwrap(), "");
        assert_eq!(read(b"x".as_ptr(), 0).unwrap(), "");
        assert_eq!(read("é".as_ptr(), 2).unwrap(), "é");
        let message = |result: Result<&str>| result.unwrap_err().message().to_owned();
        assert_eq!(message(read(std::ptr::null(), 3)), "name is NULL, with a length of 3");
        assert_eq!(message(read(b"ab\xff".as_ptr(), 3)), "name is not UTF-8, from byte 2 on");
        assert!(message(read(b"x".as_ptr(), usize::MAX)).contains("which no text has"));
    }
}
