//! What the change log calls a change: the operation that made it.

use super::{ItemEdit, OperationKind};

/// The operation behind a change of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// The record was made.
    Create,
    /// Changed by its id.
    Patch,
    /// Changed by a match that would have made it.
    Assert,
    /// Changed by a match.
    Update,
    /// Hidden.
    Archive,
    /// Brought back.
    Restore,
    /// An item of an array was added, or added again.
    AddItem,
    /// An item of an array was changed.
    UpdateItem,
    /// An item of an array was removed.
    RemoveItem,
    /// What may have changed while no log was kept.
    NotLogged,
}

impl ChangeKind {
    /// Every kind; its place is its number in a store, so new ones come last.
    pub const ALL: [Self; 10] = [
        Self::Create,
        Self::Patch,
        Self::Assert,
        Self::Update,
        Self::Archive,
        Self::Restore,
        Self::AddItem,
        Self::UpdateItem,
        Self::RemoveItem,
        Self::NotLogged,
    ];

    /// The name in a history.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Patch => "patch",
            Self::Assert => "assert",
            Self::Update => "update",
            Self::Archive => "archive",
            Self::Restore => "restore",
            Self::AddItem => "add_item",
            Self::UpdateItem => "update_item",
            Self::RemoveItem => "remove_item",
            Self::NotLogged => "not_logged",
        }
    }
}

impl From<&OperationKind> for ChangeKind {
    fn from(kind: &OperationKind) -> Self {
        match kind {
            OperationKind::Create { .. } => Self::Create,
            OperationKind::Patch { .. } => Self::Patch,
            OperationKind::Assert { .. } => Self::Assert,
            OperationKind::Update { .. } => Self::Update,
            OperationKind::Archive { .. } => Self::Archive,
            OperationKind::Restore { .. } => Self::Restore,
            OperationKind::EditItem { edit, .. } => match **edit {
                ItemEdit::Add(_) => Self::AddItem,
                ItemEdit::Update(..) => Self::UpdateItem,
                ItemEdit::Remove(_) => Self::RemoveItem,
            },
            // An edge is no part of its records (contract.md section 11.6).
            OperationKind::EditEdge { .. } => Self::NotLogged,
        }
    }
}
