//! Every checkpoint gives exactly the rest, and a file that changed is noticed.

use std::io::Write;

use headwater_sdk::abi::HEADWATER_E_CHECKPOINT_INVALID;
use serde_json::{Value, json};

use super::{config, read_from, write};

pub(super) fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// Reads row by row, and then again from each checkpoint.
fn assert_resumes(config: &Value) -> usize {
    let whole = read_from(config, b"", 1).unwrap();
    assert_eq!(whole.checkpoints.len(), whole.rows.len() + whole.bad.len());
    for (index, checkpoint) in whole.checkpoints.iter().enumerate() {
        let rest = read_from(config, checkpoint, 3).unwrap();
        assert_eq!(rest.rows.len() + rest.bad.len(), whole.checkpoints.len() - index - 1);
        assert_eq!(rest.rows, whole.rows[whole.rows.len() - rest.rows.len()..]);
        assert_eq!(rest.positions, whole.positions[whole.rows.len() - rest.rows.len()..]);
        assert_eq!(rest.bad, whole.bad[whole.bad.len() - rest.bad.len()..]);
        assert_eq!(rest.failure, whole.failure, "{index}");
    }
    whole.checkpoints.len()
}

fn rows(between: &str, broken: &str) -> String {
    let row = |n: usize| match n % 7 {
        3 => format!("[{n}]"),
        _ => format!("{{ \"id\":{n}, \"note\":\"{}\"}}", "é".repeat(n * 7)),
    };
    let rows: Vec<String> = (0..60).map(row).collect();
    rows.join(between) + broken
}

#[test]
fn every_checkpoint_gives_the_rest() {
    let directory = tempfile::tempdir().unwrap();
    let texts = [
        (rows("\n", ""), json!({}), 60),
        (rows("\r\n\n", "\n{\"a\"\n"), json!({"format": "lines"}), 61),
        (format!("[{}]", rows(",", "")), json!({}), 60),
        (format!("[{}]\n", rows("\n,\n  ", "")), json!({"format": "array"}), 60),
        (format!("[{}", rows("\n, ", ",\n{")), json!({}), 60),
        (format!("[{}] x", rows("\n, ", "")), json!({}), 60),
        (format!("{{\"n\":1,\"d\":{{\"r\":[{}]}} }}", rows(",\n", "")), json!({"rows": "d.r"}), 60),
        (format!("{{\"r\":[{}]", rows(",\n", "")), json!({"rows": "r"}), 60),
        ("{\n\"a\":1}\n".to_owned(), json!({}), 1),
        ("{\"x\":{\"a\":1}} 5".to_owned(), json!({"rows": "x"}), 1),
    ];
    for (text, keys, count) in texts {
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (name, bytes) in [
            ("x.json", text.clone().into_bytes()),
            ("mark.json", [b"\xEF\xBB\xBF", text.as_bytes()].concat()),
            ("x.json.gz", gzip(text.as_bytes())),
            ("x.json.zst", zstd::encode_all(text.as_bytes(), 1).unwrap()),
            ("utf16.json", [b"\xFF\xFE", utf16.as_slice()].concat()),
        ] {
            let config = config(write(directory.path(), name, bytes), keys.clone());
            assert_eq!(assert_resumes(&config), count, "{name} {keys} {text:.40}");
        }
    }
}

#[test]
fn every_checkpoint_gives_the_rest_over_many_files() {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("1.json", "[{\"a\":1},{\"a\":2}]"),
        ("2.json", "[]"),
        ("3.json", "{\"a\":3}\n{\"a\":4}"),
        ("4.json", "{\n\"a\":5}"),
        ("5.json", "[{\"a\":6}, {\"a\":7}] 8"),
        ("6.json", "[{\"a\":8}]"),
    ] {
        write(directory.path(), name, text);
    }
    assert_eq!(assert_resumes(&config(directory.path().join("*.json"), json!({}))), 7);
}

#[test]
fn appended_lines_fit_and_edited_ones_do_not() {
    let directory = tempfile::tempdir().unwrap();
    let text: String = (0..900).map(|n| format!("{{\"id\":{n}}}\n")).collect();
    let store = |text: &str| config(write(directory.path(), "x.json", text), json!({}));
    let config = store(&text);
    let checkpoint = read_from(&config, b"", 0).unwrap().checkpoints.pop().unwrap();
    store(&format!("{text}{{\"id\":900}}"));
    let rest = read_from(&config, &checkpoint, 0).unwrap();
    assert_eq!((rest.rows.len(), rest.positions.as_slice()), (1, [901].as_slice()));
    let grown = rest.checkpoints[0].clone();
    for (changed, checkpoint) in [
        (text.replacen("{\"id\":0}", "{\"id\":7}", 1), &checkpoint),
        (text.replace("{\"id\":899}", "{\"id\":898}"), &checkpoint),
        (text.replace("{\"id\":899}\n", ""), &checkpoint),
        (format!("{text}{{\"id\":900}} "), &grown),
    ] {
        store(&changed);
        let failure = read_from(&config, checkpoint, 0).unwrap_err();
        assert_eq!(failure.code, HEADWATER_E_CHECKPOINT_INVALID);
    }
}

#[test]
fn a_checkpoint_of_another_layout_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = write(directory.path(), "x.json", "{\"r\":[{\"a\":1},{\"a\":2}]}");
    let with = |keys| config(&path, keys);
    let checkpoint = read_from(&with(json!({"rows": "r"})), b"", 1).unwrap().checkpoints.remove(0);
    for keys in [json!({}), json!({"rows": "s"}), json!({"format": "lines"})] {
        let failure = read_from(&with(keys), &checkpoint, 0).unwrap_err();
        assert_eq!(failure.code, HEADWATER_E_CHECKPOINT_INVALID);
    }
    assert!(read_from(&with(json!({"rows": "/r"})), &checkpoint, 0).is_ok());
    let failure = read_from(&with(json!({})), b"[]", 0).unwrap_err();
    assert_eq!(failure.code, HEADWATER_E_CHECKPOINT_INVALID);
}

/// Text that means something in the wrong places, read whole and from every checkpoint.
#[test]
fn any_text_is_read_without_a_loss() {
    const PARTS: [&[u8]; 18] = [
        b"{",
        b"}",
        b"[",
        b"]",
        b"\"",
        b"\\",
        b",",
        b":",
        b"\n",
        b" ",
        b"1",
        b"null",
        b"\xFF",
        b"{\"a\":1}",
        b",{\"r\":[]}",
        b"\"r\":[",
        b"{}\n",
        b"\\ud800",
    ];
    let directory = tempfile::tempdir().unwrap();
    let mut seed = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % below as u64).unwrap()
    };
    for round in 0..3000 {
        let start: &[u8] = [&b""[..], b"[{}", b"{\"r\":[{}", b"{}\n"][round % 4];
        let parts = (0..next(25)).flat_map(|_| PARTS[next(PARTS.len())].to_vec());
        let text: Vec<u8> = start.iter().copied().chain(parts).collect();
        let keys = match round % 4 {
            2 => json!({"rows": "r"}),
            3 => json!({"format": "lines"}),
            _ => json!({}),
        };
        let config = config(write(directory.path(), "x.json", &text), keys);
        if read_from(&config, b"", 1).is_ok() {
            assert_resumes(&config);
        }
    }
}
