//! Reading and mapping, each on a thread of its own, a few batches ahead of the writer.

use std::ops::Range;
use std::sync::mpsc::{Receiver, SyncSender};

use rustc_hash::FxHashSet;

use crate::error::{Error, Result};
use crate::operation::Operation;
use crate::source::{BadRow, Batch, Checkpoint, Control, Payload, Stream};

use super::mapping::Mapping;

/// Batches that may wait between two threads: enough to overlap, few enough to stay small.
pub(super) const QUEUE: usize = 4;

/// A batch on its way to the writer.
pub(super) struct MappedBatch {
    /// The rows' text, for those that are refused.
    pub(super) payload: String,
    /// Where each row stands in the payload and in the source.
    pub(super) rows: Vec<MappedRow>,
    /// One for each row that was not refused, in order.
    pub(super) operations: Vec<Operation>,
    pub(super) bad_rows: Vec<BadRow>,
    pub(super) checkpoint: Checkpoint,
    /// Columns that nothing used, seen so far.
    pub(super) unused: Vec<String>,
}

/// A row on its way to the writer.
pub(super) struct MappedRow {
    pub(super) line: Range<usize>,
    pub(super) position: u64,
    /// Why it was refused, if it was.
    pub(super) refused: Option<Error>,
}

impl MappedBatch {
    /// How many rows of the source it accounts for.
    pub(super) fn len(&self) -> usize {
        self.rows.len() + self.bad_rows.len()
    }
}

/// What travels between the threads: batches, then one end.
pub(super) enum Message<T> {
    Batch(T),
    /// The end of the stream, or what kept it from being reached.
    End(Result<()>),
}

/// Pulls batches until the end, an error, or until nobody listens.
pub(super) fn read(stream: &mut dyn Stream, control: &Control, to: &SyncSender<Message<Batch>>) {
    loop {
        let message = match stream.next(control) {
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
) {
    let mut next_row = first_row;
    let mut unused = FxHashSet::default();
    let mut reported = 0;
    while let Ok(message) = from.recv() {
        let message = match message {
            Message::Batch(batch) => {
                let mut mapped = map_batch(mapping, next_row, batch, &mut unused);
                next_row += mapped.len() as u64;
                if unused.len() > reported {
                    reported = unused.len();
                    mapped.unused = unused.iter().cloned().collect();
                }
                Message::Batch(mapped)
            }
            Message::End(end) => Message::End(end),
        };
        let is_end = matches!(message, Message::End(_));
        if to.send(message).is_err() || is_end {
            return;
        }
    }
}

fn map_batch(
    mapping: &Mapping,
    first_row: u64,
    batch: Batch,
    unused: &mut FxHashSet<String>,
) -> MappedBatch {
    let Payload::JsonLines(payload) = batch.payload;
    let mut rows = Vec::with_capacity(batch.row_count);
    let mut operations = Vec::with_capacity(batch.row_count);
    let mut start = 0;
    for (index, line) in payload.lines().enumerate() {
        let range = start..start + line.len();
        start = range.end + 1;
        let position = batch.positions.get(index).copied();
        let refused = match mapping.operation(line, unused) {
            Ok(operation) => {
                operations.push(operation);
                None
            }
            Err(error) => Some(error),
        };
        rows.push(MappedRow {
            line: range,
            position: position.unwrap_or(first_row + index as u64),
            refused,
        });
    }
    MappedBatch {
        payload,
        rows,
        operations,
        bad_rows: batch.bad_rows,
        checkpoint: batch.checkpoint,
        unused: Vec::new(),
    }
}
