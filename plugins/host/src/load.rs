//! Loading: everything that can be checked is checked before a connector's first function runs.

use std::ffi::c_void;
use std::path::{Path, PathBuf};
use std::time::Duration;

use abi_stable::library::{AbiHeaderRef, LibraryError, ROOT_MODULE_LOADER_NAME_WITH_NUL};
use headwater::source::{Connector, ConnectorDescription, Control, Source};
use headwater::{Error, ErrorCode, Result};
use headwater_abi::{
    HEADWATER_CONNECTOR_ABI_MAJOR, HEADWATER_CONNECTOR_ABI_MINOR, headwater_batch, headwater_call,
    headwater_connector, headwater_connector_v1_fn, headwater_description, headwater_discovery,
    headwater_request, headwater_str,
};
use headwater_sdk::ConnectorRootRef;
use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
use serde_json::Value as Json;

use crate::call::invoke;
use crate::session::Session;
use crate::source::HostSource;
use crate::text::{lend, misbehaved, text};
use crate::worker::Worker;

/// How long a connector may work without a sign of life.
const PATIENCE: Duration = Duration::from_secs(60);
/// Major versions that are looked for, so that a message can name the one that is there.
const KNOWN_MAJORS: std::ops::RangeInclusive<u32> = 2..=9;

/// The functions of a table whose slots have been checked.
#[derive(Clone, Copy)]
pub(crate) struct Functions {
    pub(crate) describe:
        unsafe extern "C" fn(*const headwater_call, *mut headwater_description) -> i32,
    pub(crate) open:
        unsafe extern "C" fn(*const headwater_call, headwater_str, *mut *mut c_void) -> i32,
    pub(crate) check:
        unsafe extern "C" fn(*const headwater_call, *mut c_void, *mut headwater_discovery) -> i32,
    pub(crate) read: unsafe extern "C" fn(
        *const headwater_call,
        *mut c_void,
        *const headwater_request,
        *mut *mut c_void,
    ) -> i32,
    pub(crate) next:
        unsafe extern "C" fn(*const headwater_call, *mut c_void, *mut headwater_batch) -> i32,
    pub(crate) close_stream: unsafe extern "C" fn(*mut c_void),
    pub(crate) close: unsafe extern "C" fn(*mut c_void),
}

/// A connector library that is loaded and checked. It stays loaded for the life of the process.
pub struct LoadedConnector {
    path: PathBuf,
    functions: Functions,
    description: ConnectorDescription,
    patience: Duration,
}

impl LoadedConnector {
    /// Loads a library and checks it.
    ///
    /// # Errors
    /// `connector_not_found` if there is no such file; `connector_incompatible` if it is no
    /// connector, or one of another ABI; `connector_misbehaved`, `connector_panicked`, `timeout`
    /// if it cannot even describe itself.
    pub fn load(path: &Path) -> Result<Self> {
        Self::load_with_patience(path, PATIENCE)
    }

    /// Loads a library; its functions may be silent for `patience` before they are given up.
    ///
    /// # Errors
    /// As [`LoadedConnector::load`].
    pub fn load_with_patience(path: &Path, patience: Duration) -> Result<Self> {
        let at = |error: Error| error.on_record(path.display().to_string());
        if !path.exists() {
            return Err(at(Error::new(
                ErrorCode::ConnectorNotFound,
                format!("there is no connector library at {}", path.display()),
            )));
        }
        let library = open_library(path).map_err(at)?;
        let entry = find_entry(&library).map_err(at)?;
        check_layout(&library).map_err(at)?;
        // SAFETY: the symbol has the name, and so the type, that the ABI gives it.
        let functions = unsafe { check_table(entry()) }.map_err(at)?;
        // Never unloaded: threads and thread-locals of the library may outlive every handle.
        std::mem::forget(library);
        let description = describe(functions, patience).map_err(at)?;
        Ok(Self { path: path.to_owned(), functions, description, patience })
    }

    /// Where the library is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Connector for LoadedConnector {
    fn description(&self) -> &ConnectorDescription {
        &self.description
    }

    fn open(&self, config: &Json) -> Result<Box<dyn Source>> {
        let mut worker = Worker::start(self.patience)?;
        let functions = self.functions;
        let config = config.to_string();
        worker.call("open", &Control::default(), move |session, shared| {
            *session = Some(Session::open(functions, shared, &config)?);
            Ok(())
        })?;
        Ok(Box::new(HostSource::new(worker)))
    }
}

impl std::fmt::Debug for LoadedConnector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LoadedConnector({})", self.path.display())
    }
}

fn incompatible(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::ConnectorIncompatible, message)
}

fn open_library(path: &Path) -> Result<Library> {
    // A name without a slash would be searched for in the system's folders.
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    // SAFETY: loading runs the library's initialisers: that is what a user asks for who names it.
    // RTLD_NOW: an unresolved symbol fails here, not in the middle of a sync.
    let library = unsafe { Library::open(Some(&path), RTLD_NOW | RTLD_LOCAL) };
    library.map_err(|cause| {
        let mut why = cause.to_string();
        let mut source = std::error::Error::source(&cause);
        while let Some(cause) = source {
            why = format!("{why}: {cause}");
            source = cause.source();
        }
        incompatible(format!("the library cannot be loaded: {why}")).hint(
            "check that it is a shared library for this machine and that what it links to is there",
        )
    })
}

fn find_entry(library: &Library) -> Result<headwater_connector_v1_fn> {
    // SAFETY: the type of the symbol follows from its name.
    if let Ok(entry) =
        unsafe { library.get::<headwater_connector_v1_fn>(b"headwater_connector_v1\0") }
    {
        return Ok(*entry);
    }
    let other = KNOWN_MAJORS.into_iter().find(|major| {
        let name = format!("headwater_connector_v{major}\0");
        // SAFETY: the symbol is looked for, not used.
        unsafe { library.get::<*const c_void>(name.as_bytes()) }.is_ok()
    });
    Err(match other {
        Some(major) => incompatible(format!(
            "the connector speaks connector ABI {major}, this host speaks {HEADWATER_CONNECTOR_ABI_MAJOR}"
        ))
        .hint("use a newer Headwater, or build the connector against this version's header"),
        None => incompatible(
            "the library is not a connector: it does not export headwater_connector_v1",
        )
        .hint("export the symbol from include/headwater_connector.h with default visibility"),
    })
}

/// Compares the layout of a Rust connector's types with the host's. A library without the root
/// module is no Rust connector, and has nothing to compare.
fn check_layout(library: &Library) -> Result<()> {
    // SAFETY: abi_stable exports its header under this name, with this type.
    let header =
        unsafe { library.get::<AbiHeaderRef>(ROOT_MODULE_LOADER_NAME_WITH_NUL.as_bytes()) };
    let Ok(header) = header else { return Ok(()) };
    let checked = (*header).upgrade().and_then(|header| header.ensure_layout::<ConnectorRootRef>());
    checked.map_err(|cause| {
        incompatible(format!(
            "the connector was built with another layout of the connector ABI: {}",
            condense(&cause)
        ))
        .hint("rebuild the connector with this version's headwater-sdk")
    })
}

/// The useful lines of a layout error, which has hundreds.
fn condense(cause: &LibraryError) -> String {
    let text = cause.to_string();
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let Some(at) = lines.iter().rposition(|line| line.starts_with("Error:")) else {
        return lines.iter().take(3).copied().collect::<Vec<_>>().join(" ");
    };
    let place = lines[..at].iter().rev().find(|line| line.starts_with("inside")).unwrap_or(&"");
    let what = lines[at..].iter().take(6).copied().collect::<Vec<_>>().join(" ");
    format!("{place} {what}").trim().to_owned()
}

/// # Safety
/// `table` is NULL or points to a table that is valid for the life of the process.
unsafe fn check_table(table: *const headwater_connector) -> Result<Functions> {
    if table.is_null() {
        return Err(incompatible("headwater_connector_v1 returned NULL"));
    }
    // Only `struct_size` and the versions are known to be there before they have been looked at.
    // SAFETY: the caller's promise; every table begins with `struct_size`.
    let size = unsafe { (*table).struct_size };
    if size < size_of::<headwater_connector>() {
        return Err(incompatible(format!(
            "the connector's table has {size} bytes, connector ABI 1.0 needs {}",
            size_of::<headwater_connector>()
        )));
    }
    // SAFETY: the table is as long as the type, so all of it may be read.
    let table = unsafe { &*table };
    if table.abi_major != HEADWATER_CONNECTOR_ABI_MAJOR
        || table.abi_minor > HEADWATER_CONNECTOR_ABI_MINOR
    {
        return Err(incompatible(format!(
            "the connector needs connector ABI {}.{}, this host speaks {HEADWATER_CONNECTOR_ABI_MAJOR}.{HEADWATER_CONNECTOR_ABI_MINOR}",
            table.abi_major, table.abi_minor
        ))
        .hint("use a newer Headwater, or build the connector against this version's header"));
    }
    let missing = |slot: &str| incompatible(format!("the connector's function `{slot}` is NULL"));
    Ok(Functions {
        describe: table.describe.ok_or_else(|| missing("describe"))?,
        open: table.open.ok_or_else(|| missing("open"))?,
        check: table.check.ok_or_else(|| missing("check"))?,
        read: table.read.ok_or_else(|| missing("read"))?,
        next: table.next.ok_or_else(|| missing("next"))?,
        close_stream: table.close_stream.ok_or_else(|| missing("close_stream"))?,
        close: table.close.ok_or_else(|| missing("close"))?,
    })
}

fn describe(functions: Functions, patience: Duration) -> Result<ConnectorDescription> {
    let mut worker = Worker::<()>::start(patience)?;
    worker.call("describe", &Control::default(), move |_, shared| {
        let mut lent = headwater_description {
            struct_size: size_of::<headwater_description>(),
            name: lend(&[]),
            version: lend(&[]),
            config_schema: lend(&[]),
            capabilities: 0,
        };
        invoke(shared, "describe", |call| {
            // SAFETY: the table was checked; the description is valid for the call.
            unsafe { (functions.describe)(call, &raw mut lent) }
        })?;
        // SAFETY: the library lends these texts for ever.
        let (name, version, schema) = unsafe {
            (
                text(lent.name, "the connector's name")?,
                text(lent.version, "the connector's version")?,
                text(lent.config_schema, "the connector's config schema")?,
            )
        };
        if name.is_empty()
            || !name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        {
            return Err(misbehaved(format!(
                "the connector's name {name:?} is not made of lower-case letters, digits and _"
            )));
        }
        let config_schema: Json = serde_json::from_str(schema)
            .ok()
            .filter(Json::is_object)
            .ok_or_else(|| misbehaved("the connector's config schema is not a JSON object"))?;
        Ok(ConnectorDescription {
            name: name.to_owned(),
            version: version.to_owned(),
            config_schema,
        })
    })
}
