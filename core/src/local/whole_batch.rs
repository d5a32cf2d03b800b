//! A batch as a whole: operations on records in runs, and edits of edges between the runs.

use uuid::Uuid;

use crate::error::{Error, ErrorCode, ErrorGroup, Result};
use crate::operation::{ApplyMode, EdgeOf, Operation, OperationKind, Outcomes};
use crate::store::WriteTransaction;
use crate::workspace::ApplyOptions;

use super::batch::{self, Applied, Terms, all_or_nothing};
use super::edges::{self, Parent};
use super::gather::Gathered;

/// Applies a batch; the caller commits.
pub(super) fn apply(
    transaction: &mut dyn WriteTransaction,
    terms: Terms<'_>,
    operations: Vec<Operation>,
    gathered: Option<Gathered>,
) -> Result<Applied> {
    let is_edge = |operation: &Operation| matches!(operation.kind, OperationKind::EditEdge { .. });
    if !operations.iter().any(is_edge) {
        return batch::apply(transaction, terms, operations, gathered);
    }
    let Terms { schema, options, watches, .. } = terms;
    let each = ApplyOptions { mode: ApplyMode::PerRecord, ..options };
    let each = Terms { options: each, ..terms };
    if options.mode == ApplyMode::AllOrNothing {
        transaction.mark()?;
    }
    let mut outcomes = Vec::with_capacity(operations.len());
    let mut run = Vec::new();
    for operation in operations {
        let OperationKind::EditEdge { of, relationship, edit } = operation.kind else {
            run.push(operation);
            continue;
        };
        let Operation { record_type, writes_read_only, .. } = operation;
        let before = std::mem::take(&mut run);
        outcomes.extend(batch::apply(transaction, each, before, None)?.outcomes);
        let edited = record_of(of, &outcomes).and_then(|id| {
            let parent = Parent { record_type: &record_type, id, relationship };
            let write = || edges::apply(transaction, schema, &parent, *edit, writes_read_only);
            watches.write.time(write)
        });
        match edited {
            Err(error) if is_of_the_store(&error) => return Err(error),
            outcome => outcomes.push(outcome),
        }
    }
    outcomes.extend(batch::apply(transaction, each, run, None)?.outcomes);
    if options.mode == ApplyMode::AllOrNothing && outcomes.iter().any(Result::is_err) {
        transaction.undo_to_mark()?;
        return Ok(Applied { outcomes: all_or_nothing(outcomes), trace: None });
    }
    Ok(Applied { outcomes, trace: None })
}

/// The record whose edge is edited.
fn record_of(of: EdgeOf, outcomes: &Outcomes) -> Result<Uuid> {
    match of {
        EdgeOf::Record(id) => Ok(id),
        EdgeOf::Outcome(place) => match outcomes.get(place) {
            Some(Ok(outcome)) => Ok(outcome.id),
            _ => Err(Error::new(ErrorCode::Cancelled, "the record of the link was not written")),
        },
    }
}

/// What keeps the batch as a whole from being written, not one operation from its success.
fn is_of_the_store(error: &Error) -> bool {
    error.code().group() == ErrorGroup::Store || error.code() == ErrorCode::Internal
}
