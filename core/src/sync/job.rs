//! Jobs: what a sync reads, where it goes, and how rows become operations.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use crate::error::{Error, ErrorCode, Result};
use crate::open::{OpenOptions, check_path, open, open_remote};
use crate::remote::{self, ApiKey, RemoteOptions};
use crate::schema::Schema;
use crate::source::ConnectorDescription;
use crate::value::is_phone_region;
use crate::workspace::{Workspace, not_remote};

use super::document::{self, Node};
use super::plan;
use super::remote_target;
use super::secrets::{Secrets, substitute};
use super::stream_job::{OnReject, StreamJob, parse_stream};

/// The JSON Schema of job files, for editors.
pub const JOB_SCHEMA: &str = include_str!("job.schema.json");

/// A job as it is written, checked as far as that is possible without its source.
#[derive(Debug, Clone)]
pub struct Job {
    /// The connector: a name, or the path of a library.
    pub connector: String,
    /// The connector's configuration, secrets put in.
    pub config: Json,
    /// The URL of the workspace.
    pub workspace: String,
    /// Whether the workspace refuses duplicates; `None` leaves its setting alone.
    pub rejects_duplicates: Option<bool>,
    /// Whether the workspace logs changes; `None` leaves its setting alone.
    pub keeps_history: Option<bool>,
    /// The region of phone numbers without a country code.
    pub default_region: Option<String>,
    /// How many rows are committed at a time, at most.
    pub commit_rows: usize,
    /// How a remote workspace is reached; of no meaning for another one.
    pub remote: RemoteOptions,
    /// The streams, in the order in which they are read.
    pub streams: Vec<StreamJob>,
    /// What must not be shown.
    pub secrets: Secrets,
    /// The folder that relative paths are taken from.
    pub folder: PathBuf,
    /// The job without its secrets, for hashes.
    outline: Json,
}

/// Rows committed at a time where the job does not say: large transactions keep the cost of
/// random keys down, and a few seconds of work is what a crash may repeat.
pub(super) const DEFAULT_COMMIT_ROWS: usize = 40_000;

impl Job {
    /// The connector as it is looked for; the path of a library is taken from the job's folder.
    #[must_use]
    pub fn connector_name(&self) -> String {
        let ending = Path::new(&self.connector).extension();
        let is_library = ending.is_some_and(|ending| ending == std::env::consts::DLL_EXTENSION);
        match is_library || self.connector.contains('/') {
            true => self.folder.join(&self.connector).display().to_string(),
            false => self.connector.clone(),
        }
    }

    /// Reads a job file. Relative paths in it are taken from its folder.
    ///
    /// # Errors
    /// `config_invalid`, with the place in the file and the nearest right name.
    pub fn from_file(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|cause| {
            Error::new(
                ErrorCode::ConfigInvalid,
                format!("cannot read the job file {}: {cause}", path.display()),
            )
            .because(cause)
        })?;
        // Absolute, so that a run is resumed from whichever folder it is started again.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = std::path::absolute(folder.unwrap_or(Path::new("."))).unwrap_or_default();
        if folder.to_str().is_none() {
            let what =
                format!("the folder {} is no UTF-8, which paths of a job are", folder.display());
            return Err(Error::new(ErrorCode::ConfigInvalid, what).hint("rename the folder"));
        }
        Self::parse(&text, &folder).map_err(|error| error.on_record(path.display().to_string()))
    }

    /// Reads the text of a job; relative paths are taken from `folder`.
    ///
    /// # Errors
    /// `config_invalid`, with the place in the text and the nearest right name.
    ///
    /// ```
    /// use headwater::sync::Job;
    /// let text = r#"
    /// [source]
    /// connector = "csv"
    /// config = { path = "people.csv" }
    /// [target]
    /// workspace = "crm.db"
    /// [[streams]]
    /// record_type = "contact"
    /// match = "primary_email"
    /// "#;
    /// let job = Job::parse(text, std::path::Path::new("."))?;
    /// assert_eq!(job.streams.len(), 1);
    /// let error = Job::parse(&text.replace("match", "mach"), std::path::Path::new(".")).unwrap_err();
    /// assert_eq!(error.remedy(), "did you mean \"match\"?");
    /// # Ok::<(), headwater::Error>(())
    /// ```
    pub fn parse(text: &str, folder: &Path) -> Result<Self> {
        let mut document = document::parse(text)?;
        let mut secrets = Secrets::default();
        let mut source = document.require("source")?.table()?;
        let connector = source.require("connector")?.text()?;
        let (config, config_outline) = match source.take("config") {
            Some(node) if node.is_table() => (
                node.json(&mut |path, text| {
                    let is_path = path.first().is_some_and(|key| key == "path");
                    substitute(text, folder, &mut |value| {
                        // A path is no secret, and messages about files are useless without it.
                        if !is_path {
                            secrets.add(value);
                        }
                    })
                })?,
                node.json(&mut |_, text| Ok(text.to_owned()))?,
            ),
            Some(node) => return Err(node.error("config is not a table")),
            None => (json!({}), json!({})),
        };
        source.finish()?;

        let mut target = document.require("target")?.table()?;
        let workspace = target.require("workspace")?;
        let workspace_text = substitute(&workspace.text()?, folder, &mut |_| {})
            .map_err(|error| workspace.locate(&error))?;
        check_path(&workspace_text).map_err(|error| workspace.locate(&error))?;
        let rejects_duplicates = target
            .take("duplicates")
            .map(|node| node.choice(&[("allow", false), ("reject", true)]))
            .transpose()?;
        let keeps_history = target.take("history").map(|node| node.boolean()).transpose()?;
        let commit_rows = match target.take("commit_rows") {
            Some(node) => positive(&node)?,
            None => DEFAULT_COMMIT_ROWS,
        };
        let is_remote = remote::is_remote(&workspace_text);
        let remote = remote_target::parse(&mut target, folder, is_remote, &mut secrets)?;
        target.finish()?;

        let default_region =
            document.take("default_region").map(|node| region(&node)).transpose()?;
        let streams = document.require("streams")?;
        let streams = parse_streams(streams)?;
        document.finish()?;
        let stream_outlines: Vec<&Json> = streams.iter().map(|stream| &stream.outline).collect();
        let outline = json!({
            "connector": connector, "config": config_outline, "workspace": workspace.text()?,
            "default_region": default_region, "streams": stream_outlines,
        });
        Ok(Self {
            connector,
            config,
            workspace: resolve_workspace(&workspace_text, folder),
            rejects_duplicates,
            keeps_history,
            default_region,
            commit_rows,
            remote,
            streams,
            secrets,
            folder: folder.to_owned(),
            outline,
        })
    }

    /// The job of `headwater sync FILE`: columns are matched to attributes by name.
    #[must_use]
    pub fn for_file(connector: &str, config: Json, workspace: &str, stream: StreamJob) -> Self {
        let outline = json!({
            "connector": connector, "config": config, "workspace": workspace,
            "streams": [stream.outline],
        });
        Self {
            connector: connector.to_owned(),
            config,
            workspace: workspace.to_owned(),
            rejects_duplicates: None,
            keeps_history: None,
            default_region: None,
            commit_rows: DEFAULT_COMMIT_ROWS,
            remote: RemoteOptions::default(),
            streams: vec![stream],
            secrets: Secrets::default(),
            folder: PathBuf::new(),
            outline,
        }
    }

    /// Opens the workspace that records go to, and makes a local one where there is none. A remote
    /// one brings the job's key, or else the one that the environment names; its ledger is beside
    /// the job.
    ///
    /// # Errors
    /// `config_invalid` for a URL that cannot be opened, a key that cannot be read, and what only a
    /// local workspace can; `store_io`, `store_corrupt`, `store_busy`.
    pub fn open_workspace(&self) -> Result<Box<dyn Workspace>> {
        let options = OpenOptions {
            create: true,
            rejects_duplicates: self.rejects_duplicates,
            keeps_history: self.keeps_history,
        };
        if !remote::is_remote(&self.workspace) {
            return open(&self.workspace, options);
        }
        options.check_remote()?;
        if self.streams.iter().any(|stream| stream.on_reject == OnReject::Stop) {
            let what =
                "a remote workspace takes each row by itself: what went before a refused row stays";
            return Err(Error::new(ErrorCode::ConfigInvalid, what)
                .at_field("on_reject")
                .hint("leave it out, or say \"continue\""));
        }
        let mut options = self.remote.clone();
        if options.api_key.is_none() {
            options.api_key = ApiKey::from_environment()?;
        }
        options.ledger = Some(self.ledger()?);
        open_remote(&self.workspace, options)
    }

    /// The file that remembers what was delivered to its remote workspace: the one that it names, or
    /// else one beside the job.
    fn ledger(&self) -> Result<PathBuf> {
        match &self.remote.ledger {
            Some(ledger) => Ok(ledger.clone()),
            None => Ok(self.folder.join(remote::ledger_name(&self.workspace)?)),
        }
    }

    /// The workspace on this machine that remembers its runs and the rows that were refused: its own,
    /// or the ledger of a remote one.
    ///
    /// # Errors
    /// `config_invalid` for a URL that is none.
    pub fn journal(&self) -> Result<String> {
        match remote::is_remote(&self.workspace) {
            true => Ok(self.ledger()?.display().to_string()),
            false => Ok(self.workspace.clone()),
        }
    }

    /// Opens its workspace for an [`estimate`](super::estimate) or a [`verify`](super::verify), which
    /// only a remote one can answer; a local one is neither made nor changed.
    ///
    /// # Errors
    /// `operation_not_supported` for a local workspace; as [`Job::open_workspace`].
    pub fn open_remote_workspace(&self) -> Result<Box<dyn Workspace>> {
        match remote::is_remote(&self.workspace) {
            true => self.open_workspace(),
            false => Err(not_remote()),
        }
    }

    /// The record types of its workspace, for [`check`](super::check): those of the standard where a
    /// local workspace is not there yet. Nothing is made.
    ///
    /// # Errors
    /// As [`Job::open_workspace`], and what asking a remote workspace for its types may end with.
    pub fn schema(&self) -> Result<Arc<Schema>> {
        if !remote::is_remote(&self.workspace) {
            let path = self.workspace.strip_prefix("sqlite:").unwrap_or(&self.workspace);
            let path = Path::new(path.strip_prefix("//").unwrap_or(path));
            return match open(&self.workspace, OpenOptions::default()) {
                Err(error) if error.code() == ErrorCode::StoreIo && can_be_made(path) => {
                    Ok(Arc::new(Schema::standard()))
                }
                opened => Ok(opened?.schema()),
            };
        }
        self.schema_of(&*self.open_workspace()?)
    }

    /// The record types of a workspace, with those that the job names: a remote one is asked for them.
    ///
    /// # Errors
    /// `config_invalid` for one that it does not have; what asking a remote workspace may end with.
    pub fn schema_of(&self, workspace: &dyn Workspace) -> Result<Arc<Schema>> {
        plan::know_types(self, workspace)?;
        Ok(workspace.schema())
    }

    /// Sets the region of phone numbers without a country code.
    ///
    /// # Errors
    /// `config_invalid` if it is not a region.
    pub fn with_default_region(mut self, region: &str) -> Result<Self> {
        if !is_phone_region(region) {
            return Err(unknown_region(region));
        }
        self.default_region = Some(region.to_owned());
        self.outline["default_region"] = json!(region);
        Ok(self)
    }

    /// SHA-256 of the job, secrets left out: the same job has the same hash.
    #[must_use]
    pub fn hash(&self) -> String {
        sha256(&self.outline)
    }

    /// SHA-256 of everything that gives a stream's rows their meaning. A checkpoint of one
    /// stream is never used for another, nor after a change of its mapping.
    #[must_use]
    pub(super) fn stream_hash(&self, stream: usize, description: &ConnectorDescription) -> String {
        sha256(&json!({
            "connector": description.name,
            "config": without_passwords(self.outline["config"].clone(), &description.config_schema),
            "resolved": without_passwords(self.resolved_config(description), &description.config_schema),
            "default_region": self.default_region,
            "stream": self.streams[stream].meaning(),
        }))
    }

    /// SHA-256 of where a stream's rows come from and what type of record they create, whatever its
    /// mapping makes of them.
    pub(super) fn created_hash(&self, stream: usize, description: &ConnectorDescription) -> String {
        let StreamJob { source, record_type, .. } = &self.streams[stream];
        sha256(&json!({
            "creates": record_type,
            "connector": description.name,
            "resolved": without_passwords(self.resolved_config(description), &description.config_schema),
            "source": source,
        }))
    }

    /// The configuration with relative paths taken from the job's folder.
    pub(super) fn resolved_config(&self, description: &ConnectorDescription) -> Json {
        let mut config = self.config.clone();
        if let Some(object) = config.as_object_mut() {
            for (key, value) in object {
                if is_path(&description.config_schema, key) {
                    resolve_paths(value, &self.folder);
                }
            }
        }
        config
    }
}

/// Two streams that mean the same would share a checkpoint, and the second read nothing.
fn parse_streams(node: Node<'_>) -> Result<Vec<StreamJob>> {
    let mut streams: Vec<StreamJob> = Vec::new();
    for table in node.tables()? {
        let twice = table.error("the stream is the same as one before it");
        let stream = parse_stream(table)?;
        if streams.iter().any(|other| other.meaning() == stream.meaning()) {
            return Err(twice.at_field("streams").hint("leave one of them out"));
        }
        streams.push(stream);
    }
    Ok(streams)
}

pub(super) fn positive(node: &Node<'_>) -> Result<usize> {
    let number = node.json(&mut |_, text| Ok(text.to_owned()))?;
    number
        .as_u64()
        .and_then(|number| usize::try_from(number).ok())
        .filter(|number| *number > 0)
        .ok_or_else(|| node.error("expected a whole number above 0"))
}

fn region(node: &Node<'_>) -> Result<String> {
    let text = node.text()?;
    if is_phone_region(&text) { Ok(text) } else { Err(node.locate(&unknown_region(&text))) }
}

/// The error of a region that there is not.
pub(super) fn unknown_region(region: &str) -> Error {
    Error::new(ErrorCode::ConfigInvalid, format!("there is no region {region:?}"))
        .at_field("default_region")
        .hint("write an ISO 3166 code in capitals, for example \"US\" or \"GB\"")
}

/// A path of a workspace is taken from the job's folder; a URL stays as it is.
fn resolve_workspace(workspace: &str, folder: &Path) -> String {
    match workspace.split_once(':') {
        Some(("sqlite", path)) if !path.starts_with('/') => {
            format!("sqlite:{}", folder.join(path).display())
        }
        Some((_, rest)) if rest.starts_with("//") || workspace.starts_with("sqlite:") => {
            workspace.to_owned()
        }
        _ => folder.join(workspace).display().to_string(),
    }
}

/// Whether a sync could make a workspace here, where there is none.
fn can_be_made(path: &Path) -> bool {
    let is_free = path.metadata().is_err_and(|cause| cause.kind() == ErrorKind::NotFound);
    // A name alone is one in the present folder.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    is_free && folder.is_none_or(Path::is_dir)
}

fn is_path(config_schema: &Json, key: &str) -> bool {
    config_schema["properties"][key]["format"] == "path"
}

fn resolve_paths(value: &mut Json, folder: &Path) {
    match value {
        Json::String(path) => *path = folder.join(&*path).display().to_string(),
        Json::Array(paths) => paths.iter_mut().for_each(|path| resolve_paths(path, folder)),
        _ => {}
    }
}

/// A configuration without its passwords: with another one the source is still the same.
fn without_passwords(mut config: Json, config_schema: &Json) -> Json {
    if let Some(config) = config.as_object_mut() {
        config.retain(|key, _| config_schema["properties"][key]["format"] != "password");
    }
    config
}

fn sha256(json: &Json) -> String {
    Sha256::digest(json.to_string().as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_is_taken_from_the_folder_of_its_job_and_a_name_is_looked_for() {
        let job = |connector: &str| {
            let text = format!(
                "[source]\nconnector = \"{connector}\"\n[target]\nworkspace = \"crm.db\"\n\
                 [[streams]]\nrecord_type = \"contact\"\n"
            );
            Job::parse(&text, Path::new("/jobs")).unwrap().connector_name()
        };
        let library = format!("libx.{}", std::env::consts::DLL_EXTENSION);
        assert_eq!(job(&library), format!("/jobs/{library}"));
        assert_eq!(job("lib/x"), "/jobs/lib/x");
        assert_eq!(job("csv"), "csv");
        assert_eq!(job("python:package.module:Class"), "python:package.module:Class");
    }

    #[test]
    fn the_schema_tells_what_a_job_has_that_says_nothing() {
        let schema: Json = serde_json::from_str(JOB_SCHEMA).unwrap();
        let commit_rows = &schema["properties"]["target"]["properties"]["commit_rows"];
        assert_eq!(commit_rows["default"], DEFAULT_COMMIT_ROWS);
    }
}
