//! The local workspace: what operations mean, over any store.

mod batch;
mod clock;
mod draft;
mod working_set;

use std::sync::Arc;

use uuid::Uuid;

use crate::error::{Error, ErrorCode, Result};
use crate::operation::{Operation, Outcomes, Page, Query};
use crate::record::Record;
use crate::schema::{RecordType, Schema};
use crate::store::journal::{Journal, JournalReader};
use crate::store::{Selection, Settings, Store, StoredRecord};
use crate::workspace::{ApplyOptions, Settle, Workspace};

/// A workspace whose records live in a store on this machine.
pub(crate) struct LocalWorkspace<S> {
    store: S,
    schema: Schema,
    settings: Settings,
}

impl<S: Store> LocalWorkspace<S> {
    /// Takes a store; `rejects_duplicates` changes the workspace's setting where it is given.
    ///
    /// # Errors
    /// `store_busy`, `store_io`, `store_corrupt`.
    pub(crate) fn open(store: S, schema: Schema, rejects_duplicates: Option<bool>) -> Result<Self> {
        let mut settings = store.read()?.settings()?;
        if let Some(rejects) = rejects_duplicates
            && rejects != settings.rejects_duplicates
        {
            let mut transaction = store.write()?;
            transaction.set_rejects_duplicates(rejects)?;
            transaction.commit()?;
            settings.rejects_duplicates = rejects;
        }
        Ok(Self { store, schema, settings })
    }
}

impl<S: Store> Workspace for LocalWorkspace<S> {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn get(&self, record_type: &str, id: Uuid) -> Result<Record> {
        let record_type = self.schema.record_type(record_type)?;
        let mut transaction = self.store.read()?;
        let row = transaction
            .find_ids(record_type, &[id])?
            .pop()
            .flatten()
            .ok_or_else(|| not_found(record_type, id))?;
        transaction
            .load(record_type, &Selection::all(record_type), &[row])?
            .pop()
            .map(|stored| to_record(record_type, self.settings.organization_id, stored))
            .ok_or_else(|| not_found(record_type, id))
    }

    fn query(&self, record_type: &str, query: &Query) -> Result<Page> {
        let record_type = self.schema.record_type(record_type)?;
        self.store.read()?.query(record_type, query)
    }

    fn apply_and_settle(
        &self,
        operations: Vec<Operation>,
        options: ApplyOptions,
        settle: &mut Settle<'_>,
    ) -> Result<Outcomes> {
        let mut transaction = self.store.write()?;
        let outcomes = batch::apply(&mut *transaction, self.settings, operations, options)?;
        let journal: &mut dyn Journal = &mut *transaction;
        settle(&outcomes, journal)?;
        transaction.commit()?;
        Ok(outcomes)
    }

    fn settle(&self) -> Result<()> {
        self.store.settle()
    }

    fn read_journal(
        &self,
        read: &mut dyn FnMut(&mut dyn JournalReader) -> Result<()>,
    ) -> Result<()> {
        read(&mut *self.store.read()?)
    }
}

fn to_record(record_type: &Arc<RecordType>, organization_id: Uuid, stored: StoredRecord) -> Record {
    Record {
        record_type: Arc::clone(record_type),
        id: stored.id,
        organization_id,
        created_at: stored.created_at,
        updated_at: stored.updated_at,
        values: stored.values,
    }
}

fn not_found(record_type: &RecordType, id: Uuid) -> Error {
    Error::new(
        ErrorCode::RecordNotFound,
        format!("there is no {} with the id {id}", record_type.api_name()),
    )
    .on_record(id.to_string())
}

#[cfg(test)]
mod tests;
