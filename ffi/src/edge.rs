//! Edges: what a record is linked to.
//!
//! An edge is `{"parent", "api_name", "item"}` as the CRM writes it.

use headwater_abi::headwater_str;

use crate::document::headwater_document;
use crate::error::headwater_error;
use crate::guard::call;
use crate::handle::{Owned, optional_number, out};
use crate::record::number;
use crate::text::{object, optional_object, text, uuid};
use crate::workspace::{enter, headwater_workspace};

/// Lists one page of the records that a record is linked to by a relationship.
///
/// `workspace`, `record_type`, `id`, `relationship`, `parameters` (a JSON object that may hold
/// `limit` and `cursor`, or empty): Borrowed for the call. `*out_page`: Owned by the caller; free
/// with `headwater_document_free`. It is `{"parent", "api_name", "items", "next_cursor"}`.
/// Threads: any. Errors: `unknown_record_type`, `unknown_relationship`, `record_not_found`,
/// `invalid_request`, `invalid_cursor`; `store_busy`, `store_io`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_edge_list(
    workspace: *const headwater_workspace,
    record_type: headwater_str,
    id: headwater_str,
    relationship: headwater_str,
    parameters: headwater_str,
    out_page: *mut *mut headwater_document,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_edge_list", out_error, || {
            let place = out(out_page, "out_page")?;
            let workspace = enter(workspace)?;
            let page = headwater::edges(
                &*workspace,
                text(record_type, "record_type")?,
                uuid(id, "id")?,
                text(relationship, "relationship")?,
                optional_object(parameters, "parameters")?,
            )?;
            *place = headwater_document::json(&page.to_json()).give();
            Ok(())
        })
    }
}

/// Links a record to the one that `related_record_id` or `related_record_match` of `body` names;
/// what the link says of itself stands beside that. A link that is there already is made what is
/// given.
///
/// `workspace`, `record_type`, `id`, `relationship`, `body` (a JSON object): Borrowed for the call.
/// `out_action` (or NULL) gets one of `HEADWATER_ACTION_*`. `*out_edge`: Owned by the caller; free
/// with `headwater_document_free`.
/// Threads: any. Errors: `unknown_record_type`, `unknown_relationship`, `record_not_found`,
/// `field_not_updatable`, `unknown_field`, `field_value_invalid`, `target_record_not_found`,
/// `ambiguous_match`, `invalid_matching_field`; `store_busy`, `store_full`, `store_io`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_edge_add(
    workspace: *const headwater_workspace,
    record_type: headwater_str,
    id: headwater_str,
    relationship: headwater_str,
    body: headwater_str,
    out_action: *mut i32,
    out_edge: *mut *mut headwater_document,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_edge_add", out_error, || {
            let (action, place) = (optional_number(out_action), out(out_edge, "out_edge")?);
            let workspace = enter(workspace)?;
            let added = headwater::add_edge(
                &*workspace,
                text(record_type, "record_type")?,
                uuid(id, "id")?,
                text(relationship, "relationship")?,
                object(body, "body")?,
            )?;
            *place = headwater_document::json(&added.edge.to_json()).give();
            if let Some(action) = action {
                *action = number(added.action);
            }
            Ok(())
        })
    }
}

/// Changes what a link says of itself.
///
/// `workspace`, `record_type`, `id`, `relationship`, `target` (the id of the other record), `body` (a
/// JSON object): Borrowed for the call. `*out_edge`: Owned by the caller; free with
/// `headwater_document_free`.
/// Threads: any. Errors: `operation_not_supported` where links say nothing of themselves,
/// `target_record_not_found` for a record that is not linked, and as `headwater_edge_add`.
/// Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_edge_update(
    workspace: *const headwater_workspace,
    record_type: headwater_str,
    id: headwater_str,
    relationship: headwater_str,
    target: headwater_str,
    body: headwater_str,
    out_edge: *mut *mut headwater_document,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_edge_update", out_error, || {
            let place = out(out_edge, "out_edge")?;
            let workspace = enter(workspace)?;
            let updated = headwater::update_edge(
                &*workspace,
                text(record_type, "record_type")?,
                uuid(id, "id")?,
                text(relationship, "relationship")?,
                uuid(target, "target")?,
                object(body, "body")?,
            )?;
            *place = headwater_document::json(&updated.edge.to_json()).give();
            Ok(())
        })
    }
}

/// Takes the link between two records away.
///
/// `workspace`, `record_type`, `id`, `relationship`, `target` (the id of the other record): Borrowed
/// for the call.
/// Threads: any. Errors: `unknown_record_type`, `unknown_relationship`, `record_not_found`,
/// `field_not_updatable`, `target_record_not_found` for a record that is not linked; `store_busy`,
/// `store_full`, `store_io`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_edge_remove(
    workspace: *const headwater_workspace,
    record_type: headwater_str,
    id: headwater_str,
    relationship: headwater_str,
    target: headwater_str,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_edge_remove", out_error, || {
            let workspace = enter(workspace)?;
            headwater::remove_edge(
                &*workspace,
                text(record_type, "record_type")?,
                uuid(id, "id")?,
                text(relationship, "relationship")?,
                uuid(target, "target")?,
            )
        })
    }
}
