//! Streams of rows that a program has in memory, or makes as they are asked for.

use arrow_array::{RecordBatch, RecordBatchReader, StructArray};
use arrow_schema::ArrowError;

use crate::error::{Error, ErrorCode, Result};

use super::{
    ArrowRows, BATCH_ROWS, BadRow, Batch, Checkpoint, Control, NullMeans, Payload, Stream,
};

/// Bytes of lines after which a batch ends, however few rows it has.
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// Record batches as a stream; a large one is cut. A null is a null.
pub struct ArrowStream<'a> {
    reader: Box<dyn RecordBatchReader + Send + 'a>,
    /// What is left of the batch that is being cut.
    rest: Option<RecordBatch>,
}

impl<'a> ArrowStream<'a> {
    /// A stream of what the reader gives.
    pub fn new(reader: impl RecordBatchReader + Send + 'a) -> Self {
        Self { reader: Box::new(reader), rest: None }
    }

    fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        if let Some(rest) = self.rest.take() {
            return Ok(Some(rest));
        }
        self.reader.next().transpose().map_err(failure)
    }
}

impl Stream for ArrowStream<'_> {
    fn next(&mut self, control: &Control) -> Result<Option<Batch>> {
        check_cancelled(control)?;
        let Some(mut batch) = self.next_batch()? else { return Ok(None) };
        if batch.num_rows() > BATCH_ROWS {
            self.rest = Some(batch.slice(BATCH_ROWS, batch.num_rows() - BATCH_ROWS));
            batch = batch.slice(0, BATCH_ROWS);
        }
        let row_count = batch.num_rows();
        // No connector gave it, so none is to blame.
        let rows = ArrowRows::new(StructArray::from(batch), NullMeans::Null)
            .map_err(|error| Error::new(ErrorCode::SourceDataInvalid, error.message()))?;
        Ok(Some(whole_batch(Payload::Arrow(rows), row_count)))
    }
}

/// Why a reader has failed: one of ours says it itself.
fn failure(cause: ArrowError) -> Error {
    let cause = match cause {
        ArrowError::ExternalError(cause) => match cause.downcast::<Error>() {
            Ok(error) => return *error,
            Err(cause) => ArrowError::ExternalError(cause),
        },
        cause => cause,
    };
    let message = format!("the Arrow stream could not be read: {cause}");
    Error::new(ErrorCode::SourceDataInvalid, message).because(cause)
}

/// Lines as a stream, each one JSON object.
pub struct LineStream<'a> {
    lines: Box<dyn Iterator<Item = Result<String>> + Send + 'a>,
    /// Lines so far.
    count: u64,
    /// A failure that came after the lines of a batch.
    failure: Option<Error>,
}

impl<'a> LineStream<'a> {
    /// A stream of the lines that an iterator gives.
    pub fn new(lines: impl Iterator<Item = Result<String>> + Send + 'a) -> Self {
        Self { lines: Box::new(lines), count: 0, failure: None }
    }

    /// A line that would be two in a batch.
    fn bad_row(position: u64, raw: String) -> BadRow {
        let what = "the row holds a line feed";
        let error = Error::new(ErrorCode::SourceDataInvalid, what)
            .hint("write each row as JSON on one line; inside a text a line feed is \\n");
        BadRow { error, position, raw }
    }
}

impl Stream for LineStream<'_> {
    fn next(&mut self, control: &Control) -> Result<Option<Batch>> {
        check_cancelled(control)?;
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        let mut text = String::new();
        let mut row_count = 0;
        let mut bad_rows = Vec::new();
        // A bad row ends its batch, so that the rows after it keep their numbers.
        while row_count < BATCH_ROWS && text.len() < BATCH_BYTES && bad_rows.is_empty() {
            match self.lines.next() {
                Some(Ok(line)) => {
                    if line.contains('\n') {
                        bad_rows.push(Self::bad_row(self.count, line));
                    } else {
                        text.push_str(&line);
                        text.push('\n');
                        row_count += 1;
                    }
                    self.count += 1;
                }
                Some(Err(error)) => {
                    self.failure = Some(error);
                    break;
                }
                None => break,
            }
        }
        if row_count == 0 && bad_rows.is_empty() {
            return self.failure.take().map_or(Ok(None), Err);
        }
        let batch = whole_batch(Payload::JsonLines(text), row_count);
        Ok(Some(Batch { bad_rows, ..batch }))
    }
}

fn check_cancelled(control: &Control) -> Result<()> {
    if control.is_cancelled() {
        return Err(Error::new(ErrorCode::Cancelled, "the work was asked to stop"));
    }
    Ok(())
}

fn whole_batch(payload: Payload, row_count: usize) -> Batch {
    Batch {
        payload,
        row_count,
        positions: Vec::new(),
        bad_rows: Vec::new(),
        checkpoint: Checkpoint::default(),
        part: String::new(),
    }
}
