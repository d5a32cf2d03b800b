//! Rows that cannot be read, and files that cannot be read on.

use headwater_sdk::abi::HEADWATER_E_SOURCE_DATA_INVALID;
use serde_json::json;

use super::{Output, read_text};

fn nested(levels: usize) -> String {
    format!("{{\"a\":{}1{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1))
}

fn messages(output: &Output) -> Vec<&str> {
    output.bad.iter().map(|row| row.failure.message.as_str()).collect()
}

#[test]
fn malformed_lines_are_rejected_and_the_rest_goes_on() {
    let text = "{\"a\":1}\n{\"a\":tru}\n[1]\n\n7 8\n\"x\"\nnull\n{\"a\":\n{\"a\":2}";
    let output = read_text(text, json!({"format": "lines"}));
    assert_eq!(output.positions, [1, 9]);
    let positions: Vec<u64> = output.bad.iter().map(|row| row.position).collect();
    assert_eq!(positions, [2, 3, 5, 6, 7, 8]);
    assert_eq!(output.bad[0].raw, b"{\"a\":tru}");
    assert_eq!(output.bad[0].failure.record, "rows.json, line 2");
    assert_eq!(
        messages(&output),
        [
            "found malformed JSON at column 9: expected ident",
            "found a row that is an array, expected an object",
            "found malformed JSON at column 3: trailing characters",
            "found a row that is a string, expected an object",
            "found a row that is null, expected an object",
            "found malformed JSON at column 5: EOF while parsing a value",
        ]
    );
}

#[test]
fn rows_that_no_parser_takes_are_rejected() {
    let good = nested(127);
    let bad: Vec<Vec<u8>> = [
        nested(128).into_bytes(),
        nested(5000).into_bytes(),
        b"{\"a\":\"\xFF\"}".to_vec(),
        br#"{"a":"\ud800"}"#.to_vec(),
        br#"{"a":"\\\uDC00\uD800"}"#.to_vec(),
        br#"{"a":"\uD800\u0041"}"#.to_vec(),
        b"3".to_vec(),
    ]
    .into();
    for (open, between, close) in [("", "\n", "\n"), ("[", ",", "]")] {
        let mut text = format!("{open}{good}").into_bytes();
        for row in &bad {
            text.extend_from_slice(between.as_bytes());
            text.extend_from_slice(row);
        }
        let last = r#"{"\\ud800":"\ud83d\uDE00[[\\"}"#;
        text.extend_from_slice(format!("{between}{last}{close}").as_bytes());
        let output = read_text(&text, json!({}));
        assert!(output.failure.is_none(), "{:?}", output.failure);
        assert_eq!(output.positions, [1, 9]);
        assert_eq!(output.bad.iter().map(|row| row.raw.clone()).collect::<Vec<_>>(), bad);
    }
}

#[test]
fn the_hint_of_a_row_that_is_none_fits_the_layout() {
    let hint = |text: &[u8], keys| read_text(text, keys).bad[0].failure.hint.clone();
    let lines = hint(b"[{\"a\":1},{\"a\":2}]\n", json!({"format": "lines"}));
    assert!(lines.contains("`format` to array"), "{lines}");
    let nested = hint(b"[[{\"a\":1}]]", json!({}));
    assert!(nested.contains("`rows`"), "{nested}");
    for text in [&b"[{\"a\":\"\xE9\"}]"[..], b"{\"a\":\"\xE9\"}\n"] {
        let encoded = hint(text, json!({}));
        assert!(encoded.contains("`encoding`"), "{encoded}");
    }
}

#[test]
fn a_broken_array_fails_at_its_place_after_the_rows_before() {
    for (rest, expected) in [
        ("{\"a\":\n tru}]", "line 3, column 5"),
        ("{\"a\":1", "line 2, column 8"),
        ("{\"a\":\"]", "line 2, column 9"),
        ("", "line 2, column 2"),
        ("]", "line 2, column 2"),
        (", {}]", "line 2, column 2"),
        ("{} {}]", "line 2, column 5"),
        ("{}}", "line 2, column 4"),
        ("{} ] x", "line 2, column 7"),
        ("{}]]", "line 2, column 5"),
        ("{\"a\":[}]", "line 2, column 8"),
        ("nul]", "line 2, column 4"),
    ] {
        let output = read_text(format!("[{{\"a\":1}},\n {rest}"), json!({}));
        let failure = output.failure.unwrap_or_else(|| panic!("{rest}"));
        assert_eq!(failure.code, HEADWATER_E_SOURCE_DATA_INVALID);
        assert!(failure.message.ends_with(expected), "{rest}: {failure:?}");
        assert_eq!(output.rows[0], json!({"a": 1}));
        assert!(!output.checkpoints.is_empty());
    }
    let failure = read_text("[{\"a\":1},\n {\"a\":tru}]", json!({})).failure.unwrap();
    assert!(failure.message.starts_with("element 2 "), "{failure:?}");
    assert_eq!(failure.record, "rows.json, line 2, column 10, element 2");
}

#[test]
fn a_hundred_thousand_brackets_do_no_harm() {
    for text in ["[".repeat(100_000), "[{\"\":".repeat(100_000), "{\"a\":".repeat(100_000)] {
        for format in ["auto", "lines", "document"] {
            let output = super::try_text(&text, json!({"format": format}));
            assert!(output.failure.is_some() || !output.bad.is_empty());
        }
    }
    let balanced = format!("[{}{}]", "[".repeat(1_000_000), "]".repeat(1_000_000));
    let output = read_text(balanced, json!({}));
    assert_eq!((output.bad.len(), output.bad[0].raw.len()), (1, 64 << 10));
}

#[test]
fn rows_longer_than_the_limit_fail() {
    let text = format!("[{{}},\n{{\"a\":\"{}\"}}]", "x".repeat(65 << 20));
    let output = read_text(&text, json!({}));
    assert_eq!(output.rows.len(), 1);
    let failure = output.failure.unwrap();
    assert!(failure.message.contains("64 MiB"), "{failure:?}");
    let output = super::try_text(&text[5..], json!({}));
    assert!(output.failure.unwrap().hint.contains("`rows`"));
}
