//! A source that says it was cancelled, though nobody asked it to stop: that is a failure, no stop.

use crate::error::{Error, ErrorCode, Result};
use crate::source::{Batch, Control, ReadRequest, Source, Stream};

/// A stream whose every end as cancelled was asked for.
pub(super) struct Asked<'a>(Box<dyn Stream + 'a>);

/// Begins to read a stream. The error may show secrets, as those of the stream may.
pub(super) fn read<'a>(
    source: &'a mut dyn Source,
    control: &Control,
    request: &ReadRequest,
) -> Result<Asked<'a>> {
    source.read(control, request).map(Asked).map_err(|error| unless_asked(error, control))
}

impl Stream for Asked<'_> {
    fn next(&mut self, control: &Control) -> Result<Option<Batch>> {
        self.0.next(control).map_err(|error| unless_asked(error, control))
    }
}

/// Turns the error of a source that stopped of its own accord into what it is.
pub(super) fn unless_asked(error: Error, control: &Control) -> Error {
    if error.code() != ErrorCode::Cancelled || control.is_cancelled() {
        return error;
    }
    let what = "the connector says that it was cancelled, though nobody asked it to stop";
    Error::new(ErrorCode::ConnectorMisbehaved, format!("{what}: {}", error.message()))
        .hint("for the connector's authors: fail as cancelled only where call->cancelled says so")
        .because(error)
}
