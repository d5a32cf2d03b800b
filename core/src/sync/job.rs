//! Jobs: what a sync reads, where it goes, and how rows become operations.

use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use crate::error::{Error, ErrorCode, Result};
use crate::source::ConnectorDescription;
use crate::value::is_phone_region;

use super::document::{self, Node, Section};
use super::secrets::{Secrets, substitute};

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
    /// The region of phone numbers without a country code.
    pub default_region: Option<String>,
    /// How many rows are committed at a time, at most.
    pub commit_rows: usize,
    /// The streams, in the order in which they are read.
    pub streams: Vec<StreamJob>,
    /// What must not be shown.
    pub secrets: Secrets,
    /// The folder that relative paths are taken from.
    pub folder: PathBuf,
    /// The job without its secrets, for hashes.
    outline: Json,
}

/// How the rows of one stream become operations.
#[derive(Debug, Clone)]
pub struct StreamJob {
    /// The stream's name at the source; needed only where there are several.
    pub source: Option<String>,
    /// The record type.
    pub record_type: String,
    /// The name of the match key; `None` only for creates.
    pub matching: Option<String>,
    /// What is done with a row.
    pub mode: Mode,
    /// What a null in a row means.
    pub null: NullPolicy,
    /// What is done about a row that is refused.
    pub on_reject: OnReject,
    /// How many refused rows end the run.
    pub max_rejects: Option<RejectLimit>,
    /// The attributes; `None` matches columns to attributes by name.
    pub attributes: Option<Vec<AttributeJob>>,
    outline: Json,
}

/// Where the value of one attribute comes from.
#[derive(Debug, Clone)]
pub struct AttributeJob {
    /// The attribute, or `attribute.part` for one part of an address.
    pub name: String,
    /// Where its value comes from.
    pub origin: ValueOrigin,
    /// Where it stands in the job file, for messages: `line 3, column 5`, or empty.
    pub place: String,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum ValueOrigin {
    /// A column of the row.
    Column {
        /// The column.
        name: String,
        /// Splits the text of the cell into a list at this text.
        split: Option<String>,
        /// Overrides the stream's null policy.
        null: Option<NullPolicy>,
        /// Stands in where the cell is absent or null.
        default: Option<Json>,
        /// Whether rows may lack the column, also all of them.
        is_optional: bool,
    },
    /// The same value for every row.
    Constant(Json),
    /// An expression over `row`.
    Expression {
        /// The expression, in the language of minijinja.
        text: String,
        /// Overrides the stream's null policy.
        null: Option<NullPolicy>,
        /// Stands in where the result is undefined or none.
        default: Option<Json>,
    },
}

/// What is done with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Create or update by the match.
    Assert,
    /// Create, whatever is there.
    Create,
    /// Update by the match; refuse a row that matches nothing.
    Update,
}

/// What a null in a row means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NullPolicy {
    /// Clear the attribute.
    Clear,
    /// Leave the attribute as it is.
    Keep,
}

/// What is done about a row that is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnReject {
    /// Keep it in the journal and go on.
    Continue,
    /// Keep it in the journal and end the run.
    Stop,
}

/// How many refused rows end the run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RejectLimit {
    /// More than this many.
    Count(u64),
    /// More than this share of the rows read, 0 to 1.
    Share(f64),
}

/// Rows committed at a time where the job does not say: large transactions keep the cost of
/// random keys down, and a few seconds of work is what a crash may repeat.
const DEFAULT_COMMIT_ROWS: usize = 50_000;

const MODES: [(&str, Mode); 3] =
    [("assert", Mode::Assert), ("create", Mode::Create), ("update", Mode::Update)];
const NULL_POLICIES: [(&str, NullPolicy); 2] =
    [("clear", NullPolicy::Clear), ("keep", NullPolicy::Keep)];

impl Job {
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
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::parse(&text, folder).map_err(|error| error.on_record(path.display().to_string()))
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
        let rejects_duplicates = target
            .take("duplicates")
            .map(|node| node.choice(&[("allow", false), ("reject", true)]))
            .transpose()?;
        let commit_rows = match target.take("commit_rows") {
            Some(node) => positive(&node)?,
            None => DEFAULT_COMMIT_ROWS,
        };
        target.finish()?;

        let default_region =
            document.take("default_region").map(|node| region(&node)).transpose()?;
        let streams = document.require("streams")?;
        let streams =
            streams.tables()?.into_iter().map(parse_stream).collect::<Result<Vec<_>>>()?;
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
            default_region,
            commit_rows,
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
            default_region: None,
            commit_rows: DEFAULT_COMMIT_ROWS,
            streams: vec![stream],
            secrets: Secrets::default(),
            folder: PathBuf::new(),
            outline,
        }
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
            "config": self.outline["config"],
            "paths": paths(&self.resolved_config(description), &description.config_schema),
            "default_region": self.default_region,
            "stream": self.streams[stream].outline,
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

impl StreamJob {
    /// A stream with the defaults of a job file, columns matched by name.
    #[must_use]
    pub fn new(record_type: &str, matching: Option<&str>, mode: Mode) -> Self {
        let mode_name = MODES.iter().find(|(_, known)| *known == mode).map(|(name, _)| *name);
        Self {
            source: None,
            record_type: record_type.to_owned(),
            matching: matching.map(str::to_owned),
            mode,
            null: NullPolicy::Clear,
            on_reject: OnReject::Continue,
            max_rejects: None,
            attributes: None,
            outline: json!({ "record_type": record_type, "match": matching, "mode": mode_name }),
        }
    }
}

fn parse_stream(mut section: Section<'_>) -> Result<StreamJob> {
    let mut outline = json!({});
    let mut note = |key: &str, node: &Node<'_>| -> Result<()> {
        outline[key] = node.json(&mut |_, text| Ok(text.to_owned()))?;
        Ok(())
    };
    let mut take = |key: &'static str| -> Result<Option<Node<'_>>> {
        let node = section.take(key);
        if let Some(node) = &node {
            note(key, node)?;
        }
        Ok(node)
    };
    let source = take("source")?.map(|node| node.text()).transpose()?;
    let record_type = take("record_type")?.map(|node| node.text()).transpose()?;
    let matching = take("match")?.map(|node| node.text()).transpose()?;
    let mode = take("mode")?.map_or(Ok(Mode::Assert), |node| node.choice(&MODES))?;
    let null = take("null")?.map_or(Ok(NullPolicy::Clear), |node| node.choice(&NULL_POLICIES))?;
    let on_reject = take("on_reject")?.map_or(Ok(OnReject::Continue), |node| {
        node.choice(&[("continue", OnReject::Continue), ("stop", OnReject::Stop)])
    })?;
    let max_rejects = take("max_rejects")?.map(|node| reject_limit(&node)).transpose()?;
    let attributes = match take("attributes")? {
        Some(node) => {
            let mut table = node.table()?;
            let attributes = table.rest().into_iter().map(|(name, node)| attribute(name, node));
            Some(attributes.collect::<Result<Vec<_>>>()?)
        }
        None => None,
    };
    let record_type = match record_type {
        Some(record_type) => record_type,
        None => section.require("record_type")?.text()?,
    };
    section.finish()?;
    Ok(StreamJob {
        source,
        record_type,
        matching,
        mode,
        null,
        on_reject,
        max_rejects,
        attributes,
        outline,
    })
}

fn attribute(name: String, node: Node<'_>) -> Result<AttributeJob> {
    let place = node.error("").message().trim_end_matches(": ").to_owned();
    let origin = if let Some(column) = node.as_str() {
        column_origin(column.to_owned())
    } else if node.is_table() {
        detailed_origin(node)?
    } else {
        ValueOrigin::Constant(node.json(&mut |_, text| Ok(text.to_owned()))?)
    };
    Ok(AttributeJob { name, origin, place })
}

fn column_origin(name: String) -> ValueOrigin {
    ValueOrigin::Column { name, split: None, null: None, default: None, is_optional: false }
}

fn detailed_origin(node: Node<'_>) -> Result<ValueOrigin> {
    let wrong = node.error("expected exactly one of column, expression and value").hint(
        "write \"Column\", { column = \"Column\" }, { expression = \"row.a ~ row.b\" } or { value = \"fixed\" }",
    );
    let mut table = node.table()?;
    let column = table.take("column").map(|node| node.text()).transpose()?;
    let expression = table.take("expression").map(|node| node.text()).transpose()?;
    let plain = |node: Node<'_>| node.json(&mut |_, text| Ok(text.to_owned()));
    let value = table.take("value").map(plain).transpose()?;
    let default = table.take("default").map(plain).transpose()?;
    let null = table.take("null").map(|node| node.choice(&NULL_POLICIES)).transpose()?;
    let split = table.take("split").map(|node| node.text()).transpose()?;
    let optional = table.take("optional").map(|node| node.boolean()).transpose()?;
    table.finish()?;
    match (column, expression, value) {
        (Some(name), None, None) => Ok(ValueOrigin::Column {
            name,
            split,
            null,
            default,
            is_optional: optional.unwrap_or(false),
        }),
        (None, Some(text), None) if split.is_none() && optional.is_none() => {
            Ok(ValueOrigin::Expression { text, null, default })
        }
        (None, None, Some(value))
            if split.is_none() && optional.is_none() && default.is_none() && null.is_none() =>
        {
            Ok(ValueOrigin::Constant(value))
        }
        _ => Err(wrong),
    }
}

fn reject_limit(node: &Node<'_>) -> Result<RejectLimit> {
    let wrong = || {
        node.error("max_rejects is not a limit")
            .hint("write a number of rows, for example 100, or a share, for example \"5%\"")
    };
    match node.json(&mut |_, text| Ok(text.to_owned()))? {
        Json::Number(number) => number.as_u64().map(RejectLimit::Count).ok_or_else(wrong),
        Json::String(text) => {
            let percent = text.trim().strip_suffix('%').and_then(|text| text.trim().parse().ok());
            percent
                .filter(|percent: &f64| (0.0..=100.0).contains(percent))
                .map(|percent| RejectLimit::Share(percent / 100.0))
                .ok_or_else(wrong)
        }
        _ => Err(wrong()),
    }
}

fn positive(node: &Node<'_>) -> Result<usize> {
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

fn unknown_region(region: &str) -> Error {
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

/// The path properties of a configuration.
fn paths(config: &Json, config_schema: &Json) -> Vec<Json> {
    let entries = config.as_object().into_iter().flatten();
    entries.filter(|(key, _)| is_path(config_schema, key)).map(|(_, value)| value.clone()).collect()
}

fn sha256(json: &Json) -> String {
    Sha256::digest(json.to_string().as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
