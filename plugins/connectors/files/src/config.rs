//! Takes a configuration apart key by key, so that each failure names its key.

use encoding_rs::Encoding;
use headwater_sdk::Failure;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The keys of a configuration that have not been taken yet.
#[derive(Debug)]
pub struct Keys(Map<String, Value>);

impl Keys {
    /// Parses a configuration in which only the `known` keys may stand.
    ///
    /// # Errors
    /// `config_invalid`, naming a key that is not known and the one that comes nearest to it.
    pub fn parse(config: &str, known: &[&str]) -> Result<Self, Failure> {
        let map: Map<String, Value> = serde_json::from_str(config).map_err(|error| {
            Failure::config("", format!("found no JSON object as configuration: {error}"))
        })?;
        let Some(key) = map.keys().find(|key| !known.contains(&key.as_str())) else {
            return Ok(Self(map));
        };
        let failure = Failure::config(key, format!("unknown key `{key}`"));
        let nearest = known
            .iter()
            .map(|known| (strsim::damerau_levenshtein(&key.to_lowercase(), known), known))
            .min_by_key(|(distance, _)| *distance)
            .filter(|(distance, known)| *distance <= known.len() / 2);
        Err(match nearest {
            Some((_, known)) => failure.hint(format!("did you mean `{known}`?")),
            None => failure.hint(format!("the keys are: {}", known.join(", "))),
        })
    }

    /// Takes the value of `key` out; `None` if the key is absent.
    ///
    /// # Errors
    /// `config_invalid`, if the value has another type.
    pub fn take<T: DeserializeOwned>(&mut self, key: &str) -> Result<Option<T>, Failure> {
        let Some(value) = self.0.remove(key) else { return Ok(None) };
        serde_json::from_value(value)
            .map(Some)
            .map_err(|error| Failure::config(key, format!("`{key}`: {error}")))
    }
}

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// By the ending of the file name: `.gz`, `.zst`, or neither.
    #[default]
    Auto,
    /// Not at all, whatever the name says.
    None,
    /// gzip, of one or more members.
    Gzip,
    /// Zstandard, of one or more frames.
    Zstd,
}

/// Which files to read, and how they are stored.
#[derive(Debug, Clone)]
pub struct FileConfig {
    /// File paths and glob patterns; at least one.
    pub paths: Vec<String>,
    /// The encoding of files that do not start with a byte order mark; `None` is UTF-8.
    pub encoding: Option<&'static Encoding>,
    /// How the files are compressed.
    pub compression: Compression,
}

impl FileConfig {
    /// The keys that [`FileConfig::take`] takes.
    pub const KEYS: [&'static str; 3] = ["path", "encoding", "compression"];

    /// Takes `path`, `encoding` and `compression` from a configuration.
    ///
    /// # Errors
    /// `config_invalid`, naming the key.
    pub fn take(keys: &mut Keys) -> Result<Self, Failure> {
        let encoding = keys.take::<String>("encoding")?.map(|label| {
            Encoding::for_label_no_replacement(label.as_bytes()).ok_or_else(|| {
                Failure::config("encoding", format!("unknown encoding `{label}`"))
                    .hint("name one of the WHATWG encodings, such as utf-8, windows-1252, utf-16le")
            })
        });
        Ok(Self {
            paths: paths(keys.take("path")?)?,
            encoding: encoding.transpose()?,
            compression: keys.take("compression")?.unwrap_or_default(),
        })
    }
}

fn paths(value: Option<Value>) -> Result<Vec<String>, Failure> {
    let expected = "expected a path, a glob pattern, or a list of them";
    let values = match value {
        None => return Err(Failure::config("path", format!("`path` is missing, {expected}"))),
        Some(Value::Array(values)) => values,
        Some(value) => vec![value],
    };
    let paths: Option<Vec<String>> = values
        .into_iter()
        .map(|value| match value {
            Value::String(path) if !path.is_empty() => Some(path),
            _ => None,
        })
        .collect();
    paths
        .filter(|paths| !paths.is_empty())
        .ok_or_else(|| Failure::config("path", format!("`path` names no file, {expected}")))
}
