//! API keys: where they come from, and that they are never shown.

use crate::error::{Error, ErrorCode, Result};
use crate::keyring;

/// Where a program that names no key finds it.
const VARIABLE: &str = "HEADWATER_API_KEY";
/// The same, for the path of a file that holds it.
const FILE_VARIABLE: &str = "HEADWATER_API_KEY_FILE";
/// The same, for the name under which the system's keyring has it.
const KEYRING_VARIABLE: &str = "HEADWATER_API_KEY_KEYRING";

/// The secret that a remote workspace asks for. Neither `Debug` nor any message shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

impl ApiKey {
    /// A key from its text, without the space around it.
    ///
    /// # Errors
    /// `config_invalid` for a text that no request can bring.
    pub fn new(text: &str) -> Result<Self> {
        let text = text.trim();
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::new(
                ErrorCode::ConfigInvalid,
                "the API key is empty or holds what no key has",
            )
            .at_field("api_key")
            .hint("take the key as it was shown when it was made, on one line"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The key that the environment names: `HEADWATER_API_KEY`, or the file at
    /// `HEADWATER_API_KEY_FILE`, or what the system's keyring has under the name in
    /// `HEADWATER_API_KEY_KEYRING`; `None` where it names none.
    ///
    /// # Errors
    /// `config_invalid` for a file or a secret that cannot be read, or a text that is no key.
    pub fn from_environment() -> Result<Option<Self>> {
        if let Ok(text) = std::env::var(VARIABLE) {
            return Self::new(&text).map(Some);
        }
        if let Ok(name) = std::env::var(KEYRING_VARIABLE) {
            let secret = keyring::secret(&name);
            return secret
                .map_err(|error| error.at_field(KEYRING_VARIABLE))
                .and_then(|text| Self::new(&text).map(Some));
        }
        let Ok(path) = std::env::var(FILE_VARIABLE) else { return Ok(None) };
        let text = std::fs::read_to_string(&path).map_err(|cause| {
            let what = format!("cannot read the API key's file {path}: {cause}");
            Error::new(ErrorCode::ConfigInvalid, what).at_field(FILE_VARIABLE).because(cause)
        })?;
        Self::new(&text).map(Some)
    }

    /// The value of the header that brings it.
    pub(super) fn bearer(&self) -> String {
        format!("Bearer {}", self.0)
    }

    /// The text with the key hidden: a server may quote what it was sent.
    pub(super) fn hide(&self, text: &str) -> String {
        text.replace(&self.0, "***")
    }
}

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ApiKey(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_never_shown() {
        let key = ApiKey::new(" hw_secret\n").unwrap();
        assert_eq!(format!("{key:?}"), "ApiKey(***)");
        assert_eq!(key.bearer(), "Bearer hw_secret");
        assert_eq!(key.hide("no key hw_secret, sorry"), "no key ***, sorry");
    }

    #[test]
    fn what_no_header_can_hold_is_refused() {
        for text in ["", "  ", "a\nb", "schl\u{fc}ssel"] {
            let refused = ApiKey::new(text).unwrap_err();
            assert_eq!(refused.code(), ErrorCode::ConfigInvalid);
            assert!(text.trim().is_empty() || !refused.to_string().contains(text));
        }
    }
}
