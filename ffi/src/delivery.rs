//! Deliveries: what a job's run would ask of a remote workspace, and whether what it brought is there.

use headwater::sync::drift_json;
use serde_json::{Value as Json, json};

use crate::document::headwater_document;
use crate::error::headwater_error;
use crate::guard::call;
use crate::handle::{Owned, borrow, out};
use crate::sync::headwater_sync;

/// Reads the rows that a run would read, and says what they would ask of a remote workspace; writes
/// nothing there.
///
/// `sync`: Borrowed for the call. `*out_estimate`: Owned by the caller; free with
/// `headwater_document_free`. It is `{"rows", "refused", "unchanged", "requests", "seconds"}`, where
/// `seconds` is null while no rate is known.
/// Threads: one at a time. Errors: `operation_not_supported` where the workspace is not remote;
/// `cancelled`, and as `headwater_sync_run`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_sync_estimate(
    sync: *mut headwater_sync,
    out_estimate: *mut *mut headwater_document,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_sync_estimate", out_error, || {
            let place = out(out_estimate, "out_estimate")?;
            let estimate = borrow(sync, "sync")?.estimate()?;
            *place = headwater_document::json(&estimate.to_json()).give();
            Ok(())
        })
    }
}

/// Compares what a job has brought to a remote workspace with what is there now.
///
/// `sync`: Borrowed for the call. `*out_drifts`: Owned by the caller; free with
/// `headwater_document_free`. It is `{"drifts": [{"record_type", "read", "known", "changed", "gone"}]}`.
/// Threads: one at a time. Errors: `operation_not_supported` where the workspace is not remote;
/// `cancelled`, and what a remote workspace ends with. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_sync_verify(
    sync: *mut headwater_sync,
    out_drifts: *mut *mut headwater_document,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_sync_verify", out_error, || {
            let place = out(out_drifts, "out_drifts")?;
            let drifts = borrow(sync, "sync")?.verify()?;
            let drifts: Vec<Json> = drifts.iter().map(drift_json).collect();
            *place = headwater_document::json(&json!({ "drifts": drifts })).give();
            Ok(())
        })
    }
}
