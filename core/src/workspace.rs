//! The one door to records: a workspace, wherever it lives.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value as Json;
use uuid::Uuid;

use crate::access::ApiKeys;
use crate::error::{Error, ErrorCode, Result};
use crate::operation::{
    ApplyMode, EdgePage, EdgeQuery, HistoryPage, HistoryQuery, Operation, Outcome, Outcomes, Page,
    Query,
};
use crate::record::Record;
use crate::schema::{Declarations, Declared, RecordType, Schema};
use crate::source::Control;
use crate::store::journal::{Journal, JournalReader};
use crate::twin::Twin;

/// Adds to the journal in the transaction that applies a batch, once its outcomes are known.
///
/// An error keeps the whole batch from being written.
pub type Settle<'a> = dyn FnMut(&Outcomes, &mut dyn Journal) -> Result<()> + 'a;

pub(crate) fn not_remote() -> Error {
    Error::new(ErrorCode::OperationNotSupported, "the workspace is not a remote one")
        .hint("this goes with a workspace at a URL")
}

/// How a batch is applied.
#[derive(Debug, Clone, Copy, Default)]
pub struct ApplyOptions {
    /// What one failure means for the others.
    pub mode: ApplyMode,
    /// Whether outcomes carry the whole record.
    pub returns_records: bool,
}

/// A batch that is ready to be applied; made by [`Workspace::prepare`].
pub struct Prepared {
    pub(crate) operations: Vec<Operation>,
    pub(crate) options: ApplyOptions,
    /// Whatever the workspace that prepared it knows how to use.
    pub(crate) ahead: Option<Box<dyn Any + Send>>,
}

impl Prepared {
    /// A batch for which nothing was looked up.
    #[must_use]
    pub fn new(operations: Vec<Operation>, options: ApplyOptions) -> Self {
        Self { operations, options, ahead: None }
    }

    /// How many operations it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.operations.len()
    }

    /// Whether it has no operation.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }
}

/// Time that a workspace has spent on the steps of applying batches, since it was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ApplyTimes {
    /// Finding and loading the records that operations are about.
    pub resolve: Duration,
    /// Working out what each operation changes.
    pub decide: Duration,
    /// Writing what changed, into memory and the write-ahead log.
    pub write: Duration,
    /// Making it durable.
    pub commit: Duration,
}

/// How fast a remote workspace is asked.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct RequestPace {
    /// Requests so far, since the workspace was opened.
    pub requests: u64,
    /// Those of them that were too many.
    pub refused: u64,
    /// The rate that is kept, in requests a second; `None` while no limit was met.
    pub allowed: Option<f64>,
    /// Requests that are left until the workspace's own count begins anew, where it says so.
    pub left: Option<u64>,
}

/// What operations would ask of a remote workspace.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Foresight {
    /// Requests, where nothing has to be tried again.
    pub requests: u64,
    /// Operations that need none, as nothing would change.
    pub unchanged: u64,
}

/// How a remote workspace differs from what was delivered to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drift {
    /// The type of the records.
    pub record_type: String,
    /// Records that are there.
    pub read: u64,
    /// Those of them that were delivered.
    pub known: u64,
    /// Those of them that others have changed since, in an attribute that was delivered.
    pub changed: u64,
    /// Records that were delivered and are there no more.
    pub gone: u64,
}

/// Records, operations on them, and the journal of syncs. Safe to share between threads.
pub trait Workspace: Send + Sync {
    /// The record types, as they are now.
    fn schema(&self) -> Arc<Schema>;

    /// The record type with this name; a remote workspace is asked for it when it is first needed.
    ///
    /// # Errors
    /// `unknown_record_type`, with the nearest name; for a remote workspace also what a request may
    /// end with: `unauthorized`, `forbidden`, `rate_limited`, `unavailable`, `timeout`.
    fn record_type(&self, name: &str) -> Result<Arc<RecordType>> {
        self.schema().record_type(name).cloned()
    }

    /// The schema document of a record type, or of a junction that a relationship names
    /// (contract.md section 4.11).
    ///
    /// # Errors
    /// Those of [`Workspace::record_type`].
    fn describe(&self, name: &str) -> Result<Json> {
        match self.schema().junction_json(name) {
            Some(document) => Ok(document),
            None => self.record_type(name).map(|record_type| record_type.to_json()),
        }
    }

    /// Adds custom objects and custom fields, at once and for good; what is declared in the same
    /// way already stays as it is. A field that is declared in another way is so from then on, and
    /// keeps the options that are left out.
    ///
    /// # Errors
    /// `config_invalid`, `unknown_record_type`, `operation_not_supported`; `store_busy`,
    /// `store_full`, `store_io`.
    fn declare(&self, _declarations: Declarations) -> Result<Declared> {
        let what = "the record types of this workspace cannot be changed";
        Err(Error::new(ErrorCode::OperationNotSupported, what))
    }

    /// Reads a record.
    ///
    /// # Errors
    /// `unknown_record_type`, `record_not_found`; `store_busy`, `store_io`.
    fn get(&self, record_type: &str, id: Uuid) -> Result<Record>;

    /// Reads one page of the records that a query selects.
    ///
    /// # Errors
    /// `unknown_record_type`, `invalid_cursor`; `timeout` where the query has a time and takes longer,
    /// `cancelled` where its control says so; `store_busy`, `store_io`.
    fn query(&self, record_type: &str, query: &Query) -> Result<Page>;

    /// Reads one page of the edges of a record.
    ///
    /// # Errors
    /// `record_not_found`; `store_busy`, `store_io`.
    fn edges(&self, query: &EdgeQuery) -> Result<EdgePage>;

    /// Reads one page of the changes of a record, archived or not, the latest first.
    ///
    /// # Errors
    /// `record_not_found`, `operation_not_supported` where a workspace logs no changes;
    /// `store_busy`, `store_io`.
    fn history(&self, _query: &HistoryQuery) -> Result<HistoryPage> {
        Err(Error::new(ErrorCode::OperationNotSupported, "this workspace logs no changes"))
    }

    /// Applies a batch in one transaction, in order, each operation seeing those before it;
    /// then lets `settle` add to the journal in the same transaction.
    ///
    /// # Errors
    /// What keeps the batch as a whole from being written: `store_busy`, `store_full`,
    /// `store_io`, or what `settle` returns. What is wrong with one operation is its outcome.
    fn apply_and_settle(
        &self,
        operations: Vec<Operation>,
        options: ApplyOptions,
        settle: &mut Settle<'_>,
    ) -> Result<Outcomes>;

    /// Makes a batch ready for its turn: what it needs to know is looked up while batches before it
    /// are still being written, on a thread of the caller's own. Whatever has changed by its turn is
    /// noticed then.
    fn prepare(&self, operations: Vec<Operation>, options: ApplyOptions) -> Prepared {
        Prepared::new(operations, options)
    }

    /// Applies a batch that this workspace has prepared; `settle` is `None` where nothing is to be
    /// added to the journal. A remote workspace sends nothing more once the control says stop.
    ///
    /// # Errors
    /// As [`Workspace::apply_and_settle`], or without `settle` as [`Workspace::apply`]; `cancelled`.
    fn apply_prepared(
        &self,
        prepared: Prepared,
        settle: Option<&mut Settle<'_>>,
        _control: &Control,
    ) -> Result<Outcomes> {
        let Prepared { operations, options, .. } = prepared;
        match settle {
            Some(settle) => self.apply_and_settle(operations, options, settle),
            None => self.apply(operations, options),
        }
    }

    /// Reads the journal in one consistent state.
    ///
    /// # Errors
    /// `store_busy`, `store_io`, or what `read` returns.
    fn read_journal(
        &self,
        read: &mut dyn FnMut(&mut dyn JournalReader) -> Result<()>,
    ) -> Result<()>;

    /// Its API keys.
    ///
    /// # Errors
    /// `operation_not_supported` where a workspace keeps none.
    fn api_keys(&self) -> Result<&dyn ApiKeys> {
        Err(Error::new(ErrorCode::OperationNotSupported, "this workspace keeps no API keys"))
    }

    /// What makes it a twin for tests.
    ///
    /// # Errors
    /// `operation_not_supported` where a workspace cannot return to an earlier state.
    fn twin(&self) -> Result<&dyn Twin> {
        Err(Error::new(ErrorCode::OperationNotSupported, "this workspace cannot be a twin"))
    }

    /// What operations would ask of it; nothing is asked.
    ///
    /// # Errors
    /// `operation_not_supported` where a workspace is not remote; `store_io`, `store_corrupt`.
    fn foresee(&self, _operations: &[Operation]) -> Result<Foresight> {
        Err(not_remote())
    }

    /// Compares the records of a type with what was delivered, and remembers the difference: what
    /// others have changed is then delivered again where a sync asks for it.
    ///
    /// # Errors
    /// `operation_not_supported` where a workspace is not remote; `cancelled`; what requests may end
    /// with.
    fn verify(&self, _record_type: &str, _control: &Control) -> Result<Drift> {
        Err(not_remote())
    }

    /// Whether what was delivered of this type is still there, as far as one look tells; a sync that is
    /// resumed starts over where it is not.
    ///
    /// # Errors
    /// `config_invalid` where it was delivered to another organisation; what requests may end with.
    fn still_holds(&self, _record_type: &str) -> Result<bool> {
        Ok(true)
    }

    /// How fast it is asked; `None` where it is not remote.
    fn pace(&self) -> Option<RequestPace> {
        None
    }

    /// Rows of a sync that it takes next, at most.
    fn batch_rows(&self) -> usize {
        usize::MAX
    }

    /// Does now what would otherwise be left for the closing, so that closing is quick.
    ///
    /// # Errors
    /// `store_io`, `store_full`; nothing that is committed is lost.
    fn settle(&self) -> Result<()>;

    /// Where the time of applying batches went; zero where that is not known.
    fn apply_times(&self) -> ApplyTimes {
        ApplyTimes::default()
    }

    /// Applies a batch in one transaction.
    ///
    /// # Errors
    /// As [`Workspace::apply_and_settle`].
    fn apply(&self, operations: Vec<Operation>, options: ApplyOptions) -> Result<Outcomes> {
        self.apply_and_settle(operations, options, &mut |_, _| Ok(()))
    }

    /// Applies one operation and gives the outcome with its record.
    ///
    /// # Errors
    /// What is wrong with the operation, or with the store.
    fn apply_one(&self, operation: Operation) -> Result<Outcome> {
        let options = ApplyOptions { returns_records: true, ..ApplyOptions::default() };
        self.apply(vec![operation], options)?
            .pop()
            .unwrap_or_else(|| Err(Error::new(ErrorCode::Internal, "a batch lost its outcome")))
    }
}
