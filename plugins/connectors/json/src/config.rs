//! The configuration of the connector.

use headwater_connector_files::{FileConfig, Keys};
use headwater_sdk::Failure;
use serde::Deserialize;

/// The keys that the configuration may have.
pub(crate) const KEYS: [&str; 5] = ["path", "rows", "format", "encoding", "compression"];

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Layout {
    /// The start of the file tells.
    #[default]
    Auto,
    /// One object per line.
    Lines,
    /// An array of objects.
    Array,
    /// An array of objects, or one object.
    Document,
}

/// Which files hold which rows.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) files: FileConfig,
    pub(crate) layout: Layout,
    /// The names on the way from the root of a document to its rows.
    pub(crate) rows: Vec<String>,
}

impl Config {
    pub(crate) fn parse(config: &str) -> Result<Self, Failure> {
        let mut keys = Keys::parse(config, &KEYS)?;
        let config = Self {
            files: FileConfig::take(&mut keys)?,
            layout: keys.take("format")?.unwrap_or_default(),
            rows: segments(&keys.take::<String>("rows")?.unwrap_or_default())?,
        };
        if config.layout == Layout::Lines && !config.rows.is_empty() {
            return Err(Failure::config("rows", "`rows` stands beside the format `lines`")
                .hint("leave one of them out: each line is a row by itself"));
        }
        Ok(config)
    }
}

fn segments(path: &str) -> Result<Vec<String>, Failure> {
    if path.is_empty() {
        return Ok(Vec::new());
    }
    if let Some(pointer) = path.strip_prefix('/') {
        let plain = |segment: &str| segment.replace("~1", "/").replace("~0", "~");
        return Ok(pointer.split('/').map(plain).collect());
    }
    let names: Vec<String> = path.split('.').map(str::to_owned).collect();
    if names.iter().any(String::is_empty) {
        return Err(Failure::config(
            "rows",
            format!("found `{path}`, expected names with single dots between them"),
        )
        .hint("write a name that holds a dot as a JSON Pointer: /a.b/c"));
    }
    Ok(names)
}
