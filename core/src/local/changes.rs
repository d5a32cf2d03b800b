//! What a batch changes in the store, in the store's order.

use std::sync::Arc;

use crate::error::Result;
use crate::schema::RecordType;
use crate::store::history::NewLog;
use crate::store::{KeyEntry, NewRecord, RecordUpdate, RowKey, WriteTransaction};
use crate::value::Timestamp;

/// Changes of records of one type that are left to be written.
pub(super) struct Changes {
    pub(super) record_type: Arc<RecordType>,
    /// Whether anything changed, counting what was written before.
    pub(super) is_changed: bool,
    pub(super) inserts: Vec<NewRecord>,
    /// Sorted by row.
    pub(super) updates: Vec<RecordUpdate>,
    pub(super) archives: Vec<(RowKey, Timestamp)>,
    pub(super) restores: Vec<(RowKey, Timestamp)>,
    pub(super) log: NewLog,
    pub(super) key_attributes: Vec<usize>,
    pub(super) keys: KeyChanges,
    /// The latest update of the type before and after them.
    pub(super) since: Timestamp,
    pub(super) latest_update: Timestamp,
}

/// Match keys that records gain and lose, one list for each key attribute.
#[derive(Debug)]
pub(super) struct KeyChanges {
    pub(super) removed: Vec<Vec<KeyEntry>>,
    pub(super) added: Vec<Vec<KeyEntry>>,
}

/// What a batch has changed in the records of one type.
pub(super) struct Trace {
    pub(super) record_type: Arc<RecordType>,
    /// The latest update of the type before it.
    pub(super) since: Timestamp,
    /// The latest update of the type after it.
    pub(super) until: Timestamp,
    pub(super) key_attributes: Vec<usize>,
    pub(super) keys: KeyChanges,
    /// Records that were there before and have changed.
    pub(super) rows: Vec<RowKey>,
}

impl KeyChanges {
    pub(super) fn new(attributes: usize) -> Self {
        Self { removed: vec![Vec::new(); attributes], added: vec![Vec::new(); attributes] }
    }

    pub(super) fn sort(&mut self) {
        for entries in self.removed.iter_mut().chain(&mut self.added) {
            entries.sort_unstable();
            entries.dedup();
        }
    }
}

impl Changes {
    /// Writes them; nothing at all where nothing changed.
    pub(super) fn write(self, transaction: &mut dyn WriteTransaction) -> Result<Option<Trace>> {
        if !self.is_changed {
            return Ok(None);
        }
        let record_type = &*self.record_type;
        transaction.insert(record_type, &self.inserts)?;
        transaction.update(record_type, &self.updates)?;
        transaction.archive(record_type, &self.archives)?;
        transaction.restore(record_type, &self.restores)?;
        let keys = self.keys.removed.iter().zip(&self.keys.added);
        for (attribute, (removed, added)) in self.key_attributes.iter().zip(keys) {
            transaction.change_keys(record_type, *attribute, removed, added)?;
        }
        transaction.log(record_type, &self.log)?;
        transaction.note_latest_update(record_type, self.latest_update)?;
        let moved = self.archives.iter().chain(&self.restores).map(|(row, _)| *row);
        Ok(Some(Trace {
            rows: self.updates.iter().map(|update| update.row).chain(moved).collect(),
            since: self.since,
            until: self.latest_update,
            record_type: self.record_type,
            key_attributes: self.key_attributes,
            keys: self.keys,
        }))
    }
}
