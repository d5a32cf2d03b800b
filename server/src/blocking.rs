//! Work that waits for the disk, beside the threads that serve connections.

use headwater::{Error, ErrorCode, Result};

/// Does the work and gives its result.
///
/// # Errors
/// What the work gives; `internal_error` where it panicked: the next request finds everything as
/// it was.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let worked = tokio::task::spawn_blocking(work).await;
    worked.unwrap_or_else(|_| Err(Error::new(ErrorCode::Internal, "a request panicked")))
}
