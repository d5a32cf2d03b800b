//! Bulk: rows of a program become operations of one record type, and each row learns its outcome.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::IgnoredAny;

use crate::error::{Error, ErrorCode, Result};
use crate::operation::{ApplyMode, Outcome, Outcomes, held_back};
use crate::remote::ends_all;
use crate::schema::{RecordType, nearest};
use crate::source::{Control, Stream, StreamDescription, StreamField};
use crate::store::journal::Counts;
use crate::value::is_phone_region;
use crate::workspace::{ApplyOptions, Prepared, Workspace};

use super::automatic::{self, Named};
use super::job::{DEFAULT_COMMIT_ROWS, unknown_region};
use super::mapping::Mapping;
use super::pipeline::MappedBatch;
use super::pump::{Pace, Sink, pump};
use super::stages::{StageTimes, Stages};
use super::stream_job::{Mode, NullPolicy, StreamJob};

/// What rows become. Columns go to the attributes of the same name, whose aliases and parts of an
/// address are names too; case, spaces and punctuation are ignored.
#[derive(Debug, Clone)]
pub struct Bulk {
    /// The record type.
    pub record_type: String,
    /// What is done with a row.
    pub mode: Mode,
    /// The name of the match key; `None` only for creates. `id` matches by id.
    pub matching: Option<String>,
    /// What a null in a row means.
    pub null: NullPolicy,
    /// Columns in which it means something else.
    pub null_of: BTreeMap<String, NullPolicy>,
    /// Columns whose attribute has another name: column, attribute.
    pub columns: BTreeMap<String, String>,
    /// Whether columns that name no attribute are left out instead of refused: all rows, where the
    /// columns are known beforehand, else the row that has one.
    pub ignores_unknown_columns: bool,
    /// The region of phone numbers without a country code.
    pub default_region: Option<String>,
    /// What one refused row means for the others; all or nothing takes all rows into memory.
    pub apply: ApplyMode,
    /// Rows of one transaction, unless it is all or nothing.
    pub commit_rows: usize,
}

impl Bulk {
    /// Rows of a record type, each on its own, nulls clearing.
    #[must_use]
    pub fn new(record_type: &str, mode: Mode, matching: Option<&str>) -> Self {
        Self {
            record_type: record_type.to_owned(),
            mode,
            matching: matching.map(str::to_owned),
            null: NullPolicy::Clear,
            null_of: BTreeMap::new(),
            columns: BTreeMap::new(),
            ignores_unknown_columns: false,
            default_region: None,
            apply: ApplyMode::PerRecord,
            commit_rows: DEFAULT_COMMIT_ROWS,
        }
    }

    /// The stream as a job would say it.
    fn stream_job(&self) -> StreamJob {
        let mut job = StreamJob::new(&self.record_type, self.matching.as_deref(), self.mode);
        job.null = self.null;
        job
    }

    /// What the columns name; of rows whose columns are not known, those that are spoken of, and
    /// any other later.
    fn named(
        &self,
        record_type: &RecordType,
        job: &StreamJob,
        columns: Option<&[String]>,
    ) -> Result<Named> {
        let names = automatic::names(record_type, self.matching.as_deref());
        self.check(columns, &names)?;
        let spoken_of: BTreeSet<&String> = self.columns.keys().chain(self.null_of.keys()).collect();
        let known = match columns {
            Some(columns) => columns.iter().collect(),
            None => Vec::from_iter(spoken_of),
        };
        let mut named = Vec::with_capacity(known.len());
        for column in known {
            let renamed = self.columns.get(column).map(String::as_str);
            let renamed = renamed.map(|name| automatic::find(&names, name).unwrap_or(name));
            match renamed.or_else(|| automatic::find(&names, column)) {
                Some(name) => named.push((column.as_str(), name)),
                None if self.ignores_unknown_columns => {}
                None => return Err(automatic::unknown(record_type, column, &names)),
            }
        }
        let null = |column: &str| self.null_of.get(column).copied();
        let mut named = Named::only(automatic::assign(named.into_iter(), null)?);
        if columns.is_none() {
            named.matches_later = true;
            named.refuses_others = (!self.ignores_unknown_columns).then(|| names.clone());
            named.accept_later(record_type, job, names);
        }
        Ok(named)
    }

    /// What is named must be there, or be possible where the columns are not known.
    fn check(&self, columns: Option<&[String]>, names: &[(String, String)]) -> Result<()> {
        if let Some(region) = self.default_region.as_deref().filter(|name| !is_phone_region(name)) {
            return Err(unknown_region(region));
        }
        let may_be = |name: &String| match columns {
            Some(columns) => columns.contains(name),
            None => self.columns.contains_key(name) || automatic::find(names, name).is_some(),
        };
        let mut spoken_of = self.columns.keys().chain(self.null_of.keys());
        let Some(name) = spoken_of.find(|name| !may_be(name)) else { return Ok(()) };
        let what = format!("the rows have no column {name:?}");
        let error = Error::new(ErrorCode::ConfigInvalid, what).at_field(name);
        let possible: Vec<&str> = match columns {
            Some(columns) => columns.iter().map(String::as_str).collect(),
            None => names.iter().map(|(_, name)| name.as_str()).collect(),
        };
        Err(match nearest(name, possible.iter().copied()) {
            Some(near) => error.hint(format!("did you mean {near:?}?")),
            None => error.hint(format!("the columns are {}", possible.join(", "))),
        })
    }
}

/// What became of one row.
#[derive(Debug)]
pub struct RowOutcome {
    /// Its place among the rows, from 0, or where the stream says it stands.
    pub row: u64,
    /// How it ended; `cancelled` where another row kept it from being written.
    pub result: Result<Outcome>,
    /// A refused row as JSON.
    pub text: Option<String>,
}

/// What became of all rows, as far as they are committed.
#[derive(Debug)]
pub struct BulkReport {
    /// Rows by outcome; those that all or nothing has held back are read, and nothing else.
    pub counts: Counts,
    /// Columns that no attribute used.
    pub unused_columns: Vec<String>,
    /// Columns that were named and that no row had.
    pub missing_columns: Vec<String>,
    /// What kept the rest from being written.
    pub error: Option<Error>,
    /// Where the time went.
    pub stages: StageTimes,
}

/// Applies rows, in their order, and gives the outcomes of each commit to `each`, in order.
///
/// `columns` are the rows' columns; where they are not known (`None`, or none at all) each row says its own.
/// Rows are read on another thread. An error of `each` ends the work; what it was told of stays.
/// A control serves one call: a failure cancels it.
///
/// # Errors
/// `config_invalid`, `unknown_record_type`, `unknown_field`, `operation_not_supported`: then no row was read. What comes later is in the report.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("crm.db");
/// use headwater::source::{Control, LineStream};
/// use headwater::sync::{Mode, bulk::{Bulk, apply_rows}};
/// # use headwater::{OpenOptions, open};
/// # let workspace = open(path.to_str().unwrap(), OpenOptions { create: true, ..OpenOptions::default() })?;
/// let rows = [r#"{"primary_email": "sarah.chen@acme.com", "title": "CTO"}"#, r#"{"title": "CEO"}"#];
/// let mut stream = LineStream::new(rows.iter().map(|row| Ok((*row).to_owned())));
/// let bulk = Bulk::new("contact", Mode::Assert, Some("primary_email"));
/// let mut refused = Vec::new();
/// let report = apply_rows(&*workspace, &bulk, None, &mut stream, &Control::default(), &mut |outcomes| {
///     refused.extend(outcomes.into_iter().filter(|outcome| outcome.result.is_err()));
///     Ok(())
/// })?;
/// assert!(report.error.is_none(), "all rows were tried");
/// assert_eq!((report.counts.created, report.counts.rejected), (1, 1));
/// assert_eq!(refused[0].row, 1);
/// # Ok::<(), headwater::Error>(())
/// ```
pub fn apply_rows(
    workspace: &dyn Workspace,
    bulk: &Bulk,
    columns: Option<&[String]>,
    stream: &mut dyn Stream,
    control: &Control,
    each: &mut dyn FnMut(Vec<RowOutcome>) -> Result<()>,
) -> Result<BulkReport> {
    let record_type = workspace.record_type(&bulk.record_type)?;
    let columns = columns.filter(|columns| !columns.is_empty());
    let job = bulk.stream_job();
    let named = bulk.named(&record_type, &job, columns)?;
    let field = |name: &String| StreamField {
        name: name.clone(),
        value_type: String::new(),
        is_key: false,
    };
    let source = StreamDescription {
        name: "rows".to_owned(),
        fields: columns.unwrap_or_default().iter().map(field).collect(),
        fields_are_complete: columns.is_some(),
        is_incremental: false,
        position_unit: "row".to_owned(),
    };
    let region = bulk.default_region.as_deref();
    let mapping =
        Mapping::compile_named(&job, &record_type, named, &source, region).map_err(in_a_program)?;
    let stages = Stages::begin(workspace);
    let commit_rows = || bulk.commit_rows.clamp(1, workspace.batch_rows());
    let pace = match bulk.apply {
        ApplyMode::PerRecord => Pace::Rows(&commit_rows),
        ApplyMode::AllOrNothing => Pace::Whole,
    };
    // Where the columns are known, each is there.
    let missing = if columns.is_none() { bulk.columns.keys().collect() } else { Vec::new() };
    let mut applied = Applied {
        bulk,
        workspace,
        counts: Counts::default(),
        unused_columns: Vec::new(),
        missing,
        each,
    };
    let options = ApplyOptions { mode: bulk.apply, ..ApplyOptions::default() };
    let prepare = |batches| Due::new(workspace, options, batches);
    let mut commit = |due, _is_end| applied.commit(due, control);
    let sink = Sink { prepare: &prepare, commit: &mut commit };
    let end = pump(stream, &mapping, 0, pace, control, &stages, sink);
    if applied.counts.read == 0 {
        applied.missing.clear();
    }
    Ok(BulkReport {
        counts: applied.counts,
        unused_columns: applied.unused_columns,
        missing_columns: applied.missing.into_iter().cloned().collect(),
        error: end.err(),
        stages: stages.times(workspace),
    })
}

/// The hint of a job's mistake, for those who write no job.
fn in_a_program(error: Error) -> Error {
    match error.field() {
        Some("match") => error.hint("match by an attribute that the rows have a column for"),
        _ => error,
    }
}

/// Rows that are ready to be applied.
struct Due {
    batches: Vec<MappedBatch>,
    prepared: Prepared,
}

impl Due {
    fn new(
        workspace: &dyn Workspace,
        options: ApplyOptions,
        mut batches: Vec<MappedBatch>,
    ) -> Self {
        let operations =
            batches.iter_mut().flat_map(|batch| std::mem::take(&mut batch.operations)).collect();
        Self { batches, prepared: workspace.prepare(operations, options) }
    }
}

/// Applies rows and tells of each.
struct Applied<'a> {
    bulk: &'a Bulk,
    workspace: &'a dyn Workspace,
    counts: Counts,
    unused_columns: Vec<String>,
    /// Columns that were named and are in no row so far.
    missing: Vec<&'a String>,
    each: &'a mut dyn FnMut(Vec<RowOutcome>) -> Result<()>,
}

impl Applied<'_> {
    fn commit(&mut self, due: Due, control: &Control) -> Result<()> {
        let Due { mut batches, prepared } = due;
        if batches.is_empty() {
            return Ok(());
        }
        if self.bulk.ignores_unknown_columns {
            self.note_unused(&mut batches);
        }
        self.note_found(&batches);
        let is_whole = self.bulk.apply == ApplyMode::AllOrNothing;
        let refused = batches.iter().filter_map(MappedBatch::first_refused).min();
        let outcomes = match refused.filter(|_| is_whole) {
            Some(row) => (0..prepared.len()).map(|_| Err(held_back(row))).collect(),
            None => self.workspace.apply_prepared(prepared, None, control)?,
        };
        let told = self.tell(batches, outcomes);
        // A remote workspace tells what it did before it failed as a whole, or was stopped.
        let is_remote = self.workspace.pace().is_some();
        let is_unsent = |error: &Error| error.code() == ErrorCode::Cancelled;
        let first = |ends: &dyn Fn(&Error) -> bool| {
            told.iter().find_map(|row| match &row.result {
                Err(error) if ends(error) => Some(first_fault(row.row, error)),
                _ => None,
            })
        };
        let failure =
            first(&|error| (is_whole && !is_unsent(error)) || (is_remote && ends_all(error)));
        let failure = match is_remote && control.is_cancelled() {
            // What a stop leaves half done may look like a failure.
            true => first(&is_unsent).or(failure),
            false => failure,
        };
        (self.each)(told)?;
        failure.map_or(Ok(()), Err)
    }

    /// Takes in which columns nothing used.
    fn note_unused(&mut self, batches: &mut [MappedBatch]) {
        for batch in batches.iter_mut().filter(|batch| !batch.unused.is_empty()) {
            self.unused_columns = std::mem::take(&mut batch.unused);
            self.unused_columns.sort_unstable();
        }
    }

    /// Takes in which of the columns that were named are there.
    fn note_found(&mut self, batches: &[MappedBatch]) {
        for batch in batches {
            for index in 0..batch.rows.len() {
                if self.missing.is_empty() {
                    return;
                }
                let row = batch.raw(index);
                self.missing.retain(|name| !has_column(&row, name));
            }
        }
    }

    /// Counts the rows and says what became of each, in their order.
    fn tell(&mut self, batches: Vec<MappedBatch>, outcomes: Outcomes) -> Vec<RowOutcome> {
        let mut told = Vec::with_capacity(outcomes.len());
        let mut outcomes = outcomes.into_iter();
        for mut batch in batches {
            for index in 0..batch.rows.len() {
                let row = batch.rows[index].position;
                let result = match batch.rows[index].refused.take() {
                    Some(error) => Err(error),
                    None => outcomes.next().unwrap_or_else(|| {
                        Err(Error::new(ErrorCode::Internal, "a batch lost an outcome"))
                    }),
                };
                let text = result.is_err().then(|| batch.raw(index).into_owned());
                told.push(RowOutcome { row, result, text });
            }
            told.extend(std::mem::take(&mut batch.bad_rows).into_iter().map(|bad| RowOutcome {
                row: bad.position,
                result: Err(bad.error),
                text: Some(bad.raw),
            }));
        }
        told.sort_by_key(|row| row.row);
        for row in &told {
            match &row.result {
                Ok(outcome) => self.counts.add(outcome.action),
                // One that was only held back is no reject, and one that was not sent is not read.
                Err(error) if error.code() == ErrorCode::Cancelled => {
                    self.counts.read += u64::from(self.bulk.apply == ApplyMode::AllOrNothing);
                }
                Err(error) => self.counts.refuse(error.code()),
            }
        }
        told
    }
}

/// Whether a row of JSON has a column; most that have not do not hold its name at all.
fn has_column(row: &str, name: &str) -> bool {
    let may_have = row.contains(name) || row.contains('\\');
    may_have
        && serde_json::from_str::<BTreeMap<String, IgnoredAny>>(row)
            .is_ok_and(|columns| columns.contains_key(name))
}

/// The error of the whole, where one row's is that of all.
fn first_fault(row: u64, error: &Error) -> Error {
    let whole = Error::new(error.code(), error.message())
        .on_record(format!("row {row}"))
        .hint(error.remedy());
    match error.field() {
        Some(field) => whole.at_field(field),
        None => whole,
    }
}

#[cfg(test)]
mod tests;
