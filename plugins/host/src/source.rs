//! Core's `Source` over a source of a loaded connector.

use headwater::Result;
use headwater::source::{Control, ReadRequest, Source, Stream, StreamDescription};

use crate::state::State;
use crate::stream::OpenStream;
use crate::watchdog::Worker;

/// A source on its own thread. Dropping it frees the connector's source within seconds, or leaves
/// the thread behind.
pub(crate) struct OpenSource {
    worker: Worker<State>,
}

impl OpenSource {
    pub(crate) fn new(worker: Worker<State>) -> Self {
        Self { worker }
    }
}

impl Source for OpenSource {
    fn check(&mut self, control: &Control) -> Result<Vec<StreamDescription>> {
        self.worker.call("check", Some(control), State::check)
    }

    fn read(&mut self, control: &Control, request: &ReadRequest) -> Result<Box<dyn Stream + '_>> {
        let request = request.clone();
        self.worker
            .call("read", Some(control), move |state, context| state.read(context, &request))?;
        Ok(Box::new(OpenStream::new(&mut self.worker)))
    }
}

impl Drop for OpenSource {
    fn drop(&mut self) {
        self.worker.free("close", State::close);
    }
}
