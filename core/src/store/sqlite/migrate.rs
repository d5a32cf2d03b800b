//! Brings a workspace file up to date: numbered migrations, then the tables of the schema.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, TransactionBehavior};
use uuid::Uuid;

use crate::error::{Error, ErrorCode, Result};
use crate::schema::Schema;

use super::errors::{corrupt, store_error};
use super::layout::{Layout, quote};

/// Marks the file as a workspace: "HWCR".
const APPLICATION_ID: i32 = 0x4857_4352;

/// Every migration, in order; `user_version` counts those applied. Never edit one: add another.
const MIGRATIONS: [&str; 1] = [include_str!("migrations/0001_journal.sql")];

pub(super) fn bring_up_to_date(
    connection: &mut Connection,
    schema: &Schema,
    layouts: &HashMap<String, Layout>,
) -> Result<()> {
    let failed = store_error("bring the workspace up to date");
    if is_up_to_date(connection, schema, layouts)? {
        return Ok(());
    }
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(&failed)?;
    let applied = version(&transaction)?;
    for migration in &MIGRATIONS[applied..] {
        transaction.execute_batch(migration).map_err(&failed)?;
    }
    if applied == 0 {
        transaction
            .execute(
                "INSERT INTO headwater_setting (name, value) VALUES ('organization_id', ?1)",
                [Uuid::now_v7().to_string()],
            )
            .map_err(&failed)?;
    }
    for record_type in schema.record_types() {
        let layout = &layouts[record_type.api_name()];
        for statement in layout.create_statements(record_type) {
            transaction.execute_batch(&statement).map_err(&failed)?;
        }
        let present = columns_of(&transaction, &layout.table)?;
        for (name, sql_type) in layout.columns(record_type) {
            if !present.contains(&name) {
                let table = quote(&layout.table);
                let column = quote(&name);
                transaction
                    .execute_batch(&format!("ALTER TABLE {table} ADD COLUMN {column} {sql_type}"))
                    .map_err(&failed)?;
            }
        }
    }
    transaction
        .execute_batch(&format!(
            "PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {}",
            MIGRATIONS.len()
        ))
        .map_err(&failed)?;
    transaction.commit().map_err(&failed)
}

/// Whether nothing needs to be written; opening a workspace then takes no write lock.
fn is_up_to_date(
    connection: &Connection,
    schema: &Schema,
    layouts: &HashMap<String, Layout>,
) -> Result<bool> {
    if version(connection)? < MIGRATIONS.len() {
        return Ok(false);
    }
    let failed = store_error("read the workspace's tables");
    let mut statement = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
        .map_err(&failed)?;
    let tables = statement
        .query_map([], |row| row.get::<_, String>(0))
        .and_then(Iterator::collect::<rusqlite::Result<HashSet<_>>>)
        .map_err(&failed)?;
    for record_type in schema.record_types() {
        let layout = &layouts[record_type.api_name()];
        if !layout.table_names(record_type).iter().all(|name| tables.contains(name)) {
            return Ok(false);
        }
        let present = columns_of(connection, &layout.table)?;
        if !layout.columns(record_type).all(|(name, _)| present.contains(&name)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// How many migrations the file has seen.
fn version(connection: &Connection) -> Result<usize> {
    let failed = store_error("read the workspace's version");
    let read = |pragma: &str| {
        connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get::<_, i32>(0))
    };
    let version = read("user_version").map_err(&failed)?;
    let application = read("application_id").map_err(&failed)?;
    let tables: i32 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(&failed)?;
    if tables == 0 {
        return Ok(0);
    }
    if application != APPLICATION_ID {
        return Err(corrupt(
            "the tables of another program: it is a SQLite database, but not a Headwater workspace",
        )
        .hint("give the path of a workspace, or of a file that does not exist yet"));
    }
    match usize::try_from(version) {
        Ok(version) if version <= MIGRATIONS.len() => Ok(version),
        _ => Err(Error::new(
            ErrorCode::ConfigInvalid,
            format!(
                "the workspace has format {version}, this Headwater knows formats up to {}",
                MIGRATIONS.len()
            ),
        )
        .hint("open it with the newer Headwater that wrote it")),
    }
}

fn columns_of(connection: &Connection, table: &str) -> Result<HashSet<String>> {
    let failed = store_error("read the workspace's columns");
    let mut statement =
        connection.prepare("SELECT name FROM pragma_table_info(?1)").map_err(&failed)?;
    statement
        .query_map([table], |row| row.get::<_, String>(0))
        .and_then(Iterator::collect)
        .map_err(&failed)
}
