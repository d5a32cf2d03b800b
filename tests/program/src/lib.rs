//! The `headwater` program with its connectors, built for tests and run as a user runs it.

mod served;

pub use served::{Served, code};

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value as Json;
use tempfile::TempDir;

/// The packages whose artefacts lie side by side where the program runs.
const PACKAGES: [&str; 3] =
    ["headwater-cli", "headwater-connector-csv", "headwater-connector-json"];

/// `HEADWATER_BIN`, or the program of this checkout, built once with its connectors.
///
/// # Panics
/// If the program cannot be built.
#[must_use]
pub fn executable() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    if let Some(given) = env::var_os("HEADWATER_BIN") {
        return PathBuf::from(given);
    }
    BUILT
        .get_or_init(|| build(&PACKAGES).join(format!("headwater{}", env::consts::EXE_SUFFIX)))
        .clone()
}

/// Builds packages in the profile of the running test; gives the folder of the artefacts.
///
/// # Panics
/// If a package cannot be built.
#[must_use]
pub fn build(packages: &[&str]) -> PathBuf {
    let this = env::current_exe().expect("the path of this test");
    // target/<profile>/deps/<this test>, or target/<profile>/<this program>
    let folder = this.parent().expect("the folder of this program");
    let folder = if folder.ends_with("deps") { folder.parent().expect("target") } else { folder };
    let mut command = Command::new(env!("CARGO"));
    without_package(&mut command)
        .arg("build")
        .arg("--quiet")
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    command.arg("--target-dir").arg(folder.parent().expect("the target folder"));
    if folder.ends_with("release") {
        command.arg("--release");
    }
    for package in packages {
        command.args(["-p", package]);
    }
    let status = command.status().expect("cargo runs");
    assert!(status.success(), "cannot build {}", packages.join(", "));
    folder.to_owned()
}

/// Keeps from a command what cargo tells this test of its package. Another cargo would run the build scripts
/// again that look at it, and build everything again that stands on them.
pub fn without_package(command: &mut Command) -> &mut Command {
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if ["CARGO_MANIFEST_", "CARGO_PKG_", "OUT_DIR"].iter().any(|word| text.starts_with(word)) {
            command.env_remove(&name);
        }
    }
    command
}

/// A folder of a test's own in which the program runs.
pub struct Desk {
    folder: TempDir,
}

/// What a run of the program gave.
#[derive(Debug)]
pub struct Finished {
    /// The exit status; `None` if it was killed.
    pub status: Option<i32>,
    /// What it wrote to stdout.
    pub output: String,
    /// What it wrote to stderr.
    pub errors: String,
}

impl Finished {
    /// Stdout as one JSON document.
    ///
    /// # Panics
    /// If it is not one.
    #[must_use]
    pub fn json(&self) -> Json {
        serde_json::from_str(&self.output)
            .unwrap_or_else(|cause| panic!("stdout is not one JSON document: {cause}\n{self:?}"))
    }

    /// The first stream of a report on stdout.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn stream(&self) -> Json {
        let stream = self.json()["streams"][0].clone();
        assert!(stream.is_object(), "no stream in the report: {self:?}");
        stream
    }
}

impl Desk {
    /// An empty folder.
    ///
    /// # Panics
    /// If it cannot be made.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "making a folder is no default")]
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    /// A path in the folder.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file into the folder.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), contents).expect("a file is written");
    }

    /// The program with arguments, to be run in the folder.
    #[must_use]
    pub fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(executable());
        command
            .args(arguments)
            .current_dir(self.folder.path())
            // What a killed server leaves goes with the desk.
            .env("TMPDIR", self.folder.path())
            .env_remove("HEADWATER_CONNECTOR_PATH");
        command
    }

    /// Runs the program to its end.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Finished {
        finish(self.command(arguments))
    }

    /// Starts the program and leaves it running.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn start<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Child {
        self.command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts")
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// Runs a command to its end.
///
/// # Panics
/// If it cannot be started.
#[must_use]
pub fn finish(mut command: Command) -> Finished {
    let output = command.output().expect("the program runs");
    Finished {
        status: output.status.code(),
        output: String::from_utf8_lossy(&output.stdout).into_owned(),
        errors: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
