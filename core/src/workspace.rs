//! The one door to records: a workspace, wherever it lives.

use std::sync::Arc;

use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::error::{Error, ErrorCode, Result};
use crate::local::LocalWorkspace;
use crate::operation::{
    ApplyMode, Match, Operation, OperationKind, Outcome, Outcomes, Page, Query,
};
use crate::record::{Attributes, Record};
use crate::schema::{Schema, Write};
use crate::store::SqliteStore;
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

/// How a workspace is opened.
#[derive(Debug, Clone, Copy, Default)]
pub struct OpenOptions {
    /// Makes the workspace if there is none.
    pub create: bool,
    /// Sets for this and later openings whether a second record may take a match key that
    /// another one holds (contract.md section 11.1); `None` leaves it as it is.
    pub rejects_duplicates: Option<bool>,
}

/// Opens a workspace by URL: a path, or `sqlite:` and a path.
///
/// # Errors
/// `config_invalid` for a URL of another kind; `store_io`, `store_corrupt`, `store_busy`.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("crm.db");
/// use headwater::{OpenOptions, open, create};
/// let options = OpenOptions { create: true, ..OpenOptions::default() };
/// let workspace = open(path.to_str().unwrap(), options)?;
/// let attributes = serde_json::json!({"first_name": "Sarah", "primary_email": "sarah.chen@acme.com"});
/// let sarah = create(&*workspace, "contact", attributes.as_object().cloned().unwrap())?;
/// assert_eq!(workspace.get("contact", sarah.id)?.value("display_name"), sarah.value("display_name"));
/// # Ok::<(), headwater::Error>(())
/// ```
pub fn open(url: &str, options: OpenOptions) -> Result<Box<dyn Workspace>> {
    let path = match url.split_once(':') {
        Some(("sqlite", path)) => path.strip_prefix("//").unwrap_or(path),
        Some((scheme, rest))
            if rest.starts_with("//") || matches!(scheme, "postgres" | "postgresql") =>
        {
            return Err(Error::new(
                ErrorCode::ConfigInvalid,
                format!("no workspace can be opened at {scheme}:.. by this version"),
            )
            .at_field("workspace")
            .hint("give the path of a file, for example crm.db"));
        }
        _ => url,
    };
    if path.is_empty() {
        return Err(Error::new(ErrorCode::ConfigInvalid, "the workspace has no path")
            .at_field("workspace")
            .hint("give the path of a file, for example crm.db"));
    }
    let schema = Schema::standard();
    let store = SqliteStore::open(std::path::Path::new(path), &schema, options.create)?;
    Ok(Box::new(LocalWorkspace::open(store, schema, options.rejects_duplicates)?))
}

/// Makes a record from the `attributes` object of a request and gives it back.
///
/// # Errors
/// The codes of contract.md section 5.1.
pub fn create(
    workspace: &dyn Workspace,
    record_type: &str,
    attributes: Map<String, Json>,
) -> Result<Record> {
    let record_type = workspace.schema().record_type(record_type)?.clone();
    let attributes = Attributes::parse(&record_type, attributes, Write::Create, None)?;
    let kind = OperationKind::Create { attributes };
    whole_record(workspace.apply_one(Operation { record_type, kind })?)
}

/// Changes the attributes that are not absent and gives the record back.
///
/// # Errors
/// The codes of contract.md section 5.2.
pub fn patch(
    workspace: &dyn Workspace,
    record_type: &str,
    id: Uuid,
    attributes: Map<String, Json>,
) -> Result<Record> {
    let record_type = workspace.schema().record_type(record_type)?.clone();
    let attributes = Attributes::parse(&record_type, attributes, Write::Patch, None)?;
    let kind = OperationKind::Patch { id, attributes };
    whole_record(workspace.apply_one(Operation { record_type, kind })?)
}

/// Hides a record from reads, queries and matches.
///
/// # Errors
/// `unknown_record_type`, `record_not_found`.
pub fn archive(workspace: &dyn Workspace, record_type: &str, id: Uuid) -> Result<()> {
    let record_type = workspace.schema().record_type(record_type)?.clone();
    workspace.apply_one(Operation { record_type, kind: OperationKind::Archive { id } }).map(drop)
}

/// Updates the one record that matches, or makes it.
///
/// # Errors
/// The codes of contract.md section 5.4.
pub fn assert(
    workspace: &dyn Workspace,
    record_type: &str,
    matching: Map<String, Json>,
    attributes: Map<String, Json>,
) -> Result<Outcome> {
    let record_type = workspace.schema().record_type(record_type)?.clone();
    let matching = Match::parse(&record_type, matching, None);
    let attributes = match Attributes::parse(&record_type, attributes.clone(), Write::Assert, None)
    {
        Ok(attributes) => attributes,
        Err(error) if error.code() == ErrorCode::FieldNotCreatable => {
            // Which rule was broken depends on the branch (contract.md section 5.4).
            let exists = matching.is_ok_and(|matching| {
                let kind = OperationKind::Update { matching, attributes: Attributes::default() };
                workspace
                    .apply_one(Operation { record_type: Arc::clone(&record_type), kind })
                    .is_ok()
            });
            let write = if exists { Write::Patch } else { Write::Create };
            return Attributes::parse(&record_type, attributes, write, None)
                .and_then(|_| Err(error));
        }
        Err(error) => return Err(error),
    };
    let kind = OperationKind::Assert { matching: matching?, attributes };
    workspace.apply_one(Operation { record_type, kind })
}

fn whole_record(outcome: Outcome) -> Result<Record> {
    outcome
        .record
        .ok_or_else(|| Error::new(ErrorCode::Internal, "an outcome came without its record"))
}
