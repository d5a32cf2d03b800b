//! A batch: find what its operations are about, decide in order, write what changed.
//!
//! The three steps are apart on purpose: nothing is written before everything is decided, each
//! record is written once however often the batch touches it, and the order in which records
//! are found and written is the store's, while outcomes keep the order of the operations.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use uuid::Uuid;

use crate::error::{Error, ErrorCode, Result};
use crate::operation::{
    Action, ApplyMode, Match, MatchTarget, Operation, OperationKind, Outcome, Outcomes,
};
use crate::record::{Attributes, Change};
use crate::schema::{Origin, RecordType};
use crate::store::{RowKey, Selection, Settings, WriteTransaction};
use crate::value::Value;
use crate::workspace::ApplyOptions;

use super::draft::{keys_of, revise};
use super::not_found;
use super::working_set::{FoundKeys, WorkingSet};

/// Applies a batch; the caller commits.
pub(super) fn apply(
    transaction: &mut dyn WriteTransaction,
    settings: Settings,
    operations: Vec<Operation>,
    options: ApplyOptions,
) -> Result<Outcomes> {
    let mut sets = FxHashMap::default();
    for record_type in record_types(&operations) {
        let set = gather(transaction, settings, &record_type, &operations, options)?;
        sets.insert(record_type.api_name().to_owned(), set);
    }
    let mut outcomes = Vec::with_capacity(operations.len());
    for operation in operations {
        let Some(set) = sets.get_mut(operation.record_type.api_name()) else {
            return Err(Error::new(
                ErrorCode::Internal,
                "an operation's record type was not gathered",
            ));
        };
        outcomes.push(decide(transaction, settings, set, operation, options)?);
    }
    if options.mode == ApplyMode::AllOrNothing
        && let Some(failed) = outcomes.iter().position(Result::is_err)
    {
        return Ok(outcomes
            .into_iter()
            .map(|outcome| outcome.and_then(|_| Err(held_back(failed))))
            .collect());
    }
    for set in sets.into_values() {
        set.write(transaction)?;
    }
    Ok(outcomes)
}

fn held_back(failed: usize) -> Error {
    Error::new(
        ErrorCode::Cancelled,
        format!("not applied: operation {failed} of the same batch was refused"),
    )
    .hint("correct or leave out what was refused, and apply the batch again")
}

fn record_types(operations: &[Operation]) -> Vec<Arc<RecordType>> {
    let mut types: Vec<Arc<RecordType>> = Vec::new();
    for operation in operations {
        if !types.iter().any(|known| known.api_name() == operation.record_type.api_name()) {
            types.push(Arc::clone(&operation.record_type));
        }
    }
    types
}

/// Finds and loads, in the store's order, every stored record that the operations may touch.
fn gather(
    transaction: &mut dyn WriteTransaction,
    settings: Settings,
    record_type: &Arc<RecordType>,
    operations: &[Operation],
    options: ApplyOptions,
) -> Result<WorkingSet> {
    let mut wanted = Wanted::new(record_type, settings, options);
    for operation in operations {
        if operation.record_type.api_name() == record_type.api_name() {
            wanted.add(operation);
        }
    }
    let ids: Vec<Uuid> = wanted.ids.into_iter().collect();
    let mut rows: BTreeSet<RowKey> =
        transaction.find_ids(record_type, &ids)?.into_iter().flatten().collect();
    let mut found = Vec::new();
    for (attribute, keys) in wanted.keys {
        let mut keys: Vec<String> = keys;
        keys.sort_unstable();
        keys.dedup();
        let borrowed: Vec<&str> = keys.iter().map(String::as_str).collect();
        let holders = transaction.find_keys(record_type, attribute, &borrowed)?;
        rows.extend(holders.iter().flatten());
        found.push(FoundKeys { attribute, holders: keys.into_iter().zip(holders).collect() });
    }
    let rows: Vec<RowKey> = rows.into_iter().collect();
    let records = transaction.load(record_type, &wanted.selection, &rows)?;
    let mut set = WorkingSet::new(Arc::clone(record_type), transaction.latest_update(record_type)?);
    set.take_in(records, found);
    Ok(set)
}

/// What a batch needs to know about stored records of one type.
struct Wanted<'a> {
    record_type: &'a RecordType,
    /// Attributes whose keys must be looked up because no two records may share them.
    unique: Vec<usize>,
    ids: BTreeSet<Uuid>,
    keys: FxHashMap<usize, Vec<String>>,
    selection: Selection,
}

impl<'a> Wanted<'a> {
    fn new(record_type: &'a RecordType, settings: Settings, options: ApplyOptions) -> Self {
        let unique = record_type
            .key_attributes()
            .filter(|&index| settings.rejects_duplicates || record_type.attribute(index).is_custom);
        Self {
            unique: unique.collect(),
            record_type,
            ids: BTreeSet::new(),
            keys: FxHashMap::default(),
            selection: if options.returns_records {
                Selection::all(record_type)
            } else {
                Selection::none(record_type)
            },
        }
    }

    fn add(&mut self, operation: &Operation) {
        match &operation.kind {
            OperationKind::Create { attributes } => self.add_attributes(attributes),
            OperationKind::Patch { id, attributes } => {
                self.ids.insert(*id);
                self.add_attributes(attributes);
            }
            OperationKind::Archive { id } => {
                self.ids.insert(*id);
                for attribute in self.record_type.key_attributes() {
                    self.select(attribute);
                }
            }
            OperationKind::Assert { matching, attributes }
            | OperationKind::Update { matching, attributes } => {
                match &matching.target {
                    MatchTarget::Id(id) => drop(self.ids.insert(*id)),
                    MatchTarget::Values { attribute, values } => {
                        self.add_keys(*attribute, values);
                    }
                }
                self.add_attributes(attributes);
            }
        }
    }

    fn add_attributes(&mut self, attributes: &Attributes) {
        for (index, change) in attributes.iter() {
            self.select(index);
            let Change::Set(value) = change else { continue };
            let key_attribute = match self.record_type.attribute(index).origin {
                Origin::PrimaryOf(array) => array,
                _ => index,
            };
            if self.unique.contains(&key_attribute) {
                self.add_keys(key_attribute, std::slice::from_ref(value));
            }
        }
    }

    fn add_keys(&mut self, attribute: usize, values: &[Value]) {
        let wanted = self.keys.entry(attribute).or_default();
        for value in values {
            wanted.extend(keys_of(self.record_type, attribute, Some(value)));
        }
    }

    /// Selects an attribute and those that follow from it or that it follows from.
    fn select(&mut self, index: usize) {
        if !self.selection.add(index) {
            return;
        }
        if let Origin::PrimaryOf(array) = self.record_type.attribute(index).origin {
            self.select(array);
        }
        for (other, attribute) in self.record_type.attributes().iter().enumerate() {
            match &attribute.origin {
                Origin::PrimaryOf(array) if *array == index => self.select(other),
                Origin::JoinOf { parts, otherwise }
                    if parts.contains(&index) || *otherwise == Some(index) =>
                {
                    self.selection.add(other);
                    for &part in parts.iter().chain(otherwise) {
                        self.select(part);
                    }
                }
                _ => {}
            }
        }
    }
}

/// Decides one operation. The inner error is the operation's outcome, the outer one the store's.
fn decide(
    transaction: &mut dyn WriteTransaction,
    settings: Settings,
    set: &mut WorkingSet,
    operation: Operation,
    options: ApplyOptions,
) -> Result<Result<Outcome>> {
    let record_type = Arc::clone(&set.record_type);
    let mut place = None;
    let decided = match operation.kind {
        OperationKind::Create { attributes } => {
            create(transaction, settings, set, attributes, None)
        }
        OperationKind::Patch { id, attributes } => Ok(match set.with_id(id) {
            Some(index) => update(settings, set, index, attributes, None),
            None => Err(not_found(&record_type, id)),
        }),
        OperationKind::Archive { id } => Ok(match set.with_id(id) {
            Some(index) => {
                set.archive(index);
                Ok((Action::Archived, index))
            }
            None => Err(not_found(&record_type, id)),
        }),
        OperationKind::Assert { .. } if !record_type.can_assert() => Ok(Err(Error::new(
            ErrorCode::OperationNotSupported,
            format!("records of type {} cannot be asserted", record_type.api_name()),
        ))),
        OperationKind::Assert { matching, attributes } => {
            let matching = place.insert(matching);
            match find(set, matching) {
                Ok(Some(index)) => Ok(update(settings, set, index, attributes, Some(matching))),
                Ok(None) => create(transaction, settings, set, attributes, Some(matching)),
                Err(error) => Ok(Err(error)),
            }
        }
        OperationKind::Update { matching, attributes } => {
            Ok(match find(set, place.insert(matching)) {
                Ok(Some(index)) => update(settings, set, index, attributes, place.as_ref()),
                Ok(None) => Err(Error::new(
                    ErrorCode::RecordNotFound,
                    format!("no {} matches", record_type.api_name()),
                )),
                Err(error) => Err(error),
            })
        }
    }?;
    Ok(match decided {
        Ok((action, index)) => Ok(Outcome {
            action,
            id: set.entry(index).record.id,
            record: options.returns_records.then(|| set.record(index, settings.organization_id)),
        }),
        Err(error) if error.record().is_none() => Err(match place {
            Some(matching) => error.on_record(matching.describe()),
            None => error,
        }),
        Err(error) => Err(error),
    })
}

/// The one record that a match finds; `None` where there is none.
fn find(set: &WorkingSet, matching: &Match) -> Result<Option<usize>> {
    let (attribute, values) = match &matching.target {
        MatchTarget::Id(id) => {
            return match set.with_id(*id) {
                Some(index) => Ok(Some(index)),
                // An id cannot be chosen, so there is nothing to make (contract.md section 5.4).
                None => Err(not_found(&set.record_type, *id)),
            };
        }
        MatchTarget::Values { attribute, values } => (*attribute, values),
    };
    let keys: Vec<String> =
        values.iter().flat_map(|value| keys_of(&set.record_type, attribute, Some(value))).collect();
    let found = set.with_keys(attribute, &keys);
    match found[..] {
        [] => Ok(None),
        [index] => Ok(Some(index)),
        _ => {
            const SHOWN: usize = 5;
            let mut ids: Vec<String> = found
                .iter()
                .take(SHOWN)
                .map(|&index| set.entry(index).record.id.to_string())
                .collect();
            if found.len() > SHOWN {
                ids.push("..".to_owned());
            }
            Err(Error::new(
                ErrorCode::AmbiguousMatch,
                format!(
                    "{} records of type {} match {}: {}",
                    found.len(),
                    set.record_type.api_name(),
                    matching.describe(),
                    ids.join(", ")
                ),
            )
            .at_field(&matching.name))
        }
    }
}

fn create(
    transaction: &mut dyn WriteTransaction,
    settings: Settings,
    set: &mut WorkingSet,
    attributes: Attributes,
    matching: Option<&Match>,
) -> Result<Result<(Action, usize)>> {
    let values = revise(&set.record_type, None, attributes, matching);
    let checked = values.and_then(|values| {
        set.check_unique(None, &values, settings.rejects_duplicates).map(|()| values)
    });
    match checked {
        Ok(values) => set.insert(transaction, values).map(|index| Ok((Action::Created, index))),
        Err(error) => Ok(Err(error)),
    }
}

fn update(
    settings: Settings,
    set: &mut WorkingSet,
    index: usize,
    attributes: Attributes,
    matching: Option<&Match>,
) -> Result<(Action, usize)> {
    let values = revise(&set.record_type, Some(set.entry(index).values()), attributes, matching)?;
    if values.is_empty() {
        return Ok((Action::Unchanged, index));
    }
    set.check_unique(Some(index), &values, settings.rejects_duplicates)?;
    set.update(index, values);
    Ok((Action::Updated, index))
}
