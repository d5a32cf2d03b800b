//! Faults at a chosen call: a preloaded library counts the calls that change the workspace's
//! files, and kills the process or fails the call when its turn has come.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

/// What happens at a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The calls are only counted.
    Nothing,
    /// The process is killed before the call.
    Kill,
    /// The process is killed after half of what the call writes.
    Torn,
    /// The process is killed before the call, or comes to its end, and what was not forced to
    /// disk is lost.
    Power,
    /// The calls from the chosen one to this one fail with this number.
    Error {
        /// The last call that fails.
        last: u64,
        /// The system's number of the error.
        number: i32,
    },
    /// From the chosen number of bytes on, every write fails with this number.
    Quota {
        /// The system's number of the error.
        number: i32,
    },
}

/// No space left on the device.
pub const ENOSPC: i32 = 28;
/// An input/output error.
pub const EIO: i32 = 5;
/// The quota is used up.
pub const EDQUOT: i32 = 122;

/// The library, compiled once.
///
/// # Panics
/// If there is no C compiler, or it complains.
#[must_use]
pub fn library() -> &'static Path {
    static COMPILED: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let (_, library) = COMPILED.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let library = folder.path().join("faults.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/faults.c");
        let mut compiler = Command::new(env::var_os("CC").as_deref().unwrap_or(OsStr::new("cc")));
        compiler.args(["-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-o"]);
        compiler.arg(&library).arg(source).args(["-ldl", "-pthread"]);
        let status = compiler.status().expect("these tests need a C compiler");
        assert!(status.success(), "{compiler:?} failed");
        (folder, library)
    });
    library
}

/// Lets a fault happen to a command at call (or byte) `at`; the calls on files count whose path
/// holds `path`. The log says what was hit.
pub fn inject(command: &mut Command, fault: Fault, at: u64, path: &str, log: &Path) {
    let (name, last, number) = match fault {
        Fault::Nothing => ("nothing", at, 0),
        Fault::Kill => ("kill", at, 0),
        Fault::Torn => ("torn", at, 0),
        Fault::Power => ("power", at, 0),
        Fault::Error { last, number } => ("error", last, number),
        Fault::Quota { number } => ("quota", at, number),
    };
    command
        .env("LD_PRELOAD", library())
        .env("HEADWATER_FAULT", name)
        .env("HEADWATER_FAULT_AT", at.to_string())
        .env("HEADWATER_FAULT_LAST", last.to_string())
        .env("HEADWATER_FAULT_ERRNO", number.to_string())
        .env("HEADWATER_FAULT_PATH", path)
        .env("HEADWATER_FAULT_LOG", log);
}

/// The call that was hit, such as `pwrite crm.db-wal`, and how many calls there were if the
/// process came to its end.
///
/// # Panics
/// If the log cannot be read: then the library was not loaded.
#[must_use]
pub fn read_log(log: &Path) -> (Option<String>, Option<u64>) {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let mut hit = None;
    let mut calls = None;
    for line in text.lines() {
        match line.rsplit_once(' ') {
            Some(("calls ", count)) => calls = count.parse().ok(),
            Some((what, _)) if hit.is_none() => hit = Some(what.to_owned()),
            _ => {}
        }
    }
    (hit, calls)
}
