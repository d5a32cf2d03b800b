//! The contract of a store: one function for each rule of the traits, run on every store.
//!
//! A store joins by a `store_contract!` line with a function that opens it in a folder.

mod edges;
mod journal;

use std::path::Path;
use std::sync::Arc;

use uuid::Uuid;

use crate::error::ErrorCode;
use crate::operation::Digest;
use crate::operation::query::Query;
use crate::schema::{RecordType, Schema, parse_record_type};
use crate::source::Control;
use crate::store::{
    Glance, KeyEntry, NewRecord, RecordUpdate, RowKey, Selection, Store, StoredRecord,
};
use crate::value::{Address, Decimal, Item, Number, Timestamp, Value};
use edges::{
    edges_are_changed_unset_and_removed, edges_are_found_from_both_ends_in_the_order_of_the_rows,
    edges_to_archived_records_are_hidden, what_was_written_since_a_mark_can_be_taken_back,
};
use journal::{
    only_runs_that_are_running_are_ended_by_another_of_their_job,
    the_journal_keeps_runs_rejects_and_checkpoints,
};

/// Opens the store that lives in a folder, and makes it if it is not there.
type Open = fn(&Path, &Schema) -> Box<dyn Store>;

/// A record type with an attribute of every way of storing.
const SAMPLE: &str = r#"
api_name = "sample"
display_name = "Sample"
attributes = [
  { api_name = "text", display_name = "Text", value_type = "string" },
  { api_name = "number", display_name = "Number", value_type = "number" },
  { api_name = "amount", display_name = "Amount", value_type = "currency" },
  { api_name = "flag", display_name = "Flag", value_type = "boolean" },
  { api_name = "moment", display_name = "Moment", value_type = "timestamp" },
  { api_name = "day", display_name = "Day", value_type = "date" },
  { api_name = "token", display_name = "Token", value_type = "uuid" },
  { api_name = "order by", display_name = "A name that needs quotes", value_type = "string" },
  { api_name = "place", display_name = "Place", value_type = "address" },
  { api_name = "emails", display_name = "E-mails", value_type = "contact_email", is_array = true, is_unique = true },
  { api_name = "notes", display_name = "Notes", value_type = "string", is_array = true },
]

[[relationships]]
api_name = "next"
display_name = "Next"
target = "sample"
inverse = { api_name = "before", display_name = "Before" }
junction = "sample_next"
attributes = [
  { api_name = "role", display_name = "Role", value_type = "string" },
  { api_name = "first", display_name = "First", value_type = "boolean" },
]
"#;

struct Fixture {
    folder: tempfile::TempDir,
    schema: Schema,
    sample: Arc<RecordType>,
    store: Box<dyn Store>,
    open: Open,
}

impl Fixture {
    fn new(open: Open) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let schema = Schema::of(vec![parse_record_type(SAMPLE).unwrap()]).unwrap();
        let sample = Arc::clone(schema.record_type("sample").unwrap());
        let store = open(folder.path(), &schema);
        Self { folder, schema, sample, store, open }
    }

    fn index(&self, name: &str) -> usize {
        self.sample.index_of(name).unwrap()
    }

    /// Writes records with these texts; gives their rows and ids.
    fn insert(&self, texts: &[&str]) -> Vec<(RowKey, Uuid)> {
        let mut transaction = self.store.write().unwrap();
        let allocated = transaction.allocate(&self.sample, texts.len()).unwrap();
        let records: Vec<NewRecord> = allocated
            .iter()
            .zip(texts)
            .map(|((row, id), text)| {
                let mut record = self.blank(*row, *id);
                record.values[self.index("text")] = Some(Value::Text((*text).into()));
                record.into()
            })
            .collect();
        transaction.insert(&self.sample, &records).unwrap();
        transaction.commit().unwrap();
        allocated
    }

    fn blank(&self, row: RowKey, id: Uuid) -> StoredRecord {
        StoredRecord {
            row,
            id,
            created_at: Timestamp(1_700_000_000_000_001),
            updated_at: Timestamp(1_700_000_000_000_002),
            digest: None,
            values: vec![None; self.sample.attributes().len()],
        }
    }

    fn load(&self, row: RowKey) -> StoredRecord {
        let all = Selection::all(&self.sample);
        self.store.read().unwrap().load(&self.sample, &all, &[row]).unwrap().remove(0)
    }

    fn find_keys(&self, keys: &[&str]) -> Vec<(usize, RowKey)> {
        self.store.read().unwrap().find_keys(&self.sample, self.index("emails"), keys).unwrap()
    }
}

fn item(text: &str, number: u32, is_primary: bool, labels: Vec<&'static str>) -> Value {
    Value::Item(Box::new(Item { number, id: None, text: text.into(), is_primary, labels }))
}

pub(super) fn every_value_comes_back_as_it_was_written(open: Open) {
    let fixture = Fixture::new(open);
    let (row, id) = fixture.insert(&["x"])[0];
    let address = Address([None, Some("a\0b".into()), None, Some("Rome".into()), None, None]);
    let written = [
        ("text", Value::Text("naïve 🦀 \0 ' \" ; --".into())),
        ("number", Value::Number(Number::Integer(i64::MAX))),
        ("amount", Value::Decimal("12345678901234567890.120".parse::<Decimal>().unwrap())),
        ("flag", Value::Boolean(false)),
        ("moment", Value::Timestamp(Timestamp(-1))),
        ("day", Value::Date("2024-02-29".parse().unwrap())),
        ("token", Value::Uuid(Uuid::from_u128(7))),
        ("order by", Value::Text(String::new().into())),
        ("place", Value::Address(Box::new(address))),
        (
            "emails",
            Value::List(Box::new([
                item("B@x", 7, false, vec!["WORK", "MOBILE"]),
                item("a@x", 2, true, vec![]),
            ])),
        ),
        ("notes", Value::List(Box::new([Value::Text("b".into()), Value::Text("a".into())]))),
    ];
    let mut values: Vec<(usize, Option<Value>)> =
        written.iter().map(|(name, value)| (fixture.index(name), Some(value.clone()))).collect();
    values.sort_unstable_by_key(|(index, _)| *index);
    let update = RecordUpdate { row, updated_at: Timestamp(5), digest: None, values };
    let mut transaction = fixture.store.write().unwrap();
    transaction.update(&fixture.sample, &[update]).unwrap();
    transaction.commit().unwrap();
    let found = fixture.load(row);
    assert_eq!((found.id, found.updated_at), (id, Timestamp(5)));
    assert_eq!(fixture.store.get(&fixture.sample, id).unwrap().as_ref(), Some(&found));
    for (name, value) in &written {
        assert_eq!(found.values[fixture.index(name)].as_ref(), Some(value), "{name}");
    }
    let floats = [0.1, -1.5e300, 5e-324];
    for float in floats {
        let value = Number::from_f64(float).map(Value::Number);
        let update = RecordUpdate {
            row,
            updated_at: Timestamp(6),
            digest: None,
            values: vec![(fixture.index("number"), value.clone())],
        };
        let mut transaction = fixture.store.write().unwrap();
        transaction.update(&fixture.sample, &[update]).unwrap();
        transaction.commit().unwrap();
        assert_eq!(fixture.load(row).values[fixture.index("number")], value, "{float}");
    }
}

pub(super) fn an_update_touches_only_what_it_names_and_null_clears(open: Open) {
    let fixture = Fixture::new(open);
    let (row, _) = fixture.insert(&["kept"])[0];
    let change = |name: &str, value: Option<Value>| {
        let values = vec![(fixture.index(name), value)];
        let update = RecordUpdate { row, updated_at: Timestamp(5), digest: None, values };
        let mut transaction = fixture.store.write().unwrap();
        transaction.update(&fixture.sample, &[update]).unwrap();
        transaction.commit().unwrap();
    };
    change("notes", Some(Value::List(Box::new([Value::Text("n".into())]))));
    change("flag", Some(Value::Boolean(true)));
    let found = fixture.load(row);
    assert_eq!(found.values[fixture.index("text")], Some(Value::Text("kept".into())));
    assert!(found.values[fixture.index("notes")].is_some());
    change("notes", None);
    change("text", None);
    let found = fixture.load(row);
    assert_eq!(found.values[fixture.index("notes")], None);
    assert_eq!(found.values[fixture.index("text")], None);
    assert_eq!(found.values[fixture.index("flag")], Some(Value::Boolean(true)));
}

pub(super) fn a_digest_stays_until_the_next_change(open: Open) {
    let fixture = Fixture::new(open);
    let (row, id) = fixture.insert(&["kept"])[0];
    let digest = Some(Digest([7; 16]));
    for digest in [None, digest, None] {
        let values = vec![(fixture.index("flag"), Some(Value::Boolean(true)))];
        let update = RecordUpdate { row, updated_at: Timestamp(5), digest, values };
        let mut transaction = fixture.store.write().unwrap();
        transaction.update(&fixture.sample, &[update]).unwrap();
        transaction.commit().unwrap();
        let glances = fixture.store.read().unwrap().glance(&fixture.sample, &[row]).unwrap();
        assert_eq!(glances, [Glance { row, id, digest }]);
        assert_eq!(fixture.load(row).digest, digest);
    }
}

pub(super) fn ids_are_found_in_the_order_asked_and_unknown_ones_are_none(open: Open) {
    let fixture = Fixture::new(open);
    let made = fixture.insert(&["a", "b"]);
    let mut stranger = *made[0].1.as_bytes();
    stranger[8] ^= 1;
    let ids = [made[1].1, Uuid::from_bytes(stranger), made[0].1, Uuid::nil(), Uuid::max()];
    let found = fixture.store.read().unwrap().find_ids(&fixture.sample, &ids).unwrap();
    assert_eq!(found, [Some(made[1].0), None, Some(made[0].0), None, None]);
    for (id, row) in ids.iter().zip(&found) {
        let record = fixture.store.get(&fixture.sample, *id).unwrap();
        assert_eq!(record.map(|record| (record.row, record.id)), row.map(|row| (row, *id)));
    }
}

pub(super) fn a_selection_loads_what_it_names_in_the_order_of_the_rows(open: Open) {
    let fixture = Fixture::new(open);
    let made = fixture.insert(&["a", "b", "c"]);
    let mut selection = Selection::none(&fixture.sample);
    let rows: Vec<RowKey> = made.iter().map(|(row, _)| *row).collect();
    let mut transaction = fixture.store.read().unwrap();
    let bare = transaction.load(&fixture.sample, &selection, &rows).unwrap();
    assert!(bare.iter().all(|record| record.values.iter().all(Option::is_none)));
    selection.add(fixture.index("text"));
    let found = transaction.load(&fixture.sample, &selection, &rows).unwrap();
    let texts: Vec<&str> = found
        .iter()
        .filter_map(|record| record.values[fixture.index("text")].as_ref()?.as_text())
        .collect();
    assert_eq!(texts, ["a", "b", "c"]);
}

pub(super) fn rows_and_ids_are_never_given_twice(open: Open) {
    let fixture = Fixture::new(open);
    let mut given = fixture.insert(&["a", "b"]);
    let mut transaction = fixture.store.write().unwrap();
    let first = transaction.allocate(&fixture.sample, 3).unwrap();
    let second = transaction.allocate(&fixture.sample, 3).unwrap();
    assert!(first.iter().all(|taken| !second.contains(taken)));
    drop(transaction);
    given.extend(fixture.insert(&["c"]));
    let mut rows: Vec<RowKey> = given.iter().map(|(row, _)| *row).collect();
    let mut ids: Vec<Uuid> = given.iter().map(|(_, id)| *id).collect();
    rows.dedup();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((rows.len(), ids.len()), (3, 3));
}

pub(super) fn keys_come_and_go_and_are_found_sorted(open: Open) {
    let fixture = Fixture::new(open);
    let made = fixture.insert(&["a", "b"]);
    let entry = |key: &str, place: usize| KeyEntry { key: key.into(), row: made[place].0 };
    let change = |removed: &[KeyEntry], added: &[KeyEntry]| {
        let mut transaction = fixture.store.write().unwrap();
        let attribute = fixture.index("emails");
        transaction.change_keys(&fixture.sample, attribute, removed, added).unwrap();
        transaction.commit().unwrap();
    };
    change(&[], &[entry("k", 0), entry("k", 1), entry("l", 1)]);
    let (first, second) = (made[0].0, made[1].0);
    assert_eq!(fixture.find_keys(&["k", "l", "m"]), [(0, first), (0, second), (1, second)]);
    change(&[entry("k", 1)], &[entry("m", 0)]);
    assert_eq!(fixture.find_keys(&["k", "m"]), [(0, first), (1, first)]);
}

pub(super) fn archived_records_are_not_found(open: Open) {
    let fixture = Fixture::new(open);
    let made = fixture.insert(&["a", "b"]);
    let mut transaction = fixture.store.write().unwrap();
    transaction.archive(&fixture.sample, &[(made[0].0, Timestamp(9))]).unwrap();
    transaction.commit().unwrap();
    let mut transaction = fixture.store.read().unwrap();
    let found = transaction.find_ids(&fixture.sample, &[made[0].1, made[1].1]).unwrap();
    assert_eq!(found, [None, Some(made[1].0)]);
    let query = Query::parse(&fixture.schema, &fixture.sample, serde_json::Map::new()).unwrap();
    assert_eq!(transaction.query(&fixture.sample, &query).unwrap().records.len(), 1);
}

pub(super) fn what_is_not_committed_leaves_no_trace(open: Open) {
    let fixture = Fixture::new(open);
    let made = fixture.insert(&["a"]);
    let mut transaction = fixture.store.write().unwrap();
    transaction.archive(&fixture.sample, &[(made[0].0, Timestamp(9))]).unwrap();
    transaction.set_rejects_duplicates(true).unwrap();
    transaction.note_latest_update(&fixture.sample, Timestamp(99)).unwrap();
    drop(transaction);
    let mut transaction = fixture.store.write().unwrap();
    assert_eq!(transaction.find_ids(&fixture.sample, &[made[0].1]).unwrap(), [Some(made[0].0)]);
    assert!(!transaction.settings().unwrap().rejects_duplicates);
    assert_eq!(transaction.latest_update(&fixture.sample).unwrap(), Timestamp(0));
}

pub(super) fn a_reader_sees_one_state_and_is_not_held_up(open: Open) {
    let fixture = Fixture::new(open);
    let made = fixture.insert(&["a"]);
    let mut before = fixture.store.read().unwrap();
    assert_eq!(before.find_ids(&fixture.sample, &[made[0].1]).unwrap(), [Some(made[0].0)]);
    let mut transaction = fixture.store.write().unwrap();
    transaction.archive(&fixture.sample, &[(made[0].0, Timestamp(9))]).unwrap();
    transaction.commit().unwrap();
    assert_eq!(before.find_ids(&fixture.sample, &[made[0].1]).unwrap(), [Some(made[0].0)]);
    let mut after = fixture.store.read().unwrap();
    assert_eq!(after.find_ids(&fixture.sample, &[made[0].1]).unwrap(), [None]);
}

pub(super) fn what_is_committed_is_there_when_it_is_opened_again(open: Open) {
    let fixture = Fixture::new(open);
    let made = fixture.insert(&["a"]);
    let organization = fixture.store.read().unwrap().settings().unwrap().organization_id;
    let mut transaction = fixture.store.write().unwrap();
    transaction.set_rejects_duplicates(true).unwrap();
    transaction.note_latest_update(&fixture.sample, Timestamp(99)).unwrap();
    transaction.commit().unwrap();
    let Fixture { folder, schema, sample, store, open } = fixture;
    drop(store);
    let store = open(folder.path(), &schema);
    let mut transaction = store.write().unwrap();
    assert_eq!(transaction.find_ids(&sample, &[made[0].1]).unwrap(), [Some(made[0].0)]);
    let settings = transaction.settings().unwrap();
    assert_eq!((settings.organization_id, settings.rejects_duplicates), (organization, true));
    assert_eq!(transaction.latest_update(&sample).unwrap(), Timestamp(99));
}

pub(super) fn queries_page_through_ties_and_empty_values(open: Open) {
    let fixture = Fixture::new(open);
    fixture.insert(&["b", "a", "b", "a", "c"]);
    let (row, _) = fixture.insert(&["gone"])[0];
    let values = vec![(fixture.index("text"), None)];
    let mut transaction = fixture.store.write().unwrap();
    let update = RecordUpdate { row, updated_at: Timestamp(7), digest: None, values };
    transaction.update(&fixture.sample, &[update]).unwrap();
    transaction.commit().unwrap();
    for (direction, expected) in [("asc", "a a b b c -"), ("desc", "c b b a a -")] {
        let body =
            serde_json::json!({"sort": [{"field": "text", "direction": direction}], "limit": 1});
        let mut body = body.as_object().cloned().unwrap();
        let mut seen = Vec::new();
        loop {
            let query = Query::parse(&fixture.schema, &fixture.sample, body).unwrap();
            let page = fixture.store.read().unwrap().query(&fixture.sample, &query).unwrap();
            assert_eq!(page.records.len(), 1);
            let text = page.records[0].value("text").and_then(Value::as_text).unwrap_or("-");
            seen.push(text.to_owned());
            let Some(cursor) = page.next_cursor else { break };
            body = serde_json::json!({"cursor": cursor, "limit": 1}).as_object().cloned().unwrap();
        }
        assert_eq!(seen.join(" "), expected, "{direction}");
    }
}

pub(super) fn a_query_that_is_cancelled_gives_no_page(open: Open) {
    let fixture = Fixture::new(open);
    fixture.insert(&["a"]);
    let body = serde_json::Map::new();
    let mut query = Query::parse(&fixture.schema, &fixture.sample, body).unwrap();
    let control = Arc::new(Control::default());
    query.control = Some(Arc::clone(&control));
    let ask = || fixture.store.read().unwrap().query(&fixture.sample, &query);
    assert_eq!(ask().unwrap().records.len(), 1);
    control.cancel();
    assert_eq!(ask().unwrap_err().code(), ErrorCode::Cancelled);
}

/// Runs every rule on a store.
macro_rules! store_contract {
    ($name:ident, $open:expr, [$($rule:ident),+ $(,)?]) => {
        mod $name {
            $(
                #[test]
                fn $rule() {
                    super::$rule($open);
                }
            )+
        }
    };
}

store_contract!(
    sqlite,
    |folder, schema| {
        let path = folder.join("store.db");
        Box::new(crate::store::SqliteStore::open(&path, schema, true).unwrap())
    },
    [
        every_value_comes_back_as_it_was_written,
        an_update_touches_only_what_it_names_and_null_clears,
        a_digest_stays_until_the_next_change,
        ids_are_found_in_the_order_asked_and_unknown_ones_are_none,
        a_selection_loads_what_it_names_in_the_order_of_the_rows,
        rows_and_ids_are_never_given_twice,
        keys_come_and_go_and_are_found_sorted,
        archived_records_are_not_found,
        what_is_not_committed_leaves_no_trace,
        a_reader_sees_one_state_and_is_not_held_up,
        what_is_committed_is_there_when_it_is_opened_again,
        queries_page_through_ties_and_empty_values,
        a_query_that_is_cancelled_gives_no_page,
        the_journal_keeps_runs_rejects_and_checkpoints,
        only_runs_that_are_running_are_ended_by_another_of_their_job,
        edges_are_found_from_both_ends_in_the_order_of_the_rows,
        edges_are_changed_unset_and_removed,
        edges_to_archived_records_are_hidden,
        what_was_written_since_a_mark_can_be_taken_back,
    ]
);
