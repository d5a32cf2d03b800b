//! Records: made, changed, archived, brought back, asserted.

use std::sync::Arc;

use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::error::{ErrorCode, Result};
use crate::operation::{Match, Operation, OperationKind, Outcome};
use crate::record::{Attributes, Record};
use crate::schema::{RecordType, Write};
use crate::workspace::Workspace;

use super::{parse_attributes, whole_record};

/// Makes a record from the `attributes` object of a request and gives it back.
///
/// # Errors
/// The codes of contract.md section 5.1.
pub fn create(
    workspace: &dyn Workspace,
    record_type: &str,
    attributes: Map<String, Json>,
) -> Result<Record> {
    let record_type = workspace.record_type(record_type)?;
    record_type.check_writable()?;
    let attributes = parse_attributes(workspace, &record_type, attributes, Write::Create)?;
    let kind = OperationKind::Create { attributes };
    whole_record(workspace.apply_one(Operation::new(record_type, kind))?)
}

/// Changes the attributes that are not absent and gives the record back.
///
/// # Errors
/// The codes of contract.md section 5.2.
pub fn patch(
    workspace: &dyn Workspace,
    record_type: &str,
    id: Uuid,
    attributes: Map<String, Json>,
) -> Result<Record> {
    let record_type = workspace.record_type(record_type)?;
    record_type.check_writable()?;
    let attributes = parse_attributes(workspace, &record_type, attributes, Write::Patch)?;
    let kind = OperationKind::Patch { id, attributes };
    whole_record(workspace.apply_one(Operation::new(record_type, kind))?)
}

/// Hides a record from reads, queries and matches.
///
/// # Errors
/// `unknown_record_type`, `operation_not_supported`, `record_not_found`.
pub fn archive(workspace: &dyn Workspace, record_type: &str, id: Uuid) -> Result<()> {
    let record_type = workspace.record_type(record_type)?;
    workspace.apply_one(Operation::new(record_type, OperationKind::Archive { id })).map(drop)
}

/// Brings an archived record back, with its match keys, and gives it; one that is not archived is
/// given as it is. A local extension.
///
/// # Errors
/// `unknown_record_type`, `operation_not_supported`, `record_not_found`; `unique_conflict` where
/// another record has taken what no two may share.
pub fn restore(workspace: &dyn Workspace, record_type: &str, id: Uuid) -> Result<Record> {
    let record_type = workspace.record_type(record_type)?;
    whole_record(workspace.apply_one(Operation::new(record_type, OperationKind::Restore { id }))?)
}

/// Updates the one record that matches, or makes it.
///
/// # Errors
/// The codes of contract.md section 5.4.
pub fn assert(
    workspace: &dyn Workspace,
    record_type: &str,
    matching: Map<String, Json>,
    attributes: Map<String, Json>,
) -> Result<Outcome> {
    let record_type = workspace.record_type(record_type)?;
    workspace.apply_one(assertion(workspace, record_type, matching, attributes)?)
}

/// The operation that an assert asks for.
///
/// # Errors
/// As [`assert`], as far as they are known before the record is.
pub(super) fn assertion(
    workspace: &dyn Workspace,
    record_type: Arc<RecordType>,
    matching: Map<String, Json>,
    attributes: Map<String, Json>,
) -> Result<Operation> {
    record_type.check_writable()?;
    // Before the match is looked at: no other key would help.
    record_type.check_can_assert()?;
    let matching = Match::parse(&record_type, matching, None);
    let parsed = parse_attributes(workspace, &record_type, attributes.clone(), Write::Assert);
    let (matching, error) = match (matching, parsed) {
        (Ok(matching), Ok(attributes)) => {
            let kind = OperationKind::Assert { matching, attributes };
            return Ok(Operation::new(record_type, kind));
        }
        (Err(fault), Ok(_)) => return Err(fault),
        (Err(fault), Err(error)) => return Err(error.and_also(fault)),
        (Ok(matching), Err(error)) => (matching, error),
    };
    if error.code() == ErrorCode::FieldNotCreatable {
        // Which rule was broken depends on the branch (contract.md section 5.4).
        let kind = OperationKind::Update { matching, attributes: Attributes::default() };
        if workspace.apply_one(Operation::new(Arc::clone(&record_type), kind)).is_ok() {
            parse_attributes(workspace, &record_type, attributes, Write::Patch)?;
        }
    }
    Err(error)
}
