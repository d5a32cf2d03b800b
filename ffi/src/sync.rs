//! Syncs: a job's rows read through a connector and brought into a workspace, resumable, with
//! progress, and cancelled from another thread.

use std::ffi::c_void;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use headwater::source::{Control, StreamDescription};
use headwater::store::journal::RunState;
use headwater::sync::{Estimate, JOB_SCHEMA, Job, Report, RunOptions, description_json};
use headwater::{Drift, Error, ErrorCode, Result, Workspace};
use headwater_abi::headwater_str;
use headwater_host::{Connectors, LoadedConnector};
use serde_json::{Value as Json, json};

use crate::callbacks::{Callbacks, headwater_log_fn, headwater_progress_fn};
use crate::connectors::{copied, headwater_connectors};
use crate::document::headwater_document;
use crate::error::headwater_error;
use crate::guard::{call, value};
use crate::handle::{Owned, borrow, free, invalid, out};
use crate::poison::Poison;
use crate::structs::{self, Struct};
use crate::text::{ABSENT, lent, some_text, text};
use crate::workspace::{Shared, headwater_workspace};

/// Starts over instead of resuming a run that did not end.
pub const HEADWATER_SYNC_FULL: u64 = 1;

/// How a job is run. Borrowed for the call; what `context` leads to is used until the sync is freed.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct headwater_sync_options {
    /// `sizeof(headwater_sync_options)` as the caller knows it.
    pub struct_size: usize,
    /// `HEADWATER_SYNC_*`.
    pub flags: u64,
    /// Where the connector is looked for; NULL for the usual folders. Copied.
    pub connectors: *const headwater_connectors,
    /// The workspace that the rows go to, in place of the one that the job names; or NULL. Once it is
    /// closed or freed, the sync is refused.
    pub workspace: *const headwater_workspace,
    /// Passed back to the functions below.
    pub context: *mut c_void,
    /// Is told how far a run is; or NULL.
    pub progress: headwater_progress_fn,
    /// Gets what the connector logs; or NULL.
    pub log: headwater_log_fn,
}

// SAFETY: plain numbers and pointers, NULL for functions among them, the size first.
unsafe impl Struct for headwater_sync_options {
    const FIRST: usize = 56;
    const ZERO: Self = Self {
        struct_size: 0,
        flags: 0,
        connectors: std::ptr::null(),
        workspace: std::ptr::null(),
        context: std::ptr::null_mut(),
        progress: None,
        log: None,
    };
}

/// A job that can be run. One thread at a time uses it, but any may cancel it.
pub struct headwater_sync {
    job: Job,
    connectors: Connectors,
    workspace: Option<Arc<Shared>>,
    is_full: bool,
    callbacks: Arc<Callbacks>,
    /// Of the run that is going on, or of the next one.
    control: Mutex<Arc<Control>>,
    running: Mutex<()>,
    poison: Poison,
}

impl Owned for headwater_sync {}

/// Gives the JSON Schema of job files.
///
/// The text: Borrowed from the library for ever.
/// Threads: any. Errors: none. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn headwater_sync_job_schema() -> headwater_str {
    value("headwater_sync_job_schema", ABSENT, || lent(JOB_SCHEMA))
}

/// Reads a job; touches neither its source nor its workspace.
///
/// `job` (the text of a job file, TOML), `folder` (that relative paths in it are taken from; empty
/// for the current one), `options` (or NULL): Borrowed for the call. `*out_sync`: Owned by the caller;
/// free with `headwater_sync_free`.
/// Threads: any. Errors: `config_invalid` with the place in the text, `invalid_request`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_sync_open(
    job: headwater_str,
    folder: headwater_str,
    options: *const headwater_sync_options,
    out_sync: *mut *mut headwater_sync,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_sync_open", out_error, || {
            let place = out(out_sync, "out_sync")?;
            let options = checked(options)?;
            let job = some_text(job, "job")?;
            let folder = match text(folder, "folder")? {
                "" => ".",
                folder => folder,
            };
            let folder = std::path::absolute(folder).unwrap_or_else(|_| PathBuf::from(folder));
            *place = opened(Job::parse(job, &folder)?, options)?.give();
            Ok(())
        })
    }
}

/// As `headwater_sync_open`, for a job in a file; relative paths in it are taken from its folder.
///
/// `path`, `options` (or NULL): Borrowed for the call. `*out_sync`: Owned by the caller; free with
/// `headwater_sync_free`.
/// Threads: any. Errors: as `headwater_sync_open`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_sync_open_file(
    path: headwater_str,
    options: *const headwater_sync_options,
    out_sync: *mut *mut headwater_sync,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_sync_open_file", out_error, || {
            let place = out(out_sync, "out_sync")?;
            let options = checked(options)?;
            let job = Job::from_file(Path::new(some_text(path, "path")?))?;
            *place = opened(job, options)?.give();
            Ok(())
        })
    }
}

/// # Safety
/// `options` is NULL or filled as the header says.
unsafe fn checked(options: *const headwater_sync_options) -> Result<headwater_sync_options> {
    // SAFETY: as the caller promises.
    let options = unsafe { structs::read(options, "options") }?.unwrap_or(Struct::ZERO);
    if options.flags & !HEADWATER_SYNC_FULL != 0 {
        let what = format!("{:#x} has flags that this library does not know", options.flags);
        return Err(invalid("flags", what));
    }
    Ok(options)
}

/// # Safety
/// What the options lead to is there.
unsafe fn opened(job: Job, options: headwater_sync_options) -> Result<headwater_sync> {
    let workspace = match options.workspace.is_null() {
        true => None,
        // SAFETY: as the caller promises.
        false => Some(Arc::clone(&unsafe { borrow(options.workspace, "workspace") }?.shared)),
    };
    let callbacks = Callbacks::new(options.context, options.progress, options.log);
    let callbacks = Arc::new(callbacks);
    Ok(headwater_sync {
        // SAFETY: as the caller promises.
        connectors: unsafe { copied(options.connectors) }?,
        control: Mutex::new(Arc::new(callbacks.control(&job.secrets))),
        workspace,
        is_full: options.flags & HEADWATER_SYNC_FULL != 0,
        callbacks,
        running: Mutex::new(()),
        poison: Poison::default(),
        job,
    })
}

/// Checks a job against its source and its workspace, without reading a row.
///
/// `sync`: Borrowed for the call. `*out_streams`, what the source offers of it: Owned by the caller;
/// free with `headwater_document_free`. It is `{"streams": [{"name", "fields", ..}]}`.
/// Threads: one at a time. Errors: `config_invalid` with the place and the nearest right name,
/// `connector_not_found`, and what the connector reports. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_sync_check(
    sync: *mut headwater_sync,
    out_streams: *mut *mut headwater_document,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_sync_check", out_error, || {
            let place = out(out_streams, "out_streams")?;
            let streams = borrow(sync, "sync")?.check()?;
            *place = headwater_document::json(&streams_json(&streams)).give();
            Ok(())
        })
    }
}

/// Asks the source of a job for all that it offers.
///
/// `sync`: Borrowed for the call. `*out_streams`: Owned by the caller; free with
/// `headwater_document_free`. It is as in `headwater_sync_check`.
/// Threads: one at a time. Errors: `connector_not_found`, and what the connector reports. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_sync_discover(
    sync: *mut headwater_sync,
    out_streams: *mut *mut headwater_document,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_sync_discover", out_error, || {
            let place = out(out_streams, "out_streams")?;
            let streams = borrow(sync, "sync")?.discover()?;
            *place = headwater_document::json(&streams_json(&streams)).give();
            Ok(())
        })
    }
}

/// Runs a job to its end; resumes what an earlier run of the same job left unfinished.
///
/// `sync`: Borrowed for the call. `*out_report`, what was committed: Owned by the caller; free with
/// `headwater_document_free`. It is `{"run", "state", "streams": [{"read", "created", ..}], ..}`. A run
/// that began and did not come to its end gives both a report and an error.
/// Threads: one at a time; `progress` is called on this thread, `log` on any. Errors: `cancelled`
/// after `headwater_sync_cancel`; `config_invalid`, `connector_not_found`, what the connector
/// reports; `store_busy`, `store_full`, `store_io`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_sync_run(
    sync: *mut headwater_sync,
    out_report: *mut *mut headwater_document,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_sync_run", out_error, || {
            let place = out(out_report, "out_report")?;
            let report = borrow(sync, "sync")?.run()?;
            *place = headwater_document::json(&report.to_json()).give();
            match report {
                Report { error: Some(error), .. } => Err(error),
                Report { state: RunState::Stopped, .. } => Err(stopped()),
                _ => Ok(()),
            }
        })
    }
}

/// Asks the run, check or discovery that is going on to stop, or the next one if none is; returns at
/// once. One that has done its work already ends as if it had not been asked. What is committed stays,
/// and the next run resumes.
///
/// `sync`: Borrowed for the call.
/// Threads: any, also while `headwater_sync_run` is running, and from its callbacks. Errors: none; NULL
/// is none. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_sync_cancel(sync: *const headwater_sync) {
    value("headwater_sync_cancel", (), || {
        // SAFETY: callers keep the conventions of the header.
        if let Ok(sync) = unsafe { borrow(sync, "sync") } {
            sync.control().cancel();
        }
    });
}

/// Frees a sync; NULL is none. Waits for `log` where it is being called, and `log` is not called
/// after that.
///
/// `sync`: not used again.
/// Threads: any, once no call on it is running, but not in `log`. Errors: none. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_sync_free(sync: *mut headwater_sync) {
    // SAFETY: callers keep the conventions of the header.
    unsafe { free("headwater_sync_free", sync) }
}

impl Drop for headwater_sync {
    fn drop(&mut self) {
        // A connector that hangs may still have its thread, and log later.
        self.callbacks.end();
    }
}

impl headwater_sync {
    fn control(&self) -> Arc<Control> {
        Arc::clone(&self.control.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn connector(&self) -> Result<Arc<LoadedConnector>> {
        self.connectors.find(&self.job.connector_name())
    }

    /// Does `work` with a control of its own, one thread at a time.
    fn alone<T>(&self, work: impl FnOnce(&Control) -> Result<T>) -> Result<T> {
        let _watch = self.poison.watch("sync")?;
        let _running = self.running.try_lock().map_err(|_| {
            invalid("sync", "another thread is using this sync").hint("open a sync for each thread")
        })?;
        let control = self.control();
        let done = work(&control);
        // What was cancelled is over: the next call begins afresh.
        let fresh = Arc::new(self.callbacks.control(&self.job.secrets));
        *self.control.lock().unwrap_or_else(PoisonError::into_inner) = fresh;
        done
    }

    fn check(&self) -> Result<Vec<StreamDescription>> {
        self.alone(|control| {
            let connector = self.connector()?;
            let schema = match &self.workspace {
                Some(shared) => self.job.schema_of(&*shared.enter()?)?,
                // One that is not there yet has the standard record types.
                None => self.job.schema()?,
            };
            headwater::sync::check(&self.job, &*connector, &schema, control)
        })
    }

    fn discover(&self) -> Result<Vec<StreamDescription>> {
        self.alone(|control| {
            let connector = self.connector()?;
            headwater::sync::discover(&self.job, &*connector, control)
        })
    }

    fn run(&self) -> Result<Report> {
        self.alone(|control| {
            let connector = self.connector()?;
            let open = Job::open_workspace;
            self.in_workspace(open, |workspace| self.run_in(workspace, &connector, control))
        })
    }

    /// Does `work` in the workspace that the rows go to; opens the one that the job names.
    fn in_workspace<T>(
        &self,
        open: impl FnOnce(&Job) -> Result<Box<dyn Workspace>>,
        work: impl FnOnce(&dyn Workspace) -> Result<T>,
    ) -> Result<T> {
        match &self.workspace {
            Some(shared) => work(&*shared.enter()?),
            None => work(&*open(&self.job)?),
        }
    }

    pub(crate) fn estimate(&self) -> Result<Estimate> {
        self.alone(|control| {
            let (connector, options) = (self.connector()?, RunOptions { full: self.is_full });
            self.in_workspace(Job::open_remote_workspace, |workspace| {
                headwater::sync::estimate(&self.job, &*connector, workspace, options, control)
            })
        })
    }

    pub(crate) fn verify(&self) -> Result<Vec<Drift>> {
        self.alone(|control| {
            self.in_workspace(Job::open_remote_workspace, |workspace| {
                headwater::sync::verify(&self.job, workspace, control)
            })
        })
    }

    fn run_in(
        &self,
        workspace: &dyn Workspace,
        connector: &LoadedConnector,
        control: &Control,
    ) -> Result<Report> {
        let options = RunOptions { full: self.is_full };
        headwater::sync::run(&self.job, connector, workspace, options, control, &mut |progress| {
            if !self.callbacks.progress(progress) {
                control.cancel();
            }
        })
    }
}

fn stopped() -> Error {
    Error::new(ErrorCode::Cancelled, "the run was stopped; what is committed stays")
}

fn streams_json(streams: &[StreamDescription]) -> Json {
    json!({ "streams": streams.iter().map(description_json).collect::<Vec<_>>() })
}
