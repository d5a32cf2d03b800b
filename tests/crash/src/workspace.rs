//! What a workspace file holds, apart from ids and times, in an order that does not depend on them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

/// Columns that differ between two workspaces of the same contents; the actor of a sync is its run.
const OWN: [&str; 6] = ["id", "created_at", "updated_at", "number", "at", "actor"];

/// Opens a workspace for a look that leaves its write-ahead log to the program's own recovery.
///
/// # Errors
/// What the engine says, also where there is no file.
pub fn look(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Ok(connection)
}

/// Every row of every table of the record types, as text.
#[derive(Debug, PartialEq, Eq)]
pub struct Contents {
    tables: BTreeMap<String, Vec<String>>,
}

impl Contents {
    /// Reads a workspace, and checks that it is sound: pages, indexes, references, one record for
    /// each key, one row for each id.
    ///
    /// # Panics
    /// If it is not sound or cannot be read.
    #[must_use]
    pub fn read(path: &Path) -> Self {
        let database = look(path).unwrap();
        assert_eq!(texts(&database, "PRAGMA integrity_check"), ["ok"], "{}", path.display());
        let broken = texts(&database, "SELECT \"table\" || rowid FROM pragma_foreign_key_check");
        assert!(broken.is_empty(), "broken references: {broken:?}");
        let all = texts(&database, "SELECT name FROM sqlite_schema WHERE type = 'table'");
        let all: Vec<&String> = all
            .iter()
            .filter(|name| !name.starts_with("headwater_") && !name.starts_with("sqlite_"))
            .collect();
        let types: BTreeSet<&str> =
            all.iter().map(|name| name.split("__").next().unwrap()).collect();
        for record_type in types.into_iter().filter(|name| has_column(&database, name, "id")) {
            label_records(&database, record_type, &all);
        }
        let tables = all
            .into_iter()
            .map(|table| (table.clone(), rows(&database, table)))
            .collect::<BTreeMap<_, _>>();
        Self { tables }
    }

    /// How many rows a table has.
    ///
    /// # Panics
    /// If there is no such table.
    #[must_use]
    pub fn count(&self, table: &str) -> usize {
        self.tables[table].len()
    }

    /// Tells where two workspaces differ; empty if they do not.
    #[must_use]
    pub fn differences(&self, expected: &Self) -> String {
        let mut told = String::new();
        let names: BTreeSet<&String> = self.tables.keys().chain(expected.tables.keys()).collect();
        for name in names {
            let empty = Vec::new();
            let found = self.tables.get(name).unwrap_or(&empty);
            let expected = expected.tables.get(name).unwrap_or(&empty);
            told.push_str(&line_differences(name, found, expected));
        }
        told
    }
}

/// Tells the first lines in which two lists differ; empty if they do not.
#[must_use]
pub fn line_differences(name: &str, found: &[String], expected: &[String]) -> String {
    if found == expected {
        return String::new();
    }
    let mut told = format!("{name}: {} rows, expected {}\n", found.len(), expected.len());
    let found_set: BTreeSet<&String> = found.iter().collect();
    let expected_set: BTreeSet<&String> = expected.iter().collect();
    for line in found_set.difference(&expected_set).take(5) {
        let _ = writeln!(told, "  found    {line}");
    }
    for line in expected_set.difference(&found_set).take(5) {
        let _ = writeln!(told, "  expected {line}");
    }
    told
}

/// Names each record by its first match key, in a temporary table.
fn label_records(database: &Connection, record_type: &str, tables: &[&String]) {
    let key_tables: Vec<&&String> = tables
        .iter()
        .filter(|table| table.starts_with(&format!("{record_type}__")) && table.ends_with("__key"))
        .collect();
    let keys = key_tables.iter().map(|table| format!("SELECT rid, key FROM \"{table}\""));
    let keys = keys.collect::<Vec<_>>().join(" UNION ALL ");
    // A type without match keys has no names for its records; the crash jobs write none of it.
    let keys = if keys.is_empty() {
        "SELECT NULL AS rid, NULL AS key WHERE false".to_owned()
    } else {
        keys
    };
    database
        .execute_batch(&format!(
            "CREATE TEMP TABLE \"label_{record_type}\" (rid INTEGER PRIMARY KEY, label TEXT NOT NULL); \
             INSERT INTO temp.\"label_{record_type}\" SELECT rid, min(key) FROM ({keys}) GROUP BY rid;"
        ))
        .unwrap();
    for table in key_tables {
        let twice = format!("SELECT key FROM \"{table}\" GROUP BY key HAVING count(*) > 1 LIMIT 5");
        let twice = texts(database, &twice);
        assert!(twice.is_empty(), "{table}: several records have the keys {twice:?}");
    }
    let twice = format!("SELECT id FROM \"{record_type}\" GROUP BY id HAVING count(*) > 1 LIMIT 5");
    let twice = texts(database, &twice);
    assert!(twice.is_empty(), "{record_type}: several rows have the ids {twice:?}");
    let lost = format!(
        "SELECT id FROM \"{record_type}\" LEFT JOIN temp.\"label_{record_type}\" l USING (rid) \
         WHERE l.rid IS NULL LIMIT 5"
    );
    let lost = texts(database, &lost);
    assert!(lost.is_empty(), "{record_type}: records without a key: {lost:?}");
}

/// The rows of a table: the record's name, then every column that is not its own.
fn rows(database: &Connection, table: &str) -> Vec<String> {
    let record_type = table.split("__").next().unwrap();
    if table.ends_with("__log__created") {
        // Ranges, as long as commits are: what counts is that each record is in one.
        return texts(
            database,
            &format!(
                "SELECT coalesce(l.label, 'no record') FROM \"{table}\" \
                 JOIN \"{record_type}\" r ON r.rid BETWEEN first_rid AND last_rid \
                 LEFT JOIN temp.\"label_{record_type}\" l USING (rid) ORDER BY 1"
            ),
        );
    }
    let columns = texts(database, &format!("SELECT name FROM pragma_table_info('{table}')"));
    if !columns.iter().any(|name| name == "rid") {
        // A relationship: the jobs of these tests link nothing.
        let links = texts(database, &format!("SELECT count(*) || '' FROM \"{table}\""));
        assert_eq!(links, ["0"], "{table} does not say whose its rows are");
        return Vec::new();
    }
    let values = columns
        .iter()
        .filter(|name| *name != "rid" && !OWN.contains(&name.as_str()))
        .map(|name| match name.as_str() {
            "archived_at" => "archived_at IS NULL".to_owned(),
            name => format!("quote(t.\"{name}\")"),
        })
        .collect::<Vec<_>>()
        .join(", ");
    // Left, so that a row of no record shows.
    let mut rows = texts(
        database,
        &format!(
            "SELECT concat_ws('|', coalesce(l.label, 'no record'), {values}) FROM \"{table}\" t \
             LEFT JOIN temp.\"label_{record_type}\" l USING (rid) ORDER BY 1"
        ),
    );
    if table.ends_with("__log__change") {
        rows = rows.iter().map(|row| without_numbers(row)).collect();
        rows.sort_unstable();
    }
    rows
}

/// The earlier values of a change without the numbers of items, which are drawn at random.
fn without_numbers(row: &str) -> String {
    const NUMBER: &str = "\"number\":";
    let mut parts = row.split(NUMBER);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |masked, part| {
        masked + NUMBER + "n" + part.trim_start_matches(|digit: char| digit.is_ascii_digit())
    })
}

#[test]
fn the_numbers_of_items_are_masked_and_nothing_else() {
    let row = r#"a@x|3|'{"emails":[{"text":"b1","number":17},{"number":2}],"size":3}'"#;
    let masked = r#"a@x|3|'{"emails":[{"text":"b1","number":n},{"number":n}],"size":3}'"#;
    assert_eq!(without_numbers(row), masked);
}

fn has_column(database: &Connection, table: &str, column: &str) -> bool {
    let named = format!("SELECT name FROM pragma_table_info('{table}') WHERE name = '{column}'");
    !texts(database, &named).is_empty()
}

/// The first column of what a query finds.
///
/// # Panics
/// If the query fails.
#[must_use]
pub fn texts(database: &Connection, sql: &str) -> Vec<String> {
    let mut statement = database.prepare(sql).unwrap_or_else(|cause| panic!("{sql}: {cause}"));
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap_or_else(|cause| panic!("{sql}: {cause}"))
}
