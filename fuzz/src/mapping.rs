//! The mapping: any stream of a job over any rows, in memory.
//!
//! Input: five bytes of settings, then the keys of a `[[streams]]` table (with its
//! `[streams.attributes]`), a line `---`, and one row a line. Rows that begin with `!` are ones
//! that the connector could not read.

use std::collections::BTreeSet;

use headwater::source::Control;
use headwater::store::journal::{RejectFilter, RunState};
use headwater::sync::{Job, Report, RunOptions, run as run_job};
use headwater::{Error, ErrorCode, Workspace};
use serde_json::{Map, Value as Json};

use crate::expect::good_error;
use crate::memory::{MemoryBatch, MemoryConnector, MemoryWorkspace};
use crate::secret::{self, FILES};

/// Codes that a row can be refused with.
const ROW_CODES: [ErrorCode; 13] = [
    ErrorCode::SourceDataInvalid,
    ErrorCode::FieldValueInvalid,
    ErrorCode::FieldRequiredMissing,
    ErrorCode::FieldNotCreatable,
    ErrorCode::FieldNotUpdatable,
    ErrorCode::UnknownField,
    ErrorCode::RecordNotFound,
    ErrorCode::AmbiguousMatch,
    ErrorCode::InvalidMatchingField,
    ErrorCode::TargetRecordNotFound,
    ErrorCode::UniqueConflict,
    ErrorCode::UnknownRecordType,
    ErrorCode::OperationNotSupported,
];

/// A job and the rows that it is run over.
pub(crate) struct Sync {
    job: Job,
    connector: MemoryConnector,
    /// Each row as it came, without its line end.
    rows: Vec<String>,
}

/// Checks one input.
pub fn run(input: &[u8]) {
    if let Some(sync) = Sync::parse(input) {
        let workspace = MemoryWorkspace::new();
        sync.check(&workspace, RunOptions::default());
    }
}

impl Sync {
    /// Makes a job of an input; `None` where it is none.
    pub(crate) fn parse(input: &[u8]) -> Option<Self> {
        let (settings, text) = input.split_first_chunk::<5>()?;
        let [commit_rows, batch_rows, region, columns, flags] = *settings;
        let text = String::from_utf8_lossy(text);
        let (stream, rows) = text.split_once("\n---\n")?;
        if secret::stands_in(stream) || stream.contains("file:") {
            return None;
        }
        let region =
            ["", "default_region = \"US\"\n", "default_region = \"GB\"\n"][usize::from(region) % 3];
        let [plain, hostile] = FILES;
        let job = format!(
            "{region}[source]\nconnector = \"memory\"\n\
             config = {{ a = \"${{file:{plain}}}\", b = \"${{file:{hostile}}}\" }}\n\
             [target]\nworkspace = \"unused\"\ncommit_rows = {}\n[[streams]]\n{stream}\n",
            1 + usize::from(commit_rows) % 16
        );
        let job = match Job::parse(&job, secret::folder()) {
            Ok(job) => job,
            Err(error) => {
                good_error(&error, &[ErrorCode::ConfigInvalid]);
                return None;
            }
        };
        let (batches, rows) = batches(rows, 1 + usize::from(batch_rows) % 16, flags & 1 == 1);
        let names = match columns & 3 {
            // Nothing is known of the columns.
            0 => BTreeSet::new(),
            _ => columns_of(&batches, 1 << (columns & 3)),
        };
        let connector = MemoryConnector::new(&names, flags & 2 == 2).with_batches(batches);
        Some(Self { job, connector, rows })
    }

    /// Runs the job and checks what it reports; `None` where it could not begin.
    pub(crate) fn check(&self, workspace: &dyn Workspace, options: RunOptions) -> Option<Report> {
        let control = Control::default();
        let mut progress = (String::new(), 0);
        let report =
            run_job(&self.job, &self.connector, workspace, options, &control, &mut |now| {
                let (stream, read) = (now.stream.record_type.clone(), now.stream.counts.read);
                // Where one stream follows another, the count begins again.
                let is_next = stream != progress.0 || self.job.streams.len() > 1;
                assert!(read >= progress.1 || is_next, "the count of rows goes back");
                progress = (stream, read);
            });
        let report = match report {
            Ok(report) => report,
            Err(error) => {
                check_error(&error, &[ErrorCode::ConfigInvalid, ErrorCode::OperationNotSupported]);
                return None;
            }
        };
        let mut read = 0;
        for stream in &report.streams {
            let counts = &stream.counts;
            let sum = counts.created + counts.updated + counts.unchanged + counts.rejected;
            assert_eq!(counts.read, sum, "rows are unaccounted for: {counts:?}");
            assert_eq!(counts.rejected, counts.rejects.values().sum::<u64>());
            read += counts.read;
        }
        match &report.error {
            None => {
                assert_eq!(read, (self.rows.len() * report.streams.len()) as u64, "rows were lost")
            }
            // `max_rejects`, or `on_reject = "stop"`.
            Some(error) => {
                assert_eq!(report.state, RunState::Failed);
                check_error(error, &[ErrorCode::SourceDataInvalid]);
            }
        }
        secret::assert_hidden(&report.to_json().to_string());
        self.check_rejects(workspace, &report);
        Some(report)
    }

    /// Each refused row is in the journal, with a reason that shows no secret.
    fn check_rejects(&self, workspace: &dyn Workspace, report: &Report) {
        let mut rejects = 0;
        let filter = RejectFilter { run: Some(report.run), code: None };
        let read = workspace.read_journal(&mut |journal| {
            journal.rejects(&filter, &mut |listed| {
                rejects += 1;
                let reject = listed.reject;
                let error = Error::new(reject.code, &reject.message).hint(&reject.hint);
                check_error(&error, &ROW_CODES);
                secret::assert_hidden(&reject.field.unwrap_or_default());
                let is_known = reject.is_cut || self.rows.contains(&reject.row);
                assert!(is_known, "{:?} is kept of {:?}", reject.row, self.rows);
                Ok(())
            })
        });
        read.expect("the journal can be read");
        assert_eq!(rejects, report.rejected(), "refused rows and the journal differ");
    }
}

fn check_error(error: &Error, codes: &[ErrorCode]) {
    good_error(error, codes);
    secret::assert_hidden(&format!("{} {} {:?}", error.message(), error.remedy(), error.field()));
}

/// The rows in batches, and each one's text, good and bad.
fn batches(rows: &str, batch_rows: usize, has_positions: bool) -> (Vec<MemoryBatch>, Vec<String>) {
    let rows: Vec<&str> =
        rows.split('\n').filter(|row| !row.trim_ascii_start().is_empty()).collect();
    let batches = rows.chunks(batch_rows).map(|rows| {
        let mut batch = MemoryBatch { has_positions, ..MemoryBatch::default() };
        for row in rows {
            match row.strip_prefix('!') {
                Some(raw) => batch.bad_rows.push(raw.to_owned()),
                None => {
                    batch.lines.push_str(row);
                    batch.lines.push('\n');
                }
            }
        }
        batch
    });
    let texts = rows.iter().map(|row| match row.strip_prefix('!') {
        Some(raw) => raw.to_owned(),
        None => (*row).to_owned(),
    });
    (batches.collect(), texts.collect())
}

/// The names of the columns of the first rows.
fn columns_of(batches: &[MemoryBatch], rows: usize) -> BTreeSet<String> {
    let lines = batches.iter().flat_map(|batch| batch.lines.lines()).take(rows);
    lines
        .filter_map(|line| serde_json::from_str::<Map<String, Json>>(line).ok())
        .flat_map(|row| row.into_iter().map(|(name, _)| name))
        .collect()
}
