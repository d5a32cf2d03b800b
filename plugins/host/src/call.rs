//! The call: what a connector can ask of the host while one of its functions runs.

use std::cell::RefCell;
use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use headwater::source::LogLevel;
use headwater::{Error, ErrorCode, Result, Retry};
use headwater_abi::{
    HEADWATER_DONE, HEADWATER_LOG_ERROR, HEADWATER_LOG_INFO, HEADWATER_LOG_WARN, HEADWATER_OK,
    HEADWATER_RETRY_AFTER, HEADWATER_RETRY_BACKOFF, headwater_call, headwater_failure,
    headwater_str,
};

use crate::text::{lossy, misbehaved};

/// Log lines that wait to be passed on, at most; a connector that floods loses the rest.
const MAX_LOG_LINES: usize = 1000;

/// What the thread of a source and the thread that waits for it share.
pub(crate) struct Shared {
    started: Instant,
    /// Milliseconds from `started` to the last sign of life.
    last_sign: AtomicU64,
    pub(crate) cancelled: AtomicBool,
    log: Mutex<Vec<(LogLevel, String)>>,
}

impl Shared {
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            last_sign: AtomicU64::new(0),
            cancelled: AtomicBool::new(false),
            log: Mutex::new(Vec::new()),
        }
    }

    pub(crate) fn sign_of_life(&self) {
        let millis = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_sign.store(millis, Ordering::Relaxed);
    }

    /// How long ago the connector last showed that it is alive.
    pub(crate) fn silence(&self) -> Duration {
        let last = Duration::from_millis(self.last_sign.load(Ordering::Relaxed));
        self.started.elapsed().saturating_sub(last)
    }

    pub(crate) fn take_log(&self) -> Vec<(LogLevel, String)> {
        std::mem::take(&mut *self.log.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add_log(&self, level: LogLevel, message: String) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        if log.len() < MAX_LOG_LINES {
            log.push((level, message));
        }
    }
}

/// The state of one call, on the stack of the thread that makes it.
struct CallState<'a> {
    shared: &'a Shared,
    failure: RefCell<Option<Error>>,
}

/// Makes one call into a connector; gives its status, or the error that it reported.
///
/// # Errors
/// What the connector reported; `connector_misbehaved` for a status that says nothing.
pub(crate) fn invoke(
    shared: &Shared,
    function: &str,
    body: impl FnOnce(*const headwater_call) -> i32,
) -> Result<i32> {
    shared.sign_of_life();
    let state = CallState { shared, failure: RefCell::new(None) };
    let call = headwater_call {
        struct_size: size_of::<headwater_call>(),
        context: (&raw const state).cast_mut().cast(),
        fail: Some(fail),
        cancelled: Some(cancelled),
        log: Some(log),
    };
    let status = body(&raw const call);
    shared.sign_of_life();
    let failure = state.failure.take();
    match status {
        HEADWATER_OK | HEADWATER_DONE => Ok(status),
        status => Err(failure.unwrap_or_else(|| match ErrorCode::from_number(status) {
            Some(code) => Error::new(code, format!("`{function}` failed without a reason")),
            None => misbehaved(format!("`{function}` returned {status} without a reason")),
        })),
    }
}

/// # Safety
/// Called by the connector during a call, with the call's own context.
unsafe extern "C" fn fail(context: *mut c_void, failure: *const headwater_failure) {
    // SAFETY: `context` is the call's state, which outlives the call.
    let Some(state) = (unsafe { context.cast::<CallState<'_>>().as_ref() }) else { return };
    // SAFETY: the connector passes NULL or a failure that it lends for this function.
    let Some(failure) = (unsafe { failure.as_ref() }) else { return };
    let error = if failure.struct_size < size_of::<headwater_failure>() {
        misbehaved(format!("a failure of {} bytes was reported", failure.struct_size))
    } else {
        // SAFETY: the connector lends the failure's texts for this function.
        unsafe { convert(failure) }
    };
    // The first failure is the cause, later ones follow from it.
    let mut known = state.failure.borrow_mut();
    if known.is_none() {
        *known = Some(error);
    }
}

/// # Safety
/// The failure's texts are readable.
unsafe fn convert(failure: &headwater_failure) -> Error {
    // SAFETY: the caller's promise, here and below.
    let message = unsafe { lossy(failure.message) };
    // SAFETY: as above.
    let hint = unsafe { lossy(failure.hint) };
    // SAFETY: as above.
    let field = unsafe { lossy(failure.field) };
    // SAFETY: as above.
    let record = unsafe { lossy(failure.record) };
    let mut error = error_of(failure.code, &message, &hint);
    if !field.is_empty() {
        error = error.at_field(field);
    }
    if !record.is_empty() {
        error = error.on_record(record);
    }
    match failure.retry {
        HEADWATER_RETRY_BACKOFF => error.retry_with(Retry::Backoff),
        HEADWATER_RETRY_AFTER => {
            error.retry_with(Retry::After(Duration::from_millis(failure.retry_after_ms)))
        }
        _ => error,
    }
}

/// The error for a code that a connector gave.
pub(crate) fn error_of(code: i32, message: &str, hint: &str) -> Error {
    let error = match ErrorCode::from_number(code) {
        Some(code) => Error::new(code, message),
        None => misbehaved(format!("the connector gave the unknown code {code}: {message}")),
    };
    if hint.is_empty() { error } else { error.hint(hint) }
}

/// # Safety
/// As [`fail`].
unsafe extern "C" fn cancelled(context: *mut c_void) -> i32 {
    // SAFETY: `context` is the call's state, which outlives the call.
    let Some(state) = (unsafe { context.cast::<CallState<'_>>().as_ref() }) else { return 1 };
    state.shared.sign_of_life();
    state.shared.cancelled.load(Ordering::Acquire).into()
}

/// # Safety
/// As [`fail`]; `message` is lent for the function.
unsafe extern "C" fn log(context: *mut c_void, level: i32, message: headwater_str) {
    // SAFETY: `context` is the call's state, which outlives the call.
    let Some(state) = (unsafe { context.cast::<CallState<'_>>().as_ref() }) else { return };
    state.shared.sign_of_life();
    let level = match level {
        HEADWATER_LOG_ERROR => LogLevel::Error,
        HEADWATER_LOG_WARN => LogLevel::Warn,
        HEADWATER_LOG_INFO => LogLevel::Info,
        _ => LogLevel::Debug,
    };
    // SAFETY: the connector lends the message for this function.
    state.shared.add_log(level, unsafe { lossy(message) });
}
