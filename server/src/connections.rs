//! Connections: accepted, bounded, perhaps encrypted, and ended well.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;

use crate::twin::Cut;

/// How long the answers to what has been asked may take once the server is to stop.
pub(crate) const FAREWELL: Duration = Duration::from_secs(30);
/// How long to wait where the system gives no further connection, for want of file handles.
const PAUSE: Duration = Duration::from_millis(200);

/// What serves connections.
#[derive(Clone)]
pub(crate) struct Connections {
    pub(crate) router: Router,
    pub(crate) tls: Option<TlsAcceptor>,
    pub(crate) at_once: usize,
    pub(crate) request_time: Duration,
}

impl Connections {
    /// Serves what arrives until it is told to stop, then answers what has been asked.
    pub(crate) async fn serve(self, listener: TcpListener, stop: Arc<Notify>) {
        let graceful = GracefulShutdown::new();
        let places = Arc::new(Semaphore::new(self.at_once));
        let mut stopped = std::pin::pin!(stop.notified());
        loop {
            let accepted = async {
                let place = Arc::clone(&places).acquire_owned().await;
                (place, accept(&listener).await)
            };
            let (place, stream) = tokio::select! {
                accepted = accepted => accepted,
                () = &mut stopped => break,
            };
            let (connections, watcher) = (self.clone(), graceful.watcher());
            tokio::spawn(async move {
                connections.serve_one(stream, watcher).await;
                drop(place);
            });
        }
        drop(listener);
        // A client that never reads its answer must not keep the server.
        let _ = timeout(FAREWELL, graceful.shutdown()).await;
    }

    async fn serve_one(self, stream: TcpStream, watcher: Watcher) {
        // Answers are written whole: nothing is gained by waiting for more.
        let _ = stream.set_nodelay(true);
        match &self.tls {
            None => self.answer(stream, watcher).await,
            Some(tls) => {
                // Who does not come to terms, or not in time, is left without a word.
                if let Ok(Ok(stream)) = timeout(self.request_time, tls.accept(stream)).await {
                    self.answer(stream, watcher).await;
                }
            }
        }
    }

    async fn answer<I>(&self, stream: I, watcher: Watcher)
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut stream = TimeoutStream::new(stream);
        // A client that never reads its answer would hold its connection for ever.
        stream.set_write_timeout(Some(self.request_time));
        let stream = Box::pin(stream);
        let router = TowerToHyperService::new(self.router.clone());
        // An error in place of an answer is what ends a connection without one.
        let service = service_fn(move |request: Request<Incoming>| {
            let answer = router.call(request);
            async move {
                let Ok(response) = answer.await;
                match response.extensions().get::<Cut>().copied() {
                    Some(cut) => Err(cut),
                    None => Ok(response),
                }
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.request_time)
            .serve_connection(TokioIo::new(stream), service);
        // What breaks a connection is its client's affair.
        let _ = watcher.watch(connection).await;
    }
}

/// The next connection.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(cause) if is_of_the_client(&cause) => {}
            Err(_) => sleep(PAUSE).await,
        }
    }
}

/// Whether a connection failed before it was accepted, which says nothing of the next.
fn is_of_the_client(cause: &io::Error) -> bool {
    matches!(
        cause.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}
