//! The handle of an open workspace.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use headwater::remote::{ApiKey, RemoteOptions, is_remote};
use headwater::{
    ActingAs, Actor, Error, ErrorCode, FixedClock, Generation, OpenOptions, Result, Workspace,
    open_generating, open_remote,
};
use pyo3::prelude::*;

use crate::failure::OrRaise;

/// An open workspace. Safe to share between threads; useless in a forked process.
#[pyclass(frozen, module = "headwater._headwater")]
pub(crate) struct Handle {
    workspace: RwLock<Option<Arc<dyn Workspace>>>,
    /// The process that opened it.
    process: u32,
}

#[pymethods]
impl Handle {
    #[new]
    #[pyo3(signature = (url, create, duplicates, history, actor, id_seed, clock, api_key, ledger))]
    fn new(
        py: Python<'_>,
        url: &str,
        create: bool,
        duplicates: Option<bool>,
        history: Option<bool>,
        actor: &str,
        id_seed: Option<u64>,
        clock: Option<&str>,
        api_key: Option<&str>,
        ledger: Option<PathBuf>,
    ) -> PyResult<Self> {
        let local = [
            ("duplicates", duplicates.is_some()),
            ("history", history.is_some()),
            ("id_seed", id_seed.is_some()),
            ("clock", clock.is_some()),
        ];
        let remote = [("api_key", api_key.is_some()), ("ledger", ledger.is_some())];
        let workspace: Arc<dyn Workspace> = if is_remote(url) {
            check_options(&local, "at a URL").or_raise(py)?;
            let options = remote_options(api_key, ledger).or_raise(py)?;
            open_remote(url, options).or_raise(py)?.into()
        } else {
            check_options(&remote, "in a file").or_raise(py)?;
            let options =
                OpenOptions { create, rejects_duplicates: duplicates, keeps_history: history };
            let clock = clock.map(FixedClock::at).transpose().or_raise(py)?;
            let opened = py.detach(|| open_generating(url, options, Generation { clock, id_seed }));
            Arc::new(ActingAs::new(opened.or_raise(py)?, Actor::named(actor)))
        };
        Ok(Self::of(workspace))
    }

    /// Closes it; calls under way in other threads end first.
    fn close(&self, py: Python<'_>) {
        if self.is_forked() {
            return;
        }
        py.detach(|| {
            drop(self.workspace.write().unwrap_or_else(PoisonError::into_inner).take());
        });
    }

    /// Whether it was closed.
    #[getter]
    fn is_closed(&self) -> bool {
        self.workspace.read().unwrap_or_else(PoisonError::into_inner).is_none()
    }
}

impl Handle {
    /// The handle of a workspace that was opened just now.
    pub(crate) fn of(workspace: Arc<dyn Workspace>) -> Self {
        Self { workspace: RwLock::new(Some(workspace)), process: std::process::id() }
    }

    /// Does something with the workspace while other Python threads run.
    pub(crate) fn run<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&dyn Workspace) -> Result<T> + Send,
    ) -> PyResult<T> {
        self.refuse_if_forked().or_raise(py)?;
        let done = py.detach(|| {
            // Held until the end: whoever closes it waits for that.
            let workspace = self.workspace.read().unwrap_or_else(PoisonError::into_inner);
            work(&**workspace.as_ref().ok_or_else(closed)?)
        });
        done.or_raise(py)
    }

    /// The workspace.
    pub(crate) fn workspace(&self) -> Result<Arc<dyn Workspace>> {
        self.refuse_if_forked()?;
        let workspace = self.workspace.read().unwrap_or_else(PoisonError::into_inner).clone();
        workspace.ok_or_else(closed)
    }

    fn refuse_if_forked(&self) -> Result<()> {
        if self.is_forked() {
            let what = "the workspace was opened by the process that this one was forked from";
            return Err(Error::new(ErrorCode::InvalidRequest, what)
                .hint("open it in this process: a database connection cannot be taken along"));
        }
        Ok(())
    }

    fn is_forked(&self) -> bool {
        std::process::id() != self.process
    }
}

/// Refuses the options that are given and go with the other kind of workspace.
fn check_options(options: &[(&str, bool)], place: &str) -> Result<()> {
    let Some((name, _)) = options.iter().find(|(_, is_given)| *is_given) else { return Ok(()) };
    let what = format!("a workspace {place} takes no {name}");
    Err(Error::new(ErrorCode::ConfigInvalid, what).at_field(*name).hint("leave it out"))
}

/// How a workspace at a URL is reached: with the key that is given, else with the environment's.
fn remote_options(api_key: Option<&str>, ledger: Option<PathBuf>) -> Result<RemoteOptions> {
    let api_key = match api_key {
        Some(text) => Some(ApiKey::new(text)?),
        None => ApiKey::from_environment()?,
    };
    Ok(RemoteOptions { api_key, ledger, ..RemoteOptions::default() })
}

fn closed() -> Error {
    Error::new(ErrorCode::InvalidRequest, "the workspace is closed").hint("open it again")
}

impl Drop for Handle {
    fn drop(&mut self) {
        if self.is_forked() {
            // Closing would move the log of a database that the other process still writes.
            let workspace = self.workspace.get_mut().unwrap_or_else(PoisonError::into_inner);
            std::mem::forget(workspace.take());
        }
    }
}
