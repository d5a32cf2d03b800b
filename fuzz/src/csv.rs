//! The csv connector: any bytes under any configuration, and what the csv crate makes of them.
//!
//! Input: one byte for the size of batches, the configuration as one line of JSON, the file.

use headwater_connector_csv::Csv;
use serde_json::{Map, Value as Json};

use crate::files::{Read, Row, file, read_in_full, split};

/// Checks one input.
pub fn run(input: &[u8]) {
    let Some((batch_rows, config, contents)) = split(input) else { return };
    let path = file(contents, "csv");
    let oracle = plain_delimiter(&config, contents);
    let Some(read) = read_in_full::<Csv>(config, &path, batch_rows) else { return };
    if let Some(delimiter) = oracle {
        compare(&read, delimiter, contents);
    }
}

/// The delimiter, where the configuration and the file leave nothing to be read differently.
fn plain_delimiter(config: &Map<String, Json>, contents: &[u8]) -> Option<u8> {
    let is_plain = config.len() == 1 && std::str::from_utf8(contents).is_ok();
    let has_mark = contents.starts_with(b"\xEF\xBB\xBF");
    match config.get("delimiter")?.as_str()?.as_bytes() {
        // What the connector refuses or takes as a name is not the csv crate's business.
        [byte] if is_plain && !has_mark && byte.is_ascii() => Some(*byte),
        _ => None,
    }
}

/// The csv crate's records, one for each of our rows, good or bad, until we give up.
fn compare(read: &Read, delimiter: u8, contents: &[u8]) {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .has_headers(false)
        .from_reader(contents);
    let mut records = reader.records().map(|record| record.expect("valid UTF-8"));
    let header = records.next().expect("there was a header");
    let names: Vec<String> = header
        .iter()
        .enumerate()
        .map(|(index, name)| match name {
            "" => format!("column_{}", index + 1),
            name => name.to_owned(),
        })
        .collect();
    let fields: Vec<&str> = read.info.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(fields, names, "the header is read differently");
    for row in &read.rows {
        let record = records.next().expect("a record for every row");
        match row {
            Row::Good(_, line) => {
                assert!(record.len() <= names.len(), "a long row was taken: {line}");
                let cells = names.iter().cloned().zip(record.iter().map(Json::from));
                let expected: Map<String, Json> = cells.filter(|(_, cell)| cell != "").collect();
                assert_eq!(serde_json::from_str::<Map<_, _>>(line).ok(), Some(expected));
            }
            Row::Bad(_, failure, _) => {
                let is_long = failure.message.starts_with("expected at most");
                assert_eq!(is_long, record.len() > names.len(), "{failure:?}: {record:?}");
            }
        }
    }
    if read.failure.is_none() {
        assert_eq!(records.next(), None, "a row was lost");
    }
}
