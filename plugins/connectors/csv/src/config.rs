//! The configuration of the connector.

use headwater_connector_files::{FileConfig, Keys};
use headwater_sdk::Failure;

/// The keys that the configuration may have.
pub(crate) const KEYS: [&str; 12] = [
    "path",
    "delimiter",
    "quote",
    "escape",
    "encoding",
    "header",
    "columns",
    "null_values",
    "trim",
    "skip_lines",
    "compression",
    "comment",
];

/// How the files are written and what their cells mean.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) files: FileConfig,
    /// `None` detects it.
    pub(crate) delimiter: Option<String>,
    pub(crate) quote: Option<u8>,
    pub(crate) escape: Option<u8>,
    pub(crate) header: bool,
    pub(crate) columns: Option<Vec<String>>,
    pub(crate) null_values: Vec<String>,
    pub(crate) trim: bool,
    pub(crate) skip_lines: u64,
    pub(crate) comment: Option<String>,
}

impl Config {
    pub(crate) fn parse(config: &str) -> Result<Self, Failure> {
        let mut keys = Keys::parse(config, &KEYS)?;
        let quote = keys.take::<Option<String>>("quote")?;
        let config = Self {
            files: FileConfig::take(&mut keys)?,
            delimiter: keys.take::<String>("delimiter")?.map(|delimiter| {
                match delimiter.as_str() {
                    "tab" | "\\t" => "\t".to_owned(),
                    _ => delimiter,
                }
            }),
            quote: match quote {
                None => Some(b'"'),
                Some(None) => None,
                Some(Some(text)) if text.is_empty() => None,
                Some(Some(text)) => Some(ascii("quote", &text)?),
            },
            escape: match keys.take::<String>("escape")? {
                None => None,
                Some(text) => Some(ascii("escape", &text)?),
            },
            header: keys.take("header")?.unwrap_or(true),
            columns: keys.take("columns")?,
            null_values: keys.take("null_values")?.unwrap_or_default(),
            trim: keys.take("trim")?.unwrap_or(false),
            skip_lines: keys.take("skip_lines")?.unwrap_or(0),
            comment: keys.take("comment")?,
        };
        config.validate()?;
        // A quote that escapes itself is the doubled quote, which is understood anyway.
        Ok(Self { escape: config.escape.filter(|escape| Some(*escape) != config.quote), ..config })
    }

    fn validate(&self) -> Result<(), Failure> {
        if let Some(delimiter) = &self.delimiter {
            let taken = |byte: &u8| {
                matches!(byte, b'\r' | b'\n')
                    || Some(*byte) == self.quote
                    || Some(*byte) == self.escape
            };
            if delimiter.is_empty() || delimiter.as_bytes().iter().any(taken) {
                return Err(Failure::config(
                    "delimiter",
                    format!(
                        "found {delimiter:?}, expected one character or more, without line ends, the quote or the escape"
                    ),
                ));
            }
        }
        if self.comment.as_ref().is_some_and(String::is_empty) {
            return Err(Failure::config("comment", "found \"\", expected one character or more"));
        }
        if let Some(columns) = &self.columns {
            if columns.is_empty() || columns.iter().any(String::is_empty) {
                return Err(Failure::config("columns", "found no name, expected one per column"));
            }
            if let Some(name) = repeated(columns) {
                return Err(Failure::config("columns", format!("`{name}` stands there twice")));
            }
        }
        Ok(())
    }
}

/// The first name that stands in a list twice.
pub(crate) fn repeated(names: &[String]) -> Option<&String> {
    let mut seen = std::collections::HashSet::new();
    names.iter().find(|name| !seen.insert(name.as_str()))
}

fn ascii(key: &str, text: &str) -> Result<u8, Failure> {
    match text.as_bytes() {
        [byte] if byte.is_ascii() && !matches!(byte, b'\r' | b'\n') => Ok(*byte),
        _ => Err(Failure::config(key, format!("found {text:?}, expected one ASCII character"))),
    }
}
