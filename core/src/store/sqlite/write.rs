//! Writing records and their match keys, in the order that touches the fewest pages.

use rusqlite::types::{ToSqlOutput, Value as SqlValue};
use rusqlite::{OptionalExtension, ToSql, params, params_from_iter};
use uuid::Uuid;

use crate::error::Result;
use crate::schema::RecordType;
use crate::store::{KeyEntry, RecordUpdate, RowKey, StoredRecord};
use crate::value::{Timestamp, Value};

use super::columns::{bind, bind_one};
use super::errors::store_error;
use super::identity::new_id;
use super::layout::{Layout, Storage, key_table, quote};
use super::transaction::Transaction;

const WRITING: &str = "write records";

pub(super) fn set_rejects_duplicates(transaction: &Transaction<'_>, rejects: bool) -> Result<()> {
    let value = if rejects { "reject" } else { "allow" };
    transaction
        .prepare(
            "INSERT OR REPLACE INTO headwater_setting (name, value) VALUES ('duplicates', ?1)",
        )?
        .execute([value])
        .map_err(store_error(WRITING))?;
    Ok(())
}

pub(super) fn allocate(
    transaction: &mut Transaction<'_>,
    record_type: &RecordType,
    count: usize,
) -> Result<Vec<(RowKey, Uuid)>> {
    let first = transaction.take_rows(record_type, count, |transaction| {
        let table = quote(record_type.api_name());
        transaction
            .prepare(&format!("SELECT coalesce(max(rid), 0) + 1 FROM {table}"))?
            .query_row([], |row| row.get(0))
            .map_err(store_error(WRITING))
    })?;
    let unix_millis = u64::try_from(Timestamp::now().0 / 1000).unwrap_or(0);
    (first..).take(count).map(|row| Ok((row, new_id(row, unix_millis)?))).collect()
}

pub(super) fn latest_update(
    transaction: &Transaction<'_>,
    record_type: &RecordType,
) -> Result<Timestamp> {
    let latest = transaction
        .prepare("SELECT latest_update FROM headwater_record_type WHERE api_name = ?1")?
        .query_row([record_type.api_name()], |row| row.get(0))
        .optional()
        .map_err(store_error(WRITING))?;
    Ok(Timestamp(latest.unwrap_or(0)))
}

pub(super) fn note_latest_update(
    transaction: &Transaction<'_>,
    record_type: &RecordType,
    latest: Timestamp,
) -> Result<()> {
    transaction
        .prepare("INSERT OR REPLACE INTO headwater_record_type (api_name, latest_update) VALUES (?1, ?2)")?
        .execute(params![record_type.api_name(), latest.0])
        .map_err(store_error(WRITING))?;
    Ok(())
}

pub(super) fn insert(
    transaction: &Transaction<'_>,
    record_type: &RecordType,
    records: &[StoredRecord],
) -> Result<()> {
    let layout = transaction.layout(record_type)?;
    let names: Vec<String> = layout.columns(record_type).map(|(name, _)| quote(&name)).collect();
    let places = ", ?".repeat(names.len());
    let mut statement = transaction.prepare(&format!(
        "INSERT INTO {} (rid, id, created_at, updated_at{}) VALUES (?, ?, ?, ?{places})",
        quote(&layout.table),
        names.iter().map(|name| format!(", {name}")).collect::<String>(),
    ))?;
    for record in records {
        let mut bound: Vec<ToSqlOutput<'_>> = Vec::with_capacity(names.len() + 4);
        bound.push(ToSqlOutput::Owned(record.row.into()));
        bound.push(ToSqlOutput::Owned(record.id.to_string().into()));
        bound.push(ToSqlOutput::Owned(record.created_at.to_string().into()));
        bound.push(ToSqlOutput::Owned(record.updated_at.to_string().into()));
        for (storage, value) in layout.storage.iter().zip(&record.values) {
            if let Storage::Columns(names) = storage {
                bind(value.as_ref(), names.len(), &mut bound);
            }
        }
        statement.execute(params_from_iter(bound)).map_err(store_error(WRITING))?;
    }
    drop(statement);
    for (attribute, storage) in layout.storage.iter().enumerate() {
        if let Storage::Child { table, is_item } = storage {
            let lists =
                records.iter().map(|record| (record.row, record.values[attribute].as_ref()));
            insert_lists(transaction, table, *is_item, lists)?;
        }
    }
    Ok(())
}

fn insert_lists<'v>(
    transaction: &Transaction<'_>,
    table: &str,
    is_item: bool,
    lists: impl Iterator<Item = (RowKey, Option<&'v Value>)>,
) -> Result<()> {
    let sql = if is_item {
        "INSERT INTO {} (rid, position, text, number, is_primary, labels) VALUES (?, ?, ?, ?, ?, ?)"
    } else {
        "INSERT INTO {} (rid, position, value) VALUES (?, ?, ?)"
    };
    let mut statement = transaction.prepare(&sql.replace("{}", &quote(table)))?;
    for (row, value) in lists {
        let elements = value.and_then(Value::as_list).unwrap_or_default();
        for (position, element) in elements.iter().enumerate() {
            let written = match element.as_item() {
                Some(item) => {
                    let labels = (!item.labels.is_empty()).then(|| item.labels.join(","));
                    statement.execute(params![
                        row,
                        position,
                        &*item.text,
                        item.number,
                        item.is_primary,
                        labels
                    ])
                }
                None => statement.execute(params![row, position, bind_one(element)]),
            };
            written.map_err(store_error(WRITING))?;
        }
    }
    Ok(())
}

pub(super) fn update(
    transaction: &Transaction<'_>,
    record_type: &RecordType,
    updates: &[RecordUpdate],
) -> Result<()> {
    let layout = transaction.layout(record_type)?;
    for update in updates {
        update_row(transaction, layout, update)?;
    }
    for (attribute, storage) in layout.storage.iter().enumerate() {
        let Storage::Child { table, is_item } = storage else { continue };
        let changed: Vec<(RowKey, Option<&Value>)> = updates
            .iter()
            .filter_map(|update| {
                let (_, value) = update.values.iter().find(|(index, _)| *index == attribute)?;
                Some((update.row, value.as_ref()))
            })
            .collect();
        let mut statement =
            transaction.prepare(&format!("DELETE FROM {} WHERE rid = ?1", quote(table)))?;
        for (row, _) in &changed {
            statement.execute([row]).map_err(store_error(WRITING))?;
        }
        drop(statement);
        insert_lists(transaction, table, *is_item, changed.into_iter())?;
    }
    Ok(())
}

fn update_row(transaction: &Transaction<'_>, layout: &Layout, update: &RecordUpdate) -> Result<()> {
    let mut assignments = String::from("updated_at = ?");
    let mut bound: Vec<ToSqlOutput<'_>> =
        vec![ToSqlOutput::Owned(update.updated_at.to_string().into())];
    for (attribute, value) in &update.values {
        if let Storage::Columns(names) = &layout.storage[*attribute] {
            for name in names {
                assignments.push_str(", ");
                assignments.push_str(&quote(name));
                assignments.push_str(" = ?");
            }
            bind(value.as_ref(), names.len(), &mut bound);
        }
    }
    bound.push(ToSqlOutput::Owned(SqlValue::Integer(update.row)));
    transaction
        .prepare(&format!("UPDATE {} SET {assignments} WHERE rid = ?", quote(&layout.table)))?
        .execute(params_from_iter(bound))
        .map_err(store_error(WRITING))?;
    Ok(())
}

pub(super) fn archive(
    transaction: &Transaction<'_>,
    record_type: &RecordType,
    rows: &[(RowKey, Timestamp)],
) -> Result<()> {
    let table = quote(record_type.api_name());
    let mut statement = transaction
        .prepare(&format!("UPDATE {table} SET archived_at = ?2, updated_at = ?2 WHERE rid = ?1"))?;
    for (row, at) in rows {
        statement.execute(params![row, at.to_string()]).map_err(store_error(WRITING))?;
    }
    Ok(())
}

pub(super) fn change_keys(
    transaction: &Transaction<'_>,
    record_type: &RecordType,
    attribute: usize,
    removed: &[KeyEntry],
    added: &[KeyEntry],
) -> Result<()> {
    let table = quote(&key_table(record_type, attribute));
    let remove = format!("DELETE FROM {table} WHERE key = ?1 AND rid = ?2");
    let add = format!("INSERT OR IGNORE INTO {table} (key, rid) VALUES (?1, ?2)");
    for (sql, entries) in [(remove, removed), (add, added)] {
        let mut statement = transaction.prepare(&sql)?;
        for entry in entries {
            let values: [&dyn ToSql; 2] = [&entry.key, &entry.row];
            statement.execute(values).map_err(store_error(WRITING))?;
        }
    }
    Ok(())
}
