//! What a job says of a remote workspace: the key, the ledger, and the limits to keep.

use std::path::Path;

use serde_json::Value as Json;

use crate::error::Result;
use crate::remote::{ApiKey, RemoteOptions, is_possible_rate};

use super::document::{Node, Section};
use super::secrets::{Secrets, substitute};

/// Reads the keys of `[target]` that go with a remote workspace.
///
/// # Errors
/// `config_invalid`, with the place; for a key that stands in the job as it is, too.
pub(super) fn parse(
    target: &mut Section<'_>,
    folder: &Path,
    is_remote: bool,
    secrets: &mut Secrets,
) -> Result<RemoteOptions> {
    let mut options = RemoteOptions::default();
    let only_remote = |node: &Node<'_>| match is_remote {
        true => Ok(()),
        false => Err(node.error("this goes with the URL of a remote workspace")),
    };
    if let Some(node) = target.take("api_key") {
        only_remote(&node)?;
        let text = node.text()?;
        if !text.contains("${") {
            return Err(node
                .error("the API key stands in the job itself")
                .hint("write api_key = \"${NAME}\", \"${file:PATH}\" or \"${keyring:NAME}\""));
        }
        let key = substitute(&text, folder, &mut |value| secrets.add(value));
        let key = key.and_then(|key| ApiKey::new(&key)).map_err(|error| node.locate(&error))?;
        options.api_key = Some(key);
    }
    if let Some(node) = target.take("ledger") {
        only_remote(&node)?;
        let path = node.text()?;
        if path.is_empty() {
            return Err(node.error("the ledger has no path"));
        }
        options.ledger = Some(folder.join(path));
    }
    if let Some(node) = target.take("requests_per_second") {
        only_remote(&node)?;
        let number = match node.json(&mut |_, text| Ok(text.to_owned()))? {
            Json::Number(number) => number.as_f64().filter(|number| is_possible_rate(*number)),
            _ => None,
        };
        let wrong = || node.error("expected a number that is not below 0.1");
        options.requests_per_second = Some(number.ok_or_else(wrong)?);
    }
    if let Some(node) = target.take("concurrency") {
        only_remote(&node)?;
        options.concurrency = super::job::positive(&node)?;
    }
    Ok(options)
}
