//! The table's functions for a stream: next, close_stream.

use std::ffi::c_void;

use headwater_abi::{self as abi, headwater_bad_row, headwater_batch, headwater_call};

use crate::borrow::{lend, lend_bytes};
use crate::call::{bad_argument, enter};
use crate::panics::catch;
use crate::source::{dead, lent};
use crate::{BadRow, Batch, Call, Failure, Stream};

/// What `*out_stream` points to: the stream, and the batch that the host borrows from it.
pub(crate) struct StreamBox<S> {
    stream: S,
    batch: Batch,
    bad_rows: Vec<headwater_bad_row>,
    failure: Option<Failure>,
    is_done: bool,
    #[cfg_attr(not(feature = "arrow"), expect(dead_code, reason = "then no batch holds Arrow"))]
    accepts_arrow: bool,
    /// What the host moves out; what it leaves is released with the next batch.
    #[cfg(feature = "arrow")]
    lent: Option<Box<crate::arrow::Lent>>,
}

impl<S: Stream> StreamBox<S> {
    pub(crate) fn new(stream: S, accepts_arrow: bool) -> Self {
        Self {
            stream,
            batch: Batch::default(),
            bad_rows: Vec::new(),
            failure: None,
            is_done: false,
            accepts_arrow,
            #[cfg(feature = "arrow")]
            lent: None,
        }
    }

    /// Whether there is a next batch, which is then in `self.batch`.
    fn advance(&mut self, call: &dyn Call) -> Result<bool, Failure> {
        if let Some(failure) = &self.failure {
            return Err(dead("stream", failure));
        }
        if self.is_done {
            return Ok(false);
        }
        self.bad_rows.clear();
        self.batch.clear();
        let (stream, batch) = (&mut self.stream, &mut self.batch);
        let outcome = catch(|| stream.next(call, batch)).and_then(|has_more| {
            // Rows that come with the end would be lost without a word.
            let is_empty = batch.is_empty() && batch.json_lines.is_empty() && !has_arrow(batch);
            if !has_more && !is_empty {
                return Err(Failure::new(
                    abi::HEADWATER_E_CONNECTOR_MISBEHAVED,
                    format!("the stream ended with {} rows still in the batch", batch.len()),
                )
                .hint("return true with the last rows and false from the call after them"));
            }
            Ok(has_more)
        });
        match &outcome {
            Ok(has_more) => self.is_done = !has_more,
            Err(failure) => self.failure = Some(failure.clone()),
        }
        outcome
    }

    fn lend_to(&mut self, out: &mut headwater_batch) -> Result<(), Failure> {
        self.bad_rows.extend(self.batch.bad_rows.iter().map(lend_bad_row));
        let batch = &self.batch;
        out.payload_kind = abi::HEADWATER_PAYLOAD_JSON_LINES;
        out.null_means = abi::HEADWATER_NULL_IS_NULL;
        out.data = lend(&batch.json_lines);
        out.arrow_array = std::ptr::null_mut();
        out.arrow_schema = std::ptr::null_mut();
        // Without positions the rows are counted here; the host counts them again.
        let has_positions = !batch.positions.is_empty();
        let lines = || batch.json_lines.bytes().filter(|&byte| byte == b'\n').count();
        out.record_count = if has_positions { batch.positions.len() } else { lines() } as u64;
        out.positions = if has_positions { batch.positions.as_ptr() } else { std::ptr::null() };
        out.bad_rows =
            if self.bad_rows.is_empty() { std::ptr::null() } else { self.bad_rows.as_ptr() };
        out.bad_row_count = self.bad_rows.len();
        out.checkpoint = lend_bytes(&batch.checkpoint);
        // A host of before this field has no room for it.
        if out.struct_size >= size_of::<headwater_batch>() {
            out.part = lend(&batch.part);
        }
        #[cfg(feature = "arrow")]
        if let Some(rows) = self.batch.arrow.take() {
            self.batch.expect_arrow(&rows, self.accepts_arrow)?;
            out.record_count = arrow_array::Array::len(&rows.rows) as u64;
            self.lent.insert(crate::arrow::Lent::new(rows)?).lend_to(out);
        }
        Ok(())
    }
}

#[cfg(feature = "arrow")]
fn has_arrow(batch: &Batch) -> bool {
    batch.arrow.is_some()
}

#[cfg(not(feature = "arrow"))]
fn has_arrow(_: &Batch) -> bool {
    false
}

fn lend_bad_row(row: &BadRow) -> headwater_bad_row {
    headwater_bad_row {
        struct_size: size_of::<headwater_bad_row>(),
        code: row.failure.code,
        position: row.position,
        message: lend(&row.failure.message),
        field: lend(&row.failure.field),
        hint: lend(&row.failure.hint),
        raw: lend_bytes(&row.raw),
    }
}

/// `headwater_connector.next`.
///
/// # Safety
/// `stream` is NULL or came from `read` and is used by this thread only.
pub(crate) unsafe extern "C" fn next<S: Stream>(
    call: *const headwater_call,
    stream: *mut c_void,
    out_batch: *mut headwater_batch,
) -> i32 {
    enter(call, |host| {
        let out = lent!(out_batch as_mut);
        // SAFETY: `stream` is NULL or the box that `read` made for the same type S.
        let Some(stream) = (unsafe { stream.cast::<StreamBox<S>>().as_mut() }) else {
            return Err(bad_argument("stream", "is NULL"));
        };
        if !stream.advance(host)? {
            return Ok(abi::HEADWATER_DONE);
        }
        stream.lend_to(out)?;
        Ok(abi::HEADWATER_OK)
    })
}

/// `headwater_connector.close_stream`.
///
/// # Safety
/// `stream` is NULL or came from `read` and is not used again.
pub(crate) unsafe extern "C" fn close_stream<S: Stream>(stream: *mut c_void) {
    if !stream.is_null() {
        // SAFETY: not NULL, so it is the box that `read` made for the same type S.
        let stream = unsafe { Box::from_raw(stream.cast::<StreamBox<S>>()) };
        // There is no way to report it, and nothing left that could be used wrongly.
        let _ = catch(|| {
            drop(stream);
            Ok(())
        });
    }
}
