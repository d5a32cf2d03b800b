//! The json connector: any bytes under any configuration, and what serde_json makes of them.
//!
//! Input: one byte for the size of batches, the configuration as one line of JSON, the file.

use headwater_connector_json::Json as JsonConnector;
use serde_json::{Map, Value as Json};

use crate::files::{Read, Row, file, is_too_large, read_in_full, split};

/// Checks one input.
pub fn run(input: &[u8]) {
    let Some((batch_rows, config, contents)) = split(input) else { return };
    let path = file(contents, "json");
    let format = config.get("format").and_then(Json::as_str).map(str::to_owned);
    let is_plain = config.len() == usize::from(format.is_some()) && contents.is_ascii();
    let Some(read) = read_in_full::<JsonConnector>(config, &path, batch_rows) else {
        let is_array = matches!(format.as_deref(), Some("array" | "document"));
        let parsed = serde_json::from_slice::<Vec<Json>>(contents);
        assert!(!(is_plain && is_array && parsed.is_ok()), "an array was refused");
        return;
    };
    match format.as_deref() {
        Some("lines") if is_plain => compare_lines(&read, contents),
        Some("array") if is_plain => compare_elements(&read, contents),
        _ => {}
    }
}

/// Each line that is not blank is a row, good where it is an object.
fn compare_lines(read: &Read, contents: &[u8]) {
    let lines = contents.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let lines: Vec<&[u8]> = lines.filter(|line| !line.is_empty()).collect();
    assert_eq!(lines.len(), read.rows.len(), "each line is a row");
    for (line, row) in lines.into_iter().zip(&read.rows) {
        match serde_json::from_slice(line) {
            Err(error) if is_too_large(&error) => {}
            object => compare(object.ok(), row),
        }
    }
}

/// Each element of an array is a row, good where it is an object.
fn compare_elements(read: &Read, contents: &[u8]) {
    let Ok(elements) = serde_json::from_slice::<Vec<Json>>(contents) else { return };
    assert!(read.failure.is_none(), "an array failed: {:?}", read.failure);
    assert_eq!(elements.len(), read.rows.len(), "each element is a row");
    for (element, row) in elements.into_iter().zip(&read.rows) {
        compare(element.as_object().cloned(), row);
    }
}

fn compare(expected: Option<Map<String, Json>>, row: &Row) {
    match (expected, row) {
        (Some(expected), Row::Good(_, line)) => {
            let found: Option<Map<String, Json>> = serde_json::from_str(line).ok();
            assert_eq!(found, Some(expected));
        }
        (None, Row::Bad(..)) => {}
        (expected, row) => panic!("expected {expected:?}, found {row:?}"),
    }
}
