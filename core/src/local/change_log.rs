//! What a batch adds to the change log of one record type, collected while it is decided.

use crate::operation::{Actor, ChangeKind, OperationKind};
use crate::store::RowKey;
use crate::store::history::{CreatedRange, NewChange, NewLog};
use crate::value::{Timestamp, Value};

/// The log of a batch under way; it stays empty where the workspace keeps none.
pub(super) struct ChangeLog {
    is_kept: bool,
    kind: ChangeKind,
    actor: usize,
    log: NewLog,
}

impl ChangeLog {
    pub(super) fn new(is_kept: bool) -> Self {
        Self { is_kept, kind: ChangeKind::NotLogged, actor: 0, log: NewLog::default() }
    }

    /// Notes whose operation comes next.
    pub(super) fn begin(&mut self, kind: &OperationKind, actor: Option<&Actor>) {
        if !self.is_kept {
            return;
        }
        self.kind = ChangeKind::from(kind);
        let is_same = |known: &Actor| match actor {
            Some(actor) => known == actor,
            None => *known == Actor::default(),
        };
        let actors = &mut self.log.actors;
        // Mostly the same as before.
        if actors.get(self.actor).is_some_and(is_same) {
            return;
        }
        self.actor = actors.iter().position(is_same).unwrap_or_else(|| {
            actors.push(actor.cloned().unwrap_or_default());
            actors.len() - 1
        });
    }

    /// The place of the actor whose operation is under way.
    pub(super) fn actor(&self) -> usize {
        self.actor
    }

    /// Notes a change by the operation under way.
    pub(super) fn add(&mut self, row: RowKey, at: Timestamp, before: Vec<(usize, Option<Value>)>) {
        if self.is_kept {
            let (kind, actor) = (self.kind, self.actor);
            self.log.changes.push(NewChange { row, at, kind, actor, before });
        }
    }

    /// The log of a batch that has made these records (row and actor, in the order of their rows)
    /// and has taken back those of `dropped` (in order, too), which were archived before they were
    /// written.
    pub(super) fn close(
        mut self,
        created: impl Iterator<Item = (RowKey, usize)>,
        dropped: &[RowKey],
    ) -> NewLog {
        if !self.is_kept {
            return NewLog::default();
        }
        for (row, actor) in created {
            match self.log.created.last_mut() {
                Some(range) if range.actor == actor => range.last = row,
                _ => self.log.created.push(CreatedRange { first: row, last: row, actor }),
            }
        }
        if !dropped.is_empty() {
            self.log.changes.retain(|change| dropped.binary_search(&change.row).is_err());
        }
        self.log.changes.sort_unstable_by_key(|change| (change.row, change.at.0));
        self.log
    }
}
