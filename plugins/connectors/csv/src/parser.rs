//! Splits the text of a window into rows and cells.
//!
//! `csv-core` knows delimiters of one byte. Any other delimiter is handed to it as [`MARK`], a byte that occurs nowhere
//! in UTF-8, and is put back where it turns out to stand inside a quoted cell.
//!
//! A row without quotes, which most are, needs no such care: it is cut at its delimiters where it stands.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use headwater_connector_files::Window;
use headwater_sdk::{Call, Failure};
use memchr::{memchr, memchr_iter, memchr2, memmem};

/// Stands for a delimiter of several bytes.
const MARK: u8 = 0xFF;
/// Stands for a byte of the input that equals [`MARK`]; its row is not valid UTF-8 either way.
const STRAY: u8 = 0xFE;

/// What [`Parser::row`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// A row of this many unread bytes, with its line end.
    Row(usize),
    /// The file ends inside a quoted cell.
    Unclosed,
}

/// The characters with a meaning.
#[derive(Debug, Clone)]
pub(crate) struct Dialect {
    pub(crate) delimiter: Vec<u8>,
    pub(crate) quote: Option<u8>,
    pub(crate) escape: Option<u8>,
    pub(crate) trim: bool,
}

impl Dialect {
    /// Whether white space around quotes is not part of a cell.
    fn trims_quotes(&self) -> bool {
        self.trim && self.quote.is_some()
    }

    /// How many spaces and tabs stand before a delimiter or anything else.
    fn blanks(&self, text: &[u8]) -> usize {
        let is_blank = |at: &usize| {
            matches!(text[*at], b' ' | b'\t') && !text[*at..].starts_with(&self.delimiter)
        };
        (0..text.len()).take_while(is_blank).count()
    }

    /// How much of the start of a cell is to be passed over, as a quote opens after it; `None` if more text is needed
    /// to tell.
    fn blanks_before_quote(&self, cell: &[u8]) -> Option<usize> {
        if !self.trims_quotes() {
            return Some(0);
        }
        let blanks = self.blanks(cell);
        cell.get(blanks).map(|next| if Some(*next) == self.quote { blanks } else { 0 })
    }
}

/// Splits rows into cells; the last row's cells stay in it.
pub(crate) struct Parser {
    dialect: Dialect,
    core: Reader,
    text: Vec<u8>,
    text_end: usize,
    ends: Vec<usize>,
    cells: usize,
    /// Where each cell begins and ends, in the window if the row was cut there, else in `text`.
    spans: Vec<Span>,
    is_in_place: bool,
}

/// Where a cell begins and ends in the text of its row.
pub(crate) type Span = (usize, usize);

/// What of the unread text goes to `csv-core` next.
enum Piece {
    /// This many bytes as they are.
    Text(usize),
    /// This many bytes as the one given.
    Instead(usize, u8),
    /// Not this many bytes.
    Skip(usize),
    /// More text is needed to tell.
    Nothing,
}

impl Parser {
    pub(crate) fn new(dialect: Dialect) -> Self {
        let delimiter = match dialect.delimiter.as_slice() {
            [byte] => *byte,
            _ => MARK,
        };
        let mut core = ReaderBuilder::new()
            .delimiter(delimiter)
            .quoting(dialect.quote.is_some())
            .quote(dialect.quote.unwrap_or(b'"'))
            .escape(dialect.escape)
            .build();
        // The byte order mark is gone already; without a first byte, csv-core would take another one from the data.
        core.read_record(b"\n", &mut [0; 4], &mut [0; 4]);
        Self {
            dialect,
            core,
            text: vec![0; 4096],
            text_end: 0,
            ends: vec![0; 64],
            cells: 0,
            spans: Vec::new(),
            is_in_place: false,
        }
    }

    /// Forgets a row that was not parsed to its end.
    pub(crate) fn reset(&mut self) {
        *self = Self::new(self.dialect.clone());
    }

    /// Parses the row at the start of the unread text, of which there is some, and consumes nothing.
    pub(crate) fn row(&mut self, call: &dyn Call, window: &mut Window) -> Result<Found, Failure> {
        self.text_end = 0;
        self.cells = 0;
        self.spans.clear();
        if let Some(length) = self.cut(window.unread()) {
            self.is_in_place = true;
            return Ok(Found::Row(length));
        }
        self.is_in_place = false;
        let mut scanned = 0;
        let mut at_end = false;
        let mut at_cell = true;
        loop {
            let rest = &window.unread()[scanned..];
            let is_held_back = !rest.is_empty();
            let cells = self.cells;
            let (taken, row) = match self.piece(rest, at_cell, at_end) {
                Piece::Text(length) => self.feed(&rest[..length]),
                Piece::Instead(length, byte) => (length, self.feed(&[byte]).1),
                Piece::Skip(length) => (length, false),
                Piece::Nothing if window.fill(call)? => continue,
                Piece::Nothing if !at_end && is_held_back => {
                    at_end = true;
                    continue;
                }
                // A line end completes the last row, except inside a quoted cell, where it is text.
                Piece::Nothing => match self.feed(b"\n") {
                    (_, true) => (0, true),
                    _ => return Ok(Found::Unclosed),
                },
            };
            scanned += taken;
            at_cell = self.cells > cells;
            if row {
                break;
            }
        }
        if window.unread()[..scanned].last() == Some(&b'\r')
            && window.ensure(call, scanned + 1)?
            && window.unread()[scanned] == b'\n'
        {
            scanned += 1;
        }
        self.put_delimiters_back();
        let mut from = 0;
        for &end in &self.ends[..self.cells] {
            self.spans.push((from, end));
            from = end;
        }
        Ok(Found::Row(scanned))
    }

    /// Cuts a row that has no quotes and ends in `unread`; gives its length with its line end.
    fn cut(&mut self, unread: &[u8]) -> Option<usize> {
        let [delimiter] = self.dialect.delimiter[..] else { return None };
        let end = memchr2(b'\n', b'\r', unread)?;
        let row = &unread[..end];
        if self.dialect.quote.is_some_and(|quote| memchr(quote, row).is_some()) {
            return None;
        }
        let length = match (unread[end], unread.get(end + 1)) {
            (b'\n', _) => end + 1,
            (_, Some(b'\n')) => end + 2,
            (_, Some(_)) => end + 1,
            // Whether a line feed follows is not known yet.
            (_, None) => return None,
        };
        let mut from = 0;
        for at in memchr_iter(delimiter, row) {
            self.spans.push((from, at));
            from = at + 1;
        }
        self.spans.push((from, end));
        Some(length)
    }

    /// The text that the last row's cells are in, and where each is. `row` is the row without its line end.
    pub(crate) fn cells<'a>(&'a self, row: &'a [u8]) -> (&'a [u8], &'a [Span]) {
        (if self.is_in_place { row } else { &self.text[..self.text_end] }, &self.spans)
    }

    /// Whether the last row's cells from this one on hold nothing. `row` is the row without its line end.
    pub(crate) fn is_blank_from(&self, row: &[u8], cell: usize) -> bool {
        let (text, spans) = self.cells(row);
        spans.iter().skip(cell).all(|&(from, end)| match self.dialect.trim {
            true => text[from..end].trim_ascii().is_empty(),
            false => from == end,
        })
    }

    /// Whether the cells' text is the row as it stands in the file.
    pub(crate) fn is_in_place(&self) -> bool {
        self.is_in_place
    }

    /// Whether text follows the closing quote of a cell in a row, given without its line end.
    ///
    /// `csv-core` glues such text to the cell, which would make one value of two that lost a delimiter.
    pub(crate) fn has_text_after_quote(&self, row: &[u8]) -> bool {
        let Dialect { delimiter, quote: Some(quote), escape, trim } = &self.dialect else {
            return false;
        };
        if self.is_in_place || memchr(*quote, row).is_none() {
            return false;
        }
        let mut at = 0;
        loop {
            at += self.dialect.blanks_before_quote(&row[at..]).unwrap_or(0);
            let cell = &row[at..];
            if cell.first() == Some(quote) {
                let Some(length) = quoted_length(cell, *quote, *escape) else { return false };
                at += length;
                if *trim {
                    at += self.dialect.blanks(&row[at..]);
                }
                if at >= row.len() {
                    return false;
                }
                if !row[at..].starts_with(delimiter) {
                    return true;
                }
                at += delimiter.len();
            } else {
                let next = match delimiter.as_slice() {
                    [byte] => memchr(*byte, cell),
                    _ => memmem::find(cell, delimiter),
                };
                let Some(next) = next else { return false };
                at += next + delimiter.len();
            }
        }
    }

    /// What of `rest` comes next; `at_cell` says whether a cell begins there.
    fn piece(&self, rest: &[u8], at_cell: bool, at_end: bool) -> Piece {
        let delimiter = self.dialect.delimiter.as_slice();
        if at_cell {
            match self.dialect.blanks_before_quote(rest) {
                Some(0) => {}
                Some(length) => return Piece::Skip(length),
                None if at_end => {}
                None => return Piece::Nothing,
            }
        }
        if let [delimiter] = delimiter {
            return match rest {
                [] => Piece::Nothing,
                // A cell at a time, so that the next one's beginning is seen.
                _ if self.dialect.trims_quotes() => {
                    Piece::Text(memchr(*delimiter, rest).map_or(rest.len(), |at| at + 1))
                }
                _ => Piece::Text(rest.len()),
            };
        }
        let (length, found) = match memmem::find(rest, delimiter) {
            Some(at) => (at, true),
            // The start of a delimiter may stand at the end of what has been read.
            None if at_end => (rest.len(), false),
            None => (rest.len().saturating_sub(delimiter.len() - 1), false),
        };
        match memchr(MARK, &rest[..length]) {
            Some(0) => Piece::Instead(1, STRAY),
            Some(at) => Piece::Text(at),
            None if length > 0 => Piece::Text(length),
            None if found => Piece::Instead(delimiter.len(), MARK),
            None => Piece::Nothing,
        }
    }

    /// Feeds text up to the end of the row; returns how much was taken and whether the row ended.
    fn feed(&mut self, mut input: &[u8]) -> (usize, bool) {
        let whole = input.len();
        while !input.is_empty() {
            let (result, read, written, ends) = self.core.read_record(
                input,
                &mut self.text[self.text_end..],
                &mut self.ends[self.cells..],
            );
            input = &input[read..];
            self.text_end += written;
            self.cells += ends;
            match result {
                ReadRecordResult::Record => return (whole - input.len(), true),
                ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::InputEmpty | ReadRecordResult::End => {}
            }
        }
        (whole, false)
    }

    fn put_delimiters_back(&mut self) {
        let delimiter = self.dialect.delimiter.as_slice();
        let text = &self.text[..self.text_end];
        if delimiter.len() == 1 || memchr(MARK, text).is_none() {
            return;
        }
        let mut restored = Vec::with_capacity(text.len() * 2);
        let mut from = 0;
        for end in &mut self.ends[..self.cells] {
            for &byte in &text[from..*end] {
                match byte {
                    MARK => restored.extend_from_slice(delimiter),
                    _ => restored.push(byte),
                }
            }
            from = *end;
            *end = restored.len();
        }
        self.text_end = restored.len();
        // Full buffers are doubled, so they must not become empty.
        restored.resize(restored.len().max(4096), 0);
        self.text = restored;
    }
}

/// The length of the quoted cell at the start of `cell`, with its quotes.
fn quoted_length(cell: &[u8], quote: u8, escape: Option<u8>) -> Option<usize> {
    let mut at = 1;
    loop {
        let rest = cell.get(at..)?;
        at += memchr2(quote, escape.unwrap_or(quote), rest)?;
        if cell[at] != quote || cell.get(at + 1) == Some(&quote) {
            at += 2;
        } else {
            return Some(at + 1);
        }
    }
}
