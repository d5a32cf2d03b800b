//! Who may pass: the API key of a request, and the permission that its route needs.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath, RawPathParams, Request, State};
use axum::http::{HeaderMap, Method, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use headwater::access::{ApiKey, Level, Permission};
use headwater::{Error, ErrorCode, Result, Retry, Workspace};

use crate::caller::actor;
use crate::failure::Failure;
use crate::limits::Limits;
use crate::watch::KeyId;

/// The other header that may hold a key (contract.md section 1).
const X_API_KEY: &str = "x-api-key";

/// The record type in the pattern of a route.
const RECORD_TYPE: &str = "{record_type}";

/// What lets requests pass.
pub(crate) struct Gate {
    workspace: Arc<dyn Workspace>,
    requires_keys: bool,
    /// By the id of the key, of which there are few.
    rate: Option<DefaultKeyedRateLimiter<String>>,
}

/// What a route asks of a key.
enum Need {
    /// That it is one.
    AnyKey,
    /// A right to the records of a type.
    Of(Permission),
    /// The scope `*`.
    Everything,
}

impl Gate {
    pub(crate) fn new(workspace: Arc<dyn Workspace>, requires_keys: bool, limits: Limits) -> Self {
        let rate =
            limits.requests_per_second.map(|rate| RateLimiter::keyed(Quota::per_second(rate)));
        Self { workspace, requires_keys, rate }
    }

    /// Lets a request through to its handler, or says why not, before its body is read.
    pub(crate) async fn pass(
        State(gate): State<Arc<Self>>,
        request: Request,
        next: Next,
    ) -> Result<Response, Failure> {
        if !gate.requires_keys {
            refuse_other_sites(request.headers())?;
            gate.count("")?;
            return Ok(next.run(request).await);
        }
        let key = gate.key_of(request.headers())?;
        let passed = gate.pass_with(&key, request, next).await;
        let mut response = passed.unwrap_or_else(IntoResponse::into_response);
        response.extensions_mut().insert(KeyId(key.id));
        Ok(response)
    }

    async fn pass_with(
        &self,
        key: &ApiKey,
        request: Request,
        next: Next,
    ) -> Result<Response, Failure> {
        self.count(&key.id)?;
        let (mut parts, body) = request.into_parts();
        let path = MatchedPath::from_request_parts(&mut parts, &()).await;
        let path = path.as_ref().map(MatchedPath::as_str).unwrap_or_default();
        let names = RawPathParams::from_request_parts(&mut parts, &())
            .await
            .map_err(|_| Error::new(ErrorCode::InvalidRequest, "the path is not UTF-8"))?;
        self.check(key, need(&parts.method, path, &names))?;
        parts.extensions.insert(key.clone());
        parts.extensions.insert(actor(key));
        Ok(next.run(Request::from_parts(parts, body)).await)
    }

    /// Whether a request may know what is this workspace's own: it brings a key, or needs none.
    ///
    /// # Errors
    /// `unauthorized` for a key that is no good.
    pub(crate) fn knows(&self, headers: &HeaderMap) -> Result<bool> {
        let brings = |name: &str| headers.contains_key(name);
        if !self.requires_keys {
            return Ok(true);
        }
        if !brings(header::AUTHORIZATION.as_str()) && !brings(X_API_KEY) {
            return Ok(false);
        }
        self.key_of(headers).map(|_| true)
    }

    fn key_of(&self, headers: &HeaderMap) -> Result<ApiKey> {
        // Looked up each time: a key that another program ends is refused at once. It takes a few
        // microseconds, less than handing it to another thread.
        self.workspace.api_keys()?.authenticate(given(headers)?)
    }

    /// Counts a request, and refuses it where its key has made too many.
    fn count(&self, key_id: &str) -> Result<()> {
        let Some(rate) = &self.rate else { return Ok(()) };
        rate.check_key(&key_id.to_owned()).map_err(|refused| {
            let wait = refused.wait_time_from(DefaultClock::default().now());
            let allowed = refused.quota().burst_size();
            let what = format!("more than {allowed} requests a second");
            Error::new(ErrorCode::RateLimited, what).retry_with(Retry::After(wait))
        })
    }

    fn check(&self, key: &ApiKey, need: Need) -> Result<(), Failure> {
        let missing = match need {
            Need::AnyKey => return Ok(()),
            Need::Everything if key.may_everything() => return Ok(()),
            Need::Everything => "*".to_owned(),
            Need::Of(permission) => {
                self.workspace.schema().record_type(&permission.record_type)?;
                if key.may(&permission) {
                    return Ok(());
                }
                permission.to_string()
            }
        };
        Err(Failure::forbidden(missing))
    }
}

/// The key that a request brings.
fn given(headers: &HeaderMap) -> Result<&str> {
    let refused = |what: &str| {
        Error::new(ErrorCode::Unauthorized, what)
            .hint("send the header `Authorization: Bearer KEY`, or `X-Api-Key: KEY`")
    };
    let authorization = headers.get(header::AUTHORIZATION);
    let bearer = authorization
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.trim().split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    match (bearer, headers.get(X_API_KEY), authorization) {
        (Some((_, key)), ..) => Ok(key.trim()),
        // Another scheme is for whoever stands before the server. What is no text is no key, as
        // the workspace will say.
        (None, Some(value), _) => Ok(value.to_str().unwrap_or_default().trim()),
        (None, None, Some(_)) => Err(refused("the Authorization header holds no Bearer key")),
        (None, None, None) => Err(refused("the request brings no API key")),
    }
}

/// Refuses what a page of another site asks for through a browser on this machine, where no key keeps
/// it out: a browser says whose page it is.
fn refuse_other_sites(headers: &HeaderMap) -> Result<()> {
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    let uri = origin.to_str().ok().and_then(|origin| origin.parse::<Uri>().ok());
    let host = uri.as_ref().and_then(Uri::host).unwrap_or_default();
    let is_here = host == "localhost"
        || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    if is_here {
        return Ok(());
    }
    Err(Error::new(ErrorCode::Forbidden, "a page of another site asks a server that needs no key")
        .hint("serve with API keys: leave out --no-auth"))
}

/// What a route needs. A route that is not known here needs everything, so that none is left open.
fn need(method: &Method, path: &str, names: &RawPathParams) -> Need {
    if matches!(
        path,
        "/api/v2/_schema/{record_type}"
            | "/api/local/key"
            | "/api/local/metrics"
            | "/api/local/pipelines"
    ) {
        return Need::AnyKey;
    }
    // Of the server's own endpoints, those of a record.
    let of_record = path.strip_prefix("/api/local/").filter(|path| path.starts_with(RECORD_TYPE));
    let Some(path) = path.strip_prefix("/api/v2/").or(of_record) else { return Need::Everything };
    let first = path.split('/').next().unwrap_or_default();
    let record_type = match first {
        RECORD_TYPE => names.iter().find(|(name, _)| *name == "record_type"),
        _ => None,
    };
    let reads = *method == Method::GET || *method == Method::HEAD || path.ends_with("/_query");
    Need::Of(Permission {
        record_type: record_type.map_or(first, |(_, value)| value).to_owned(),
        level: if reads { Level::Read } else { Level::Write },
    })
}
