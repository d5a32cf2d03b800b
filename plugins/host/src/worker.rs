//! The thread of a source: calls are sent to it and waited for, never longer than patience allows.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use headwater::source::Control;
use headwater::{Error, ErrorCode, Result};

use crate::call::Shared;

/// How long a cancelled or closing connector is waited for, at most.
const GRACE: Duration = Duration::from_secs(5);
/// How often a wait looks at the wish to stop and at the log.
const TICK: Duration = Duration::from_millis(20);

type Work<S> = Box<dyn FnOnce(&mut Option<S>, &Shared) + Send>;

/// A thread that owns a state of type `S`, which never leaves it.
pub(crate) struct Worker<S> {
    shared: Arc<Shared>,
    patience: Duration,
    work: Option<Sender<Work<S>>>,
    ended: Receiver<()>,
    is_dead: bool,
}

impl<S: 'static> Worker<S> {
    pub(crate) fn start(patience: Duration) -> Result<Self> {
        let shared = Arc::new(Shared::new());
        let (work, received) = channel::<Work<S>>();
        let (ending, ended) = sync_channel(1);
        let for_thread = Arc::clone(&shared);
        thread::Builder::new()
            .name("headwater-connector".to_owned())
            .spawn(move || {
                let mut state = None;
                while let Ok(work) = received.recv() {
                    work(&mut state, &for_thread);
                }
                drop(state);
                // Nobody waits any more where this cannot be sent.
                let _ = ending.send(());
            })
            .map_err(|cause| {
                Error::new(ErrorCode::Internal, format!("cannot start a thread: {cause}"))
                    .because(cause)
            })?;
        Ok(Self { shared, patience, work: Some(work), ended, is_dead: false })
    }

    /// Runs `body` on the thread and waits for it.
    ///
    /// # Errors
    /// What `body` returns; `timeout` if the connector shows no sign of life for too long,
    /// `cancelled` if it does not stop when asked to; then the thread is given up.
    pub(crate) fn call<R: Send + 'static>(
        &mut self,
        function: &'static str,
        control: &Control,
        body: impl FnOnce(&mut Option<S>, &Shared) -> Result<R> + Send + 'static,
    ) -> Result<R> {
        if self.is_dead {
            return Err(Error::new(
                ErrorCode::ConnectorMisbehaved,
                "the connector failed to answer earlier and is not called again",
            ));
        }
        let (answer, answered) = sync_channel(1);
        let work: Work<S> = Box::new(move |state, shared| {
            // The caller may have given up.
            let _ = answer.send(body(state, shared));
        });
        self.shared.sign_of_life();
        self.shared.cancelled.store(control.is_cancelled(), Ordering::Release);
        let sent = self.work.as_ref().is_some_and(|sender| sender.send(work).is_ok());
        let mut cancelled_at = None;
        while sent {
            match answered.recv_timeout(TICK) {
                Ok(result) => {
                    self.pass_log(control);
                    return result;
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {}
            }
            self.pass_log(control);
            if control.is_cancelled() {
                self.shared.cancelled.store(true, Ordering::Release);
                let since = *cancelled_at.get_or_insert_with(Instant::now);
                if since.elapsed() >= GRACE.min(self.patience) {
                    self.is_dead = true;
                    return Err(Error::new(
                        ErrorCode::Cancelled,
                        format!("`{function}` did not stop when it was asked to and was given up"),
                    ));
                }
            } else if self.shared.silence() >= self.patience {
                self.is_dead = true;
                return Err(Error::new(
                    ErrorCode::Timeout,
                    format!("`{function}` gave no sign of life for {:?}", self.patience),
                )
                .hint("the connector must poll for cancellation while it works; report it to its authors"));
            }
        }
        self.is_dead = true;
        Err(Error::new(ErrorCode::ConnectorPanicked, format!("the thread of `{function}` ended")))
    }

    fn pass_log(&self, control: &Control) {
        for (level, message) in self.shared.take_log() {
            control.log(level, &message);
        }
    }
}

impl<S> Drop for Worker<S> {
    fn drop(&mut self) {
        self.shared.cancelled.store(true, Ordering::Release);
        self.work = None;
        if !self.is_dead {
            // A connector that hangs in its close function keeps its thread, not ours.
            let _ = self.ended.recv_timeout(GRACE.min(self.patience));
        }
    }
}
