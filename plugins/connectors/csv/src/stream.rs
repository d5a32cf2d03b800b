//! Reads the rows of one file: its header, then row by row.

use std::collections::HashSet;
use std::str;
use std::sync::OnceLock;

use headwater_connector_files::{Checkpoint, Format, Place, Rows, Step, Window, bad_row};
use headwater_sdk::{Batch, Call, Failure};
use memchr::{memchr_iter, memchr2};

use crate::cells::Columns;
use crate::config::{Config, repeated};
use crate::detect::detect;
use crate::parser::{Dialect, Found, Parser};
use crate::table::Table;

/// Delimited text, as it is configured.
#[derive(Debug, Clone)]
pub struct Csv {
    config: Config,
    /// Whether rows may be Arrow. What `null_values` says cannot be told from an empty cell there.
    is_columnar: bool,
    /// The columns of the first file of a read: a file with others has its rows as JSON Lines,
    /// because every Arrow batch of a read has the same schema.
    names: OnceLock<Vec<String>>,
}

impl Csv {
    pub(crate) fn new(config: Config, accepts_arrow: bool) -> Self {
        let is_columnar = accepts_arrow && config.null_values.is_empty();
        Self { config, is_columnar, names: OnceLock::new() }
    }

    /// The names of a file's columns.
    pub(crate) fn columns(&self, call: &dyn Call, window: Window) -> Result<Vec<String>, Failure> {
        Ok(self.begin(call, window)?.1)
    }

    /// Goes to the first row, and finds out the columns on the way.
    fn begin(&self, call: &dyn Call, window: Window) -> Result<(CsvRows, Vec<String>), Failure> {
        let config = &self.config;
        let dialect = Dialect {
            delimiter: config.delimiter.clone().unwrap_or_default().into_bytes(),
            quote: config.quote,
            escape: config.escape,
            trim: config.trim,
        };
        let mut rows = CsvRows {
            window,
            parser: Parser::new(dialect.clone()),
            columns: Columns::new(&[], Vec::new(), false),
            table: None,
            comment: config.comment.clone().unwrap_or_default().into_bytes(),
            origin: match (&config.columns, config.header) {
                (Some(_), _) => "in `columns`",
                (None, true) => "in the header",
                (None, false) => "in the first row",
            },
            spare: None,
            line: 1,
            unended: false,
        };
        for _ in 0..config.skip_lines {
            rows.skip_line(call)?;
        }
        let has_row = rows.skip_blank(call)?;
        if dialect.delimiter.is_empty() {
            let delimiter = vec![rows.detect(call, config)?];
            rows.parser = Parser::new(Dialect { delimiter, ..dialect });
        }
        let names = if config.header && has_row {
            rows.header(call, config)?
        } else if let Some(names) = &config.columns {
            names.clone()
        } else if has_row {
            // Only looked at: it is a row like the others.
            rows.parse(call)?;
            (1..=rows.parser.cells(&[]).1.len()).map(|number| format!("column_{number}")).collect()
        } else {
            Vec::new()
        };
        rows.columns = Columns::new(&names, config.null_values.clone(), config.trim);
        rows.spare = rows.spare_cells(call);
        Ok((rows, names))
    }
}

impl Format for Csv {
    type Rows = CsvRows;

    fn start(
        &self,
        call: &dyn Call,
        window: Window,
        resume: Option<&Checkpoint>,
    ) -> Result<CsvRows, Failure> {
        let (mut rows, names) = self.begin(call, window)?;
        if self.is_columnar
            && !names.is_empty()
            && *self.names.get_or_init(|| names.clone()) == names
        {
            rows.table = Some(Table::new(&names, self.config.trim));
        }
        if let Some(resume) = resume {
            let Place { line, unended, .. } = resume.place;
            rows.line = line;
            let skipped = rows.window.skip_to(call, resume);
            skipped.map_err(|failure| at_place(failure, &rows.place_name()))?;
            rows.unended = unended;
            let grown = rows.unended
                && rows.ensure(call, 1)?
                && !matches!(rows.window.unread()[0], b'\r' | b'\n');
            if grown {
                return Err(rows.window.changed("its last line, already read, has grown"));
            }
        }
        Ok(rows)
    }
}

/// The rows of one file of delimited text.
pub struct CsvRows {
    window: Window,
    parser: Parser,
    columns: Columns,
    /// Holds rows back until the batch is handed over; without it they are JSON Lines.
    table: Option<Table>,
    /// Empty for none.
    comment: Vec<u8>,
    /// Where the number of cells comes from.
    origin: &'static str,
    /// How many empty cells a row may have after its last column, once the first row was looked at.
    spare: Option<usize>,
    line: u64,
    unended: bool,
}

impl CsvRows {
    fn place_name(&self) -> String {
        let name = self.window.path().file_name().unwrap_or_default();
        format!("{}, line {}", name.to_string_lossy(), self.line)
    }

    fn detect(&mut self, call: &dyn Call, config: &Config) -> Result<u8, Failure> {
        loop {
            let detected = detect(self.window.unread(), config.quote, config.trim);
            if detected.saw_whole_row || !self.fill(call)? {
                return Ok(detected.delimiter);
            }
        }
    }

    fn fill(&mut self, call: &dyn Call) -> Result<bool, Failure> {
        self.window.fill(call).map_err(|failure| at_place(failure, &self.place_name()))
    }

    /// Reads on until that many bytes are unread; returns `false` if the file ends before.
    fn ensure(&mut self, call: &dyn Call, count: usize) -> Result<bool, Failure> {
        self.window.ensure(call, count).map_err(|failure| at_place(failure, &self.place_name()))
    }

    /// Parses the row at the start of the unread text; returns its length.
    fn parse(&mut self, call: &dyn Call) -> Result<usize, Failure> {
        match self.parser.row(call, &mut self.window) {
            Ok(Found::Row(length)) => Ok(length),
            Ok(Found::Unclosed) => Err(Failure::data(format!(
                "found the end of the file inside a quoted cell of the row that starts on line {}, expected a closing quote",
                self.line
            ))
            .on_record(self.place_name())
            .hint("close the quote, or set `quote` to \"\" if quotes have no meaning in the file")),
            Err(failure) => Err(at_place(failure, &self.place_name())),
        }
    }

    fn header(&mut self, call: &dyn Call, config: &Config) -> Result<Vec<String>, Failure> {
        let place = self.place_name();
        let fail = |message: String| Failure::data(message).on_record(place.clone());
        let length = self.parse(call)?;
        let row = without_line_end(&self.window.unread()[..length]);
        let (text, spans) = self.parser.cells(row);
        if let Some(names) = &config.columns {
            if names.len() != spans.len() {
                return Err(fail(format!(
                    "found {} cells in the header, expected {} as in `columns`",
                    spans.len(),
                    names.len()
                ))
                .at_field("columns"));
            }
            self.step_over(length);
            return Ok(names.clone());
        }
        let mut names = Vec::with_capacity(spans.len());
        for (index, &(from, end)) in spans.iter().enumerate() {
            let name = str::from_utf8(&text[from..end]).map_err(|_| {
                fail(format!("the name of column {} is not valid in the encoding", index + 1))
                    .hint("set `encoding` to that of the file, for example windows-1252")
            })?;
            names.push(if config.trim { name.trim() } else { name }.to_owned());
        }
        name_the_nameless(&mut names);
        if let Some(place) = names.iter().position(|name| name.contains('\0')) {
            return Err(fail(format!(
                "the name of column {} holds a NUL character, expected text",
                place + 1
            ))
            .hint("set `encoding` to that of the file, for example utf-16le"));
        }
        if let Some(name) = repeated(&names) {
            return Err(fail(format!(
                "found two columns named `{name}`, expected different names"
            ))
            .at_field(name)
            .hint("name all columns with `columns`"));
        }
        self.step_over(length);
        Ok(names)
    }

    /// How many spare cells the next line has, if it is a row.
    fn spare_cells(&mut self, call: &dyn Call) -> Option<usize> {
        // Only looked at: it is told what is wrong with the row when it is read.
        let Ok(true) = self.ensure(call, 1) else { return None };
        let Ok(false) = self.is_at_blank(call) else { return None };
        let Ok(length) = self.parse(call) else {
            self.parser.reset();
            return None;
        };
        Some(self.spare_of(without_line_end(&self.window.unread()[..length])))
    }

    /// How many empty cells a row has after its last column: some programs end each line with a delimiter. In other
    /// files a row with such cells may have an unquoted delimiter in another cell.
    fn spare_of(&self, row: &[u8]) -> usize {
        let columns = self.columns.len();
        match self.parser.is_blank_from(row, columns) {
            true => self.parser.cells(row).1.len().saturating_sub(columns),
            false => 0,
        }
    }

    /// Moves on over a row.
    fn step_over(&mut self, length: usize) {
        let row = &self.window.unread()[..length];
        self.line += line_ends(row);
        self.unended = !matches!(row.last(), Some(b'\r' | b'\n'));
        self.window.consume(length);
    }

    /// Moves on over blank lines and comments; returns `false` at the end of the file.
    fn skip_blank(&mut self, call: &dyn Call) -> Result<bool, Failure> {
        while self.ensure(call, 1)? {
            if !self.is_at_blank(call)? {
                return Ok(true);
            }
            self.skip_line(call)?;
        }
        Ok(false)
    }

    /// Whether a blank line or a comment comes next; something does.
    fn is_at_blank(&mut self, call: &dyn Call) -> Result<bool, Failure> {
        let is_blank = matches!(self.window.unread()[0], b'\r' | b'\n');
        let is_comment = !self.comment.is_empty()
            && self.window.unread()[0] == self.comment[0]
            && self.ensure(call, self.comment.len())?
            && self.window.unread().starts_with(&self.comment);
        Ok(is_blank || is_comment)
    }

    fn skip_line(&mut self, call: &dyn Call) -> Result<(), Failure> {
        loop {
            if !self.ensure(call, 1)? {
                return Ok(());
            }
            let unread = self.window.unread();
            let Some(at) = memchr2(b'\r', b'\n', unread) else {
                self.window.consume(unread.len());
                continue;
            };
            let is_pair = unread[at] == b'\r'
                && self.ensure(call, at + 2)?
                && self.window.unread()[at + 1] == b'\n';
            self.window.consume(at + 1 + usize::from(is_pair));
            self.line += 1;
            self.unended = false;
            return Ok(());
        }
    }

    /// What keeps a row of so many bytes from being read; if nothing does, it is in the table or in `out`.
    fn push(&mut self, length: usize, out: &mut String) -> Result<(), Failure> {
        let row = without_line_end(&self.window.unread()[..length]);
        let (text, spans) = self.parser.cells(row);
        // Spreadsheets leave empty cells at the end of a line out, so a short row lacks its last ones.
        let columns = self.columns.len();
        let spare = self.spare.unwrap_or_else(|| self.spare_of(row));
        self.spare = Some(spare);
        if spans.len() > columns + spare || !self.parser.is_blank_from(row, columns) {
            return Err(Failure::data(format!(
                "expected at most {columns} cells as {}, found {}",
                self.origin,
                spans.len()
            ))
            .hint("quote cells that hold the delimiter or a line end"));
        }
        if self.parser.has_text_after_quote(row) {
            return Err(Failure::data(
                "found text after a closing quote, expected a delimiter or the end of the line",
            )
            .hint("double the quotes inside of quoted cells"));
        }
        let invalid = || {
            Failure::data("found bytes that are not valid in the encoding of the file")
                .hint("set `encoding` to that of the file, for example windows-1252")
        };
        let text = str::from_utf8(text).map_err(|_| invalid())?;
        // Joined without the quotes between them, invalid bytes can come out as a valid character.
        if !self.parser.is_in_place() && !text.is_ascii() && str::from_utf8(row).is_err() {
            return Err(invalid());
        }
        let is_pushed = match &mut self.table {
            Some(table) => table.push_row(text, spans),
            None => self.columns.push_row(out, text, spans),
        };
        if is_pushed { Ok(()) } else { Err(invalid()) }
    }
}

impl Rows for CsvRows {
    fn row(&mut self, call: &dyn Call, batch: &mut Batch) -> Result<Step, Failure> {
        // A batch is lines or columns, and the columns of one file.
        let is_held = self.table.as_ref().is_some_and(|table| !table.is_empty());
        if self.table.is_some() && !batch.json_lines.is_empty() {
            return Ok(Step::Flush);
        }
        if !self.skip_blank(call)? {
            return Ok(if is_held { Step::Flush } else { Step::End });
        }
        let length = self.parse(call)?;
        match self.push(length, &mut batch.json_lines) {
            Ok(()) => batch.positions.push(self.line),
            Err(failure) => {
                let row = without_line_end(&self.window.unread()[..length]);
                bad_row(batch, failure.on_record(self.place_name()), self.line, row);
            }
        }
        self.step_over(length);
        Ok(Step::Row)
    }

    fn held_bytes(&self) -> usize {
        self.table.as_ref().map_or(0, Table::bytes)
    }

    fn finish(&mut self, batch: &mut Batch) -> Result<(), Failure> {
        if let Some(table) = self.table.as_mut().filter(|table| !table.is_empty()) {
            batch.arrow = Some(table.finish()?);
        }
        Ok(())
    }

    fn place(&self) -> Place {
        Place {
            byte: self.window.offset(),
            line: self.line,
            unended: self.unended,
            ..Place::default()
        }
    }

    fn window(&self) -> &Window {
        &self.window
    }
}

fn at_place(failure: Failure, place: &str) -> Failure {
    if failure.record.is_empty() && failure.code == Failure::data("").code {
        return failure.on_record(place);
    }
    failure
}

/// Calls a column without a name `column_N`, or `column_N_` where the file has a column of that name.
fn name_the_nameless(names: &mut [String]) {
    let known: HashSet<String> = names.iter().filter(|name| !name.is_empty()).cloned().collect();
    for (index, name) in names.iter_mut().enumerate().filter(|(_, name)| name.is_empty()) {
        *name = format!("column_{}", index + 1);
        while known.contains(name) {
            name.push('_');
        }
    }
}

fn without_line_end(row: &[u8]) -> &[u8] {
    let row = row.strip_suffix(b"\n").unwrap_or(row);
    row.strip_suffix(b"\r").unwrap_or(row)
}

/// How many line ends stand in a text: LF, CR LF, or CR alone.
fn line_ends(text: &[u8]) -> u64 {
    let alone = |at: &usize| text.get(at + 1) != Some(&b'\n');
    (memchr_iter(b'\n', text).count() + memchr_iter(b'\r', text).filter(alone).count()) as u64
}
