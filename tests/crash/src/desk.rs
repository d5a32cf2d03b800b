//! A folder with a file of contacts, its job and its workspace, and the optimised program.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use headwater_program_tests::{Desk, Finished, finish, without_package};

/// The packages whose artefacts lie side by side where the program runs.
const PACKAGES: [&str; 3] =
    ["headwater-cli", "headwater-connector-csv", "headwater-connector-scripted"];

/// `HEADWATER_BIN`, or the optimised program of this checkout, built once with its connectors:
/// the unoptimised one would take most of an hour for these tests.
///
/// # Panics
/// If it cannot be built.
#[must_use]
pub fn program() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    if let Some(given) = env::var_os("HEADWATER_BIN") {
        return PathBuf::from(given);
    }
    BUILT.get_or_init(build).clone()
}

fn build() -> PathBuf {
    let this = env::current_exe().expect("the path of this test");
    // target/<profile>/deps/<this test>
    let target = this.ancestors().nth(3).expect("the target folder");
    let mut command = Command::new(env!("CARGO"));
    without_package(&mut command).args(["build", "--release", "--quiet"]);
    command.arg("--target-dir").arg(target);
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    for package in PACKAGES {
        command.args(["-p", package]);
    }
    assert!(command.status().expect("cargo runs").success(), "cannot build the program");
    target.join("release").join(format!("headwater{}", env::consts::EXE_SUFFIX))
}

/// A folder in which one workspace is disturbed.
pub struct CrashDesk {
    desk: Desk,
}

impl CrashDesk {
    /// A folder with a file of contacts and its job.
    #[must_use]
    pub fn with(people: &str, job: &str) -> Self {
        let desk = Desk::new();
        desk.write("people.csv", people);
        desk.write("job.toml", job);
        Self { desk }
    }

    /// A path in the folder.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.desk.path(name)
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.desk.folder()
    }

    /// Writes a file into the folder.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        self.desk.write(name, contents);
    }

    /// The workspace.
    #[must_use]
    pub fn workspace(&self) -> PathBuf {
        self.desk.path("crm.db")
    }

    /// The program with arguments, to be run in the folder.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command
            .args(arguments)
            .current_dir(self.desk.folder())
            .stdin(Stdio::null())
            .env_remove("HEADWATER_CONNECTOR_PATH");
        command
    }

    /// The sync of the desk's job.
    #[must_use]
    pub fn sync_command(&self) -> Command {
        self.command(&["sync", "job.toml", "--format", "json"])
    }

    /// Syncs to the end.
    #[must_use]
    pub fn sync(&self) -> Finished {
        finish(self.sync_command())
    }

    /// Starts a sync and leaves it running.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn start(&self) -> Child {
        start(&mut self.sync_command())
    }
}

/// Starts a command and leaves it running, what it writes kept for its end.
///
/// # Panics
/// If it cannot be started.
#[must_use]
pub fn start(command: &mut Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
}

/// What a started command gave in the end.
///
/// # Panics
/// If it cannot be waited for.
#[must_use]
pub fn outcome(child: Child) -> Finished {
    let output = child.wait_with_output().expect("the program ends");
    Finished {
        status: output.status.code(),
        output: String::from_utf8_lossy(&output.stdout).into_owned(),
        errors: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
