//! What the journal of a workspace says: its runs, their counts, the refused rows, the checkpoint.

use std::path::Path;

use crate::workspace::{look, texts};

/// What runs counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows that were read.
    pub read: u64,
    /// Records that were created.
    pub created: u64,
    /// Rows that changed a record.
    pub updated: u64,
    /// Rows that changed nothing.
    pub unchanged: u64,
    /// Rows that were refused.
    pub rejected: u64,
}

impl Counts {
    /// The counts in the first stream of a report.
    #[must_use]
    pub fn of(report: &serde_json::Value) -> Self {
        let stream = &report["streams"][0];
        let count = |name: &str| stream[name].as_u64().unwrap_or(0);
        Self {
            read: count("read"),
            created: count("created"),
            updated: count("updated"),
            unchanged: count("unchanged"),
            rejected: count("rejected"),
        }
    }
}

/// The journal of one job.
#[derive(Debug)]
pub struct Journal {
    /// The state of each run, in their order.
    pub states: Vec<String>,
    /// What all runs counted together.
    pub counts: Counts,
    /// Every refused row, in the order of the source.
    pub rejects: Vec<String>,
    /// The places of the refused rows, in their order.
    pub places: Vec<i64>,
    /// The rows that the checkpoint covers, and whether it is at the end; none without one.
    pub checkpoint: Option<(u64, bool)>,
}

impl Journal {
    /// Reads the journal of a workspace that has one.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn read(path: &Path) -> Self {
        Self::glance(path).unwrap_or_else(|| panic!("no journal in {}", path.display()))
    }

    /// Reads the journal; none where a run was ended before it could begin one.
    ///
    /// # Panics
    /// If there is one and it cannot be read.
    #[must_use]
    pub fn glance(path: &Path) -> Option<Self> {
        let database = look(path).ok()?;
        let count = "SELECT count(*) FROM sqlite_schema WHERE name = 'headwater_run'";
        // A file that is not a database yet is nothing more than that.
        if database.query_row(count, [], |row| row.get::<_, i64>(0)).unwrap() == 0 {
            return None;
        }
        let counts = "SELECT coalesce(sum(rows_read), 0), coalesce(sum(created), 0), \
             coalesce(sum(updated), 0), coalesce(sum(unchanged), 0), coalesce(sum(rejected), 0) \
             FROM headwater_run_stream";
        let counts = database.query_row(counts, [], |row| {
            Ok(Counts {
                read: row.get(0)?,
                created: row.get(1)?,
                updated: row.get(2)?,
                unchanged: row.get(3)?,
                rejected: row.get(4)?,
            })
        });
        let checkpoint = "SELECT committed_rows, is_finished FROM headwater_checkpoint";
        let checkpoint = database.query_row(checkpoint, [], |row| Ok((row.get(0)?, row.get(1)?)));
        let mut places =
            database.prepare("SELECT position FROM headwater_reject ORDER BY position").unwrap();
        let places = places.query_map([], |row| row.get(0)).unwrap();
        Some(Self {
            states: texts(&database, "SELECT state FROM headwater_run ORDER BY number"),
            counts: counts.unwrap(),
            rejects: texts(
                &database,
                "SELECT concat_ws('|', position, source, position_unit, code, field, message, \
                 hint, source_row, is_cut) FROM headwater_reject ORDER BY position",
            )
            .iter()
            .map(|reject| without_ids(reject))
            .collect(),
            places: places.collect::<Result<_, _>>().unwrap(),
            checkpoint: checkpoint.ok(),
        })
    }

    /// Whether a run is noted as done.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.states.iter().any(|state| state == "done")
    }

    /// How many runs stand so.
    #[must_use]
    pub fn runs(&self, state: &str) -> usize {
        self.states.iter().filter(|found| *found == state).count()
    }
}

/// Puts the word "id" for every id: a message may name the records that stood in the way.
fn without_ids(text: &str) -> String {
    let is_id = |word: &&str| {
        word.len() == 36
            && word.char_indices().all(|(place, letter)| match place {
                8 | 13 | 18 | 23 => letter == '-',
                _ => letter.is_ascii_hexdigit(),
            })
    };
    let is_between = |letter: char| !letter.is_ascii_alphanumeric() && letter != '-';
    text.split_inclusive(is_between)
        .map(|piece| {
            let word = piece.trim_end_matches(is_between);
            if is_id(&word) { piece.replace(word, "id") } else { piece.to_owned() }
        })
        .collect()
}

#[test]
fn ids_are_masked_and_nothing_else() {
    let text = "match a@x.example: 01a211c1-a7ac-7e0c-9633-2f000000b77a, 01a211c1-8e5f|e-mail";
    assert_eq!(without_ids(text), "match a@x.example: id, 01a211c1-8e5f|e-mail");
}
