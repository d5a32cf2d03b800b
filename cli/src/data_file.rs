//! The job of a data file: no mapping is written, columns are matched to attributes by name.

use std::path::Path;

use headwater::sync::{Job, Mode, StreamJob};
use headwater::{Error, ErrorCode, Result};
use serde_json::json;

/// What is said of a data file in place of a job file.
#[derive(Debug, Clone, Default)]
pub struct DataFile {
    /// The workspace.
    pub workspace: Option<String>,
    /// The record type.
    pub record_type: Option<String>,
    /// The attribute that finds an existing record.
    pub matching: Option<String>,
    /// What is done with a row; to assert it where nothing is said.
    pub mode: Option<Mode>,
    /// The region of phone numbers without a country code.
    pub default_region: Option<String>,
    /// Whether changes are logged.
    pub history: Option<bool>,
}

impl DataFile {
    /// The job of a file: what a job file says, or one made for a data file by its ending.
    ///
    /// # Errors
    /// `config_invalid` for what is wrong in a job file; `invalid_request` where a job file comes
    /// with what goes with a data file, a data file without what it needs, or no connector is known.
    pub fn job(self, file: &Path) -> Result<Job> {
        if file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml")) {
            self.check_nothing_is_given(file)?;
            return Job::from_file(file);
        }
        let connector = connector_for(file).ok_or_else(|| {
            Error::new(
                ErrorCode::InvalidRequest,
                format!("no connector is known for files like {}", file.display()),
            )
            .hint("name the file .csv, .tsv, .json or .jsonl, or write a job file")
        })?;
        let require = |value: Option<String>, name: &str, example: &str| {
            value.ok_or_else(|| {
                Error::new(ErrorCode::InvalidRequest, format!("a data file needs {name}"))
                    .hint(format!("for example {name} {example}"))
            })
        };
        let workspace = require(self.workspace, "--to", "crm.db")?;
        let record_type = require(self.record_type, "--type", "contact")?;
        // Absolute, so that the same file is the same job from every folder.
        let path = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
        let path = path.to_str().ok_or_else(|| {
            let what =
                format!("the path {} is no UTF-8, which a job is written in", path.display());
            Error::new(ErrorCode::InvalidRequest, what).hint("rename the file or its folder")
        })?;
        let mode = self.mode.unwrap_or(Mode::Assert);
        let stream = StreamJob::new(&record_type, self.matching.as_deref(), mode);
        let mut job = Job::for_file(connector, json!({ "path": path }), &workspace, stream);
        job.keeps_history = self.history;
        match &self.default_region {
            Some(region) => job.with_default_region(region),
            None => Ok(job),
        }
    }

    fn check_nothing_is_given(&self, file: &Path) -> Result<()> {
        let given = [
            ("--to", self.workspace.is_some()),
            ("--type", self.record_type.is_some()),
            ("--match", self.matching.is_some()),
            ("--mode", self.mode.is_some()),
            ("--default-region", self.default_region.is_some()),
            ("--history", self.history.is_some()),
        ];
        match given.iter().find(|(_, is_given)| *is_given) {
            None => Ok(()),
            Some((name, _)) => Err(Error::new(
                ErrorCode::InvalidRequest,
                format!("{name} goes with a data file, {} is a job file", file.display()),
            )
            .hint("write it into the job file")),
        }
    }
}

/// The connector for a file, by its ending; `.gz` and `.zst` are looked through.
fn connector_for(file: &Path) -> Option<&'static str> {
    let name = file.file_name()?.to_string_lossy().to_lowercase();
    let name = [".gz", ".zst"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
    match name.rsplit_once('.')?.1 {
        "csv" | "tsv" | "txt" => Some("csv"),
        "json" | "jsonl" | "ndjson" => Some("json"),
        _ => None,
    }
}
