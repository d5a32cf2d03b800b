//! Surfaces: which testee, on which kind of workspace, with which list of known failures.

use std::process::Command;

use crate::expected::Expected;
use crate::testee::{HttpTestee, InProcess, ProcessTestee, Remote, Testee};
use crate::tests_folder;

/// A testee on one kind of workspace: a column of the feature table.
pub struct Surface {
    /// The heading in the feature table.
    pub title: &'static str,
    /// Which list of `tests/expected` says what it is known not to do.
    pub expected: &'static str,
    /// The kind of workspace that it is told to open.
    pub workspace: &'static str,
    start: fn() -> Result<Box<dyn Testee>, String>,
}

/// Every surface that the feature table shows.
pub const SURFACES: [Surface; 3] = [
    Surface {
        title: "Rust, SQLite",
        expected: "rust",
        workspace: "sqlite",
        start: || Ok(Box::new(InProcess::default())),
    },
    Surface {
        title: "HTTP, SQLite",
        expected: "http",
        workspace: "sqlite",
        start: || Ok(Box::new(HttpTestee::default())),
    },
    Surface {
        title: "Rust, remote",
        expected: "remote",
        workspace: "remote",
        start: || Ok(Box::new(Remote::default())),
    },
];

impl Surface {
    /// Starts the testee.
    ///
    /// # Errors
    /// Text that says why it cannot be started.
    pub fn start(&self) -> Result<Box<dyn Testee>, String> {
        (self.start)()
    }

    /// What the testee is known not to do.
    ///
    /// # Errors
    /// Text that says what is wrong with the list.
    pub fn expected(&self) -> Result<Expected, String> {
        Expected::load(&tests_folder().join(format!("expected/{}.toml", self.expected)))
    }
}

/// Starts a program that serves a testee on stdin and stdout.
///
/// # Errors
/// Text that says why it cannot be started.
pub fn start_program(program: &str) -> Result<ProcessTestee, String> {
    ProcessTestee::start(Command::new(program))
}
