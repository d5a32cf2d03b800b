//! What the host lends to a connector for a call: `fail`, `cancelled`, `log`.

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use headwater::Error;
use headwater::source::LogLevel;
use headwater_abi::{
    HEADWATER_LOG_ERROR, HEADWATER_LOG_INFO, HEADWATER_LOG_WARN, headwater_call, headwater_failure,
    headwater_str,
};

use crate::failure::copy_failure;
use crate::raw::told_text;

/// What the waiting side and the connector's thread tell each other during a call.
pub(crate) struct Signals {
    is_cancelled: AtomicBool,
    start: Instant,
    last_sign_ms: AtomicU64,
}

impl Signals {
    pub(crate) fn new() -> Arc<Self> {
        let (is_cancelled, last_sign_ms) = (AtomicBool::new(false), AtomicU64::new(0));
        Arc::new(Self { is_cancelled, start: Instant::now(), last_sign_ms })
    }

    /// A new call begins.
    pub(crate) fn begin(&self) {
        self.is_cancelled.store(false, Ordering::Release);
        self.show_life();
    }

    pub(crate) fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Release);
    }

    fn show_life(&self) {
        let now = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_sign_ms.store(now, Ordering::Release);
    }

    /// How long ago the connector last showed that it is alive.
    pub(crate) fn quiet_for(&self) -> Duration {
        let last = Duration::from_millis(self.last_sign_ms.load(Ordering::Acquire));
        self.start.elapsed().saturating_sub(last)
    }
}

type LogSender = Box<dyn Fn(LogLevel, String) + Send>;

/// Behind `headwater_call.context`.
///
/// Everything is behind locks and atomics: a connector that calls from a thread of its own breaks
/// the contract, but not this process.
pub(crate) struct CallContext {
    signals: Arc<Signals>,
    failure: Mutex<Option<Error>>,
    log: Mutex<Option<LogSender>>,
}

impl CallContext {
    pub(crate) fn new(signals: Arc<Signals>) -> Self {
        Self { signals, failure: Mutex::new(None), log: Mutex::new(None) }
    }

    /// A new call begins; its log lines go to `log`.
    pub(crate) fn begin(&self, log: LogSender) {
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = None;
        *self.log.lock().unwrap_or_else(PoisonError::into_inner) = Some(log);
    }

    /// The call is over: late log lines go nowhere.
    pub(crate) fn end(&self) {
        *self.log.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The reason that the connector gave in the running call.
    pub(crate) fn take_failure(&self) -> Option<Error> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The struct to lend; it is valid as long as the context stays where it is.
    pub(crate) fn lend(&self) -> headwater_call {
        headwater_call {
            struct_size: size_of::<headwater_call>(),
            context: (&raw const *self).cast_mut().cast(),
            fail: Some(fail),
            cancelled: Some(cancelled),
            log: Some(log),
        }
    }
}

/// Runs the body of a callback. No unwind enters the connector.
fn enter<T>(context: *mut c_void, otherwise: T, body: impl FnOnce(&CallContext) -> T) -> T {
    // SAFETY: a connector passes back the context of `lend`, which outlives its source.
    let Some(context) = (unsafe { context.cast::<CallContext>().as_ref() }) else {
        return otherwise;
    };
    context.signals.show_life();
    catch_unwind(AssertUnwindSafe(|| body(context))).unwrap_or(otherwise)
}

unsafe extern "C" fn fail(context: *mut c_void, failure: *const headwater_failure) {
    enter(context, (), |context| {
        // SAFETY: the connector lends the failure for the length of this call.
        let error = unsafe { copy_failure(failure) };
        *context.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    });
}

unsafe extern "C" fn cancelled(context: *mut c_void) -> i32 {
    enter(context, 0, |context| context.signals.is_cancelled.load(Ordering::Acquire).into())
}

unsafe extern "C" fn log(context: *mut c_void, level: i32, message: headwater_str) {
    enter(context, (), |context| {
        let level = match level {
            HEADWATER_LOG_ERROR => LogLevel::Error,
            HEADWATER_LOG_WARN => LogLevel::Warn,
            HEADWATER_LOG_INFO => LogLevel::Info,
            // A finer level of a later version.
            _ => LogLevel::Debug,
        };
        // SAFETY: the connector lends the text for the length of this call.
        let message = unsafe { told_text(message) };
        if let Some(log) = &*context.log.lock().unwrap_or_else(PoisonError::into_inner) {
            log(level, message);
        }
    });
}
