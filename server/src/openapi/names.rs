//! How the components of the document are called.

use headwater::schema::{Attribute, RecordType, RelationshipEnd};

/// The name of a component that belongs to one attribute.
pub(super) fn of_attribute(what: &str, record_type: &RecordType, attribute: &Attribute) -> String {
    format!("{}.{}.{what}", record_type.api_name(), attribute.api_name)
}

/// A record.
pub(super) fn record(record_type: &RecordType) -> String {
    record_type.api_name().to_owned()
}

/// The attributes that a write may hold.
pub(super) fn written(record_type: &RecordType) -> String {
    format!("{}.written", record_type.api_name())
}

/// A match of records.
pub(super) fn matching(record_type: &RecordType) -> String {
    format!("{}.match", record_type.api_name())
}

/// One filter of a query.
pub(super) fn filter(record_type: &RecordType) -> String {
    format!("{}.filter", record_type.api_name())
}

/// One edge of a relationship, without its parent.
pub(super) fn edge(end: &RelationshipEnd) -> String {
    format!("{}.{}.edge", end.here().record_type, end.here().api_name)
}

/// One change in the history of a record.
pub(super) fn change(record_type: &RecordType) -> String {
    format!("{}.change", record_type.api_name())
}
