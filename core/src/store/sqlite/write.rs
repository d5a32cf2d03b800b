//! Writing records and their match keys, in the order that touches the fewest pages.

use rusqlite::{CachedStatement, params};
use uuid::Uuid;

use crate::error::Result;
use crate::schema::RecordType;
use crate::store::{KeyEntry, NewRecord, RecordUpdate, RowKey, Store};
use crate::value::{Timestamp, Value};

use super::binder::Binder;
use super::errors::store_error;
use super::identity::new_id;
use super::layout::{DIGEST, Layout, Storage, key_table, quote};
use super::transaction::Transaction;

const WRITING: &str = "write records";

pub(super) fn set_rejects_duplicates(transaction: &Transaction<'_>, rejects: bool) -> Result<()> {
    set_setting(transaction, "duplicates", if rejects { "reject" } else { "allow" })
}

/// Writes one of the workspace's settings.
pub(super) fn set_setting(transaction: &Transaction<'_>, name: &str, value: &str) -> Result<()> {
    transaction
        .prepare("INSERT OR REPLACE INTO headwater_setting (name, value) VALUES (?1, ?2)")?
        .execute([name, value])
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
    let generator = transaction.store().generator();
    let ids = generator.ids();
    let unix_millis = ids.unix_millis(generator.times().now());
    let random = |row: RowKey| ids.bytes(record_type.api_name(), row.unsigned_abs());
    (first..).take(count).map(|row| Ok((row, new_id(row, unix_millis, random(row))?))).collect()
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
    records: &[NewRecord],
) -> Result<()> {
    let layout = &*transaction.store().layouts.of(record_type);
    insert_rows(transaction, layout, records)?;
    for (attribute, storage) in layout.storage.iter().enumerate() {
        if let Storage::Child { table, is_item, .. } = storage {
            let lists = records.iter().map(|record| (record.row, record.value(attribute)));
            insert_lists(transaction, table, *is_item, lists)?;
        }
    }
    Ok(())
}

/// Writes the records' own rows; columns that none of them has are left to their default, NULL.
fn insert_rows(
    transaction: &Transaction<'_>,
    layout: &Layout,
    records: &[NewRecord],
) -> Result<()> {
    let mut is_given = vec![false; layout.storage.len()];
    for (attribute, _) in records.iter().flat_map(|record| &record.values) {
        is_given[*attribute] = true;
    }
    let given = layout.storage.iter().enumerate().filter(|(attribute, _)| is_given[*attribute]);
    let given = given.filter_map(|(attribute, storage)| match storage {
        Storage::Columns(names) => Some((attribute, &names[..])),
        Storage::System | Storage::Child { .. } => None,
    });
    let given: Vec<(usize, &[String])> = given.collect();
    let names: Vec<String> = given
        .iter()
        .flat_map(|(_, names)| *names)
        .map(|name| format!(", {}", quote(name)))
        .collect();
    let mut statement = transaction.prepare(&format!(
        "INSERT INTO {} (rid, id, created_at, updated_at, {DIGEST}{}) VALUES (?, ?, ?, ?, ?{})",
        quote(&layout.table),
        names.concat(),
        ", ?".repeat(names.len()),
    ))?;
    for record in records {
        let created_at = record.created_at.to_string();
        let updated_at = match record.updated_at == record.created_at {
            true => None,
            false => Some(record.updated_at.to_string()),
        };
        let mut binder = Binder::new(&mut statement);
        binder.bind(record.row)?;
        binder.bind(&*record.id.hyphenated().encode_lower(&mut Uuid::encode_buffer()))?;
        binder.bind(&*created_at)?;
        binder.bind(updated_at.as_deref().unwrap_or(&created_at))?;
        binder.bind(record.digest.as_ref().map(|digest| &digest.0[..]))?;
        // Both are sorted by attribute.
        let mut values = record.values.iter().peekable();
        for (attribute, names) in &given {
            while values.next_if(|(other, _)| other < attribute).is_some() {}
            let value = values.next_if(|(other, _)| other == attribute);
            binder.bind_value(value.map(|(_, value)| value), names.len())?;
        }
        statement.raw_execute().map_err(store_error(WRITING))?;
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
            let mut binder = Binder::new(&mut statement);
            binder.bind(row)?;
            binder.bind(position)?;
            match element.as_item() {
                Some(item) => {
                    binder.bind(&*item.text)?;
                    binder.bind(item.number)?;
                    binder.bind(item.is_primary)?;
                    binder.bind((!item.labels.is_empty()).then(|| item.labels.join(",")))?;
                }
                None => binder.bind_value(Some(element), 1)?,
            }
            statement.raw_execute().map_err(store_error(WRITING))?;
        }
    }
    Ok(())
}

pub(super) fn update(
    transaction: &Transaction<'_>,
    record_type: &RecordType,
    updates: &[RecordUpdate],
) -> Result<()> {
    let layout = &*transaction.store().layouts.of(record_type);
    update_rows(transaction, layout, updates)?;
    for (attribute, storage) in layout.storage.iter().enumerate() {
        let Storage::Child { table, is_item, .. } = storage else { continue };
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

/// Writes the records' own rows; a run of updates of the same attributes shares a statement.
fn update_rows(
    transaction: &Transaction<'_>,
    layout: &Layout,
    updates: &[RecordUpdate],
) -> Result<()> {
    let attributes = |update: &RecordUpdate| -> Vec<usize> {
        update.values.iter().map(|(attribute, _)| *attribute).collect()
    };
    let mut prepared = None;
    for update in updates {
        let named = attributes(update);
        let (_, statement) = match &mut prepared {
            Some((known, statement)) if *known == named => (known, statement),
            _ => {
                let statement = prepare_update(transaction, layout, &named)?;
                let (known, statement) = prepared.insert((named, statement));
                (known, statement)
            }
        };
        let mut binder = Binder::new(statement);
        binder.bind(&*update.updated_at.to_string())?;
        binder.bind(update.digest.as_ref().map(|digest| &digest.0[..]))?;
        for (attribute, value) in &update.values {
            if let Storage::Columns(names) = &layout.storage[*attribute] {
                binder.bind_value(value.as_ref(), names.len())?;
            }
        }
        binder.bind(update.row)?;
        statement.raw_execute().map_err(store_error(WRITING))?;
    }
    Ok(())
}

fn prepare_update<'a>(
    transaction: &'a Transaction<'_>,
    layout: &Layout,
    attributes: &[usize],
) -> Result<CachedStatement<'a>> {
    let mut assignments = format!("updated_at = ?, {DIGEST} = ?");
    for attribute in attributes {
        if let Storage::Columns(names) = &layout.storage[*attribute] {
            for name in names {
                assignments.push_str(&format!(", {} = ?", quote(name)));
            }
        }
    }
    transaction.prepare(&format!("UPDATE {} SET {assignments} WHERE rid = ?", quote(&layout.table)))
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

pub(super) fn restore(
    transaction: &Transaction<'_>,
    record_type: &RecordType,
    rows: &[(RowKey, Timestamp)],
) -> Result<()> {
    let table = quote(record_type.api_name());
    let mut statement = transaction.prepare(&format!(
        "UPDATE {table} SET archived_at = NULL, updated_at = ?2 WHERE rid = ?1"
    ))?;
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
            let mut binder = Binder::new(&mut statement);
            binder.bind(&*entry.key)?;
            binder.bind(entry.row)?;
            statement.raw_execute().map_err(store_error(WRITING))?;
        }
    }
    Ok(())
}
