//! That a field is added without a look at the records, however many there are.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::Connection;

use crate::schema::{Declarations, Schema};
use crate::store::{NewRecord, ReadTransaction as _, SqliteStore, Store};
use crate::value::{Timestamp, Value};

/// A field of each kind: in a column of the record, in a table of its own, with keys.
const FIELDS: &str = r#"
[[custom_fields]]
record_type = "contact"
attributes = [
  { api_name = "shoe_size", display_name = "Shoe size", value_type = "number" },
  { api_name = "home", display_name = "Home", value_type = "address" },
  { api_name = "nicknames", display_name = "Nicknames", value_type = "string", is_array = true },
  { api_name = "badge", display_name = "Badge", value_type = "string", is_unique = true },
]
"#;

/// What it takes to add the fields to a workspace: steps of the engine, and bytes written.
#[derive(Debug, PartialEq)]
struct Effort {
    steps: u64,
    written: u64,
}

fn insert(store: &SqliteStore, schema: &Schema, records: usize, title: &str) {
    let contact = schema.record_type("contact").unwrap();
    let at = contact.index_of("title").unwrap();
    let mut transaction = store.write().unwrap();
    let records: Vec<NewRecord> = transaction
        .allocate(contact, records)
        .unwrap()
        .into_iter()
        .map(|(row, id)| {
            let [created_at, updated_at] = [Timestamp(1_700_000_000_000_000 + row); 2];
            let values = vec![(at, Value::Text(title.into()))];
            NewRecord { row, id, created_at, updated_at, digest: None, values }
        })
        .collect();
    transaction.insert(contact, &records).unwrap();
    transaction.commit().unwrap();
}

/// Adds the fields to so many records, and looks at what became of those.
fn add_fields(folder: &Path, records: usize) -> Effort {
    let path = folder.join("crm.db");
    let standard = Schema::standard();
    let store = SqliteStore::open(&path, &standard, true).unwrap();
    insert(&store, &standard, records, "CTO");
    // What is written from here on is in the log alone.
    let other = Connection::open(&path).unwrap();
    other.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let steps = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&steps);
    let counted = move || {
        count.fetch_add(1, Ordering::Relaxed);
        false
    };
    store.writer.lock().unwrap().progress_handler(1, Some(counted)).unwrap();

    let declarations = Declarations::parse(FIELDS).unwrap();
    let schema = standard.extended(&declarations).unwrap();
    let mut transaction = store.write().unwrap();
    transaction.declare(&schema, &declarations.to_text().unwrap()).unwrap();
    transaction.commit().unwrap();
    let effort = Effort {
        steps: steps.load(Ordering::Relaxed),
        written: std::fs::metadata(folder.join("crm.db-wal")).unwrap().len(),
    };

    // Records of before and of now are read, and every connection finds the file sound.
    insert(&store, &schema, 1, "CEO");
    let contact = schema.record_type("contact").unwrap();
    let query = crate::operation::Query::parse(&schema, contact, serde_json::Map::new()).unwrap();
    let page = store.begin_read().unwrap().query(contact, &query).unwrap();
    assert_eq!(page.records.len(), query.limit.min(records + 1));
    let sound = other.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0));
    assert_eq!(sound.unwrap(), "ok");
    let size = "SELECT shoe_size, home_city, title FROM contact ORDER BY rid DESC LIMIT 1";
    let latest: (Option<f64>, Option<String>, String) =
        other.query_row(size, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    assert_eq!(latest, (None, None, "CEO".to_owned()));
    drop(store);
    SqliteStore::open(&path, &standard, false).unwrap();
    effort
}

#[test]
fn a_field_costs_the_same_whether_there_are_records_or_none() {
    let [with_many, with_none] = [3000, 0].map(|records| {
        let folder = tempfile::tempdir().unwrap();
        add_fields(folder.path(), records)
    });
    assert!(with_none.steps > 0 && with_none.written > 0, "{with_none:?}");
    assert_eq!(with_many, with_none);
}
