//! What happened to a record, and its return from the archive: local extensions.

use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::error::Result;
use crate::operation::{HistoryPage, HistoryQuery, Operation, OperationKind};
use crate::record::Record;
use crate::workspace::Workspace;

use super::whole_record;

/// Reads one page of a record's history, the latest change first; `parameters` may hold `limit`
/// and `cursor`. The history of an archived record can be read too.
///
/// # Errors
/// `unknown_record_type`, `record_not_found`, `invalid_request`, `invalid_cursor`.
pub fn history(
    workspace: &dyn Workspace,
    record_type: &str,
    id: Uuid,
    parameters: Map<String, Json>,
) -> Result<HistoryPage> {
    let record_type = workspace.record_type(record_type)?;
    workspace.history(&HistoryQuery::parse(&record_type, id, parameters)?)
}

/// Brings an archived record back, with its match keys, and gives it; one that is not archived is
/// given as it is.
///
/// # Errors
/// `unknown_record_type`, `operation_not_supported`, `record_not_found`; `unique_conflict` where
/// another record has taken what no two may share.
pub fn restore(workspace: &dyn Workspace, record_type: &str, id: Uuid) -> Result<Record> {
    let record_type = workspace.record_type(record_type)?;
    whole_record(workspace.apply_one(Operation::new(record_type, OperationKind::Restore { id }))?)
}
