//! Secrets that a job brings in, and the check that none of them is shown.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use crate::scratch;

/// One plain, one that looks different wherever it is quoted.
pub(crate) const SECRETS: [&str; 2] = ["hw-plain-secret", "hw\"hostile\\secret"];
/// The files that hold them, in the folder of the jobs.
pub(crate) const FILES: [&str; 2] = ["secret", "hostile"];

/// The folder of the jobs.
pub(crate) fn folder() -> &'static Path {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let folder = scratch::folder().join("job");
        std::fs::create_dir_all(&folder).expect("a folder can be made");
        for (file, secret) in FILES.iter().zip(SECRETS) {
            std::fs::write(folder.join(file), secret).expect("a file can be written");
        }
        folder
    });
    &FOLDER
}

/// Whether a text holds a secret, as it is or as it stands in quotes.
pub(crate) fn stands_in(text: &str) -> bool {
    SECRETS.iter().any(|secret| {
        text.contains(secret) || text.contains(format!("{secret:?}").trim_matches('"'))
    })
}

/// Checks that a text for a person holds no secret.
pub(crate) fn assert_hidden(text: &str) {
    assert!(!stands_in(text), "a secret is shown: {text}");
}
