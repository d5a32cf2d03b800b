//! Reading and mapping, each on a thread of its own, a few batches ahead of the writer.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};

use rustc_hash::FxHashSet;

use crate::error::{Error, Result};
use crate::operation::Operation;
use crate::source::{ArrowRows, BadRow, Batch, Checkpoint, Control, Payload, Stream};
use crate::stopwatch::Stopwatch;

use super::columnar::Columnar;
use super::mapping::Mapping;
use super::row::Row;

/// Batches that may wait between two threads: enough to overlap, few enough to stay small.
pub(super) const QUEUE: usize = 4;

/// A batch on its way to the writer.
pub(super) struct MappedBatch {
    /// The rows as they came, for those that are refused.
    origin: RowOrigin,
    /// One for each row of the payload, in order.
    pub(super) rows: Vec<MappedRow>,
    /// One for each row that was not refused, in order.
    pub(super) operations: Vec<Operation>,
    pub(super) bad_rows: Vec<BadRow>,
    pub(super) checkpoint: Checkpoint,
    /// The part of the stream that the rows come from; may be empty.
    pub(super) part: String,
    /// Columns that nothing used, seen so far.
    pub(super) unused: Vec<String>,
}

/// A row on its way to the writer.
pub(super) struct MappedRow {
    /// Its place in the source.
    pub(super) position: u64,
    /// Why it was refused, if it was.
    pub(super) refused: Option<Error>,
}

impl MappedBatch {
    /// How many rows of the source it accounts for.
    pub(super) fn len(&self) -> usize {
        self.rows.len() + self.bad_rows.len()
    }

    /// The place of the first row that was refused before anything was applied.
    pub(super) fn first_refused(&self) -> Option<u64> {
        let refused = self.rows.iter().filter(|row| row.refused.is_some()).map(|row| row.position);
        refused.chain(self.bad_rows.iter().map(|row| row.position)).min()
    }

    /// The text of a row, by its index in [`MappedBatch::rows`].
    pub(super) fn raw(&self, row: usize) -> Cow<'_, str> {
        match &self.origin {
            RowOrigin::Lines { text, lines } => Cow::Borrowed(&text[lines[row].clone()]),
            RowOrigin::Columns(rows) => Cow::Owned(rows.json(row).to_string()),
        }
    }

    /// About how much memory the rows take.
    pub(super) fn bytes(&self) -> usize {
        let bad_rows = self.bad_rows.iter().map(|row| row.raw.len()).sum::<usize>();
        let rows = match &self.origin {
            RowOrigin::Lines { text, .. } => text.len(),
            RowOrigin::Columns(rows) => rows.bytes(),
        };
        rows + bad_rows
    }
}

/// The payload that rows came in.
enum RowOrigin {
    /// JSON Lines, and where each row's line stands.
    Lines { text: String, lines: Vec<Range<usize>> },
    /// Arrow; a row's text is made where it is asked for.
    Columns(Arc<ArrowRows>),
}

/// What travels between the threads: batches, then one end.
pub(super) enum Message<T> {
    Batch(T),
    /// The end of the stream, or what kept it from being reached.
    End(Result<()>),
}

/// Pulls batches until the end, an error, or until nobody listens.
pub(super) fn read(
    stream: &mut dyn Stream,
    control: &Control,
    to: &SyncSender<Message<Batch>>,
    stopwatch: &Stopwatch,
) {
    loop {
        let message = match stopwatch.time(|| stream.next(control)) {
            Ok(Some(batch)) => Message::Batch(batch),
            Ok(None) => Message::End(Ok(())),
            Err(error) => Message::End(Err(error)),
        };
        let is_end = matches!(message, Message::End(_));
        if to.send(message).is_err() || is_end {
            return;
        }
    }
}

/// Maps batches until the end, or until nobody listens. `first_row` is the number of the first
/// row, for connectors that give no positions.
pub(super) fn map(
    mapping: &Mapping,
    first_row: u64,
    from: &Receiver<Message<Batch>>,
    to: &SyncSender<Message<MappedBatch>>,
    stopwatch: &Stopwatch,
) {
    let mut next_row = first_row;
    let mut unused = FxHashSet::default();
    let mut reported = 0;
    while let Ok(message) = from.recv() {
        let message = match message {
            Message::Batch(batch) => {
                match stopwatch.time(|| map_batch(mapping, next_row, batch, &mut unused)) {
                    Ok(mut mapped) => {
                        next_row += mapped.len() as u64;
                        if unused.len() > reported {
                            reported = unused.len();
                            mapped.unused = unused.iter().cloned().collect();
                        }
                        Message::Batch(mapped)
                    }
                    Err(error) => Message::End(Err(error)),
                }
            }
            Message::End(end) => Message::End(end),
        };
        let is_end = matches!(message, Message::End(_));
        if to.send(message).is_err() || is_end {
            return;
        }
    }
}

/// Maps the rows of a batch.
///
/// # Errors
/// `source_data_invalid` if no row of it can be mapped, because of a column's type.
fn map_batch(
    mapping: &Mapping,
    first_row: u64,
    batch: Batch,
    unused: &mut FxHashSet<String>,
) -> Result<MappedBatch> {
    let mut collector = Collector {
        first_row,
        positions: batch.positions,
        rows: Vec::with_capacity(batch.row_count),
        operations: Vec::with_capacity(batch.row_count),
    };
    let origin = match batch.payload {
        Payload::JsonLines(text) => {
            let mut lines = Vec::with_capacity(batch.row_count);
            let mut cells = Vec::new();
            let mut start = 0;
            // A carriage return before the line feed is space to JSON and counts in the ranges.
            for line in text.split_terminator('\n') {
                lines.push(start..start + line.len());
                start += line.len() + 1;
                let row = mapping.read(line, &mut cells, unused);
                collector.add(row.and_then(|row| mapping.operation(row)));
            }
            drop(cells);
            RowOrigin::Lines { text, lines }
        }
        Payload::Arrow(rows) => {
            let rows = Arc::new(rows);
            let is_mentioned = |name: &str| mapping.mentions(name);
            let columnar = Columnar::new(mapping.columns(), is_mentioned, &rows, unused)?;
            for index in 0..rows.len() {
                collector.add(mapping.operation(Row::Columnar(columnar.row(index))));
            }
            drop(columnar);
            RowOrigin::Columns(rows)
        }
    };
    Ok(MappedBatch {
        origin,
        rows: collector.rows,
        operations: collector.operations,
        bad_rows: batch.bad_rows,
        checkpoint: batch.checkpoint,
        part: batch.part,
        unused: Vec::new(),
    })
}

/// Takes in what became of each row, in order.
struct Collector {
    first_row: u64,
    positions: Vec<u64>,
    rows: Vec<MappedRow>,
    operations: Vec<Operation>,
}

impl Collector {
    fn add(&mut self, mapped: Result<Operation>) {
        let index = self.rows.len();
        let position = self.positions.get(index).copied();
        let refused = match mapped {
            Ok(operation) => {
                self.operations.push(operation);
                None
            }
            Err(error) => Some(error),
        };
        let position = position.unwrap_or(self.first_row + index as u64);
        self.rows.push(MappedRow { position, refused });
    }
}
