//! Bodies that nobody read: taken in, before the refusal that made them useless is sent.
//!
//! A connection that is closed while its client still sends is reset, and the answer lost with it.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::oneshot::{Sender, channel};
use tokio::time::timeout;

/// How much of a body is taken in.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// How long its client may take to send it.
const PATIENCE: Duration = Duration::from_secs(1);

/// Answers once the body has been taken in, or says that the connection ends with the answer.
pub(crate) async fn take_in(request: Request, next: Next) -> Response {
    // Who asks first whether to send a body at all need not.
    let waits = request.headers().contains_key(header::EXPECT);
    let (sender, mut back) = channel();
    let request = request.map(|body| Body::new(Lent { body, back: Some(sender) }));
    let mut response = next.run(request).await;
    let is_read = match back.try_recv() {
        Ok(body) if body.is_end_stream() => true,
        Ok(_) if waits => false,
        Ok(body) => timeout(PATIENCE, discard(body)).await.unwrap_or(false),
        Err(_) => true,
    };
    if !is_read {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Reads a body to its end; `false` where there is too much of it.
async fn discard(mut body: Body) -> bool {
    let mut left = MOST_BYTES;
    while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let Ok(frame) = frame else { return false };
        let length = frame.into_data().map_or(0, |data| data.len());
        match left.checked_sub(length.max(1)) {
            Some(less) => left = less,
            None => return false,
        }
    }
    true
}

/// A body that comes back, as far as it was read, when its reader has done with it.
struct Lent {
    body: Body,
    back: Option<Sender<Body>>,
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(back) = self.back.take() {
            // Where the connection has gone nobody waits for it.
            let _ = back.send(std::mem::take(&mut self.body));
        }
    }
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        HttpBody::size_hint(&self.body)
    }
}
