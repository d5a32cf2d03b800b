//! How a remote workspace is reached: its address, the key, the limits to keep, the ledger.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use crate::error::{Error, ErrorCode, Result};

use super::key::ApiKey;

/// How a remote workspace is opened.
#[derive(Debug, Clone)]
pub struct RemoteOptions {
    /// The key that requests bring; `None` sends none.
    pub api_key: Option<ApiKey>,
    /// The file that remembers runs and what was delivered; `None` is a file in the present folder
    /// that is named after the host.
    pub ledger: Option<PathBuf>,
    /// Requests a second, at most; `None` leaves it to what the workspace answers.
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
    fn the_slash_at_the_end_is_no_part_of_it() {
        assert_eq!(address("http://127.0.0.1:8080/api/v2/").unwrap().path(), "/api/v2");
        assert!(
            is_remote("HTTPS://crm.example/") && !is_remote("crm.db") && !is_remote("sqlite:x")
        );
    }
}
