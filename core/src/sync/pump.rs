//! The pump: one stream read, mapped, gathered and committed on four threads, a few batches ahead of
//! each other.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorCode, Result};
use crate::source::{BATCH_ROWS, Control, Stream};

use super::mapping::Mapping;
use super::pipeline::{self, MappedBatch, Message, QUEUE};
use super::stages::Stages;

/// What a slow source has given is committed after this time at the latest.
const COMMIT_INTERVAL: Duration = Duration::from_secs(5);
/// Bytes of rows that are gathered before a commit, at most.
const MAX_PENDING_BYTES: usize = 64 * 1024 * 1024;

/// Mapped batches that may wait, whatever a job says of its commits: their bytes are not counted.
const MOST_AHEAD: usize = 100;

/// When gathered rows are committed.
#[derive(Clone, Copy)]
pub(super) enum Pace<'a> {
    /// After so many rows, as many as it says each time; after much memory or some time; at the end, and
    /// before a failure.
    Rows(&'a (dyn Fn() -> usize + Sync)),
    /// Once the whole stream was read, or never.
    Whole,
}

/// What becomes of batches that are due together, none where nothing came since the last time.
pub(super) struct Sink<'a, D> {
    /// Makes them ready to be committed, while those before them are being committed.
    pub(super) prepare: &'a (dyn Fn(Vec<MappedBatch>) -> D + Sync),
    /// Commits them, on the calling thread; the flag says that the stream was read to its end.
    pub(super) commit: &'a mut dyn FnMut(D, bool) -> Result<()>,
}

/// Reads a stream to its end; a failure cancels the control.
///
/// # Errors
/// What the stream or a commit says.
pub(super) fn pump<D: Send>(
    stream: &mut dyn Stream,
    mapping: &Mapping,
    first_row: u64,
    pace: Pace<'_>,
    control: &Control,
    stages: &Stages,
    Sink { prepare, commit }: Sink<'_, D>,
) -> Result<()> {
    let (batches, unmapped) = sync_channel(QUEUE);
    let (to_gatherer, mapped) = sync_channel(pace.batches_ahead());
    // What is due waits here until all before it is committed.
    let (to_writer, due) = sync_channel(0);
    thread::scope(|scope| {
        // Each stage owns its ends of the channels, and sees its neighbours' end by them.
        scope.spawn(move || {
            contained(&batches, || pipeline::read(stream, control, &batches, &stages.read));
        });
        scope.spawn(move || {
            let map = || pipeline::map(mapping, first_row, &unmapped, &to_gatherer, &stages.map);
            contained(&to_gatherer, map);
        });
        scope.spawn(move || {
            contained(&to_writer, || gather(pace, prepare, &mapped, &to_writer));
        });
        let due = due;
        let written = loop {
            let end = match due.recv() {
                Ok(Message::Batch((due, is_end))) => commit(due, is_end),
                Ok(Message::End(end)) => break end,
                Err(_) => Err(Error::new(ErrorCode::Internal, "a thread of the sync ended early")),
            };
            if end.is_err() {
                break end;
            }
        };
        if written.is_err() {
            // The reader may be waiting for its source.
            control.cancel();
        }
        written
    })
}

/// Gathers batches until they are due, and hands them on; until the end, or until nobody listens.
fn gather<D>(
    pace: Pace<'_>,
    prepare: &(dyn Fn(Vec<MappedBatch>) -> D + Sync),
    from: &Receiver<Message<MappedBatch>>,
    to: &SyncSender<Message<(D, bool)>>,
) {
    let mut pending = Pending::default();
    let mut last_commit = Instant::now();
    loop {
        let end = match from.recv_timeout(pace.wait(last_commit.elapsed())) {
            Ok(Message::Batch(batch)) => {
                pending.add(batch);
                None
            }
            Ok(Message::End(end)) => Some(end),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let is_late = last_commit.elapsed() >= COMMIT_INTERVAL;
        if pending.is_due(pace, is_late, end.as_ref()) {
            // What was read before a failure is good, and its checkpoint covers it.
            let is_end = matches!(end, Some(Ok(())));
            let due = prepare(std::mem::take(&mut pending).batches);
            if to.send(Message::Batch((due, is_end))).is_err() {
                return;
            }
        }
        if pending.batches.is_empty() {
            last_commit = Instant::now();
        }
        if let Some(end) = end {
            // Nobody listens where the writer has failed already.
            let _ = to.send(Message::End(end));
            return;
        }
    }
}

/// Runs a stage on its thread. A panic in it ends what it sends with an error that has its text,
/// which a panic that leaves the scope would lose.
fn contained<T>(to: &SyncSender<Message<T>>, stage: impl FnOnce()) {
    // AssertUnwindSafe: what the stage leaves half changed is not used again, but for its channel.
    if let Err(payload) = catch_unwind(AssertUnwindSafe(stage)) {
        let what = format!("a thread of the sync panicked: {}", text_of(payload));
        // Nobody listens where the writer has failed already.
        let _ = to.send(Message::End(Err(Error::new(ErrorCode::Internal, what))));
    }
}

fn text_of(payload: Box<dyn Any + Send>) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    if text.is_none() {
        // An unknown payload may panic again when it is dropped.
        std::mem::forget(payload);
    }
    text.unwrap_or_else(|| "a value that is not text".to_owned())
}

impl Pace<'_> {
    /// How long to wait for the next batch, so long after the last commit.
    fn wait(self, since: Duration) -> Duration {
        match self {
            Self::Rows(_) => COMMIT_INTERVAL.saturating_sub(since),
            // Nothing is committed before the end, so there is nothing to be late with.
            Self::Whole => COMMIT_INTERVAL,
        }
    }

    /// Mapped batches that may wait: while one commit is written and the next one is due, half of
    /// the one after that is mapped. All of it would take more memory and no less time.
    fn batches_ahead(self) -> usize {
        match self {
            Self::Rows(rows) => (rows() / 2).div_ceil(BATCH_ROWS).min(MOST_AHEAD),
            Self::Whole => QUEUE,
        }
    }
}

/// Batches that wait to be committed.
#[derive(Default)]
struct Pending {
    batches: Vec<MappedBatch>,
    rows: usize,
    bytes: usize,
}

impl Pending {
    fn add(&mut self, batch: MappedBatch) {
        self.rows += batch.len();
        self.bytes += batch.bytes();
        self.batches.push(batch);
    }

    fn is_due(&self, pace: Pace<'_>, is_late: bool, end: Option<&Result<()>>) -> bool {
        match (pace, end) {
            (_, Some(Ok(()))) => true,
            (Pace::Rows(_), Some(Err(_))) => !self.batches.is_empty(),
            (Pace::Rows(rows), None) => {
                self.rows >= rows()
                    || self.bytes >= MAX_PENDING_BYTES
                    || (is_late && !self.batches.is_empty())
            }
            (Pace::Whole, _) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_committed_as_a_whole_waits_for_its_rows_without_a_spin() {
        let late = COMMIT_INTERVAL * 2;
        assert_eq!(Pace::Rows(&|| 1).wait(late), Duration::ZERO, "what is late is committed");
        assert!(!Pace::Whole.wait(late).is_zero());
    }
}
