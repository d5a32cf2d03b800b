//! Batches: many operations in one transaction.

use headwater::activity::shown;
use headwater::value::read_json;
use headwater::{ApplyMode, ApplyOptions, Error, Outcome, Result};
use headwater_abi::headwater_str;
use serde_json::{Value as Json, json};

use crate::document::headwater_document;
use crate::error::headwater_error;
use crate::guard::call;
use crate::handle::{Owned, invalid, out};
use crate::structs::{self, Struct};
use crate::text::text;
use crate::workspace::{enter, headwater_workspace};

/// One operation that fails keeps the whole batch from being written; the others end as
/// `cancelled`. Without it each outcome stands alone.
pub const HEADWATER_BATCH_ALL_OR_NOTHING: u64 = 1;
/// Outcomes carry the whole record.
pub const HEADWATER_BATCH_RECORDS: u64 = 2;

/// How a batch is applied. Borrowed for the call.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct headwater_batch_options {
    /// `sizeof(headwater_batch_options)` as the caller knows it.
    pub struct_size: usize,
    /// `HEADWATER_BATCH_*`.
    pub flags: u64,
}

// SAFETY: plain numbers, the size first.
unsafe impl Struct for headwater_batch_options {
    const FIRST: usize = 16;
    const ZERO: Self = Self { struct_size: 0, flags: 0 };
}

/// Applies operations in order, each seeing those before it, in one transaction.
///
/// `operations` are JSON Lines: each an object with `do` (`create`, `patch`, `archive`, `restore`,
/// `assert`, `update`, `add_item`, `update_item`, `remove_item`, `add_edge`, `update_edge`,
/// `remove_edge`), `record_type` and what the call of that name takes: `id`, `match`, `attributes`,
/// `attribute`, `item`, `relationship`, `target`, `body`.
///
/// `workspace`, `operations`, `options` (or NULL): Borrowed for the call. `*out_outcomes`: Owned by
/// the caller; free with `headwater_document_free`. It has a line for each operation, in their order:
/// `{"action", "id"}`, with `data` where records are asked for, or `{"error"}`.
/// Threads: any. Errors: what is wrong with one operation is its outcome; what keeps the batch from
/// being written is the error: `invalid_request`, `store_busy`, `store_full`, `store_io`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_batch_apply(
    workspace: *const headwater_workspace,
    operations: headwater_str,
    options: *const headwater_batch_options,
    out_outcomes: *mut *mut headwater_document,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_batch_apply", out_error, || {
            let place = out(out_outcomes, "out_outcomes")?;
            let workspace = enter(workspace)?;
            let options = structs::read(options, "options")?.unwrap_or(Struct::ZERO);
            let options = apply_options(options)?;
            let operations = lines(text(operations, "operations")?)?;
            let outcomes = headwater::apply_batch(&*workspace, &operations, options)?;
            let mut text = String::with_capacity(outcomes.len() * 80);
            for outcome in &outcomes {
                text.push_str(&outcome_json(outcome).to_string());
                text.push('\n');
            }
            *place = headwater_document::text(text).give();
            Ok(())
        })
    }
}

fn apply_options(options: headwater_batch_options) -> Result<ApplyOptions> {
    let flags = options.flags;
    if flags & !(HEADWATER_BATCH_ALL_OR_NOTHING | HEADWATER_BATCH_RECORDS) != 0 {
        let what = format!("{flags:#x} has flags that this library does not know");
        return Err(invalid("flags", what));
    }
    let mode = match flags & HEADWATER_BATCH_ALL_OR_NOTHING {
        0 => ApplyMode::PerRecord,
        _ => ApplyMode::AllOrNothing,
    };
    let returns_records = flags & HEADWATER_BATCH_RECORDS != 0;
    Ok(ApplyOptions { mode, returns_records })
}

/// The lines as JSON; empty ones are none.
fn lines(text: &str) -> Result<Vec<Json>> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(index, line)| {
            read_json(line.as_bytes()).map_err(|cause| {
                invalid("operations", format!("it is not JSON: {cause}"))
                    .on_record(format!("line {}", index + 1))
                    .because(cause)
            })
        })
        .collect()
}

fn outcome_json(outcome: &Result<Outcome, Error>) -> Json {
    match outcome {
        Ok(outcome) => {
            let mut line = json!({ "action": outcome.action.name(), "id": outcome.id });
            if let Some(record) = &outcome.record {
                line["data"] = shown(record);
            }
            line
        }
        Err(error) => json!({ "error": error.to_json() }),
    }
}
