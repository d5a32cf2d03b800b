//! The client that waits for an answer: where it goes, the search for its answer ends.

use std::sync::Arc;

use headwater::source::Control;

/// Held while an answer is worked on. A client that goes ends its connection, and with that what is
/// held for it is dropped.
#[derive(Default)]
pub(crate) struct Client(Arc<Control>);

impl Client {
    /// What is cancelled where the client goes.
    pub(crate) fn control(&self) -> Arc<Control> {
        Arc::clone(&self.0)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
