//! What is written to stdout and stderr, in one place.

use std::io::{self, IsTerminal, Write};

use headwater::{Error, ErrorCode, Result};
use serde_json::{Map, Value as Json};

use crate::arguments::ListFormat;

/// Writes a line to stdout. A reader that has gone away is no failure of ours.
pub(crate) fn line(text: &str) -> Result<()> {
    write_all(&format!("{text}\n"))
}

/// Writes text to stdout as it is.
pub(crate) fn write_all(text: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(cause) if cause.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        Err(cause) => {
            Err(Error::new(ErrorCode::StoreIo, format!("cannot write to stdout: {cause}"))
                .because(cause))
        }
        Ok(()) => Ok(()),
    }
}

/// Writes a JSON document to stdout, indented where a person reads it.
pub(crate) fn json(document: &Json) -> Result<()> {
    if io::stdout().is_terminal() {
        line(&format!("{document:#}"))
    } else {
        line(&document.to_string())
    }
}

/// Writes a line to stderr.
pub(crate) fn note(text: &str) {
    // Nothing can be done where stderr is closed.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Writes an error and everything found with it to stderr.
pub(crate) fn error(error: &Error) {
    note(&format!("error: {error:#}"));
    for other in error.related() {
        note(&format!("also: {other}"));
    }
}

/// A table with columns as wide as their widest cell; long cells are cut.
pub(crate) fn table(header: &[&str], rows: &[Vec<String>]) -> Result<()> {
    const WIDEST: usize = 60;
    let cut = |cell: &str| {
        let flat: String =
            cell.chars().map(|c| if c.is_control() { ' ' } else { c }).take(WIDEST + 1).collect();
        match flat.char_indices().nth(WIDEST) {
            Some((end, _)) => format!("{}…", &flat[..end]),
            None => flat,
        }
    };
    let cells: Vec<Vec<String>> = std::iter::once(header.iter().map(|cell| cut(cell)).collect())
        .chain(rows.iter().map(|row| row.iter().map(|cell| cut(cell)).collect()))
        .collect();
    let widths: Vec<usize> = (0..header.len())
        .map(|column| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for row in &cells {
        let padded = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        text.push_str(padded.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    write_all(&text)
}

/// Rows in a list's format; in JSON Lines each is an object by the header.
pub(crate) fn list(header: &[&str], rows: &[Vec<String>], format: ListFormat) -> Result<()> {
    match format {
        ListFormat::Table => table(header, rows),
        ListFormat::Csv => csv(header, rows),
        ListFormat::Jsonl => rows.iter().try_for_each(|row| {
            let cells = header.iter().zip(row);
            let object: Map<String, Json> =
                cells.map(|(name, cell)| ((*name).to_owned(), Json::from(cell.as_str()))).collect();
            line(&Json::Object(object).to_string())
        }),
    }
}

/// Rows as comma-separated values with a header.
pub(crate) fn csv(header: &[&str], rows: &[Vec<String>]) -> Result<()> {
    let failed = |cause: csv::Error| {
        Error::new(ErrorCode::StoreIo, format!("cannot write to stdout: {cause}")).because(cause)
    };
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(header).map_err(failed)?;
    for row in rows {
        writer.write_record(row).map_err(failed)?;
    }
    let bytes = writer.into_inner().map_err(|cause| failed(cause.into_error().into()))?;
    write_all(&String::from_utf8_lossy(&bytes))
}
