//! Schema: which record types there are, their attributes and relationships, and what a workspace
//! adds to them.

use headwater::Declarations;
use headwater_abi::headwater_str;
use serde_json::{Value as Json, json};

use crate::document::headwater_document;
use crate::error::headwater_error;
use crate::guard::call;
use crate::handle::{Owned, out};
use crate::text::{object, text};
use crate::workspace::{enter, headwater_workspace};

/// Describes a record type, its attributes, operators and relationships, or a junction.
///
/// `workspace`, `record_type`: Borrowed for the call. `*out_schema`: Owned by the caller; free with
/// `headwater_document_free`.
/// Threads: any. Errors: `unknown_record_type`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_schema_get(
    workspace: *const headwater_workspace,
    record_type: headwater_str,
    out_schema: *mut *mut headwater_document,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_schema_get", out_error, || {
            let place = out(out_schema, "out_schema")?;
            let document = enter(workspace)?.describe(text(record_type, "record_type")?)?;
            *place = headwater_document::json(&document).give();
            Ok(())
        })
    }
}

/// Describes every record type; of a remote workspace the standard ones, as it gave those that were
/// asked for, and every other one that was named before.
///
/// `workspace`: Borrowed for the call. `*out_schemas`: Owned by the caller; free with
/// `headwater_document_free`. It is `{"data": [schema]}`.
/// Threads: any. Errors: `invalid_request` for a closed workspace. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_schema_list(
    workspace: *const headwater_workspace,
    out_schemas: *mut *mut headwater_document,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_schema_list", out_error, || {
            let place = out(out_schemas, "out_schemas")?;
            let schema = enter(workspace)?.schema();
            let types = schema.record_types().iter().map(|record_type| record_type.to_json());
            let types: Vec<Json> = types.collect();
            *place = headwater_document::json(&json!({ "data": types })).give();
            Ok(())
        })
    }
}

/// Lists the pipelines of opportunities with their stages.
///
/// `workspace`: Borrowed for the call. `*out_pipelines`: Owned by the caller; free with
/// `headwater_document_free`. It is `{"data": [pipeline]}`.
/// Threads: any. Errors: `invalid_request` for a closed workspace. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_schema_pipelines(
    workspace: *const headwater_workspace,
    out_pipelines: *mut *mut headwater_document,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_schema_pipelines", out_error, || {
            let place = out(out_pipelines, "out_pipelines")?;
            let pipelines = enter(workspace)?.schema().pipelines();
            *place = headwater_document::json(&json!({ "data": pipelines })).give();
            Ok(())
        })
    }
}

/// Adds custom objects and custom fields, at once and for good; what is declared in the same way
/// already stays as it is.
///
/// `workspace`, `declarations` (a JSON object with `record_types` and `custom_fields`, as in a schema
/// file): Borrowed for the call. `*out_declared`: Owned by the caller; free with
/// `headwater_document_free`. It is `{"added": [name], "changed": [name]}`.
/// Threads: any. Errors: `config_invalid`, `unknown_record_type`, `operation_not_supported`;
/// `store_busy`, `store_full`, `store_io`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_schema_declare(
    workspace: *const headwater_workspace,
    declarations: headwater_str,
    out_declared: *mut *mut headwater_document,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_schema_declare", out_error, || {
            let place = out(out_declared, "out_declared")?;
            let workspace = enter(workspace)?;
            let declarations = Json::Object(object(declarations, "declarations")?);
            let declared = workspace.declare(Declarations::from_json(declarations)?)?;
            let declared = json!({ "added": declared.added, "changed": declared.changed });
            *place = headwater_document::json(&declared).give();
            Ok(())
        })
    }
}
