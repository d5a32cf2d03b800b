//! What is written to stdout and stderr, in one place.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};

use headwater::{Error, ErrorCode, Result};
use serde_json::{Map, Value as Json};

use crate::arguments::ListFormat;

/// Whether an error says that the reader of stdout has gone away: that is no failure of a command
/// all of whose work is to write.
pub(crate) fn is_unread(error: &Error) -> bool {
    let cause = std::error::Error::source(error).and_then(|it| it.downcast_ref::<io::Error>());
    cause.is_some_and(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

/// What a command goes on with whose work is done, whether its result is read or not.
pub(crate) fn unless_gone(written: Result<()>) -> Result<()> {
    match written {
        Err(error) if is_unread(&error) => Ok(()),
        written => written,
    }
}

/// Writes a line to stdout.
pub(crate) fn line(text: &str) -> Result<()> {
    write_all(&format!("{text}\n"))
}

/// Writes a line for people to stdout.
pub(crate) fn say(text: &str) -> Result<()> {
    line(&flat(text))
}

/// A text on one line, without what a terminal would obey: names come from sources.
pub(crate) fn flat(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// Writes text to stdout as it is.
pub(crate) fn write_all(text: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(unwritable)
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
    let shown = text.replace(|c: char| c.is_control() && c != '\n', " ");
    let _ = writeln!(io::stderr().lock(), "{shown}");
}

/// Says how the rest of a list is asked for.
pub(crate) fn note_more(cursor: &str) {
    note(&format!("there is more: --cursor {cursor}"));
}

/// Writes an error and everything found with it to stderr.
pub(crate) fn error(error: &Error) {
    note(&format!("error: {error:#}"));
    for other in error.related() {
        note(&format!("also: {other}"));
    }
}

/// A text as one word of a shell's command line.
pub(crate) fn shell_word(text: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+@%=:,".contains(c);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => Cow::Borrowed(text),
        false => Cow::Owned(format!("'{}'", text.replace('\'', r"'\''"))),
    }
}

/// A cell of a table: one line, cut where it is long.
pub(crate) fn cut(cell: &str) -> String {
    const WIDEST: usize = 60;
    let flat: String = flat(cell).chars().take(WIDEST + 1).collect();
    match flat.char_indices().nth(WIDEST) {
        Some((end, _)) => format!("{}…", &flat[..end]),
        None => flat,
    }
}

/// A table with columns as wide as their widest cell; long cells are cut.
pub(crate) fn table(header: &[&str], rows: &[Vec<String>]) -> Result<()> {
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
    let mut csv = Csv::begin(io::stdout(), header)?;
    rows.iter().try_for_each(|row| csv.row(row))?;
    csv.end()
}

/// Comma-separated values that are written as they come.
pub(crate) struct Csv<W: Write>(csv::Writer<W>);

impl<W: Write> Csv<W> {
    pub(crate) fn begin(out: W, header: &[&str]) -> Result<Self> {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(header).map_err(not_written)?;
        Ok(Self(writer))
    }

    pub(crate) fn row(&mut self, cells: &[String]) -> Result<()> {
        self.0.write_record(cells).map_err(not_written)
    }

    /// Writes what is left.
    pub(crate) fn end(mut self) -> Result<()> {
        self.0.flush().map_err(|cause| not_written(cause.into()))
    }
}

fn not_written(cause: csv::Error) -> Error {
    match cause.into_kind() {
        csv::ErrorKind::Io(cause) => unwritable(cause),
        kind => Error::new(ErrorCode::Internal, format!("cannot write a table: {kind:?}")),
    }
}

/// What keeps stdout from being written to.
fn unwritable(cause: io::Error) -> Error {
    Error::new(ErrorCode::StoreIo, format!("cannot write to stdout: {cause}")).because(cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_is_written_while_rows_still_come() {
        let mut out = Vec::new();
        let mut csv = Csv::begin(&mut out, &["row"]).unwrap();
        let cell = ["x".repeat(16 * 1024)];
        (0..100).for_each(|_| csv.row(&cell).unwrap());
        assert!(csv.0.get_ref().len() > 90 * cell[0].len());
        csv.end().unwrap();
        assert_eq!(out.len(), 4 + 100 * (cell[0].len() + 1));
    }
}
