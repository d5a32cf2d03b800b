//! The end of the interpreter: threads that call Python end before it. One that asks for the
//! interpreter's lock later is ended where it stands by Python itself, which takes down the process.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use headwater::{Error, ErrorCode, Result};
use pyo3::prelude::*;

static HAS_BEGUN: AtomicBool = AtomicBool::new(false);
static RUNNING: Mutex<Running> = Mutex::new(Running { next: 0, threads: BTreeMap::new() });
static ENDED: Condvar = Condvar::new();

/// The threads that are to end first.
struct Running {
    next: u64,
    threads: BTreeMap<u64, Thread>,
}

struct Thread {
    /// Those of another process are not here: a fork copies no thread.
    process: u32,
    /// Its name in Python, once it is known there.
    ident: Option<u64>,
    stop: Box<dyn Fn() + Send>,
}

fn running() -> MutexGuard<'static, Running> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether the interpreter is ending: then nothing new may call it.
pub(crate) fn has_begun() -> bool {
    HAS_BEGUN.load(Ordering::Acquire)
}

/// The error of what would call Python now.
pub(crate) fn error() -> Error {
    Error::new(ErrorCode::Cancelled, "the Python program is ending")
}

/// Lives as long as a thread that the interpreter waits for at its end.
pub(crate) struct Waited(u64);

impl Waited {
    /// Announces a thread, and what asks it to stop.
    ///
    /// # Errors
    /// `cancelled` if the interpreter is ending.
    pub(crate) fn announce(stop: impl Fn() + Send + 'static) -> Result<Self> {
        let mut running = running();
        if has_begun() {
            return Err(error());
        }
        let number = running.next;
        running.next += 1;
        let process = std::process::id();
        running.threads.insert(number, Thread { process, ident: None, stop: Box::new(stop) });
        Ok(Self(number))
    }

    /// Takes down the thread's name in Python; asked on that thread.
    pub(crate) fn tell_name(&self, py: Python<'_>) -> PyResult<()> {
        let ident = py.import("threading")?.call_method0("get_ident")?.extract()?;
        if let Some(thread) = running().threads.get_mut(&self.0) {
            thread.ident = Some(ident);
        }
        Ok(())
    }
}

impl Drop for Waited {
    fn drop(&mut self) {
        running().threads.remove(&self.0);
        ENDED.notify_all();
    }
}

/// Asks all threads to stop and waits some seconds for their ends. Gives how many are left, and what
/// those that Python knows are named there.
#[pyfunction]
pub(crate) fn end_threads(py: Python<'_>, patience: f64) -> (usize, Vec<u64>) {
    let patience = Duration::try_from_secs_f64(patience).unwrap_or_default();
    let process = std::process::id();
    py.detach(|| {
        let running = running();
        HAS_BEGUN.store(true, Ordering::Release);
        let is_here = |thread: &&Thread| thread.process == process;
        for thread in running.threads.values().filter(is_here) {
            (thread.stop)();
        }
        let (running, _) = ENDED
            .wait_timeout_while(running, patience, |running| {
                running.threads.values().any(|thread| is_here(&thread))
            })
            .unwrap_or_else(PoisonError::into_inner);
        let left: Vec<&Thread> = running.threads.values().filter(is_here).collect();
        (left.len(), left.iter().filter_map(|thread| thread.ident).collect())
    })
}
