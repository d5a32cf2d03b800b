//! Batches: checked and copied out of a connector's memory.

use headwater::source::{BadRow, Batch, Checkpoint, Payload};
use headwater::{Error, Result};
use headwater_abi::{
    HEADWATER_NULL_IS_ABSENT, HEADWATER_PAYLOAD_ARROW, HEADWATER_PAYLOAD_JSON_LINES,
    headwater_bad_row, headwater_batch,
};

use crate::call::error_of;
use crate::text::{bytes, lend, lossy, misbehaved, text};

/// The payload kinds that this host accepts, as bits of a request.
pub(crate) const ACCEPTED_PAYLOADS: u64 = 1 << HEADWATER_PAYLOAD_JSON_LINES;

/// A batch for the connector to fill.
pub(crate) fn empty() -> headwater_batch {
    headwater_batch {
        struct_size: size_of::<headwater_batch>(),
        payload_kind: 0,
        null_means: HEADWATER_NULL_IS_ABSENT,
        data: lend(&[]),
        arrow_array: std::ptr::null_mut(),
        arrow_schema: std::ptr::null_mut(),
        record_count: 0,
        positions: std::ptr::null(),
        bad_rows: std::ptr::null(),
        bad_row_count: 0,
        checkpoint: lend(&[]),
    }
}

/// Checks and copies a batch.
///
/// # Errors
/// `connector_misbehaved`, saying what the batch promised and what it holds.
///
/// # Safety
/// Every pointer of the batch that is not NULL is readable for the length beside it.
pub(crate) unsafe fn copy(lent: &headwater_batch) -> Result<Batch> {
    match lent.payload_kind {
        HEADWATER_PAYLOAD_JSON_LINES => {}
        HEADWATER_PAYLOAD_ARROW => {
            return Err(misbehaved(
                "the batch is an Arrow batch, the request asked for JSON Lines only",
            ));
        }
        kind => return Err(misbehaved(format!("the batch has the unknown payload kind {kind}"))),
    }
    // SAFETY: the caller's promise.
    let rows = unsafe { text(lent.data, "the batch's data") }?;
    let row_count = count_lines(rows)?;
    if row_count as u64 != lent.record_count {
        return Err(misbehaved(format!(
            "the batch says {} rows and holds {row_count}",
            lent.record_count
        )));
    }
    let positions = if lent.positions.is_null() {
        Vec::new()
    } else {
        // SAFETY: the caller's promise: `record_count` numbers, as many as there are lines.
        unsafe { std::slice::from_raw_parts(lent.positions, row_count) }.to_vec()
    };
    // SAFETY: the caller's promise.
    let checkpoint = unsafe { bytes(lent.checkpoint, "the batch's checkpoint") }?.to_vec();
    Ok(Batch {
        payload: Payload::JsonLines(rows.to_owned()),
        row_count,
        positions,
        // SAFETY: the caller's promise.
        bad_rows: unsafe { copy_bad_rows(lent) }?,
        checkpoint: Checkpoint::new(checkpoint)?,
    })
}

fn count_lines(rows: &str) -> Result<usize> {
    if rows.is_empty() {
        return Ok(0);
    }
    if !rows.ends_with('\n') {
        return Err(misbehaved("the batch's last row is not ended by a line feed"));
    }
    if rows.starts_with('\n') || rows.contains("\n\n") {
        return Err(misbehaved("the batch holds an empty line"));
    }
    Ok(rows.bytes().filter(|byte| *byte == b'\n').count())
}

/// # Safety
/// `bad_rows` points to `bad_row_count` elements, each `struct_size` bytes after the one before.
unsafe fn copy_bad_rows(lent: &headwater_batch) -> Result<Vec<BadRow>> {
    // SAFETY: the caller's promise.
    let rows =
        unsafe { elements(lent.bad_rows, lent.bad_row_count, |row| row.struct_size, "bad rows") }?;
    rows.into_iter()
        .map(|row: &headwater_bad_row| {
            // SAFETY: the connector lends the row's texts until the next call.
            let (message, field, hint, raw) =
                unsafe { (lossy(row.message), lossy(row.field), lossy(row.hint), lossy(row.raw)) };
            let error: Error = error_of(row.code, &message, &hint);
            let error = if field.is_empty() { error } else { error.at_field(field) };
            Ok(BadRow { error, position: row.position, raw })
        })
        .collect()
}

/// The elements of an array whose stride is the `struct_size` of its first element.
///
/// # Errors
/// `connector_misbehaved` for NULL with a count, and for elements that are too small.
///
/// # Safety
/// `first` is NULL, or points to `count` elements that far apart, readable for `'a`.
pub(crate) unsafe fn elements<'a, T>(
    first: *const T,
    count: usize,
    struct_size: impl Fn(&T) -> usize,
    what: &str,
) -> Result<Vec<&'a T>> {
    if count == 0 {
        return Ok(Vec::new());
    }
    // SAFETY: the caller's promise.
    let Some(start) = (unsafe { first.as_ref() }) else {
        return Err(misbehaved(format!("{what} are NULL with a count of {count}")));
    };
    let stride = struct_size(start);
    if stride < size_of::<T>() || stride % align_of::<T>() != 0 {
        return Err(misbehaved(format!(
            "{what} have {stride} bytes each, ABI 1.0 needs {}",
            size_of::<T>()
        )));
    }
    Ok((0..count)
        .map(|index| {
            // SAFETY: the caller's promise: the elements are `stride` bytes apart.
            unsafe { &*first.byte_add(index * stride) }
        })
        .collect())
}
