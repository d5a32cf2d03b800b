//! Finds the files that `path` names.

use std::path::{Path, PathBuf};

use glob::MatchOptions;
use headwater_sdk::{Failure, Request};

/// The files of a source, sorted by path.
#[derive(Debug, Clone)]
pub struct Located {
    /// The paths, none twice.
    pub files: Vec<PathBuf>,
    /// The stream's name: the stem of a file that is named outright, otherwise `files`.
    pub stream: String,
}

impl Located {
    /// Sees whether a request asks for the stream that these files make up.
    ///
    /// # Errors
    /// `config_invalid`, naming `stream` or `partition`.
    pub fn expect(&self, request: &Request<'_>) -> Result<(), Failure> {
        let Request { stream, partition, .. } = request;
        if !stream.is_empty() && *stream != self.stream {
            let expected = &self.stream;
            return Err(Failure::config(
                "stream",
                format!("found the stream `{stream}`, expected `{expected}`"),
            ));
        }
        if !partition.is_empty() {
            return Err(Failure::config(
                "partition",
                format!("found the partition `{partition}`, but the stream has no partitions"),
            ));
        }
        Ok(())
    }
}

/// Finds the files that paths and glob patterns name.
///
/// A name that exists as it stands is never read as a pattern. Directories that a pattern matches are passed over, and
/// so are hidden files unless the pattern spells out the dot.
///
/// # Errors
/// `config_invalid` for a broken pattern or a directory; `source_unavailable` if a pattern matches no file.
pub fn locate(paths: &[String]) -> Result<Located, Failure> {
    let mut files = Vec::new();
    let mut patterns = 0;
    for path in paths {
        if path.contains(['*', '?', '[']) && !Path::new(path).exists() {
            patterns += 1;
            files.extend(matches(path)?);
        } else {
            if Path::new(path).is_dir() {
                return Err(Failure::config(
                    "path",
                    format!("found a directory at `{path}`, expected a file"),
                )
                .hint(format!("use a pattern, such as `{}/*`", path.trim_end_matches('/'))));
            }
            files.push(PathBuf::from(path));
        }
    }
    files.sort();
    files.dedup();
    let stream = match files.as_slice() {
        [file] if patterns == 0 => stem(file),
        _ => "files".to_owned(),
    };
    Ok(Located { files, stream })
}

fn matches(pattern: &str) -> Result<Vec<PathBuf>, Failure> {
    let options = MatchOptions { require_literal_leading_dot: true, ..MatchOptions::new() };
    let found = glob::glob_with(pattern, options)
        .map_err(|error| Failure::config("path", format!("broken pattern `{pattern}`: {error}")))?;
    let mut files = Vec::new();
    for entry in found {
        let path = entry.map_err(|error| Failure::unavailable(error.to_string()))?;
        if !path.is_dir() {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(Failure::unavailable(format!("no file matches the pattern `{pattern}`"))
            .at_field("path"));
    }
    Ok(files)
}

/// The file name without its endings: `orders.csv.gz` is `orders`.
fn stem(file: &Path) -> String {
    let mut stem = file.file_stem().map_or_else(String::new, |s| s.to_string_lossy().into_owned());
    let compressed = file.extension().is_some_and(|ending| ending == "gz" || ending == "zst");
    if compressed && let Some(shorter) = Path::new(&stem).file_stem() {
        stem = shorter.to_string_lossy().into_owned();
    }
    stem
}
