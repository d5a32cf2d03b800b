//! A loaded connector: core's `Connector` over a library.

use std::path::{Path, PathBuf};
use std::time::Duration;

use headwater::Result;
use headwater::source::{Connector, ConnectorDescription, Source};
use headwater_abi::headwater_connector;
use serde_json::Value as Json;

use crate::load::load;
use crate::source::OpenSource;
use crate::state::State;
use crate::table::Functions;
use crate::watchdog::{DEFAULT_PATIENCE, Worker};

/// A connector library that has passed every check; it stays loaded until the process ends.
#[derive(Clone)]
pub struct LoadedConnector {
    path: PathBuf,
    functions: Functions,
    description: ConnectorDescription,
    patience: Duration,
}

impl LoadedConnector {
    /// Loads the library at `path` and asks what it is.
    ///
    /// # Errors
    /// `connector_not_found`, `connector_incompatible`, `connector_misbehaved`, `timeout`, or what
    /// the connector reports.
    pub fn load(path: &Path) -> Result<Self> {
        Self::load_with_patience(path, DEFAULT_PATIENCE)
    }

    /// As [`LoadedConnector::load`], with a limit for the calls that loading takes.
    ///
    /// # Errors
    /// As [`LoadedConnector::load`].
    pub fn load_with_patience(path: &Path, patience: Duration) -> Result<Self> {
        // Absolute, so that the system's own search for bare file names is never used.
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        // Its initialisers, its entry and `describe` are foreign code too: they may hang.
        let mut loader = Worker::spawn("library", patience, || ())?;
        let to_load = path.clone();
        let functions = loader.call("headwater_connector_v1", None, move |(), _| load(&to_load))?;
        Self::describe(path, functions, patience)
    }

    /// A connector whose table is part of this program, for tests of what this crate makes of one.
    ///
    /// # Errors
    /// As [`LoadedConnector::load`].
    ///
    /// # Safety
    /// `table` is what a `headwater_connector_v1` could return: NULL, or at least a size and as
    /// many readable bytes as it says; and its functions keep the contract of the header.
    #[doc(hidden)]
    pub unsafe fn from_table(table: *const headwater_connector) -> Result<Self> {
        // SAFETY: the caller promises what a library's entry has to keep.
        let functions = unsafe { Functions::from_table(table) }?;
        Self::describe(PathBuf::new(), functions, DEFAULT_PATIENCE)
    }

    /// Asks the connector what it is.
    fn describe(path: PathBuf, functions: Functions, patience: Duration) -> Result<Self> {
        let mut worker = Worker::spawn("library", patience, move || State::new(functions))?;
        let description = worker.call("describe", None, State::describe).map_err(|error| {
            if error.record().is_some() {
                error
            } else {
                error.on_record(path.display().to_string())
            }
        })?;
        Ok(Self { path, functions, description, patience })
    }

    /// Where the library is; absolute.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The same connector with another limit on a call without a sign of life (default: 60 s).
    ///
    /// A sign of life is a return, a poll of `cancelled`, or a log line. On expiry the call ends
    /// with `timeout`, its thread is left behind, and the source has to be opened again. A cancel
    /// waits for 5 s or `patience`, whichever is less.
    #[must_use]
    pub fn with_patience(&self, patience: Duration) -> Self {
        Self { patience, ..self.clone() }
    }
}

impl Connector for LoadedConnector {
    fn description(&self) -> &ConnectorDescription {
        &self.description
    }

    fn open(&self, config: &Json) -> Result<Box<dyn Source>> {
        self.open_text(config.to_string())
    }
}

impl LoadedConnector {
    /// Opens a source with a configuration that need not be JSON; the testkit does.
    pub(crate) fn open_text(&self, config: String) -> Result<Box<dyn Source>> {
        let functions = self.functions;
        let mut worker =
            Worker::spawn(&self.description.name, self.patience, move || State::new(functions))?;
        worker.call("open", None, move |state, context| state.open(context, &config))?;
        Ok(Box::new(OpenSource::new(worker)))
    }
}

impl std::fmt::Debug for LoadedConnector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoadedConnector")
            .field("path", &self.path)
            .field("description", &self.description)
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}
