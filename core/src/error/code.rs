//! The table of error codes: the only list; every surface converts by number from here.

use super::Retry;

/// What an error is about, and so who can do something about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorGroup {
    /// The caller's data.
    Record,
    /// A query's filters, sort or cursor.
    Query,
    /// The request as a whole, or the right to make it.
    Request,
    /// The source system or the connector that reads it.
    Source,
    /// The service or the store behind the workspace.
    Store,
    /// Everything else.
    Other,
}

impl ErrorGroup {
    /// The group's name in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Query => "query",
            Self::Request => "request",
            Self::Source => "source",
            Self::Store => "store",
            Self::Other => "other",
        }
    }
}

struct Row {
    name: &'static str,
    group: ErrorGroup,
    retry: Retry,
    http_status: u16,
    python_class: &'static str,
    hint: &'static str,
}

macro_rules! error_codes {
    ($($number:literal $variant:ident $name:literal $group:ident $retry:ident $status:literal $class:literal $hint:literal)+) => {
        /// A stable error code; the number is part of every binary interface and never reused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u16)]
        pub enum ErrorCode {
            $(#[doc = concat!("`", $name, "`: ", $hint, ".")] $variant = $number,)+
        }

        impl ErrorCode {
            /// Every code, in the order of the table.
            pub const ALL: &[ErrorCode] = &[$(ErrorCode::$variant),+];

            fn row(self) -> &'static Row {
                match self {
                    $(Self::$variant => &Row {
                        name: $name, group: ErrorGroup::$group,
                        retry: Retry::$retry, http_status: $status, python_class: $class, hint: $hint,
                    },)+
                }
            }
        }
    };
}

error_codes! {
    // number, variant, name, group, retry, HTTP status, Python class, hint
    1  UnknownRecordType "unknown_record_type" Record Never 404 "UnknownRecordTypeError" "list the record types with the schema command"
    2  UnknownField "unknown_field" Record Never 400 "UnknownFieldError" "look at the record type's schema for the attribute's api name"
    3  FieldNotCreatable "field_not_creatable" Record Never 400 "FieldNotCreatableError" "leave the read-only attribute out of a create"
    4  FieldNotUpdatable "field_not_updatable" Record Never 400 "FieldNotUpdatableError" "leave the read-only attribute out of an update"
    5  FieldRequiredMissing "field_required_missing" Record Never 400 "FieldRequiredMissingError" "give the required attribute a value"
    6  FieldValueInvalid "field_value_invalid" Record Never 400 "FieldValueInvalidError" "check the attribute's value type and how it is written"
    7  RecordNotFound "record_not_found" Record Never 404 "RecordNotFoundError" "look the record up again: it does not exist or is archived"
    8  AmbiguousMatch "ambiguous_match" Record Never 409 "AmbiguousMatchError" "match by something more specific, or merge the duplicates"
    9  InvalidMatchingField "invalid_matching_field" Record Never 400 "InvalidMatchingFieldError" "match by an attribute that the schema marks as unique"
    10 TargetRecordNotFound "target_record_not_found" Record Never 404 "TargetRecordNotFoundError" "create the referenced record first, or correct the reference"
    11 UnknownRelationship "unknown_relationship" Record Never 404 "UnknownRelationshipError" "look at the record type's schema for its relationships"
    12 UniqueConflict "unique_conflict" Record Never 409 "UniqueConflictError" "update the record that already holds the value"
    13 OperationNotSupported "operation_not_supported" Record Never 405 "OperationNotSupportedError" "use an operation that the record type supports"

    101 InvalidFilterField "invalid_filter_field" Query Never 400 "InvalidFilterFieldError" "filter by an attribute that the schema marks as filterable"
    102 InvalidFilterOperator "invalid_filter_operator" Query Never 400 "InvalidFilterOperatorError" "use one of the attribute's filter operators in the schema"
    103 InvalidFilterValue "invalid_filter_value" Query Never 400 "InvalidFilterValueError" "give the filter a value of the attribute's type"
    104 FilterDepthExceeded "filter_depth_exceeded" Query Never 400 "FilterDepthExceededError" "shorten the filter's path or its nesting"
    105 SortTooManyFields "sort_too_many_fields" Query Never 400 "SortTooManyFieldsError" "sort by at most three attributes"
    106 UnsortableField "unsortable_field" Query Never 400 "UnsortableFieldError" "sort by an attribute that the schema marks as sortable"
    107 InvalidCursor "invalid_cursor" Query Never 400 "InvalidCursorError" "start again at the first page"

    201 InvalidRequest "invalid_request" Request Never 400 "InvalidRequestError" "correct the shape of the request"
    202 ConfigInvalid "config_invalid" Request Never 400 "ConfigInvalidError" "correct the configuration at the place named"
    203 Unauthorized "unauthorized" Request Never 401 "UnauthorizedError" "give a valid, unexpired API key"
    204 Forbidden "forbidden" Request Never 403 "ForbiddenError" "ask for the permission that is missing"
    205 RateLimited "rate_limited" Request Backoff 429 "RateLimitedError" "slow down and try again after the time given"
    206 PayloadTooLarge "payload_too_large" Request Never 413 "PayloadTooLargeError" "send less at a time"

    301 ConnectorNotFound "connector_not_found" Source Never 404 "ConnectorNotFoundError" "give the path of the connector library, or add its folder to HEADWATER_CONNECTOR_PATH"
    302 ConnectorIncompatible "connector_incompatible" Source Never 500 "ConnectorIncompatibleError" "rebuild the connector against this version's header"
    303 ConnectorMisbehaved "connector_misbehaved" Source Never 500 "ConnectorMisbehavedError" "report a bug to the connector's authors"
    304 ConnectorPanicked "connector_panicked" Source Never 500 "ConnectorPanickedError" "report a bug to the connector's authors"
    305 SourceUnauthorized "source_unauthorized" Source Never 401 "SourceUnauthorizedError" "check the credentials for the source system"
    306 SourceUnavailable "source_unavailable" Source Backoff 502 "SourceUnavailableError" "check that the source can be reached, then run again to resume"
    307 SourceDataInvalid "source_data_invalid" Source Never 400 "SourceDataInvalidError" "correct the source at the place named"
    308 CheckpointInvalid "checkpoint_invalid" Source Never 409 "CheckpointInvalidError" "start over with a full run: --full, in Python full=True, in C HEADWATER_SYNC_FULL"

    401 Unavailable "unavailable" Store Backoff 503 "UnavailableError" "try again later"
    402 Timeout "timeout" Store Backoff 504 "OperationTimeoutError" "try again, or allow more time"
    403 StoreBusy "store_busy" Store Backoff 503 "StoreBusyError" "another process is writing the workspace: try again when it is done"
    404 StoreFull "store_full" Store Never 507 "StoreFullError" "free some disk space, then run again to resume"
    405 StoreCorrupt "store_corrupt" Store Never 500 "StoreCorruptError" "restore the workspace from a backup"
    406 StoreIo "store_io" Store Never 500 "StoreIoError" "check the workspace's path, its permissions and the disk"

    501 Cancelled "cancelled" Other Never 499 "CancelledError" "run again to resume"
    502 Internal "internal_error" Other Never 500 "InternalError" "report this as a bug, with the message"
}

impl ErrorCode {
    /// The number that crosses binary interfaces.
    #[must_use]
    pub fn number(self) -> i32 {
        i32::from(self as u16)
    }

    /// The code with this number.
    #[must_use]
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.number() == number)
    }

    /// The code with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }

    /// The name on the wire, for example `unknown_field`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// What the error is about.
    #[must_use]
    pub fn group(self) -> ErrorGroup {
        self.row().group
    }

    /// The default retry advice.
    #[must_use]
    pub fn retry(self) -> Retry {
        self.row().retry
    }

    /// The HTTP status that carries the code (contract.md section 6).
    #[must_use]
    pub fn http_status(self) -> u16 {
        self.row().http_status
    }

    /// The name of the Python exception class.
    #[must_use]
    pub fn python_class(self) -> &'static str {
        self.row().python_class
    }

    /// How to recover, in one line.
    #[must_use]
    pub fn hint(self) -> &'static str {
        self.row().hint
    }
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_row_is_whole_and_no_name_or_number_repeats() {
        let mut names = HashSet::new();
        let mut numbers = HashSet::new();
        let mut classes = HashSet::new();
        for &code in ErrorCode::ALL {
            assert!(names.insert(code.name()), "{code}: the name is used twice");
            assert!(numbers.insert(code.number()), "{code}: the number is used twice");
            assert!(classes.insert(code.python_class()), "{code}: the Python class is used twice");
            assert!(code.python_class().ends_with("Error"), "{code}: {}", code.python_class());
            assert!((400..=599).contains(&code.http_status()), "{code}: not an error status");
            assert!(!code.hint().is_empty() && !code.hint().ends_with('.'), "{code}: hint");
            assert_eq!(ErrorCode::from_name(code.name()), Some(code));
            assert_eq!(ErrorCode::from_number(code.number()), Some(code));
        }
    }

    #[test]
    fn the_contract_keeps_its_names_and_statuses() {
        let stated = [
            ("unknown_field", 400),
            ("field_not_creatable", 400),
            ("field_not_updatable", 400),
            ("field_required_missing", 400),
            ("field_value_invalid", 400),
            ("record_not_found", 404),
            ("ambiguous_match", 409),
            ("invalid_matching_field", 400),
            ("target_record_not_found", 404),
            ("unknown_relationship", 404),
            ("invalid_filter_field", 400),
            ("invalid_filter_operator", 400),
            ("invalid_filter_value", 400),
            ("filter_depth_exceeded", 400),
            ("sort_too_many_fields", 400),
            ("unsortable_field", 400),
            ("invalid_cursor", 400),
        ];
        for (name, status) in stated {
            let code = ErrorCode::from_name(name).unwrap_or_else(|| panic!("{name} is missing"));
            assert_eq!(code.http_status(), status, "{name}");
        }
    }
}
