//! The journal in SQLite: ordinary tables, so that any SQL tool can question them.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Row, params};
use uuid::Uuid;

use crate::error::{ErrorCode, Result};
use crate::source::Checkpoint;
use crate::store::journal::{
    Counts, JournalReader, JournalWriter, Judged, ListedReject, Reject, RejectFilter, Run,
    RunState, StreamKey, StreamRun, StreamState,
};

use crate::value::Timestamp;

use super::columns::{parse, read_timestamp};
use super::errors::{corrupt, store_error};
use super::transaction::Transaction;

const READING: &str = "read the journal";
const WRITING: &str = "write the journal";

impl JournalReader for Transaction<'_> {
    fn runs(&mut self, limit: usize) -> Result<Vec<Run>> {
        let failed = store_error(READING);
        let mut statement = self.prepare(
            "SELECT id, job_hash, connector, connector_version, state, started_at, finished_at, error \
             FROM headwater_run ORDER BY number DESC LIMIT ?1",
        )?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut found = statement.query([limit]).map_err(&failed)?;
        let mut runs = Vec::new();
        while let Some(sql) = found.next().map_err(&failed)? {
            let mut run = read_run(sql)?;
            run.streams = read_streams(self, run.id)?;
            runs.push(run);
        }
        Ok(runs)
    }

    fn run_state(&mut self, run: Uuid) -> Result<Option<RunState>> {
        let found: Option<String> = self
            .prepare("SELECT state FROM headwater_run WHERE id = ?1")?
            .query_row([run.to_string()], |sql| sql.get(0))
            .optional()
            .map_err(store_error(READING))?;
        found.map(|name| parse_state(&name)).transpose()
    }

    fn rejects(
        &mut self,
        filter: &RejectFilter,
        each: &mut dyn FnMut(ListedReject) -> Result<()>,
    ) -> Result<()> {
        let failed = store_error(READING);
        let mut statement = self.prepare(
            "SELECT run, source, position, position_unit, code, field, message, hint, source_row, is_cut \
             FROM headwater_reject WHERE (?1 IS NULL OR run = ?1) AND (?2 IS NULL OR code = ?2) \
             ORDER BY number",
        )?;
        let run = filter.run.map(|run| run.to_string());
        let code = filter.code.map(ErrorCode::name);
        let mut found = statement.query(params![run, code]).map_err(&failed)?;
        while let Some(sql) = found.next().map_err(&failed)? {
            each(read_reject(sql)?)?;
        }
        Ok(())
    }

    fn stream_state(&mut self, key: &StreamKey) -> Result<Option<StreamState>> {
        let failed = store_error(READING);
        let mut statement = self.prepare(
            "SELECT run, checkpoint, committed_rows, is_finished, judged_rows, judged_rejects \
             FROM headwater_checkpoint WHERE job_stream_hash = ?1 AND partition = ?2",
        )?;
        let found = statement
            .query_row(params![key.job_stream_hash, key.partition], |sql| {
                Ok((
                    sql.get::<_, String>(0)?,
                    sql.get::<_, Vec<u8>>(1)?,
                    sql.get::<_, u64>(2)?,
                    sql.get::<_, bool>(3)?,
                    Judged { read: sql.get(4)?, rejected: sql.get(5)? },
                ))
            })
            .optional()
            .map_err(&failed)?;
        let Some((run, checkpoint, rows, is_finished, judged)) = found else { return Ok(None) };
        Ok(Some(StreamState {
            run: run.parse().map_err(|_| corrupt("a checkpoint without a run"))?,
            checkpoint: Checkpoint::new(checkpoint)?,
            rows,
            is_finished,
            judged,
        }))
    }
}

fn parse_state(name: &str) -> Result<RunState> {
    RunState::from_name(name).ok_or_else(|| corrupt(format_args!("the run state {name:?}")))
}

fn read_run(sql: &Row<'_>) -> Result<Run> {
    let failed = store_error(READING);
    let state: String = sql.get(4).map_err(&failed)?;
    let finished_at = sql.get_ref(6).map_err(&failed)?;
    Ok(Run {
        id: parse(sql.get_ref(0).map_err(&failed)?, "a UUID")?,
        job_hash: sql.get(1).map_err(&failed)?,
        connector: sql.get(2).map_err(&failed)?,
        connector_version: sql.get(3).map_err(&failed)?,
        state: parse_state(&state)?,
        started_at: read_timestamp(sql.get_ref(5).map_err(&failed)?)?,
        finished_at: match finished_at {
            rusqlite::types::ValueRef::Null => None,
            finished_at => Some(read_timestamp(finished_at)?),
        },
        error: sql.get(7).map_err(&failed)?,
        streams: Vec::new(),
    })
}

fn read_streams(transaction: &Transaction<'_>, run: Uuid) -> Result<Vec<StreamRun>> {
    let failed = store_error(READING);
    let mut statement = transaction.prepare(
        "SELECT source, record_type, rows_read, created, updated, unchanged, archived, rejected, \
         rejects_by_code, unused_columns, elapsed_micros \
         FROM headwater_run_stream WHERE run = ?1 ORDER BY number",
    )?;
    let mut found = statement.query([run.to_string()]).map_err(&failed)?;
    let mut streams = Vec::new();
    while let Some(sql) = found.next().map_err(&failed)? {
        let by_code: String = sql.get(8).map_err(&failed)?;
        let columns: String = sql.get(9).map_err(&failed)?;
        let by_code: BTreeMap<String, u64> =
            serde_json::from_str(&by_code).map_err(|_| corrupt("unreadable reject counts"))?;
        let rejects = by_code
            .iter()
            .map(|(name, count)| {
                ErrorCode::from_name(name)
                    .map(|code| (code.name(), *count))
                    .ok_or_else(|| corrupt(format_args!("the code {name:?}")))
            })
            .collect::<Result<_>>()?;
        streams.push(StreamRun {
            source: sql.get(0).map_err(&failed)?,
            record_type: sql.get(1).map_err(&failed)?,
            counts: Counts {
                read: sql.get(2).map_err(&failed)?,
                created: sql.get(3).map_err(&failed)?,
                updated: sql.get(4).map_err(&failed)?,
                unchanged: sql.get(5).map_err(&failed)?,
                archived: sql.get(6).map_err(&failed)?,
                rejected: sql.get(7).map_err(&failed)?,
                rejects,
            },
            unused_columns: serde_json::from_str(&columns)
                .map_err(|_| corrupt("an unreadable list of columns"))?,
            elapsed_micros: sql.get(10).map_err(&failed)?,
        });
    }
    Ok(streams)
}

fn read_reject(sql: &Row<'_>) -> Result<ListedReject> {
    let failed = store_error(READING);
    let code: String = sql.get(4).map_err(&failed)?;
    Ok(ListedReject {
        run: parse(sql.get_ref(0).map_err(&failed)?, "a UUID")?,
        reject: Reject {
            source: sql.get(1).map_err(&failed)?,
            position: sql.get(2).map_err(&failed)?,
            position_unit: sql.get(3).map_err(&failed)?,
            code: ErrorCode::from_name(&code)
                .ok_or_else(|| corrupt(format_args!("the code {code:?}")))?,
            field: sql.get(5).map_err(&failed)?,
            message: sql.get(6).map_err(&failed)?,
            hint: sql.get(7).map_err(&failed)?,
            row: sql.get(8).map_err(&failed)?,
            is_cut: sql.get(9).map_err(&failed)?,
        },
    })
}

impl JournalWriter for Transaction<'_> {
    fn save_run(&mut self, run: &Run) -> Result<()> {
        let failed = store_error(WRITING);
        let id = run.id.to_string();
        self.prepare(
            "INSERT INTO headwater_run \
             (id, job_hash, connector, connector_version, state, started_at, finished_at, error) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (id) DO UPDATE SET \
             state = excluded.state, finished_at = excluded.finished_at, error = excluded.error",
        )?
        .execute(params![
            id,
            run.job_hash,
            run.connector,
            run.connector_version,
            run.state.name(),
            run.started_at.to_string(),
            run.finished_at.map(|at| at.to_string()),
            run.error,
        ])
        .map_err(&failed)?;
        let mut statement = self.prepare(
            "INSERT OR REPLACE INTO headwater_run_stream (run, number, source, record_type, \
             rows_read, created, updated, unchanged, archived, rejected, rejects_by_code, \
             unused_columns, elapsed_micros) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?;
        for (number, stream) in run.streams.iter().enumerate() {
            let counts = &stream.counts;
            statement
                .execute(params![
                    id,
                    number,
                    stream.source,
                    stream.record_type,
                    counts.read,
                    counts.created,
                    counts.updated,
                    counts.unchanged,
                    counts.archived,
                    counts.rejected,
                    serde_json::json!(counts.rejects).to_string(),
                    serde_json::json!(stream.unused_columns).to_string(),
                    stream.elapsed_micros,
                ])
                .map_err(&failed)?;
        }
        Ok(())
    }

    fn end_other_runs(&mut self, run: &Run, at: Timestamp) -> Result<()> {
        self.prepare(
            "UPDATE headwater_run SET state = 'failed', finished_at = ?3, error = ?4 \
             WHERE job_hash = ?1 AND state = 'running' AND id <> ?2",
        )?
        .execute(params![
            run.job_hash,
            run.id.to_string(),
            at.to_string(),
            format!("ended without a word; run {} went on with its work", run.id),
        ])
        .map_err(store_error(WRITING))?;
        Ok(())
    }

    fn add_rejects(&mut self, run: Uuid, rejects: &[Reject]) -> Result<()> {
        let run = run.to_string();
        let mut statement = self.prepare(
            "INSERT INTO headwater_reject (run, source, position, position_unit, code, field, \
             message, hint, source_row, is_cut) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?;
        for reject in rejects {
            statement
                .execute(params![
                    run,
                    reject.source,
                    reject.position,
                    reject.position_unit,
                    reject.code.name(),
                    reject.field,
                    reject.message,
                    reject.hint,
                    reject.row,
                    reject.is_cut,
                ])
                .map_err(store_error(WRITING))?;
        }
        Ok(())
    }

    fn save_stream_state(&mut self, key: &StreamKey, state: &StreamState) -> Result<()> {
        self.prepare(
            "INSERT OR REPLACE INTO headwater_checkpoint \
             (job_stream_hash, partition, run, checkpoint, committed_rows, is_finished, judged_rows, \
             judged_rejects) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            key.job_stream_hash,
            key.partition,
            state.run.to_string(),
            state.checkpoint.as_bytes(),
            state.rows,
            state.is_finished,
            state.judged.read,
            state.judged.rejected,
        ])
        .map_err(store_error(WRITING))?;
        Ok(())
    }
}
