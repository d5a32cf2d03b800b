//! The workspace of an undisturbed sync, which every disturbed one must equal.

use std::path::Path;

use crate::desk::CrashDesk;
use crate::journal::{Counts, Journal};
use crate::people;
use crate::workspace::{Contents, line_differences};

/// A file of contacts, and what an undisturbed sync makes of it.
#[derive(Debug)]
pub struct Reference {
    /// The file.
    pub people: String,
    /// How many rows it has.
    pub rows: u64,
    /// The job.
    pub job: String,
    /// The records.
    pub contents: Contents,
    /// The run.
    pub journal: Journal,
}

impl Reference {
    /// Syncs a generated file undisturbed.
    ///
    /// # Panics
    /// If the sync fails, or one of created, updated, unchanged and rejected does not occur.
    #[must_use]
    pub fn new(rows: usize, commit_rows: usize, seed: u64) -> Self {
        let people = people::csv(rows, seed);
        let job = people::job(commit_rows);
        let desk = CrashDesk::with(&people, &job);
        let report = desk.sync();
        assert_eq!(report.status, Some(2), "{report:?}");
        let journal = Journal::read(&desk.workspace());
        let Counts { read, created, updated, unchanged, rejected } = journal.counts;
        assert_eq!(Counts::of(&report.json()), journal.counts);
        assert_eq!(read, rows as u64);
        assert_eq!(read, created + updated + unchanged + rejected);
        let is_varied = [created, updated, unchanged, rejected].iter().all(|count| *count > 0);
        assert!(is_varied, "the file tests too little: {:?}", journal.counts);
        assert_eq!(journal.rejects.len() as u64, rejected);
        let contents = Contents::read(&desk.workspace());
        assert_eq!(contents.count("contact") as u64, created);
        Self { people, rows: rows as u64, job, contents, journal }
    }

    /// A desk with the same file and job, and no workspace.
    #[must_use]
    pub fn desk(&self) -> CrashDesk {
        CrashDesk::with(&self.people, &self.job)
    }

    /// Compares a workspace whose runs together read the file once.
    ///
    /// # Errors
    /// Where it differs from the undisturbed one.
    pub fn compare(&self, workspace: &Path) -> Result<(), String> {
        let mut told = self.compare_records(workspace).err().unwrap_or_default();
        let journal = Journal::read(workspace);
        if journal.counts != self.journal.counts {
            told += &format!(
                "the runs counted {:?}, expected {:?}\n",
                journal.counts, self.journal.counts
            );
        }
        if let Some(pair) = journal.places.windows(2).find(|pair| pair[0] == pair[1]) {
            told += &format!("the row at {} is refused twice\n", pair[0]);
        }
        told += &line_differences("rejects", &journal.rejects, &self.journal.rejects);
        if journal.checkpoint != Some((self.rows, true)) {
            told += &format!("the checkpoint is {:?}\n", journal.checkpoint);
        }
        if journal.runs("done") != 1 || journal.states.last().is_none_or(|last| last != "done") {
            told += &format!("the runs are noted as {:?}\n", journal.states);
        }
        if journal.runs("running") > 0 {
            told += &format!("a dead run is noted as running: {:?}\n", journal.states);
        }
        if told.is_empty() { Ok(()) } else { Err(told) }
    }

    /// Compares the records alone.
    ///
    /// # Errors
    /// Where they differ from the undisturbed ones.
    pub fn compare_records(&self, workspace: &Path) -> Result<(), String> {
        let told = Contents::read(workspace).differences(&self.contents);
        if told.is_empty() { Ok(()) } else { Err(told) }
    }
}
