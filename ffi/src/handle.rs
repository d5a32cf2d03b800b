//! What callers hold by pointer: made by [`Owned::give`], lent to calls, freed by one function each.

use headwater::{Error, ErrorCode, Result};

/// A type whose values callers own. Where a caller only borrows one, it holds a pointer to const,
/// which the function that frees it does not take.
pub(crate) trait Owned: Sized {
    /// Makes the caller the owner.
    fn give(self) -> *mut Self {
        Box::into_raw(Box::new(self))
    }
}

/// What `pointer` leads to, for the length of a call.
///
/// # Safety
/// It is NULL, or leads to a value that is there for the length of the call.
pub(crate) unsafe fn borrow<'a, T>(pointer: *const T, name: &str) -> Result<&'a T> {
    // SAFETY: as the caller promises; a pointer that is not aligned cannot be one of ours.
    let value = if pointer.is_aligned() { unsafe { pointer.as_ref() } } else { None };
    value.ok_or_else(|| null(name))
}

/// Frees a value; NULL is none.
///
/// # Safety
/// `pointer` is NULL or comes from [`Owned::give`], and is not used again.
pub(crate) unsafe fn free<T: Owned>(function: &'static str, pointer: *mut T) {
    crate::guard::value(function, (), || {
        if !pointer.is_null() {
            // SAFETY: as the caller promises.
            drop(unsafe { Box::from_raw(pointer) });
        }
    });
}

/// Where a call puts a value that the caller is to own; holds NULL from here on until it is put.
///
/// # Safety
/// `pointer` is NULL or can be written to for the length of the call.
pub(crate) unsafe fn out<'a, T>(pointer: *mut *mut T, name: &str) -> Result<&'a mut *mut T> {
    // SAFETY: as the caller promises.
    let place = unsafe { pointer.as_mut() }.ok_or_else(|| null(name))?;
    *place = std::ptr::null_mut();
    Ok(place)
}

/// Where a call puts a number, if the caller wants it; holds 0 from here on until it is put.
///
/// # Safety
/// `pointer` is NULL or can be written to for the length of the call.
pub(crate) unsafe fn optional_number<'a>(pointer: *mut i32) -> Option<&'a mut i32> {
    // SAFETY: as the caller promises.
    let place = unsafe { pointer.as_mut() }?;
    *place = 0;
    Some(place)
}

pub(crate) fn null(name: &str) -> Error {
    invalid(name, format!("{name} is NULL"))
}

/// What is wrong with an argument.
pub(crate) fn invalid(name: &str, what: impl Into<String>) -> Error {
    Error::new(ErrorCode::InvalidRequest, what).at_field(name)
}
