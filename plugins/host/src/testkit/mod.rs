//! Checks a connector library against the contract; behind `headwater connectors test`.
//!
//! ```no_run
//! use headwater_host::{Connectors, testkit};
//!
//! # fn main() -> headwater::Result<()> {
//! let csv = Connectors::standard().find("csv")?;
//! let config = serde_json::json!({"path": "people.csv"});
//! let report = testkit::run(&*csv, Some(&config), &testkit::Options::default());
//! for check in &report.checks {
//!     println!("{:?} {}: {}", check.outcome, check.name, check.detail);
//! }
//! assert!(report.is_passed());
//! # Ok(())
//! # }
//! ```

mod config;
mod describe;
mod lifetime;
mod reading;
mod streams;

use std::path::Path;

use headwater::source::{Connector, Control, Source, StreamDescription};
use headwater::sync::Secrets;
use serde_json::Value as Json;

use crate::LoadedConnector;

/// What the checks need of a connector beside what core does, whatever language it is written in.
pub trait Subject: Connector {
    /// Where its code is.
    fn path(&self) -> &Path;

    /// Opens a source with a configuration that need not be JSON.
    ///
    /// # Errors
    /// As [`Connector::open`].
    fn open_text(&self, config: String) -> headwater::Result<Box<dyn Source>>;
}

impl Subject for LoadedConnector {
    fn path(&self) -> &Path {
        LoadedConnector::path(self)
    }

    fn open_text(&self, config: String) -> headwater::Result<Box<dyn Source>> {
        LoadedConnector::open_text(self, config)
    }
}

/// How much work the checks may take.
#[derive(Debug, Clone)]
pub struct Options {
    /// How often a source is opened and closed while its memory is watched.
    pub repeats: usize,
    /// How many rows of a stream are read; those after it are not looked at.
    pub max_rows: usize,
    /// About how many checkpoints of a stream are resumed from.
    pub checkpoints: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { repeats: 10_000, max_rows: 100_000, checkpoints: 40 }
    }
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The connector keeps the rule.
    Passed,
    /// The connector breaks the rule.
    Failed,
    /// The rule could not be tried.
    Skipped,
}

/// One rule, and whether the connector keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The rule, and the stream it was tried on.
    pub name: String,
    /// How it ended.
    pub outcome: Outcome,
    /// What was seen, or why the check was skipped.
    pub detail: String,
}

/// What the checks found, in the order they ran.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The checks.
    pub checks: Vec<Check>,
}

/// What a check found: `Ok` is passed.
type Finding = Result<String, Fault>;

enum Fault {
    Broken(String),
    NotTried(String),
}

fn broken<T>(detail: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::Broken(detail.into()))
}

fn not_tried<T>(detail: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::NotTried(detail.into()))
}

impl From<headwater::Error> for Fault {
    fn from(error: headwater::Error) -> Self {
        Self::Broken(error.to_string())
    }
}

impl Report {
    /// Whether no check failed and at least one passed.
    #[must_use]
    pub fn is_passed(&self) -> bool {
        self.count(Outcome::Failed) == 0 && self.count(Outcome::Passed) > 0
    }

    /// How many checks ended so.
    #[must_use]
    pub fn count(&self, outcome: Outcome) -> usize {
        self.checks.iter().filter(|check| check.outcome == outcome).count()
    }

    fn add(&mut self, name: impl Into<String>, finding: Finding) {
        let (outcome, detail) = match finding {
            Ok(detail) => (Outcome::Passed, detail),
            Err(Fault::Broken(detail)) => (Outcome::Failed, detail),
            Err(Fault::NotTried(detail)) => (Outcome::Skipped, detail),
        };
        self.checks.push(Check { name: name.into(), outcome, detail });
    }
}

/// Runs every check. Without a configuration only those that need none are tried. The report hides
/// the configuration's passwords.
#[must_use]
pub fn run(connector: &dyn Subject, config: Option<&Json>, options: &Options) -> Report {
    let mut report = Report::default();
    report.add("describes itself", describe::describes_itself(connector));
    report.add("refuses a configuration that is not JSON", config::refuses_text(connector));
    report.add("refuses a configuration of another type", config::refuses_array(connector));
    report.add("names an unknown key", config::names_unknown_key(connector, config));
    report.add("names a key of another type", config::names_wrong_type(connector, config));
    let flat = lifetime::opens_and_closes(connector, config, options.repeats);
    report.add("opens and closes with flat memory", flat);
    let found = config
        .map_or_else(|| not_tried("needs a configuration"), |config| streams_of(connector, config));
    match found {
        Ok((mut source, streams)) => {
            report.add("says which streams it offers", streams::are_sane(&streams));
            report.add("refuses an unknown stream", streams::refuses_unknown(&mut *source));
            for stream in &streams {
                reading::check(&mut report, &mut *source, stream, options);
            }
        }
        Err(fault) => report.add("says which streams it offers", Err(fault)),
    }
    if let Some(config) = config {
        let secrets = Secrets::of_passwords(config, &connector.description().config_schema);
        report.checks.iter_mut().for_each(|check| check.detail = secrets.hide(&check.detail));
    }
    report
}

fn streams_of(
    connector: &dyn Subject,
    config: &Json,
) -> Result<(Box<dyn Source>, Vec<StreamDescription>), Fault> {
    let mut source = connector.open(config)?;
    let streams = source.check(&Control::default())?;
    Ok((source, streams))
}
