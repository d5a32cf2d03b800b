//! The one door to records: a workspace, wherever it lives.

use uuid::Uuid;

use crate::error::{Error, ErrorCode, Result};
use crate::operation::{ApplyMode, Operation, Outcome, Outcomes, Page, Query};
use crate::record::Record;
use crate::schema::Schema;
use crate::store::journal::{Journal, JournalReader};

/// Adds to the journal in the transaction that applies a batch, once its outcomes are known.
///
/// An error keeps the whole batch from being written.
pub type Settle<'a> = dyn FnMut(&Outcomes, &mut dyn Journal) -> Result<()> + 'a;

/// How a batch is applied.
#[derive(Debug, Clone, Copy, Default)]
pub struct ApplyOptions {
    /// What one failure means for the others.
    pub mode: ApplyMode,
    /// Whether outcomes carry the whole record.
    pub returns_records: bool,
}

/// Records, operations on them, and the journal of syncs. Safe to share between threads.
pub trait Workspace: Send + Sync {
    /// The record types.
    fn schema(&self) -> &Schema;

    /// Reads a record.
    ///
    /// # Errors
    /// `unknown_record_type`, `record_not_found`; `store_busy`, `store_io`.
    fn get(&self, record_type: &str, id: Uuid) -> Result<Record>;

    /// Reads one page of the records that a query selects.
    ///
    /// # Errors
    /// `unknown_record_type`, `invalid_cursor`; `store_busy`, `store_io`.
    fn query(&self, record_type: &str, query: &Query) -> Result<Page>;

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

    /// Reads the journal in one consistent state.
    ///
    /// # Errors
    /// `store_busy`, `store_io`, or what `read` returns.
    fn read_journal(
        &self,
        read: &mut dyn FnMut(&mut dyn JournalReader) -> Result<()>,
    ) -> Result<()>;

    /// Does now what would otherwise be left for the closing, so that closing is quick.
    ///
    /// # Errors
    /// `store_io`, `store_full`; nothing that is committed is lost.
    fn settle(&self) -> Result<()>;

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
        let options = ApplyOptions { mode: ApplyMode::PerRecord, returns_records: true };
        self.apply(vec![operation], options)?
            .pop()
            .unwrap_or_else(|| Err(Error::new(ErrorCode::Internal, "a batch lost its outcome")))
    }
}
