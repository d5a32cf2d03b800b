//! Operations, the only way records and their edges change, and the outcome that each ends as.

mod actor;
mod change_kind;
mod digest;
mod edge_edit;
mod item_edit;
mod matching;
pub mod query;

pub use actor::Actor;
pub use change_kind::ChangeKind;
pub use digest::Digest;
pub(crate) use digest::{text_digest, value_digest};
pub use edge_edit::EdgeEdit;
pub use item_edit::{ItemEdit, ItemFields, ItemKey};
pub use matching::{Match, MatchTarget};
pub use query::{
    EdgePage, EdgeQuery, HistoryPage, HistoryQuery, Page, Query, QueryLimits, RecordedChange,
};

use std::fmt::Display;
use std::sync::Arc;

use uuid::Uuid;

use crate::error::{Error, ErrorCode};
use crate::record::{Attributes, Edge, Record};
use crate::schema::RecordType;

/// One change of one record, or of an edge of one.
#[derive(Debug, Clone)]
pub struct Operation {
    /// The type of the record.
    pub record_type: Arc<RecordType>,
    /// What to do.
    pub kind: OperationKind,
    /// Who does it, for the change log; `None` for whoever calls the library.
    pub actor: Option<Actor>,
    /// Whether record types that are only read may be written, and those without an assert
    /// asserted: for what comes in another way than by the API's plain writes.
    pub writes_read_only: bool,
    digest: Option<Digest>,
}

impl Operation {
    /// An operation on a record of this type.
    #[must_use]
    pub fn new(record_type: Arc<RecordType>, kind: OperationKind) -> Self {
        // Here, because operations are made beside the thread that applies them.
        let digest = match &kind {
            OperationKind::Assert { matching, attributes }
            | OperationKind::Update { matching, attributes } => {
                Digest::of(&record_type, matching, attributes)
            }
            _ => None,
        };
        Self { record_type, kind, actor: None, writes_read_only: false, digest }
    }

    /// What an assert asks for, for a record to remember; `None` for other operations.
    #[must_use]
    pub fn digest(&self) -> Option<Digest> {
        self.digest
    }
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
    /// Brings an archived record back; one that is not archived stays as it is.
    Restore {
        /// Which record.
        id: Uuid,
    },
    /// Adds, changes or removes one item of an array attribute.
    EditItem {
        /// Which record.
        id: Uuid,
        /// The array attribute.
        attribute: usize,
        /// The edit.
        edit: Box<ItemEdit>,
    },
    /// Adds, changes or removes one edge of a relationship.
    EditEdge {
        /// Which record.
        of: EdgeOf,
        /// The relationship, by its index in the record type.
        relationship: usize,
        /// The edit.
        edit: Box<EdgeEdit>,
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

/// The record whose edge is edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EdgeOf {
    /// The record with this id.
    Record(Uuid),
    /// The record that an earlier operation of the batch is about, by its place in the batch: the
    /// id of one that is made is known only then.
    Outcome(usize),
}

/// How an operation ended, where it did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// A record, or the item or edge that the operation adds, was made.
    Created,
    /// It was changed.
    Updated,
    /// It was that way already; nothing was written.
    Unchanged,
    /// The record was archived.
    Archived,
    /// The record was brought back.
    Restored,
    /// The item or edge was taken away.
    Removed,
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
            Self::Restored => "restored",
            Self::Removed => "removed",
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
    /// The edge that was added or changed, where the operation is about one.
    pub edge: Option<Box<Edge>>,
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

/// The outcome of an operation that is good, where the one at this place kept it from being
/// written.
pub(crate) fn held_back(refused: impl Display) -> Error {
    Error::new(
        ErrorCode::Cancelled,
        format!("not applied: operation {refused} of the same batch was refused"),
    )
    .hint("correct or leave out what was refused, and apply the batch again")
}

/// The outcomes of a batch, in the order of its operations.
pub type Outcomes = Vec<Result<Outcome, Error>>;
