//! The rules of edges, and of marks.

use super::{Fixture, Open};
use crate::schema::RelationshipEnd;
use crate::store::{RowKey, StoredEdge};
use crate::value::{Timestamp, Value};

/// The values of an edge: who it is for, and whether it is the first.
fn values(role: &str, is_first: bool) -> Vec<Option<Value>> {
    vec![Some(Value::Text(role.into())), Some(Value::Boolean(is_first))]
}

fn rows(fixture: &Fixture, end: &RelationshipEnd, row: RowKey) -> Vec<RowKey> {
    let edges = fixture.store.read().unwrap().edges(end, row, None, 9).unwrap();
    edges.into_iter().map(|edge| edge.row).collect()
}

pub(super) fn edges_are_found_from_both_ends_in_the_order_of_the_rows(open: Open) {
    let fixture = Fixture::new(open);
    let [a, b, c] = fixture.insert(&["a", "b", "c"])[..] else { panic!("three records") };
    let end = fixture.sample.relationship(0).clone();
    let mut transaction = fixture.store.write().unwrap();
    transaction.write_edge(&end, a.0, c.0, &values("third", false)).unwrap();
    transaction.write_edge(&end.opposite(), b.0, a.0, &values("second", true)).unwrap();
    transaction.write_edge(&end, b.0, c.0, &[None, None]).unwrap();
    assert_eq!(transaction.edge(&end, a.0, b.0).unwrap(), Some(values("second", true)));
    assert_eq!(transaction.edge(&end.opposite(), c.0, b.0).unwrap(), Some(vec![None, None]));
    assert_eq!(transaction.edge(&end, c.0, a.0).unwrap(), None);
    transaction.commit().unwrap();
    let mut reader = fixture.store.read().unwrap();
    let second = StoredEdge { row: b.0, id: b.1, values: values("second", true) };
    let third = StoredEdge { row: c.0, id: c.1, values: values("third", false) };
    assert_eq!(reader.edges(&end, a.0, None, 1).unwrap(), [second]);
    assert_eq!(reader.edges(&end, a.0, Some(b.0), 9).unwrap(), [third]);
    assert_eq!(rows(&fixture, &end.opposite(), c.0), [a.0, b.0]);
    assert!(rows(&fixture, &end, c.0).is_empty());
}

pub(super) fn edges_are_changed_unset_and_removed(open: Open) {
    let fixture = Fixture::new(open);
    let [a, b, c] = fixture.insert(&["a", "b", "c"])[..] else { panic!("three records") };
    let end = fixture.sample.relationship(0).clone();
    let mut transaction = fixture.store.write().unwrap();
    for (from, to) in [(a, b), (a, c), (b, c)] {
        transaction.write_edge(&end, from.0, to.0, &values("old", true)).unwrap();
    }
    transaction.write_edge(&end, a.0, b.0, &values("new", true)).unwrap();
    transaction.unset_on_edges(&end, a.0, 1).unwrap();
    assert_eq!(transaction.edge(&end, a.0, b.0).unwrap(), Some(values("new", false)));
    assert_eq!(transaction.edge(&end, a.0, c.0).unwrap(), Some(values("old", false)));
    assert_eq!(transaction.edge(&end, b.0, c.0).unwrap(), Some(values("old", true)));
    transaction.remove_edge(&end.opposite(), c.0, a.0).unwrap();
    transaction.commit().unwrap();
    assert_eq!(rows(&fixture, &end, a.0), [b.0]);
    assert_eq!(rows(&fixture, &end.opposite(), c.0), [b.0]);
}

pub(super) fn edges_to_archived_records_are_hidden(open: Open) {
    let fixture = Fixture::new(open);
    let [a, b, c] = fixture.insert(&["a", "b", "c"])[..] else { panic!("three records") };
    let end = fixture.sample.relationship(0).clone();
    let mut transaction = fixture.store.write().unwrap();
    for to in [b, c] {
        transaction.write_edge(&end, a.0, to.0, &[None, None]).unwrap();
    }
    transaction.archive(&fixture.sample, &[(b.0, Timestamp(1))]).unwrap();
    transaction.commit().unwrap();
    assert_eq!(rows(&fixture, &end, a.0), [c.0]);
}

pub(super) fn what_was_written_since_a_mark_can_be_taken_back(open: Open) {
    let fixture = Fixture::new(open);
    let [a, b, c] = fixture.insert(&["a", "b", "c"])[..] else { panic!("three records") };
    let end = fixture.sample.relationship(0).clone();
    let mut transaction = fixture.store.write().unwrap();
    transaction.write_edge(&end, a.0, b.0, &[None, None]).unwrap();
    transaction.mark().unwrap();
    transaction.write_edge(&end, a.0, c.0, &[None, None]).unwrap();
    transaction.archive(&fixture.sample, &[(b.0, Timestamp(1))]).unwrap();
    transaction.undo_to_mark().unwrap();
    transaction.commit().unwrap();
    assert_eq!(rows(&fixture, &end, a.0), [b.0]);
}
