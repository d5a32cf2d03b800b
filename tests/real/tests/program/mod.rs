//! The `headwater` program: where it is, and running it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use headwater_program_tests::executable;
use serde_json::Value as Json;

/// The program and the data it reads.
pub struct Program {
    executable: PathBuf,
    shared: PathBuf,
}

/// One finished run of `headwater sync`.
pub struct Run {
    /// The exit status; `None` if it was killed.
    pub status: Option<i32>,
    /// The JSON object on stdout; null if there is none.
    pub report: Json,
    /// What it wrote to stderr.
    pub errors: String,
}

impl Program {
    /// Finds the data and the program. Without the data there is nothing to test: `None`, except
    /// where the environment says CI, which must not pass without having tested.
    pub fn find() -> Option<Self> {
        let shared = env::var_os("HEADWATER_SHARED").map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
            PathBuf::from,
        );
        if !shared.join("data").is_dir() {
            let message = format!(
                "no real data: {} is missing; set HEADWATER_SHARED to its folder",
                shared.join("data").display()
            );
            assert!(env::var("CI").as_deref() != Ok("true"), "{message}");
            eprintln!("skipped: {message}");
            return None;
        }
        let shared = shared.canonicalize().expect("the path of the data");
        Some(Self { executable: executable(), shared })
    }

    /// Runs a job of `jobs/` into a workspace.
    pub fn sync(&self, job: &str, args: &[&str], workspace: &Path) -> Run {
        let job = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("jobs/{job}.toml"));
        let output = self.run(
            Command::new(&self.executable)
                .arg("sync")
                .arg(job)
                .args(args)
                .args(["--format", "json"])
                .env("HEADWATER_DATA", self.shared.join("data"))
                .env("HEADWATER_WORKSPACE", workspace),
        );
        Run {
            status: output.status.code(),
            report: serde_json::from_slice(&output.stdout).unwrap_or(Json::Null),
            errors: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Asks for the records whose attribute equals a value.
    pub fn query(
        &self,
        workspace: &Path,
        record_type: &str,
        attribute: &str,
        value: &str,
    ) -> Result<Json, String> {
        let filter = serde_json::json!([{ "field": attribute, "operator": "eq", "value": value }]);
        let output = self.run(
            Command::new(&self.executable)
                .args(["record", "query", record_type, "--workspace"])
                .arg(workspace)
                .args(["--filter", &filter.to_string(), "--format", "json"]),
        );
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
        }
        serde_json::from_slice(&output.stdout).map_err(|cause| format!("no JSON: {cause}"))
    }

    fn run(&self, command: &mut Command) -> Output {
        command
            .output()
            .unwrap_or_else(|cause| panic!("cannot run {}: {cause}", self.executable.display()))
    }
}
