//! Remote workspaces: the record API of a CRM, or of a twin of it, and how it is reached.

use std::path::PathBuf;
use std::time::Duration;

use headwater::remote::{ApiKey, RemoteOptions};
use headwater::{Actor, Result};
use headwater_abi::headwater_str;

use crate::error::headwater_error;
use crate::guard::call;
use crate::handle::{Owned, invalid, out};
use crate::structs::{self, Struct};
use crate::text::{ABSENT, text};
use crate::workspace::{headwater_workspace, opened};

/// How a remote workspace is reached. Borrowed for the call. Zero is what is usual.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct headwater_remote_options {
    /// `sizeof(headwater_remote_options)` as the caller knows it.
    pub struct_size: usize,
    /// Reserved for flags; 0.
    pub flags: u64,
    /// The key that requests bring; empty for the one that the environment names, if it names one.
    pub api_key: headwater_str,
    /// The path of the file that remembers runs and what was delivered; empty for one in the present
    /// folder that is named after the host.
    pub ledger: headwater_str,
    /// Requests a second, at most, and no fewer than 0.1; 0 leaves it to what the workspace answers.
    pub requests_per_second: f64,
    /// Requests at the same time, at most; 0 for 32.
    pub concurrency: u32,
    /// For how many milliseconds a request is tried again where that may help; 0 for a minute.
    pub patience_ms: u32,
}

// SAFETY: plain numbers and pointers, the size first.
unsafe impl Struct for headwater_remote_options {
    const FIRST: usize = 64;
    const ZERO: Self = Self {
        struct_size: 0,
        flags: 0,
        api_key: ABSENT,
        ledger: ABSENT,
        requests_per_second: 0.0,
        concurrency: 0,
        patience_ms: 0,
    };
}

/// Opens a remote workspace, with the limits that its requests keep. Nothing is sent yet.
///
/// `headwater_workspace_open` opens one too, in the usual way; a job says in its `[target]` how its own is
/// reached.
///
/// `url` (the address of a record API, for example `https://api.reevo.ai/api/v2`), `options` (or NULL):
/// Borrowed for the call. `*out_workspace`: Owned by the caller; free with `headwater_workspace_free`.
/// Threads: any. Errors: `config_invalid` for what is no address or holds a secret, for a key that others
/// could read on its way, and for a rate that none can be kept at; `invalid_request`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_workspace_open_remote(
    url: headwater_str,
    options: *const headwater_remote_options,
    out_workspace: *mut *mut headwater_workspace,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_workspace_open_remote", out_error, || {
            let place = out(out_workspace, "out_workspace")?;
            let url = text(url, "url")?;
            let options = structs::read(options, "options")?.unwrap_or(Struct::ZERO);
            let workspace = headwater::open_remote(url, remote_options(&options)?)?;
            *place = opened(workspace, Actor::default()).give();
            Ok(())
        })
    }
}

/// # Safety
/// The texts of the options can be read.
unsafe fn remote_options(given: &headwater_remote_options) -> Result<RemoteOptions> {
    // SAFETY: as the caller promises.
    let (key, ledger) = unsafe { (text(given.api_key, "api_key")?, text(given.ledger, "ledger")?) };
    if given.flags != 0 {
        let what = format!("{:#x} has flags that this library does not know", given.flags);
        return Err(invalid("flags", what));
    }
    let mut options = match key {
        "" => RemoteOptions::from_environment()?,
        key => RemoteOptions { api_key: Some(ApiKey::new(key)?), ..RemoteOptions::default() },
    };
    options.ledger = Some(ledger).filter(|path| !path.is_empty()).map(PathBuf::from);
    options.requests_per_second = Some(given.requests_per_second).filter(|rate| *rate != 0.0);
    if given.concurrency > 0 {
        options.concurrency = usize::try_from(given.concurrency).unwrap_or(usize::MAX);
    }
    if given.patience_ms > 0 {
        options.patience = Duration::from_millis(u64::from(given.patience_ms));
    }
    Ok(options)
}
