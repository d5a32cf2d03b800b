//! The local workspace: what operations mean, over any store.

mod ahead;
mod api_keys;
mod batch;
mod change_log;
mod changes;
mod clock;
mod custom_schema;
mod decide;
mod draft;
mod edges;
mod entry;
mod gather;
mod history;
mod holders;
mod items;
mod references;
mod repeated;
mod target;
mod twin;
mod whole_batch;
mod working_set;

use std::any::Any;
use std::sync::Arc;

use uuid::Uuid;

use crate::access::ApiKeys;
use crate::error::{Error, ErrorCode, Result};
use crate::operation::{
    EdgePage, EdgeQuery, HistoryPage, HistoryQuery, Operation, Outcomes, Page, Query,
};
use crate::record::Record;
use crate::schema::{Declarations, Declared, RecordType, Schema};
use crate::source::Control;
use crate::stopwatch::Stopwatch;
use crate::store::journal::{Journal, JournalReader};
use crate::store::{Store, StoredRecord};
use crate::twin::Twin;
use crate::workspace::{ApplyOptions, ApplyTimes, Prepared, Settle, Workspace};

use ahead::{Ahead, Lookout};
use batch::{Applied, Terms};
use custom_schema::CustomSchema;

/// A workspace whose records live in a store on this machine.
pub(crate) struct LocalWorkspace<S> {
    store: S,
    custom: CustomSchema,
    organization_id: Uuid,
    stopwatches: Stopwatches,
    lookout: Lookout,
}

/// The time spent on each step of applying batches.
#[derive(Debug, Default)]
struct Stopwatches {
    resolve: Stopwatch,
    decide: Stopwatch,
    write: Stopwatch,
    commit: Stopwatch,
}

impl<S: Store> LocalWorkspace<S> {
    /// Takes a store, and changes those of the workspace's settings that are given.
    ///
    /// # Errors
    /// `store_busy`, `store_io`, `store_corrupt`.
    pub(crate) fn open(
        store: S,
        schema: Schema,
        rejects_duplicates: Option<bool>,
        keeps_history: Option<bool>,
    ) -> Result<Self> {
        let known = store.read()?.settings()?;
        let rejects_duplicates = rejects_duplicates.filter(|it| *it != known.rejects_duplicates);
        let keeps_history = keeps_history.filter(|it| *it != known.keeps_history);
        if rejects_duplicates.is_some() || keeps_history.is_some() {
            let mut transaction = store.write()?;
            if let Some(rejects) = rejects_duplicates {
                transaction.set_rejects_duplicates(rejects)?;
            }
            // Looked at again: a second switch in the same direction would note a second gap.
            if let Some(keeps) = keeps_history
                && keeps != transaction.settings()?.keeps_history
            {
                transaction.set_keeps_history(keeps)?;
            }
            transaction.commit()?;
        }
        let custom = CustomSchema::new(schema, store.read()?.declarations()?)?;
        let organization_id = known.organization_id;
        let (stopwatches, lookout) = (Stopwatches::default(), Lookout::default());
        Ok(Self { store, custom, organization_id, stopwatches, lookout })
    }
}

impl<S: Store> Workspace for LocalWorkspace<S> {
    fn schema(&self) -> Arc<Schema> {
        self.custom.schema()
    }

    fn declare(&self, declarations: Declarations) -> Result<Declared> {
        let mut transaction = self.store.write()?;
        let before = transaction.declarations()?.unwrap_or_default();
        let (declared, renewed) = self.custom.add(&before, declarations)?;
        if let Some(renewed) = renewed {
            transaction.declare(&renewed.schema, &renewed.text)?;
            transaction.commit()?;
            self.custom.replace(&before, renewed);
        }
        Ok(declared)
    }

    fn get(&self, record_type: &str, id: Uuid) -> Result<Record> {
        let schema = self.schema();
        let record_type = schema.record_type(record_type)?;
        self.store
            .get(record_type, id)?
            .map(|stored| to_record(record_type, self.organization_id, stored))
            .ok_or_else(|| not_found(record_type, id))
    }

    fn query(&self, record_type: &str, query: &Query) -> Result<Page> {
        let schema = self.schema();
        let record_type = schema.record_type(record_type)?;
        self.store.read()?.query(record_type, query)
    }

    fn edges(&self, query: &EdgeQuery) -> Result<EdgePage> {
        edges::page(&mut *self.store.read()?, query)
    }

    fn history(&self, query: &HistoryQuery) -> Result<HistoryPage> {
        history::page(&mut *self.store.read()?, query)
    }

    fn apply_and_settle(
        &self,
        operations: Vec<Operation>,
        options: ApplyOptions,
        settle: &mut Settle<'_>,
    ) -> Result<Outcomes> {
        let prepared = Prepared::new(operations, options);
        self.apply_prepared(prepared, Some(settle), &Control::default())
    }

    fn prepare(&self, operations: Vec<Operation>, options: ApplyOptions) -> Prepared {
        let look = || self.lookout.look(&self.store, self.schema(), &operations, options);
        // What keeps it from being read now is met again, and told, in the batch's turn.
        let ahead = self.stopwatches.resolve.time(look).ok().flatten();
        let ahead = ahead.map(|ahead| Box::new(ahead) as Box<dyn Any + Send>);
        Prepared { operations, options, ahead }
    }

    fn apply_prepared(
        &self,
        prepared: Prepared,
        settle: Option<&mut Settle<'_>>,
        _control: &Control,
    ) -> Result<Outcomes> {
        let Prepared { operations, options, ahead } = prepared;
        let mut transaction = self.store.write()?;
        // Another program may have added to them, and changed the settings.
        let schema = self.custom.renewed(transaction.declarations()?)?;
        let settings = transaction.settings()?;
        let gathered = match ahead.and_then(|ahead| ahead.downcast::<Ahead>().ok()) {
            Some(ahead) => self.lookout.take(*ahead, &mut *transaction, &schema, settings)?,
            None => None,
        };
        let (generator, watches) = (self.store.generator(), &self.stopwatches);
        let terms = Terms { schema: &schema, settings, generator, options, watches };
        let Applied { outcomes, trace } =
            whole_batch::apply(&mut *transaction, terms, operations, gathered)?;
        if let Some(settle) = settle {
            let journal: &mut dyn Journal = &mut *transaction;
            watches.write.time(|| settle(&outcomes, journal))?;
        }
        watches.commit.time(|| transaction.commit())?;
        self.lookout.note(trace);
        Ok(outcomes)
    }

    fn apply_times(&self) -> ApplyTimes {
        let Stopwatches { resolve, decide, write, commit } = &self.stopwatches;
        ApplyTimes {
            resolve: resolve.total(),
            decide: decide.total(),
            write: write.total(),
            commit: commit.total(),
        }
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

    fn api_keys(&self) -> Result<&dyn ApiKeys> {
        Ok(self)
    }

    fn twin(&self) -> Result<&dyn Twin> {
        Ok(self)
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
        raw: None,
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
