//! `${NAME}`, `${file:PATH}` and `${keyring:NAME}` in a job, and keeping what they stand for out of
//! every message.

use std::path::Path;

use serde_json::Value as Json;

use crate::error::{Error, ErrorCode, Result};
use crate::keyring;

/// Values that were put in from outside the job; shown nowhere.
#[derive(Clone, Default)]
pub struct Secrets(Vec<String>);

/// Values shorter than this are not hidden: they would be found in every other word.
const SHORTEST_HIDDEN: usize = 4;

impl Secrets {
    /// The passwords of a connector's configuration: what stands under keys that its schema gives the
    /// format `password`.
    #[must_use]
    pub fn of_passwords(config: &Json, config_schema: &Json) -> Self {
        let mut secrets = Self::default();
        for (key, value) in config.as_object().into_iter().flatten() {
            if let (true, Some(value)) = (is_password(config_schema, key), value.as_str()) {
                secrets.add(value);
            }
        }
        secrets
    }

    /// Adds a value.
    pub(super) fn add(&mut self, value: &str) {
        for plain in [value, value.trim()] {
            // Messages quote what they found, as Rust does or as JSON does.
            let (debug, json) = (format!("{plain:?}"), Json::from(plain).to_string());
            for form in [plain, inside(&debug), inside(&json)] {
                if form.len() >= SHORTEST_HIDDEN && !self.0.iter().any(|known| known == form) {
                    self.0.push(form.to_owned());
                }
            }
        }
        // A secret that holds another one goes first.
        self.0.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    }

    /// The text with every secret hidden.
    #[must_use]
    pub fn hide(&self, text: &str) -> String {
        let mut hidden = text.to_owned();
        for secret in &self.0 {
            if hidden.contains(secret.as_str()) {
                hidden = hidden.replace(secret.as_str(), "***");
            }
        }
        hidden
    }

    /// The error with every secret hidden.
    #[must_use]
    pub fn hide_in(&self, error: Error) -> Error {
        match self.0.is_empty() {
            true => error,
            false => error.map_texts(&|text| self.hide(text)),
        }
    }
}

/// Whether a connector's schema says that this key is a password.
pub(super) fn is_password(config_schema: &Json, key: &str) -> bool {
    config_schema["properties"][key]["format"] == "password"
}

/// A quoted text without its quotes.
fn inside(quoted: &str) -> &str {
    quoted.get(1..quoted.len() - 1).unwrap_or_default()
}

/// Never shows a secret, only how many there are.
impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}

/// Puts environment variables, file contents and secrets of the system into a text; gives each to
/// `each`.
///
/// `${NAME}` is a variable, `${file:PATH}` the contents of a file without its last line end
/// (a relative path is taken from `folder`), `${keyring:NAME}` what the system's keyring has under
/// this name, `$${` a plain `${`.
///
/// # Errors
/// `config_invalid`, naming the variable, the file or the secret, never a value.
pub(super) fn substitute(text: &str, folder: &Path, each: &mut dyn FnMut(&str)) -> Result<String> {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let before = &rest[..start];
        let after = &rest[start + 2..];
        if let Some(before) = before.strip_suffix('$') {
            result.push_str(before);
            result.push_str("${");
            rest = after;
            continue;
        }
        result.push_str(before);
        let Some(end) = after.find('}') else {
            return Err(Error::new(ErrorCode::ConfigInvalid, "a ${ without its }")
                .hint("write ${NAME}, or $${ for a plain ${"));
        };
        let value = look_up(&after[..end], folder)?;
        each(&value);
        result.push_str(&value);
        rest = &after[end + 1..];
    }
    result.push_str(rest);
    Ok(result)
}

fn look_up(name: &str, folder: &Path) -> Result<String> {
    if let Some(name) = name.strip_prefix("keyring:") {
        return keyring::secret(name);
    }
    if let Some(path) = name.strip_prefix("file:") {
        let contents = std::fs::read_to_string(folder.join(path)).map_err(|cause| {
            Error::new(
                ErrorCode::ConfigInvalid,
                format!("cannot read the secret file {path}: {cause}"),
            )
            .because(cause)
        })?;
        let contents = contents.strip_suffix('\n').unwrap_or(&contents);
        return Ok(contents.strip_suffix('\r').unwrap_or(contents).to_owned());
    }
    std::env::var(name).map_err(|cause| {
        let why = match cause {
            std::env::VarError::NotPresent => "is not set",
            std::env::VarError::NotUnicode(_) => "is not UTF-8",
        };
        Error::new(ErrorCode::ConfigInvalid, format!("the environment variable {name} {why}"))
            .hint(format!("set it before the run: export {name}=.."))
    })
}
