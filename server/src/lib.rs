//! The record API over HTTP: a workspace served in the CRM's own wire format (contract.md).
//!
//! [`Server::bind`] takes the address, [`Server::run`] answers until it is told to stop.

mod activity;
mod allow;
mod answer;
mod blocking;
mod caller;
mod client;
mod connections;
mod documentation;
mod endpoints;
mod failure;
mod gate;
mod grouped;
mod history;
mod limits;
mod local;
mod metrics;
mod openapi;
mod page;
mod relationship;
mod request;
mod rights;
mod routes;
mod sub_resource;
mod surrogates;
mod tls;
mod twin;
mod unread;
mod watch;

use std::net::SocketAddr;
use std::sync::Arc;

use headwater::{Error, ErrorCode, Result, Workspace};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::Notify;

pub use limits::Limits;
pub use tls::TlsFiles;
pub use twin::{FaultPlan, TwinOptions};

use connections::{Connections, FAREWELL};
use gate::Gate;
use grouped::Grouped;
use twin::Twin;

/// Where and how a workspace is served.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// The address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Answers everyone without an API key; only for an address that other machines cannot reach.
    pub no_auth: bool,
    /// What clients may ask for.
    pub limits: Limits,
    /// Encrypts connections.
    pub tls: Option<TlsFiles>,
    /// Lets clients set the workspace back, and the server's faults and clock: a twin for tests.
    pub twin: Option<TwinOptions>,
}

impl ServeOptions {
    /// Serves an address, with keys and the limits that are usual, unencrypted.
    #[must_use]
    pub fn on(listen: SocketAddr) -> Self {
        Self { listen, no_auth: false, limits: Limits::default(), tls: None, twin: None }
    }
}

/// A workspace that is being served.
pub struct Server {
    runtime: Runtime,
    listener: TcpListener,
    address: SocketAddr,
    connections: Connections,
    stop: Arc<Notify>,
}

/// Tells a server to stop, from any thread.
#[derive(Clone)]
pub struct Stopper(Arc<Notify>);

impl Stopper {
    /// Answers what has been asked, then stops.
    pub fn stop(&self) {
        self.0.notify_one();
    }
}

impl Server {
    /// Takes the address; requests wait until [`Server::run`].
    ///
    /// # Errors
    /// `config_invalid` where the address cannot be had, or everyone who reaches it would be
    /// answered, or the files of a certificate are no use; `operation_not_supported` where keys are asked for and the workspace keeps none.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("crm.db");
    /// use headwater::{OpenOptions, open};
    /// use headwater_server::{ServeOptions, Server};
    /// let workspace = open(path.to_str().unwrap(), OpenOptions { create: true, ..Default::default() })?;
    /// let options = ServeOptions { no_auth: true, ..ServeOptions::on("127.0.0.1:0".parse().unwrap()) };
    /// let server = Server::bind(workspace.into(), &options)?;
    /// let (address, stopper) = (server.address(), server.stopper());
    /// let running = std::thread::spawn(move || server.run());
    /// let health = ureq::get(format!("http://{address}/api/v2/health")).call().unwrap();
    /// assert_eq!(health.status(), 200);
    /// stopper.stop();
    /// running.join().unwrap();
    /// # Ok::<(), headwater::Error>(())
    /// ```
    pub fn bind(workspace: Arc<dyn Workspace>, options: &ServeOptions) -> Result<Self> {
        check_access(options)?;
        if !options.no_auth {
            workspace.api_keys()?;
        }
        let tls = options.tls.as_ref().map(TlsFiles::acceptor).transpose()?;
        let failed = |cause: std::io::Error| {
            let listen = options.listen;
            Error::new(ErrorCode::ConfigInvalid, format!("cannot listen on {listen}: {cause}"))
                .at_field("listen")
                .hint("choose another port, or port 0 for a free one")
                .because(cause)
        };
        let runtime =
            tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(failed)?;
        let listener = runtime.block_on(TcpListener::bind(options.listen)).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let twin = options.twin.as_ref().map(|twin| Twin::new(Arc::clone(&workspace), twin));
        let twin = twin.transpose()?.map(Arc::new);
        let workspace: Arc<dyn Workspace> = Arc::new(Grouped::new(workspace)?);
        let limits = options.limits;
        let gate = Gate::new(Arc::clone(&workspace), !options.no_auth, limits);
        let connections = Connections {
            router: routes::router(workspace, gate, twin, limits),
            tls,
            at_once: limits.connections,
            request_time: limits.request_time,
        };
        Ok(Self { runtime, listener, address, connections, stop: Arc::default() })
    }

    /// Where it listens, with the port that was taken.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What stops it.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper(Arc::clone(&self.stop))
    }

    /// Answers requests until it is told to stop, then those that were under way.
    pub fn run(self) {
        let Self { runtime, listener, connections, stop, .. } = self;
        runtime.block_on(connections.serve(listener, stop));
        // Work whose client has gone must not keep the server either.
        runtime.shutdown_timeout(FAREWELL);
    }
}

/// Without keys whoever reaches the address may read and write everything: that must stay here.
fn check_access(options: &ServeOptions) -> Result<()> {
    if options.no_auth && !options.listen.ip().is_loopback() {
        let what = format!("without API keys {} would be open to other machines", options.listen);
        return Err(Error::new(ErrorCode::ConfigInvalid, what)
            .at_field("no_auth")
            .hint("listen on 127.0.0.1, or leave --no-auth out and make keys"));
    }
    Ok(())
}
