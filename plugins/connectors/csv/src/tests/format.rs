//! Delimiters, quotes, encodings, and what cells come to mean.

use encoding_rs::{SHIFT_JIS, UTF_16BE, UTF_16LE, WINDOWS_1252};
use serde_json::{Value, json};

use super::{read_text, write};

fn utf16(text: &str, big_endian: bool) -> Vec<u8> {
    text.encode_utf16()
        .flat_map(|unit| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() })
        .collect()
}

#[test]
fn the_delimiter_is_detected_outside_quotes() {
    for delimiter in [',', ';', '\t', '|'] {
        let text = format!(
            "a{delimiter}\"b,,;;\t\t||\"\"{delimiter}\"{delimiter}c\n1{delimiter}2{delimiter}3"
        );
        let rows = read_text(text, json!({})).rows;
        let quoted = format!("b,,;;\t\t||\"{delimiter}");
        assert_eq!(rows, [json!({"a": "1", quoted: "2", "c": "3"})], "{delimiter:?}");
    }
    assert_eq!(read_text("only\n1\n", json!({})).rows, [json!({"only": "1"})]);
    assert_eq!(read_text("5\" a;5\" b,c;d\n1;2;3", json!({})).rows.len(), 1);
}

#[test]
fn any_delimiter_works_inside_and_outside_quotes() {
    for delimiter in ["¬", "||", "~|~", "\u{1f}", "€€", "::", "tab", " "] {
        let text = if delimiter == "tab" { "\t" } else { delimiter };
        let half: String = text.chars().take(1).collect();
        let csv = format!(
            "a{text}b{text}c\r\n1{text}\"x{text}\"\"{text}\ny\"{text}3\r\n{text}{text}\"\"\n\"{half}\"{text}ü\0{text}"
        );
        let rows = read_text(csv, json!({"delimiter": delimiter})).rows;
        assert_eq!(rows[0], json!({"a": "1", "b": format!("x{text}\"{text}\ny"), "c": "3"}));
        assert_eq!(rows[1], json!({}));
        assert_eq!(rows[2], json!({"a": half, "b": "ü\0"}), "{delimiter}");
        assert_eq!(rows.len(), 3);
    }
}

#[test]
fn a_long_delimiter_may_lie_across_two_chunks() {
    for pad in (256 * 1024 - 12)..(256 * 1024 + 4) {
        let text = format!("a~|~b\n{}~|~y\n", "x".repeat(pad));
        let rows = read_text(text, json!({"delimiter": "~|~"})).rows;
        assert_eq!(rows[0]["b"], "y", "{pad}");
    }
}

#[test]
fn raw_bytes_that_equal_the_mark_do_not_become_delimiters() {
    let output = read_text(b"a||b\n1\xFF\"2||3\n4||5\n", json!({"delimiter": "||"}));
    assert_eq!(output.rows, [json!({"a": "4", "b": "5"})]);
    assert_eq!(output.bad.len(), 1);
    assert_eq!(output.bad[0].raw, b"1\xFF\"2||3");
}

#[test]
fn empty_is_absent_and_null_is_what_is_listed() {
    let text = "a,b,c\n,\"\",NULL\nx,-,\" \"\n";
    assert_eq!(read_text(text, json!({})).rows[0], json!({"c": "NULL"}));
    let rows = read_text(text, json!({"null_values": ["NULL", "-"]})).rows;
    assert_eq!(rows, [json!({"c": null}), json!({"a": "x", "b": null, "c": " "})]);
    let rows = read_text(text, json!({"null_values": [""], "trim": true})).rows;
    assert_eq!(rows[0], json!({"a": null, "b": null, "c": "NULL"}));
    assert_eq!(rows[1], json!({"a": "x", "b": "-", "c": null}));
}

#[test]
fn quotes_escapes_and_comments_are_as_configured() {
    let rows = |text: &str, keys| read_text(text, keys).rows;
    assert_eq!(rows("a,b\n'1,\"',2", json!({"quote": "'"})), [json!({"a": "1,\"", "b": "2"})]);
    for none in [json!(""), Value::Null] {
        assert_eq!(
            rows("a,b\n\"1,2\"", json!({"quote": none}))[0],
            json!({"a": "\"1", "b": "2\""})
        );
    }
    let keys = json!({"escape": "\\"});
    assert_eq!(rows("a,b\n\"1\\\",\\\\\",2", keys)[0], json!({"a": "1\",\\", "b": "2"}));
    let text = "#x\r\r\n# y\na\n1\n#2\n#";
    assert_eq!(rows(text, json!({"comment": "#"})), [json!({"a": "1"})]);
    assert_eq!(rows("junk \"\nmore\ra\n1", json!({"skip_lines": 2})), [json!({"a": "1"})]);
    assert_eq!(rows(" a ,b\n 1 , \n", json!({"trim": true})), [json!({"a": "1"})]);
}

#[test]
fn trimming_lets_a_quote_open_after_spaces() {
    for delimiter in [",", ";", "||", "tab", "\u{1f}"] {
        let text = if delimiter == "tab" { "\t" } else { delimiter };
        let csv = [
            "a|  \"b| c\" |d",
            "  \"Ann\"|   \"Chen|\n \"\"Sarah\"| x",
            " | \"2\"| \"\"",
            "1|2\"| \" 3\" ",
        ];
        let csv = csv.join("\n").replace('|', text);
        let rows = read_text(csv, json!({"trim": true, "delimiter": delimiter})).rows;
        let b = format!("b{text} c");
        let chen = format!("Chen{text}\n \"Sarah");
        assert_eq!(rows[0], json!({"a": "Ann", &b: chen, "d": "x"}), "{delimiter:?}");
        assert_eq!(rows[1..], [json!({&b: "2"}), json!({"a": "1", &b: "2\"", "d": "3"})]);
    }
    // The quote may lie in the next chunk, or not come at all.
    let trimmed = |text: &str| read_text(text, json!({"trim": true}));
    let (long, blanks) = ("z".repeat(200 * 1024), " ".repeat(200 * 1024));
    let far = trimmed(&format!("a,b,c\n{long},\"\",{blanks}\"x,y\"\n\"1\",{blanks}"));
    assert_eq!(far.rows[0]["c"], "x,y");
    assert_eq!(far.rows[1..], [json!({"a": "1"})]);
    // A delimiter is looked for outside of quotes.
    assert_eq!(trimmed("a,  \"b;;\"\n1, \"2\"").rows, [json!({"a": "1", "b;;": "2"})]);
    let output = trimmed("a,b\n1, \"2\" 3\n4, \"5\"\n");
    assert_eq!((output.rows, output.bad.len()), (vec![json!({"a": "4", "b": "5"})], 1));
    let kept = read_text("a,b\n1, \"2\"\n", json!({})).rows;
    assert_eq!(kept, [json!({"a": "1", "b": " \"2\""})]);
}

#[test]
fn positions_are_lines_whatever_ends_them() {
    for end in ["\n", "\r\n", "\r"] {
        let text = ["a,b", "", "1,\"x", "y\"", "", "2,", "3,4"].join(end);
        let output = read_text(&text, json!({}));
        assert_eq!(output.positions, [3, 6, 7], "{end:?}");
        assert_eq!(output.rows[0], json!({"a": "1", "b": format!("x{end}y")}));
    }
}

#[test]
fn encodings_are_configured_or_marked() {
    let text = "naïve;größe\r\n\"é;\n\";ß€\r\n";
    let expected = [json!({"naïve": "é;\n", "größe": "ß€"})];
    let marked = |mark: &[u8], bytes: Vec<u8>| [mark, &bytes].concat();
    for (bytes, encoding) in [
        (text.as_bytes().to_vec(), None),
        (marked(b"\xEF\xBB\xBF", text.into()), None),
        // A byte order mark goes before the configuration.
        (marked(b"\xEF\xBB\xBF", text.into()), Some(WINDOWS_1252)),
        (WINDOWS_1252.encode(text).0.into_owned(), Some(WINDOWS_1252)),
        (marked(b"\xFF\xFE", utf16(text, false)), None),
        (marked(b"\xFE\xFF", utf16(text, true)), None),
        (utf16(text, false), Some(UTF_16LE)),
        (utf16(text, true), Some(UTF_16BE)),
    ] {
        let keys = encoding.map_or(json!({}), |encoding| json!({"encoding": encoding.name()}));
        let output = read_text(bytes, keys);
        assert_eq!(output.rows, expected, "{encoding:?}");
        assert!(output.bad.is_empty());
    }
    let japanese = SHIFT_JIS.encode("a¬b\nソ¬表\n").0;
    assert_eq!(japanese[0], b'a');
    let rows = read_text("a,b\n\u{feff}1,2", json!({})).rows;
    assert_eq!(rows, [json!({"a": "\u{feff}1", "b": "2"})]);
}

#[test]
fn compressed_files_are_known_by_ending_or_configuration() {
    let directory = tempfile::tempdir().unwrap();
    let text = "a,b\n1,2\n3,4\n";
    let zstd = zstd::encode_all(text.as_bytes(), 1).unwrap();
    let gzip = super::resume::gzip(text.as_bytes());
    // Two members, as made by `cat one.gz two.gz`.
    let members = [super::resume::gzip(b"a,b\n1,2\n3"), super::resume::gzip(b",4\n")].concat();
    for (name, bytes, compression) in [
        ("x.csv.gz", &gzip, "auto"),
        ("x.csv.zst", &zstd, "auto"),
        ("x", &gzip, "gzip"),
        ("y", &zstd, "zstd"),
        ("y.GZ", &members, "auto"),
    ] {
        let path = write(directory.path(), name, bytes);
        let output = super::read(&super::config(path, json!({"compression": compression})));
        assert_eq!(output.rows, [json!({"a": "1", "b": "2"}), json!({"a": "3", "b": "4"})]);
    }
}

#[test]
fn compressed_files_without_their_ending_are_told_what_they_are() {
    let text = "a,b\n1,2\n";
    let gzip = super::resume::gzip(text.as_bytes());
    let zstd = zstd::encode_all(text.as_bytes(), 1).unwrap();
    for (bytes, what) in [(&gzip, "gzip"), (&zstd, "zstd")] {
        for keys in [json!({}), json!({"encoding": "windows-1252"})] {
            let failure = super::failure_of(bytes, keys);
            assert!(failure.message.contains(what), "{failure:?}");
            // What the hint says helps.
            assert!(failure.hint.contains(&format!("`compression` to \"{what}\"")), "{failure:?}");
        }
        assert_eq!(read_text(bytes, json!({"compression": what})).rows.len(), 1);
    }
    let failure = super::failure_of(b"PK\x03\x04\x14\0\x06\0", json!({}));
    assert!(failure.message.contains("zip") && failure.hint.contains("CSV"), "{failure:?}");
    assert_eq!(read_text("PK,(\u{b5}/\n1,2", json!({})).rows.len(), 1);
}

/// Cells of characters that mean something, from a small generator, written by the csv crate and read back.
#[test]
fn what_the_csv_crate_writes_is_read_back() {
    const PARTS: [&str; 12] =
        ["", "a", ",", "\"", "\n", "\r\n", "\r", "ü", "¬", "\0", "\u{1f}", "||"];
    let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % below as u64).unwrap()
    };
    for round in 0..300 {
        let width = 2 + next(4);
        let mut writer = csv::WriterBuilder::new();
        writer.quote_style([csv::QuoteStyle::Necessary, csv::QuoteStyle::Always][round % 2]);
        writer.terminator([csv::Terminator::CRLF, csv::Terminator::Any(b'\n')][next(2)]);
        let mut writer = writer.from_writer(Vec::new());
        let names: Vec<String> = (0..width).map(|index| format!("c{index}")).collect();
        writer.write_record(&names).unwrap();
        let mut expected = Vec::new();
        for _ in 0..next(20) {
            let cells: Vec<String> = (0..width)
                .map(|_| (0..next(4)).map(|_| PARTS[next(PARTS.len())]).collect())
                .collect();
            writer.write_record(&cells).unwrap();
            let present = names.iter().zip(cells).filter(|(_, cell)| !cell.is_empty());
            expected.push(Value::Object(present.map(|(n, c)| (n.clone(), c.into())).collect()));
        }
        let text = writer.into_inner().unwrap();
        let output = read_text(&text, json!({"delimiter": ","}));
        assert_eq!(output.rows, expected, "{}", String::from_utf8_lossy(&text));
        assert!(output.bad.is_empty());
    }
}
