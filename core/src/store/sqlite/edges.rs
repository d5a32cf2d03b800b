//! Edges of relationships: a table for each, with the rows of both records, found from both ends.

use rusqlite::{OptionalExtension, Row, params};

use crate::error::Result;
use crate::schema::{Relationship, RelationshipEnd};
use crate::store::{RowKey, StoredEdge};
use crate::value::Value;

use super::binder::Binder;
use super::columns::{parse, read_one};
use super::errors::store_error;
use super::layout::{create_table, quote, sql_type};
use super::transaction::Transaction;

const READING: &str = "read edges";
const WRITING: &str = "write edges";

/// The column with the rows of one side's records.
fn side_column(relationship: &Relationship, side: usize) -> String {
    let [first, second] = &relationship.sides;
    match side {
        0 => format!("{}_rid", first.record_type),
        _ if first.record_type == second.record_type => {
            format!("related_{}_rid", second.record_type)
        }
        _ => format!("{}_rid", second.record_type),
    }
}

/// The columns with the rows of this end's records and of those that they are linked to.
pub(super) fn row_columns(end: &RelationshipEnd) -> (String, String) {
    let column = |side| quote(&side_column(&end.relationship, side));
    (column(end.side), column(1 - end.side))
}

/// The tables and indexes that a relationship has.
pub(super) fn names(relationship: &Relationship) -> Vec<String> {
    match &relationship.reference {
        Some(column) => vec![reference_index(relationship, column)],
        None => vec![relationship.name.clone(), format!("{}__back", relationship.name)],
    }
}

fn reference_index(relationship: &Relationship, column: &str) -> String {
    format!("{}__{column}__back", relationship.sides[0].record_type)
}

/// The statements that make the table and its index, each harmless where it is there already; what
/// follows from an attribute has its column, and needs the index alone.
pub(super) fn create_statements(end: &RelationshipEnd) -> Vec<String> {
    let relationship = &*end.relationship;
    if let Some(column) = &relationship.reference {
        let index = quote(&reference_index(relationship, column));
        let table = quote(&relationship.sides[0].record_type);
        let column = quote(column);
        return vec![format!("CREATE INDEX IF NOT EXISTS {index} ON {table} ({column})")];
    }
    let (here, there) = row_columns(end);
    let mut columns = format!("{here} INTEGER NOT NULL, {there} INTEGER NOT NULL");
    for (name, sql_type) in attribute_columns(relationship) {
        columns.push_str(&format!(", {} {sql_type}", quote(name)));
    }
    columns.push_str(&format!(", PRIMARY KEY ({here}, {there})"));
    let index = quote(&format!("{}__back", relationship.name));
    let table = quote(&relationship.name);
    vec![
        create_table(&relationship.name, &columns, "STRICT, WITHOUT ROWID"),
        format!("CREATE INDEX IF NOT EXISTS {index} ON {table} ({there}, {here})"),
    ]
}

/// The columns of the attributes of edges, with their SQL types.
pub(super) fn attribute_columns(
    relationship: &Relationship,
) -> impl Iterator<Item = (&str, &'static str)> {
    let attributes = relationship.attributes.iter();
    attributes.map(|attribute| (attribute.api_name.as_str(), sql_type(attribute.value_type)))
}

fn selected(relationship: &Relationship, prefix: &str) -> String {
    let columns = attribute_columns(relationship);
    columns.map(|(name, _)| format!(", {prefix}{}", quote(name))).collect()
}

fn read_values(
    relationship: &Relationship,
    sql: &Row<'_>,
    from: usize,
) -> Result<Vec<Option<Value>>> {
    let attributes = relationship.attributes.iter().enumerate();
    attributes
        .map(|(place, attribute)| {
            let sql = sql.get_ref(from + place).map_err(store_error(READING))?;
            read_one(attribute.value_type, sql)
        })
        .collect()
}

pub(super) fn edges(
    transaction: &Transaction<'_>,
    end: &RelationshipEnd,
    row: RowKey,
    after: Option<RowKey>,
    limit: usize,
) -> Result<Vec<StoredEdge>> {
    let failed = store_error(READING);
    if let Some(column) = &end.relationship.reference {
        return referring(transaction, end, column, row, after, limit);
    }
    let (here, there) = row_columns(end);
    let mut statement = transaction.prepare(&format!(
        "SELECT edge.{there}, record.id{} FROM {} AS edge \
         JOIN {} AS record ON record.rid = edge.{there} AND record.archived_at IS NULL \
         WHERE edge.{here} = ?1 AND edge.{there} > ?2 ORDER BY edge.{there} LIMIT ?3",
        selected(&end.relationship, "edge."),
        quote(&end.relationship.name),
        quote(&end.there().record_type),
    ))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut found =
        statement.query(params![row, after.unwrap_or(RowKey::MIN), limit]).map_err(&failed)?;
    let mut edges = Vec::new();
    while let Some(sql) = found.next().map_err(&failed)? {
        edges.push(StoredEdge {
            row: sql.get(0).map_err(&failed)?,
            id: parse(sql.get_ref(1).map_err(&failed)?, "a UUID")?,
            values: read_values(&end.relationship, sql, 2)?,
        });
    }
    Ok(edges)
}

/// The edges of a relationship that follows from a column of the first side's records.
fn referring(
    transaction: &Transaction<'_>,
    end: &RelationshipEnd,
    column: &str,
    row: RowKey,
    after: Option<RowKey>,
    limit: usize,
) -> Result<Vec<StoredEdge>> {
    let failed = store_error(READING);
    let (column, here, there) =
        (quote(column), quote(&end.here().record_type), quote(&end.there().record_type));
    let is_linked = match end.side {
        // An id says which row it can only be in.
        0 => format!(
            "id = (SELECT {column} FROM {here} WHERE rid = ?1) \
             AND rid = headwater_row((SELECT {column} FROM {here} WHERE rid = ?1))"
        ),
        _ => format!("{column} = (SELECT id FROM {here} WHERE rid = ?1)"),
    };
    let mut statement = transaction.prepare(&format!(
        "SELECT rid, id FROM {there} WHERE archived_at IS NULL AND {is_linked} \
         AND rid > ?2 ORDER BY rid LIMIT ?3"
    ))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut found =
        statement.query(params![row, after.unwrap_or(RowKey::MIN), limit]).map_err(&failed)?;
    let mut edges = Vec::new();
    while let Some(sql) = found.next().map_err(&failed)? {
        let id = parse(sql.get_ref(1).map_err(&failed)?, "a UUID")?;
        edges.push(StoredEdge { row: sql.get(0).map_err(&failed)?, id, values: Vec::new() });
    }
    Ok(edges)
}

pub(super) fn edge(
    transaction: &Transaction<'_>,
    end: &RelationshipEnd,
    row: RowKey,
    other: RowKey,
) -> Result<Option<Vec<Option<Value>>>> {
    let failed = store_error(READING);
    let (here, there) = row_columns(end);
    let mut statement = transaction.prepare(&format!(
        "SELECT {here}{} FROM {} WHERE {here} = ?1 AND {there} = ?2",
        selected(&end.relationship, ""),
        quote(&end.relationship.name),
    ))?;
    let values =
        statement.query_row([row, other], |sql| Ok(read_values(&end.relationship, sql, 1)));
    values.optional().map_err(failed)?.transpose()
}

pub(super) fn write_edge(
    transaction: &Transaction<'_>,
    end: &RelationshipEnd,
    row: RowKey,
    other: RowKey,
    values: &[Option<Value>],
) -> Result<()> {
    let (here, there) = row_columns(end);
    let mut statement = transaction.prepare(&format!(
        "INSERT OR REPLACE INTO {} ({here}, {there}{}) VALUES (?, ?{})",
        quote(&end.relationship.name),
        selected(&end.relationship, ""),
        ", ?".repeat(values.len()),
    ))?;
    let mut binder = Binder::new(&mut statement);
    binder.bind(row)?;
    binder.bind(other)?;
    for value in values {
        binder.bind_value(value.as_ref(), 1)?;
    }
    statement.raw_execute().map_err(store_error(WRITING))?;
    Ok(())
}

pub(super) fn remove_edge(
    transaction: &Transaction<'_>,
    end: &RelationshipEnd,
    row: RowKey,
    other: RowKey,
) -> Result<()> {
    let (here, there) = row_columns(end);
    let table = quote(&end.relationship.name);
    transaction
        .prepare(&format!("DELETE FROM {table} WHERE {here} = ?1 AND {there} = ?2"))?
        .execute([row, other])
        .map_err(store_error(WRITING))?;
    Ok(())
}

pub(super) fn unset_on_edges(
    transaction: &Transaction<'_>,
    end: &RelationshipEnd,
    row: RowKey,
    attribute: usize,
) -> Result<()> {
    let (here, _) = row_columns(end);
    let table = quote(&end.relationship.name);
    let column = quote(&end.relationship.attributes[attribute].api_name);
    transaction
        .prepare(&format!("UPDATE {table} SET {column} = 0 WHERE {here} = ?1 AND {column} = 1"))?
        .execute([row])
        .map_err(store_error(WRITING))?;
    Ok(())
}
