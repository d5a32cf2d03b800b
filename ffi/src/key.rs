//! API keys: who may use a workspace over HTTP.

use headwater::Result;
use headwater::access::{ApiKey, Scope};
use headwater_abi::headwater_str;
use serde_json::{Value as Json, json};

use crate::document::headwater_document;
use crate::error::headwater_error;
use crate::guard::call;
use crate::handle::{Owned, out};
use crate::text::{some_text, text};
use crate::workspace::{enter, headwater_workspace};

/// Makes a key. Its secret is given this once; the workspace keeps a hash.
///
/// `workspace`, `name`, `scopes` (`*`, or such as `contact:read`, separated by spaces): Borrowed for
/// the call. `*out_secret`, the text of the key: Owned by the caller; free with
/// `headwater_document_free`.
/// Threads: any. Errors: `invalid_request`, `unknown_record_type`, `unique_conflict` where an active
/// key has the name; `store_busy`, `store_io`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_key_create(
    workspace: *const headwater_workspace,
    name: headwater_str,
    scopes: headwater_str,
    out_secret: *mut *mut headwater_document,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_key_create", out_error, || {
            let place = out(out_secret, "out_secret")?;
            let workspace = enter(workspace)?;
            let scopes = text(scopes, "scopes")?.split_whitespace();
            let scopes = scopes.map(str::parse).collect::<Result<Vec<Scope>>>()?;
            let (_, secret) = workspace.api_keys()?.create_key(text(name, "name")?, scopes)?;
            *place = headwater_document::text(secret.reveal().to_owned()).give();
            Ok(())
        })
    }
}

/// Lists every key, expired ones too, oldest first; no secrets.
///
/// `workspace`: Borrowed for the call. `*out_keys`: Owned by the caller; free with
/// `headwater_document_free`. It is `{"data": [{"id", "name", "scopes", "created_at", "status",
/// "expired_at"}]}`.
/// Threads: any. Errors: `store_busy`, `store_io`, `store_corrupt`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_key_list(
    workspace: *const headwater_workspace,
    out_keys: *mut *mut headwater_document,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_key_list", out_error, || {
            let place = out(out_keys, "out_keys")?;
            let keys = enter(workspace)?.api_keys()?.list_keys()?;
            let keys: Vec<Json> = keys.iter().map(key_json).collect();
            *place = headwater_document::json(&json!({ "data": keys })).give();
            Ok(())
        })
    }
}

/// Ends a key at once and for good. One that has ended stays as it is.
///
/// `workspace`, `key` (its id or its name): Borrowed for the call.
/// Threads: any. Errors: `record_not_found` if there is no such key; `store_busy`, `store_io`.
/// Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_key_expire(
    workspace: *const headwater_workspace,
    key: headwater_str,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_key_expire", out_error, || {
            let workspace = enter(workspace)?;
            workspace.api_keys()?.expire_key(some_text(key, "key")?).map(drop)
        })
    }
}

fn key_json(key: &ApiKey) -> Json {
    let scopes: Vec<String> = key.scopes.iter().map(ToString::to_string).collect();
    json!({
        "id": key.id, "name": key.name, "scopes": scopes,
        "created_at": key.created_at.to_string(), "status": key.status(),
        "expired_at": key.expired_at.map(|at| at.to_string()),
    })
}
