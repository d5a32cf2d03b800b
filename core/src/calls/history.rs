//! What happened to a record: a local extension.

use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::error::Result;
use crate::operation::{HistoryPage, HistoryQuery};
use crate::workspace::Workspace;

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
