//! Progress: what a sync tells the program while it runs.
//!
//! These functions are the program's. They must not throw, nor leave by `longjmp`.

use std::ffi::c_void;
use std::sync::{Mutex, PoisonError};

use headwater::source::{Control, LogLevel};
use headwater::sync::{Progress, Secrets};
use headwater_abi::{
    HEADWATER_LOG_DEBUG, HEADWATER_LOG_ERROR, HEADWATER_LOG_INFO, HEADWATER_LOG_WARN, headwater_str,
};

use crate::text::lent;

/// How far a stream is committed. Borrowed for the call.
#[repr(C)]
pub struct headwater_progress {
    /// `sizeof(headwater_progress)` as the library knows it; read no field that lies beyond it.
    pub struct_size: usize,
    /// The id of the run.
    pub run: headwater_str,
    /// The stream of the source.
    pub source: headwater_str,
    /// The record type that its rows become.
    pub record_type: headwater_str,
    /// Rows that were read.
    pub read: u64,
    /// Records that were made.
    pub created: u64,
    /// Records that were changed.
    pub updated: u64,
    /// Records that were that way already.
    pub unchanged: u64,
    /// Records that were archived.
    pub archived: u64,
    /// Rows that were refused.
    pub rejected: u64,
}

/// Is told how far a run is, after every commit, on the thread of the run. 0 goes on; anything else
/// stops the run as `headwater_sync_cancel` does.
pub type headwater_progress_fn =
    Option<unsafe extern "C" fn(context: *mut c_void, progress: *const headwater_progress) -> i32>;

/// Gets a line that the connector logs; `level` is one of `HEADWATER_LOG_*`. On any thread, but never
/// two lines at the same time. `message`: Borrowed for the call.
pub type headwater_log_fn =
    Option<unsafe extern "C" fn(context: *mut c_void, level: i32, message: headwater_str)>;

/// The functions of one sync.
pub(crate) struct Callbacks {
    given: std::sync::Arc<Mutex<Given>>,
    progress: headwater_progress_fn,
    context: Context,
}

#[derive(Clone, Copy)]
struct Context(*mut c_void);

// SAFETY: it is only passed back; the header says on which threads.
unsafe impl Send for Context {}
// SAFETY: as above.
unsafe impl Sync for Context {}

struct Given {
    context: Context,
    log: headwater_log_fn,
}

impl Callbacks {
    pub(crate) fn new(
        context: *mut c_void,
        progress: headwater_progress_fn,
        log: headwater_log_fn,
    ) -> Self {
        let context = Context(context);
        Self { given: std::sync::Arc::new(Mutex::new(Given { context, log })), progress, context }
    }

    /// A control whose lines go to the program, secrets hidden.
    pub(crate) fn control(&self, secrets: &Secrets) -> Control {
        let (given, secrets) = (std::sync::Arc::clone(&self.given), secrets.clone());
        Control::new(move |level, message| {
            let given = given.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(log) = given.log {
                let message = secrets.hide(message);
                // SAFETY: the program gave both for each other; the sync is not freed, or `end`
                // would have taken the function away.
                unsafe { log(given.context.0, level_number(level), lent(&message)) };
            }
        })
    }

    /// Tells the program how far a run is; says whether it is to go on.
    pub(crate) fn progress(&self, progress: &Progress<'_>) -> bool {
        let Some(tell) = self.progress else { return true };
        let (stream, counts) = (progress.stream, &progress.stream.counts);
        let run = progress.run.to_string();
        let told = headwater_progress {
            struct_size: size_of::<headwater_progress>(),
            run: lent(&run),
            source: lent(&stream.source),
            record_type: lent(&stream.record_type),
            read: counts.read,
            created: counts.created,
            updated: counts.updated,
            unchanged: counts.unchanged,
            archived: counts.archived,
            rejected: counts.rejected,
        };
        // SAFETY: the program gave both for each other.
        unsafe { tell(self.context.0, &raw const told) == 0 }
    }

    /// No line is passed on from here on.
    pub(crate) fn end(&self) {
        self.given.lock().unwrap_or_else(PoisonError::into_inner).log = None;
    }
}

fn level_number(level: LogLevel) -> i32 {
    match level {
        LogLevel::Error => HEADWATER_LOG_ERROR,
        LogLevel::Warn => HEADWATER_LOG_WARN,
        LogLevel::Info => HEADWATER_LOG_INFO,
        LogLevel::Debug => HEADWATER_LOG_DEBUG,
    }
}
