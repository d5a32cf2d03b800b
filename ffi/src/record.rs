//! Records: made, read, changed, archived, asserted, one at a time.
//!
//! A record is a JSON object with `id`, `record_type`, `attributes` and times, as the CRM writes it.

use headwater::activity::{ACTIVITY, shown};
use headwater::{Action, Outcome, Result};
use headwater_abi::headwater_str;
use serde_json::json;

use crate::document::headwater_document;
use crate::error::headwater_error;
use crate::guard::call;
use crate::handle::{Owned, optional_number, out};
use crate::text::{object, optional_object, text, uuid};
use crate::workspace::{enter, headwater_workspace, lost};

/// The record, item or edge was made.
pub const HEADWATER_ACTION_CREATED: i32 = 1;
/// It was changed.
pub const HEADWATER_ACTION_UPDATED: i32 = 2;
/// It was that way already; nothing was written.
pub const HEADWATER_ACTION_UNCHANGED: i32 = 3;
/// The record was archived.
pub const HEADWATER_ACTION_ARCHIVED: i32 = 4;
/// The record was brought back.
pub const HEADWATER_ACTION_RESTORED: i32 = 5;
/// The item or edge was taken away.
pub const HEADWATER_ACTION_REMOVED: i32 = 6;

pub(crate) fn number(action: Action) -> i32 {
    match action {
        Action::Created => HEADWATER_ACTION_CREATED,
        Action::Updated => HEADWATER_ACTION_UPDATED,
        Action::Unchanged => HEADWATER_ACTION_UNCHANGED,
        Action::Archived => HEADWATER_ACTION_ARCHIVED,
        Action::Restored => HEADWATER_ACTION_RESTORED,
        Action::Removed => HEADWATER_ACTION_REMOVED,
    }
}

fn record_of(outcome: &Outcome) -> Result<headwater_document> {
    let record = outcome.record.as_ref().ok_or_else(|| lost("record"))?;
    Ok(headwater_document::json(&record.to_json()))
}

/// Makes a record.
///
/// `workspace`, `record_type`, `attributes` (a JSON object): Borrowed for the call. `*out_record`:
/// Owned by the caller; free with `headwater_document_free`.
/// Threads: any. Errors: `unknown_record_type`, `operation_not_supported`, `unknown_field`,
/// `field_not_creatable`, `field_required_missing`, `field_value_invalid`,
/// `target_record_not_found`, `ambiguous_match`, `invalid_matching_field`, `unique_conflict`;
/// `store_busy`, `store_full`, `store_io`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_record_create(
    workspace: *const headwater_workspace,
    record_type: headwater_str,
    attributes: headwater_str,
    out_record: *mut *mut headwater_document,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_record_create", out_error, || {
            let place = out(out_record, "out_record")?;
            let workspace = enter(workspace)?;
            let record_type = text(record_type, "record_type")?;
            let attributes = object(attributes, "attributes")?;
            let made = match record_type {
                ACTIVITY => headwater::log_activity(&*workspace, attributes)?,
                _ => headwater::create(&*workspace, record_type, attributes)?.to_json(),
            };
            *place = headwater_document::json(&made).give();
            Ok(())
        })
    }
}

/// Reads a record.
///
/// `workspace`, `record_type`, `id`: Borrowed for the call. `*out_record`: Owned by the caller; free
/// with `headwater_document_free`.
/// Threads: any. Errors: `unknown_record_type`, `record_not_found`; `store_busy`, `store_io`.
/// Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_record_get(
    workspace: *const headwater_workspace,
    record_type: headwater_str,
    id: headwater_str,
    out_record: *mut *mut headwater_document,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_record_get", out_error, || {
            let place = out(out_record, "out_record")?;
            let workspace = enter(workspace)?;
            let record = workspace.get(text(record_type, "record_type")?, uuid(id, "id")?)?;
            *place = headwater_document::json(&shown(&record)).give();
            Ok(())
        })
    }
}

/// Changes the attributes that are given; null clears one.
///
/// `workspace`, `record_type`, `id`, `attributes` (a JSON object): Borrowed for the call.
/// `*out_record`, the record as it then is: Owned by the caller; free with
/// `headwater_document_free`.
/// Threads: any. Errors: `record_not_found`, `field_not_updatable`, and as
/// `headwater_record_create`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_record_patch(
    workspace: *const headwater_workspace,
    record_type: headwater_str,
    id: headwater_str,
    attributes: headwater_str,
    out_record: *mut *mut headwater_document,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_record_patch", out_error, || {
            let place = out(out_record, "out_record")?;
            let workspace = enter(workspace)?;
            let record = headwater::patch(
                &*workspace,
                text(record_type, "record_type")?,
                uuid(id, "id")?,
                object(attributes, "attributes")?,
            )?;
            *place = headwater_document::json(&record.to_json()).give();
            Ok(())
        })
    }
}

/// Hides a record from reads, queries and matches.
///
/// `workspace`, `record_type`, `id`: Borrowed for the call.
/// Threads: any. Errors: `unknown_record_type`, `operation_not_supported`, `record_not_found`;
/// `store_busy`, `store_full`, `store_io`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_record_archive(
    workspace: *const headwater_workspace,
    record_type: headwater_str,
    id: headwater_str,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_record_archive", out_error, || {
            let workspace = enter(workspace)?;
            headwater::archive(&*workspace, text(record_type, "record_type")?, uuid(id, "id")?)
        })
    }
}

/// Brings an archived record back, with its match keys.
///
/// `workspace`, `record_type`, `id`: Borrowed for the call. `*out_record`: Owned by the caller; free
/// with `headwater_document_free`.
/// Threads: any. Errors: `unique_conflict` where another record has taken what no two may share, and
/// as `headwater_record_archive`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_record_restore(
    workspace: *const headwater_workspace,
    record_type: headwater_str,
    id: headwater_str,
    out_record: *mut *mut headwater_document,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_record_restore", out_error, || {
            let place = out(out_record, "out_record")?;
            let workspace = enter(workspace)?;
            let (record_type, id) = (text(record_type, "record_type")?, uuid(id, "id")?);
            let record = headwater::restore(&*workspace, record_type, id)?;
            *place = headwater_document::json(&record.to_json()).give();
            Ok(())
        })
    }
}

/// Updates the one record that matches, or makes it.
///
/// `workspace`, `record_type`, `match` (a JSON object with a match key), `attributes` (a JSON
/// object): Borrowed for the call. `out_action` (or NULL) gets one of `HEADWATER_ACTION_*`.
/// `*out_record`, the record as it then is: Owned by the caller; free with
/// `headwater_document_free`.
/// Threads: any; of two at the same time on one new key, one creates and the other updates.
/// Errors: `invalid_matching_field`, `ambiguous_match`, and as `headwater_record_create` or
/// `headwater_record_patch`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_record_assert(
    workspace: *const headwater_workspace,
    record_type: headwater_str,
    r#match: headwater_str,
    attributes: headwater_str,
    out_action: *mut i32,
    out_record: *mut *mut headwater_document,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_record_assert", out_error, || {
            let (action, place) = (optional_number(out_action), out(out_record, "out_record")?);
            let workspace = enter(workspace)?;
            let outcome = headwater::assert(
                &*workspace,
                text(record_type, "record_type")?,
                object(r#match, "match")?,
                object(attributes, "attributes")?,
            )?;
            *place = record_of(&outcome)?.give();
            if let Some(action) = action {
                *action = number(outcome.action);
            }
            Ok(())
        })
    }
}

/// Updates the one record that matches; where none does, fails.
///
/// `workspace`, `record_type`, `match` (a JSON object with a match key), `attributes` (a JSON
/// object): Borrowed for the call. `out_action` (or NULL) gets one of `HEADWATER_ACTION_*`.
/// `*out_record`, the record as it then is: Owned by the caller; free with
/// `headwater_document_free`.
/// Threads: any. Errors: `record_not_found`, `invalid_matching_field`, `ambiguous_match`, and as
/// `headwater_record_patch`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_record_update(
    workspace: *const headwater_workspace,
    record_type: headwater_str,
    r#match: headwater_str,
    attributes: headwater_str,
    out_action: *mut i32,
    out_record: *mut *mut headwater_document,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_record_update", out_error, || {
            let (action, place) = (optional_number(out_action), out(out_record, "out_record")?);
            let workspace = enter(workspace)?;
            let operation = json!({
                "do": "update",
                "record_type": text(record_type, "record_type")?,
                "match": object(r#match, "match")?,
                "attributes": object(attributes, "attributes")?,
            });
            let operation = headwater::parse_operation(&*workspace, &operation)?;
            let outcome = workspace.apply_one(operation)?;
            *place = record_of(&outcome)?.give();
            if let Some(action) = action {
                *action = number(outcome.action);
            }
            Ok(())
        })
    }
}

/// Reads one page of what happened to a record, archived or not, the latest change first.
///
/// `workspace`, `record_type`, `id`, `parameters` (a JSON object that may hold `limit` and `cursor`,
/// or empty): Borrowed for the call. `*out_page`: Owned by the caller; free with
/// `headwater_document_free`. It is `{"data": [..], "next_cursor"}`.
/// Threads: any. Errors: `unknown_record_type`, `record_not_found`, `operation_not_supported`,
/// `invalid_request`, `invalid_cursor`; `store_busy`, `store_io`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_record_history(
    workspace: *const headwater_workspace,
    record_type: headwater_str,
    id: headwater_str,
    parameters: headwater_str,
    out_page: *mut *mut headwater_document,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_record_history", out_error, || {
            let place = out(out_page, "out_page")?;
            let workspace = enter(workspace)?;
            let page = headwater::history(
                &*workspace,
                text(record_type, "record_type")?,
                uuid(id, "id")?,
                optional_object(parameters, "parameters")?,
            )?;
            *place = headwater_document::json(&page.to_json()).give();
            Ok(())
        })
    }
}
