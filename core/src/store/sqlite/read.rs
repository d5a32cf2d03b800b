//! Reading records: by id, by match key, and whole.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::operation::Digest;
use crate::schema::RecordType;
use crate::store::{Glance, RowKey, Selection, Settings, StoredRecord};
use crate::value::{Item, LABELS, Timestamp, Value, ValueType};

use super::columns::{parse, read_address, read_one, read_text, read_timestamp};
use super::errors::{corrupt, store_error};
use super::identity::row_of;
use super::layout::{DIGEST, Layout, Storage, key_table, quote};
use super::transaction::{Transaction, prepare};

const READING: &str = "read records";

pub(super) fn settings(transaction: &Transaction<'_>) -> Result<Settings> {
    let organization_id = organization_id(transaction)?;
    let rejects_duplicates = setting(transaction, "duplicates")?.as_deref() == Some("reject");
    let keeps_history = setting(transaction, "history")?.as_deref() != Some("off");
    Ok(Settings { organization_id, rejects_duplicates, keeps_history })
}

/// Every record shows it, and it never changes: read once.
pub(super) fn organization_id(transaction: &Transaction<'_>) -> Result<Uuid> {
    let known = &transaction.store().organization_id;
    if let Some(id) = known.get() {
        return Ok(*id);
    }
    let id = setting(transaction, "organization_id")?
        .and_then(|text| Uuid::parse_str(&text).ok())
        .ok_or_else(|| corrupt("no organization id"))?;
    Ok(*known.get_or_init(|| id))
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

pub(super) fn latest_update(
    transaction: &Transaction<'_>,
    record_type: &RecordType,
) -> Result<Timestamp> {
    let latest = transaction
        .prepare("SELECT latest_update FROM headwater_record_type WHERE api_name = ?1")?
        .query_row([record_type.api_name()], |row| row.get(0))
        .optional()
        .map_err(store_error(READING))?;
    Ok(Timestamp(latest.unwrap_or(0)))
}

/// The records that hold these keys.
pub(super) fn find_keys(
    transaction: &Transaction<'_>,
    record_type: &RecordType,
    attribute: usize,
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
            found.push((place, row.get(0).map_err(&failed)?));
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
    let layout = &*transaction.store().layouts.of(record_type);
    let selected = (!selection.is_all()).then(|| layout.select(selection));
    let mut statement = transaction.prepare(selected.as_ref().unwrap_or(&layout.select))?;
    let mut records = Vec::with_capacity(rows.len());
    for &row in rows {
        let mut found = statement.query([row]).map_err(store_error(READING))?;
        let sql = found
            .next()
            .map_err(store_error(READING))?
            .ok_or_else(|| without_record(&layout.table))?;
        records.push(read_record(record_type, layout, selection, row, sql)?);
    }
    drop(statement);
    load_arrays(transaction.connection(), record_type, layout, selection, &mut records)?;
    Ok(records)
}

/// The record with an id, whole. It needs no transaction: the first statement is under way until the
/// arrays are read, and keeps its view of the workspace for them.
pub(super) fn get(
    connection: &Connection,
    layout: &Layout,
    record_type: &RecordType,
    id: Uuid,
) -> Result<Option<StoredRecord>> {
    let row = row_of(id);
    let mut statement = prepare(connection, &layout.select_present)?;
    let mut found = statement.query([row]).map_err(store_error(READING))?;
    let Some(sql) = found.next().map_err(store_error(READING))? else { return Ok(None) };
    let selection = Selection::all(record_type);
    let mut record = read_record(record_type, layout, &selection, row, sql)?;
    if record.id != id {
        return Ok(None);
    }
    load_arrays(connection, record_type, layout, &selection, std::slice::from_mut(&mut record))?;
    drop(found);
    Ok(Some(record))
}

/// Reads all arrays of records, by one statement for all.
fn load_every_array(
    connection: &Connection,
    record_type: &RecordType,
    select: &str,
    records: &mut [StoredRecord],
) -> Result<()> {
    let mut statement = prepare(connection, select)?;
    for record in records {
        let mut elements = vec![Vec::new(); record.values.len()];
        let mut found = statement.query([record.row]).map_err(store_error(READING))?;
        while let Some(sql) = found.next().map_err(store_error(READING))? {
            let attribute: usize = sql.get(0).map_err(store_error(READING))?;
            let value_type = record_type.attribute(attribute).value_type;
            elements[attribute].extend(read_element(value_type, sql, 2)?);
        }
        for (value, elements) in record.values.iter_mut().zip(elements) {
            if !elements.is_empty() {
                *value = Some(Value::List(elements.into()));
            }
        }
    }
    Ok(())
}

/// Reads the selected arrays of records.
fn load_arrays(
    connection: &Connection,
    record_type: &RecordType,
    layout: &Layout,
    selection: &Selection,
    records: &mut [StoredRecord],
) -> Result<()> {
    if let Some(select) = layout.select_arrays.as_ref().filter(|_| selection.is_all()) {
        return load_every_array(connection, record_type, select, records);
    }
    for attribute in selection.iter() {
        if let Storage::Child { select, .. } = &layout.storage[attribute] {
            let value_type = record_type.attribute(attribute).value_type;
            load_lists(connection, select, value_type, attribute, records)?;
        }
    }
    Ok(())
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
    connection: &Connection,
    select: &str,
    value_type: ValueType,
    attribute: usize,
    records: &mut [StoredRecord],
) -> Result<()> {
    let mut statement = prepare(connection, select)?;
    for record in records {
        let mut found = statement.query([record.row]).map_err(store_error(READING))?;
        let mut elements = Vec::new();
        while let Some(sql) = found.next().map_err(store_error(READING))? {
            elements.extend(read_element(value_type, sql, 0)?);
        }
        record.values[attribute] = (!elements.is_empty()).then(|| Value::List(elements.into()));
    }
    Ok(())
}

/// The element of an array whose columns begin at `from`.
fn read_element(value_type: ValueType, sql: &Row<'_>, from: usize) -> Result<Option<Value>> {
    let failed = store_error(READING);
    let first = sql.get_ref(from).map_err(&failed)?;
    if !value_type.is_item() {
        return read_one(value_type, first);
    }
    let mut item = Item::new(read_text(first)?);
    item.number = sql.get(from + 1).map_err(&failed)?;
    item.is_primary = sql.get(from + 2).map_err(&failed)?;
    if let Some(labels) = sql.get::<_, Option<String>>(from + 3).map_err(&failed)? {
        let known = |name: &str| LABELS.iter().copied().find(|label| *label == name);
        item.labels = labels
            .split(',')
            .map(|name| {
                known(name).ok_or_else(|| -> Error { corrupt(format_args!("the label {name:?}")) })
            })
            .collect::<Result<_>>()?;
    }
    Ok(Some(Value::Item(Box::new(item))))
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use crate::schema::Schema;
    use crate::store::SqliteStore;
    use crate::store::sqlite::layout::Storage;

    #[test]
    fn a_statement_is_not_prepared_again_for_each_value() {
        let folder = tempfile::tempdir().unwrap();
        let schema = Schema::standard();
        let store = SqliteStore::open(&folder.path().join("crm.db"), &schema, true).unwrap();
        let layout = store.layouts.of(schema.record_type("contact").unwrap());
        let transaction = store.begin_read().unwrap();
        let arrays = layout.storage.iter().filter_map(|storage| match storage {
            Storage::Child { select, .. } => Some(select),
            _ => None,
        });
        let mut read = 0;
        for select in arrays.chain(&layout.select_arrays).chain([&layout.select]) {
            let mut statement = transaction.prepare(select).unwrap();
            for row in 0..5 {
                assert!(statement.query([row]).unwrap().next().unwrap().is_none());
            }
            assert_eq!(statement.get_status(StatementStatus::RePrepare), 0, "{select}");
            read += 1;
        }
        assert!(read > 2, "the contact has arrays");
    }
}
