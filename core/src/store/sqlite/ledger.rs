//! The ledger of a remote workspace: a file on this machine with the journal of its syncs, and what
//! is known to be there already, so that it need not be sent again.
//!
//! It holds no record, only digests of what was sent: losing it costs calls, never correctness.

use std::path::Path;

use rusqlite::{OptionalExtension, params};
use uuid::Uuid;

use crate::error::{Error, ErrorCode, Result};
use crate::operation::Digest;
use crate::schema::Schema;
use crate::store::journal::{Journal, JournalReader};
use crate::value::{Timestamp, parse_timestamp};

use super::errors::{corrupt, store_error};
use super::transaction::{Access, Transaction};
use super::{SqliteStore, read, write};

/// Which workspace a ledger is about.
const WORKSPACE: &str = "remote_workspace";
/// Whose records they are: one address serves many organisations.
const ORGANIZATION: &str = "remote_organization";
const DOING: &str = "keep the ledger";
const TABLES: &str = "
CREATE TABLE IF NOT EXISTS headwater_ledger_record (
  id TEXT PRIMARY KEY,
  record_type TEXT NOT NULL,
  fingerprints BLOB NOT NULL, -- digests of what each attribute was made
  confirmed_at TEXT NOT NULL, -- when the workspace last said that it is so
  verification TEXT -- the last one that found the record
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS headwater_ledger_key (
  match_key BLOB PRIMARY KEY, -- a digest of record type, attribute and values
  record TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS headwater_ledger_key_record ON headwater_ledger_key (record);
CREATE INDEX IF NOT EXISTS headwater_ledger_record_confirmed
  ON headwater_ledger_record (record_type, confirmed_at);
CREATE TABLE IF NOT EXISTS headwater_ledger_asked (
  asked BLOB NOT NULL, -- a digest of record type and attributes
  number INTEGER NOT NULL, -- tells the same asked several times apart
  record TEXT, -- what was made, where that is known
  noted_at TEXT NOT NULL, -- before it was asked for, by the workspace's clock
  PRIMARY KEY (asked, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS headwater_ledger_made (
  record TEXT PRIMARY KEY, -- what a create that is over has made
  asked BLOB NOT NULL,
  made_at TEXT NOT NULL -- by the workspace's clock
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS headwater_ledger_made_asked ON headwater_ledger_made (asked);
CREATE INDEX IF NOT EXISTS headwater_ledger_made_at ON headwater_ledger_made (made_at);";
/// For how long what was made is kept after the last look that may need it, in microseconds.
const KEPT: i64 = 60 * 1_000_000;

/// A ledger file.
pub(crate) struct Ledger(SqliteStore);

/// A record as the ledger knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) id: Uuid,
    pub(crate) fingerprints: Vec<u8>,
}

/// A create that is not known to be over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OpenCreate {
    pub(crate) number: usize,
    /// What it made, where that is known.
    pub(crate) made: Option<Uuid>,
    pub(crate) noted_at: Timestamp,
}

impl Ledger {
    /// Opens the ledger of this workspace, and makes it where there is none.
    ///
    /// # Errors
    /// `config_invalid` for the ledger of another workspace; `store_io`, `store_corrupt`,
    /// `store_busy`.
    pub(crate) fn open(path: &Path, workspace: &str) -> Result<Self> {
        let ledger = Self(SqliteStore::open(path, &Schema::of(Vec::new())?, true)?);
        ledger.claim(path, workspace)?;
        Ok(ledger)
    }

    /// Notes which workspace it is about, where that is not known yet.
    fn claim(&self, path: &Path, workspace: &str) -> Result<()> {
        let transaction = self.write()?;
        let known = read::setting(&transaction.0, WORKSPACE)?;
        if known.is_none() && transaction.holds_records()? {
            let what = format!("{} is a workspace, and no ledger", path.display());
            return Err(Error::new(ErrorCode::ConfigInvalid, what)
                .at_field("ledger")
                .hint("give the ledger a file of its own"));
        }
        transaction.0.connection().execute_batch(TABLES).map_err(store_error(DOING))?;
        match known {
            Some(known) if known == workspace => transaction.commit(),
            Some(known) => {
                let what = format!("{} is the ledger of {known}", path.display());
                Err(Error::new(ErrorCode::ConfigInvalid, what)
                    .at_field("ledger")
                    .hint("give each workspace a ledger of its own"))
            }
            None => {
                write::set_setting(&transaction.0, WORKSPACE, workspace)?;
                transaction.commit()
            }
        }
    }

    pub(crate) fn read(&self) -> Result<LedgerTransaction<'_>> {
        self.0.begin_read().map(LedgerTransaction)
    }

    pub(crate) fn write(&self) -> Result<LedgerTransaction<'_>> {
        let writer = self.0.writer.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Transaction::begin(&self.0, Access::Write(writer)).map(LedgerTransaction)
    }
}

/// A transaction on a ledger; dropped without a commit it leaves no trace.
pub(crate) struct LedgerTransaction<'a>(Transaction<'a>);

impl LedgerTransaction<'_> {
    pub(crate) fn journal(&mut self) -> &mut dyn Journal {
        &mut self.0
    }

    pub(crate) fn journal_reader(&mut self) -> &mut dyn JournalReader {
        &mut self.0
    }

    /// Whether the file has tables for records, as a workspace has.
    fn holds_records(&self) -> Result<bool> {
        self.0
            .prepare(
                "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' \
                 AND name NOT LIKE 'headwater%' AND name NOT LIKE 'sqlite%')",
            )?
            .query_row([], |sql| sql.get(0))
            .map_err(store_error(DOING))
    }

    /// The record that was last found by this match key.
    pub(crate) fn find(&mut self, key: Digest) -> Result<Option<Entry>> {
        let found: Option<(String, Vec<u8>)> = self
            .0
            .prepare(
                "SELECT record.id, record.fingerprints FROM headwater_ledger_key AS key \
                 JOIN headwater_ledger_record AS record ON record.id = key.record \
                 WHERE key.match_key = ?1",
            )?
            .query_row([&key.0[..]], |sql| Ok((sql.get(0)?, sql.get(1)?)))
            .optional()
            .map_err(store_error(DOING))?;
        let entry = |(id, fingerprints): (String, _)| {
            Ok(Entry { id: id.parse().map_err(|_| corrupt("an id that is none"))?, fingerprints })
        };
        found.map(entry).transpose()
    }

    /// What is known of this record.
    pub(crate) fn fingerprints(&mut self, id: Uuid) -> Result<Option<Vec<u8>>> {
        self.0
            .prepare("SELECT fingerprints FROM headwater_ledger_record WHERE id = ?1")?
            .query_row([id.to_string()], |sql| sql.get(0))
            .optional()
            .map_err(store_error(DOING))
    }

    /// The organisation whose records it knows, where that is known.
    pub(crate) fn organization(&mut self) -> Result<Option<String>> {
        read::setting(&self.0, ORGANIZATION)
    }

    pub(crate) fn set_organization(&mut self, organization: &str) -> Result<()> {
        write::set_setting(&self.0, ORGANIZATION, organization)
    }

    /// Records of a type: those that were confirmed last, then those that were first, as many each.
    pub(crate) fn sample(&mut self, record_type: &str, most: usize) -> Result<Vec<Uuid>> {
        let failed = store_error(DOING);
        let mut statement = self.0.prepare(
            "SELECT id FROM (SELECT id FROM headwater_ledger_record WHERE record_type = ?1 \
             ORDER BY confirmed_at DESC LIMIT ?2) \
             UNION ALL \
             SELECT id FROM (SELECT id FROM headwater_ledger_record WHERE record_type = ?1 \
             ORDER BY confirmed_at LIMIT ?2)",
        )?;
        let found = statement
            .query_map(params![record_type, most], |sql| sql.get::<_, String>(0))
            .and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>)
            .map_err(&failed)?;
        found.iter().map(|id| id.parse().map_err(|_| corrupt("an id that is none"))).collect()
    }

    /// Forgets all records of a type, and what creates of them have made, but not the runs.
    pub(crate) fn forget_records(&mut self, record_type: &str) -> Result<()> {
        self.forget_creates(record_type)?;
        self.0
            .prepare("DELETE FROM headwater_ledger_record WHERE record_type = ?1")?
            .execute([record_type])
            .map_err(store_error(DOING))?;
        self.forget_lost_keys()
    }

    /// Forgets the creates of a run that did not end whose records are there no more, as none of the type
    /// is.
    pub(crate) fn forget_creates(&mut self, record_type: &str) -> Result<()> {
        self.0
            .prepare(
                "DELETE FROM headwater_ledger_asked WHERE record IN \
                 (SELECT id FROM headwater_ledger_record WHERE record_type = ?1)",
            )?
            .execute([record_type])
            .map(drop)
            .map_err(store_error(DOING))
    }

    /// Forgets the match keys of what is forgotten: a record that comes back has others by then.
    fn forget_lost_keys(&mut self) -> Result<()> {
        self.0
            .prepare(
                "DELETE FROM headwater_ledger_key \
                 WHERE record NOT IN (SELECT id FROM headwater_ledger_record)",
            )?
            .execute([])
            .map(drop)
            .map_err(store_error(DOING))
    }

    /// The types of the records that it knows.
    pub(crate) fn record_types(&mut self) -> Result<Vec<String>> {
        self.0
            .prepare("SELECT DISTINCT record_type FROM headwater_ledger_record")?
            .query_map([], |sql| sql.get(0))
            .and_then(Iterator::collect)
            .map_err(store_error(DOING))
    }

    /// Notes what the workspace has confirmed.
    pub(crate) fn save(&mut self, record_type: &str, entry: &Entry) -> Result<()> {
        let id = entry.id.to_string();
        self.0
            .prepare(
                "INSERT INTO headwater_ledger_record (id, record_type, fingerprints, confirmed_at) \
                 VALUES (?1, ?2, ?3, ?4) ON CONFLICT (id) DO UPDATE SET \
                 fingerprints = excluded.fingerprints, confirmed_at = excluded.confirmed_at",
            )?
            .execute(params![id, record_type, entry.fingerprints, Timestamp::now().to_string()])
            .map(drop)
            .map_err(store_error(DOING))
    }

    /// Notes by which match key a record was found.
    pub(crate) fn save_key(&mut self, key: Digest, record: Uuid) -> Result<()> {
        self.0
            .prepare(
                "INSERT INTO headwater_ledger_key (match_key, record) VALUES (?1, ?2) \
                 ON CONFLICT (match_key) DO UPDATE SET record = excluded.record",
            )?
            .execute(params![&key.0[..], record.to_string()])
            .map(drop)
            .map_err(store_error(DOING))
    }

    /// Forgets the match keys of a record that it does not have any more.
    pub(crate) fn keep_keys(&mut self, record: Uuid, had: &[Digest]) -> Result<()> {
        let failed = store_error(DOING);
        let record = record.to_string();
        let mut statement =
            self.0.prepare("SELECT match_key FROM headwater_ledger_key WHERE record = ?1")?;
        let known = statement
            .query_map([&record], |sql| sql.get::<_, Vec<u8>>(0))
            .and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>)
            .map_err(&failed)?;
        drop(statement);
        for key in known.iter().filter(|key| had.iter().all(|had| had.0[..] != key[..])) {
            self.0
                .prepare("DELETE FROM headwater_ledger_key WHERE match_key = ?1")?
                .execute([key])
                .map_err(&failed)?;
        }
        Ok(())
    }

    /// Notes that a verification found this record.
    pub(crate) fn mark_verified(&mut self, id: Uuid, verification: &str) -> Result<()> {
        self.0
            .prepare("UPDATE headwater_ledger_record SET verification = ?2 WHERE id = ?1")?
            .execute(params![id.to_string(), verification])
            .map(drop)
            .map_err(store_error(DOING))
    }

    /// Forgets the records of a type that a verification did not find; gives how many they were.
    pub(crate) fn forget_others(&mut self, record_type: &str, verification: &str) -> Result<usize> {
        let forgotten = self
            .0
            .prepare(
                "DELETE FROM headwater_ledger_record \
                 WHERE record_type = ?1 AND verification IS NOT ?2",
            )?
            .execute(params![record_type, verification])
            .map_err(store_error(DOING))?;
        self.forget_lost_keys()?;
        Ok(forgotten)
    }

    /// The creates of this kind that are not known to be over.
    pub(crate) fn creates(&mut self, asked: Digest) -> Result<Vec<OpenCreate>> {
        let failed = store_error(DOING);
        let mut statement = self.0.prepare(
            "SELECT number, record, noted_at FROM headwater_ledger_asked WHERE asked = ?1 \
             ORDER BY number",
        )?;
        let found = statement
            .query_map([&asked.0[..]], |sql| {
                Ok((sql.get(0)?, sql.get::<_, Option<String>>(1)?, sql.get::<_, String>(2)?))
            })
            .and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>)
            .map_err(&failed)?;
        let create = |(number, made, noted_at): (usize, Option<String>, String)| {
            let made = made.map(|id| id.parse().map_err(|_| corrupt("an id that is none")));
            let noted_at =
                parse_timestamp(&noted_at).map_err(|_| corrupt("a time that is none"))?;
            Ok(OpenCreate { number, made: made.transpose()?, noted_at })
        };
        found.into_iter().map(create).collect()
    }

    /// Notes a create that is about to be asked for, or what it made.
    pub(crate) fn note_create(&mut self, asked: Digest, create: &OpenCreate) -> Result<()> {
        let made = create.made.map(|id| id.to_string());
        self.0
            .prepare(
                "INSERT OR REPLACE INTO headwater_ledger_asked (asked, number, record, noted_at) \
                 VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![&asked.0[..], create.number, made, create.noted_at.to_string()])
            .map(drop)
            .map_err(store_error(DOING))
    }

    /// Forgets one create: it is over, and has made this record or none.
    pub(crate) fn end_create(
        &mut self,
        asked: Digest,
        number: usize,
        made: Option<(Uuid, Timestamp)>,
    ) -> Result<()> {
        self.0
            .prepare("DELETE FROM headwater_ledger_asked WHERE asked = ?1 AND number = ?2")?
            .execute(params![&asked.0[..], number])
            .map_err(store_error(DOING))?;
        let Some((record, at)) = made else { return Ok(()) };
        self.0
            .prepare(
                "INSERT OR REPLACE INTO headwater_ledger_made (record, asked, made_at) \
                 VALUES (?1, ?2, ?3)",
            )?
            .execute(params![record.to_string(), &asked.0[..], at.to_string()])
            .map(drop)
            .map_err(store_error(DOING))
    }

    /// What creates of this kind that are over have made lately.
    pub(crate) fn made(&mut self, asked: Digest) -> Result<Vec<Uuid>> {
        let failed = store_error(DOING);
        let mut statement =
            self.0.prepare("SELECT record FROM headwater_ledger_made WHERE asked = ?1")?;
        let found = statement
            .query_map([&asked.0[..]], |sql| sql.get::<_, String>(0))
            .and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>)
            .map_err(&failed)?;
        found.iter().map(|id| id.parse().map_err(|_| corrupt("an id that is none"))).collect()
    }

    /// Forgets what was made before every create that may still have to be looked for.
    pub(crate) fn forget_made(&mut self, now: Timestamp) -> Result<()> {
        let failed = store_error(DOING);
        let oldest: Option<String> = self
            .0
            .prepare("SELECT min(noted_at) FROM headwater_ledger_asked")?
            .query_row([], |sql| sql.get(0))
            .map_err(&failed)?;
        let oldest = oldest.and_then(|text| parse_timestamp(&text).ok()).unwrap_or(now).min(now);
        let until = Timestamp(oldest.0.saturating_sub(KEPT));
        self.0
            .prepare("DELETE FROM headwater_ledger_made WHERE made_at < ?1")?
            .execute([until.to_string()])
            .map(drop)
            .map_err(&failed)
    }

    pub(crate) fn commit(self) -> Result<()> {
        use crate::store::WriteTransaction;
        Box::new(self.0).commit()
    }
}
