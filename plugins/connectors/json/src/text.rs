//! A window on JSON text that knows its line and column.

use headwater_connector_files::{Checkpoint, Window};
use headwater_sdk::{Call, Failure};
use memchr::{memchr_iter, memrchr};

use crate::scan::ValueScan;

/// JSON text, read forward.
pub(crate) struct Text {
    pub(crate) window: Window,
    /// The line of the first unread byte, from 1.
    pub(crate) line: u64,
    /// How many bytes of that line come before it.
    pub(crate) column: u64,
}

impl Text {
    pub(crate) fn new(window: Window) -> Self {
        Self { window, line: 1, column: 0 }
    }

    pub(crate) fn unread(&self) -> &[u8] {
        self.window.unread()
    }

    /// Reads more text behind the unread text; returns `false` at the end of the file.
    pub(crate) fn fill(&mut self, call: &dyn Call) -> Result<bool, Failure> {
        self.window.fill(call).map_err(|failure| self.at_line(failure))
    }

    /// Reads on until that many bytes are unread; returns `false` if the file ends before.
    pub(crate) fn ensure(&mut self, call: &dyn Call, count: usize) -> Result<bool, Failure> {
        self.window.ensure(call, count).map_err(|failure| self.at_line(failure))
    }

    /// Moves forward to where a checkpoint stands; the line is that of the checkpoint.
    pub(crate) fn skip_to(
        &mut self,
        call: &dyn Call,
        checkpoint: &Checkpoint,
    ) -> Result<(), Failure> {
        let skipped = self.window.skip_to(call, checkpoint);
        skipped.map_err(|failure| self.at_line(failure))
    }

    /// Says at which line the text cannot be read.
    fn at_line(&self, failure: Failure) -> Failure {
        if failure.code != Failure::data("").code {
            return failure;
        }
        let message = format!("{} after line {}", failure.message, self.line);
        Failure { message, ..failure }.on_record(format!(
            "{}, line {}",
            self.file_name(),
            self.line
        ))
    }

    /// Moves on over unread text.
    pub(crate) fn advance(&mut self, bytes: usize) {
        (self.line, self.column) = self.line_and_bytes(bytes);
        self.window.consume(bytes);
    }

    /// The offset in the unread text of the first byte at or behind `from` that is not white space.
    pub(crate) fn find_token(
        &mut self,
        call: &dyn Call,
        from: usize,
    ) -> Result<Option<usize>, Failure> {
        let mut at = from;
        loop {
            let is_token = |byte: &u8| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
            if let Some(index) = self.unread()[at..].iter().position(is_token) {
                return Ok(Some(at + index));
            }
            at = self.unread().len();
            if !self.fill(call)? {
                return Ok(None);
            }
        }
    }

    /// Moves on to the next byte that is not white space, and returns it.
    pub(crate) fn token(&mut self, call: &dyn Call) -> Result<Option<u8>, Failure> {
        // Bit by bit, since white space of any length need not fit into the window.
        while self.find_in_unread().is_none() {
            self.advance(self.unread().len());
            if !self.fill(call)? {
                return Ok(None);
            }
        }
        let at = self.find_in_unread().unwrap_or(0);
        self.advance(at);
        Ok(self.unread().first().copied())
    }

    fn find_in_unread(&self) -> Option<usize> {
        self.unread().iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
    }

    /// Where the value ends that starts at `from` in the unread text.
    ///
    /// # Errors
    /// `source_data_invalid` if the file ends inside of it.
    pub(crate) fn find_value_end(
        &mut self,
        call: &dyn Call,
        from: usize,
        what: &str,
    ) -> Result<usize, Failure> {
        let mut scan = ValueScan::default();
        let mut scanned = from;
        loop {
            if let Some(length) = scan.feed(&self.unread()[scanned..]) {
                return Ok(scanned + length);
            }
            scanned = self.unread().len();
            if !self.fill(call)? {
                if scan.is_scalar() {
                    return Ok(scanned);
                }
                let message = format!("found the end of the file inside {what}");
                return Err(self.failure_at(scanned, &message));
            }
        }
    }

    /// Moves on to the end of what `scan` follows, without keeping the text on the way.
    pub(crate) fn skip(&mut self, call: &dyn Call, mut scan: ValueScan) -> Result<(), Failure> {
        loop {
            if let Some(length) = scan.feed(self.unread()) {
                self.advance(length);
                return Ok(());
            }
            self.advance(self.unread().len());
            if !self.fill(call)? {
                return Err(self.failure_at(0, "found the end of the file inside the document"));
            }
        }
    }

    /// A failure at a place in the unread text.
    pub(crate) fn failure_at(&self, at: usize, message: &str) -> Failure {
        let (line, bytes) = self.line_and_bytes(at);
        self.failure_on(line, bytes + 1, message)
    }

    /// A failure at a line and column.
    pub(crate) fn failure_on(&self, line: u64, column: u64, message: &str) -> Failure {
        Failure::data(format!("{message} at line {line}, column {column}"))
            .on_record(format!("{}, line {line}, column {column}", self.file_name()))
    }

    pub(crate) fn file_name(&self) -> String {
        self.window.path().file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The line of a place in the unread text, and how many bytes of that line come before it.
    pub(crate) fn line_and_bytes(&self, at: usize) -> (u64, u64) {
        let before = &self.unread()[..at];
        match memrchr(b'\n', before) {
            Some(last) => (
                self.line + memchr_iter(b'\n', before).count() as u64,
                (before.len() - last - 1) as u64,
            ),
            None => (self.line, self.column + before.len() as u64),
        }
    }
}
