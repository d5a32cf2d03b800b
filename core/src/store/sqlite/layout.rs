//! Where a record type's attributes are stored: its table, its child tables, its key tables.
//!
//! Names: the table is the record type's, an array attribute's child table is
//! `<type>__<attribute>`, its match keys are in `<type>__<attribute>__key`, the change log in
//! `<type>__log__change` and `<type>__log__created`. Api names hold no double underscore, so no two
//! names meet.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::schema::{Origin, RecordType};
use crate::store::Selection;
use crate::value::{ADDRESS_PARTS, ValueType};

use super::history;

/// The column of the digest of the assert that left a record as it is.
pub(super) const DIGEST: &str = "asserted_digest";

/// How many arrays one statement reads; the engine joins 500 parts by default.
const MOST_ARRAYS: usize = 100;

/// How one attribute is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Storage {
    /// Not by itself: a system attribute.
    System,
    /// In columns of the record's own row: one, or one for each part of an address.
    Columns(Vec<String>),
    /// In a child table, one row an element.
    Child {
        /// The child table.
        table: String,
        /// Whether the elements are items (`number, text, is_primary, labels`) or single values.
        is_item: bool,
        /// The statement that reads the elements of a record.
        select: String,
    },
}

/// The tables of one record type.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) table: String,
    /// One entry for each attribute.
    pub(super) storage: Vec<Storage>,
    /// The statement that reads a record's own row whole.
    pub(super) select: String,
    /// The same of a record that is not archived.
    pub(super) select_present: String,
    /// The statement that reads the elements of all arrays of a record, where its type has some and no more
    /// than one statement can read.
    pub(super) select_arrays: Option<String>,
}

/// The key table of an attribute.
pub(super) fn key_table(record_type: &RecordType, attribute: usize) -> String {
    format!("{}__{}__key", record_type.api_name(), record_type.attribute(attribute).api_name)
}

/// The table of what changed in a type's records.
pub(super) fn change_table(record_type: &RecordType) -> String {
    format!("{}__log__change", record_type.api_name())
}

/// The table of who made a type's records.
pub(super) fn created_table(record_type: &RecordType) -> String {
    format!("{}__log__created", record_type.api_name())
}

/// The index that finds a type's records by `updated_at`.
fn update_index(record_type: &RecordType) -> String {
    format!("{}__updated_at__index", record_type.api_name())
}

/// The index that finds a type's records by what they are asked for by, the latest first.
fn scope_index(record_type: &RecordType, attribute: usize) -> String {
    format!("{}__{}__index", record_type.api_name(), record_type.attribute(attribute).api_name)
}

impl Layout {
    pub(super) fn new(record_type: &RecordType) -> Self {
        let table = record_type.api_name().to_owned();
        let storage: Vec<Storage> = record_type
            .attributes()
            .iter()
            .map(|attribute| match (&attribute.origin, attribute.is_array) {
                (Origin::System(_), _) => Storage::System,
                (_, true) => {
                    let table = format!("{table}__{}", attribute.api_name);
                    let is_item = attribute.value_type.is_item();
                    let columns =
                        if is_item { "text, number, is_primary, labels" } else { "value" };
                    let from = quote(&table);
                    let select =
                        format!("SELECT {columns} FROM {from} WHERE rid = ?1 ORDER BY position");
                    Storage::Child { table, is_item, select }
                }
                (_, false) if attribute.value_type == ValueType::Address => Storage::Columns(
                    ADDRESS_PARTS
                        .iter()
                        .map(|part| format!("{}_{part}", attribute.api_name))
                        .collect(),
                ),
                (_, false) => Storage::Columns(vec![attribute.api_name.clone()]),
            })
            .collect();
        let select_arrays = select_arrays(&storage);
        let (select, select_present) = (String::new(), String::new());
        let mut layout = Self { table, storage, select, select_present, select_arrays };
        layout.select = layout.select(&Selection::all(record_type));
        layout.select_present = format!("{} AND archived_at IS NULL", layout.select);
        layout
    }

    /// The statement that reads the selected columns of a record's own row.
    pub(super) fn select(&self, selection: &Selection) -> String {
        let mut columns = String::new();
        for attribute in selection.iter() {
            if let Storage::Columns(names) = &self.storage[attribute] {
                for name in names {
                    columns.push_str(", ");
                    columns.push_str(&quote(name));
                }
            }
        }
        let table = quote(&self.table);
        format!("SELECT id, created_at, updated_at, {DIGEST}{columns} FROM {table} WHERE rid = ?1")
    }

    /// The statements that make the tables and the index, each harmless where there is one already.
    pub(super) fn create_statements(&self, record_type: &RecordType) -> Vec<String> {
        let mut columns = vec![
            "rid INTEGER PRIMARY KEY".to_owned(),
            "id TEXT NOT NULL".to_owned(),
            "created_at TEXT NOT NULL".to_owned(),
            "updated_at TEXT NOT NULL".to_owned(),
            "archived_at TEXT".to_owned(),
        ];
        columns.extend(
            self.columns(record_type)
                .map(|(name, sql_type)| format!("{} {sql_type}", quote(&name))),
        );
        let mut statements = vec![create_table(&self.table, &columns.join(", "), "STRICT")];
        for (storage, attribute) in self.storage.iter().zip(record_type.attributes()) {
            let Storage::Child { table, is_item, .. } = storage else { continue };
            let element = if *is_item {
                "number INTEGER NOT NULL, text TEXT NOT NULL, is_primary INTEGER NOT NULL, labels TEXT".to_owned()
            } else {
                format!("value {} NOT NULL", sql_type(attribute.value_type))
            };
            let columns = format!(
                "rid INTEGER NOT NULL, position INTEGER NOT NULL, {element}, PRIMARY KEY (rid, position)"
            );
            statements.push(create_table(table, &columns, "STRICT, WITHOUT ROWID"));
        }
        for attribute in record_type.key_attributes() {
            statements.push(create_table(
                &key_table(record_type, attribute),
                "key TEXT NOT NULL, rid INTEGER NOT NULL, PRIMARY KEY (key, rid)",
                "STRICT, WITHOUT ROWID",
            ));
        }
        statements.extend(history::create_statements(record_type));
        // What changes gets the latest time of its type, so the index grows at its end. Archived
        // records are in no answer.
        statements.push(format!(
            "CREATE INDEX IF NOT EXISTS {} ON {} (updated_at) WHERE archived_at IS NULL",
            quote(&update_index(record_type)),
            quote(&self.table)
        ));
        for &attribute in record_type.scopes() {
            let index = quote(&scope_index(record_type, attribute));
            let on = match &self.storage[attribute] {
                Storage::Child { table, .. } => format!("{} (value, rid)", quote(table)),
                _ => format!(
                    "{} ({}, created_at) WHERE archived_at IS NULL",
                    quote(&self.table),
                    quote(&record_type.attribute(attribute).api_name)
                ),
            };
            statements.push(format!("CREATE INDEX IF NOT EXISTS {index} ON {on}"));
        }
        statements
    }

    /// Every table and index of the record type.
    pub(super) fn names(&self, record_type: &RecordType) -> Vec<String> {
        let mut names = vec![self.table.clone()];
        for storage in &self.storage {
            if let Storage::Child { table, .. } = storage {
                names.push(table.clone());
            }
        }
        names.extend(record_type.key_attributes().map(|index| key_table(record_type, index)));
        names.extend([change_table(record_type), created_table(record_type)]);
        names.push(update_index(record_type));
        names.extend(record_type.scopes().iter().map(|&index| scope_index(record_type, index)));
        names
    }

    /// The columns that the record's own row may gain later, with their SQL types: the digest's, and
    /// those of its attributes.
    pub(super) fn columns<'a>(
        &'a self,
        record_type: &'a RecordType,
    ) -> impl Iterator<Item = (String, &'static str)> + 'a {
        let attributes = self.storage.iter().zip(record_type.attributes());
        let attributes = attributes.flat_map(|(storage, attribute)| {
            let names: &[String] = match storage {
                Storage::Columns(names) => names,
                _ => &[],
            };
            names.iter().map(|name| (name.clone(), sql_type(attribute.value_type)))
        });
        std::iter::once((DIGEST.to_owned(), "BLOB")).chain(attributes)
    }
}

/// One statement in place of one for each array: to begin one costs more than to read a few elements.
fn select_arrays(storage: &[Storage]) -> Option<String> {
    let selects: Vec<String> = storage
        .iter()
        .enumerate()
        .filter_map(|(attribute, storage)| {
            let Storage::Child { table, is_item, .. } = storage else { return None };
            let columns = match is_item {
                true => "text, number, is_primary, labels",
                false => "value, NULL, NULL, NULL",
            };
            let table = quote(table);
            Some(format!("SELECT {attribute}, position, {columns} FROM {table} WHERE rid = ?1"))
        })
        .collect();
    (1..=MOST_ARRAYS)
        .contains(&selects.len())
        .then(|| format!("{} ORDER BY 1, 2", selects.join(" UNION ALL ")))
}

/// The layouts of the record types that were asked for: made once, as they are needed for each record
/// that is read.
#[derive(Debug, Default)]
pub(super) struct Layouts(RwLock<HashMap<String, Arc<Layout>>>);

impl Layouts {
    pub(super) fn of(&self, record_type: &RecordType) -> Arc<Layout> {
        // Attributes are only ever added.
        let is_current =
            |known: &&Arc<Layout>| known.storage.len() == record_type.attributes().len();
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(layout) = known.get(record_type.api_name()).filter(is_current) {
            return Arc::clone(layout);
        }
        drop(known);
        let layout = Arc::new(Layout::new(record_type));
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(record_type.api_name().to_owned(), Arc::clone(&layout));
        layout
    }

    /// Makes them anew: where a workspace returns to a copy, a record type may lose attributes.
    pub(super) fn forget(&self) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

pub(super) fn create_table(name: &str, columns: &str, options: &str) -> String {
    format!("CREATE TABLE IF NOT EXISTS {} ({columns}) {options}", quote(name))
}

/// The column type: numbers keep their own type, exact decimals are text.
pub(super) fn sql_type(value_type: ValueType) -> &'static str {
    match value_type {
        ValueType::Boolean => "INTEGER",
        ValueType::Number => "ANY",
        _ => "TEXT",
    }
}

/// An identifier, quoted for SQL.
pub(super) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
