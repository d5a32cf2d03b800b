//! Operations, the only way records change, and the outcome that each ends as.

mod matching;
pub mod query;

pub use matching::{Match, MatchTarget};
pub use query::{Page, Query};

use std::sync::Arc;

use uuid::Uuid;

use crate::error::Error;
use crate::record::{Attributes, Record};
use crate::schema::RecordType;

/// One change of one record.
#[derive(Debug, Clone)]
pub struct Operation {
    /// The type of the record.
    pub record_type: Arc<RecordType>,
    /// What to do.
    pub kind: OperationKind,
}

/// What an operation does.
#[derive(Debug, Clone)]
pub enum OperationKind {
    /// Makes a new record.
    Create {
        /// Its attributes.
        attributes: Attributes,
    },
    /// Changes the attributes that are not absent.
    Patch {
        /// Which record.
        id: Uuid,
        /// The changes.
        attributes: Attributes,
    },
    /// Hides a record from reads, queries and matches.
    Archive {
        /// Which record.
        id: Uuid,
    },
    /// Updates the one record that matches; where none does, makes it.
    Assert {
        /// How the record is found.
        matching: Match,
        /// The changes, or the attributes of the new record.
        attributes: Attributes,
    },
    /// Updates the one record that matches; where none does, fails.
    Update {
        /// How the record is found.
        matching: Match,
        /// The changes.
        attributes: Attributes,
    },
}

/// How an operation ended, where it did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// A record was made.
    Created,
    /// A record was changed.
    Updated,
    /// The record was that way already; nothing was written.
    Unchanged,
    /// The record was archived.
    Archived,
}

impl Action {
    /// The name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Archived => "archived",
        }
    }
}

/// What became of one operation.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// How it ended.
    pub action: Action,
    /// The record.
    pub id: Uuid,
    /// The whole record after the operation, where the caller asked for it.
    pub record: Option<Record>,
}

/// What a batch does when one of its operations fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ApplyMode {
    /// Each outcome stands alone.
    #[default]
    PerRecord,
    /// One failure keeps the whole batch from being written; the others end as `cancelled`.
    AllOrNothing,
}

/// The outcomes of a batch, in the order of its operations.
pub type Outcomes = Vec<Result<Outcome, Error>>;
