//! Whether two files hold the same records in the same tables.

use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, Result};

use super::rows::quote;
use super::{open_existing, table_names};

pub(super) fn difference(left: &Path, right: &Path) -> Result<Option<String>> {
    let (left, right) = (open_existing(left)?, open_existing(right)?);
    if schema(&left)? != schema(&right)? {
        return Ok(Some("the tables or indexes differ".to_owned()));
    }
    for table in table_names(&left)? {
        if table.starts_with("headwater_") {
            continue;
        }
        if let Some(row) = first_differing_row(&left, &right, &table)? {
            return Ok(Some(format!("row {row} of {table} differs")));
        }
    }
    Ok(None)
}

fn schema(connection: &Connection) -> Result<Vec<(String, Option<String>)>> {
    connection
        .prepare("SELECT name, sql FROM sqlite_schema ORDER BY name")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// Both in the order of the table's own key.
fn first_differing_row(left: &Connection, right: &Connection, table: &str) -> Result<Option<u64>> {
    let sql = format!("SELECT * FROM {}", quote(table));
    let (mut left, mut right) = (left.prepare(&sql)?, right.prepare(&sql)?);
    let columns = left.column_count();
    let (mut left, mut right) = (left.query([])?, right.query([])?);
    for number in 1.. {
        match (left.next()?, right.next()?) {
            (None, None) => return Ok(None),
            (Some(left), Some(right)) => {
                for column in 0..columns {
                    if left.get::<_, Value>(column)? != right.get::<_, Value>(column)? {
                        return Ok(Some(number));
                    }
                }
            }
            _ => return Ok(Some(number)),
        }
    }
    Ok(None)
}
