//! The connector testkit: what every connector must hold, tried on a real library.

use std::thread;
use std::time::{Duration, Instant};

use headwater::source::{
    Checkpoint, Connector, Control, Payload, ReadRequest, Source, StreamDescription,
};
use headwater::{Error, ErrorCode, Result};
use serde_json::{Value as Json, json};

/// Openings of the leak check.
const OPENINGS: usize = 10_000;
/// Growth of the process that the leak check allows: noise of allocator and threads.
const ALLOWED_GROWTH_KIB: u64 = 16 * 1024;
/// Batches after which resume points are tried only for every tenth.
const DENSE_RESUMES: usize = 50;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckResult {
    /// It holds.
    Passed,
    /// It does not hold.
    Failed,
    /// It needs a configuration, and none was given.
    Skipped,
}

impl CheckResult {
    /// The name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// One thing that was tried.
#[derive(Debug, Clone)]
pub struct Check {
    /// What.
    pub name: String,
    /// How it ended.
    pub result: CheckResult,
    /// What was seen.
    pub detail: String,
}

/// Everything that was tried.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// In the order of trying.
    pub checks: Vec<Check>,
}

impl Report {
    /// Whether nothing failed, and something was tried.
    #[must_use]
    pub fn is_passed(&self) -> bool {
        !self.checks.is_empty()
            && self.checks.iter().all(|check| check.result != CheckResult::Failed)
    }

    fn add(&mut self, name: &str, outcome: Result<String>) {
        let (result, detail) = match outcome {
            Ok(detail) => (CheckResult::Passed, detail),
            Err(error) => (CheckResult::Failed, error.to_string()),
        };
        self.checks.push(Check { name: name.to_owned(), result, detail });
    }

    fn skip(&mut self, name: &str) {
        let detail = "give a configuration with --config".to_owned();
        self.checks.push(Check { name: name.to_owned(), result: CheckResult::Skipped, detail });
    }
}

/// Tries everything on a connector. Without a configuration only what needs none is tried.
pub fn run(connector: &dyn Connector, config: Option<&Json>) -> Report {
    let mut report = Report::default();
    report.add("description", description(connector));
    report.add("bad config", bad_config(connector, config));
    let Some(config) = config else {
        for name in ["open and close", "streams", "counts", "resume", "cancel"] {
            report.skip(name);
        }
        return report;
    };
    report.add("open and close", open_and_close(connector, config));
    let streams = streams(connector, config);
    report.add(
        "streams",
        streams.as_ref().map(|found| format!("{} streams", found.len())).map_err(copy_of),
    );
    for stream in streams.unwrap_or_default() {
        report.add(&format!("counts of {}", stream.name), counts(connector, config, &stream));
        report.add(&format!("resume of {}", stream.name), resume(connector, config, &stream));
        report.add(&format!("cancel of {}", stream.name), cancel(connector, config, &stream));
    }
    report
}

fn copy_of(error: &Error) -> Error {
    Error::new(error.code(), error.message())
}

fn broken(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::ConnectorMisbehaved, message)
}

fn description(connector: &dyn Connector) -> Result<String> {
    let description = connector.description();
    let parts: Vec<&str> = description.version.splitn(3, '.').collect();
    let is_number =
        |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit()) && !part.is_empty();
    if parts.len() != 3 || !parts[..2].iter().all(is_number) {
        return Err(broken(format!("the version {:?} is not semantic", description.version)));
    }
    if description.config_schema["type"] != "object" {
        return Err(broken("the config schema does not describe an object"));
    }
    Ok(format!("{} {}", description.name, description.version))
}

/// A key that no connector has must be refused and named, not ignored.
fn bad_config(connector: &dyn Connector, config: Option<&Json>) -> Result<String> {
    const UNKNOWN: &str = "no_connector_has_this_key";
    let mut bad = config.cloned().unwrap_or_else(|| json!({}));
    bad[UNKNOWN] = json!(1);
    let refused = match connector.open(&bad) {
        Ok(_) => return Err(broken("an unknown configuration key was accepted")),
        Err(error) => error,
    };
    if refused.code() != ErrorCode::ConfigInvalid {
        return Err(broken(format!("an unknown key was refused with {}", refused.code())));
    }
    let names_it = refused.field() == Some(UNKNOWN) || refused.message().contains(UNKNOWN);
    if config.is_some() && !names_it {
        return Err(broken(format!("an unknown key was refused without its name: {refused}")));
    }
    Ok(refused.to_string())
}

fn open_and_close(connector: &dyn Connector, config: &Json) -> Result<String> {
    // Allocators and caches settle first.
    for _ in 0..OPENINGS / 100 {
        drop(connector.open(config)?);
    }
    let before = resident_kib();
    for _ in 0..OPENINGS {
        drop(connector.open(config)?);
    }
    let (Some(before), Some(after)) = (before, resident_kib()) else {
        return Ok(format!("{OPENINGS} times; this system does not tell the memory"));
    };
    let growth = after.saturating_sub(before);
    if growth > ALLOWED_GROWTH_KIB {
        return Err(broken(format!("{OPENINGS} openings grew the process by {growth} KiB")));
    }
    Ok(format!("{OPENINGS} times, {growth} KiB of growth"))
}

/// The resident memory of this process.
fn resident_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn streams(connector: &dyn Connector, config: &Json) -> Result<Vec<StreamDescription>> {
    let mut source = connector.open(config)?;
    let first = source.check(&Control::default())?;
    if first.is_empty() {
        return Err(broken("the source offers no stream"));
    }
    if source.check(&Control::default())? != first {
        return Err(broken("a second check says something else"));
    }
    Ok(first)
}

/// What a read gave: each row with its place, and where each batch ended.
struct Reading {
    rows: Vec<(u64, String)>,
    /// The checkpoint of each batch, and how many rows had been given by then.
    checkpoints: Vec<(Checkpoint, usize)>,
}

fn read_all(
    source: &mut dyn Source,
    stream: &StreamDescription,
    checkpoint: Checkpoint,
    batch_rows: usize,
) -> Result<Reading> {
    let control = Control::default();
    let request = ReadRequest {
        stream: stream.name.clone(),
        checkpoint,
        partition: String::new(),
        batch_rows,
    };
    let mut open = source.read(&control, &request)?;
    let mut reading = Reading { rows: Vec::new(), checkpoints: Vec::new() };
    while let Some(batch) = open.next(&control)? {
        let Payload::JsonLines(lines) = &batch.payload;
        let mut rows: Vec<(u64, String)> = lines
            .lines()
            .enumerate()
            .map(|(index, line)| {
                (batch.positions.get(index).copied().unwrap_or(0), line.to_owned())
            })
            .collect();
        for (position, line) in &rows {
            if !serde_json::from_str::<Json>(line).is_ok_and(|row| row.is_object()) {
                return Err(broken(format!("row {position} is not a JSON object: {line:.80}")));
            }
        }
        rows.extend(batch.bad_rows.iter().map(|bad| (bad.position, bad.error.to_string())));
        rows.sort_by_key(|(position, _)| *position);
        reading.rows.append(&mut rows);
        reading.checkpoints.push((batch.checkpoint, reading.rows.len()));
    }
    Ok(reading)
}

fn counts(connector: &dyn Connector, config: &Json, stream: &StreamDescription) -> Result<String> {
    let mut source = connector.open(config)?;
    let small = read_all(&mut *source, stream, Checkpoint::default(), 1)?;
    let large = read_all(&mut *source, stream, Checkpoint::default(), 4000)?;
    if small.rows != large.rows {
        return Err(broken(format!(
            "in small batches the stream has {} rows, in large ones {}, or others",
            small.rows.len(),
            large.rows.len()
        )));
    }
    Ok(format!("{} rows", large.rows.len()))
}

fn resume(connector: &dyn Connector, config: &Json, stream: &StreamDescription) -> Result<String> {
    let mut source = connector.open(config)?;
    let whole = read_all(&mut *source, stream, Checkpoint::default(), 7)?;
    let step = if whole.checkpoints.len() > DENSE_RESUMES { 10 } else { 1 };
    let mut tried = 0;
    for (checkpoint, rows) in whole.checkpoints.iter().step_by(step) {
        let rest = read_all(&mut *source, stream, checkpoint.clone(), 7)?;
        if rest.rows != whole.rows[*rows..] {
            return Err(broken(format!(
                "resumed after row {rows}, {} rows came where {} are left",
                rest.rows.len(),
                whole.rows.len() - rows
            )));
        }
        tried += 1;
    }
    Ok(format!("from {tried} checkpoints"))
}

fn cancel(connector: &dyn Connector, config: &Json, stream: &StreamDescription) -> Result<String> {
    let mut source = connector.open(config)?;
    let control = Control::default();
    let request =
        ReadRequest { stream: stream.name.clone(), batch_rows: 1, ..ReadRequest::default() };
    let mut open = source.read(&control, &request)?;
    let started = thread::scope(|scope| {
        let canceller = scope.spawn(|| {
            thread::sleep(Duration::from_millis(5));
            control.cancel();
            Instant::now()
        });
        loop {
            match open.next(&control) {
                Ok(Some(_)) => {}
                Ok(None) => break Ok(()),
                Err(error) if error.code() == ErrorCode::Cancelled => break Ok(()),
                Err(error) => break Err(error),
            }
        }?;
        canceller.join().map_err(|_| broken("the cancelling thread failed"))
    })?;
    drop(open);
    let took = started.elapsed();
    if took > Duration::from_secs(1) {
        return Err(broken(format!("a cancelled read took {took:?} to stop")));
    }
    Ok(format!("stopped after {took:?}"))
}
