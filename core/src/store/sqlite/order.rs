//! The order of a query as SQL, and what comes after the end of a page in it.

use std::fmt::Write;

use rusqlite::types::{ToSqlOutput, Value as SqlValue};
use serde_json::Value as Json;

use crate::operation::query::{Position, Sort};
use crate::schema::{Attribute, Origin, RecordType, SystemField};
use crate::store::StoredRecord;
use crate::value::Value;

use super::columns::bind_one;
use super::query::Sql;

/// Where a page ends that ends with this record.
pub(super) fn position(record_type: &RecordType, sort: &[Sort], last: &StoredRecord) -> Position {
    let values = sort.iter().map(|sort| {
        let attribute = record_type.attribute(sort.attribute);
        let system = match attribute.origin {
            Origin::System(SystemField::Id) => Some(Value::Uuid(last.id)),
            Origin::System(SystemField::CreatedAt) => Some(Value::Timestamp(last.created_at)),
            Origin::System(SystemField::UpdatedAt) => Some(Value::Timestamp(last.updated_at)),
            _ => None,
        };
        match system.as_ref().or(last.values[sort.attribute].as_ref()) {
            None => Json::Null,
            Some(Value::Text(name)) if has_places(attribute) => {
                let options = attribute.options.iter();
                options.map(|one| one.name()).position(|known| known == **name).into()
            }
            Some(Value::Boolean(boolean)) => Json::from(*boolean),
            Some(Value::Number(number)) => number.to_json(),
            Some(value) => match bind_one(value) {
                ToSqlOutput::Owned(SqlValue::Text(text)) => Json::from(text),
                _ => value.as_text().map_or(Json::Null, Json::from),
            },
        }
    });
    Position { values: values.collect(), row: last.row }
}

impl Sql<'_> {
    /// The fields of an order, each with a comma behind it.
    pub(super) fn order(&mut self, sort: &[Sort]) {
        for by in sort {
            let (column, collation) = self.ordered(by.attribute);
            let direction = if by.is_descending { "DESC" } else { "ASC" };
            // Where nothing is empty an index has that order already.
            let empty = if is_never_empty(self.record_type, *by) { "" } else { " NULLS LAST" };
            self.push(&format!("{column}{collation} {direction}{empty}, "));
        }
    }

    /// What comes after a position: later in the first field, or equal in it and later in the rest.
    pub(super) fn after(&mut self, sort: &[Sort], position: &Position, field: usize) {
        let (Some(by), Some(value)) = (sort.get(field), position.values.get(field)) else {
            self.push("rid > ");
            return self.bind(position.row);
        };
        let (column, collation) = self.ordered(by.attribute);
        let later = if by.is_descending { "<" } else { ">" };
        if is_never_empty(self.record_type, *by) && !value.is_null() {
            // The range first, which an index finds.
            self.push(&format!("({column} {later}= "));
            self.bind(scalar(value));
            self.push(&format!(" AND ({column} {later} "));
            self.bind(scalar(value));
            self.push(" OR ");
            self.after(sort, position, field + 1);
            return self.push("))");
        }
        if value.is_null() {
            // Records without a value come last.
            self.push(&format!("({column} IS NULL AND "));
        } else {
            self.push(&format!("({column} IS NULL OR {column}{collation} {later} "));
            self.bind(scalar(value));
            self.push(&format!(" OR {column}{collation} = "));
            self.bind(scalar(value));
            self.push(" AND ");
        }
        self.after(sort, position, field + 1);
        self.push(")");
    }

    /// What an attribute is ordered by, and the collation for it: options by their place in the list
    /// that declares them, as stages follow on one another.
    fn ordered(&self, attribute: usize) -> (String, &'static str) {
        let (column, collation) = self.column(attribute);
        let attribute = self.record_type.attribute(attribute);
        if !has_places(attribute) {
            return (column, collation);
        }
        let mut places = format!("CASE {column}");
        for (place, option) in attribute.options.iter().enumerate() {
            let name = option.name().replace('\'', "''");
            // Writing to text does not fail.
            let _ = write!(places, " WHEN '{name}' THEN {place}");
        }
        (places + " END", "")
    }
}

/// Whether an attribute has options in an order; of an enum whose names are not known there are none.
fn has_places(attribute: &Attribute) -> bool {
    attribute.value_type.has_options() && !attribute.options.is_empty()
}

fn scalar(value: &Json) -> SqlValue {
    match value {
        Json::String(text) => SqlValue::Text(text.clone()),
        Json::Bool(boolean) => SqlValue::Integer((*boolean).into()),
        Json::Number(number) => number
            .as_i64()
            .map(SqlValue::Integer)
            .or_else(|| number.as_f64().map(SqlValue::Real))
            .unwrap_or(SqlValue::Null),
        _ => SqlValue::Null,
    }
}

/// Whether every record has a value in a field of the order.
fn is_never_empty(record_type: &RecordType, sort: Sort) -> bool {
    let origin = &record_type.attribute(sort.attribute).origin;
    matches!(
        origin,
        Origin::System(SystemField::Id | SystemField::CreatedAt | SystemField::UpdatedAt)
    )
}
