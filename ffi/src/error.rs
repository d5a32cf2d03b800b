//! Errors: what went wrong, where, and what to do about it.

use headwater::{Error, Retry};
use headwater_abi::{
    HEADWATER_OK, HEADWATER_RETRY_AFTER, HEADWATER_RETRY_BACKOFF, HEADWATER_RETRY_NEVER,
    headwater_str,
};

use crate::document::headwater_document;
use crate::guard::{call, value};
use crate::handle::{Owned, borrow, free, out};
use crate::text::{ABSENT, lent, lent_if};

/// Why a call failed. Read its fields; do not take its texts apart.
// Not as a plain attribute: the header would show what is inside.
#[cfg_attr(all(), repr(transparent))]
pub struct headwater_error(Error);

impl Owned for headwater_error {}

impl From<Error> for headwater_error {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

/// Reads a field of an error; NULL has none.
unsafe fn field<T>(
    function: &'static str,
    error: *const headwater_error,
    otherwise: T,
    read: impl FnOnce(&Error) -> T,
) -> T
where
    T: Copy,
{
    value(function, otherwise, || {
        // SAFETY: callers keep the conventions of the header.
        unsafe { borrow(error, "error") }.map_or(otherwise, |error| read(&error.0))
    })
}

/// Gives the code, one of `HEADWATER_E_*`, which is also what the call returned; `HEADWATER_OK` for
/// NULL.
///
/// `error`: Borrowed for the call.
/// Threads: any. Errors: none. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_error_code(error: *const headwater_error) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe { field("headwater_error_code", error, HEADWATER_OK, |error| error.code().number()) }
}

/// Gives the name of the code, for example `unknown_field`; absent for NULL.
///
/// `error`: Borrowed for the call. The text: Borrowed from the library for ever.
/// Threads: any. Errors: none. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_error_name(error: *const headwater_error) -> headwater_str {
    // SAFETY: callers keep the conventions of the header.
    unsafe { field("headwater_error_name", error, ABSENT, |error| lent(error.code().name())) }
}

/// Gives what was found and what was expected, for a person; absent for NULL.
///
/// The text: Borrowed from `error` until it is freed.
/// Threads: any. Errors: none. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_error_message(error: *const headwater_error) -> headwater_str {
    // SAFETY: callers keep the conventions of the header.
    unsafe { field("headwater_error_message", error, ABSENT, |error| lent(error.message())) }
}

/// Gives the attribute, the key or the parameter at fault; absent where none is.
///
/// The text: Borrowed from `error` until it is freed.
/// Threads: any. Errors: none. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_error_field(error: *const headwater_error) -> headwater_str {
    // SAFETY: callers keep the conventions of the header.
    unsafe { field("headwater_error_field", error, ABSENT, |error| lent_if(error.field())) }
}

/// Gives the record at fault, its id or its place; absent where none is.
///
/// The text: Borrowed from `error` until it is freed.
/// Threads: any. Errors: none. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_error_record(error: *const headwater_error) -> headwater_str {
    // SAFETY: callers keep the conventions of the header.
    unsafe { field("headwater_error_record", error, ABSENT, |error| lent_if(error.record())) }
}

/// Gives what to do about it; absent for NULL.
///
/// The text: Borrowed from `error` until it is freed.
/// Threads: any. Errors: none. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_error_hint(error: *const headwater_error) -> headwater_str {
    // SAFETY: callers keep the conventions of the header.
    unsafe { field("headwater_error_hint", error, ABSENT, |error| lent(error.remedy())) }
}

/// Says whether the same call may succeed later: one of `HEADWATER_RETRY_*`.
///
/// `error`: Borrowed for the call.
/// Threads: any. Errors: none. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_error_retry(error: *const headwater_error) -> i32 {
    let read = |error: &Error| number(error.retry());
    // SAFETY: callers keep the conventions of the header.
    unsafe { field("headwater_error_retry", error, HEADWATER_RETRY_NEVER, read) }
}

/// Gives the milliseconds to wait, for `HEADWATER_RETRY_AFTER`; 0 for others.
///
/// `error`: Borrowed for the call.
/// Threads: any. Errors: none. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_error_retry_after_ms(error: *const headwater_error) -> u64 {
    let read = |error: &Error| match error.retry() {
        Retry::After(time) => u64::try_from(time.as_millis()).unwrap_or(u64::MAX),
        Retry::Never | Retry::Backoff => 0,
    };
    // SAFETY: callers keep the conventions of the header.
    unsafe { field("headwater_error_retry_after_ms", error, 0, read) }
}

/// Gives how many further faults of the same input there are.
///
/// `error`: Borrowed for the call.
/// Threads: any. Errors: none. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_error_related_count(error: *const headwater_error) -> usize {
    // SAFETY: callers keep the conventions of the header.
    unsafe { field("headwater_error_related_count", error, 0, |error| error.related().len()) }
}

/// Gives one of the further faults, from 0; NULL where there is none.
///
/// The error: Borrowed from `error` until it is freed; never freed itself.
/// Threads: any. Errors: none. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_error_related(
    error: *const headwater_error,
    index: usize,
) -> *const headwater_error {
    let read = |error: &Error| {
        // The same layout, as the type is transparent.
        let related = error.related().get(index).map(|related| std::ptr::from_ref(related).cast());
        related.unwrap_or(std::ptr::null())
    };
    // SAFETY: callers keep the conventions of the header.
    unsafe { field("headwater_error_related", error, std::ptr::null(), read) }
}

/// Writes the error out for a person, in lines: code, message, place, hint and causes.
///
/// `error`: Borrowed for the call. `*out_text`: Owned by the caller; free with
/// `headwater_document_free`.
/// Threads: any. Errors: `invalid_request`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_error_describe(
    error: *const headwater_error,
    out_text: *mut *mut headwater_document,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_error_describe", out_error, || {
            let place = out(out_text, "out_text")?;
            let error = borrow(error, "error")?;
            *place = headwater_document::text(format!("{:#}", error.0)).give();
            Ok(())
        })
    }
}

/// Frees an error; NULL is none.
///
/// `error`: not used again, nor what was borrowed from it.
/// Threads: any. Errors: none. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_error_free(error: *mut headwater_error) {
    // SAFETY: callers keep the conventions of the header.
    unsafe { free("headwater_error_free", error) }
}

pub(crate) fn number(retry: Retry) -> i32 {
    match retry {
        Retry::Never => HEADWATER_RETRY_NEVER,
        Retry::Backoff => HEADWATER_RETRY_BACKOFF,
        Retry::After(_) => HEADWATER_RETRY_AFTER,
    }
}
