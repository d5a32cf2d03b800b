//! Copies what a connector says of a failure into core's error.

use std::time::Duration;

use headwater::{Error, ErrorCode, Retry};
use headwater_abi::{
    HEADWATER_RETRY_AFTER, HEADWATER_RETRY_BACKOFF, HEADWATER_RETRY_NEVER, headwater_bad_row,
    headwater_failure,
};

use crate::raw::{lossy_text, misbehaved};

const KNOWN_CODES: &str = "for the connector's authors: use the codes HEADWATER_E_* of the header";

/// The error that `call->fail` was given.
///
/// # Safety
/// `failure` is NULL or a failure whose texts are readable.
pub(crate) unsafe fn copy_failure(failure: *const headwater_failure) -> Error {
    if failure.is_null() || !failure.is_aligned() {
        return misbehaved(
            "the connector called `fail` without a failure",
            "for the connector's authors: fill a headwater_failure and pass its address",
        );
    }
    // SAFETY: not NULL, aligned, and the struct starts with its size.
    let size = unsafe { (&raw const (*failure).struct_size).read() };
    if size < size_of::<headwater_failure>() {
        return misbehaved(
            format!(
                "the connector's failure has struct_size {size}, expected {} or more",
                size_of::<headwater_failure>()
            ),
            "for the connector's authors: set struct_size to sizeof(headwater_failure)",
        );
    }
    // SAFETY: the size covers every field, and the caller promises readable texts.
    let (failure, message, field, record, hint) = unsafe {
        let failure = &*failure;
        (
            failure,
            lossy_text(failure.message),
            lossy_text(failure.field),
            lossy_text(failure.record),
            lossy_text(failure.hint),
        )
    };
    let error = error_of(failure.code, message, field, hint);
    let error = if record.is_empty() { error } else { error.on_record(record) };
    match failure.retry {
        HEADWATER_RETRY_NEVER => error.retry_with(Retry::Never),
        HEADWATER_RETRY_BACKOFF => error.retry_with(Retry::Backoff),
        HEADWATER_RETRY_AFTER => {
            error.retry_with(Retry::After(Duration::from_millis(failure.retry_after_ms)))
        }
        // An advice of a later version: what the table says of the code still holds.
        _ => error,
    }
}

/// The error of a row that the connector could not read.
///
/// # Safety
/// The texts of `row` are readable.
pub(crate) unsafe fn copy_bad_row_error(row: &headwater_bad_row) -> Error {
    // SAFETY: the caller promises readable texts.
    let (message, field, hint) =
        unsafe { (lossy_text(row.message), lossy_text(row.field), lossy_text(row.hint)) };
    error_of(row.code, message, field, hint)
}

fn error_of(code: i32, message: String, field: String, hint: String) -> Error {
    let Some(code) = ErrorCode::from_number(code) else {
        return misbehaved(
            format!("the connector failed with the unknown code {code}: {message}"),
            KNOWN_CODES,
        );
    };
    let message =
        if message.is_empty() { "the connector gave no message".to_owned() } else { message };
    let error = Error::new(code, message);
    let error = if field.is_empty() { error } else { error.at_field(field) };
    if hint.is_empty() { error } else { error.hint(hint) }
}

/// Why a call that returned `status` failed, if the connector did not call `fail`.
pub(crate) fn without_a_reason(function: &str, status: i32) -> Error {
    let name = ErrorCode::from_number(status).map_or("unknown", ErrorCode::name);
    misbehaved(
        format!("`{function}` returned {status} ({name}) without a reason"),
        "for the connector's authors: call call->fail before returning one of HEADWATER_E_*, and \
         return HEADWATER_OK otherwise",
    )
}

/// Why a call that called `fail` and then returned a success failed: rows may be missing.
pub(crate) fn failed_with_success(function: &str, status: &str, told: &Error) -> Error {
    misbehaved(
        format!(
            "`{function}` returned {status} after it had called `fail`: {}: {}",
            told.code().name(),
            told.message()
        ),
        "for the connector's authors: return the code of the failure; what is no failure belongs in \
         call->log",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use headwater_sdk::export::{lend, lend_bytes};

    fn failure(code: i32, retry: i32) -> headwater_failure {
        headwater_failure {
            struct_size: size_of::<headwater_failure>(),
            code,
            retry,
            retry_after_ms: 1500,
            message: lend_bytes(b"caf\xe9"),
            field: lend("path"),
            record: lend("line 3"),
            hint: lend("wait"),
        }
    }

    #[test]
    fn every_part_of_a_failure_is_copied() {
        // SAFETY: the failures live through the calls.
        unsafe {
            let error = copy_failure(&raw const *Box::new(failure(205, HEADWATER_RETRY_AFTER)));
            assert_eq!(error.code(), ErrorCode::RateLimited);
            assert_eq!(error.message(), "caf\u{fffd}");
            assert_eq!((error.field(), error.record()), (Some("path"), Some("line 3")));
            assert_eq!(error.remedy(), "wait");
            assert_eq!(error.retry(), Retry::After(Duration::from_millis(1500)));
            let error = copy_failure(&raw const *Box::new(failure(306, 77)));
            assert_eq!(error.retry(), ErrorCode::SourceUnavailable.retry());
        }
    }

    #[test]
    fn a_failure_that_cannot_be_read_is_misbehaviour() {
        let mut short = failure(306, 0);
        short.struct_size = 12;
        // SAFETY: NULL is allowed, the others live through the calls.
        unsafe {
            for (error, expected) in [
                (copy_failure(std::ptr::null()), "without a failure"),
                (copy_failure(&raw const short), "struct_size 12"),
                (copy_failure(&raw const *Box::new(failure(9999, 0))), "unknown code 9999"),
            ] {
                assert_eq!(error.code(), ErrorCode::ConnectorMisbehaved);
                assert!(error.message().contains(expected), "{error}");
            }
        }
    }
}
