//! Text and bytes that a connector lends.

use headwater::{Error, ErrorCode, Result};
use headwater_abi::headwater_str;

/// The error for a connector that broke the contract.
pub(crate) fn misbehaved(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::ConnectorMisbehaved, message)
}

/// The bytes that a connector lends.
///
/// # Errors
/// `connector_misbehaved` for NULL with a length.
///
/// # Safety
/// A pointer that is not NULL points to `len` readable bytes for `'a`.
pub(crate) unsafe fn bytes<'a>(lent: headwater_str, what: &str) -> Result<&'a [u8]> {
    if lent.len == 0 {
        return Ok(&[]);
    }
    if lent.ptr.is_null() {
        return Err(misbehaved(format!("{what} is NULL with a length of {}", lent.len)));
    }
    if isize::try_from(lent.len).is_err() {
        return Err(misbehaved(format!("{what} has a length of {}, which cannot be", lent.len)));
    }
    // SAFETY: not NULL, not empty, no longer than memory can be; readable by the caller's promise.
    Ok(unsafe { std::slice::from_raw_parts(lent.ptr, lent.len) })
}

/// The text that a connector lends.
///
/// # Errors
/// `connector_misbehaved` for NULL with a length, and for what is not UTF-8.
///
/// # Safety
/// As [`bytes`].
pub(crate) unsafe fn text<'a>(lent: headwater_str, what: &str) -> Result<&'a str> {
    // SAFETY: the caller's promise.
    let bytes = unsafe { bytes(lent, what) }?;
    std::str::from_utf8(bytes).map_err(|cause| {
        misbehaved(format!("{what} is not UTF-8 from byte {} on", cause.valid_up_to()))
    })
}

/// The text that a connector lends for a message, whatever bytes it holds.
///
/// # Safety
/// As [`bytes`].
pub(crate) unsafe fn lossy(lent: headwater_str) -> String {
    // SAFETY: the caller's promise.
    unsafe { bytes(lent, "text") }.map(String::from_utf8_lossy).unwrap_or_default().into_owned()
}

/// Text that is lent to the connector for a call.
pub(crate) fn lend(bytes: &[u8]) -> headwater_str {
    headwater_str { ptr: bytes.as_ptr(), len: bytes.len() }
}
