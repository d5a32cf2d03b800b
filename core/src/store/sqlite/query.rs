//! Queries as SQL: every operand is bound, every name is quoted.

use std::cmp::Ordering;
use std::sync::Arc;

use rusqlite::functions::FunctionFlags;
use rusqlite::types::{ToSqlOutput, Value as SqlValue};
use rusqlite::{Connection, params_from_iter};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::error::Result;
use crate::operation::query::{Condition, Filter, Hop, Operator, keys_of};
use crate::operation::{Page, Query};
use crate::record::Record;
use crate::schema::{Attribute, Origin, RecordType, SystemField};
use crate::store::{RowKey, Selection};
use crate::value::{Value, ValueType, caseless};

use super::columns::bind_one;
use super::edges::row_columns;
use super::errors::store_error;
use super::identity::row_of;
use super::layout::{Layout, Layouts, Storage, key_table, quote};
use super::order::position;
use super::transaction::Transaction;
use super::updates;

/// Adds what queries need and SQLite lacks: the order of exact decimals, and letters without case
/// in every script.
pub(super) fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.create_collation("decimal", |a, b| {
        let decimal = |text: &str| text.parse::<Decimal>().ok();
        match (decimal(a), decimal(b)) {
            (Some(a), Some(b)) => a.cmp(&b),
            (a, b) => a.is_some().cmp(&b.is_some()).then(Ordering::Equal),
        }
    })?;
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("headwater_row", 1, flags, |context| {
        let id = context.get::<Option<String>>(0)?.and_then(|id| Uuid::parse_str(&id).ok());
        Ok(id.map(row_of))
    })?;
    connection.create_scalar_function("headwater_lower", 1, flags, |context| {
        Ok(context.get::<Option<String>>(0)?.map(|text| text.to_lowercase()))
    })?;
    connection.create_scalar_function("headwater_caseless", 1, flags, |context| {
        Ok(context.get::<Option<String>>(0)?.map(|text| caseless(&text)))
    })
}

pub(super) fn query(
    transaction: &mut Transaction<'_>,
    record_type: &Arc<RecordType>,
    query: &Query,
) -> Result<Page> {
    let failed = store_error("query records");
    let organization_id = super::read::organization_id(transaction)?;
    let is_narrow = updates::is_narrow(transaction, record_type, query)?;
    let sql = statement(&transaction.store().layouts, record_type, query, is_narrow);
    let mut statement = transaction.prepare(&sql.text)?;
    let mut rows = statement
        .query_map(params_from_iter(sql.bound), |row| row.get::<_, RowKey>(0))
        .and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>)
        .map_err(&failed)?;
    drop(statement);
    let has_next = rows.len() > query.limit;
    rows.truncate(query.limit);
    let stored = super::read::load(transaction, record_type, &Selection::all(record_type), &rows)?;
    let next_cursor = stored
        .last()
        .filter(|_| has_next)
        .map(|last| query.cursor(record_type, &position(record_type, &query.sort, last)));
    let records = stored
        .into_iter()
        .map(|stored| Record {
            record_type: Arc::clone(record_type),
            id: stored.id,
            organization_id,
            created_at: stored.created_at,
            updated_at: stored.updated_at,
            values: stored.values,
            raw: None,
        })
        .collect();
    Ok(Page { records, next_cursor })
}

/// The statement that gives the rows of a page, and one more; where the filter is narrow, by what
/// it has an index for, even if that index has another order.
pub(super) fn statement<'a>(
    layouts: &'a Layouts,
    record_type: &'a RecordType,
    query: &'a Query,
    is_narrow: bool,
) -> Sql<'a> {
    let sql = Sql::found_by_key(layouts, record_type, &query.filter);
    let mut sql = sql.unwrap_or_else(|| {
        let mut sql = Sql::rows_of(layouts, record_type);
        sql.filter(&query.filter);
        sql
    });
    if let Some(position) = &query.after {
        sql.push(" AND ");
        sql.after(&query.sort, position, 0);
    }
    sql.push(" ORDER BY ");
    sql.order(&query.sort);
    // One more than a page tells whether there is a next one.
    let sign = if is_narrow { "+" } else { "" };
    sql.push(&format!("{sign}rid LIMIT {}", query.limit + 1));
    sql
}

/// A statement in the making.
pub(super) struct Sql<'a> {
    layouts: &'a Layouts,
    pub(super) record_type: &'a RecordType,
    layout: Arc<Layout>,
    pub(super) text: String,
    pub(super) bound: Vec<SqlValue>,
}

impl<'a> Sql<'a> {
    /// The rows of a type's records that fulfil what follows.
    pub(super) fn rows_of(layouts: &'a Layouts, record_type: &'a RecordType) -> Self {
        let layout = layouts.of(record_type);
        let table = quote(&layout.table);
        let text = format!("SELECT rid FROM {table} WHERE archived_at IS NULL AND ");
        Self { layouts, record_type, layout, text, bound: Vec::new() }
    }

    /// The rows of the records that a filter selects which is nothing but the equality of a match
    /// key: straight from the keys, in order, without a list of them in between.
    fn found_by_key(
        layouts: &'a Layouts,
        record_type: &'a RecordType,
        filter: &'a Filter,
    ) -> Option<Self> {
        let condition = filter.lookup(record_type)?;
        let keys = keys_of(record_type, condition.attribute)?;
        let [operand] = &condition.operands[..] else { return None };
        let key = operand.match_key(record_type.attribute(keys).value_type)?;
        let layout = layouts.of(record_type);
        let table = quote(&layout.table);
        let from = quote(&key_table(record_type, keys));
        let mut sql = Self { layouts, record_type, layout, text: String::new(), bound: Vec::new() };
        sql.push(&format!("SELECT rid FROM (SELECT rid FROM {from} WHERE key = "));
        sql.bind(key.into_owned());
        sql.push(&format!(") CROSS JOIN {table} USING (rid) WHERE archived_at IS NULL"));
        if keys != condition.attribute {
            sql.push(" AND ");
            let column = sql.column(condition.attribute).0;
            sql.compare(condition.attribute, &column, condition.operator, &condition.operands);
        }
        Some(sql)
    }

    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    pub(super) fn bind(&mut self, value: impl Into<SqlValue>) {
        self.push("?");
        self.bound.push(value.into());
    }

    fn bind_value(&mut self, value: &Value) {
        self.bind(match (bind_one(value), value.as_text()) {
            (ToSqlOutput::Owned(value), _) => value,
            (_, Some(text)) => SqlValue::Text(text.to_owned()),
            _ => SqlValue::Null,
        });
    }

    fn bind_list(&mut self, values: &[Value]) {
        self.push("(");
        for (index, value) in values.iter().enumerate() {
            if index > 0 {
                self.push(", ");
            }
            self.bind_value(value);
        }
        self.push(")");
    }

    /// The column of a single attribute, and the collation that orders it.
    pub(super) fn column(&self, attribute: usize) -> (String, &'static str) {
        let declared = self.record_type.attribute(attribute);
        let name = match &self.layout.storage[attribute] {
            Storage::Columns(names) => quote(&names[0]),
            _ => match declared.origin {
                // What the workspace itself keeps and no column holds is the same for every record.
                Origin::System(SystemField::OrganizationId | SystemField::CreatedByUserId) => {
                    "NULL".to_owned()
                }
                _ => quote(&declared.api_name),
            },
        };
        (name, collation(declared))
    }

    fn filter(&mut self, filter: &'a Filter) {
        match filter {
            Filter::All(filters) => self.group(filters, " AND ", "TRUE"),
            Filter::Any(filters) => self.group(filters, " OR ", "FALSE"),
            Filter::Not(filter) => {
                // What is unknown of an empty attribute is not fulfilled, so its opposite is.
                self.push("NOT coalesce(");
                self.filter(filter);
                self.push(", FALSE)");
            }
            Filter::Condition(condition) => self.condition(condition),
        }
    }

    fn group(&mut self, filters: &'a [Filter], between: &str, empty: &str) {
        self.push("(");
        for (index, filter) in filters.iter().enumerate() {
            if index > 0 {
                self.push(between);
            }
            self.filter(filter);
        }
        if filters.is_empty() {
            self.push(empty);
        }
        self.push(")");
    }

    pub(super) fn condition(&mut self, condition: &'a Condition) {
        let (opposite, is_negated) = match condition.operator {
            Operator::Ne => (Operator::Eq, true),
            Operator::NotIn => (Operator::In, true),
            Operator::NotExists => (Operator::Exists, true),
            operator => (operator, false),
        };
        if is_negated {
            self.push("NOT coalesce(");
        }
        let (record_type, layout) = (self.record_type, Arc::clone(&self.layout));
        for hop in &condition.hops {
            self.hop(hop);
        }
        self.positive(condition.attribute, opposite, &condition.operands);
        self.push(&"))".repeat(condition.hops.len()));
        (self.record_type, self.layout) = (record_type, layout);
        if is_negated {
            self.push(", FALSE)");
        }
    }

    /// Opens what is true of records that are linked to one that fulfils what follows.
    fn hop(&mut self, hop: &'a Hop) {
        if let Some(column) = &hop.end.relationship.reference {
            return self.reference_hop(hop, column);
        }
        let (here, there) = row_columns(&hop.end);
        let edges = quote(&hop.end.relationship.name);
        self.record_type = &hop.record_type;
        self.layout = self.layouts.of(&hop.record_type);
        let records = quote(&self.layout.table);
        self.push(&format!(
            "rid IN (SELECT {here} FROM {edges} WHERE {there} IN \
             (SELECT rid FROM {records} WHERE archived_at IS NULL AND "
        ));
    }

    /// As [`Sql::hop`], where the column of one side has the id of the other.
    fn reference_hop(&mut self, hop: &'a Hop, column: &str) {
        self.record_type = &hop.record_type;
        self.layout = self.layouts.of(&hop.record_type);
        let (column, records) = (quote(column), quote(&self.layout.table));
        let opened = match hop.end.side {
            0 => format!("({column} IN (SELECT id FROM {records}"),
            _ => format!("(rid IN (SELECT headwater_row({column}) FROM {records}"),
        };
        self.push(&opened);
        self.push(" WHERE archived_at IS NULL AND ");
    }

    fn positive(&mut self, attribute: usize, operator: Operator, operands: &[Value]) {
        let declared = self.record_type.attribute(attribute);
        let is_equality = matches!(operator, Operator::Eq | Operator::In);
        if declared.origin == Origin::System(SystemField::Id) {
            return self.ids(operator, operands);
        }
        if declared.origin == Origin::System(SystemField::OrganizationId) {
            return self.organization(operator, operands);
        }
        if let Some(keys) = keys_of(self.record_type, attribute).filter(|_| is_equality) {
            self.push("(rid IN (SELECT rid FROM ");
            self.push(&quote(&key_table(self.record_type, keys)));
            self.push(" WHERE key IN ");
            let value_type = self.record_type.attribute(keys).value_type;
            let keys_of = operands.iter().filter_map(|operand| operand.match_key(value_type));
            let texts: Vec<Value> = keys_of.map(|key| Value::Text((*key).into())).collect();
            self.bind_list(&texts);
            self.push(")");
            if keys != attribute {
                // One of the record's keys, but not necessarily the primary one.
                self.push(" AND ");
                self.compare(attribute, &self.column(attribute).0, operator, operands);
            }
            return self.push(")");
        }
        let layout = Arc::clone(&self.layout);
        match &layout.storage[attribute] {
            Storage::Child { table, is_item, .. } => {
                let column = if *is_item { "text" } else { "value" };
                let table = quote(table);
                self.push(&format!("rid IN (SELECT rid FROM {table} WHERE "));
                self.compare(attribute, column, operator, operands);
                self.push(")");
            }
            // An address is there where any part of it is.
            Storage::Columns(parts) if declared.value_type == ValueType::Address => {
                let parts: Vec<String> = parts.iter().map(|part| quote(part)).collect();
                self.push(&format!("coalesce({}) IS NOT NULL", parts.join(", ")));
            }
            _ => {
                let (column, _) = self.column(attribute);
                self.compare(attribute, &column, operator, operands);
            }
        }
    }

    /// Compares one column; the statement is unknown or false where it is empty.
    fn compare(&mut self, attribute: usize, column: &str, operator: Operator, operands: &[Value]) {
        let declared = self.record_type.attribute(attribute);
        let collation = collation(declared);
        let is_normalised = matches!(
            declared.value_type,
            ValueType::Email | ValueType::ContactEmail | ValueType::AccountDomain
        );
        let compared = if is_normalised {
            format!("headwater_lower(trim({column}))")
        } else {
            column.to_owned()
        };
        let simple = match operator {
            Operator::Eq => "=",
            Operator::Gt => ">",
            Operator::Gte => ">=",
            Operator::Lt => "<",
            Operator::Lte => "<=",
            _ => "",
        };
        match (operator, operands) {
            (Operator::Exists, _) => self.push(&format!("{column} IS NOT NULL")),
            (Operator::In, operands) => {
                self.push(&format!("{compared}{collation} IN "));
                self.bind_list(operands);
            }
            (Operator::Between, [low, high]) => {
                self.push(&format!("{compared}{collation} BETWEEN "));
                self.bind_value(low);
                self.push(" AND ");
                self.bind_value(high);
            }
            (Operator::Contains | Operator::StartsWith | Operator::EndsWith, [operand]) => {
                self.text_test(column, operator, operand.as_text().unwrap_or_default());
            }
            (_, [operand]) => {
                self.push(&format!("{compared}{collation} {simple} "));
                self.bind_value(operand);
            }
            _ => self.push("FALSE"),
        }
    }

    fn text_test(&mut self, column: &str, operator: Operator, text: &str) {
        // In bytes: of a text SQLite would take what stands before its first NUL.
        let bytes = text.len();
        match operator {
            Operator::Contains => {
                self.push(&format!("instr(headwater_caseless({column}), "));
                self.bind(text.to_owned());
                self.push(") > 0");
            }
            // `substr` from minus zero would be the whole text.
            _ if bytes == 0 => self.push(&format!("{column} IS NOT NULL")),
            _ => {
                let part = if operator == Operator::StartsWith { "1, " } else { "-" };
                let text_of = format!("CAST(headwater_caseless({column}) AS BLOB)");
                self.push(&format!("substr({text_of}, {part}{bytes}) = "));
                self.bind(text.as_bytes().to_vec());
            }
        }
    }

    /// An id says which row it can only be in.
    fn ids(&mut self, operator: Operator, operands: &[Value]) {
        if operator == Operator::Exists {
            return self.push("TRUE");
        }
        self.push("(rid IN (");
        for (index, operand) in operands.iter().enumerate() {
            if index > 0 {
                self.push(", ");
            }
            match operand {
                Value::Uuid(id) => self.bind(row_of(*id)),
                _ => self.push("NULL"),
            }
        }
        self.push(") AND id IN ");
        self.bind_list(operands);
        self.push(")");
    }

    /// Every record belongs to the same organization.
    fn organization(&mut self, operator: Operator, operands: &[Value]) {
        if operator == Operator::Exists {
            return self.push("TRUE");
        }
        self.push("(SELECT value FROM headwater_setting WHERE name = 'organization_id') IN ");
        self.bind_list(operands);
    }
}

/// Exact decimals are stored as text and ordered as numbers.
fn collation(attribute: &Attribute) -> &'static str {
    if attribute.value_type.is_decimal() { " COLLATE decimal" } else { "" }
}
