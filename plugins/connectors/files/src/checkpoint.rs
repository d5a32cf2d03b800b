//! The checkpoint of a read over files: which file, where in it, and how to tell that it is still the same file.

use std::path::{Path, PathBuf};

use headwater_sdk::Failure;
use headwater_sdk::abi::{HEADWATER_E_CHECKPOINT_INVALID, HEADWATER_E_SOURCE_UNAVAILABLE};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::window::Window;

const VERSION: u32 = 2;
/// What to do about a source that no longer fits.
pub(crate) const START_OVER: &str =
    "start over with a full run: --full, in Python full=True, in C HEADWATER_SYNC_FULL";

/// A place between two rows of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The offset of the next row in the text.
    pub byte: u64,
    /// The line on which the next row starts, from 1.
    pub line: u64,
    /// How many bytes of that line lie before it.
    #[serde(default)]
    pub column: u64,
    /// How many elements came before it, where the format counts elements.
    #[serde(default)]
    pub item: u64,
    /// Whether the row before it ended with the file instead of a line end.
    #[serde(default)]
    pub unended: bool,
    /// What else the format must know in order to go on.
    #[serde(default)]
    pub state: String,
}

/// Where a read over files stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    v: u32,
    /// The number of the file in the list of files, from 0.
    pub index: usize,
    /// The name of the file, without its directories: a source may be moved between two runs.
    pub file: String,
    /// A hash of the names of the files before it.
    before: String,
    /// The place in the file.
    #[serde(flatten)]
    pub place: Place,
    /// [`Window::fingerprint`](crate::Window::fingerprint) at the place.
    pub fingerprint: String,
    /// [`Window::stamp`](crate::Window::stamp) of the file that was read.
    #[serde(default)]
    pub stamp: String,
}

impl Checkpoint {
    /// Makes the checkpoint for a place in `files[index]`, at which its window stands.
    #[must_use]
    pub fn new(files: &[PathBuf], index: usize, place: Place, window: &Window) -> Self {
        let file = files.get(index).map_or_else(String::new, |file| name(file));
        Self {
            v: VERSION,
            index,
            file,
            before: names_before(files, index),
            place,
            fingerprint: window.fingerprint(),
            stamp: window.stamp().to_owned(),
        }
    }

    /// Parses a checkpoint; `None` if it is empty, which means the beginning.
    ///
    /// # Errors
    /// `checkpoint_invalid`.
    pub fn parse(bytes: &[u8]) -> Result<Option<Self>, Failure> {
        if bytes.is_empty() {
            return Ok(None);
        }
        let checkpoint: Self = serde_json::from_slice(bytes)
            .map_err(|error| invalid(format!("found no checkpoint of this connector: {error}")))?;
        if checkpoint.v != VERSION {
            let found = checkpoint.v;
            return Err(invalid(format!(
                "found a checkpoint of version {found}, expected version {VERSION}"
            )));
        }
        // Each line, element and column before a place takes at least one byte of the text: no
        // count of a checkpoint that was given out can overflow later.
        let Place { byte, line, column, item, .. } = checkpoint.place;
        if line.saturating_sub(1) > byte || column > byte || item > byte {
            return Err(invalid(format!(
                "found a place that cannot be: byte {byte}, line {line}, column {column}, element {item}"
            )));
        }
        Ok(Some(checkpoint))
    }

    /// Writes the checkpoint as [`Checkpoint::parse`] reads it.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // A struct of strings and numbers has no way to fail.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Sees whether the list of files is still the one that the checkpoint was made for.
    ///
    /// # Errors
    /// `source_unavailable` if the file is gone; `checkpoint_invalid` if others came or went before it.
    pub fn fits(&self, files: &[PathBuf]) -> Result<(), Failure> {
        if !files.iter().any(|file| name(file) == self.file) {
            return Err(Failure::new(
                HEADWATER_E_SOURCE_UNAVAILABLE,
                format!("the file `{}`, where the last run stopped, is gone", self.file),
            )
            .at_field("path")
            .hint(format!("put it back, or {START_OVER}")));
        }
        let fits = files.get(self.index).is_some_and(|file| name(file) == self.file)
            && self.before == names_before(files, self.index);
        if fits {
            return Ok(());
        }
        Err(invalid(format!(
            "other files come before `{}` than when the last run stopped there",
            self.file
        )))
    }
}

fn invalid(message: String) -> Failure {
    Failure::new(HEADWATER_E_CHECKPOINT_INVALID, message).hint(START_OVER)
}

fn name(file: &Path) -> String {
    file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

fn names_before(files: &[PathBuf], index: usize) -> String {
    if index == 0 {
        return String::new();
    }
    let mut hash = Sha256::new();
    for file in files.iter().take(index) {
        hash.update(name(file));
        hash.update([0]);
    }
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
