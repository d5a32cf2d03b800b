//! Documents: the text, mostly JSON, that a call gives.

use headwater_abi::headwater_str;
use serde_json::Value as Json;

use crate::guard::value;
use crate::handle::{Owned, borrow, free};
use crate::text::ABSENT;

/// Text that a call gave. A NUL stands after its end, so it can be used as a C string.
pub struct headwater_document {
    /// With the NUL.
    text: String,
}

impl Owned for headwater_document {}

impl headwater_document {
    pub(crate) fn text(mut text: String) -> Self {
        text.push('\0');
        Self { text }
    }

    pub(crate) fn json(json: &Json) -> Self {
        Self::text(json.to_string())
    }
}

/// Gives the text of a document; absent for NULL.
///
/// The text: Borrowed from `document` until it is freed.
/// Threads: any. Errors: none. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_document_text(
    document: *const headwater_document,
) -> headwater_str {
    value("headwater_document_text", ABSENT, || {
        // SAFETY: callers keep the conventions of the header.
        unsafe { borrow(document, "document") }.map_or(ABSENT, |document| headwater_str {
            ptr: document.text.as_ptr(),
            len: document.text.len() - 1,
        })
    })
}

/// Frees a document; NULL is none.
///
/// `document`: not used again, nor what was borrowed from it.
/// Threads: any. Errors: none. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_document_free(document: *mut headwater_document) {
    // SAFETY: callers keep the conventions of the header.
    unsafe { free("headwater_document_free", document) }
}
