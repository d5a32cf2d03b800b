//! Surfaces: which testee, on which kind of workspace, with which list of known failures.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

use crate::expected::Expected;
use crate::testee::{CONNECTOR_PATH, HttpTestee, InProcess, ProcessTestee, Remote, Testee, python};
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
pub const SURFACES: [Surface; 7] = [
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
        title: "C, SQLite",
        expected: "c",
        workspace: "sqlite",
        start: || started(headwater_ffi_tests::c_testee()),
    },
    Surface {
        title: "C++, SQLite",
        expected: "cpp",
        workspace: "sqlite",
        start: || started(headwater_ffi_tests::cpp_testee()),
    },
    Surface {
        title: "Python, SQLite",
        expected: "python",
        workspace: "sqlite",
        start: || Ok(Box::new(python::start(false)?)),
    },
    Surface {
        title: "Python asyncio, SQLite",
        expected: "python",
        workspace: "sqlite",
        start: || Ok(Box::new(python::start(true)?)),
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

/// Starts the program of a surface.
fn started(program: PathBuf) -> Result<Box<dyn Testee>, String> {
    Ok(Box::new(start_program(program)?))
}

/// Starts a program that serves a testee on stdin and stdout, and finds the connectors of the cases by
/// its environment.
///
/// # Errors
/// Text that says why it cannot be started.
pub fn start_program(program: impl AsRef<OsStr>) -> Result<ProcessTestee, String> {
    let mut command = Command::new(program);
    // Built here: the program may take long to answer, but not as long as a compiler, which waits for
    // those of other tests besides.
    command.env(CONNECTOR_PATH, crate::testee::connectors());
    ProcessTestee::start(command)
}
