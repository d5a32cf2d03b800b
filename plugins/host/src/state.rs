//! What lives on a source's thread: the connector's functions, its source and one stream.

use std::ffi::c_void;
use std::ptr;

use arrow_schema::Fields;
use headwater::Result;
use headwater::source::{Batch, ConnectorDescription, ReadRequest, StreamDescription};
use headwater_abi::{
    HEADWATER_DONE, HEADWATER_OK, HEADWATER_PAYLOAD_ARROW, HEADWATER_PAYLOAD_JSON_LINES,
    headwater_batch, headwater_call, headwater_description, headwater_discovery, headwater_request,
    headwater_str,
};
use headwater_sdk::export::{lend, lend_bytes};

use crate::batch::copy_batch;
use crate::call::CallContext;
use crate::discovery::{copy_description, copy_streams};
use crate::failure::{failed_with_success, without_a_reason};
use crate::raw::misbehaved;
use crate::table::Functions;

const NOTHING: headwater_str = headwater_str { ptr: ptr::null(), len: 0 };
const ACCEPTED_PAYLOADS: u64 = (1 << HEADWATER_PAYLOAD_JSON_LINES) | (1 << HEADWATER_PAYLOAD_ARROW);

/// A source of a connector. Dropping it frees its stream and then itself.
pub(crate) struct State {
    functions: Functions,
    source: *mut c_void,
    stream: *mut c_void,
    /// The schema of the stream's Arrow batches, once there was one.
    arrow_schema: Option<Fields>,
    /// Whether the read has given no row yet, of those from the very first on.
    is_at_beginning: bool,
}

enum Status {
    Ok,
    Done,
}

impl State {
    pub(crate) fn new(functions: Functions) -> Self {
        let (source, stream) = (ptr::null_mut(), ptr::null_mut());
        Self { functions, source, stream, arrow_schema: None, is_at_beginning: true }
    }

    pub(crate) fn describe(&mut self, context: &CallContext) -> Result<ConnectorDescription> {
        let mut out = headwater_description {
            struct_size: size_of::<headwater_description>(),
            name: NOTHING,
            version: NOTHING,
            config_schema: NOTHING,
            capabilities: 0,
        };
        let describe = self.functions.describe;
        // SAFETY: the header's contract of `describe`; `call` and `out` live through the call.
        finish("describe", context, |call| unsafe { describe(call, &raw mut out) })?;
        // SAFETY: the call succeeded, so its texts are borrowed from the library for ever.
        unsafe { copy_description(&out) }
    }

    pub(crate) fn open(&mut self, context: &CallContext, config: &str) -> Result<()> {
        let (open, mut source) = (self.functions.open, ptr::null_mut());
        // SAFETY: the header's contract of `open`; all arguments live through the call.
        finish("open", context, |call| unsafe { open(call, lend(config), &raw mut source) })?;
        self.source = set("open", "out_source", source)?;
        Ok(())
    }

    pub(crate) fn check(&mut self, context: &CallContext) -> Result<Vec<StreamDescription>> {
        let mut out = headwater_discovery {
            struct_size: size_of::<headwater_discovery>(),
            streams: ptr::null(),
            stream_count: 0,
        };
        let (check, source) = (self.functions.check, self.source);
        // SAFETY: the header's contract of `check`; `source` came from `open` and lives.
        finish("check", context, |call| unsafe { check(call, source, &raw mut out) })?;
        // SAFETY: the call succeeded, so the streams are borrowed until the next call.
        unsafe { copy_streams(&out) }
    }

    pub(crate) fn read(&mut self, context: &CallContext, request: &ReadRequest) -> Result<()> {
        self.close_stream();
        let is_at_beginning = request.checkpoint.as_bytes().is_empty();
        let request = headwater_request {
            struct_size: size_of::<headwater_request>(),
            stream: lend(&request.stream),
            checkpoint: lend_bytes(request.checkpoint.as_bytes()),
            partition: lend(&request.partition),
            batch_rows: request.batch_rows as u64,
            payload_kinds: ACCEPTED_PAYLOADS,
        };
        let (read, source, mut stream) = (self.functions.read, self.source, ptr::null_mut());
        // SAFETY: the header's contract of `read`; `source` came from `open` and lives.
        finish("read", context, |call| unsafe {
            read(call, source, &raw const request, &raw mut stream)
        })?;
        self.arrow_schema = None;
        self.is_at_beginning = is_at_beginning;
        self.stream = set("read", "out_stream", stream)?;
        Ok(())
    }

    pub(crate) fn next(&mut self, context: &CallContext) -> Result<Option<Batch>> {
        let mut out = headwater_batch {
            struct_size: size_of::<headwater_batch>(),
            payload_kind: 0,
            null_means: 0,
            data: NOTHING,
            arrow_array: ptr::null_mut(),
            arrow_schema: ptr::null_mut(),
            record_count: 0,
            positions: ptr::null(),
            bad_rows: ptr::null(),
            bad_row_count: 0,
            checkpoint: NOTHING,
            part: NOTHING,
        };
        let (next, stream) = (self.functions.next, self.stream);
        // SAFETY: the header's contract of `next`; `stream` came from `read` and lives.
        let run = |call: *const headwater_call| unsafe { next(call, stream, &raw mut out) };
        match status("next", context, run)? {
            Status::Done => Ok(None),
            Status::Ok => {
                // SAFETY: the call succeeded, so the batch is borrowed until the next call.
                let batch = unsafe { copy_batch(&out, &mut self.arrow_schema) }?;
                self.covers(&batch)?;
                Ok(Some(batch))
            }
        }
    }

    /// An empty checkpoint is the beginning, which covers no row: read again from there, all that
    /// came before would be doubled.
    fn covers(&mut self, batch: &Batch) -> Result<()> {
        self.is_at_beginning &= batch.row_count == 0 && batch.bad_rows.is_empty();
        if batch.checkpoint.as_bytes().is_empty() && !self.is_at_beginning {
            return Err(misbehaved(
                "the batch's checkpoint is empty, which is the beginning, and there were rows",
                "for the connector's authors: set checkpoint to the place after the batch's last row",
            ));
        }
        Ok(())
    }

    pub(crate) fn close_stream(&mut self) {
        let stream = std::mem::replace(&mut self.stream, ptr::null_mut());
        if !stream.is_null() {
            // SAFETY: it came from `read`, and it is forgotten here.
            unsafe { (self.functions.close_stream)(stream) };
        }
    }

    pub(crate) fn close(&mut self) {
        self.close_stream();
        let source = std::mem::replace(&mut self.source, ptr::null_mut());
        if !source.is_null() {
            // SAFETY: it came from `open`, its stream is freed, and it is forgotten here.
            unsafe { (self.functions.close)(source) };
        }
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.close();
    }
}

/// The handle that a call has set. What a failed call leaves there is not looked at.
fn set(function: &str, argument: &str, handle: *mut c_void) -> Result<*mut c_void> {
    if handle.is_null() {
        return Err(misbehaved(
            format!("`{function}` returned HEADWATER_OK and left *{argument} NULL"),
            "for the connector's authors: set it to the handle that the later calls are given",
        ));
    }
    Ok(handle)
}

/// As [`status`], for every function but `next`.
fn finish(
    function: &str,
    context: &CallContext,
    run: impl FnOnce(*const headwater_call) -> i32,
) -> Result<()> {
    match status(function, context, run)? {
        Status::Ok => Ok(()),
        Status::Done => Err(misbehaved(
            format!("`{function}` returned HEADWATER_DONE, which only `next` may return"),
            "for the connector's authors: return HEADWATER_OK, or call call->fail and return its code",
        )),
    }
}

/// Makes the call and turns its status into a result, with the reason that it gave.
fn status(
    function: &str,
    context: &CallContext,
    run: impl FnOnce(*const headwater_call) -> i32,
) -> Result<Status> {
    let call = context.lend();
    let status = run(&raw const call);
    match (status, context.take_failure()) {
        (HEADWATER_OK, None) => Ok(Status::Ok),
        (HEADWATER_DONE, None) => Ok(Status::Done),
        (HEADWATER_OK, Some(told)) => Err(failed_with_success(function, "HEADWATER_OK", &told)),
        (HEADWATER_DONE, Some(told)) => Err(failed_with_success(function, "HEADWATER_DONE", &told)),
        (_, Some(told)) => Err(told),
        (other, None) => Err(without_a_reason(function, other)),
    }
}
