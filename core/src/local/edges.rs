//! Edges of relationships: what an edit of one means (contract.md section 5.6).
//!
//! Unlike records they are decided one after the other against the store: an edit is about two
//! records, which any operation before it may have made.

use std::sync::Arc;

use uuid::Uuid;

use crate::error::{Error, ErrorCode, Result};
use crate::operation::{Action, EdgeEdit, EdgePage, EdgeQuery, Outcome};
use crate::record::{Attributes, Change, Edge};
use crate::schema::{RecordType, RelationshipEnd, Schema};
use crate::store::{ReadTransaction, RowKey, WriteTransaction};
use crate::value::{Target, Value};

use super::not_found;
use super::target::resolve;

/// A record and one of its relationships.
pub(super) struct Parent<'a> {
    pub(super) record_type: &'a Arc<RecordType>,
    pub(super) id: Uuid,
    pub(super) relationship: usize,
}

impl Parent<'_> {
    fn end(&self) -> &RelationshipEnd {
        self.record_type.relationship(self.relationship)
    }

    fn row(&self, transaction: &mut dyn ReadTransaction) -> Result<RowKey> {
        let found = transaction.find_ids(self.record_type, &[self.id])?.pop().flatten();
        found.ok_or_else(|| not_found(self.record_type, self.id))
    }

    fn edge(&self, related: Uuid, values: Vec<Option<Value>>) -> Edge {
        Edge {
            record_type: self.record_type.clone(),
            parent: self.id,
            relationship: self.relationship,
            related,
            values,
            raw: None,
        }
    }
}

/// Makes an edit; one that is refused leaves nothing behind.
///
/// # Errors
/// What is wrong with the edit, or with the store.
pub(super) fn apply(
    transaction: &mut dyn WriteTransaction,
    schema: &Schema,
    parent: &Parent<'_>,
    edit: EdgeEdit,
    writes_read_only: bool,
) -> Result<Outcome> {
    let end = parent.end();
    // What follows from an attribute is never written by itself.
    if !writes_read_only || end.relationship.reference.is_some() {
        end.check_writable()?;
    }
    let there = schema.record_type(&end.there().record_type)?;
    let row = parent.row(transaction)?;
    let outcome = |action, edge| Outcome { action, id: parent.id, record: None, edge };
    let (action, related, values) = match edit {
        EdgeEdit::Add { target, attributes } => {
            let (other, related) = find(transaction, there, &target)?;
            if related == parent.id {
                let message = format!("{} of a record cannot lead to itself", end.here().api_name);
                return Err(Error::new(ErrorCode::FieldValueInvalid, message)
                    .at_field(target_field(&target)));
            }
            let known = transaction.edge(end, row, other)?;
            let (action, values) =
                write(transaction, end, (row, other), known.as_deref(), attributes)?;
            (action, related, values)
        }
        EdgeEdit::Update { target, attributes } => {
            end.check_typed()?;
            let (other, known) = linked(transaction, there, parent, row, target)?;
            let (action, values) = write(transaction, end, (row, other), Some(&known), attributes)?;
            (action, target, values)
        }
        EdgeEdit::Remove { target } => {
            let (other, _) = linked(transaction, there, parent, row, target)?;
            transaction.remove_edge(end, row, other)?;
            return Ok(outcome(Action::Removed, None));
        }
    };
    Ok(outcome(action, Some(Box::new(parent.edge(related, values)))))
}

/// One page of the edges of a record.
///
/// # Errors
/// `record_not_found`; `store_io`, `store_corrupt`.
pub(super) fn page(transaction: &mut dyn ReadTransaction, query: &EdgeQuery) -> Result<EdgePage> {
    let EdgeQuery { record_type, parent: id, relationship, limit, after, .. } = query;
    let parent = Parent { record_type, id: *id, relationship: *relationship };
    let row = parent.row(transaction)?;
    // One more than a page tells whether there is a next one.
    let mut stored = transaction.edges(parent.end(), row, *after, limit + 1)?;
    let has_next = stored.len() > *limit;
    stored.truncate(*limit);
    let last = stored.last().filter(|_| has_next);
    Ok(EdgePage {
        next_cursor: last.map(|last| query.cursor(last.row)),
        edges: stored.into_iter().map(|edge| parent.edge(edge.id, edge.values)).collect(),
        record_type: record_type.clone(),
        parent: *id,
        relationship: *relationship,
    })
}

/// Writes the edge between two records as the attributes leave it.
fn write(
    transaction: &mut dyn WriteTransaction,
    end: &RelationshipEnd,
    (row, other): (RowKey, RowKey),
    known: Option<&[Option<Value>]>,
    attributes: Attributes,
) -> Result<(Action, Vec<Option<Value>>)> {
    let relationship = &*end.relationship;
    let mut values = match known {
        Some(known) => known.to_vec(),
        None => relationship.attributes.iter().map(|attribute| attribute.default.clone()).collect(),
    };
    for (index, change) in attributes {
        values[index] = match change {
            Change::Set(value) => Some(value),
            Change::Clear | Change::Merge(_) => None,
        };
    }
    let action = match known {
        None => Action::Created,
        Some(known) if *known == values => return Ok((Action::Unchanged, values)),
        Some(_) => Action::Updated,
    };
    if let Some(one) = relationship.one_primary
        && values[one.attribute] == Some(Value::Boolean(true))
    {
        let (of_side, row) = match one.side == end.side {
            true => (end.clone(), row),
            false => (end.opposite(), other),
        };
        transaction.unset_on_edges(&of_side, row, one.attribute)?;
    }
    transaction.write_edge(end, row, other, &values)?;
    Ok((action, values))
}

fn find(
    transaction: &mut dyn WriteTransaction,
    there: &RecordType,
    target: &Target,
) -> Result<(RowKey, Uuid)> {
    resolve(transaction, there, target).map_err(|error| error.at_field(target_field(target)))
}

fn target_field(target: &Target) -> &'static str {
    match target {
        Target::Id(_) => "related_record_id",
        Target::Match { .. } => "related_record_match",
    }
}

/// The record that an edge leads to, and the values of the edge.
fn linked(
    transaction: &mut dyn WriteTransaction,
    there: &RecordType,
    parent: &Parent<'_>,
    row: RowKey,
    target: Uuid,
) -> Result<(RowKey, Vec<Option<Value>>)> {
    let other = transaction.find_ids(there, &[target])?.pop().flatten();
    let known = match other {
        Some(other) => transaction.edge(parent.end(), row, other)?.map(|values| (other, values)),
        None => None,
    };
    known.ok_or_else(|| {
        let name = &parent.end().here().api_name;
        let message = format!("{target} is not among the {name} of {}", parent.id);
        Error::new(ErrorCode::TargetRecordNotFound, message)
            .at_field(name)
            .on_record(target.to_string())
            .hint("list the relationship: the link is not there, or was removed")
    })
}
