//! The records of one type that a batch touches, as the batch has left them so far.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use uuid::Uuid;

use crate::error::{Error, ErrorCode, Result};
use crate::record::Record;
use crate::schema::RecordType;
use crate::store::{KeyEntry, RecordUpdate, RowKey, StoredRecord, WriteTransaction};
use crate::value::{Timestamp, Value};

use super::clock::Clock;
use super::draft::{NewValues, keys_of};

/// Rows are asked for in blocks: what is left of the last one is never used, and need not be.
const ALLOCATION_BLOCK: usize = 64;

/// A record under change.
pub(super) struct Entry {
    pub(super) record: StoredRecord,
    is_new: bool,
    is_archived: bool,
    /// Attributes that differ from what is stored.
    dirty: Vec<usize>,
    /// What is stored of the key attributes that are dirty.
    stored_keys: Vec<(usize, Vec<String>)>,
}

/// Who holds the keys of one attribute that operations ask for, as the store has it.
pub(super) struct FoundKeys {
    pub(super) attribute: usize,
    pub(super) holders: Vec<(String, Vec<RowKey>)>,
}

/// The records of one type in a batch. An index stands for a record throughout.
pub(super) struct WorkingSet {
    pub(super) record_type: Arc<RecordType>,
    key_attributes: Vec<usize>,
    entries: Vec<Entry>,
    by_id: FxHashMap<Uuid, usize>,
    /// Who holds which key, for each key that an operation may ask for.
    holders: FxHashMap<usize, FxHashMap<String, Vec<usize>>>,
    clock: Clock,
    free: Vec<(RowKey, Uuid)>,
}

impl WorkingSet {
    pub(super) fn new(record_type: Arc<RecordType>, latest_update: Timestamp) -> Self {
        Self {
            key_attributes: record_type.key_attributes().collect(),
            record_type,
            entries: Vec::new(),
            by_id: FxHashMap::default(),
            holders: FxHashMap::default(),
            clock: Clock::after(latest_update),
            free: Vec::new(),
        }
    }

    /// Takes in the stored records, and who of them holds which key.
    pub(super) fn take_in(&mut self, records: Vec<StoredRecord>, found: Vec<FoundKeys>) {
        let mut by_row = FxHashMap::default();
        for record in records {
            by_row.insert(record.row, self.entries.len());
            self.by_id.insert(record.id, self.entries.len());
            self.entries.push(Entry {
                record,
                is_new: false,
                is_archived: false,
                dirty: Vec::new(),
                stored_keys: Vec::new(),
            });
        }
        for FoundKeys { attribute, holders: found } in found {
            let holders = self.holders.entry(attribute).or_default();
            for (key, rows) in found {
                let held = rows.iter().filter_map(|row| by_row.get(row).copied()).collect();
                holders.insert(key, held);
            }
        }
    }

    /// The record with this id, unless it is archived.
    pub(super) fn with_id(&self, id: Uuid) -> Option<usize> {
        self.by_id.get(&id).copied().filter(|&index| !self.entries[index].is_archived)
    }

    /// Every record that holds one of these keys, each once.
    pub(super) fn with_keys(&self, attribute: usize, keys: &[String]) -> Vec<usize> {
        let mut found = Vec::new();
        let Some(holders) = self.holders.get(&attribute) else { return found };
        for index in keys.iter().filter_map(|key| holders.get(key)).flatten() {
            if !found.contains(index) {
                found.push(*index);
            }
        }
        found
    }

    pub(super) fn entry(&self, index: usize) -> &Entry {
        &self.entries[index]
    }

    pub(super) fn record(&self, index: usize, organization_id: Uuid) -> Record {
        super::to_record(&self.record_type, organization_id, self.entries[index].record.clone())
    }

    /// Refuses a key that another record holds, where duplicates are not allowed.
    pub(super) fn check_unique(
        &self,
        itself: Option<usize>,
        values: &NewValues,
        rejects_duplicates: bool,
    ) -> Result<()> {
        for (attribute, value) in values {
            let declared = self.record_type.attribute(*attribute);
            if !self.key_attributes.contains(attribute)
                || !(rejects_duplicates || declared.is_custom)
            {
                continue;
            }
            let keys = keys_of(&self.record_type, *attribute, value.as_ref());
            let other =
                self.with_keys(*attribute, &keys).into_iter().find(|&index| Some(index) != itself);
            if let Some(other) = other {
                let id = self.entries[other].record.id;
                return Err(Error::new(
                    ErrorCode::UniqueConflict,
                    format!("{} holds {} already", id, keys.join(", ")),
                )
                .at_field(&declared.api_name)
                .on_record(id.to_string()));
            }
        }
        Ok(())
    }

    /// Adds a new record.
    pub(super) fn insert(
        &mut self,
        transaction: &mut dyn WriteTransaction,
        values: NewValues,
    ) -> Result<usize> {
        if self.free.is_empty() {
            self.free = transaction.allocate(&self.record_type, ALLOCATION_BLOCK)?;
            self.free.reverse();
        }
        let (row, id) = self
            .free
            .pop()
            .ok_or_else(|| Error::new(ErrorCode::Internal, "the store gave no rows"))?;
        let now = self.clock.tick();
        let index = self.entries.len();
        self.entries.push(Entry {
            record: StoredRecord {
                row,
                id,
                created_at: now,
                updated_at: now,
                values: vec![None; self.record_type.attributes().len()],
            },
            is_new: true,
            is_archived: false,
            dirty: Vec::new(),
            stored_keys: Vec::new(),
        });
        self.by_id.insert(id, index);
        self.set(index, values);
        Ok(index)
    }

    /// Changes a record; moves its `updated_at`.
    pub(super) fn update(&mut self, index: usize, values: NewValues) {
        self.entries[index].record.updated_at = self.clock.tick();
        self.set(index, values);
    }

    /// Archives a record: it is found no more.
    pub(super) fn archive(&mut self, index: usize) {
        for attribute in self.key_attributes.clone() {
            self.release_keys(index, attribute);
        }
        self.entries[index].record.updated_at = self.clock.tick();
        self.entries[index].is_archived = true;
    }

    fn set(&mut self, index: usize, values: NewValues) {
        for (attribute, value) in values {
            let is_key = self.key_attributes.contains(&attribute);
            if is_key {
                self.release_keys(index, attribute);
            }
            let entry = &mut self.entries[index];
            entry.record.values[attribute] = value;
            if !entry.is_new && !entry.dirty.contains(&attribute) {
                entry.dirty.push(attribute);
            }
            if is_key && let Some(holders) = self.holders.get_mut(&attribute) {
                let value = self.entries[index].record.values[attribute].as_ref();
                for key in keys_of(&self.record_type, attribute, value) {
                    // A key nobody asks for has no entry, and needs none.
                    if let Some(held) = holders.get_mut(&key) {
                        held.push(index);
                    }
                }
            }
        }
    }

    /// Takes a record out of the holders of its keys, and notes the keys that are stored.
    fn release_keys(&mut self, index: usize, attribute: usize) {
        let entry = &mut self.entries[index];
        let keys = keys_of(&self.record_type, attribute, entry.record.values[attribute].as_ref());
        if let Some(holders) = self.holders.get_mut(&attribute) {
            for key in &keys {
                if let Some(held) = holders.get_mut(key) {
                    held.retain(|&holder| holder != index);
                }
            }
        }
        let is_noted = entry.stored_keys.iter().any(|(noted, _)| *noted == attribute);
        if !entry.is_new && !is_noted {
            entry.stored_keys.push((attribute, keys));
        }
    }

    /// Writes everything that differs from the store.
    pub(super) fn write(self, transaction: &mut dyn WriteTransaction) -> Result<()> {
        let record_type = &*self.record_type;
        let mut removed: FxHashMap<usize, Vec<KeyEntry>> = FxHashMap::default();
        let mut added: FxHashMap<usize, Vec<KeyEntry>> = FxHashMap::default();
        let mut inserts = Vec::new();
        let mut updates = Vec::new();
        let mut archives = Vec::new();
        let mut is_changed = false;
        for mut entry in self.entries {
            let row = entry.record.row;
            is_changed |= entry.is_new || entry.is_archived || !entry.dirty.is_empty();
            for &attribute in &self.key_attributes {
                let before = entry.stored_keys.iter().find(|(noted, _)| *noted == attribute);
                if !entry.is_new && before.is_none() {
                    continue;
                }
                let before = before.map_or(&[][..], |(_, keys)| keys);
                let value = entry.record.values[attribute].as_ref();
                let after = if entry.is_archived {
                    Vec::new()
                } else {
                    keys_of(record_type, attribute, value)
                };
                let gone = before.iter().filter(|key| !after.contains(key)).cloned();
                removed.entry(attribute).or_default().extend(gone.map(|key| KeyEntry { key, row }));
                let come = after.into_iter().filter(|key| !before.contains(key));
                added.entry(attribute).or_default().extend(come.map(|key| KeyEntry { key, row }));
            }
            if entry.is_new {
                inserts.push(entry.record);
                continue;
            }
            let updated_at = entry.record.updated_at;
            if !entry.dirty.is_empty() {
                entry.dirty.sort_unstable();
                let mut values = entry.record.values;
                let new = entry.dirty.iter().map(|&index| (index, values[index].take())).collect();
                updates.push(RecordUpdate { row, updated_at, values: new });
            }
            if entry.is_archived {
                archives.push((row, updated_at));
            }
        }
        if !is_changed {
            return Ok(());
        }
        transaction.insert(record_type, &inserts)?;
        updates.sort_unstable_by_key(|update| update.row);
        transaction.update(record_type, &updates)?;
        transaction.archive(record_type, &archives)?;
        for attribute in &self.key_attributes {
            let sorted = |entries: &mut FxHashMap<usize, Vec<KeyEntry>>| {
                let mut entries = entries.remove(attribute).unwrap_or_default();
                entries.sort_unstable();
                entries.dedup();
                entries
            };
            let (removed, added) = (sorted(&mut removed), sorted(&mut added));
            transaction.change_keys(record_type, *attribute, &removed, &added)?;
        }
        transaction.note_latest_update(record_type, self.clock.latest())
    }
}

impl Entry {
    pub(super) fn values(&self) -> &[Option<Value>] {
        &self.record.values
    }
}
