//! The rows of a document: the elements of one array, or one object.

use headwater_connector_files::{Step, bad_row};
use headwater_sdk::{Batch, Call, Failure};

use crate::navigate::leave;
use crate::text::Text;
use crate::value::{check_syntax, push_row, syntax_message};

/// The rows of a document.
pub(crate) struct Elements {
    pub(crate) text: Text,
    /// Whether the rows are the elements of an array; otherwise there is one row, an object.
    is_array: bool,
    /// Where in the document the rows lie or, without an array, the row.
    path: Vec<String>,
    /// How many rows came before the place.
    item: u64,
    flushed: bool,
    finished: bool,
}

impl Elements {
    pub(crate) const ARRAY_STATE: &'static str = "array";
    pub(crate) const OBJECT_STATE: &'static str = "object";

    /// Starts behind the bracket of an array, or before an object.
    pub(crate) fn new(text: Text, is_array: bool, path: Vec<String>) -> Self {
        Self { text, is_array, path, item: 0, flushed: false, finished: false }
    }

    /// Goes on behind the element or the object that came last.
    pub(crate) fn resume(text: Text, is_array: bool, item: u64, path: Vec<String>) -> Self {
        Self { item, ..Self::new(text, is_array, path) }
    }

    /// Consumes nothing unless it adds a row, so that the place stays right if it fails; see [`Step::Flush`].
    pub(crate) fn row(&mut self, call: &dyn Call, batch: &mut Batch) -> Result<Step, Failure> {
        if self.finished {
            return Ok(Step::End);
        }
        let Some(from) = self.find_element(call)? else {
            if !self.flushed {
                self.flushed = true;
                return Ok(Step::Flush);
            }
            self.finish(call)?;
            self.finished = true;
            return Ok(Step::End);
        };
        let number = self.item + 1;
        let end = self.text.find_value_end(call, from, &format!("element {number}"))?;
        let value = &self.text.unread()[from..end];
        if let Err(error) = check_syntax(value) {
            return Err(self.syntax_failure(from, end, &error));
        }
        let deeper = "set `rows` to where the objects lie, if they lie deeper in the document";
        match push_row(&mut batch.json_lines, value, deeper) {
            Ok(()) => batch.positions.push(number),
            Err(failure) => {
                let (line, bytes) = self.text.line_and_bytes(from);
                let place = format!(
                    "{}, element {number}, line {line}, column {}",
                    self.text.file_name(),
                    bytes + 1
                );
                bad_row(batch, failure.on_record(place), number, value);
            }
        }
        self.text.advance(end);
        self.item += 1;
        Ok(Step::Row)
    }

    /// How many rows came before the place.
    pub(crate) fn item(&self) -> u64 {
        self.item
    }

    /// What a checkpoint says about the kind of rows.
    pub(crate) fn state(&self) -> &'static str {
        if self.is_array { Self::ARRAY_STATE } else { Self::OBJECT_STATE }
    }

    /// Where in the unread text the next element starts; `None` if there are no more.
    fn find_element(&mut self, call: &dyn Call) -> Result<Option<usize>, Failure> {
        if !self.is_array {
            return if self.item > 0 { Ok(None) } else { self.text.find_token(call, 0) };
        }
        let number = self.item + 1;
        let at = self.find(call, 0, "`]`")?;
        if self.text.unread()[at] == b']' {
            return Ok(None);
        }
        let at = if self.item == 0 {
            at
        } else if self.text.unread()[at] == b',' {
            self.find(call, at + 1, "an element")?
        } else {
            let found = self.found(at);
            let message = format!("found {found} after element {}, expected `,` or `]`", self.item);
            return Err(self.text.failure_at(at, &message));
        };
        if matches!(self.text.unread()[at], b',' | b']' | b'}' | b':') {
            let message = format!("found {}, expected element {number}", self.found(at));
            return Err(self.text.failure_at(at, &message));
        }
        Ok(Some(at))
    }

    fn find(&mut self, call: &dyn Call, from: usize, expected: &str) -> Result<usize, Failure> {
        match self.text.find_token(call, from)? {
            Some(at) => Ok(at),
            None => {
                let at = self.text.unread().len();
                let message = format!(
                    "found the end of the file after element {}, expected {expected}",
                    self.item
                );
                Err(self.text.failure_at(at, &message))
            }
        }
    }

    fn found(&self, at: usize) -> String {
        match self.text.unread()[at] {
            byte if byte.is_ascii_graphic() => format!("`{}`", byte as char),
            byte => format!("the byte 0x{byte:02X}"),
        }
    }

    /// Sees whether the document ends as it should behind its last row.
    fn finish(&mut self, call: &dyn Call) -> Result<(), Failure> {
        if self.is_array {
            self.text.token(call)?;
            self.text.advance(1);
        }
        leave(call, &mut self.text, &self.path)?;
        if self.text.token(call)?.is_some() {
            let found = self.found(0);
            let message = format!("found {found} after the document, expected the end of the file");
            return Err(self
                .text
                .failure_at(0, &message)
                .hint("set `format` to lines if each line holds a row"));
        }
        Ok(())
    }

    fn syntax_failure(&self, from: usize, end: usize, error: &serde_json::Error) -> Failure {
        let (line, bytes) = self.text.line_and_bytes(from);
        let within = (error.line() as u64).saturating_sub(1);
        let column = if within == 0 { bytes } else { 0 } + error.column() as u64;
        let size = end - from;
        let number = self.item + 1;
        let message =
            format!("element {number} ({size} bytes) is malformed: {}", syntax_message(error));
        let failure = self.text.failure_on(line + within, column.max(1), &message);
        let record = format!("{}, element {number}", failure.record);
        failure.on_record(record)
    }
}
