//! Text and bytes that cross the boundary: the one place that makes slices from (pointer, length).

use headwater_abi::headwater_str;

/// Lends `text` to the other side; it stays valid as long as `text` does.
#[must_use]
pub const fn lend(text: &str) -> headwater_str {
    lend_bytes(text.as_bytes())
}

/// Lends `bytes` to the other side; they stay valid as long as `bytes` does.
#[must_use]
pub const fn lend_bytes(bytes: &[u8]) -> headwater_str {
    headwater_str { ptr: bytes.as_ptr(), len: bytes.len() }
}

/// The bytes that the other side lent: (NULL, 0) is empty, NULL with a length is an error.
///
/// # Errors
/// A sentence that says what is wrong with the pointer or the length.
///
/// # Safety
/// If `ptr` is not NULL, `len` bytes at `ptr` are readable and unchanged for `'a`.
pub unsafe fn borrow_bytes<'a>(text: headwater_str) -> Result<&'a [u8], String> {
    if text.len == 0 {
        return Ok(&[]);
    }
    if text.ptr.is_null() {
        return Err(format!("is NULL with a length of {} bytes", text.len));
    }
    if text.len > isize::MAX as usize {
        return Err(format!("has an impossible length of {} bytes", text.len));
    }
    // SAFETY: not NULL, the length fits, and the caller promises readable bytes for 'a.
    Ok(unsafe { std::slice::from_raw_parts(text.ptr, text.len) })
}

/// As [`borrow_bytes`], and the bytes are UTF-8.
///
/// # Errors
/// A sentence that says what is wrong with the pointer, the length or the bytes.
///
/// # Safety
/// As [`borrow_bytes`].
pub unsafe fn borrow_text<'a>(text: headwater_str) -> Result<&'a str, String> {
    // SAFETY: the caller's promise is the one that borrow_bytes asks for.
    let bytes = unsafe { borrow_bytes(text) }?;
    std::str::from_utf8(bytes).map_err(|error| format!("is not UTF-8: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_and_bad_utf8_are_ordinary_cases() {
        let null = |len| headwater_str { ptr: std::ptr::null(), len };
        // SAFETY: NULL is allowed, and the other pointers come from live literals.
        unsafe {
            assert_eq!(borrow_text(null(0)), Ok(""));
            assert_eq!(borrow_text(null(3)), Err("is NULL with a length of 3 bytes".to_owned()));
            let one = 0u8;
            let huge = headwater_str { ptr: &raw const one, len: usize::MAX };
            assert!(borrow_bytes(huge).is_err_and(|text| text.contains("impossible")));
            assert_eq!(borrow_text(lend("é")), Ok("é"));
            assert!(
                borrow_text(lend_bytes(b"a\xff"))
                    .is_err_and(|text| text.starts_with("is not UTF-8: invalid utf-8"))
            );
        }
    }
}
