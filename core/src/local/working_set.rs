//! The records of one type that a batch touches, as the batch has left them so far.

use std::borrow::Cow;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use uuid::Uuid;

use crate::error::{Error, ErrorCode, Result};
use crate::operation::{Digest, MatchTarget};
use crate::record::{Attributes, Record, first_of};
use crate::schema::{Origin, RecordType};
use crate::store::{Ids, KeyEntry, NewRecord, RecordUpdate, RowKey, Selection, StoredRecord};
use crate::value::{Timestamp, Value};

use super::change_log::ChangeLog;
use super::changes::{Changes, KeyChanges};
use super::clock::Clock;
use super::draft::{Current, NewValues, keys_of, keys_of_all, leaves_primary};
use super::entry::{Entry, Life};
use super::holders::{Found, Holders};

/// Who holds the keys of one attribute that operations ask for, as the store has it.
pub(super) struct FoundKeys {
    pub(super) attribute: usize,
    /// Sorted, without repeats.
    pub(super) keys: Vec<String>,
    /// How many operations match by each key.
    pub(super) askers: Vec<u32>,
    /// The place of a key, and a record that holds it.
    pub(super) holders: Vec<(usize, RowKey)>,
}

/// The working sets of a batch, by record type.
pub(super) type WorkingSets = FxHashMap<String, WorkingSet>;

/// The records of one type in a batch. An index stands for a record throughout.
pub(super) struct WorkingSet {
    pub(super) record_type: Arc<RecordType>,
    key_attributes: Vec<usize>,
    entries: Vec<Entry>,
    /// The stored records, where operations name ids.
    by_id: FxHashMap<Uuid, usize>,
    holders: Holders,
    clock: Clock,
    random: Ids,
    /// Rows for new records, the next one last.
    free: Vec<(RowKey, Uuid)>,
    /// New records that nothing in the batch can change any more, in the order of their rows.
    settled: Vec<NewRecord>,
    /// The match keys that the batch takes away and adds.
    keys: KeyChanges,
    /// What becomes of them, for the change log.
    pub(super) log: ChangeLog,
}

impl WorkingSet {
    /// Takes the stored records of a batch, read or glanced at, sorted by row, and who of them holds
    /// which key.
    pub(super) fn new(
        record_type: Arc<RecordType>,
        clock: Clock,
        random: Ids,
        entries: Vec<Entry>,
        found: Vec<FoundKeys>,
        names_ids: bool,
        log: ChangeLog,
    ) -> Self {
        let mut by_id = FxHashMap::default();
        if names_ids {
            let ids = entries.iter().enumerate().map(|(index, entry)| (entry.record.id, index));
            by_id.extend(ids);
        }
        let mut holders = Holders::default();
        for FoundKeys { attribute, keys, askers, holders: held } in found {
            let place = |row: RowKey| entries.binary_search_by_key(&row, |entry| entry.record.row);
            let held: Vec<(usize, usize)> =
                held.into_iter().filter_map(|(key, row)| Some((key, place(row).ok()?))).collect();
            holders.take_in(attribute, keys, askers, &held);
        }
        let key_attributes: Vec<usize> = record_type.key_attributes().collect();
        Self {
            keys: KeyChanges::new(key_attributes.len()),
            key_attributes,
            record_type,
            entries,
            by_id,
            holders,
            clock,
            random,
            free: Vec::new(),
            settled: Vec::new(),
            log,
        }
    }

    /// How many records there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Notes that the batch only repeats the assert that left a record as it is.
    pub(super) fn mark_repeated(&mut self, index: usize) {
        self.entries[index].is_repeated = true;
    }

    /// Takes in a record that was only glanced at before.
    pub(super) fn take_in(&mut self, index: usize, record: StoredRecord) {
        self.entries[index].record = record;
    }

    /// Begins to change records: new ones get these rows, and times go on after the latest one.
    pub(super) fn begin(&mut self, latest: Timestamp, mut rows: Vec<(RowKey, Uuid)>) {
        self.clock.go_on_after(latest);
        self.entries.reserve(rows.len());
        rows.reverse();
        self.free = rows;
    }

    /// Whether a record was gathered.
    pub(super) fn holds(&self, row: RowKey) -> bool {
        self.entries.binary_search_by_key(&row, |entry| entry.record.row).is_ok()
    }

    /// Whether a key was looked up.
    pub(super) fn asks_for(&self, attribute: usize, key: &str) -> bool {
        self.holders.knows(attribute, key)
    }

    /// Whether these changes need values of a record that were left out: an array behind a
    /// primary item that does not stay as it is.
    pub(super) fn needs(
        &self,
        index: usize,
        attributes: &Attributes,
        left_out: &Selection,
    ) -> bool {
        let entry = &self.entries[index];
        let values = entry.values();
        !entry.is_repeated
            && attributes.iter().any(|(attribute, change)| {
                match self.record_type.attribute(attribute).origin {
                    Origin::PrimaryOf(array) => {
                        left_out.contains(array)
                            && !leaves_primary(values[attribute].as_ref(), change)
                    }
                    _ => false,
                }
            })
    }

    /// Adds the values that were left out of a record.
    pub(super) fn complete(
        &mut self,
        index: usize,
        left_out: &Selection,
        values: Vec<Option<Value>>,
    ) {
        for (attribute, value) in values.into_iter().enumerate() {
            if left_out.contains(attribute) {
                self.entries[index].record.values[attribute] = value;
            }
        }
    }

    /// Every record that a match finds, each once.
    pub(super) fn matched(&self, target: &MatchTarget) -> Found {
        // So it is for the whole of a first load, before its records are made.
        if self.entries.is_empty() {
            return Found::new();
        }
        match target {
            MatchTarget::Id(id) => self.with_id(*id).into_iter().collect(),
            MatchTarget::Values { attribute, values } => {
                let keys = keys_of_all(&self.record_type, *attribute, values);
                self.holders.of(*attribute, keys)
            }
        }
    }

    /// Every record that the match of an operation finds now that it is decided: it will not ask again.
    pub(super) fn answer(&mut self, target: &MatchTarget) -> Found {
        match target {
            MatchTarget::Id(id) => self.with_id(*id).into_iter().collect(),
            MatchTarget::Values { attribute, values } => {
                let keys = keys_of_all(&self.record_type, *attribute, values);
                self.holders.answer(*attribute, keys)
            }
        }
    }

    /// The record with this id, unless it is archived.
    pub(super) fn with_id(&self, id: Uuid) -> Option<usize> {
        self.by_id.get(&id).copied().filter(|&index| !self.entries[index].is_archived())
    }

    /// The archived record with this id.
    pub(super) fn archived(&self, id: Uuid) -> Option<usize> {
        self.by_id.get(&id).copied().filter(|&index| self.entries[index].is_archived())
    }

    pub(super) fn entry(&self, index: usize) -> &Entry {
        &self.entries[index]
    }

    /// A record as a draft begins with it.
    pub(super) fn current(&self, index: usize) -> Current<'_> {
        let entry = &self.entries[index];
        Current { id: entry.record.id, values: entry.values(), random: self.random }
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
        let mut conflicts = Vec::new();
        for (attribute, value) in values {
            let declared = self.record_type.attribute(*attribute);
            if !self.key_attributes.contains(attribute)
                || !(rejects_duplicates || declared.is_never_shared())
            {
                continue;
            }
            let keys = || keys_of(&self.record_type, *attribute, value.as_ref());
            let other = self
                .holders
                .of(*attribute, keys())
                .into_iter()
                .find(|&index| Some(index) != itself);
            if let Some(other) = other {
                let id = self.entries[other].record.id;
                let is_held = |key: &Cow<'_, str>| {
                    self.holders
                        .of(*attribute, std::iter::once(Cow::Borrowed(&**key)))
                        .contains(&other)
                };
                let held: Vec<Cow<'_, str>> = keys().filter(is_held).collect();
                let what = format!("{} holds {} already", id, held.join(", "));
                let conflict = Error::new(ErrorCode::UniqueConflict, what);
                conflicts.push(conflict.at_field(&declared.api_name).on_record(id.to_string()));
            }
        }
        first_of(conflicts.into_iter()).map_or(Ok(()), Err)
    }

    /// Adds a new record. Where no operation to come can match it, it may be written at once, and
    /// its values are gone unless they are kept for an answer.
    pub(super) fn insert(
        &mut self,
        given: NewValues,
        digest: Option<Digest>,
        keeps_values: bool,
    ) -> Result<usize> {
        let (row, id) = self
            .free
            .pop()
            .ok_or_else(|| Error::new(ErrorCode::Internal, "a batch asked for too few rows"))?;
        let now = self.clock.tick();
        let index = self.entries.len();
        let given = given.into_iter();
        let values = given.filter_map(|(index, value)| Some((index, value?))).collect();
        let record = NewRecord { row, id, created_at: now, updated_at: now, digest, values };
        let mut is_asked_for = false;
        for &attribute in &self.key_attributes {
            for key in keys_of(&self.record_type, attribute, record.value(attribute)) {
                is_asked_for |= self.holders.add(attribute, &key, index);
            }
        }
        let entry = Entry::made(&record, self.log.actor());
        if is_asked_for || keeps_values {
            self.entries
                .push(entry.with_values(record.values, self.record_type.attributes().len()));
        } else {
            self.entries.push(entry);
            self.hand_out(record);
        }
        Ok(index)
    }

    /// New records that may be written by now; each is given once.
    pub(super) fn take_settled(&mut self) -> Vec<NewRecord> {
        std::mem::take(&mut self.settled)
    }

    /// Hands a new record out to be written, with its keys noted.
    fn hand_out(&mut self, record: NewRecord) {
        let row = record.row;
        for (place, &attribute) in self.key_attributes.iter().enumerate() {
            let keys = keys_of(&self.record_type, attribute, record.value(attribute));
            self.keys.added[place].extend(keys.map(|key| KeyEntry { key: key.into_owned(), row }));
        }
        self.settled.push(record);
    }

    /// Changes a record; moves its `updated_at`.
    pub(super) fn update(&mut self, index: usize, values: NewValues, digest: Option<Digest>) {
        let record = &mut self.entries[index].record;
        let (row, at) = (record.row, self.clock.tick());
        record.updated_at = at;
        record.digest = digest;
        let before = self.set(index, values);
        self.log.add(row, at, before);
    }

    /// Archives a record: it is found no more.
    pub(super) fn archive(&mut self, index: usize) {
        for attribute in self.key_attributes.clone() {
            self.release_keys(index, attribute);
        }
        self.entries[index].life = Life::Archived;
        self.touch(index);
    }

    /// Brings an archived record back: it is found again.
    pub(super) fn restore(&mut self, index: usize) {
        self.entries[index].life = Life::Restored;
        for attribute in self.key_attributes.clone() {
            // An archived record has no keys in the store, unless it was archived just now.
            let entry = &mut self.entries[index];
            if entry.stored_keys.iter().all(|(noted, _)| *noted != attribute) {
                entry.stored_keys.push((attribute, Vec::new()));
            }
            let value = entry.record.values[attribute].as_ref();
            for key in keys_of(&self.record_type, attribute, value) {
                self.holders.add(attribute, &key, index);
            }
        }
        self.touch(index);
    }

    /// The values of a record's key attributes.
    pub(super) fn key_values(&self, index: usize) -> NewValues {
        let values = self.entries[index].values();
        self.key_attributes
            .iter()
            .map(|&attribute| (attribute, values[attribute].clone()))
            .collect()
    }

    /// Moves the `updated_at` of a record of which no value changes, and logs that.
    fn touch(&mut self, index: usize) {
        let record = &mut self.entries[index].record;
        record.updated_at = self.clock.tick();
        self.log.add(record.row, record.updated_at, Vec::new());
    }

    /// Gives a record other values; what it held before comes back.
    fn set(&mut self, index: usize, values: NewValues) -> NewValues {
        let mut before = Vec::with_capacity(values.len());
        for (attribute, value) in values {
            let is_key = self.key_attributes.contains(&attribute);
            if is_key {
                self.release_keys(index, attribute);
            }
            let entry = &mut self.entries[index];
            let old = std::mem::replace(&mut entry.record.values[attribute], value);
            before.push((attribute, old));
            if !entry.is_new && !entry.dirty.contains(&attribute) {
                entry.dirty.push(attribute);
            }
            if is_key {
                let value = entry.record.values[attribute].as_ref();
                for key in keys_of(&self.record_type, attribute, value) {
                    self.holders.add(attribute, &key, index);
                }
            }
        }
        before
    }

    /// Takes a record out of the holders of its keys, and notes the keys that are stored.
    fn release_keys(&mut self, index: usize, attribute: usize) {
        let entry = &mut self.entries[index];
        let is_noted = entry.stored_keys.iter().any(|(noted, _)| *noted == attribute);
        let mut stored = Vec::new();
        for key in keys_of(&self.record_type, attribute, entry.record.values[attribute].as_ref()) {
            self.holders.remove(attribute, &key, index);
            if !entry.is_new && !is_noted {
                stored.push(key.into_owned());
            }
        }
        if !entry.is_new && !is_noted {
            entry.stored_keys.push((attribute, stored));
        }
    }

    /// Everything that differs from the store and was not handed out before.
    pub(super) fn close(mut self) -> Changes {
        for index in 0..self.entries.len() {
            let entry = &mut self.entries[index];
            if entry.is_new && !entry.is_settled && !entry.is_archived() {
                let record = entry.take();
                self.hand_out(record);
            }
        }
        let mut updates = Vec::new();
        let (mut archives, mut restores) = (Vec::new(), Vec::new());
        let record_type = &*self.record_type;
        let has_created = self.entries.iter().any(|entry| entry.is_new);
        let new = || self.entries.iter().filter(|entry| entry.is_new);
        let created = new().filter(|entry| !entry.is_archived());
        let created = created.map(|entry| (entry.record.row, entry.creator));
        let dropped = new().filter(|entry| entry.is_archived()).map(|entry| entry.record.row);
        let log = self.log.close(created, &dropped.collect::<Vec<_>>());
        for mut entry in self.entries {
            let row = entry.record.row;
            let StoredRecord { updated_at, digest, .. } = entry.record;
            let is_archived = entry.is_archived();
            for (attribute, mut before) in entry.stored_keys {
                let Some(place) = self.key_attributes.iter().position(|&known| known == attribute)
                else {
                    continue;
                };
                let value = entry.record.values[attribute].as_ref();
                let value = value.filter(|_| !is_archived);
                let keys = keys_of(record_type, attribute, value);
                let mut after: Vec<String> = keys.map(Cow::into_owned).collect();
                after.sort_unstable();
                before.sort_unstable();
                let entry = |key: &String| KeyEntry { key: key.clone(), row };
                let come = after.iter().filter(|key| before.binary_search(key).is_err());
                self.keys.added[place].extend(come.map(entry));
                let gone = before.iter().filter(|key| after.binary_search(key).is_err());
                self.keys.removed[place].extend(gone.map(entry));
            }
            if entry.is_new {
                continue;
            }
            if !entry.dirty.is_empty() {
                entry.dirty.sort_unstable();
                let mut values = entry.record.values;
                let new = entry.dirty.iter().map(|&index| (index, values[index].take())).collect();
                updates.push(RecordUpdate { row, updated_at, digest, values: new });
            }
            match entry.life {
                Life::Archived => archives.push((row, updated_at)),
                Life::Restored => restores.push((row, updated_at)),
                Life::AsStored { .. } => {}
            }
        }
        updates.sort_unstable_by_key(|update| update.row);
        self.keys.sort();
        Changes {
            is_changed: has_created
                || !updates.is_empty()
                || !archives.is_empty()
                || !restores.is_empty(),
            inserts: self.settled,
            updates,
            archives,
            restores,
            log,
            keys: self.keys,
            key_attributes: self.key_attributes,
            since: self.clock.began(),
            latest_update: self.clock.latest(),
            record_type: self.record_type,
        }
    }
}
