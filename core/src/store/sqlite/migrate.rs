//! Brings a workspace file up to date: numbered migrations, then the tables of the schema and of
//! what the workspace declares.

use std::borrow::Cow;
use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use uuid::Uuid;

use crate::error::{Error, ErrorCode, Result};
use crate::schema::{Declarations, Schema};

use super::edges;
use super::errors::{corrupt, store_error};
use super::layout::{Layout, quote};

/// Marks the file as a workspace: "HWCR".
const APPLICATION_ID: i32 = 0x4857_4352;

/// Every migration, in order; `user_version` counts those applied. Never edit one: add another.
const MIGRATIONS: [&str; 5] = [
    include_str!("migrations/0001_journal.sql"),
    include_str!("migrations/0002_internal_error.sql"),
    include_str!("migrations/0003_api_keys.sql"),
    include_str!("migrations/0004_history.sql"),
    include_str!("migrations/0005_judged_rows.sql"),
];

pub(super) fn bring_up_to_date(connection: &mut Connection, schema: &Schema) -> Result<()> {
    let failed = store_error("bring the workspace up to date");
    if is_current(connection)? && has_tables(connection, &*with_declared(connection, schema)?)? {
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
    make_tables(&transaction, &*with_declared(&transaction, schema)?)?;
    transaction
        .execute_batch(&format!(
            "PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {}",
            MIGRATIONS.len()
        ))
        .map_err(&failed)?;
    transaction.commit().map_err(&failed)
}

/// The schema with the record types and fields that the workspace declares.
fn with_declared<'a>(connection: &Connection, schema: &'a Schema) -> Result<Cow<'a, Schema>> {
    let text: Option<String> = connection
        .prepare("SELECT value FROM headwater_setting WHERE name = 'declarations'")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)).optional())
        .map_err(store_error("read the workspace's declarations"))?;
    match text {
        Some(text) => Ok(Cow::Owned(schema.extended(&Declarations::from_text(&text)?)?)),
        None => Ok(Cow::Borrowed(schema)),
    }
}

/// Makes the tables, columns and indexes that record types and relationships have and the file has
/// not. None of it rewrites a record, however many there are.
pub(super) fn make_tables(connection: &Connection, schema: &Schema) -> Result<()> {
    let failed = store_error("bring the workspace up to date");
    for record_type in schema.record_types() {
        let layout = Layout::new(record_type);
        for statement in layout.create_statements(record_type) {
            connection.execute_batch(&statement).map_err(&failed)?;
        }
        let added = lacking(connection, &layout.table, layout.columns(record_type))?;
        declare_columns(connection, &layout.table, &added)?;
    }
    for end in schema.relationships() {
        for statement in edges::create_statements(end) {
            connection.execute_batch(&statement).map_err(&failed)?;
        }
        if end.relationship.reference.is_some() {
            continue;
        }
        let columns = edges::attribute_columns(&end.relationship);
        let columns = columns.map(|(name, sql_type)| (name.to_owned(), sql_type));
        let table = &end.relationship.name;
        add_columns(connection, table, &lacking(connection, table, columns)?)?;
    }
    Ok(())
}

/// What to say of the columns that a table lacks, a declaration each.
fn lacking(
    connection: &Connection,
    table: &str,
    columns: impl Iterator<Item = (String, &'static str)>,
) -> Result<Vec<String>> {
    let present = columns_of(connection, table)?;
    let lacking = columns.filter(|(name, _)| !present.contains(name));
    Ok(lacking.map(|(name, sql_type)| format!("{} {sql_type}", quote(&name))).collect())
}

/// Adds columns to the table of a relationship, which no user ever does: each row is read.
fn add_columns(connection: &Connection, table: &str, added: &[String]) -> Result<()> {
    for column in added {
        let add = format!("ALTER TABLE {} ADD COLUMN {column}", quote(table));
        connection.execute_batch(&add).map_err(store_error("add columns to the workspace"))?;
    }
    Ok(())
}

/// Adds columns to the declaration of a record type's table, in the steps of
/// <https://www.sqlite.org/lang_altertable.html#otheralter>. `ALTER TABLE` would change no more than that, but
/// read every row of a strict table, to check what none of them has yet. The table must end with a
/// column, not with a rule such as a key of several columns.
fn declare_columns(connection: &Connection, table: &str, added: &[String]) -> Result<()> {
    let failed = store_error("add columns to the workspace");
    if added.is_empty() {
        return Ok(());
    }
    let declared: String = connection
        .query_row("SELECT sql FROM sqlite_schema WHERE name = ?1", [table], |row| row.get(0))
        .map_err(&failed)?;
    // After the last bracket are the table's options.
    let end = declared.rfind(')').ok_or_else(|| corrupt("a table without columns"))?;
    let (before, after) = declared.split_at(end);
    let declare = || {
        connection.execute(
            "UPDATE sqlite_schema SET sql = ?1 WHERE name = ?2",
            params![format!("{before}, {}{after}", added.join(", ")), table],
        )?;
        let version: i64 = connection.query_row("PRAGMA schema_version", [], |row| row.get(0))?;
        // It tells every connection to read the declarations anew.
        connection.execute_batch(&format!("PRAGMA schema_version = {}", version + 1))
    };
    connection.execute_batch("PRAGMA writable_schema = ON").map_err(&failed)?;
    let done = declare();
    connection.execute_batch("PRAGMA writable_schema = RESET").map_err(&failed)?;
    done.map_err(&failed)
}

/// Whether nothing needs to be made; opening a workspace then takes no write lock.
fn has_tables(connection: &Connection, schema: &Schema) -> Result<bool> {
    let failed = store_error("read the workspace's tables");
    let mut statement = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type IN ('table', 'index')")
        .map_err(&failed)?;
    let names = statement
        .query_map([], |row| row.get::<_, String>(0))
        .and_then(Iterator::collect::<rusqlite::Result<HashSet<_>>>)
        .map_err(&failed)?;
    for record_type in schema.record_types() {
        let layout = Layout::new(record_type);
        if !layout.names(record_type).iter().all(|name| names.contains(name)) {
            return Ok(false);
        }
        let present = columns_of(connection, &layout.table)?;
        if !layout.columns(record_type).all(|(name, _)| present.contains(&name)) {
            return Ok(false);
        }
    }
    for end in schema.relationships() {
        let present = columns_of(connection, &end.relationship.name)?;
        let mut columns = edges::attribute_columns(&end.relationship);
        let own = edges::names(&end.relationship);
        if !own.iter().all(|name| names.contains(name))
            || !columns.all(|(name, _)| present.contains(name))
        {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether the file has seen every migration.
///
/// # Errors
/// `store_corrupt` for the tables of another program, `config_invalid` for those of a newer Headwater.
pub(super) fn is_current(connection: &Connection) -> Result<bool> {
    Ok(version(connection)? == MIGRATIONS.len())
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
