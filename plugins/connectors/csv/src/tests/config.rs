//! What may stand in a configuration, and what a wrong one says.

use std::cell::RefCell;

use headwater_sdk::abi::{HEADWATER_E_CONFIG_INVALID, HEADWATER_E_SOURCE_UNAVAILABLE};
use headwater_sdk::{Batch, Call, Connector, LogLevel, Stream};
use serde_json::{Value, json};

use super::{Quiet, config, read_from, read_text, write};
use crate::Csv;
use crate::config::KEYS;

#[test]
fn an_unknown_key_is_named_with_the_nearest_one() {
    let failure = Csv::open(r#"{"path":"x","delimeter":";"}"#).unwrap_err();
    assert_eq!((failure.code, failure.field.as_str()), (HEADWATER_E_CONFIG_INVALID, "delimeter"));
    assert_eq!(failure.message, "unknown key `delimeter`");
    assert_eq!(failure.hint, "did you mean `delimiter`?");
}

#[test]
fn each_wrong_value_names_its_key() {
    for (config, key) in [
        (json!({}), "path"),
        (json!({"path": []}), "path"),
        (json!({"path": 5}), "path"),
        (json!({"path": "x", "delimiter": ""}), "delimiter"),
        (json!({"path": "x", "delimiter": "\n"}), "delimiter"),
        (json!({"path": "x", "delimiter": "\""}), "delimiter"),
        (json!({"path": "x", "quote": "''"}), "quote"),
        (json!({"path": "x", "quote": "«"}), "quote"),
        (json!({"path": "x", "escape": ""}), "escape"),
        (json!({"path": "x", "encoding": "utf-99"}), "encoding"),
        (json!({"path": "x", "header": "yes"}), "header"),
        (json!({"path": "x", "columns": ["a", "a"]}), "columns"),
        (json!({"path": "x", "columns": []}), "columns"),
        (json!({"path": "x", "null_values": "NULL"}), "null_values"),
        (json!({"path": "x", "trim": 1}), "trim"),
        (json!({"path": "x", "skip_lines": -1}), "skip_lines"),
        (json!({"path": "x", "compression": "lz4"}), "compression"),
        (json!({"path": "x", "comment": ""}), "comment"),
    ] {
        let failure = Csv::open(&config.to_string()).unwrap_err();
        assert_eq!(failure.code, HEADWATER_E_CONFIG_INVALID, "{config}");
        assert_eq!(failure.field, key, "{config}");
    }
}

#[test]
fn the_schema_describes_every_key() {
    let schema: Value = serde_json::from_str(Csv::CONFIG_SCHEMA).unwrap();
    let properties = schema["properties"].as_object().unwrap();
    assert_eq!(properties.keys().map(String::as_str).collect::<Vec<_>>(), KEYS);
    for (key, property) in properties {
        assert!(property["description"].is_string(), "{key}");
    }
    for key in KEYS {
        assert!(include_str!("../../docs.md").contains(&format!("| `{key}` |")), "{key}");
    }
}

#[test]
fn files_that_cannot_be_read_say_so() {
    let directory = tempfile::tempdir().unwrap();
    let read = |path: &str| {
        read_from(&config(directory.path().join(path), json!({})), b"", 0).unwrap_err()
    };
    assert_eq!(read("missing.csv").code, HEADWATER_E_SOURCE_UNAVAILABLE);
    assert_eq!(read("*.csv").code, HEADWATER_E_SOURCE_UNAVAILABLE);
    let failure = read("");
    assert_eq!((failure.code, failure.field.as_str()), (HEADWATER_E_CONFIG_INVALID, "path"));
}

#[test]
fn check_names_the_stream_and_its_columns() {
    let directory = tempfile::tempdir().unwrap();
    let path = write(directory.path(), "people.csv", "id,name\n1,Ann\n");
    let streams = |keys| {
        let mut csv = Csv::open(&config(&path, keys).to_string()).unwrap();
        csv.check(&Quiet).unwrap()
    };
    let stream = &streams(json!({}))[0];
    assert_eq!(stream.name, "people");
    assert!(stream.fields_are_complete);
    let names = |fields: &[headwater_sdk::Field]| {
        fields.iter().map(|field| field.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&stream.fields), ["id", "name"]);
    assert_eq!(names(&streams(json!({"header": false}))[0].fields), ["column_1", "column_2"]);
    assert_eq!(names(&streams(json!({"columns": ["x", "y"]}))[0].fields), ["x", "y"]);

    write(directory.path(), "places.csv", "id,city\n7,Ulm\n");
    let config = config(directory.path().join("*.csv"), json!({}));
    let stream = &Csv::open(&config.to_string()).unwrap().check(&Quiet).unwrap()[0];
    assert_eq!(stream.name, "files");
    assert!(!stream.fields_are_complete);
    assert_eq!(names(&stream.fields), ["id", "name", "city"]);
    let output = super::read(&config);
    assert_eq!(output.rows, [json!({"id": "1", "name": "Ann"}), json!({"id": "7", "city": "Ulm"})]);
}

#[test]
fn a_file_without_a_row_keeps_no_other_from_being_read() {
    let directory = tempfile::tempdir().unwrap();
    let check = |keys| {
        let config = config(directory.path().join("*.csv"), keys);
        Csv::open(&config.to_string()).unwrap().check(&Quiet)
    };
    write(directory.path(), "b.csv", "");
    let failure = check(json!({})).unwrap_err();
    assert!(failure.message.contains("b.csv"), "{failure:?}");
    assert!(failure.hint.contains("`columns`"), "{failure:?}");
    // What the hint says helps.
    let columns = json!({"columns": ["id", "name"]});
    let stream = &check(columns.clone()).unwrap()[0];
    assert_eq!((stream.fields.len(), stream.fields_are_complete), (2, true));
    assert!(super::read(&config(directory.path().join("b.csv"), columns)).rows.is_empty());
    assert!(!check(json!({"header": false})).unwrap()[0].fields_are_complete);

    write(directory.path(), "a.csv", "id,name\n1,Ann\n");
    write(directory.path(), "c.csv", "id,name\n2,Bob\n3,x,y\n");
    assert_eq!(check(json!({})).unwrap()[0].fields.len(), 2);
    let config = config(directory.path().join("*.csv"), json!({}));
    assert_eq!(super::read(&config).rows.len(), 2);

    // A batch is of one file, which it names.
    let mut csv = Csv::open(&config.to_string()).unwrap();
    let (mut batch, mut parts) = (Batch::default(), Vec::new());
    let mut stream = csv.read(&Quiet, &super::request()).unwrap();
    while stream.next(&Quiet, &mut batch).unwrap() {
        parts.push((batch.part.clone(), batch.len()));
        batch.clear();
    }
    assert_eq!(parts, [("a.csv".to_owned(), 1), ("c.csv".to_owned(), 2)]);
}

#[test]
fn a_file_that_lacks_what_others_have_is_told_of() {
    struct Told(RefCell<Vec<String>>);
    impl Call for Told {
        fn is_cancelled(&self) -> bool {
            false
        }
        fn log(&self, _: LogLevel, message: &str) {
            self.0.borrow_mut().push(message.to_owned());
        }
    }
    let directory = tempfile::tempdir().unwrap();
    let told = || {
        let told = Told(RefCell::default());
        let config = config(directory.path().join("*.csv"), json!({}));
        Csv::open(&config.to_string()).unwrap().check(&told).unwrap();
        told.0.into_inner()
    };
    write(directory.path(), "a.csv", "id,name\n1,Ann\n");
    write(directory.path(), "b.csv", "name,id\nBob,2\n");
    assert!(told().is_empty(), "{:?}", told());
    write(directory.path(), "c.csv", "id\n3\n");
    assert!(
        told()[0].contains("c.csv` lacks columns that other files have: `name`"),
        "{:?}",
        told()
    );
    write(directory.path(), "d.csv", "id\n4\n");
    assert!(told()[0].ends_with("`name`; files that lack some: 2"), "{:?}", told());
}

#[test]
fn header_and_columns_name_the_cells() {
    let rows = |keys| read_text("a,b\n1,2\n", keys).rows;
    assert_eq!(rows(json!({})), [json!({"a": "1", "b": "2"})]);
    assert_eq!(rows(json!({"columns": ["x", "y"]})), [json!({"x": "1", "y": "2"})]);
    assert_eq!(
        rows(json!({"header": false, "columns": ["x", "y"]})),
        [json!({"x": "a", "y": "b"}), json!({"x": "1", "y": "2"})]
    );
    assert_eq!(
        rows(json!({"header": false})),
        [json!({"column_1": "a", "column_2": "b"}), json!({"column_1": "1", "column_2": "2"})]
    );
}

#[test]
fn a_column_without_a_name_gets_one_that_no_other_has() {
    let rows = |text: &str| read_text(text, json!({})).rows;
    assert_eq!(
        rows("column_2,,column_2_,\n1,2,3,4"),
        [json!({"column_2": "1", "column_2__": "2", "column_2_": "3", "column_4": "4"})]
    );
    assert_eq!(rows(",column_1\n1,2"), [json!({"column_1_": "1", "column_1": "2"})]);
}
