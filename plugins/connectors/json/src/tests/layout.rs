//! Lines, arrays and documents, and how they are told apart.

use serde_json::json;

use super::{failure_of, lines_of, read_text};

#[test]
fn the_start_of_a_file_tells_its_layout() {
    for (text, positions) in [
        ("{\"a\":1}\n{\"a\":2}\n", [1, 2]),
        ("\n  {\"a\":1}\r\n\r\n{\"a\":2}", [2, 4]),
        ("\u{feff}{\"a\":1}\n{\"a\":2}", [1, 2]),
        ("[{\"a\":1},{\"a\":2}]", [1, 2]),
        (" [\n {\n  \"a\": 1\n }\n,\n {\"a\" : 2}\n]\n", [1, 2]),
    ] {
        let output = read_text(text, json!({}));
        assert_eq!(output.rows, [json!({"a": 1}), json!({"a": 2})], "{text}");
        assert_eq!(output.positions, positions);
        assert!(output.failure.is_none() && output.bad.is_empty());
    }
    for text in ["{\"a\":[{\"b\":1}]}", "{\n  \"a\": [\n{\"b\":1}\n]}\n", "{\n\n}"] {
        assert_eq!(read_text(text, json!({})).rows.len(), 1, "{text}");
    }
    // The first line is malformed, and the second one tells that there are lines.
    let output = read_text("{\"a\":\"x}\n{\"a\":2}\n", json!({}));
    assert_eq!((output.rows, output.bad.len()), (vec![json!({"a": 2})], 1));
    assert!(read_text("[]", json!({})).rows.is_empty());
    assert!(read_text("", json!({"format": "lines"})).rows.is_empty());
    assert!(failure_of(" \n", json!({})).hint.contains("lines"));
}

#[test]
fn rows_lie_where_they_are_said_to_lie() {
    let text = r#" { "skip" : [ "]}\"" , {"records": [0]}, -1e5 ], "n":null, "d\u0061ta" :
        [ 7, { "it.e/m~s" : [ {"a":1} , {"a":2}] , "records":[] } ], "after": {"x": "}"} } "#;
    let output = read_text(text, json!({"rows": "/data/1/it.e~1m~0s"}));
    assert_eq!(output.rows, [json!({"a": 1}), json!({"a": 2})]);
    assert!(output.failure.is_none(), "{:?}", output.failure);
    assert!(read_text(text, json!({"rows": "data.1.records"})).rows.is_empty());
    let one = read_text(text, json!({"rows": "after", "format": "document"}));
    assert_eq!((one.rows, one.positions), (vec![json!({"x": "}"})], vec![1]));
    for rows in ["items", "data.items", "data.2", "n", "n.x", "skip.0", "/", "data.5"] {
        let failure = failure_of(text, json!({"rows": rows}));
        assert_eq!(failure.field, "rows", "{rows}: {failure:?}");
        assert!(failure.message.contains("line "), "{failure:?}");
    }
    assert_eq!(failure_of(text, json!({"rows": "after", "format": "array"})).field, "rows");
    // What follows the rows must be there.
    for cut in [text.len() - 3, text.len() - 12, text.len() - 24] {
        let output = read_text(&text[..cut], json!({"rows": "/data/1/it.e~1m~0s"}));
        assert_eq!(output.rows.len(), 2);
        assert!(output.failure.unwrap().message.contains("end of the file"));
    }
    let output = read_text(format!("{text}]"), json!({"rows": "/data/1/it.e~1m~0s"}));
    assert!(output.failure.unwrap().message.contains("found `]` after the document"));
}

#[test]
fn rows_that_are_named_twice_are_no_rows_lost_in_silence() {
    let twice = |text: &str, rows: &str| {
        let output = read_text(text, json!({"rows": rows}));
        assert_eq!(output.rows, [json!({"a": 1})]);
        let failure = output.failure?;
        assert_eq!(failure.field, "rows");
        Some(failure.message)
    };
    let found = twice(r#"{"r":[{"a":1}],"s":"r","r":[{"a":2}]}"#, "r").unwrap();
    assert!(found.contains("found `r` twice in `/`"), "{found}");
    let found = twice(r#"{"d":{"r":[{"a":1}]},"n":[{"d":1}],"\u0064":{"r":[]}}"#, "d.r").unwrap();
    assert!(found.contains("found `d` twice in `/`"), "{found}");
    // The same name elsewhere, or as a value, is another.
    assert_eq!(twice(r#"{"d":{"r":[{"a":1}],"d":1},"r":["d","r"],"e":"d"}"#, "d.r"), None);
    assert_eq!(twice(r#"[{"0":0},{"r":[{"a":1}],"q":{"r":2}},"1",{"r":3}]"#, "1.r"), None);
}

#[test]
fn rows_keep_their_own_bytes() {
    let row = r#"{"a":1e400, "b":123456789012345678901234567890,"c":-0.10,"a":"\u00e9\/\ud83d\ude00 é  "}"#;
    for text in
        [format!("{row}\n{row}"), format!("[{row},{row}]"), format!("[\n{row}\n ,{row}\r\n]")]
    {
        assert_eq!(lines_of(&text, json!({})), format!("{row}\n{row}\n"));
    }
    let pretty = "[\n  {\n    \"a\": [\r\n      1,\n      \" x  \"\n    ]\n  }\n]";
    assert_eq!(lines_of(pretty, json!({})), "{\"a\": [1,\" x  \"]}\n");
}

#[test]
fn other_encodings_are_decoded() {
    let text = "[{\"größe\":\"€😀\"}]";
    for (mark, big_endian) in [([0xFF, 0xFE], false), ([0xFE, 0xFF], true)] {
        let units = text.encode_utf16();
        let bytes: Vec<u8> = units
            .flat_map(|unit| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() })
            .collect();
        let output = read_text([mark.to_vec(), bytes].concat(), json!({}));
        assert_eq!(output.rows, [json!({"größe": "€😀"})]);
    }
    let output = read_text(b"{\"a\":\"\xE9\"}", json!({"encoding": "latin1"}));
    assert_eq!(output.rows, [json!({"a": "é"})]);
}

#[test]
fn elements_may_lie_across_chunks() {
    for pad in (256 * 1024 - 40)..(256 * 1024 + 4) {
        let text =
            format!("[{{\"a\":\"{}\"}} , {{\"b\":[{{}},\"\\\"]\\\\\"]}}\n]", "x".repeat(pad));
        let output = read_text(text, json!({}));
        assert_eq!(output.rows[1], json!({"b": [{}, "\"]\\"]}), "{pad}");
        assert!(output.failure.is_none());
    }
}
