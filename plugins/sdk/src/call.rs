//! The host's side of one call as the connector sees it, and how a failure is handed over.

use headwater_abi::{self as abi, headwater_call, headwater_failure, headwater_str};

use crate::borrow::lend;
use crate::panics::catch;
use crate::{Call, Failure, LogLevel, Retry};

/// Wraps the `headwater_call` of the running call.
pub(crate) struct HostCall<'a>(&'a headwater_call);

impl Call for HostCall<'_> {
    fn is_cancelled(&self) -> bool {
        // SAFETY: the host keeps the context and the function valid for the length of the call.
        self.0.cancelled.is_some_and(|cancelled| unsafe { cancelled(self.0.context) } != 0)
    }

    fn log(&self, level: LogLevel, message: &str) {
        if let Some(log) = self.0.log {
            // SAFETY: as above; the host copies the text before `log` returns.
            unsafe { log(self.0.context, level as i32, lend(message)) };
        }
    }
}

impl HostCall<'_> {
    fn fail(&self, failure: &Failure) {
        let (retry, retry_after_ms) = match failure.retry {
            Retry::Never => (abi::HEADWATER_RETRY_NEVER, 0),
            Retry::Backoff => (abi::HEADWATER_RETRY_BACKOFF, 0),
            Retry::AfterMillis(millis) => (abi::HEADWATER_RETRY_AFTER, millis),
        };
        let crossing = headwater_failure {
            struct_size: size_of::<headwater_failure>(),
            code: failure.code,
            retry,
            retry_after_ms,
            message: lend(&failure.message),
            field: lend(&failure.field),
            record: lend(&failure.record),
            hint: lend(&failure.hint),
        };
        if let Some(fail) = self.0.fail {
            // SAFETY: the host keeps the context valid for the call and copies before it returns.
            unsafe { fail(self.0.context, &raw const crossing) };
        }
    }
}

/// Runs the body of an exported function: failures and panics become a reason and a status.
///
/// No unwind leaves this function.
pub(crate) fn enter(
    call: *const headwater_call,
    body: impl FnOnce(&HostCall<'_>) -> Result<i32, Failure>,
) -> i32 {
    // SAFETY: the host passes NULL or a call that is valid for the length of this function.
    let Some(call) = (unsafe { call.as_ref() }) else { return abi::HEADWATER_E_INTERNAL_ERROR };
    if call.struct_size < size_of::<headwater_call>() {
        return abi::HEADWATER_E_INTERNAL_ERROR;
    }
    let host = HostCall(call);
    match catch(|| body(&host)) {
        Ok(status) => status,
        Err(failure) => {
            host.fail(&failure);
            // A reason with status 0 would read as a success.
            if failure.code > 0 { failure.code } else { abi::HEADWATER_E_INTERNAL_ERROR }
        }
    }
}

/// A failure of the host's making: it passed an argument that the header forbids.
pub(crate) fn bad_argument(name: &str, what: impl std::fmt::Display) -> Failure {
    Failure::new(
        abi::HEADWATER_E_INTERNAL_ERROR,
        format!("the host passed a bad argument: {name} {what}"),
    )
}

/// Text that the host passed as argument `name`.
///
/// # Safety
/// As [`crate::export::borrow_text`].
pub(crate) unsafe fn argument<'a>(name: &str, text: headwater_str) -> Result<&'a str, Failure> {
    // SAFETY: the caller's promise is the one that borrow_text asks for.
    unsafe { crate::borrow::borrow_text(text) }.map_err(|what| bad_argument(name, what))
}
