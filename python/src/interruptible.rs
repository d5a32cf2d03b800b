//! Work that Ctrl-C ends: it is done on a thread of its own, while the one that called looks for signals.

use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use headwater::source::Control;
use headwater::{Error, ErrorCode, Result};
use pyo3::prelude::*;

use crate::failure::OrRaise;

/// How often a wait looks for Ctrl-C.
pub(crate) const SIGNAL_INTERVAL: Duration = Duration::from_millis(50);

/// Does work without the interpreter's lock. A signal cancels it, and is raised once it has ended.
pub(crate) fn interruptible<T: Send>(
    py: Python<'_>,
    work: impl FnOnce(&Control) -> Result<T> + Send,
) -> PyResult<T> {
    let control = &Control::default();
    let mut raised = None;
    let done = std::thread::scope(|scope| {
        // Nothing is sent: the channel closes as the work ends.
        let (working, mut ended) = sync_channel::<()>(0);
        let worker = scope.spawn(move || {
            let _working = working;
            work(control)
        });
        loop {
            let ended = &mut ended;
            match py.detach(move || ended.recv_timeout(SIGNAL_INTERVAL)) {
                Err(RecvTimeoutError::Timeout) => {}
                _ => break,
            }
            if let Err(signal) = py.check_signals() {
                control.cancel();
                raised = Some(signal);
            }
        }
        py.detach(|| worker.join())
    });
    match raised {
        Some(raised) => Err(raised),
        None => done
            .unwrap_or_else(|_| {
                Err(Error::new(ErrorCode::Internal, "the thread of a call panicked"))
            })
            .or_raise(py),
    }
}
