//! Rows that cannot be read, and files that cannot be read on.

use headwater_sdk::abi::{HEADWATER_E_CANCELLED, HEADWATER_E_SOURCE_DATA_INVALID};
use headwater_sdk::{Batch, Call, Connector, LogLevel, Request, Stream};
use serde_json::json;

use super::{Quiet, config, failure_of, read_text, write};
use crate::Csv;

#[test]
fn a_long_row_is_rejected_a_short_one_lacks_its_last_cells_and_the_rest_goes_on() {
    let output = read_text("a,b,c\n1,2,3\n1,2\n\n1,2,3,\n4,5,6\n", json!({}));
    assert_eq!(output.rows.len(), 3);
    assert_eq!(output.positions, [2, 3, 6]);
    assert_eq!(output.rows[1], json!({"a": "1", "b": "2"}));
    let [long] = output.bad.as_slice() else { panic!("{:?}", output.bad) };
    assert_eq!((long.position, long.raw.as_slice()), (5, b"1,2,3,".as_slice()));
    assert_eq!(long.failure.code, HEADWATER_E_SOURCE_DATA_INVALID);
    assert_eq!(long.failure.message, "expected at most 3 cells as in the header, found 4");
    assert_eq!(long.failure.record, "rows.csv, line 5");
}

#[test]
fn lines_may_all_end_with_a_delimiter() {
    let text = "a,b\n1,2,\n3,\"4\",\"\"\n5\n6,7,8\n9,,,\n1,2, \n";
    let output = read_text(text, json!({}));
    let expected = [json!({"a": "1", "b": "2"}), json!({"a": "3", "b": "4"}), json!({"a": "5"})];
    assert_eq!(output.rows, expected);
    assert_eq!(output.bad.iter().map(|row| row.position).collect::<Vec<_>>(), [5, 6, 7]);
    assert_eq!(read_text(text, json!({"trim": true})).rows.len(), 4);
    // What is passed over is not the first row.
    for between in ["\n", "# one\n", "\n\r\n# one\n\n"] {
        let text = format!("a,b\n{between}1,2,\n{between}3,4,\n5,6,,\n");
        let output = read_text(text, json!({"comment": "#"}));
        assert_eq!((output.rows.len(), output.bad.len()), (2, 1), "{between:?}: {output:?}");
    }
    let keys = json!({"header": false, "columns": ["a", "b"], "delimiter": "||"});
    assert_eq!(read_text("1||2||\n3||4||\n", keys).rows.len(), 2);
}

#[test]
fn invalid_bytes_reject_their_row() {
    let rows =
        [&b"caf\xE9,2"[..], b"\xC3,\xA9", b"\xC3\"\"\xA9,1", b"\"\xC3\"\xA9,1", b"\xFF,\xFE"];
    let text = [b"a,b\n1,2\n".to_vec(), rows.join(&b'\n'), b"\n3,4".to_vec()].concat();
    let output = read_text(&text, json!({}));
    assert_eq!(output.rows, [json!({"a": "1", "b": "2"}), json!({"a": "3", "b": "4"})]);
    let raw: Vec<&[u8]> = output.bad.iter().map(|row| row.raw.as_slice()).collect();
    assert_eq!(raw, rows);
    // A lone surrogate, then half of a character at the end.
    let mut text = Vec::new();
    for unit in [0x61, 0x0A, 0xD800, 0x0A, 0x62, 0x0A] {
        text.extend_from_slice(&u16::to_le_bytes(unit));
    }
    text.push(0x63);
    let output = read_text(text, json!({"encoding": "utf-16le"}));
    assert_eq!(output.rows, [json!({"a": "b"})]);
    assert_eq!(output.bad.iter().map(|row| row.position).collect::<Vec<_>>(), [2, 4]);
}

#[test]
fn text_after_a_closing_quote_is_not_glued_to_the_cell() {
    let output = read_text("a,b\n\"x\"y,2\n\"1\",\"2\"\n1,\"p\nq,\"r\ns\",t\n5,6\n", json!({}));
    assert_eq!(output.bad.len(), 2, "{output:?}");
    assert!(output.bad[0].failure.message.contains("closing quote"));
    assert_eq!(output.rows.last().unwrap(), &json!({"a": "5", "b": "6"}));
    let trimmed = read_text("a,b\n\"x\" , \n", json!({"trim": true}));
    assert_eq!(trimmed.rows, [json!({"a": "x"})]);
}

#[test]
fn an_unclosed_quote_fails_after_the_rows_before() {
    for text in ["a,b\n1,2\n3,\"x\n4,5\n", "a,b\n1,2\n3,\"x", "a,b\n1,2\n3,\"", "a,b\n1,2\n\"\"\""]
    {
        let output = read_text(text, json!({}));
        assert_eq!(output.rows.len(), 1, "{text}");
        assert_eq!(output.checkpoints.len(), 1);
        let failure = output.failure.unwrap();
        assert_eq!(failure.code, HEADWATER_E_SOURCE_DATA_INVALID);
        assert_eq!(failure.record, "rows.csv, line 3");
    }
}

#[test]
fn headers_that_name_no_columns_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    for text in ["", "\n\r\n", "\u{feff}"] {
        let path = write(directory.path(), "rows.csv", text);
        let mut csv = Csv::open(&config(path, json!({})).to_string()).unwrap();
        assert_eq!(csv.check(&Quiet).unwrap_err().code, HEADWATER_E_SOURCE_DATA_INVALID);
        assert!(read_text(text, json!({"header": false})).rows.is_empty());
    }
    let failure = failure_of("id,mail,mail\n", json!({}));
    assert_eq!((failure.field.as_str(), failure.code), ("mail", HEADWATER_E_SOURCE_DATA_INVALID));
    assert!(failure.hint.contains("`columns`"));
    assert_eq!(failure_of("a,b\n", json!({"columns": ["x"]})).field, "columns");
    assert!(failure_of(b"gr\xF6sse\n", json!({})).hint.contains("encoding"));
    let rows = read_text(",a,\n1,2,3\n", json!({})).rows;
    assert_eq!(rows, [json!({"column_1": "1", "a": "2", "column_3": "3"})]);
    assert!(read_text("a,b", json!({})).rows.is_empty());
}

#[test]
fn damaged_archives_fail_after_the_rows_before() {
    let directory = tempfile::tempdir().unwrap();
    let text: String = (0..200_000).map(|n| format!("{n},{}\n", n * 7919 % 1009)).collect();
    let whole = super::resume::gzip(format!("a,b\n{text}").as_bytes());
    let path = write(directory.path(), "cut.csv.gz", &whole[..whole.len() / 2]);
    let output = super::read(&config(path, json!({})));
    assert!(!output.rows.is_empty());
    let failure = output.failure.unwrap();
    assert_eq!(failure.code, HEADWATER_E_SOURCE_DATA_INVALID);
    assert!(failure.message.contains("gzip"), "{failure:?}");
    let path = write(directory.path(), "not.csv.gz", "a,b\n1,2\n");
    let failure = super::read_from(&config(path, json!({})), b"", 0).unwrap_err();
    assert!(failure.hint.contains("compression"), "{failure:?}");
}

#[test]
fn rows_longer_than_the_limit_fail_and_shorter_ones_do_not() {
    let long = "x".repeat(10 << 20);
    assert_eq!(read_text(format!("a,b\n1,{long}\n"), json!({})).rows[0]["b"], long);
    let text = format!("a,b\n1,2\n\"{}\n", "y\n".repeat(33 << 20));
    let output = read_text(text, json!({}));
    assert_eq!(output.rows.len(), 1);
    let failure = output.failure.unwrap();
    assert_eq!(failure.record, "rows.csv, line 3");
    assert!(failure.message.contains("64 MiB"), "{failure:?}");
}

#[test]
fn a_batch_is_bounded_in_rows_and_bytes() {
    let text = format!("a\n{}", format!("{}\n", "z".repeat(1 << 20)).repeat(9));
    assert_eq!(read_text(text, json!({})).checkpoints.len(), 3);
    assert_eq!(read_text(format!("a\n{}", "1\n".repeat(4001)), json!({})).checkpoints.len(), 3);
}

#[test]
fn a_cancelled_read_stops() {
    struct Cancelled;
    impl Call for Cancelled {
        fn is_cancelled(&self) -> bool {
            true
        }
        fn log(&self, _: LogLevel, _: &str) {}
    }
    let directory = tempfile::tempdir().unwrap();
    let path = write(directory.path(), "rows.csv", "a\n1\n");
    let mut csv = Csv::open(&config(path, json!({})).to_string()).unwrap();
    let request = Request {
        stream: "rows",
        checkpoint: b"",
        partition: "",
        batch_rows: 1,
        accepts_arrow: false,
    };
    let mut stream = csv.read(&Quiet, &request).unwrap();
    let failure = stream.next(&Cancelled, &mut Batch::default()).unwrap_err();
    assert_eq!(failure.code, HEADWATER_E_CANCELLED);
}
