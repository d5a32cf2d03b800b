//! Walks over the files of a source and makes batches and checkpoints of their rows.

use std::path::PathBuf;

use headwater_sdk::{BadRow, Batch, Call, Failure, Stream};

use crate::checkpoint::{Checkpoint, Place};
use crate::config::FileConfig;
use crate::open::open;
use crate::window::Window;

const DEFAULT_BATCH_ROWS: usize = 2000;
const MAX_BATCH_BYTES: usize = 4 << 20;
/// A rejected row is kept for a person to look at; nobody reads more than this of it.
const MAX_RAW_BYTES: usize = 64 << 10;

/// How the rows of a file are written.
pub trait Format: Send + 'static {
    /// The rows of one file.
    type Rows: Rows;

    /// Starts to read rows: at the first one, or at a place that an earlier read of the file gave.
    ///
    /// `resume` carries the fingerprint beside the place.
    ///
    /// # Errors
    /// What keeps the file from being read; `checkpoint_invalid` if it no longer fits the place.
    fn start(
        &self,
        call: &dyn Call,
        window: Window,
        resume: Option<&Checkpoint>,
    ) -> Result<Self::Rows, Failure>;
}

/// What [`Rows::row`] came upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// One row was added to the batch, good or bad.
    Row,
    /// No row was added, and the batch must be handed over before the next call: what follows may fail after it has
    /// moved the window away from the place.
    Flush,
    /// The file holds no more rows.
    End,
}

/// The rows of one file.
pub trait Rows: Send + 'static {
    /// Adds at most one row to the batch, of which it may hold the cells back until
    /// [`Rows::finish`]; its position is in the batch at once.
    ///
    /// # Errors
    /// If it fails, [`Rows::place`] must still be right for the rows before it, unless it said [`Step::Flush`].
    fn row(&mut self, call: &dyn Call, batch: &mut Batch) -> Result<Step, Failure>;

    /// How many bytes of rows are held back.
    fn held_bytes(&self) -> usize {
        0
    }

    /// Puts the rows that were held back into the batch, which is handed over now.
    ///
    /// # Errors
    /// What keeps them from being put there.
    fn finish(&mut self, _batch: &mut Batch) -> Result<(), Failure> {
        Ok(())
    }

    /// The place after the last row.
    fn place(&self) -> Place;

    /// The window, which stands at the place.
    fn window(&self) -> &Window;
}

/// Adds a row that could not be read to the batch.
pub fn bad_row(batch: &mut Batch, failure: Failure, position: u64, raw: &[u8]) {
    let raw = &raw[..raw.len().min(MAX_RAW_BYTES)];
    batch.bad_rows.push(BadRow { failure, position, raw: raw.to_vec() });
}

/// One read over the files of a source.
pub struct FileStream<F: Format> {
    format: F,
    config: FileConfig,
    files: Vec<PathBuf>,
    index: usize,
    rows: Option<F::Rows>,
    resume: Option<Checkpoint>,
    batch_rows: usize,
    /// A failure that came after rows which had to be handed over first.
    pending: Option<Failure>,
    /// Whether the rows at hand have ended; a batch is of one file, so it is handed over first.
    is_at_end: bool,
}

impl<F: Format> FileStream<F> {
    /// Starts to read `files` at a checkpoint; `batch_rows` 0 takes the default of 2000.
    ///
    /// # Errors
    /// `checkpoint_invalid`; what keeps the first file from being read.
    pub fn start(
        call: &dyn Call,
        format: F,
        config: FileConfig,
        files: Vec<PathBuf>,
        checkpoint: &[u8],
        batch_rows: usize,
    ) -> Result<Self, Failure> {
        let resume = Checkpoint::parse(checkpoint)?;
        if let Some(resume) = &resume {
            resume.fits(&files)?;
        }
        let mut stream = Self {
            format,
            config,
            files,
            index: resume.as_ref().map_or(0, |resume| resume.index),
            rows: None,
            resume,
            batch_rows: if batch_rows == 0 { DEFAULT_BATCH_ROWS } else { batch_rows },
            pending: None,
            is_at_end: false,
        };
        stream.rows = Some(stream.open(call, stream.index)?);
        stream.resume = None;
        Ok(stream)
    }

    /// The rows of the file at hand.
    #[must_use]
    pub fn rows(&self) -> Option<&F::Rows> {
        self.rows.as_ref()
    }

    fn open(&self, call: &dyn Call, index: usize) -> Result<F::Rows, Failure> {
        let window = open(&self.files[index], &self.config)?;
        self.format.start(call, window, self.resume.as_ref())
    }

    /// Goes on to the next file; `false` if there is none.
    fn advance(&mut self, call: &dyn Call) -> Result<bool, Failure> {
        if self.index + 1 == self.files.len() {
            return Ok(false);
        }
        // The rows at hand are given up last: until then, they can say where a checkpoint stands.
        self.rows = Some(self.open(call, self.index + 1)?);
        self.index += 1;
        self.is_at_end = false;
        Ok(true)
    }

    fn collect(&mut self, call: &dyn Call, batch: &mut Batch) -> Result<(), Failure> {
        let mut raw_bytes = 0;
        while batch.len() < self.batch_rows {
            let Some(rows) = &mut self.rows else { return Ok(()) };
            if batch.json_lines.len() + rows.held_bytes() + raw_bytes >= MAX_BATCH_BYTES {
                return Ok(());
            }
            let bad_rows = batch.bad_rows.len();
            let step = if self.is_at_end { Step::End } else { rows.row(call, batch)? };
            match step {
                Step::Row => {
                    raw_bytes +=
                        batch.bad_rows[bad_rows..].iter().map(|row| row.raw.len()).sum::<usize>();
                }
                Step::Flush if batch.is_empty() => {}
                Step::Flush => return Ok(()),
                Step::End => {
                    self.is_at_end = true;
                    if !batch.is_empty() || !self.advance(call)? {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }
}

impl<F: Format> Stream for FileStream<F> {
    fn next(&mut self, call: &dyn Call, batch: &mut Batch) -> Result<bool, Failure> {
        if let Some(failure) = self.pending.take() {
            return Err(failure);
        }
        if call.is_cancelled() {
            return Err(Failure::cancelled());
        }
        if let Err(failure) = self.collect(call, batch) {
            if batch.is_empty() {
                return Err(failure);
            }
            self.pending = Some(failure);
        }
        if batch.is_empty() {
            return Ok(false);
        }
        if let Some(rows) = &mut self.rows {
            rows.finish(batch)?;
            let place = rows.place();
            let checkpoint = Checkpoint::new(&self.files, self.index, place, rows.window());
            batch.checkpoint = checkpoint.to_bytes();
            if self.files.len() > 1 {
                batch.part = checkpoint.file;
            }
        }
        Ok(true)
    }
}
