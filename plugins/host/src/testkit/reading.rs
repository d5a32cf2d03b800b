//! Rows, checkpoints and cancel, for one stream.

use std::borrow::Cow;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

use headwater::ErrorCode;
use headwater::source::{
    Batch, Checkpoint, Control, Payload, ReadRequest, Source, StreamDescription,
};
use serde_json::Value as Json;

use super::{Fault, Finding, Options, Report, broken, not_tried};

/// How long a cancelled call may take.
const CANCEL_LIMIT: Duration = Duration::from_secs(1);
const BATCH_ROWS: usize = 1000;

/// What a read gave: a hash of each row, good and bad apart, and where each batch ended.
#[derive(Default)]
struct Rows {
    good: Vec<u64>,
    bad: Vec<u64>,
    batches: Vec<(Checkpoint, usize, usize)>,
    is_whole: bool,
}

pub(super) fn check(
    report: &mut Report,
    source: &mut dyn Source,
    stream: &StreamDescription,
    options: &Options,
) {
    let name = &stream.name;
    let whole = read_all(source, stream, options.max_rows);
    let rows = whole.as_ref().map_or(0, |rows| rows.good.len() + rows.bad.len());
    let is_readable = whole.is_ok();
    report.add(
        format!("reads every row [{name}]"),
        whole.map(|rows| {
            let extent = if rows.is_whole { "" } else { "the first " };
            format!("{extent}{} rows and {} bad rows", rows.good.len(), rows.bad.len())
        }),
    );
    let resume = match is_readable {
        true => resumes(source, name, rows, options),
        false => not_tried("the stream cannot be read"),
    };
    report.add(format!("resumes from every checkpoint [{name}]"), resume);
    report.add(format!("refuses a foreign checkpoint [{name}]"), refuses_checkpoint(source, name));
    report.add(format!("stops within a second [{name}]"), stops(source, name));
}

fn request(stream: &str, checkpoint: Checkpoint, batch_rows: usize) -> ReadRequest {
    ReadRequest { stream: stream.to_owned(), checkpoint, batch_rows, ..ReadRequest::default() }
}

/// Reads batches until the end or `limit` rows, giving each to `look`.
fn read(
    source: &mut dyn Source,
    request: &ReadRequest,
    limit: usize,
    mut look: impl FnMut(&Batch) -> Result<(), Fault>,
) -> Result<Rows, Fault> {
    let control = Control::default();
    let mut stream = source.read(&control, request)?;
    let mut rows = Rows::default();
    while rows.good.len() + rows.bad.len() < limit {
        let Some(batch) = stream.next(&control)? else {
            rows.is_whole = true;
            break;
        };
        look(&batch)?;
        let place = |index: usize| batch.positions.get(index).copied();
        let good = texts(&batch);
        let good = good.iter().enumerate().map(|(index, row)| hash(&(&**row, place(index))));
        rows.good.extend(good);
        rows.bad.extend(batch.bad_rows.iter().map(|row| hash(&(row.raw.as_str(), row.position))));
        rows.batches.push((batch.checkpoint, rows.good.len(), rows.bad.len()));
    }
    Ok(rows)
}

/// Each row as JSON.
fn texts(batch: &Batch) -> Vec<Cow<'_, str>> {
    match &batch.payload {
        Payload::JsonLines(lines) => lines.lines().map(Cow::Borrowed).collect(),
        Payload::Arrow(rows) => {
            (0..rows.len()).map(|row| Cow::Owned(rows.json(row).to_string())).collect()
        }
    }
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Every row is a JSON object, its fields are those promised, and positions ascend.
fn read_all(
    source: &mut dyn Source,
    stream: &StreamDescription,
    limit: usize,
) -> Result<Rows, Fault> {
    let known: HashSet<&str> = stream.fields.iter().map(|field| field.name.as_str()).collect();
    let mut last = None;
    let from_start = request(&stream.name, Checkpoint::default(), BATCH_ROWS);
    read(source, &from_start, limit, |batch| {
        for line in texts(batch) {
            let Ok(Json::Object(row)) = serde_json::from_str(&line) else {
                return broken(format!("a row is not a JSON object: {line}"));
            };
            let unknown = row.keys().find(|key| !known.contains(key.as_str()));
            if let (true, Some(key)) = (stream.fields_are_complete, unknown) {
                return broken(format!("a row has the field `{key}`, which `check` did not name"));
            }
        }
        for &position in &batch.positions {
            if last.is_some_and(|last| position <= last) {
                return broken(format!("position {position} comes after {last:?}"));
            }
            last = Some(position);
        }
        let (good, bad) = (batch.row_count, batch.bad_rows.len());
        if good + bad > 0 && batch.checkpoint.as_bytes().is_empty() {
            return broken("a batch with rows has an empty checkpoint, which is the beginning");
        }
        Ok(())
    })
}

fn resumes(source: &mut dyn Source, name: &str, rows: usize, options: &Options) -> Finding {
    let batch_rows = (rows / options.checkpoints.max(1)).clamp(1, BATCH_ROWS);
    let from_start = request(name, Checkpoint::default(), batch_rows);
    let whole = read(source, &from_start, options.max_rows, |_| Ok(()))?;
    for (index, (checkpoint, good, bad)) in whole.batches.iter().enumerate() {
        // Another batch size: a checkpoint may not depend on it.
        let from_here = request(name, checkpoint.clone(), BATCH_ROWS);
        let limit = match whole.is_whole {
            true => usize::MAX,
            false => whole.good.len() + whole.bad.len() - good - bad,
        };
        let rest = read(source, &from_here, limit.max(1), |_| Ok(()))?;
        let (expected_good, expected_bad) = (&whole.good[*good..], &whole.bad[*bad..]);
        let is_same = match whole.is_whole {
            true => rest.good == expected_good && rest.bad == expected_bad,
            false => {
                rest.good.starts_with(&expected_good[..expected_good.len().min(rest.good.len())])
            }
        };
        if !is_same {
            return broken(format!(
                "after batch {}, {} rows and {} bad rows are left; a resume gave {} and {}{}",
                index + 1,
                expected_good.len(),
                expected_bad.len(),
                rest.good.len(),
                rest.bad.len(),
                if rest.good.len() == expected_good.len() { ", and other ones" } else { "" }
            ));
        }
    }
    match whole.batches.len() {
        0 => not_tried("the stream has no rows"),
        batches => Ok(format!("{batches} checkpoints")),
    }
}

fn refuses_checkpoint(source: &mut dyn Source, name: &str) -> Finding {
    let foreign = Checkpoint::new(b"\xff\x00 of another stream".to_vec())?;
    let outcome = read(source, &request(name, foreign, BATCH_ROWS), 1, |_| Ok(()));
    match outcome {
        Ok(_) => broken("bytes that it never gave were taken as a checkpoint"),
        Err(Fault::Broken(error)) if error.starts_with(ErrorCode::CheckpointInvalid.name()) => {
            Ok(error)
        }
        Err(Fault::Broken(error)) => broken(format!("expected checkpoint_invalid, found {error}")),
        Err(fault) => Err(fault),
    }
}

/// A cancel in the middle of a read ends it in time, and the source can be read again.
fn stops(source: &mut dyn Source, name: &str) -> Finding {
    let took = cancel_after(source, name, Duration::from_millis(20))?;
    let again = request(name, Checkpoint::default(), 1);
    read(source, &again, 1, |_| Ok(()))?;
    match took {
        None => Ok("the stream ended before the cancel".to_owned()),
        Some(took) if took > CANCEL_LIMIT => broken(format!("after {} ms", took.as_millis())),
        Some(took) => Ok(format!("after {} ms", took.as_millis())),
    }
}

/// How long the read took to end once it was cancelled; `None` if it had ended before.
fn cancel_after(
    source: &mut dyn Source,
    name: &str,
    delay: Duration,
) -> Result<Option<Duration>, Fault> {
    let control = Control::default();
    std::thread::scope(|scope| {
        let canceller = scope.spawn(|| {
            std::thread::sleep(delay);
            control.cancel();
            Instant::now()
        });
        let outcome: headwater::Result<()> = (|| {
            // A batch as large as it likes: the cancel has to come through inside of one.
            let large = request(name, Checkpoint::default(), 1_000_000);
            let mut stream = source.read(&control, &large)?;
            while stream.next(&control)?.is_some() {}
            Ok(())
        })();
        let ended = Instant::now();
        let Ok(cancelled) = canceller.join() else { return broken("the canceller panicked") };
        match outcome {
            Ok(()) => Ok(None),
            Err(error) if error.code() == ErrorCode::Cancelled => {
                Ok(Some(ended.saturating_duration_since(cancelled)))
            }
            Err(error) => Err(Fault::from(error)),
        }
    })
}
