//! Bulk: rows of one record type, as JSON Lines or Arrow, at the speed of a sync, an outcome for each.

use std::collections::BTreeMap;

use headwater::source::{Control, LineStream, Stream};
use headwater::store::journal::Counts;
use headwater::sync::bulk::{Bulk, BulkReport, RowOutcome, apply_rows};
use headwater::sync::{Mode, NullPolicy};
use headwater::{ApplyMode, Error, Result, Workspace};
use headwater_abi::headwater_str;
use serde_json::{Map, Value as Json, json};

use crate::arrow::{ArrowArrayStream, Outcomes, reader};
use crate::document::headwater_document;
use crate::error::headwater_error;
use crate::guard::call;
use crate::handle::{Owned, invalid, null, out};
use crate::structs::{self, Struct};
use crate::text::{ABSENT, optional_object, text};
use crate::workspace::{enter, headwater_workspace};

/// Updates the one record that matches a row, or makes it.
pub const HEADWATER_BULK_ASSERT: i32 = 0;
/// Makes a record of each row, whatever is there.
pub const HEADWATER_BULK_CREATE: i32 = 1;
/// Updates the one record that matches a row, and refuses a row that matches none.
pub const HEADWATER_BULK_UPDATE: i32 = 2;

/// One refused row keeps all from being written; all of them are then held in memory at once.
pub const HEADWATER_BULK_ALL_OR_NOTHING: u64 = 1;
/// A null leaves its attribute alone. Without it a null clears.
pub const HEADWATER_BULK_KEEP_NULLS: u64 = 2;
/// Columns that name no attribute are left out. Without it they are refused.
pub const HEADWATER_BULK_IGNORE_UNKNOWN: u64 = 4;

/// What rows become. Borrowed for the call.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct headwater_bulk_options {
    /// `sizeof(headwater_bulk_options)` as the caller knows it.
    pub struct_size: usize,
    /// `HEADWATER_BULK_*`.
    pub flags: u64,
    /// What is done with a row: `HEADWATER_BULK_ASSERT`, `HEADWATER_BULK_CREATE` or
    /// `HEADWATER_BULK_UPDATE`.
    pub mode: i32,
    /// Reserved; 0.
    pub reserved: i32,
    /// Rows of one transaction, at most; 0 for what is best.
    pub commit_rows: usize,
    /// The record type.
    pub record_type: headwater_str,
    /// The match key, for example `primary_email`, or `id`; empty for creates.
    pub match_by: headwater_str,
    /// The region of phone numbers without a country code, for example `US`; or empty.
    pub default_region: headwater_str,
    /// Columns that are not named like their attribute, or whose nulls mean something else: a JSON
    /// object of `{"column": {"attribute": "title", "null": "keep" or "clear"}}`; or empty.
    pub columns: headwater_str,
}

// SAFETY: plain numbers and pointers, the size first.
unsafe impl Struct for headwater_bulk_options {
    const FIRST: usize = 96;
    const ZERO: Self = Self {
        struct_size: 0,
        flags: 0,
        mode: 0,
        reserved: 0,
        commit_rows: 0,
        record_type: ABSENT,
        match_by: ABSENT,
        default_region: ABSENT,
        columns: ABSENT,
    };
}

/// Applies rows that are JSON Lines, each an object of columns; a key that is not there is absent.
///
/// `workspace`, `options`, `rows`: Borrowed for the call. `*out_outcomes`: Owned by the caller; free
/// with `headwater_document_free`. It has a line for each row, in their order: `{"row", "action",
/// "id"}`, or `{"row", "error", "text"}`. `*out_report`: Owned by the caller; free with
/// `headwater_document_free`. It is `{"read", "created", "updated", "unchanged", "rejected",
/// "rejects", "unused_columns", "missing_columns"}`. Work that began and did not come to its end
/// gives both, and an error.
/// Threads: any. Errors: what is wrong with one row is its outcome; `config_invalid`,
/// `unknown_record_type`, `unknown_field`, `operation_not_supported`, `invalid_request`;
/// `store_busy`, `store_full`, `store_io`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_bulk_lines(
    workspace: *const headwater_workspace,
    options: *const headwater_bulk_options,
    rows: headwater_str,
    out_outcomes: *mut *mut headwater_document,
    out_report: *mut *mut headwater_document,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_bulk_lines", out_error, || {
            let (outcomes, report) =
                (out(out_outcomes, "out_outcomes"), out(out_report, "out_report"));
            let (outcomes, report) = (outcomes?, report?);
            let workspace = enter(workspace)?;
            let bulk = bulk(options)?;
            let rows = text(rows, "rows")?.lines().filter(|line| !line.trim().is_empty());
            let mut stream = LineStream::new(rows.map(|line| {
                #[cfg(feature = "planted-panics")]
                crate::guard::planted_in("rows");
                Ok(line.to_owned())
            }));
            let mut lines = String::new();
            let applied = applied(&*workspace, &bulk, None, &mut stream, &mut |row| {
                lines.push_str(&row_json(row).to_string());
                lines.push('\n');
                Ok(())
            })?;
            *outcomes = headwater_document::text(lines).give();
            *report = headwater_document::json(&report_json(&applied)).give();
            applied.error.map_or(Ok(()), Err)
        })
    }
}

/// Applies rows that come as Arrow record batches (Arrow C Stream Interface).
///
/// `workspace`, `options`: Borrowed for the call. `rows`: moved out, and released once, also where the
/// call fails; what it gives is checked before it is used. It is called on another thread, one call at
/// a time, and not after the return. `out_outcomes`: a stream that the caller owns, and frees with its
/// `release`; its columns are `row` (uint64), `action`, `id`, and of refused rows `code`, `field`,
/// `message`, `hint`, `text` (utf8). `*out_report`: Owned by the caller; free with
/// `headwater_document_free`. It is as in `headwater_bulk_lines`. Work that began and did not come to
/// its end gives both, and an error; where it did not begin, `release` and `*out_report` are NULL.
/// Threads: any. Errors: `source_data_invalid` for a stream that fails or is wrong, and as
/// `headwater_bulk_lines`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_bulk_arrow(
    workspace: *const headwater_workspace,
    options: *const headwater_bulk_options,
    rows: *mut ArrowArrayStream,
    out_outcomes: *mut ArrowArrayStream,
    out_report: *mut *mut headwater_document,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_bulk_arrow", out_error, || {
            // Taken before anything can fail, so that it is released whatever comes.
            let rows = reader(rows);
            let report = out(out_report, "out_report");
            let place = ArrowArrayStream::emptied(out_outcomes);
            let (report, place) = (report?, place.ok_or_else(|| null("out_outcomes"))?);
            let workspace = enter(workspace)?;
            let bulk = bulk(options)?;
            let rows = rows?;
            let columns = rows.columns();
            let mut stream = rows.stream();
            let mut outcomes = Outcomes::default();
            let applied = applied(&*workspace, &bulk, Some(&columns), &mut stream, &mut |row| {
                outcomes.add(row)
            })?;
            place.put(outcomes.finish()?);
            *report = headwater_document::json(&report_json(&applied)).give();
            applied.error.map_or(Ok(()), Err)
        })
    }
}

fn applied(
    workspace: &dyn Workspace,
    bulk: &Bulk,
    columns: Option<&[String]>,
    stream: &mut dyn Stream,
    each: &mut dyn FnMut(&RowOutcome) -> Result<()>,
) -> Result<BulkReport> {
    apply_rows(workspace, bulk, columns, stream, &Control::default(), &mut |rows| {
        rows.iter().try_for_each(&mut *each)
    })
}

/// # Safety
/// `options` is NULL or filled as the header says.
unsafe fn bulk(options: *const headwater_bulk_options) -> Result<Bulk> {
    // SAFETY: as the caller promises.
    let given = unsafe { structs::read(options, "options") }?.ok_or_else(|| null("options"))?;
    // SAFETY: as the caller promises, of each text.
    let (record_type, match_by, region, columns) = unsafe {
        (
            text(given.record_type, "record_type")?,
            text(given.match_by, "match_by")?,
            text(given.default_region, "default_region")?,
            optional_object(given.columns, "columns")?,
        )
    };
    let mode = match given.mode {
        HEADWATER_BULK_ASSERT => Mode::Assert,
        HEADWATER_BULK_CREATE => Mode::Create,
        HEADWATER_BULK_UPDATE => Mode::Update,
        other => return Err(invalid("mode", format!("{other} is no mode"))),
    };
    let known =
        HEADWATER_BULK_ALL_OR_NOTHING | HEADWATER_BULK_KEEP_NULLS | HEADWATER_BULK_IGNORE_UNKNOWN;
    if given.flags & !known != 0 {
        let what = format!("{:#x} has flags that this library does not know", given.flags);
        return Err(invalid("flags", what));
    }
    if given.reserved != 0 {
        return Err(invalid("reserved", format!("reserved is {}, expected 0", given.reserved)));
    }
    let has = |flag| given.flags & flag != 0;
    let mut bulk = Bulk::new(record_type, mode, Some(match_by).filter(|name| !name.is_empty()));
    bulk.null = if has(HEADWATER_BULK_KEEP_NULLS) { NullPolicy::Keep } else { NullPolicy::Clear };
    bulk.ignores_unknown_columns = has(HEADWATER_BULK_IGNORE_UNKNOWN);
    if has(HEADWATER_BULK_ALL_OR_NOTHING) {
        bulk.apply = ApplyMode::AllOrNothing;
    }
    if given.commit_rows > 0 {
        bulk.commit_rows = given.commit_rows;
    }
    bulk.default_region = Some(region.to_owned()).filter(|region| !region.is_empty());
    (bulk.columns, bulk.null_of) = named_columns(columns)?;
    Ok(bulk)
}

type Columns = (BTreeMap<String, String>, BTreeMap<String, NullPolicy>);

fn named_columns(columns: Map<String, Json>) -> Result<Columns> {
    let (mut attributes, mut nulls) = Columns::default();
    for (column, given) in columns {
        let wrong = |what: String| -> Error {
            invalid("columns", format!("of the column {column:?}: {what}"))
                .hint("write {\"column\": {\"attribute\": \"title\", \"null\": \"keep\"}}")
        };
        let Json::Object(given) = given else { return Err(wrong(format!("found {given}"))) };
        for (key, value) in given {
            match (key.as_str(), value.as_str()) {
                ("attribute", Some(name)) => {
                    attributes.insert(column.clone(), name.to_owned());
                }
                ("null", Some("keep")) => {
                    nulls.insert(column.clone(), NullPolicy::Keep);
                }
                ("null", Some("clear")) => {
                    nulls.insert(column.clone(), NullPolicy::Clear);
                }
                _ => return Err(wrong(format!("found {key:?}: {value}"))),
            }
        }
    }
    Ok((attributes, nulls))
}

fn row_json(row: &RowOutcome) -> Json {
    match &row.result {
        Ok(outcome) => {
            json!({ "row": row.row, "action": outcome.action.name(), "id": outcome.id })
        }
        Err(error) => json!({ "row": row.row, "error": error.to_json(), "text": row.text }),
    }
}

fn report_json(report: &BulkReport) -> Json {
    let Counts { read, created, updated, unchanged, rejected, rejects, .. } = &report.counts;
    json!({
        "read": read, "created": created, "updated": updated, "unchanged": unchanged,
        "rejected": rejected, "rejects": rejects, "unused_columns": report.unused_columns,
        "missing_columns": report.missing_columns,
    })
}
