//! Every checkpoint gives exactly the rest, and a file that changed is noticed.

use std::fs;
use std::io::Write;
use std::path::Path;

use encoding_rs::WINDOWS_1252;
use headwater_sdk::abi::{HEADWATER_E_CHECKPOINT_INVALID, HEADWATER_E_SOURCE_UNAVAILABLE};
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
    let last_bad = whole.bad.len();
    assert_eq!(whole.checkpoints.len(), whole.rows.len() + last_bad);
    let mut order: Vec<(u64, bool)> = Vec::new();
    order.extend(whole.positions.iter().map(|p| (*p, true)));
    order.extend(whole.bad.iter().map(|row| (row.position, false)));
    let step = (whole.checkpoints.len() / 40).max(1);
    for (index, checkpoint) in whole.checkpoints.iter().enumerate().step_by(step) {
        let rest = read_from(config, checkpoint, 3).unwrap();
        assert_eq!(rest.rows.len() + rest.bad.len(), whole.checkpoints.len() - index - 1);
        assert_eq!(rest.rows, whole.rows[whole.rows.len() - rest.rows.len()..]);
        assert_eq!(rest.positions, whole.positions[whole.rows.len() - rest.rows.len()..]);
        assert_eq!(rest.bad, whole.bad[whole.bad.len() - rest.bad.len()..]);
    }
    whole.checkpoints.len()
}

fn sample(end: &str, delimiter: &str) -> String {
    let mut text = ["id", "name", "note"].join(delimiter) + end;
    for n in 0..120 {
        let note = format!("\"l{end}¬{delimiter}{}\"", "é".repeat(n));
        text += &([n.to_string().as_str(), if n % 3 == 0 { "" } else { "ä" }, &note]
            .join(delimiter)
            + end);
        if n % 10 == 0 {
            text += end;
            text += "short";
            text += end;
        }
    }
    text.truncate(text.len() - end.len());
    text
}

#[test]
fn every_checkpoint_gives_the_rest() {
    let directory = tempfile::tempdir().unwrap();
    for end in ["\n", "\r\n", "\r"] {
        for delimiter in [";", "¬", "||"] {
            let text = sample(end, delimiter);
            let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
            let latin = WINDOWS_1252.encode(&text).0.into_owned();
            for (name, bytes, encoding) in [
                ("plain.csv", text.clone().into_bytes(), "utf-8"),
                ("marked.csv", [b"\xEF\xBB\xBF", text.as_bytes()].concat(), "utf-8"),
                ("plain.csv.gz", gzip(text.as_bytes()), "utf-8"),
                ("plain.csv.zst", zstd::encode_all(text.as_bytes(), 1).unwrap(), "utf-8"),
                ("latin.csv", latin.clone(), "windows-1252"),
                ("latin.csv.gz", gzip(&latin), "windows-1252"),
                ("utf16.csv", [b"\xFE\xFF", utf16.as_slice()].concat(), "utf-8"),
                ("utf16be.csv.zst", zstd::encode_all(utf16.as_slice(), 1).unwrap(), "utf-16be"),
            ] {
                let path = write(directory.path(), name, bytes);
                let keys = json!({"delimiter": delimiter, "encoding": encoding});
                assert_eq!(assert_resumes(&config(path, keys)), 132, "{name} {delimiter} {end:?}");
            }
        }
    }
}

#[test]
fn every_checkpoint_gives_the_rest_over_many_files() {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("1.csv", "a,b\n1,2\n3,4"),
        ("2.csv", "b;a\n"),
        ("3.csv", "\nx\n1\n\n2\n\n"),
        ("4.csv", "a,b\n1\n2,3\n"),
    ] {
        write(directory.path(), name, text);
    }
    let pattern = config(directory.path().join("[1-4].csv"), json!({}));
    assert_eq!(assert_resumes(&pattern), 6);
    let checkpoints = read_from(&pattern, b"", 1).unwrap().checkpoints;

    write(directory.path(), "4b.csv", "a\n1\n");
    assert!(
        read_from(&config(directory.path().join("*.csv"), json!({})), &checkpoints[4], 0).is_ok()
    );
    write(directory.path(), "0.csv", "a\n1\n");
    let all = config(directory.path().join("*.csv"), json!({}));
    let failure = read_from(&all, &checkpoints[4], 0).unwrap_err();
    assert_eq!(failure.code, HEADWATER_E_CHECKPOINT_INVALID);
    fs::remove_file(directory.path().join("0.csv")).unwrap();
    fs::remove_file(directory.path().join("4.csv")).unwrap();
    let failure = read_from(&all, &checkpoints[4], 0).unwrap_err();
    assert_eq!(failure.code, HEADWATER_E_SOURCE_UNAVAILABLE);
    assert!(failure.message.contains("4.csv"), "{failure:?}");
}

fn lines(count: usize) -> String {
    let rows: String = (0..count).map(|n| format!("{n},value {n}\n")).collect();
    format!("id,value\n{rows}")
}

#[test]
fn appended_files_fit_and_edited_ones_do_not() {
    let directory = tempfile::tempdir().unwrap();
    for count in [3, 5000] {
        for name in ["rows.csv", "rows.csv.gz"] {
            let store = |text: &str| {
                let bytes = if name == "rows.csv" { text.into() } else { gzip(text.as_bytes()) };
                config(write(directory.path(), name, bytes), json!({}))
            };
            let text = lines(count);
            let config = store(&text);
            let checkpoint = read_from(&config, b"", 0).unwrap().checkpoints.pop().unwrap();
            assert!(read_from(&config, &checkpoint, 0).unwrap().rows.is_empty());

            store(&format!("{text}\n\n8,new\n"));
            let rest = read_from(&config, &checkpoint, 0).unwrap();
            assert_eq!(rest.rows, [json!({"id": "8", "value": "new"})]);
            for changed in [
                text.replacen("value 0", "value 9", 1),
                text.replace(&format!("value {}\n", count - 1), "value X\n"),
                text[..text.len() - 1].to_owned(),
                format!("id,value\n7,7\n{}", &text[9..]),
                "id,value\n".to_owned(),
            ] {
                store(&changed);
                let failure = read_from(&config, &checkpoint, 0).unwrap_err();
                assert_eq!(failure.code, HEADWATER_E_CHECKPOINT_INVALID, "{count} {changed:.60}");
                assert!(failure.hint.contains("--full"));
            }
        }
    }
}

/// Writes a file that is as old as the checkpoints of it say, or not.
fn store(path: &Path, bytes: &[u8], age: u64) {
    fs::write(path, bytes).unwrap();
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000 + age);
    fs::File::options().append(true).open(path).unwrap().set_modified(time).unwrap();
}

#[test]
fn an_edit_in_the_middle_is_noticed_also_where_the_length_stays() {
    let directory = tempfile::tempdir().unwrap();
    let text = lines(60_000);
    let edited = text.replacen("30000,value 3", "30000,valve 3", 1);
    assert_eq!((text.len(), text == edited), (edited.len(), false));
    for name in ["rows.csv", "rows.csv.gz"] {
        let bytes =
            |text: &str| if name == "rows.csv" { text.into() } else { gzip(text.as_bytes()) };
        let path = directory.path().join(name);
        let config = config(&path, json!({}));
        store(&path, &bytes(&text), 0);
        let checkpoint = read_from(&config, b"", 0).unwrap().checkpoints[25].clone();
        store(&path, &bytes(&edited), 1);
        let failure = read_from(&config, &checkpoint, 0).unwrap_err();
        assert_eq!(failure.code, HEADWATER_E_CHECKPOINT_INVALID, "{name}");
        // Touched or appended to, what was read is still the same; and so is the checkpoint after it.
        for (more, age) in [("", 0), ("", 2), ("60000,more\n", 3)] {
            store(&path, &bytes(&format!("{text}{more}")), age);
            let rest = read_from(&config, &checkpoint, 0).unwrap();
            let rows = 60_000 - 26 * 2000 + more.lines().count();
            assert_eq!(rest.rows.len(), rows, "{name} {age}");
            let later = &rest.checkpoints[1];
            store(&path, &bytes(&format!("{text}{more}")), 9);
            assert_eq!(read_from(&config, later, 0).unwrap().rows.len(), rows - 4000);
        }
    }
}

#[test]
fn a_last_line_that_grew_is_not_read_in_two_parts() {
    let directory = tempfile::tempdir().unwrap();
    let path = write(directory.path(), "rows.csv", "a,b\n1,2");
    let config = config(&path, json!({}));
    let checkpoint = read_from(&config, b"", 0).unwrap().checkpoints.pop().unwrap();
    fs::write(&path, "a,b\n1,2\n3,4").unwrap();
    let rest = read_from(&config, &checkpoint, 0).unwrap();
    assert_eq!((rest.rows.len(), rest.positions), (1, vec![3]));
    fs::write(&path, "a,b\n1,23\n").unwrap();
    let failure = read_from(&config, &checkpoint, 0).unwrap_err();
    assert_eq!(failure.code, HEADWATER_E_CHECKPOINT_INVALID);
}

#[test]
fn what_is_no_checkpoint_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let config = config(write(directory.path(), "rows.csv", "a\n1\n"), json!({}));
    let good = read_from(&config, b"", 0).unwrap().checkpoints.pop().unwrap();
    let mut newer: Value = serde_json::from_slice(&good).unwrap();
    newer["v"] = json!(3);
    let mut beyond: Value = serde_json::from_slice(&good).unwrap();
    beyond["byte"] = json!(u64::MAX);
    for bytes in
        [b"x".to_vec(), b"{}".to_vec(), newer.to_string().into(), beyond.to_string().into()]
    {
        let failure = read_from(&config, &bytes, 0).unwrap_err();
        assert_eq!(failure.code, HEADWATER_E_CHECKPOINT_INVALID);
    }
    fs::remove_file(Path::new(config["path"].as_str().unwrap())).unwrap();
    assert_eq!(read_from(&config, &good, 0).unwrap_err().code, HEADWATER_E_SOURCE_UNAVAILABLE);
}

/// Text that means something in the wrong places, read whole and from every checkpoint.
#[test]
fn any_text_is_read_without_a_loss() {
    const PARTS: [&[u8]; 16] = [
        b"a",
        b",",
        b"\"",
        b"\n",
        b"\r",
        b"\xFF",
        b"\xC3",
        b"||",
        b"|",
        b"\\",
        b"#",
        b"\0",
        b" ",
        b"\xEF\xBB\xBF",
        b",b\n",
        b"1,2\n",
    ];
    let directory = tempfile::tempdir().unwrap();
    let mut seed = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % below as u64).unwrap()
    };
    for round in 0..1500 {
        let text: Vec<u8> = (0..next(40)).flat_map(|_| PARTS[next(PARTS.len())].to_vec()).collect();
        let keys = match round % 5 {
            0 => json!({"header": false}),
            1 => json!({"header": false, "delimiter": "||", "escape": "\\"}),
            2 => json!({"columns": ["x", "y"], "header": false, "comment": "#", "trim": true}),
            3 => json!({"header": false, "encoding": "utf-16le"}),
            _ => json!({"header": false, "delimiter": "|", "quote": "", "encoding": "shift_jis"}),
        };
        let config = config(write(directory.path(), "rows.csv", &text), keys);
        let Ok(whole) = read_from(&config, b"", 1) else { continue };
        assert_eq!(whole.checkpoints.len(), whole.rows.len() + whole.bad.len());
        for (index, checkpoint) in whole.checkpoints.iter().enumerate() {
            let rest = read_from(&config, checkpoint, 0).unwrap();
            assert_eq!(rest.rows.len() + rest.bad.len(), whole.checkpoints.len() - index - 1);
            assert_eq!(rest.rows, whole.rows[whole.rows.len() - rest.rows.len()..]);
            assert_eq!(rest.positions, whole.positions[whole.rows.len() - rest.rows.len()..]);
            assert_eq!(rest.bad, whole.bad[whole.bad.len() - rest.bad.len()..]);
            assert_eq!(rest.failure, whole.failure, "{text:?}");
        }
    }
}
