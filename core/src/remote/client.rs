//! The HTTP client: one request becomes as many attempts as the error table, the patience and the
//! pace allow. Its runtime is its own, so that whoever calls needs none, and may have one.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use reqwest::Response;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, LOCATION};
use reqwest::redirect::Policy;
use serde_json::Value as Json;
use tokio::runtime::Runtime;
use url::Url;
use uuid::Uuid;

use crate::error::{Error, ErrorCode, Result, Retry};
use crate::source::Control;
use crate::value::Timestamp;

use super::brief::Brief;
use super::failure::{self, Failure};
use super::governor::{Denial, Governor, Ticket};
use super::key::ApiKey;
use super::options::{RemoteOptions, address, check, is_here};
use super::pace::Ended;
use super::request::{Answer, Effect, Request};
use super::stop::Stop;
use super::waits;

/// The time to make a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The wait for the answer to a request that cannot be sent again unseen.
const LONG_PATIENCE: Duration = Duration::from_secs(60);
/// The wait for the answer to a write: an attempt that is given up may still be done later, over
/// what was written since.
const WRITE_PATIENCE: Duration = Duration::from_secs(30);
/// How many times longer than for one that fails the wait for a workspace is that asks for it.
const ASKED: u32 = 5;
/// Bytes of an answer that are read, at most.
const MAX_ANSWER: usize = 32 * 1024 * 1024;
/// Attempts to reach a workspace that has never answered: the URL may be wrong.
const FIRST_ATTEMPTS: u32 = 3;

/// How often a control is asked whether to go on.
const CONTROL_INTERVAL: Duration = Duration::from_millis(100);

/// A client of one workspace.
pub(super) struct Client {
    runtime: Option<Runtime>,
    exchange: Exchange,
}

/// What sends the requests of a batch, or of a single call; its clones send to one workspace.
#[derive(Clone)]
pub(super) struct Exchange {
    shared: Arc<Shared>,
    stop: Stop,
}

/// What all tasks share.
struct Shared {
    http: reqwest::Client,
    address: Url,
    key: Option<ApiKey>,
    authorization: Option<HeaderValue>,
    governor: Governor,
    patience: Duration,
    /// How often it has answered, with whatever but a fault of its own.
    answered: AtomicU64,
    /// By how much its clock is ahead of the one here, in microseconds.
    ahead: AtomicI64,
    /// Whose records it has shown.
    organization: OnceLock<Uuid>,
    /// Whose records the ledger knows.
    owner: OnceLock<Uuid>,
}

impl Client {
    pub(super) fn new(url: &str, options: &RemoteOptions) -> Result<Self> {
        let cannot = |what: &str| Error::new(ErrorCode::Internal, format!("cannot {what}"));
        let address = address(url)?;
        check(&address, options)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("headwater-remote")
            .enable_all()
            .build()
            .map_err(|cause| cannot("start the threads of the HTTP client").because(cause))?;
        let mut http = reqwest::Client::builder();
        if is_here(&address) {
            // A proxy of the environment is elsewhere: it could not reach the workspace, and would
            // read the key, which goes over plain http here.
            http = http.no_proxy();
        }
        let http = http
            .tls_backend_preconfigured(tls()?)
            .redirect(Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_max_idle_per_host(options.concurrency)
            .tcp_nodelay(true)
            .user_agent(concat!("headwater/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|cause| cannot("make an HTTP client").because(cause.without_url()))?;
        let authorization = options.api_key.as_ref().map(|key| {
            let mut value = HeaderValue::from_str(&key.bearer())
                .map_err(|_| Error::new(ErrorCode::ConfigInvalid, "the API key is no key"))?;
            value.set_sensitive(true);
            Ok(value)
        });
        let shared = Shared {
            http,
            address,
            key: options.api_key.clone(),
            authorization: authorization.transpose()?,
            governor: Governor::new(options.concurrency, options.requests_per_second),
            patience: options.patience,
            answered: AtomicU64::new(0),
            ahead: AtomicI64::new(0),
            organization: OnceLock::new(),
            owner: OnceLock::new(),
        };
        let exchange = Exchange { shared: Arc::new(shared), stop: Stop::default() };
        Ok(Self { runtime: Some(runtime), exchange })
    }

    pub(super) fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// Sends a request and waits for its answer.
    pub(super) fn send(&self, request: Request) -> Result<Answer> {
        let exchange = self.exchange.clone();
        let answered = self.wait(async move { exchange.send(&request).await }, &mut || {})?;
        answered.map_err(|failure| failure.error)
    }

    /// The same; the control ends its waits.
    pub(super) fn send_while(&self, control: &Control, request: Request) -> Result<Answer> {
        let sent =
            self.wait_for_batch(control, |exchange| async move { exchange.send(&request).await })?;
        sent.map_err(|failure| failure.error)
    }

    /// Waits for what a batch sends; the control stops it.
    pub(super) fn wait_for_batch<T: Send + 'static, Work: Future<Output = T> + Send + 'static>(
        &self,
        control: &Control,
        work: impl FnOnce(Exchange) -> Work,
    ) -> Result<T> {
        let stop = Stop::default();
        let mut look = || {
            if control.is_cancelled() {
                stop.set();
            }
        };
        look();
        let exchange = Exchange { shared: Arc::clone(&self.exchange.shared), stop: stop.clone() };
        self.wait(work(exchange), &mut look)
    }

    /// Waits for work of the runtime, with looks at something else; on any thread, one of another
    /// runtime too.
    fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
        look: &mut dyn FnMut(),
    ) -> Result<T> {
        let lost = || Error::new(ErrorCode::Internal, "the HTTP client ended early");
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        let runtime = self.runtime.as_ref().ok_or_else(lost)?;
        runtime.spawn(async move {
            let done = work.await;
            // Nobody listens where the caller has gone.
            let _ = sender.send(done);
        });
        loop {
            match receiver.recv_timeout(CONTROL_INTERVAL) {
                Err(RecvTimeoutError::Timeout) => look(),
                received => return received.map_err(|_| lost()),
            }
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Waiting here would be refused on a thread of another runtime.
            runtime.shutdown_background();
        }
    }
}

impl Exchange {
    pub(super) fn governor(&self) -> &Governor {
        &self.shared.governor
    }

    /// How often the workspace has answered.
    pub(super) fn answered(&self) -> u64 {
        self.shared.answered.load(Ordering::Relaxed)
    }

    /// The time by the workspace's clock, as far as its answers tell.
    pub(super) fn time(&self) -> Timestamp {
        Timestamp(Timestamp::now().0.saturating_add(self.shared.ahead.load(Ordering::Relaxed)))
    }

    /// Notes whose record it has shown.
    pub(super) fn note_organization(&self, organization: Uuid) {
        if !organization.is_nil() {
            let _ = self.shared.organization.set(organization);
        }
    }

    /// Takes in whose records the ledger knows.
    pub(super) fn expect_organization(&self, owner: Uuid) {
        let _ = self.shared.owner.set(owner);
    }

    /// Whether it has shown records of another organisation than the ledger knows.
    pub(super) fn is_anothers(&self) -> bool {
        let shown = self.shared.organization.get().zip(self.shared.owner.get());
        shown.is_some_and(|(shown, owner)| shown != owner)
    }

    /// What ends the batch that these requests are of.
    pub(super) fn stop(&self) -> &Stop {
        &self.stop
    }

    /// Whose records it has shown.
    pub(super) fn organization(&self) -> Option<Uuid> {
        self.shared.organization.get().copied()
    }

    /// The address, which holds no secret.
    pub(super) fn address(&self) -> &Url {
        &self.shared.address
    }

    /// Sends a request until it is answered for good.
    pub(super) async fn send(&self, request: &Request) -> Result<Answer, Failure> {
        // Of attempts and waits: the time in the queue says nothing of the workspace.
        let (mut spent, mut asked) = (Duration::ZERO, Duration::ZERO);
        let (mut may_be_done, mut may_be_late) = (false, false);
        let patience_asked = self.shared.patience.saturating_mul(ASKED);
        let mut attempt = 0;
        loop {
            let admitted = self.shared.governor.admit(patience_asked, &self.stop).await;
            let ticket = admitted.map_err(|denial| {
                let failure = match denial {
                    Denial::Late(wait) => failure::exhausted(wait),
                    Denial::Stopped => failure::stopped(),
                };
                Failure { may_be_done, ..failure }
            })?;
            let begun = Instant::now();
            let failure = match self.attempt(request, attempt, ticket).await {
                Ok(answer) => {
                    return Ok(Answer { may_be_late, ..answer });
                }
                Err(failure) => failure,
            };
            may_be_done |= failure.may_be_done;
            may_be_late |= failure.error.code() == ErrorCode::Timeout;
            attempt += 1;
            let mut wait = waits::backoff(attempt);
            spent += begun.elapsed();
            if let Retry::After(told) = failure.error.retry() {
                wait = wait.max(told);
                asked += wait;
            } else {
                spent += wait;
            }
            let is_wrong_url =
                failure.is_unreached && attempt >= FIRST_ATTEMPTS && self.answered() == 0;
            let is_unseen = failure.may_be_done && request.effect == Effect::Once;
            let is_late = spent > self.shared.patience || asked > patience_asked;
            if !failure.is_passing() || is_wrong_url || is_unseen || is_late {
                return Err(Failure { may_be_done, ..failure });
            }
            // The pace knows of the wait that a refusal asked for, and all wait then.
            if failure.error.code() != ErrorCode::RateLimited {
                self.stop.sleep(wait).await;
            }
        }
    }

    async fn attempt(
        &self,
        request: &Request,
        attempt: u32,
        ticket: Ticket<'_>,
    ) -> Result<Answer, Failure> {
        let patience = match request.effect {
            Effect::Repeatable => {
                let least = if request.is_read() { Duration::ZERO } else { WRITE_PATIENCE };
                self.shared.governor.patience().saturating_mul(1 << attempt.min(5)).max(least)
            }
            Effect::Once => LONG_PATIENCE,
        };
        let patience = patience.min(LONG_PATIENCE);
        let answered = tokio::time::timeout(patience, self.once(request)).await;
        let answered = answered.unwrap_or_else(|_| Err(failure::late(patience)));
        ticket.finish(match &answered {
            Ok(_) => Ended::Answered,
            Err(failure) if failure.error.code() == ErrorCode::RateLimited => {
                Ended::Refused(match failure.error.retry() {
                    Retry::After(wait) => Some(wait),
                    _ => None,
                })
            }
            Err(failure) if failure.may_be_done || failure.is_unreached => Ended::Failed,
            Err(_) => Ended::Answered,
        });
        answered.map_err(|failure| self.hide_key(failure))
    }

    /// Sends a request once.
    async fn once(&self, request: &Request) -> Result<Answer, Failure> {
        let mut url = self.shared.address.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(&request.path);
        }
        for (name, value) in &request.parameters {
            url.query_pairs_mut().append_pair(name, value);
        }
        let mut built = self.shared.http.request(request.method.clone(), url);
        if let Some(authorization) = &self.shared.authorization {
            built = built.header(AUTHORIZATION, authorization.clone());
        }
        if let Some(body) = &request.body {
            built = built.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        let response = built.send().await.map_err(failure::disconnected)?;
        if !response.status().is_server_error() {
            self.shared.answered.fetch_add(1, Ordering::Relaxed);
        }
        self.read(response, request.brief.as_ref()).await
    }

    async fn read(&self, mut response: Response, brief: Option<&Brief>) -> Result<Answer, Failure> {
        let status = response.status();
        let header = |name| {
            let value = response.headers().get(name)?;
            value.to_str().ok().map(str::to_owned)
        };
        let (content_type, location) = (header(CONTENT_TYPE), header(LOCATION));
        let wait = waits::retry_after(response.headers());
        if let Some(ahead) = waits::clock(response.headers()) {
            self.shared.ahead.store(ahead, Ordering::Relaxed);
        }
        // A refusal slows down, too, where it is taken in.
        if let Some(wait) = wait.filter(|_| status.is_server_error()) {
            self.shared.governor.pause(wait);
        }
        if let Some(left) = waits::left(response.headers()) {
            self.shared.governor.note_left(left);
        }
        if let Some(wait) = waits::until_reset(response.headers()) {
            self.shared.governor.pause(wait);
        }
        if status.is_redirection() {
            let location = location.map(|location| self.without_key(location));
            return Err(failure::redirect(status.as_u16(), location.as_deref()));
        }
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await.map_err(ended_early)? {
            if body.len() + part.len() > MAX_ANSWER {
                return Err(failure::too_large(MAX_ANSWER));
            }
            body.extend_from_slice(&part);
        }
        if !status.is_success() {
            // Before anything is read of it, so that no part of the key is left where texts are cut.
            let text = self.without_key(String::from_utf8_lossy(&body).into_owned());
            let parsed = match text.is_empty() {
                true => Some(Json::Null),
                false => serde_json::from_str(&text).ok(),
            };
            return Err(failure::refusal(status.as_u16(), parsed.as_ref(), wait));
        }
        let parsed = match brief {
            Some(brief) => brief.read(&body),
            None => serde_json::from_slice::<Json>(&body),
        };
        let body = match parsed {
            _ if body.is_empty() => Json::Null,
            Ok(body) => body,
            Err(cause) if cause.is_eof() && is_json(content_type.as_deref()) => {
                return Err(failure::truncated(cause));
            }
            Err(_) => return Err(failure::foreign(content_type.as_deref())),
        };
        Ok(Answer { status: status.as_u16(), body, may_be_late: false })
    }

    fn without_key(&self, text: String) -> String {
        match &self.shared.key {
            Some(key) => key.hide(&text),
            None => text,
        }
    }

    /// A server may quote the key that it was sent.
    fn hide_key(&self, failure: Failure) -> Failure {
        let Some(key) = &self.shared.key else { return failure };
        Failure { error: hidden(failure.error, key), ..failure }
    }
}

/// The error as it may be told: where it shows the key, without that and without its cause.
fn hidden(error: Error, key: &ApiKey) -> Error {
    match shows_nothing(&error, key) {
        true => error,
        false => error.map_texts(&|text| key.hide(text)),
    }
}

fn shows_nothing(error: &Error, key: &ApiKey) -> bool {
    let texts = [Some(error.message()), Some(error.remedy()), error.field(), error.record()];
    texts.into_iter().flatten().all(|text| key.hide(text) == text)
        && error.related().iter().all(|related| shows_nothing(related, key))
}

fn ended_early(cause: reqwest::Error) -> Failure {
    match cause.is_timeout() {
        true => failure::disconnected(cause),
        false => failure::truncated(cause.without_url()),
    }
}

fn is_json(content_type: Option<&str>) -> bool {
    content_type.is_none_or(|kind| kind.contains("json"))
}

/// TLS with the certificates that the system trusts, HTTP/2 where the other side speaks it.
fn tls() -> Result<rustls::ClientConfig> {
    use rustls_platform_verifier::BuilderVerifierExt;
    let cannot =
        |cause: rustls::Error| Error::new(ErrorCode::Internal, "cannot set up TLS").because(cause);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(cannot)?
        .with_platform_verifier()
        .map_err(cannot)?
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_without_the_key_keeps_all_its_parts() {
        let key = ApiKey::new("hw_hunter2").unwrap();
        let fault = |name: &str| {
            Error::new(ErrorCode::InvalidRequest, format!("{name} hw_hunter2"))
                .at_field("a")
                .on_record("r")
                .hint("not hw_hunter2")
        };
        let hidden = hidden(fault("one").with_related(vec![fault("two")]), &key);
        for error in [&hidden, &hidden.related()[0]] {
            assert!(!format!("{error:#}").contains("hunter2"), "{error:#}");
            assert_eq!((error.field(), error.record()), (Some("a"), Some("r")));
            assert!(error.remedy().starts_with("not "), "{error:#}");
        }
    }
}
