//! Copies a batch out of a connector and verifies everything that it claims.

use arrow_schema::Fields;
use headwater::source::{BadRow, Batch, Checkpoint, MAX_CHECKPOINT_BYTES, Payload};
use headwater::{Error, Result};
use headwater_abi::{HEADWATER_PAYLOAD_ARROW, HEADWATER_PAYLOAD_JSON_LINES, headwater_batch};

use crate::arrow::Taken;
use crate::failure::copy_bad_row_error;
use crate::raw::{bytes, elements, lossy_text, misbehaved, text};

/// Copies and verifies a batch; Arrow buffers are not copied but moved out. `schema` is that of
/// the stream's Arrow batches so far.
///
/// # Safety
/// Everything that the batch lends is readable, and Arrow structs are as the Arrow C Data
/// Interface says.
pub(crate) unsafe fn copy_batch(
    raw: &headwater_batch,
    schema: &mut Option<Fields>,
) -> Result<Batch> {
    // SAFETY: the caller promises that what the batch lends is readable.
    unsafe {
        // First of all: whatever else is wrong, what was moved out is released.
        let arrow = match raw.payload_kind {
            HEADWATER_PAYLOAD_JSON_LINES => None,
            HEADWATER_PAYLOAD_ARROW => Some(Taken::from_batch(raw)?),
            other => return Err(unknown_kind(other)),
        };
        let checkpoint = copy_checkpoint(bytes("the batch's checkpoint", raw.checkpoint)?)?;
        let (payload, row_count) = match arrow {
            Some(taken) => {
                let rows = taken.import(raw, schema)?;
                let row_count = rows.len();
                (Payload::Arrow(rows), row_count)
            }
            None => {
                let rows = text("the batch's data", raw.data)?;
                let row_count = count_lines(&rows)?;
                if row_count as u64 != raw.record_count {
                    return Err(misbehaved(
                        format!("the batch claims {} rows and holds {row_count}", raw.record_count),
                        "for the connector's authors: set record_count to the number of lines in data",
                    ));
                }
                (Payload::JsonLines(rows), row_count)
            }
        };
        Ok(Batch {
            payload,
            row_count,
            positions: copy_positions(raw.positions, row_count)?,
            bad_rows: copy_bad_rows(raw)?,
            checkpoint,
            part: lossy_text(raw.part),
        })
    }
}

fn unknown_kind(kind: i32) -> Error {
    misbehaved(
        format!(
            "the batch has payload kind {kind}, the request accepts {HEADWATER_PAYLOAD_JSON_LINES} (JSON Lines) and {HEADWATER_PAYLOAD_ARROW} (Arrow)"
        ),
        "for the connector's authors: set payload_kind to one that request->payload_kinds has a bit for",
    )
}

fn copy_checkpoint(checkpoint: &[u8]) -> Result<Checkpoint> {
    if checkpoint.len() > MAX_CHECKPOINT_BYTES {
        return Err(misbehaved(
            format!(
                "the batch's checkpoint has {} bytes, at most {MAX_CHECKPOINT_BYTES} are allowed",
                checkpoint.len()
            ),
            "for the connector's authors: keep a position in the checkpoint, not data",
        ));
    }
    Checkpoint::new(checkpoint.to_vec())
}

/// How many lines there are, each ended by `\n` and none of them empty.
fn count_lines(rows: &str) -> Result<usize> {
    let mut start = 0;
    let mut count = 0;
    for end in memchr::memchr_iter(b'\n', rows.as_bytes()) {
        if rows.as_bytes()[start..end].trim_ascii_start().is_empty() {
            return Err(misbehaved(
                format!("line {} of the batch's data is empty", count + 1),
                "for the connector's authors: write one JSON object in each line",
            ));
        }
        count += 1;
        start = end + 1;
    }
    if start != rows.len() {
        return Err(misbehaved(
            format!("line {} of the batch's data does not end with a newline", count + 1),
            "for the connector's authors: end every row with \\n, also the last one",
        ));
    }
    Ok(count)
}

/// # Safety
/// If `positions` is not NULL, `count` numbers are readable there.
unsafe fn copy_positions(positions: *const u64, count: usize) -> Result<Vec<u64>> {
    if positions.is_null() || count == 0 {
        return Ok(Vec::new());
    }
    if !positions.is_aligned() {
        return Err(misbehaved(
            "the batch's positions are not aligned",
            "for the connector's authors: lend an array of uint64_t",
        ));
    }
    // SAFETY: not NULL, aligned, and as long as the caller promises; `count` lines fit in memory.
    let positions = unsafe { std::slice::from_raw_parts(positions, count) };
    positions.iter().copied().map(place).collect()
}

/// A row's place, which the journal can hold.
fn place(position: u64) -> Result<u64> {
    if i64::try_from(position).is_err() {
        return Err(misbehaved(
            format!("a row of the batch has the position {position}, expected less than 2^63"),
            "for the connector's authors: count rows, lines or bytes; give no positions where none \
             are known",
        ));
    }
    Ok(position)
}

/// # Safety
/// The array of bad rows and their texts are readable.
unsafe fn copy_bad_rows(raw: &headwater_batch) -> Result<Vec<BadRow>> {
    // SAFETY: the caller promises a readable array.
    let rows = unsafe { elements("the array of bad rows", raw.bad_rows, raw.bad_row_count) }?;
    rows.into_iter()
        .map(|row| {
            // SAFETY: the caller promises readable texts.
            unsafe {
                Ok(BadRow {
                    error: copy_bad_row_error(row),
                    position: place(row.position)?,
                    raw: lossy_text(row.raw),
                })
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_and_their_shape_is_checked() {
        assert_eq!(count_lines("").unwrap(), 0);
        assert_eq!(count_lines("{}\n{\"a\":\"\\n\"}\n").unwrap(), 2);
        for (rows, expected) in [
            ("{}", "line 1 of the batch's data does not end with a newline"),
            ("{}\n{}", "line 2 of the batch's data does not end"),
            ("\n", "line 1 of the batch's data is empty"),
            ("{}\n\n{}\n", "line 2 of the batch's data is empty"),
            ("{}\n \r\n", "line 2 of the batch's data is empty"),
        ] {
            let error = count_lines(rows).unwrap_err();
            assert!(error.message().contains(expected), "{error}");
        }
    }
}
