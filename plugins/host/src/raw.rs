//! Reads what a connector lends: texts and arrays, checked before they are trusted.

use headwater::{Error, ErrorCode, Result};
use headwater_abi::headwater_str;
use headwater_sdk::export::{borrow_bytes, borrow_text};

/// The connector broke the contract: `message` says how, `hint` tells its author what to do.
pub(crate) fn misbehaved(message: impl Into<String>, hint: impl Into<String>) -> Error {
    Error::new(ErrorCode::ConnectorMisbehaved, message).hint(hint)
}

const LEND_TEXT: &str = "for the connector's authors: lend `len` bytes of UTF-8 at `ptr`, and \
                         (NULL, 0) for nothing";
const LEND_ARRAY: &str = "for the connector's authors: lend `count` elements that each start with \
                          their own struct_size, and (NULL, 0) for none";

/// The largest struct that an array may hold: no later version comes near it.
const MAX_STRIDE: usize = 4096;

/// Copies a text that has to be UTF-8; `what` names it in the error.
///
/// # Safety
/// If `text.ptr` is not NULL, `text.len` bytes are readable there.
pub(crate) unsafe fn text(what: &str, text: headwater_str) -> Result<String> {
    // SAFETY: the caller's promise is the one that borrow_text asks for.
    match unsafe { borrow_text(text) } {
        Ok(text) => Ok(text.to_owned()),
        Err(fault) => Err(misbehaved(format!("{what} {fault}"), LEND_TEXT)),
    }
}

/// Copies a text for a person; bytes that are not UTF-8 are replaced, an unusable pointer is empty.
///
/// # Safety
/// As [`text`].
pub(crate) unsafe fn lossy_text(text: headwater_str) -> String {
    // SAFETY: the caller's promise is the one that borrow_bytes asks for.
    let bytes = unsafe { borrow_bytes(text) }.unwrap_or_default();
    String::from_utf8_lossy(bytes).into_owned()
}

/// Borrows bytes; `what` names them in the error.
///
/// # Safety
/// If `bytes.ptr` is not NULL, `bytes.len` bytes are readable there for `'a`.
pub(crate) unsafe fn bytes<'a>(what: &str, bytes: headwater_str) -> Result<&'a [u8]> {
    // SAFETY: the caller's promise is the one that borrow_bytes asks for.
    unsafe { borrow_bytes(bytes) }.map_err(|fault| misbehaved(format!("{what} {fault}"), LEND_TEXT))
}

/// Checks (`first`, `count`) and gives the elements, which lie as far apart as the first one says.
///
/// # Safety
/// If `first` is not NULL, `count` structs lie there that are readable for `'a`, and `T` is a
/// struct of the ABI, whose first field is `struct_size`.
pub(crate) unsafe fn elements<'a, T>(
    what: &str,
    first: *const T,
    count: usize,
) -> Result<Vec<&'a T>> {
    if count == 0 {
        return Ok(Vec::new());
    }
    let refuse = |fault: String| Err(misbehaved(format!("{what} {fault}"), LEND_ARRAY));
    if first.is_null() {
        return refuse(format!("is NULL with a count of {count}"));
    }
    if !first.is_aligned() {
        return refuse("is not aligned".to_owned());
    }
    // SAFETY: not NULL, aligned, and every struct of the ABI starts with its struct_size.
    let stride = unsafe { first.cast::<usize>().read() };
    let needed = size_of::<T>();
    if !(needed..=MAX_STRIDE).contains(&stride) || !stride.is_multiple_of(align_of::<T>()) {
        return refuse(format!(
            "has elements with struct_size {stride}, expected {needed} or more"
        ));
    }
    if count.checked_mul(stride).is_none_or(|total| total > isize::MAX as usize) {
        return refuse(format!("has an impossible count of {count}"));
    }
    let mut elements = Vec::new();
    for index in 0..count {
        // SAFETY: within the memory that the caller promises; the product cannot overflow.
        let element = unsafe { first.byte_add(index * stride) };
        // SAFETY: as above; a wrong size is noticed before anything behind it is read.
        let size = unsafe { element.cast::<usize>().read() };
        if size != stride {
            return refuse(format!("has struct_size {size} in element {index}, expected {stride}"));
        }
        // SAFETY: readable for 'a, aligned as the stride is a multiple of the alignment.
        elements.push(unsafe { &*element });
    }
    Ok(elements)
}

#[cfg(test)]
mod tests {
    use super::*;
    use headwater_abi::headwater_field;
    use headwater_sdk::export::lend;

    fn field(struct_size: usize) -> headwater_field {
        headwater_field { struct_size, name: lend("a"), value_type: lend(""), flags: 0 }
    }

    #[test]
    fn arrays_are_checked_before_they_are_read() {
        let size = size_of::<headwater_field>();
        let good = [field(size), field(size)];
        let cases: [(&[headwater_field], usize, &str); 5] = [
            (&[field(1 << 30)], 2, "struct_size 1073741824"),
            (&[field(8)], 1, "struct_size 8"),
            (&[field(size + 3)], 1, "struct_size"),
            (&[field(size), field(1)], 2, "struct_size 1 in element 1"),
            (&good, usize::MAX, "impossible count"),
        ];
        for (fields, count, expected) in cases {
            // SAFETY: each case is refused before it would leave its array.
            let error =
                unsafe { elements("fields", fields.as_ptr(), count) }.map(drop).unwrap_err();
            assert!(error.message().contains(expected), "{error}");
            assert_eq!(error.code(), ErrorCode::ConnectorMisbehaved);
        }
        // SAFETY: two fields lie there; NULL is allowed.
        unsafe {
            assert_eq!(elements("fields", good.as_ptr(), 2).unwrap().len(), 2);
            assert!(elements::<headwater_field>("fields", std::ptr::null(), 0).unwrap().is_empty());
            assert!(elements::<headwater_field>("fields", std::ptr::null(), 1).is_err());
        }
    }
}
