//! Looking ahead: what a batch is about is gathered while the batch before it is still being
//! written, by a reader that does not see the latter yet.
//!
//! What was gathered holds as long as no record of the type has changed since. Where the last batch
//! has changed some, its trace tells whether it touched a key or a record that was gathered; in any
//! other case the batch is gathered again in its turn.

use std::sync::{Arc, Mutex, PoisonError};

use crate::error::Result;
use crate::operation::{MatchTarget, Operation, OperationKind};
use crate::schema::{RecordType, Schema};
use crate::store::{Settings, Store, WriteTransaction};
use crate::value::Timestamp;
use crate::workspace::ApplyOptions;

use super::changes::Trace;
use super::gather::{Gathered, gather};
use super::references::Sought;
use super::working_set::WorkingSet;

/// What a batch is about, as an earlier state of the store had it.
pub(super) struct Ahead {
    schema: Arc<Schema>,
    settings: Settings,
    record_type: Arc<RecordType>,
    /// The latest update of the type in that state.
    seen: Timestamp,
    gathered: Gathered,
}

/// Looks ahead, and remembers the trace of the last batch.
#[derive(Default)]
pub(super) struct Lookout {
    last: Mutex<Option<Trace>>,
}

impl Lookout {
    /// Remembers what the last batch has changed; `None` where that is not known.
    pub(super) fn note(&self, trace: Option<Trace>) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = trace;
    }

    /// Gathers what operations are about; `None` where that has to wait for their turn.
    ///
    /// # Errors
    /// `store_busy`, `store_io`, `store_corrupt`.
    pub(super) fn look(
        &self,
        store: &impl Store,
        schema: Arc<Schema>,
        operations: &[Operation],
        options: ApplyOptions,
    ) -> Result<Option<Ahead>> {
        let Some(first) = operations.first() else { return Ok(None) };
        let record_type = Arc::clone(schema.record_type(first.record_type.api_name())?);
        let sought = Sought::by(operations, &schema);
        let is_by_key = |operation: &Operation| {
            operation.record_type.api_name() == record_type.api_name() && is_by_key(operation)
        };
        if sought.record_types().next().is_some() || !operations.iter().all(is_by_key) {
            return Ok(None);
        }
        let mut reader = store.read_ahead()?;
        let settings = reader.settings()?;
        let seen = reader.latest_update(&record_type)?;
        let generator = store.generator();
        let about = (&record_type, operations, &sought);
        let gathered = gather(&mut *reader, generator, settings, about, options)?;
        Ok(Some(Ahead { schema, settings, record_type, seen, gathered }))
    }

    /// What was gathered, if it still holds.
    ///
    /// # Errors
    /// `store_io`.
    pub(super) fn take(
        &self,
        ahead: Ahead,
        transaction: &mut dyn WriteTransaction,
        schema: &Arc<Schema>,
        settings: Settings,
    ) -> Result<Option<Gathered>> {
        let now = transaction.latest_update(&ahead.record_type)?;
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let is_as_seen = ahead.seen == now
            || last.as_ref().is_some_and(|trace| {
                trace.record_type.api_name() == ahead.record_type.api_name()
                    && (trace.since, trace.until) == (ahead.seen, now)
                    && !touches(trace, &ahead.gathered.set)
            });
        let holds = is_as_seen && Arc::ptr_eq(&ahead.schema, schema) && ahead.settings == settings;
        Ok(holds.then_some(ahead.gathered))
    }
}

/// Whether the records that an operation is about are found by keys alone.
fn is_by_key(operation: &Operation) -> bool {
    match &operation.kind {
        OperationKind::Create { .. } => true,
        OperationKind::Assert { matching, .. } | OperationKind::Update { matching, .. } => {
            matches!(matching.target, MatchTarget::Values { .. })
        }
        OperationKind::Patch { .. }
        | OperationKind::Archive { .. }
        | OperationKind::Restore { .. }
        | OperationKind::EditItem { .. }
        | OperationKind::EditEdge { .. } => false,
    }
}

/// Whether a batch has changed a record, or a key, that was gathered.
fn touches(trace: &Trace, set: &WorkingSet) -> bool {
    let keys = trace.keys.removed.iter().zip(&trace.keys.added);
    trace.rows.iter().any(|row| set.holds(*row))
        || trace.key_attributes.iter().zip(keys).any(|(attribute, (removed, added))| {
            removed.iter().chain(added).any(|entry| set.asks_for(*attribute, &entry.key))
        })
}

#[cfg(test)]
mod tests;
