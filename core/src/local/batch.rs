//! A batch: find what its operations are about, decide in order, write what changed.
//!
//! The three steps are apart on purpose: each record is written once however often the batch
//! touches it, and the order in which records are found and written is the store's, while outcomes
//! keep the order of the operations. A large batch is decided on a thread of its own, so that new
//! records are written while the next ones are decided.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread;

use crate::error::{Error, ErrorCode, Result};
use crate::operation::{ApplyMode, Operation, Outcomes, held_back};
use crate::schema::{RecordType, Schema};
use crate::store::{Generator, NewRecord, Settings, WriteTransaction};
use crate::workspace::ApplyOptions;

use super::Stopwatches;
use super::changes::{Changes, Trace};
use super::decide::decide;
use super::gather::{Gathered, gather};
use super::references::Sought;
use super::working_set::{WorkingSet, WorkingSets};

/// From this many operations on, another thread costs less than it gains.
const LARGE: usize = 4000;
/// Operations that are decided before their new records are handed on.
const CHUNK: usize = 1000;
/// Chunks that may wait to be written.
const QUEUE: usize = 4;

/// What a batch is applied by: the workspace as it is now, and what the caller asks for.
#[derive(Clone, Copy)]
pub(super) struct Terms<'a> {
    pub(super) schema: &'a Schema,
    pub(super) settings: Settings,
    pub(super) generator: &'a Generator,
    pub(super) options: ApplyOptions,
    pub(super) watches: &'a Stopwatches,
}

/// A batch that was applied.
pub(super) struct Applied {
    pub(super) outcomes: Outcomes,
    /// What it has changed, where records of only one type were gathered.
    pub(super) trace: Option<Trace>,
}

/// Applies a batch; the caller commits. What it is about may have been gathered already.
pub(super) fn apply(
    transaction: &mut dyn WriteTransaction,
    terms: Terms<'_>,
    operations: Vec<Operation>,
    gathered: Option<Gathered>,
) -> Result<Applied> {
    let Terms { schema, settings, generator, options, watches } = terms;
    let written = operations.iter().map(|operation| &operation.record_type);
    let written = record_types(written)
        .iter()
        // As it is now: a field may have been added since an operation was made, always at the end.
        .map(|known| schema.record_type(known.api_name()).cloned())
        .collect::<Result<Vec<_>>>()?;
    let mut sets = WorkingSets::default();
    let mut begin = |transaction: &mut dyn WriteTransaction, gathered: Gathered| -> Result<()> {
        let set = gathered.begin(transaction)?;
        sets.insert(set.record_type.api_name().to_owned(), set);
        Ok(())
    };
    match gathered {
        Some(gathered) => watches.resolve.time(|| begin(transaction, gathered))?,
        None => {
            let sought = watches.resolve.time(|| Sought::by(&operations, schema));
            for record_type in record_types(written.iter().chain(sought.record_types())) {
                let about = (&record_type, &operations[..], &sought);
                watches.resolve.time(|| {
                    let gathered = gather(transaction, generator, settings, about, options)?;
                    begin(transaction, gathered)
                })?;
            }
        }
    }
    let is_large = operations.len() >= LARGE && options.mode == ApplyMode::PerRecord;
    if is_large && let [record_type] = &written[..] {
        let of_one = (record_type, operations);
        return apply_overlapped(transaction, terms, sets, of_one);
    }
    let outcomes = watches.decide.time(|| decide_all(settings, &mut sets, operations, options));
    if options.mode == ApplyMode::AllOrNothing && outcomes.iter().any(Result::is_err) {
        return Ok(Applied { outcomes: all_or_nothing(outcomes), trace: None });
    }
    let mut traces = Vec::new();
    for set in sets.into_values() {
        let changes = watches.decide.time(|| set.close());
        traces.push(watches.write.time(|| changes.write(transaction))?);
    }
    Ok(Applied { outcomes, trace: only(traces) })
}

/// The trace in the one type that was gathered.
fn only(mut traces: Vec<Option<Trace>>) -> Option<Trace> {
    traces.pop().filter(|_| traces.is_empty()).flatten()
}

/// Decides every operation, in order.
fn decide_all(
    settings: Settings,
    sets: &mut WorkingSets,
    operations: Vec<Operation>,
    options: ApplyOptions,
) -> Outcomes {
    operations.into_iter().map(|one| decide(sets, settings, options, one)).collect()
}

/// Applies operations on one record type: decided on another thread, written on this one.
fn apply_overlapped(
    transaction: &mut dyn WriteTransaction,
    Terms { settings, options, watches, .. }: Terms<'_>,
    mut sets: WorkingSets,
    (record_type, operations): (&Arc<RecordType>, Vec<Operation>),
) -> Result<Applied> {
    thread::scope(|scope| {
        let (settled, to_write) = sync_channel::<Vec<NewRecord>>(QUEUE);
        let decider = scope.spawn(move || -> Option<(Outcomes, Vec<Changes>)> {
            let mut outcomes = Vec::with_capacity(operations.len());
            let mut operations = operations.into_iter();
            while operations.len() > 0 {
                let chunk = operations.by_ref().take(CHUNK);
                watches.decide.time(|| {
                    outcomes.extend(chunk.map(|one| decide(&mut sets, settings, options, one)));
                });
                let records = sets.get_mut(record_type.api_name())?.take_settled();
                // The writer is gone only after an error, which it returns.
                if !records.is_empty() && settled.send(records).is_err() {
                    return None;
                }
            }
            let close = || sets.into_values().map(WorkingSet::close).collect();
            Some((outcomes, watches.decide.time(close)))
        });
        for records in to_write {
            watches.write.time(|| transaction.insert(record_type, &records))?;
        }
        // A panic is passed on as what it is: nothing of the batch is committed.
        let decided = decider.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let (outcomes, changes) = decided
            .ok_or_else(|| Error::new(ErrorCode::Internal, "a batch was not decided to its end"))?;
        let mut traces = Vec::new();
        for changes in changes {
            traces.push(watches.write.time(|| changes.write(transaction))?);
        }
        Ok(Applied { outcomes, trace: only(traces) })
    })
}

/// The outcomes of a batch that is not written because one of them is a failure.
pub(super) fn all_or_nothing(outcomes: Outcomes) -> Outcomes {
    let failed = outcomes.iter().position(Result::is_err).unwrap_or_default();
    outcomes.into_iter().map(|outcome| outcome.and_then(|_| Err(held_back(failed)))).collect()
}

/// Each record type once.
fn record_types<'a>(all: impl Iterator<Item = &'a Arc<RecordType>>) -> Vec<Arc<RecordType>> {
    let mut types: Vec<Arc<RecordType>> = Vec::new();
    for record_type in all {
        if !types.iter().any(|known| known.api_name() == record_type.api_name()) {
            types.push(Arc::clone(record_type));
        }
    }
    types
}
