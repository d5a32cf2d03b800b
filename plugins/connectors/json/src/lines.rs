//! The rows of JSON Lines: one value on each line that is not blank.

use headwater_connector_files::{Step, bad_row};
use headwater_sdk::{Batch, Call, Failure};
use memchr::memchr;

use crate::text::Text;
use crate::value::{check_syntax, push_row, syntax_message};

/// The rows of JSON Lines.
pub(crate) struct Lines {
    pub(crate) text: Text,
    unended: bool,
}

impl Lines {
    pub(crate) const STATE: &'static str = "lines";

    pub(crate) fn new(text: Text) -> Self {
        Self { text, unended: false }
    }

    /// Goes on behind a row.
    pub(crate) fn resume(call: &dyn Call, mut text: Text, unended: bool) -> Result<Self, Failure> {
        let grown = unended && text.ensure(call, 1)? && !matches!(text.unread()[0], b'\r' | b'\n');
        if grown {
            return Err(text.window.changed("its last line, already read, has grown"));
        }
        Ok(Self { text, unended })
    }

    pub(crate) fn row(&mut self, call: &dyn Call, batch: &mut Batch) -> Result<Step, Failure> {
        loop {
            let Some((length, has_end)) = self.line_length(call)? else { return Ok(Step::End) };
            let line = self.text.unread()[..length].trim_ascii();
            let is_blank = line.is_empty();
            if !is_blank {
                let number = self.text.line;
                match judge(line, &mut batch.json_lines) {
                    Ok(()) => batch.positions.push(number),
                    Err(failure) => {
                        let place = format!("{}, line {number}", self.text.file_name());
                        bad_row(batch, failure.on_record(place), number, line);
                    }
                }
            }
            self.unended = !has_end;
            self.text.advance(length + usize::from(has_end));
            if !is_blank {
                return Ok(Step::Row);
            }
        }
    }

    /// Whether the last row ended with the file instead of a line end.
    pub(crate) fn is_unended(&self) -> bool {
        self.unended
    }

    /// The length of the next line, and whether a line end follows; `None` at the end of the file.
    fn line_length(&mut self, call: &dyn Call) -> Result<Option<(usize, bool)>, Failure> {
        let mut scanned = 0;
        loop {
            if let Some(length) = memchr(b'\n', &self.text.unread()[scanned..]) {
                return Ok(Some((scanned + length, true)));
            }
            scanned = self.text.unread().len();
            if !self.text.fill(call)? {
                return Ok((scanned > 0).then_some((scanned, false)));
            }
        }
    }
}

/// Appends a line as a row, or says why it is none.
fn judge(line: &[u8], out: &mut String) -> Result<(), Failure> {
    check_syntax(line).map_err(|error| {
        Failure::data(format!(
            "found malformed JSON at column {}: {}",
            error.column(),
            syntax_message(&error)
        ))
    })?;
    push_row(out, line, "set `format` to array, if the whole file is one array of rows")
}
