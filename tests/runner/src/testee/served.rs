//! `headwater serve` on the workspace of a case, in a process of its own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value as Json;

/// A running server; it is killed where its case ends.
pub(super) struct Served {
    child: Child,
    /// Where the record API is.
    pub(super) base: String,
    workspace: PathBuf,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Served {
    /// Starts it with the settings of a case.
    ///
    /// # Errors
    /// Text that says why it does not start.
    pub(super) fn start(workspace: &Path, settings: &Json) -> Result<Self, String> {
        let mut command = Command::new(headwater_program_tests::executable());
        command.args(["serve", "--listen", "127.0.0.1:0", "--no-auth", "--twin", "--workspace"]);
        command.arg(workspace).stdout(Stdio::piped());
        // A server that is killed leaves its snapshots: they go with the folder of the case.
        command.env("TMPDIR", workspace.parent().ok_or("the workspace has no folder")?);
        for name in ["duplicates", "history"] {
            if let Some(setting) = settings[name].as_str() {
                command.args([&format!("--{name}"), setting]);
            }
        }
        let mut child = command.spawn().map_err(|cause| format!("cannot start it: {cause}"))?;
        let output = child.stdout.take().ok_or("the server has no stdout")?;
        let mut base = String::new();
        BufReader::new(output)
            .read_line(&mut base)
            .map_err(|cause| format!("the server does not say where it is: {cause}"))?;
        let base = base.trim().to_owned();
        let served = Self { child, base, workspace: workspace.to_owned() };
        if served.base.is_empty() {
            return Err("the server ended before it listened".to_owned());
        }
        Ok(served)
    }

    /// Seeds the workspace beside the server, which reads what came in; gives the answer.
    ///
    /// # Errors
    /// Text that says why there is no answer.
    pub(super) fn seed(&self, line: &str) -> Result<Json, String> {
        let file = self.workspace.with_file_name("seed.jsonl");
        std::fs::write(&file, line).map_err(|cause| format!("cannot write the seed: {cause}"))?;
        let output = Command::new(headwater_program_tests::executable())
            .args(["seed", "--format", "json", "--workspace"])
            .args([&self.workspace, &file])
            .output()
            .map_err(|cause| format!("cannot seed: {cause}"))?;
        serde_json::from_slice(&output.stdout)
            .map_err(|cause| format!("the seed's answer is not JSON: {cause}"))
    }
}
