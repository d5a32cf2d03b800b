//! Runs a connector on a thread of its own and gives up on a call that shows no sign of life.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use headwater::source::{Control, LogLevel};
use headwater::{Error, ErrorCode, Result};

use crate::call::{CallContext, Signals};

/// How long a connector may show no sign of life, unless the caller says otherwise.
pub(crate) const DEFAULT_PATIENCE: Duration = Duration::from_secs(60);
/// How long it may take to obey a cancel, or to free a stream or a source.
const STOP_PATIENCE: Duration = Duration::from_secs(5);
/// How often the waiting side looks at the control; small beside a person's patience.
const TICK: Duration = Duration::from_millis(20);
/// Log lines in flight; a connector that logs faster than the host writes has to wait.
const LOG_QUEUE: usize = 256;

type Job<S> = Box<dyn FnOnce(&mut S, &CallContext) + Send>;

enum Event<T> {
    Log(LogLevel, String),
    Done(Result<T>),
}

/// A thread that owns `S`, which never leaves it.
pub(crate) struct Worker<S> {
    jobs: Option<Sender<Job<S>>>,
    signals: Arc<Signals>,
    patience: Duration,
    /// Why the thread was given up.
    lost: Option<(ErrorCode, String)>,
}

impl<S: 'static> Worker<S> {
    /// Starts the thread; `make` runs on it.
    ///
    /// # Errors
    /// `internal_error` if the system gives no thread.
    pub(crate) fn spawn(
        name: &str,
        patience: Duration,
        make: impl FnOnce() -> S + Send + 'static,
    ) -> Result<Self> {
        let (jobs, queue) = mpsc::channel::<Job<S>>();
        let signals = Signals::new();
        let context = CallContext::new(Arc::clone(&signals));
        std::thread::Builder::new()
            .name(format!("connector {name}"))
            // What a main thread has: connectors may use libraries that count on it.
            .stack_size(8 << 20)
            .spawn(move || {
                // The context stays in this frame while the connector can know its address.
                let context = context;
                let mut state = make();
                while let Ok(job) = queue.recv() {
                    job(&mut state, &context);
                }
            })
            .map_err(|error| {
                Error::new(ErrorCode::Internal, "the system gives no thread for the connector")
                    .hint("raise the limit on processes and threads, or close other sources")
                    .because(error)
            })?;
        Ok(Self { jobs: Some(jobs), signals, patience, lost: None })
    }

    /// Runs `body` on the thread and waits for its result.
    ///
    /// # Errors
    /// What `body` returns; `cancelled` once the control says so; `timeout` after too long
    /// without a sign of life, and ever after.
    pub(crate) fn call<T: Send + 'static>(
        &mut self,
        function: &'static str,
        control: Option<&Control>,
        body: impl FnOnce(&mut S, &CallContext) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        if control.is_some_and(Control::is_cancelled) {
            return Err(cancelled("the read was cancelled"));
        }
        self.run(function, control, self.patience, body)
    }

    /// As [`Worker::call`], for the functions that free: it waits a few seconds at most.
    pub(crate) fn free(
        &mut self,
        function: &'static str,
        body: impl FnOnce(&mut S) + Send + 'static,
    ) {
        let patience = self.patience.min(STOP_PATIENCE);
        // Nobody is there to be told; the worker remembers that its thread is lost.
        let _ = self.run(function, None, patience, |state, _| {
            body(state);
            Ok(())
        });
    }

    fn run<T: Send + 'static>(
        &mut self,
        function: &'static str,
        control: Option<&Control>,
        patience: Duration,
        body: impl FnOnce(&mut S, &CallContext) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        if let Some((code, why)) = &self.lost {
            let message = format!("the source was given up: {why}");
            return Err(Error::new(*code, message).hint("open the source again"));
        }
        let (sender, events) = mpsc::sync_channel::<Event<T>>(LOG_QUEUE);
        let log = sender.clone();
        let job: Job<S> = Box::new(move |state, context| {
            // A send fails once nobody waits any more; there is nothing left to do then.
            context.begin(Box::new(move |level, line| {
                let _ = log.send(Event::Log(level, line));
            }));
            let result = body(state, context);
            context.end();
            let _ = sender.send(Event::Done(result));
        });
        self.signals.begin();
        let is_sent = self.jobs.as_ref().is_some_and(|jobs| jobs.send(job).is_ok());
        if !is_sent {
            return Err(self.lose(gone(function)));
        }
        let mut cancelled_at: Option<Instant> = None;
        loop {
            match events.recv_timeout(TICK) {
                Ok(Event::Done(result)) => return under(control, result),
                Ok(Event::Log(level, line)) => {
                    if let Some(control) = control {
                        control.log(level, &line);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return Err(self.lose(gone(function))),
                Err(RecvTimeoutError::Timeout) => {}
            }
            // Also after a log line: a connector that only ever logs is no more to be waited for.
            if control.is_some_and(Control::is_cancelled) {
                self.signals.cancel();
                let since = cancelled_at.get_or_insert_with(Instant::now).elapsed();
                if since > patience.min(STOP_PATIENCE) {
                    return Err(self.lose(deaf(function, since)));
                }
            } else if self.signals.quiet_for() > patience {
                return Err(self.lose(hung(function, patience)));
            }
        }
    }

    /// Gives the thread up: it is not waited for, and it frees what it holds if it ever returns.
    fn lose(&mut self, error: Error) -> Error {
        self.jobs = None;
        self.lost = Some((error.code(), error.message().to_owned()));
        error
    }
}

/// A result that arrives after a cancel is not used: what it covers is read again on resume.
fn under<T>(control: Option<&Control>, result: Result<T>) -> Result<T> {
    if !control.is_some_and(Control::is_cancelled) {
        return result;
    }
    let stopped = cancelled("the read was cancelled");
    Err(match result {
        Err(error) if error.code() != ErrorCode::Cancelled => stopped.because(error),
        _ => stopped,
    })
}

fn cancelled(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::Cancelled, message)
}

fn deaf(function: &str, since: Duration) -> Error {
    cancelled(format!(
        "the read was cancelled; the connector's `{function}` did not stop within {:.1} s and was left behind",
        since.as_secs_f64()
    ))
    .hint("run again to resume; for the connector's authors: poll call->cancelled at least every 100 ms")
}

fn hung(function: &str, patience: Duration) -> Error {
    Error::new(
        ErrorCode::Timeout,
        format!(
            "the connector's `{function}` showed no sign of life for {:.1} s and was left behind",
            patience.as_secs_f64()
        ),
    )
    .hint(
        "run again to resume, or allow more time if the source is slow; for the connector's \
         authors: poll call->cancelled at least every 100 ms while waiting",
    )
}

fn gone(function: &str) -> Error {
    Error::new(ErrorCode::Internal, format!("the connector's thread ended during `{function}`"))
}
