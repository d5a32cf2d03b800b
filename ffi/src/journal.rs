//! Runs and rejects: what a workspace remembers of its syncs.

use headwater::store::journal::RejectFilter;
use headwater::sync::{reject_json, run_json};
use headwater::{ErrorCode, Result, Uuid};
use headwater_abi::headwater_str;
use serde_json::json;

use crate::document::headwater_document;
use crate::error::headwater_error;
use crate::guard::call;
use crate::handle::{Owned, invalid, out};
use crate::text::{text, uuid};
use crate::workspace::{enter, headwater_workspace};

/// Lists the latest runs of syncs, newest first.
///
/// `workspace`: Borrowed for the call. `limit`: how many at most. `*out_runs`: Owned by the caller;
/// free with `headwater_document_free`. It is `{"data": [run]}`.
/// Threads: any. Errors: `store_busy`, `store_io`, `store_corrupt`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_run_list(
    workspace: *const headwater_workspace,
    limit: usize,
    out_runs: *mut *mut headwater_document,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_run_list", out_error, || {
            let place = out(out_runs, "out_runs")?;
            let mut runs = Vec::new();
            enter(workspace)?.read_journal(&mut |journal| {
                runs = journal.runs(limit)?.iter().map(run_json).collect();
                Ok(())
            })?;
            *place = headwater_document::json(&json!({ "data": runs })).give();
            Ok(())
        })
    }
}

/// Gives the rows that syncs refused, in the order of runs and places: JSON Lines.
///
/// `workspace`, `run` (the id of one run, or empty), `code` (the name of one code, or empty): Borrowed
/// for the call. `*out_rejects`: Owned by the caller; free with `headwater_document_free`. Each line is
/// `{"run", "source", "position", "code", "field", "message", "hint", "row", ..}`.
/// Threads: any. Errors: `invalid_request`; `store_busy`, `store_io`, `store_corrupt`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_reject_list(
    workspace: *const headwater_workspace,
    run: headwater_str,
    code: headwater_str,
    out_rejects: *mut *mut headwater_document,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_reject_list", out_error, || {
            let place = out(out_rejects, "out_rejects")?;
            let run: Option<Uuid> = match run.len {
                0 => None,
                _ => Some(uuid(run, "run")?),
            };
            let filter = RejectFilter { run, code: code_of(text(code, "code")?)? };
            let mut lines = String::new();
            enter(workspace)?.read_journal(&mut |journal| {
                journal.rejects(&filter, &mut |listed| {
                    lines.push_str(&reject_json(&listed).to_string());
                    lines.push('\n');
                    Ok(())
                })
            })?;
            *place = headwater_document::text(lines).give();
            Ok(())
        })
    }
}

fn code_of(name: &str) -> Result<Option<ErrorCode>> {
    if name.is_empty() {
        return Ok(None);
    }
    let unknown = || invalid("code", format!("there is no code {name:?}"));
    ErrorCode::from_name(name).map(Some).ok_or_else(unknown)
}
