//! Copies of a workspace: written beside it, and returned to.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::error::{Error, ErrorCode, Result};
use crate::store::Ids;

use super::errors::store_error;
use super::layout::quote;
use super::migrate;

const COPYING: &str = "copy the workspace";
const RETURNING: &str = "return to a copy of the workspace";
/// What a return leaves as it is: a key in use must not end, nor one that has ended come back.
const KEPT: &str = "headwater_api_key";

/// Writes a copy of what the connection sees to a file that is not there yet.
///
/// # Errors
/// `store_io` where there is one.
pub(super) fn copy_to(connection: &Connection, path: &Path) -> Result<()> {
    let name = &text_of(path)?;
    if path.metadata().is_ok_and(|there| there.is_dir() || there.len() > 0) {
        return Err(Error::new(ErrorCode::StoreIo, format!("there is {name} already"))
            .hint("give a file that is not there yet"));
    }
    connection.execute("VACUUM INTO ?1", [name]).map(drop).map_err(store_error(COPYING))
}

/// Replaces every table but that of the API keys by the copy's, in one transaction.
pub(super) fn return_to(connection: &mut Connection, path: &Path) -> Result<()> {
    let name = &text_of(path)?;
    if !path.exists() {
        return Err(Error::new(ErrorCode::StoreIo, format!("there is no copy at {name}")));
    }
    check_copy(name)?;
    let failed = store_error(RETURNING);
    connection.execute("ATTACH ?1 AS copied", [name]).map_err(&failed)?;
    let replaced = replace_tables(connection).map_err(&failed);
    // Checked again at every commit from here on, as before.
    let restored = connection.execute_batch("PRAGMA foreign_keys = ON; DETACH copied");
    replaced.and(restored.map_err(&failed))
}

/// Refuses what is no workspace as this Headwater writes it, before a table is given up for it.
fn check_copy(name: &str) -> Result<()> {
    let copy = Connection::open_with_flags(name, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .map_err(store_error(RETURNING))?;
    // What is wrong with that file says nothing of the workspace that is open.
    let cause = match migrate::is_current(&copy) {
        Ok(true) => return Ok(()),
        Ok(false) => None,
        Err(error) if error.code() == ErrorCode::StoreCorrupt => Some(error),
        Err(error) => return Err(error),
    };
    let what = format!("{name} is no copy of a workspace in today's format");
    let refused = Error::new(ErrorCode::StoreIo, what)
        .hint("give a file that a snapshot wrote; open one of an older Headwater once, to bring it up to date");
    Err(cause.into_iter().fold(refused, Error::because))
}

fn replace_tables(connection: &mut Connection) -> rusqlite::Result<()> {
    // A table that others refer to could not be dropped, though it comes back with the same rows.
    connection.pragma_update(None, "foreign_keys", false)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for (name, _) in declared(&transaction, "main", "table")? {
        transaction.execute_batch(&format!("DROP TABLE {}", quote(&name)))?;
    }
    for (name, sql) in declared(&transaction, "copied", "table")? {
        let name = quote(&name);
        transaction.execute_batch(&sql)?;
        transaction
            .execute_batch(&format!("INSERT INTO main.{name} SELECT * FROM copied.{name}"))?;
    }
    // After the rows, so that they are built once.
    for kind in ["index", "view", "trigger"] {
        for (_, sql) in declared(&transaction, "copied", kind)? {
            transaction.execute_batch(&sql)?;
        }
    }
    transaction.commit()
}

/// The tables, indexes, views or triggers of a database that were declared in words, but those of
/// the API keys: their names and texts.
fn declared(
    connection: &Connection,
    database: &str,
    kind: &str,
) -> rusqlite::Result<Vec<(String, String)>> {
    let sql = format!(
        "SELECT name, sql FROM {database}.sqlite_schema WHERE type = ?1 \
         AND sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND tbl_name <> ?2"
    );
    let mut statement = connection.prepare(&sql)?;
    statement.query_map([kind, KEPT], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// Gives the organisation the id that follows from a seed, as long as there was never a record: all
/// records show it.
pub(super) fn name_organization(connection: &Connection, ids: Ids) -> Result<()> {
    let Some(id) = ids.organization() else { return Ok(()) };
    connection
        .execute(
            "UPDATE headwater_setting SET value = ?1 WHERE name = 'organization_id' \
             AND NOT EXISTS (SELECT 1 FROM headwater_record_type)",
            [id.to_string()],
        )
        .map(drop)
        .map_err(store_error("name the organisation"))
}

/// The whole path: SQLite takes `:memory:` and `file:..` for something else than files of these names.
fn text_of(path: &Path) -> Result<String> {
    let whole = std::path::absolute(path).ok();
    let text = whole.as_deref().and_then(Path::to_str).filter(|text| !text.contains('\0'));
    text.map(str::to_owned).ok_or_else(|| {
        let what = format!("the path {} is empty, not UTF-8, or holds a NUL", path.display());
        Error::new(ErrorCode::StoreIo, what)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Schema;
    use crate::store::{SqliteStore, Store};

    #[test]
    fn what_is_no_copy_of_a_workspace_takes_nothing_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let store = SqliteStore::open(&path("crm.db"), &Schema::standard(), true).unwrap();
        std::fs::write(path("empty.db"), "").unwrap();
        let other = Connection::open(path("other.db")).unwrap();
        other.execute_batch("CREATE TABLE contact (id TEXT)").unwrap();
        std::fs::write(path("text.db"), "some text").unwrap();
        for name in ["empty.db", "other.db", "text.db"] {
            let refused = store.return_to(&path(name)).unwrap_err();
            assert_eq!(refused.code(), ErrorCode::StoreIo, "{name}");
            assert!(refused.message().contains("is no copy"), "{refused:?}");
            store.read().unwrap().settings().unwrap();
        }
        store.copy_to(&path("copy.db")).unwrap();
        assert_eq!(store.copy_to(&path("copy.db")).unwrap_err().code(), ErrorCode::StoreIo);
        store.return_to(&path("copy.db")).unwrap();
        store.read().unwrap().settings().unwrap();
    }

    #[test]
    fn a_copy_is_a_file_of_just_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let store = SqliteStore::open(&path("crm.db"), &Schema::standard(), true).unwrap();
        for name in [":memory:", "file:copy.db", "file:copy.db?mode=memory"] {
            store.copy_to(&path(name)).unwrap();
            assert!(path(name).is_file(), "{name}");
            store.return_to(&path(name)).unwrap();
        }
        for text in [":memory:", "file:copy.db?mode=memory"] {
            assert!(Path::new(&text_of(Path::new(text)).unwrap()).is_absolute());
        }
        assert_eq!(store.copy_to(&path("a\0b")).unwrap_err().code(), ErrorCode::StoreIo);
        assert!(!path("a").exists());
    }
}
