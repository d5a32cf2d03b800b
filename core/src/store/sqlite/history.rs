//! The change log in SQLite: for each record type a table of changes and one of who made records.

use rusqlite::{OptionalExtension, params};

use crate::error::Result;
use crate::operation::{Actor, ChangeKind};
use crate::schema::RecordType;
use crate::store::history::{
    CreatedRange, HistoryReader, HistoryWriter, LoggedChange, NewLog, Unlogged,
};
use crate::store::{ReadTransaction, RowKey};
use crate::value::Timestamp;

use super::before_values::{from_text, to_text};
use super::binder::Binder;
use super::errors::{corrupt, store_error};
use super::layout::{change_table, create_table, created_table, quote};
use super::transaction::Transaction;
use super::write::set_setting;

const READING: &str = "read the change log";
const WRITING: &str = "write the change log";

/// The statements that make the tables of a record type.
pub(super) fn create_statements(record_type: &RecordType) -> [String; 2] {
    [
        create_table(
            &change_table(record_type),
            // What a change made is told by the next change, or by the record.
            "rid INTEGER NOT NULL, at INTEGER NOT NULL, operation INTEGER NOT NULL, \
             actor INTEGER NOT NULL, before TEXT, PRIMARY KEY (rid, at)",
            "STRICT, WITHOUT ROWID",
        ),
        create_table(
            &created_table(record_type),
            "first_rid INTEGER PRIMARY KEY, last_rid INTEGER NOT NULL, actor INTEGER NOT NULL",
            "STRICT",
        ),
    ]
}

impl HistoryReader for Transaction<'_> {
    fn changes(
        &mut self,
        record_type: &RecordType,
        row: RowKey,
        before: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<LoggedChange>> {
        let failed = store_error(READING);
        let mut statement = self.prepare(&format!(
            "SELECT at, operation, name, before FROM {} \
             LEFT JOIN headwater_actor ON number = actor \
             WHERE rid = ?1 AND at < ?2 ORDER BY at DESC LIMIT ?3",
            quote(&change_table(record_type))
        ))?;
        let before = before.map_or(i64::MAX, |before| before.0);
        let mut found = statement.query(params![row, before, limit]).map_err(&failed)?;
        let mut changes = Vec::new();
        while let Some(sql) = found.next().map_err(&failed)? {
            let number: usize = sql.get(1).map_err(&failed)?;
            let kind = ChangeKind::ALL.get(number).copied();
            let text: Option<String> = sql.get(3).map_err(&failed)?;
            changes.push(LoggedChange {
                at: Timestamp(sql.get(0).map_err(&failed)?),
                kind: kind
                    .ok_or_else(|| corrupt(format_args!("a change by operation {number}")))?,
                actor: sql
                    .get::<_, Option<String>>(2)
                    .map_err(&failed)?
                    .ok_or_else(|| corrupt("a change by an unknown actor"))?,
                before: text.map_or(Ok(Vec::new()), |text| from_text(record_type, &text))?,
            });
        }
        Ok(changes)
    }

    fn creator(&mut self, record_type: &RecordType, row: RowKey) -> Result<Option<String>> {
        let sql = format!(
            "SELECT last_rid, name FROM {} JOIN headwater_actor ON number = actor \
             WHERE first_rid <= ?1 ORDER BY first_rid DESC LIMIT 1",
            quote(&created_table(record_type))
        );
        let range = self
            .prepare(&sql)?
            .query_row([row], |sql| Ok((sql.get::<_, RowKey>(0)?, sql.get(1)?)))
            .optional()
            .map_err(store_error(READING))?;
        Ok(range.filter(|(last, _)| *last >= row).map(|(_, name)| name))
    }

    fn unlogged(&mut self, record_type: &RecordType) -> Result<Vec<Unlogged>> {
        let mut unlogged: Vec<Unlogged> = self
            .prepare("SELECT since, until FROM headwater_unlogged WHERE record_type = ?1")?
            .query_map([record_type.api_name()], |sql| {
                let until: Option<i64> = sql.get(1)?;
                Ok(Unlogged { since: Timestamp(sql.get(0)?), until: until.map(Timestamp) })
            })
            .and_then(Iterator::collect)
            .map_err(store_error(READING))?;
        if !self.settings()?.keeps_history && unlogged.iter().all(|one| one.until.is_some()) {
            // Its first record came after the log was switched off.
            unlogged.push(Unlogged { since: Timestamp(0), until: None });
        }
        Ok(unlogged)
    }
}

impl HistoryWriter for Transaction<'_> {
    fn set_keeps_history(&mut self, keeps: bool) -> Result<()> {
        set_setting(self, "history", if keeps { "on" } else { "off" })?;
        // A record type that was not there when the log was switched off has none from its start.
        let statements = if keeps {
            "INSERT INTO headwater_unlogged (record_type, since)
               SELECT api_name, 0 FROM headwater_record_type WHERE api_name NOT IN
                 (SELECT record_type FROM headwater_unlogged WHERE until IS NULL);
             UPDATE headwater_unlogged SET until = (SELECT latest_update
               FROM headwater_record_type WHERE api_name = record_type) WHERE until IS NULL;
             DELETE FROM headwater_unlogged WHERE until = since;"
        } else {
            "INSERT INTO headwater_unlogged (record_type, since)
               SELECT api_name, latest_update FROM headwater_record_type;"
        };
        self.connection().execute_batch(statements).map_err(store_error(WRITING))
    }

    fn log(&mut self, record_type: &RecordType, log: &NewLog) -> Result<()> {
        if log.created.is_empty() && log.changes.is_empty() {
            return Ok(());
        }
        let actors = log.actors.iter().map(|actor| number_of(self, actor));
        let actors = actors.collect::<Result<Vec<_>>>()?;
        for range in &log.created {
            log_created(self, record_type, *range, actors[range.actor])?;
        }
        let mut statement = self.prepare(&format!(
            "INSERT INTO {} (rid, at, operation, actor, before) VALUES (?, ?, ?, ?, ?)",
            quote(&change_table(record_type))
        ))?;
        for change in &log.changes {
            let kind = ChangeKind::ALL.iter().position(|kind| *kind == change.kind);
            let mut binder = Binder::new(&mut statement);
            binder.bind(change.row)?;
            binder.bind(change.at.0)?;
            binder.bind(kind)?;
            binder.bind(actors[change.actor])?;
            binder.bind(to_text(record_type, &change.before))?;
            statement.raw_execute().map_err(store_error(WRITING))?;
        }
        Ok(())
    }
}

/// Notes who made a range of records; one that goes on where the same actor's last one ended, as
/// those of single calls do, makes that longer.
fn log_created(
    transaction: &Transaction<'_>,
    record_type: &RecordType,
    range: CreatedRange,
    actor: i64,
) -> Result<()> {
    let table = quote(&created_table(record_type));
    let longer = format!(
        "UPDATE {table} SET last_rid = ?2 WHERE first_rid = (SELECT max(first_rid) FROM {table}) \
         AND last_rid = ?1 - 1 AND actor = ?3"
    );
    let new = format!("INSERT INTO {table} (first_rid, last_rid, actor) VALUES (?1, ?2, ?3)");
    for sql in [longer, new] {
        let written = transaction
            .prepare(&sql)?
            .execute(params![range.first, range.last, actor])
            .map_err(store_error(WRITING))?;
        if written > 0 {
            break;
        }
    }
    Ok(())
}

/// The number of an actor, a new one where it has none.
fn number_of(transaction: &Transaction<'_>, actor: &Actor) -> Result<i64> {
    let known = transaction
        .prepare("SELECT number FROM headwater_actor WHERE name = ?1")?
        .query_row([actor.name()], |sql| sql.get(0))
        .optional()
        .map_err(store_error(WRITING))?;
    if let Some(number) = known {
        return Ok(number);
    }
    transaction
        .prepare("INSERT INTO headwater_actor (name) VALUES (?1)")?
        .insert([actor.name()])
        .map_err(store_error(WRITING))
}
