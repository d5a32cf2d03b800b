//! A record under change by a batch.

use crate::store::{Glance, NewRecord, StoredRecord};
use crate::value::{Timestamp, Value};

/// A record, and how far it is from what is stored.
pub(super) struct Entry {
    pub(super) record: StoredRecord,
    pub(super) is_new: bool,
    /// Who made it, where it is new.
    pub(super) creator: usize,
    pub(super) life: Life,
    /// Whether the batch only repeats the assert that left the record as it is; its values are not
    /// read then.
    pub(super) is_repeated: bool,
    /// Attributes that differ from what is stored.
    pub(super) dirty: Vec<usize>,
    /// What is stored of the key attributes that are dirty.
    pub(super) stored_keys: Vec<(usize, Vec<String>)>,
    /// Whether the record was handed out to be written; its values are gone then.
    pub(super) is_settled: bool,
}

/// Whether a record can be found, and what the batch had to do with that.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    /// Nothing; `is_archived` is as it was before.
    AsStored { is_archived: bool },
    /// It was archived last.
    Archived,
    /// It was brought back last.
    Restored,
}

impl Entry {
    /// A stored record that was read.
    pub(super) fn read(record: StoredRecord) -> Self {
        Self::new(record, false)
    }

    /// A stored record that is archived.
    pub(super) fn archived(record: StoredRecord) -> Self {
        Self { life: Life::AsStored { is_archived: true }, ..Self::read(record) }
    }

    /// A stored record of which no more is known than that it is there.
    pub(super) fn glanced_at(glance: Glance) -> Self {
        let Glance { row, id, digest } = glance;
        let [created_at, updated_at] = [Timestamp(0); 2];
        Self::read(StoredRecord { row, id, created_at, updated_at, digest, values: Vec::new() })
    }

    /// A new record that is handed out to be written.
    pub(super) fn made(record: &NewRecord, creator: usize) -> Self {
        let &NewRecord { row, id, created_at, updated_at, digest, .. } = record;
        let values = Vec::new();
        let record = StoredRecord { row, id, created_at, updated_at, digest, values };
        Self { creator, is_settled: true, ..Self::new(record, true) }
    }

    /// The same, kept with its values: operations to come may change it.
    pub(super) fn with_values(mut self, given: Vec<(usize, Value)>, attributes: usize) -> Self {
        self.is_settled = false;
        self.record.values.resize_with(attributes, || None);
        for (attribute, value) in given {
            self.record.values[attribute] = Some(value);
        }
        self
    }

    /// Takes the record out, to be written.
    pub(super) fn take(&mut self) -> NewRecord {
        self.is_settled = true;
        let StoredRecord { row, id, created_at, updated_at, digest, .. } = self.record;
        let values = std::mem::take(&mut self.record.values);
        StoredRecord { row, id, created_at, updated_at, digest, values }.into()
    }

    fn new(record: StoredRecord, is_new: bool) -> Self {
        Self {
            record,
            is_new,
            creator: 0,
            life: Life::AsStored { is_archived: false },
            is_repeated: false,
            dirty: Vec::new(),
            stored_keys: Vec::new(),
            is_settled: false,
        }
    }

    pub(super) fn values(&self) -> &[Option<Value>] {
        &self.record.values
    }

    pub(super) fn is_archived(&self) -> bool {
        matches!(self.life, Life::Archived | Life::AsStored { is_archived: true })
    }
}
