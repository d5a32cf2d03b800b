//! A session: one opened source and its stream, on the one thread that may touch them.

use std::ffi::c_void;

use headwater::Result;
use headwater::source::{Batch, ReadRequest, StreamDescription, StreamField};
use headwater_abi::{
    HEADWATER_DONE, HEADWATER_FIELD_KEY, HEADWATER_STREAM_FIELDS_COMPLETE,
    HEADWATER_STREAM_INCREMENTAL, headwater_discovery, headwater_request,
};

use crate::batch::{self, ACCEPTED_PAYLOADS, elements};
use crate::call::{Shared, invoke};
use crate::load::Functions;
use crate::text::{lend, misbehaved, text};

/// An opened source. It is made, used and dropped on one thread.
pub(crate) struct Session {
    functions: Functions,
    source: *mut c_void,
    stream: *mut c_void,
}

impl Session {
    pub(crate) fn open(functions: Functions, shared: &Shared, config: &str) -> Result<Self> {
        let mut source = std::ptr::null_mut();
        invoke(shared, "open", |call| {
            // SAFETY: the table was checked at load; the arguments are valid for the call.
            unsafe { (functions.open)(call, lend(config.as_bytes()), &raw mut source) }
        })?;
        // NULL is a handle like any other: what it means is the connector's affair.
        Ok(Self { functions, source, stream: std::ptr::null_mut() })
    }

    pub(crate) fn check(&mut self, shared: &Shared) -> Result<Vec<StreamDescription>> {
        let mut discovery = headwater_discovery {
            struct_size: size_of::<headwater_discovery>(),
            streams: std::ptr::null(),
            stream_count: 0,
        };
        invoke(shared, "check", |call| {
            // SAFETY: `source` came from `open` and is used by this thread alone.
            unsafe { (self.functions.check)(call, self.source, &raw mut discovery) }
        })?;
        // SAFETY: the connector lends the discovery until the next call on the source.
        unsafe { copy_discovery(&discovery) }
    }

    pub(crate) fn read(&mut self, shared: &Shared, request: &ReadRequest) -> Result<()> {
        self.close_stream();
        let lent = headwater_request {
            struct_size: size_of::<headwater_request>(),
            stream: lend(request.stream.as_bytes()),
            checkpoint: lend(request.checkpoint.as_bytes()),
            partition: lend(request.partition.as_bytes()),
            batch_rows: request.batch_rows as u64,
            payload_kinds: ACCEPTED_PAYLOADS,
        };
        let mut stream = std::ptr::null_mut();
        invoke(shared, "read", |call| {
            // SAFETY: `source` came from `open`; the request is valid for the call.
            unsafe { (self.functions.read)(call, self.source, &raw const lent, &raw mut stream) }
        })?;
        self.stream = stream;
        Ok(())
    }

    pub(crate) fn next(&mut self, shared: &Shared) -> Result<Option<Batch>> {
        let mut lent = batch::empty();
        let status = invoke(shared, "next", |call| {
            // SAFETY: `stream` came from `read` and is used by this thread alone.
            unsafe { (self.functions.next)(call, self.stream, &raw mut lent) }
        })?;
        if status == HEADWATER_DONE {
            return Ok(None);
        }
        // SAFETY: the connector lends the batch until the next call on the stream.
        unsafe { batch::copy(&lent) }.map(Some)
    }

    pub(crate) fn close_stream(&mut self) {
        let stream = std::mem::replace(&mut self.stream, std::ptr::null_mut());
        if !stream.is_null() {
            // SAFETY: `stream` came from `read` and is not used again.
            unsafe { (self.functions.close_stream)(stream) };
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.close_stream();
        // SAFETY: `source` came from `open`, its stream is closed, and it is not used again.
        unsafe { (self.functions.close)(self.source) };
    }
}

/// # Safety
/// Every pointer that is not NULL is readable for the count or length beside it.
unsafe fn copy_discovery(discovery: &headwater_discovery) -> Result<Vec<StreamDescription>> {
    // SAFETY: the caller's promise.
    let streams = unsafe {
        elements(discovery.streams, discovery.stream_count, |stream| stream.struct_size, "streams")
    }?;
    let mut described: Vec<StreamDescription> = Vec::with_capacity(streams.len());
    for stream in streams {
        // SAFETY: the caller's promise.
        let fields = unsafe {
            elements(stream.fields, stream.field_count, |field| field.struct_size, "fields")
        }?;
        let fields = fields
            .into_iter()
            .map(|field| {
                Ok(StreamField {
                    // SAFETY: the caller's promise, here and below.
                    name: unsafe { text(field.name, "a field's name") }?.to_owned(),
                    // SAFETY: as above.
                    value_type: unsafe { text(field.value_type, "a field's type") }?.to_owned(),
                    is_key: field.flags & HEADWATER_FIELD_KEY != 0,
                })
            })
            .collect::<Result<_>>()?;
        // SAFETY: the caller's promise, here and below.
        let name = unsafe { text(stream.name, "a stream's name") }?.to_owned();
        // SAFETY: as above.
        let unit = unsafe { text(stream.position_unit, "a position unit") }?;
        if name.is_empty() || described.iter().any(|known| known.name == name) {
            return Err(misbehaved(format!(
                "the stream name {name:?} is empty or not the only one"
            )));
        }
        described.push(StreamDescription {
            name,
            fields,
            fields_are_complete: stream.flags & HEADWATER_STREAM_FIELDS_COMPLETE != 0,
            is_incremental: stream.flags & HEADWATER_STREAM_INCREMENTAL != 0,
            position_unit: if unit.is_empty() { "row" } else { unit }.to_owned(),
        });
    }
    Ok(described)
}
