//! Core's `Stream` over a stream of a loaded connector.

use headwater::source::{Batch, Control, Stream};
use headwater::{Error, ErrorCode, Result};

use crate::state::State;
use crate::watchdog::Worker;

/// The one stream that a source has open.
pub(crate) struct OpenStream<'source> {
    worker: &'source mut Worker<State>,
    is_done: bool,
    failure: Option<(ErrorCode, String)>,
}

impl<'source> OpenStream<'source> {
    pub(crate) fn new(worker: &'source mut Worker<State>) -> Self {
        Self { worker, is_done: false, failure: None }
    }
}

impl Stream for OpenStream<'_> {
    fn next(&mut self, control: &Control) -> Result<Option<Batch>> {
        if let Some((code, why)) = &self.failure {
            return Err(Error::new(
                *code,
                format!("the stream is dead since an earlier call failed: {why}"),
            )
            .hint("read the stream again from the last checkpoint"));
        }
        if self.is_done {
            return Ok(None);
        }
        let outcome = self.worker.call("next", Some(control), State::next);
        match &outcome {
            Ok(batch) => self.is_done = batch.is_none(),
            Err(error) => self.failure = Some((error.code(), error.message().to_owned())),
        }
        outcome
    }
}

impl Drop for OpenStream<'_> {
    fn drop(&mut self) {
        self.worker.free("close_stream", State::close_stream);
    }
}
