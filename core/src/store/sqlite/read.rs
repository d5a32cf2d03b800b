//! Reading records: by id, by match key, and whole.

use rusqlite::types::ValueRef;
use rusqlite::{OptionalExtension, Row, params};
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::operation::Digest;
use crate::schema::RecordType;
use crate::store::{Glance, RowKey, Selection, Settings, StoredRecord};
use crate::value::{Item, LABELS, Value, ValueType};

use super::columns::{parse, read_address, read_one, read_text, read_timestamp};
use super::errors::{corrupt, store_error};
use super::identity::row_of;
use super::layout::{DIGEST, Layout, Storage, key_table, quote};
use super::transaction::Transaction;

const READING: &str = "read records";

pub(super) fn settings(transaction: &Transaction<'_>) -> Result<Settings> {
    let organization_id = setting(transaction, "organization_id")?
        .and_then(|text| Uuid::parse_str(&text).ok())
        .ok_or_else(|| corrupt("no organization id"))?;
    let rejects_duplicates = setting(transaction, "duplicates")?.as_deref() == Some("reject");
    let keeps_history = setting(transaction, "history")?.as_deref() != Some("off");
    Ok(Settings { organization_id, rejects_duplicates, keeps_history })
}

/// One of the workspace's settings.
pub(super) fn setting(transaction: &Transaction<'_>, name: &str) -> Result<Option<String>> {
    transaction
        .prepare("SELECT value FROM headwater_setting WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()
        .map_err(store_error("read the workspace's settings"))
}

pub(super) fn find_ids(
    transaction: &Transaction<'_>,
    record_type: &RecordType,
    ids: &[Uuid],
    is_archived: bool,
) -> Result<Vec<Option<RowKey>>> {
    let table = quote(record_type.api_name());
    let test = if is_archived { "IS NOT NULL" } else { "IS NULL" };
    let mut statement = transaction
        .prepare(&format!("SELECT id = ?2 FROM {table} WHERE rid = ?1 AND archived_at {test}"))?;
    let mut rows = Vec::with_capacity(ids.len());
    for id in ids {
        let row = row_of(*id);
        let same = statement
            .query_row(params![row, id.to_string()], |row| row.get::<_, bool>(0))
            .optional()
            .map_err(store_error(READING))?;
        rows.push((same == Some(true)).then_some(row));
    }
    Ok(rows)
}

/// The records that hold these keys; `from` is the place of the first key.
pub(super) fn find_keys(
    transaction: &Transaction<'_>,
    record_type: &RecordType,
    attribute: usize,
    from: usize,
    keys: &[&str],
) -> Result<Vec<(usize, RowKey)>> {
    let failed = store_error(READING);
    let table = quote(&key_table(record_type, attribute));
    let mut statement =
        transaction.prepare(&format!("SELECT rid FROM {table} WHERE key = ?1 ORDER BY rid"))?;
    let mut found = Vec::with_capacity(keys.len());
    for (place, key) in keys.iter().enumerate() {
        let mut rows = statement.query([key]).map_err(&failed)?;
        while let Some(row) = rows.next().map_err(&failed)? {
            found.push((from + place, row.get(0).map_err(&failed)?));
        }
    }
    Ok(found)
}

pub(super) fn glance(
    transaction: &Transaction<'_>,
    record_type: &RecordType,
    rows: &[RowKey],
) -> Result<Vec<Glance>> {
    let failed = store_error(READING);
    let table = quote(record_type.api_name());
    let mut statement =
        transaction.prepare(&format!("SELECT id, {DIGEST} FROM {table} WHERE rid = ?1"))?;
    let mut glances = Vec::with_capacity(rows.len());
    for &row in rows {
        let mut found = statement.query([row]).map_err(&failed)?;
        let sql = found.next().map_err(&failed)?.ok_or_else(|| without_record(&table))?;
        glances.push(Glance {
            row,
            id: parse(sql.get_ref(0).map_err(&failed)?, "a UUID")?,
            digest: read_digest(sql.get_ref(1).map_err(&failed)?)?,
        });
    }
    Ok(glances)
}

fn read_digest(sql: ValueRef<'_>) -> Result<Option<Digest>> {
    match sql {
        ValueRef::Null => Ok(None),
        ValueRef::Blob(bytes) => {
            let bytes = bytes.try_into().map_err(|_| corrupt("a digest of another length"))?;
            Ok(Some(Digest(bytes)))
        }
        other => Err(corrupt(format_args!("{} where a digest belongs", other.data_type()))),
    }
}

fn without_record(table: &str) -> Error {
    corrupt(format_args!("a match key of {table} without its record"))
}

pub(super) fn load(
    transaction: &Transaction<'_>,
    record_type: &RecordType,
    selection: &Selection,
    rows: &[RowKey],
) -> Result<Vec<StoredRecord>> {
    let layout = &Layout::new(record_type);
    let table = quote(&layout.table);
    let columns = selected_columns(layout, selection);
    let mut statement = transaction.prepare(&format!(
        "SELECT id, created_at, updated_at, {DIGEST}{columns} FROM {table} WHERE rid = ?1"
    ))?;
    let mut records = Vec::with_capacity(rows.len());
    for &row in rows {
        let mut found = statement.query([row]).map_err(store_error(READING))?;
        let sql =
            found.next().map_err(store_error(READING))?.ok_or_else(|| without_record(&table))?;
        records.push(read_record(record_type, layout, selection, row, sql)?);
    }
    drop(statement);
    for attribute in selection.iter() {
        if let Storage::Child { table, is_item } = &layout.storage[attribute] {
            let value_type = record_type.attribute(attribute).value_type;
            load_lists(transaction, table, *is_item, value_type, attribute, &mut records)?;
        }
    }
    Ok(records)
}

/// The selected columns of the record's own row, each with a comma before it.
pub(super) fn selected_columns(layout: &Layout, selection: &Selection) -> String {
    let mut columns = String::new();
    for attribute in selection.iter() {
        if let Storage::Columns(names) = &layout.storage[attribute] {
            for name in names {
                columns.push_str(", ");
                columns.push_str(&quote(name));
            }
        }
    }
    columns
}

fn read_record(
    record_type: &RecordType,
    layout: &Layout,
    selection: &Selection,
    row: RowKey,
    sql: &Row<'_>,
) -> Result<StoredRecord> {
    let column = |index: usize| sql.get_ref(index).map_err(store_error(READING));
    let mut record = StoredRecord {
        row,
        id: parse(column(0)?, "a UUID")?,
        created_at: read_timestamp(column(1)?)?,
        updated_at: read_timestamp(column(2)?)?,
        digest: read_digest(column(3)?)?,
        values: vec![None; layout.storage.len()],
    };
    let mut next = 4;
    for attribute in selection.iter() {
        let Storage::Columns(names) = &layout.storage[attribute] else { continue };
        let value_type = record_type.attribute(attribute).value_type;
        record.values[attribute] = if value_type == ValueType::Address {
            read_address(|part| column(next + part))?
        } else {
            read_one(value_type, column(next)?)?
        };
        next += names.len();
    }
    Ok(record)
}

fn load_lists(
    transaction: &Transaction<'_>,
    table: &str,
    is_item: bool,
    value_type: ValueType,
    attribute: usize,
    records: &mut [StoredRecord],
) -> Result<()> {
    let columns = if is_item { "text, number, is_primary, labels" } else { "value" };
    let mut statement = transaction.prepare(&format!(
        "SELECT {columns} FROM {} WHERE rid = ?1 ORDER BY position",
        quote(table)
    ))?;
    for record in records {
        let mut found = statement.query([record.row]).map_err(store_error(READING))?;
        let mut elements = Vec::new();
        while let Some(sql) = found.next().map_err(store_error(READING))? {
            let first = sql.get_ref(0).map_err(store_error(READING))?;
            let element =
                if is_item { Some(read_item(sql)?) } else { read_one(value_type, first)? };
            elements.extend(element);
        }
        record.values[attribute] = (!elements.is_empty()).then(|| Value::List(elements.into()));
    }
    Ok(())
}

fn read_item(sql: &Row<'_>) -> Result<Value> {
    let failed = store_error(READING);
    let mut item = Item::new(read_text(sql.get_ref(0).map_err(&failed)?)?);
    item.number = sql.get(1).map_err(&failed)?;
    item.is_primary = sql.get(2).map_err(&failed)?;
    if let Some(labels) = sql.get::<_, Option<String>>(3).map_err(&failed)? {
        let known = |name: &str| LABELS.iter().copied().find(|label| *label == name);
        item.labels = labels
            .split(',')
            .map(|name| {
                known(name).ok_or_else(|| -> Error { corrupt(format_args!("the label {name:?}")) })
            })
            .collect::<Result<_>>()?;
    }
    Ok(Value::Item(Box::new(item)))
}
