//! Gathering: finds and loads, in the store's order, what the operations of a batch are about.
//!
//! Afterwards everything can be decided in memory, on any thread.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use uuid::Uuid;

use crate::error::Result;
use crate::operation::{ItemEdit, MatchTarget, Operation, OperationKind};
use crate::record::{Attributes, Change};
use crate::schema::{Origin, RecordType};
use crate::store::{
    Generator, ReadTransaction, RowKey, Selection, Settings, StoredRecord, WriteTransaction,
};
use crate::value::Value;
use crate::workspace::ApplyOptions;

use super::change_log::ChangeLog;
use super::clock::Clock;
use super::draft::keys_of;
use super::entry::Entry;
use super::holders::Found;
use super::references::Sought;
use super::repeated::find_repeated;
use super::working_set::{FoundKeys, WorkingSet};

/// What a batch is about in one type, as one state of the store has it.
pub(super) struct Gathered {
    pub(super) set: WorkingSet,
    /// New records that the batch can make at most.
    creations: usize,
}

impl Gathered {
    /// Makes it ready for the batch to be decided, in the transaction that will write it.
    pub(super) fn begin(mut self, transaction: &mut dyn WriteTransaction) -> Result<WorkingSet> {
        let record_type = Arc::clone(&self.set.record_type);
        let latest = transaction.latest_update(&record_type)?;
        self.set.begin(latest, transaction.allocate(&record_type, self.creations)?);
        Ok(self.set)
    }
}

/// Finds and loads every stored record of one type that the operations may touch or refer to.
pub(super) fn gather(
    transaction: &mut dyn ReadTransaction,
    generator: &Generator,
    settings: Settings,
    (record_type, operations, sought): (&Arc<RecordType>, &[Operation], &Sought<'_>),
    options: ApplyOptions,
) -> Result<Gathered> {
    let of_type = || {
        operations
            .iter()
            .filter(|operation| operation.record_type.api_name() == record_type.api_name())
    };
    let mut wanted = Wanted::new(record_type, settings, options);
    of_type().for_each(|operation| wanted.add(operation));
    sought.of(record_type).iter().for_each(|target| wanted.add_target(target));
    let archived = find_archived(transaction, record_type, &mut wanted)?;
    let Wanted { ids, keys, mut selection, primaries, moves_keys, mut creations, .. } = wanted;
    if moves_keys {
        // Which records an operation will match is known only while it is decided.
        for attribute in primaries.iter() {
            selection.add(attribute);
        }
    }
    let ids: Vec<Uuid> = ids.into_iter().collect();
    let mut rows: Vec<RowKey> =
        transaction.find_ids(record_type, &ids)?.into_iter().flatten().collect();
    rows.extend(&archived);
    let mut found = Vec::new();
    for (attribute, asked) in keys {
        let (keys, askers) = count(asked);
        let borrowed: Vec<&str> = keys.iter().map(String::as_str).collect();
        let holders = transaction.find_keys(record_type, attribute, &borrowed)?;
        rows.extend(holders.iter().map(|(_, row)| row));
        found.push(FoundKeys { attribute, keys, askers, holders });
    }
    rows.sort_unstable();
    rows.dedup();
    // Where keys move, which record an operation is about is known only while it is decided.
    let may_repeat = !moves_keys && !options.returns_records;
    let entries = if may_repeat {
        let glances = transaction.glance(record_type, &rows)?;
        glances.into_iter().map(Entry::glanced_at).collect()
    } else {
        let records = transaction.load(record_type, &selection, &rows)?;
        let is_archived = |record: &StoredRecord| archived.binary_search(&record.row).is_ok();
        let entry = |record| match is_archived(&record) {
            true => Entry::archived(record),
            false => Entry::read(record),
        };
        records.into_iter().map(entry).collect()
    };
    let (clock, random) = (Clock::new(generator.times()), generator.ids());
    let names_ids = !ids.is_empty();
    let log = ChangeLog::new(settings.keeps_history);
    let of_type_now = Arc::clone(record_type);
    let mut set = WorkingSet::new(of_type_now, clock, random, entries, found, names_ids, log);
    let found: Vec<Found> = of_type().map(|operation| find(&set, operation)).collect();
    if may_repeat {
        let unread = find_repeated(&mut set, of_type().zip(&found));
        let rows: Vec<RowKey> = unread.iter().map(|&index| set.entry(index).record.row).collect();
        let records = transaction.load(record_type, &selection, &rows)?;
        unread.into_iter().zip(records).for_each(|(index, record)| set.take_in(index, record));
    }
    if !moves_keys {
        let mut left_out = primaries;
        left_out.leave_out(&selection);
        creations -= complete(transaction, &mut set, &left_out, of_type().zip(&found))?;
    }
    Ok(Gathered { set, creations })
}

/// The archived records that operations bring back, sorted; the keys that come back with them and
/// that no other record may hold are then wanted too.
fn find_archived(
    transaction: &mut dyn ReadTransaction,
    record_type: &RecordType,
    wanted: &mut Wanted<'_>,
) -> Result<Vec<RowKey>> {
    if wanted.restored.is_empty() {
        return Ok(Vec::new());
    }
    let mut rows: Vec<RowKey> =
        transaction.find_archived(record_type, &wanted.restored)?.into_iter().flatten().collect();
    rows.sort_unstable();
    rows.dedup();
    let unique = wanted.unique.clone();
    let mut selection = Selection::none(record_type);
    for &attribute in &unique {
        selection.add(attribute);
    }
    for record in transaction.load(record_type, &selection, &rows)? {
        for &attribute in &unique {
            if let Some(value) = &record.values[attribute] {
                wanted.add_keys(attribute, std::slice::from_ref(value), false);
            }
        }
    }
    Ok(rows)
}

/// The records that an operation finds as the batch begins.
fn find(set: &WorkingSet, operation: &Operation) -> Found {
    match &operation.kind {
        OperationKind::Assert { matching, .. } | OperationKind::Update { matching, .. } => {
            set.matched(&matching.target)
        }
        OperationKind::Patch { id, .. }
        | OperationKind::Archive { id }
        | OperationKind::Restore { id }
        | OperationKind::EditItem { id, .. } => set.matched(&MatchTarget::Id(*id)),
        OperationKind::Create { .. } | OperationKind::EditEdge { .. } => Found::new(),
    }
}

/// Loads what was left out of records where it is needed; counts the asserts that find a record.
fn complete<'a>(
    transaction: &mut dyn ReadTransaction,
    set: &mut WorkingSet,
    left_out: &Selection,
    operations: impl Iterator<Item = (&'a Operation, &'a Found)>,
) -> Result<usize> {
    let mut found_by_asserts = 0;
    let mut incomplete = Vec::new();
    for (operation, found) in operations {
        let attributes = match &operation.kind {
            OperationKind::Assert { attributes, .. }
            | OperationKind::Update { attributes, .. }
            | OperationKind::Patch { attributes, .. } => attributes,
            OperationKind::Create { .. }
            | OperationKind::EditItem { .. }
            | OperationKind::EditEdge { .. }
            | OperationKind::Archive { .. }
            | OperationKind::Restore { .. } => continue,
        };
        let is_assert = matches!(operation.kind, OperationKind::Assert { .. });
        found_by_asserts += usize::from(is_assert && !found.is_empty());
        for &index in found {
            if set.needs(index, attributes, left_out) {
                incomplete.push(index);
            }
        }
    }
    // Records lie in the order of their rows.
    incomplete.sort_unstable();
    incomplete.dedup();
    let rows: Vec<RowKey> = incomplete.iter().map(|&index| set.entry(index).record.row).collect();
    let loaded = transaction.load(&set.record_type, left_out, &rows)?;
    for (index, record) in incomplete.into_iter().zip(loaded) {
        set.complete(index, left_out, record.values);
    }
    Ok(found_by_asserts)
}

/// A key that an operation asks for: to find its record, or only to see that no other holds it.
struct AskedKey {
    key: String,
    is_match: bool,
}

/// The keys sorted, each once, and how many operations match by each.
fn count(mut asked: Vec<AskedKey>) -> (Vec<String>, Vec<u32>) {
    asked.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    let (mut keys, mut askers) = (Vec::with_capacity(asked.len()), Vec::with_capacity(asked.len()));
    for AskedKey { key, is_match } in asked {
        if keys.last() != Some(&key) {
            keys.push(key);
            askers.push(0);
        }
        if let Some(count) = askers.last_mut() {
            *count += u32::from(is_match);
        }
    }
    (keys, askers)
}

/// What a batch needs to know about stored records of one type.
struct Wanted<'a> {
    record_type: &'a RecordType,
    /// Attributes whose keys must be looked up because no two records may share them.
    unique: Vec<usize>,
    ids: BTreeSet<Uuid>,
    /// Records that may have to be brought back.
    restored: Vec<Uuid>,
    /// For each attribute, the keys that are asked for, once for each time.
    keys: FxHashMap<usize, Vec<AskedKey>>,
    selection: Selection,
    /// Arrays that are written through their primary item: where that stays as it is, which is
    /// what most of a repeated sync does, the array need not be loaded.
    primaries: Selection,
    /// Whether records may gain or lose keys that other operations of the batch match by.
    moves_keys: bool,
    /// New records that the batch can make at most.
    creations: usize,
}

impl<'a> Wanted<'a> {
    fn new(record_type: &'a RecordType, settings: Settings, options: ApplyOptions) -> Self {
        let unique = record_type.key_attributes().filter(|&index| {
            settings.rejects_duplicates || record_type.attribute(index).is_never_shared()
        });
        Self {
            unique: unique.collect(),
            record_type,
            ids: BTreeSet::new(),
            restored: Vec::new(),
            keys: FxHashMap::default(),
            selection: if options.returns_records {
                Selection::all(record_type)
            } else {
                Selection::none(record_type)
            },
            primaries: Selection::none(record_type),
            moves_keys: false,
            creations: 0,
        }
    }

    fn add(&mut self, operation: &Operation) {
        match &operation.kind {
            OperationKind::Create { attributes } => {
                self.creations += 1;
                self.add_attributes(attributes, None);
            }
            OperationKind::Patch { id, attributes } => {
                self.ids.insert(*id);
                self.add_attributes(attributes, None);
            }
            OperationKind::Archive { id } | OperationKind::Restore { id } => {
                self.ids.insert(*id);
                if matches!(operation.kind, OperationKind::Restore { .. }) {
                    self.restored.push(*id);
                }
                self.moves_keys = true;
                for attribute in self.record_type.key_attributes() {
                    self.select(attribute);
                }
            }
            // Edges are decided against the store.
            OperationKind::EditEdge { .. } => {}
            OperationKind::EditItem { id, attribute, edit } => {
                self.ids.insert(*id);
                self.select(*attribute);
                self.moves_keys |= self.record_type.attribute(*attribute).is_unique;
                if let ItemEdit::Add(fields) | ItemEdit::Update(_, fields) = &**edit
                    && let Some(text) = &fields.text
                    && self.unique.contains(attribute)
                {
                    self.add_keys(*attribute, &[Value::Text(text.clone())], false);
                }
            }
            OperationKind::Assert { matching, attributes }
            | OperationKind::Update { matching, attributes } => {
                self.add_target(&matching.target);
                if matches!(operation.kind, OperationKind::Assert { .. }) {
                    self.creations += 1;
                }
                self.add_attributes(attributes, Some(&matching.target));
            }
        }
    }

    /// What an operation matches by, or refers to.
    fn add_target(&mut self, target: &MatchTarget) {
        match target {
            MatchTarget::Id(id) => drop(self.ids.insert(*id)),
            MatchTarget::Values { attribute, values } => self.add_keys(*attribute, values, true),
        }
    }

    fn add_attributes(&mut self, attributes: &Attributes, matching: Option<&MatchTarget>) {
        for (index, change) in attributes.iter() {
            self.select(index);
            let key_attribute = match self.record_type.attribute(index).origin {
                Origin::PrimaryOf(array) => array,
                _ => index,
            };
            if !self.record_type.attribute(key_attribute).is_unique {
                continue;
            }
            let Change::Set(value) = change else {
                self.moves_keys = true;
                continue;
            };
            self.moves_keys |= self.record_type.attribute(index).is_array
                || !self.is_matched_by(key_attribute, value, matching);
            if self.unique.contains(&key_attribute) {
                self.add_keys(key_attribute, std::slice::from_ref(value), false);
            }
        }
    }

    /// Whether every key of a value is one that its own operation matches by.
    fn is_matched_by(
        &self,
        attribute: usize,
        value: &Value,
        matching: Option<&MatchTarget>,
    ) -> bool {
        let Some(MatchTarget::Values { attribute: matched, values }) = matching else {
            return false;
        };
        let is_same_attribute = *matched == attribute;
        let is_matched = |key: Cow<'_, str>| {
            is_same_attribute
                && values.iter().any(|value| {
                    keys_of(self.record_type, attribute, Some(value)).any(|held| held == key)
                })
        };
        // Nearly always one is written as it is matched by: then no key need be made.
        is_same_attribute && values.contains(value)
            || keys_of(self.record_type, attribute, Some(value)).all(is_matched)
    }

    fn add_keys(&mut self, attribute: usize, values: &[Value], is_match: bool) {
        let wanted = self.keys.entry(attribute).or_default();
        for value in values {
            let keys = keys_of(self.record_type, attribute, Some(value));
            wanted.extend(keys.map(|key| AskedKey { key: key.into_owned(), is_match }));
        }
    }

    /// Selects an attribute and those that follow from it or that it follows from.
    fn select(&mut self, index: usize) {
        if !self.selection.add(index) {
            return;
        }
        if let Origin::PrimaryOf(array) = self.record_type.attribute(index).origin {
            self.primaries.add(array);
        }
        for (other, attribute) in self.record_type.attributes().iter().enumerate() {
            match &attribute.origin {
                Origin::PrimaryOf(array) if *array == index => self.select(other),
                Origin::PipelineOf(stage) if *stage == index => drop(self.selection.add(other)),
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
