//! Items: the e-mails, phone numbers and domains of a record, edited one by one.
//!
//! An item is a JSON object as the CRM writes it; its id stands in `id`, a domain is its own.

use headwater::ItemOutcome;
use headwater_abi::headwater_str;

use crate::document::headwater_document;
use crate::error::headwater_error;
use crate::guard::call;
use crate::handle::{Owned, optional_number, out};
use crate::record::number;
use crate::text::{object, text, uuid};
use crate::workspace::{enter, headwater_workspace};

fn document(outcome: &ItemOutcome) -> *mut headwater_document {
    headwater_document::json(&outcome.to_json()).give()
}

/// Adds an item to an array attribute. One that is there already is made what is given.
///
/// `workspace`, `record_type`, `id`, `attribute`, `body` (a JSON object): Borrowed for the call.
/// `out_action` (or NULL) gets one of `HEADWATER_ACTION_*`. `*out_item`: Owned by the caller; free
/// with `headwater_document_free`.
/// Threads: any. Errors: `unknown_record_type`, `record_not_found`, `unknown_field`,
/// `operation_not_supported` for an attribute without items, `field_required_missing`,
/// `field_not_creatable`, `field_value_invalid`, `unique_conflict`; `store_busy`, `store_full`,
/// `store_io`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_item_add(
    workspace: *const headwater_workspace,
    record_type: headwater_str,
    id: headwater_str,
    attribute: headwater_str,
    body: headwater_str,
    out_action: *mut i32,
    out_item: *mut *mut headwater_document,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_item_add", out_error, || {
            let (action, place) = (optional_number(out_action), out(out_item, "out_item")?);
            let workspace = enter(workspace)?;
            let added = headwater::add_item(
                &*workspace,
                text(record_type, "record_type")?,
                uuid(id, "id")?,
                text(attribute, "attribute")?,
                object(body, "body")?,
            )?;
            *place = document(&added);
            if let Some(action) = action {
                *action = number(added.action);
            }
            Ok(())
        })
    }
}

/// Changes the parts of an item that are given.
///
/// `workspace`, `record_type`, `id`, `attribute`, `item` (its id, or the domain), `body` (a JSON
/// object): Borrowed for the call. `*out_item`, the item as it then is: Owned by the caller; free
/// with `headwater_document_free`.
/// Threads: any. Errors: `field_not_updatable`, `record_not_found` also for an item that is not
/// there, `invalid_request` for an id that is none, and as `headwater_item_add`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_item_update(
    workspace: *const headwater_workspace,
    record_type: headwater_str,
    id: headwater_str,
    attribute: headwater_str,
    item: headwater_str,
    body: headwater_str,
    out_item: *mut *mut headwater_document,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_item_update", out_error, || {
            let place = out(out_item, "out_item")?;
            let workspace = enter(workspace)?;
            let updated = headwater::update_item(
                &*workspace,
                text(record_type, "record_type")?,
                uuid(id, "id")?,
                text(attribute, "attribute")?,
                text(item, "item")?,
                object(body, "body")?,
            )?;
            *place = document(&updated);
            Ok(())
        })
    }
}

/// Takes an item away; where it was primary, the first of the others is from then on.
///
/// `workspace`, `record_type`, `id`, `attribute`, `item` (its id, or the domain): Borrowed for the
/// call.
/// Threads: any. Errors: `unknown_record_type`, `record_not_found` for the record or the item,
/// `unknown_field`, `operation_not_supported`, `invalid_request`; `store_busy`, `store_full`,
/// `store_io`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_item_remove(
    workspace: *const headwater_workspace,
    record_type: headwater_str,
    id: headwater_str,
    attribute: headwater_str,
    item: headwater_str,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_item_remove", out_error, || {
            let workspace = enter(workspace)?;
            headwater::remove_item(
                &*workspace,
                text(record_type, "record_type")?,
                uuid(id, "id")?,
                text(attribute, "attribute")?,
                text(item, "item")?,
            )
        })
    }
}
