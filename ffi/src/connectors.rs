//! Connectors: the libraries that a sync can read from, where they are looked for, and what they are.

use std::ffi::{CStr, OsStr, c_void};
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use headwater::Result;
use headwater::source::Connector;
use headwater_abi::headwater_str;
use headwater_host::testkit::{self, Outcome};
use headwater_host::{Connectors, LoadedConnector};
use serde_json::{Value as Json, json};

use crate::document::headwater_document;
use crate::error::headwater_error;
use crate::guard::call;
use crate::handle::{Owned, borrow, free, out};
use crate::text::{object, some_text, text};

/// Folders in which connectors are looked for.
pub struct headwater_connectors {
    pub(crate) found: Connectors,
}

impl Owned for headwater_connectors {}

/// Says where connectors are looked for; loads none.
///
/// `search_path` (folders, separated as in `PATH`; empty for the usual ones: those of
/// `HEADWATER_CONNECTOR_PATH`, the user's, and the one beside this library): Borrowed for the call. `*out_connectors`: Owned by the caller; free with `headwater_connectors_free`.
/// Threads: any. Errors: `invalid_request`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_connectors_open(
    search_path: headwater_str,
    out_connectors: *mut *mut headwater_connectors,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_connectors_open", out_error, || {
            let place = out(out_connectors, "out_connectors")?;
            let found = match text(search_path, "search_path")? {
                "" => usual(),
                folders => {
                    let folders = std::env::split_paths(folders);
                    Connectors::in_folders(folders.filter(|folder| !folder.as_os_str().is_empty()))
                }
            };
            *place = headwater_connectors { found }.give();
            Ok(())
        })
    }
}

/// Lists the folders in the order of the search.
///
/// `connectors`: Borrowed for the call. `*out_folders`: Owned by the caller; free with
/// `headwater_document_free`. It is `{"folders": [path]}`.
/// Threads: any. Errors: `invalid_request`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_connectors_search_path(
    connectors: *const headwater_connectors,
    out_folders: *mut *mut headwater_document,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_connectors_search_path", out_error, || {
            let place = out(out_folders, "out_folders")?;
            let found = &borrow(connectors, "connectors")?.found;
            let folders: Vec<String> =
                found.folders().map(|folder| folder.display().to_string()).collect();
            *place = headwater_document::json(&json!({ "folders": folders })).give();
            Ok(())
        })
    }
}

/// Loads every connector in the folders, and says of each what it is or why it cannot be used.
///
/// `connectors`: Borrowed for the call. `*out_list`: Owned by the caller; free with
/// `headwater_document_free`. It is `{"connectors": [{"name", "version", "path"} or {"path",
/// "error"}]}`.
/// Threads: any. Errors: `invalid_request`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_connectors_list(
    connectors: *const headwater_connectors,
    out_list: *mut *mut headwater_document,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_connectors_list", out_error, || {
            let place = out(out_list, "out_list")?;
            let list = borrow(connectors, "connectors")?.found.list();
            let entries = list.iter().map(|entry| match &entry.connector {
                Ok(connector) => {
                    let description = connector.description();
                    json!({
                        "name": description.name, "version": description.version,
                        "path": entry.path,
                    })
                }
                Err(error) => json!({ "path": entry.path, "error": error.to_json() }),
            });
            let entries: Vec<Json> = entries.collect();
            *place = headwater_document::json(&json!({ "connectors": entries })).give();
            Ok(())
        })
    }
}

/// Loads a connector, once for the life of the process, and says what it is.
///
/// `connectors`, `name` (of a connector in the folders, or the path of a library): Borrowed for the
/// call. `*out_description`: Owned by the caller; free with `headwater_document_free`. It is
/// `{"name", "version", "path", "config_schema"}`.
/// Threads: any. Errors: `connector_not_found` with every place that was looked at,
/// `connector_incompatible`, `connector_misbehaved`, `connector_panicked`, `timeout`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_connectors_load(
    connectors: *const headwater_connectors,
    name: headwater_str,
    out_description: *mut *mut headwater_document,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_connectors_load", out_error, || {
            let place = out(out_description, "out_description")?;
            let found = &borrow(connectors, "connectors")?.found;
            let connector = found.find(some_text(name, "name")?)?;
            *place = headwater_document::json(&described(&connector)).give();
            Ok(())
        })
    }
}

/// Tries a connector against the rules that every one keeps; with a configuration it is read too.
///
/// `connectors`, `name` (as for `headwater_connectors_load`), `config` (a JSON object, or empty):
/// Borrowed for the call. `*out_report`: Owned by the caller; free with `headwater_document_free`. It
/// is `{"passed", "checks": [{"name", "outcome", "detail"}]}`.
/// Threads: any. Errors: as `headwater_connectors_load`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_connectors_test(
    connectors: *const headwater_connectors,
    name: headwater_str,
    config: headwater_str,
    out_report: *mut *mut headwater_document,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_connectors_test", out_error, || {
            let place = out(out_report, "out_report")?;
            let found = &borrow(connectors, "connectors")?.found;
            let config = match config.len {
                0 => None,
                _ => Some(Json::Object(object(config, "config")?)),
            };
            let connector = found.find(some_text(name, "name")?)?;
            let report = testkit::run(&*connector, config.as_ref(), &testkit::Options::default());
            *place = headwater_document::json(&report_json(&report)).give();
            Ok(())
        })
    }
}

/// Frees the folders, not the connectors in them; NULL is none.
///
/// `connectors`: not used again; syncs that were opened with it go on.
/// Threads: any, once no call on it is running. Errors: none. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_connectors_free(connectors: *mut headwater_connectors) {
    // SAFETY: callers keep the conventions of the header.
    unsafe { free("headwater_connectors_free", connectors) }
}

/// Those of the environment, the user's, and the one beside this library.
fn usual() -> Connectors {
    match library_folder() {
        Some(folder) => Connectors::installed_in(&folder.join("headwater").join("connectors")),
        None => Connectors::standard(),
    }
}

/// Where this library lies; where it is part of a program, that program.
fn library_folder() -> Option<PathBuf> {
    let here: *const c_void = (library_folder as fn() -> Option<PathBuf>) as *const c_void;
    let mut found = MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: the address is one of this library, and there is room for the answer.
    if unsafe { libc::dladdr(here, found.as_mut_ptr()) } == 0 {
        return None;
    }
    // SAFETY: zeroes are valid for it, and dladdr has filled it.
    let name = unsafe { found.assume_init() }.dli_fname;
    if name.is_null() {
        return None;
    }
    // SAFETY: the loader's own text, which stays as long as the library does: for ever.
    let path = Path::new(OsStr::from_bytes(unsafe { CStr::from_ptr(name) }.to_bytes()));
    Some(std::path::absolute(path).ok()?.parent()?.to_owned())
}

fn described(connector: &LoadedConnector) -> Json {
    let description = connector.description();
    json!({
        "name": description.name, "version": description.version, "path": connector.path(),
        "config_schema": description.config_schema,
    })
}

fn report_json(report: &testkit::Report) -> Json {
    let checks = report.checks.iter().map(|check| {
        let outcome = match check.outcome {
            Outcome::Passed => "passed",
            Outcome::Failed => "failed",
            Outcome::Skipped => "skipped",
        };
        json!({ "name": check.name, "outcome": outcome, "detail": check.detail })
    });
    json!({ "passed": report.is_passed(), "checks": checks.collect::<Vec<_>>() })
}

/// Copies the folders for a sync; the usual ones for NULL.
///
/// # Safety
/// `connectors` is NULL or not freed during the call.
pub(crate) unsafe fn copied(connectors: *const headwater_connectors) -> Result<Connectors> {
    if connectors.is_null() {
        return Ok(usual());
    }
    // SAFETY: as the caller promises.
    Ok(unsafe { borrow(connectors, "connectors") }?.found.clone())
}
