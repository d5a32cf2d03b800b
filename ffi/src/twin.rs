//! Copies: the states of a workspace that a test returns to.

use std::path::Path;

use headwater_abi::headwater_str;

use crate::error::headwater_error;
use crate::guard::call;
use crate::text::some_text;
use crate::workspace::{enter, headwater_workspace};

/// Writes a copy of the present state to a file that is not there yet.
///
/// `workspace`, `path`: Borrowed for the call.
/// Threads: any. Errors: `operation_not_supported`; `store_io`, `store_full`, `store_busy`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_workspace_copy_to(
    workspace: *const headwater_workspace,
    path: headwater_str,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_workspace_copy_to", out_error, || {
            let workspace = enter(workspace)?;
            workspace.twin()?.copy_to(Path::new(some_text(path, "path")?))
        })
    }
}

/// Becomes what a copy holds, in one transaction; API keys stay as they are.
///
/// `workspace`, `path` (of a file that `headwater_workspace_copy_to` wrote): Borrowed for the call.
/// Threads: any. Errors: `operation_not_supported`; `store_io`, `store_corrupt`, `store_full`,
/// `store_busy`; then nothing has changed. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_workspace_return_to(
    workspace: *const headwater_workspace,
    path: headwater_str,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_workspace_return_to", out_error, || {
            let workspace = enter(workspace)?;
            workspace.twin()?.return_to(Path::new(some_text(path, "path")?))
        })
    }
}
