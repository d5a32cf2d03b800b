//! Core's source and stream over the thread of a session.

use headwater::source::{Batch, Control, ReadRequest, Source, Stream, StreamDescription};
use headwater::{Error, ErrorCode, Result};

use crate::call::Shared;
use crate::session::Session;
use crate::worker::Worker;

/// A source that a connector library opened.
pub(crate) struct HostSource {
    worker: Worker<Session>,
}

impl HostSource {
    pub(crate) fn new(worker: Worker<Session>) -> Self {
        Self { worker }
    }
}

fn with_session<R>(
    session: &mut Option<Session>,
    body: impl FnOnce(&mut Session) -> Result<R>,
) -> Result<R> {
    match session {
        Some(session) => body(session),
        None => Err(Error::new(ErrorCode::Internal, "the source is not open")),
    }
}

impl Source for HostSource {
    fn check(&mut self, control: &Control) -> Result<Vec<StreamDescription>> {
        self.worker.call("check", control, |session, shared: &Shared| {
            with_session(session, |session| session.check(shared))
        })
    }

    fn read(&mut self, control: &Control, request: &ReadRequest) -> Result<Box<dyn Stream + '_>> {
        let request = request.clone();
        self.worker.call("read", control, move |session, shared: &Shared| {
            with_session(session, |session| session.read(shared, &request))
        })?;
        Ok(Box::new(HostStream { worker: &mut self.worker, state: State::Open }))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Ended,
    Failed,
}

/// A stream of a source; closed when it is dropped.
struct HostStream<'a> {
    worker: &'a mut Worker<Session>,
    state: State,
}

impl Stream for HostStream<'_> {
    fn next(&mut self, control: &Control) -> Result<Option<Batch>> {
        match self.state {
            State::Open => {}
            State::Ended => return Ok(None),
            State::Failed => {
                return Err(Error::new(
                    ErrorCode::ConnectorMisbehaved,
                    "the stream failed earlier and cannot be read any further",
                ));
            }
        }
        if control.is_cancelled() {
            self.state = State::Failed;
            return Err(Error::new(ErrorCode::Cancelled, "the read was cancelled"));
        }
        let next = self.worker.call("next", control, |session, shared: &Shared| {
            with_session(session, |session| session.next(shared))
        });
        self.state = match &next {
            Ok(Some(_)) => State::Open,
            Ok(None) => State::Ended,
            Err(_) => State::Failed,
        };
        next
    }
}

impl Drop for HostStream<'_> {
    fn drop(&mut self) {
        // A failure to close has no one left to tell; the worker knows if it hangs.
        let _ = self.worker.call("close_stream", &Control::default(), |session, _| {
            with_session(session, |session| {
                session.close_stream();
                Ok(())
            })
        });
    }
}
