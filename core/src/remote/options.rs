//! How a remote workspace is reached: its address, the key, the limits to keep, the ledger.

use std::path::PathBuf;
use std::time::Duration;

use url::{Host, Url};

use crate::error::{Error, ErrorCode, Result};

use super::key::ApiKey;

/// The variable that allows a key over plain HTTP to other machines.
const IN_CLEAR: &str = "HEADWATER_ALLOW_HTTP";

/// How a remote workspace is opened.
#[derive(Debug, Clone)]
pub struct RemoteOptions {
    /// The key that requests bring; `None` sends none.
    pub api_key: Option<ApiKey>,
    /// The file that remembers runs and what was delivered; `None` is a file in the present folder
    /// that is named after the host.
    pub ledger: Option<PathBuf>,
    /// Requests a second, at most, and no fewer than one in ten seconds; `None` leaves it to what the
    /// workspace answers.
    pub requests_per_second: Option<f64>,
    /// Requests at the same time, at most.
    pub concurrency: usize,
    /// How long a request is tried again where trying again may help.
    pub patience: Duration,
}

impl Default for RemoteOptions {
    fn default() -> Self {
        Self {
            api_key: None,
            ledger: None,
            requests_per_second: None,
            concurrency: 32,
            patience: Duration::from_secs(60),
        }
    }
}

impl RemoteOptions {
    /// With the key that the environment names, where it names one: see
    /// [`ApiKey::from_environment`].
    ///
    /// # Errors
    /// `config_invalid` for a key that cannot be read.
    pub fn from_environment() -> Result<Self> {
        Ok(Self { api_key: ApiKey::from_environment()?, ..Self::default() })
    }
}

/// Whether requests can be made at this rate: a slower one keeps each waiting for longer than any waits.
pub(crate) fn is_possible_rate(requests_per_second: f64) -> bool {
    requests_per_second.is_finite() && requests_per_second >= 0.1
}

/// Whether a workspace of this URL is a remote one.
#[must_use]
pub fn is_remote(url: &str) -> bool {
    let scheme = url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    scheme.is_some_and(|scheme| scheme == "http" || scheme == "https")
}

/// The name of the file that remembers what was delivered to this workspace, where no other is
/// given.
///
/// # Errors
/// `config_invalid` for what is no address of a remote workspace.
pub fn ledger_name(url: &str) -> Result<PathBuf> {
    address(url).map(|address| name_ledger(&address))
}

pub(super) fn name_ledger(address: &Url) -> PathBuf {
    let host = address.host_str().unwrap_or("remote").replace([':', '[', ']'], "_");
    let port = address.port().map_or(String::new(), |port| format!("-{port}"));
    PathBuf::from(format!("{host}{port}.ledger.db"))
}

/// The address of a record API.
///
/// # Errors
/// `config_invalid` for what is no address, and for one that holds a secret; it is not quoted.
pub(super) fn address(url: &str) -> Result<Url> {
    let wrong = |what: &str| {
        Error::new(ErrorCode::ConfigInvalid, format!("the workspace's URL {what}"))
            .at_field("workspace")
    };
    let mut parsed = Url::parse(url)
        .map_err(|_| wrong("cannot be read").hint("for example https://api.reevo.ai/api/v2"))?;
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(wrong("holds a user or a password")
            .hint("leave them out, and give the key as api_key or in HEADWATER_API_KEY"));
    }
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return Err(wrong("goes on after its path")
            .hint("end it with the path, and give the key as api_key or in HEADWATER_API_KEY"));
    }
    let path = parsed.path().trim_end_matches('/').to_owned();
    parsed.set_path(&path);
    Ok(parsed)
}

/// Whether a workspace can be asked in this way.
///
/// # Errors
/// `config_invalid` for a rate that is none, and for a key that everybody on the way could read.
pub(super) fn check(address: &Url, options: &RemoteOptions) -> Result<()> {
    if options.requests_per_second.is_some_and(|rate| !is_possible_rate(rate)) {
        let what = "requests_per_second is below 0.1, or no number";
        return Err(Error::new(ErrorCode::ConfigInvalid, what).at_field("requests_per_second"));
    }
    let is_safe = is_here(address) || address.scheme() != "http" || is_allowed_in_clear();
    if options.api_key.is_none() || is_safe {
        return Ok(());
    }
    let what = "the API key would be sent over http, where others can read it";
    Err(Error::new(ErrorCode::ConfigInvalid, what)
        .at_field("workspace")
        .hint(format!("give an https URL; {IN_CLEAR}=1 allows it all the same")))
}

/// Whether an address is this machine.
pub(super) fn is_here(address: &Url) -> bool {
    match address.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// Whoever runs it says that the network is trusted: no job does.
fn is_allowed_in_clear() -> bool {
    std::env::var_os(IN_CLEAR).is_some_and(|value| value == "1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_a_url_is_refused_and_not_quoted() {
        for url in [
            "https://user:hunter2@crm.example/api/v2",
            "https://hunter2@crm.example/api/v2",
            "https://crm.example/api/v2?key=hunter2",
            "https://crm.example/api/v2#hunter2",
            "https://hunter2 space/",
        ] {
            let refused = address(url).unwrap_err();
            assert_eq!(refused.code(), ErrorCode::ConfigInvalid, "{url}");
            assert!(!format!("{refused:#}").contains("hunter2"), "{refused:#}");
        }
    }

    #[test]
    fn a_key_is_not_sent_where_others_can_read_it() {
        let key = Some(ApiKey::new("hw_secret").unwrap());
        let options = RemoteOptions { api_key: key, ..RemoteOptions::default() };
        for url in
            ["https://crm.example/", "http://127.0.0.1:8080/", "http://[::1]/", "http://localhost/"]
        {
            check(&address(url).unwrap(), &options).unwrap();
        }
        for url in ["http://crm.example/", "http://10.0.0.1/"] {
            let address = address(url).unwrap();
            let refused = check(&address, &options).unwrap_err();
            assert_eq!(refused.code(), ErrorCode::ConfigInvalid, "{url}");
            check(&address, &RemoteOptions::default()).unwrap();
        }
    }

    #[test]
    fn a_rate_that_nobody_waits_for_is_refused() {
        let address = address("http://127.0.0.1/").unwrap();
        for rate in [1e-20, 0.0, -1.0, f64::NAN, f64::INFINITY] {
            let requests_per_second = Some(rate);
            let options = RemoteOptions { requests_per_second, ..RemoteOptions::default() };
            let refused = check(&address, &options).unwrap_err();
            assert_eq!(refused.field(), Some("requests_per_second"), "{rate}");
        }
    }

    #[test]
    fn the_slash_at_the_end_is_no_part_of_it() {
        assert_eq!(address("http://127.0.0.1:8080/api/v2/").unwrap().path(), "/api/v2");
        assert!(
            is_remote("HTTPS://crm.example/") && !is_remote("crm.db") && !is_remote("sqlite:x")
        );
    }
}
