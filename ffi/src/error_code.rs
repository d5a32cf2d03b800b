//! Error codes: the table of all of them, by number.

use headwater::{Error, ErrorCode};
use headwater_abi::headwater_str;

use crate::error::{headwater_error, number};
use crate::guard::{call, value};
use crate::structs::{Struct, write};
use crate::text::{ABSENT, lent};

/// List the record types with the schema command.
pub const HEADWATER_E_UNKNOWN_RECORD_TYPE: i32 = 1;
/// Look at the record type's schema for the attribute's api name.
pub const HEADWATER_E_UNKNOWN_FIELD: i32 = 2;
/// Leave the read-only attribute out of a create.
pub const HEADWATER_E_FIELD_NOT_CREATABLE: i32 = 3;
/// Leave the read-only attribute out of an update.
pub const HEADWATER_E_FIELD_NOT_UPDATABLE: i32 = 4;
/// Give the required attribute a value.
pub const HEADWATER_E_FIELD_REQUIRED_MISSING: i32 = 5;
/// Check the attribute's value type and how it is written.
pub const HEADWATER_E_FIELD_VALUE_INVALID: i32 = 6;
/// Look the record up again: it does not exist or is archived.
pub const HEADWATER_E_RECORD_NOT_FOUND: i32 = 7;
/// Match by something more specific, or merge the duplicates.
pub const HEADWATER_E_AMBIGUOUS_MATCH: i32 = 8;
/// Match by an attribute that the schema marks as unique.
pub const HEADWATER_E_INVALID_MATCHING_FIELD: i32 = 9;
/// Create the referenced record first, or correct the reference.
pub const HEADWATER_E_TARGET_RECORD_NOT_FOUND: i32 = 10;
/// Look at the record type's schema for its relationships.
pub const HEADWATER_E_UNKNOWN_RELATIONSHIP: i32 = 11;
/// Update the record that already holds the value.
pub const HEADWATER_E_UNIQUE_CONFLICT: i32 = 12;
/// Use an operation that the record type supports.
pub const HEADWATER_E_OPERATION_NOT_SUPPORTED: i32 = 13;
/// Filter by an attribute that the schema marks as filterable.
pub const HEADWATER_E_INVALID_FILTER_FIELD: i32 = 101;
/// Use one of the attribute's filter operators in the schema.
pub const HEADWATER_E_INVALID_FILTER_OPERATOR: i32 = 102;
/// Give the filter a value of the attribute's type.
pub const HEADWATER_E_INVALID_FILTER_VALUE: i32 = 103;
/// Shorten the filter's path or its nesting.
pub const HEADWATER_E_FILTER_DEPTH_EXCEEDED: i32 = 104;
/// Sort by at most three attributes.
pub const HEADWATER_E_SORT_TOO_MANY_FIELDS: i32 = 105;
/// Sort by an attribute that the schema marks as sortable.
pub const HEADWATER_E_UNSORTABLE_FIELD: i32 = 106;
/// Start again at the first page.
pub const HEADWATER_E_INVALID_CURSOR: i32 = 107;
/// Correct the shape of the request.
pub const HEADWATER_E_INVALID_REQUEST: i32 = 201;
/// Correct the configuration at the place named.
pub const HEADWATER_E_CONFIG_INVALID: i32 = 202;
/// Give a valid, unexpired API key.
pub const HEADWATER_E_UNAUTHORIZED: i32 = 203;
/// Ask for the permission that is missing.
pub const HEADWATER_E_FORBIDDEN: i32 = 204;
/// Slow down and try again after the time given.
pub const HEADWATER_E_RATE_LIMITED: i32 = 205;
/// Send less at a time.
pub const HEADWATER_E_PAYLOAD_TOO_LARGE: i32 = 206;
/// Give the path of the connector library, or add its folder to HEADWATER_CONNECTOR_PATH.
pub const HEADWATER_E_CONNECTOR_NOT_FOUND: i32 = 301;
/// Rebuild the connector against this version's header.
pub const HEADWATER_E_CONNECTOR_INCOMPATIBLE: i32 = 302;
/// Report a bug to the connector's authors.
pub const HEADWATER_E_CONNECTOR_MISBEHAVED: i32 = 303;
/// Report a bug to the connector's authors.
pub const HEADWATER_E_CONNECTOR_PANICKED: i32 = 304;
/// Check the credentials for the source system.
pub const HEADWATER_E_SOURCE_UNAUTHORIZED: i32 = 305;
/// Check that the source can be reached, then run again to resume.
pub const HEADWATER_E_SOURCE_UNAVAILABLE: i32 = 306;
/// Correct the source at the place named.
pub const HEADWATER_E_SOURCE_DATA_INVALID: i32 = 307;
/// Start over with a full run: --full, in Python full=True, in C HEADWATER_SYNC_FULL.
pub const HEADWATER_E_CHECKPOINT_INVALID: i32 = 308;
/// Try again later.
pub const HEADWATER_E_UNAVAILABLE: i32 = 401;
/// Try again, or allow more time.
pub const HEADWATER_E_TIMEOUT: i32 = 402;
/// Another process is writing the workspace: try again when it is done.
pub const HEADWATER_E_STORE_BUSY: i32 = 403;
/// Free some disk space, then run again to resume.
pub const HEADWATER_E_STORE_FULL: i32 = 404;
/// Restore the workspace from a backup.
pub const HEADWATER_E_STORE_CORRUPT: i32 = 405;
/// Check the workspace's path, its permissions and the disk.
pub const HEADWATER_E_STORE_IO: i32 = 406;
/// Run again to resume.
pub const HEADWATER_E_CANCELLED: i32 = 501;
/// Report this as a bug, with the message.
pub const HEADWATER_E_INTERNAL_ERROR: i32 = 502;

/// A row of the table of error codes. The texts: Borrowed from the library for ever.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct headwater_code {
    /// `sizeof(headwater_code)`, set by the caller; no field beyond it is written, and fields that
    /// this library does not know become zero.
    pub struct_size: usize,
    /// The number, one of `HEADWATER_E_*`.
    pub number: i32,
    /// Whether the same call may succeed later, where an error does not say otherwise: one of
    /// `HEADWATER_RETRY_*`.
    pub retry: i32,
    /// The status of an HTTP answer with this code.
    pub http_status: i32,
    /// Reserved; 0.
    pub reserved: i32,
    /// The name, for example `unknown_field`.
    pub name: headwater_str,
    /// What it is about: `record`, `query`, `request`, `source`, `store` or `other`.
    pub group: headwater_str,
    /// What to do about it, where an error does not say otherwise.
    pub hint: headwater_str,
}

// SAFETY: plain numbers and pointers, the size first.
unsafe impl Struct for headwater_code {
    const FIRST: usize = 72;
    const ZERO: Self = Self {
        struct_size: 0,
        number: 0,
        retry: 0,
        http_status: 0,
        reserved: 0,
        name: ABSENT,
        group: ABSENT,
        hint: ABSENT,
    };
}

/// Gives the codes one after the other, from 0; 0 after the last.
///
/// Threads: any. Errors: none. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn headwater_code_at(index: usize) -> i32 {
    value("headwater_code_at", 0, || ErrorCode::ALL.get(index).map_or(0, |code| code.number()))
}

/// Says what a code means.
///
/// `out_code`: filled as far as its `struct_size` says; all zero after a failure.
/// Threads: any. Errors: `invalid_request` for a number that is no code. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_code_describe(
    code: i32,
    out_code: *mut headwater_code,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_code_describe", out_error, || {
            write(out_code, &headwater_code::ZERO, "out_code")?;
            let known = ErrorCode::from_number(code).ok_or_else(|| {
                Error::new(ErrorCode::InvalidRequest, format!("{code} is no error code"))
                    .at_field("code")
            })?;
            let row = headwater_code {
                number: known.number(),
                retry: number(known.retry()),
                http_status: known.http_status().into(),
                name: lent(known.name()),
                group: lent(known.group().name()),
                hint: lent(known.hint()),
                ..headwater_code::ZERO
            };
            write(out_code, &row, "out_code")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_constants_are_the_table() {
        let source = include_str!("error_code.rs");
        let constants =
            source.lines().filter_map(|line| line.strip_prefix("pub const HEADWATER_E_"));
        let constants: Vec<String> = constants.map(str::to_lowercase).collect();
        let table = ErrorCode::ALL.iter();
        let table: Vec<String> =
            table.map(|code| format!("{}: i32 = {};", code.name(), code.number())).collect();
        assert_eq!(constants, table);
    }
}
