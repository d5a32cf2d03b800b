//! Reading a history: from the record as it is now back to its creation, taking back one change
//! after the other.

use std::time::Instant;

use crate::error::{Error, ErrorCode, Result};
use crate::operation::{ChangeKind, HistoryPage, HistoryQuery, RecordedChange};
use crate::store::history::Unlogged;
use crate::store::{ReadTransaction, RowKey, Selection};
use crate::value::{Timestamp, Value};

use super::not_found;

/// Changes that are read at a time.
const CHUNK: usize = 200;

/// One page of a record's history.
///
/// # Errors
/// `record_not_found`; what is wrong with the store.
pub(super) fn page(
    transaction: &mut dyn ReadTransaction,
    query: &HistoryQuery,
) -> Result<HistoryPage> {
    let row = find(transaction, query)?.ok_or_else(|| not_found(&query.record_type, query.id))?;
    let all = Selection::all(&query.record_type);
    let stored = transaction.load(&query.record_type, &all, &[row])?.pop();
    let record = stored.ok_or_else(|| not_found(&query.record_type, query.id))?;
    let unlogged = transaction.unlogged(&query.record_type)?;
    let mut walk = Walk {
        query,
        unlogged,
        created_at: record.created_at,
        // Whatever is later than the last logged change was not logged.
        later: Timestamp(record.updated_at.0.saturating_add(1)),
        values: record.values,
        changes: Vec::new(),
        given: 0,
    };
    let next_cursor = walk.go_back(transaction, row)?;
    Ok(HistoryPage {
        record_type: query.record_type.clone(),
        id: query.id,
        changes: walk.changes,
        next_cursor,
    })
}

fn find(transaction: &mut dyn ReadTransaction, query: &HistoryQuery) -> Result<Option<RowKey>> {
    let (record_type, ids) = (&query.record_type, [query.id]);
    match transaction.find_ids(record_type, &ids)?.pop().flatten() {
        Some(row) => Ok(Some(row)),
        None => Ok(transaction.find_archived(record_type, &ids)?.pop().flatten()),
    }
}

/// The way back through a record's changes.
struct Walk<'a> {
    query: &'a HistoryQuery,
    unlogged: Vec<Unlogged>,
    created_at: Timestamp,
    /// The time of the change that was taken back last, or just after the record's last change.
    later: Timestamp,
    /// The record's values before that.
    values: Vec<Option<Value>>,
    /// The changes of the page.
    changes: Vec<RecordedChange>,
    /// How many of them count for the page's limit.
    given: usize,
}

impl Walk<'_> {
    /// Fills the page; gives the cursor of the next one, if there is one.
    fn go_back(
        &mut self,
        transaction: &mut dyn ReadTransaction,
        row: RowKey,
    ) -> Result<Option<String>> {
        let record_type = &self.query.record_type;
        let (begun, mut before) = (Instant::now(), None);
        loop {
            // What a page shows is known only once all later changes are taken back.
            if self.query.time.is_some_and(|time| begun.elapsed() >= time) {
                return Err(Error::new(ErrorCode::Timeout, "the history took too long to read"));
            }
            let chunk = transaction.changes(record_type, row, before, CHUNK)?;
            let is_last = chunk.len() < CHUNK;
            for change in chunk {
                before = Some(change.at);
                let states = self.take_back(change.before);
                let actor = Some(change.actor);
                if self.add(change.kind, actor, change.at, states) {
                    return Ok(Some(self.query.cursor(change.at)));
                }
            }
            if is_last {
                break;
            }
        }
        let given = std::mem::take(&mut self.values).into_iter().enumerate();
        let states = given.filter(|(_, value)| value.is_some());
        let states = states.map(|(attribute, value)| (attribute, None, value)).collect();
        let creator = transaction.creator(record_type, row)?;
        self.add(ChangeKind::Create, creator, self.created_at, states);
        Ok(None)
    }

    /// Puts earlier values in place of later ones, and gives both.
    fn take_back(
        &mut self,
        before: Vec<(usize, Option<Value>)>,
    ) -> Vec<(usize, Option<Value>, Option<Value>)> {
        let take_back = |(attribute, earlier): (usize, Option<Value>)| {
            let later = std::mem::replace(&mut self.values[attribute], earlier.clone());
            (attribute, earlier, later)
        };
        before.into_iter().map(take_back).collect()
    }

    /// Adds a change to the page, if it belongs there; says whether the page is full.
    fn add(
        &mut self,
        kind: ChangeKind,
        actor: Option<String>,
        at: Timestamp,
        attributes: Vec<(usize, Option<Value>, Option<Value>)>,
    ) -> bool {
        let later = std::mem::replace(&mut self.later, at);
        if self.query.before.is_some_and(|before| at >= before) {
            return false;
        }
        if self.may_have_missed(at, later) {
            self.changes.push(RecordedChange {
                kind: ChangeKind::NotLogged,
                actor: None,
                at: None,
                attributes: Vec::new(),
            });
        }
        self.changes.push(RecordedChange { kind, actor, at: Some(at), attributes });
        self.given += 1;
        self.given == self.query.limit
    }

    /// Whether a change between two others may be missing in the log.
    fn may_have_missed(&self, earlier: Timestamp, later: Timestamp) -> bool {
        self.unlogged.iter().any(|unlogged| {
            let until = unlogged.until.unwrap_or(Timestamp(i64::MAX));
            earlier.max(unlogged.since).0 < until.0.min(later.0 - 1)
        })
    }
}

#[cfg(test)]
mod tests;
