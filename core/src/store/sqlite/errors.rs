//! SQLite's result codes in terms of the error table.

use rusqlite::ErrorCode as SqliteCode;

use crate::error::{Error, ErrorCode};

/// Converts an error of the engine; `doing` says what was under way.
pub(super) fn store_error(doing: &str) -> impl Fn(rusqlite::Error) -> Error + '_ {
    move |cause| {
        let code = match cause.sqlite_error_code() {
            Some(SqliteCode::DatabaseBusy | SqliteCode::DatabaseLocked) => ErrorCode::StoreBusy,
            Some(SqliteCode::OperationInterrupted) => ErrorCode::Timeout,
            Some(SqliteCode::DiskFull) => ErrorCode::StoreFull,
            Some(SqliteCode::DatabaseCorrupt | SqliteCode::NotADatabase) => ErrorCode::StoreCorrupt,
            Some(
                SqliteCode::SystemIoFailure
                | SqliteCode::CannotOpen
                | SqliteCode::ReadOnly
                | SqliteCode::PermissionDenied
                | SqliteCode::FileLockingProtocolFailed,
            ) => ErrorCode::StoreIo,
            _ => ErrorCode::Internal,
        };
        let error = Error::new(code, format!("cannot {doing}: {cause}"));
        // It may never have been one.
        let error = match cause.sqlite_error_code() {
            Some(SqliteCode::NotADatabase) => error.hint(
                "give the path of a workspace, or of a file that does not exist yet; \
                 restore it from a backup if it was one",
            ),
            _ => error,
        };
        error.because(cause)
    }
}

/// A stored value that cannot be what was written.
pub(super) fn corrupt(what: impl std::fmt::Display) -> Error {
    Error::new(ErrorCode::StoreCorrupt, format!("the workspace holds {what}"))
}
