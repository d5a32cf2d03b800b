//! The table's functions for a connector and its sources: describe, open, check, read, close.

use std::ffi::c_void;

use headwater_abi::{
    self as abi, headwater_call, headwater_description, headwater_discovery, headwater_request,
    headwater_str,
};

use crate::borrow::{borrow_bytes, lend};
use crate::call::{argument, bad_argument, enter};
use crate::discovery::Discovery;
use crate::panics::catch;
use crate::stream::StreamBox;
use crate::{Connector, Failure, Request};

/// What `*out_source` points to.
struct SourceBox<C> {
    connector: C,
    discovery: Option<Discovery>,
    panic: Option<Failure>,
}

impl<C> SourceBox<C> {
    /// Runs `body` on the connector; once it has panicked, it is not entered again.
    fn run<T>(&mut self, body: impl FnOnce(&mut C) -> Result<T, Failure>) -> Result<T, Failure> {
        if let Some(panic) = &self.panic {
            return Err(dead("source", panic));
        }
        let connector = &mut self.connector;
        catch(|| body(connector)).inspect_err(|failure| {
            if failure.code == abi::HEADWATER_E_CONNECTOR_PANICKED {
                self.panic = Some(failure.clone());
            }
        })
    }
}

/// The answer of a `what` that has failed before.
pub(crate) fn dead(what: &str, earlier: &Failure) -> Failure {
    let message = format!("the {what} is dead since an earlier call failed: {}", earlier.message);
    Failure { message, ..earlier.clone() }
}

/// Borrows what the host lent as `*const T` or `*mut T`, or says that it is NULL or too short.
macro_rules! lent {
    ($pointer:ident as_ref) => {{
        // SAFETY: the host passes NULL or a struct that is valid for the length of the call.
        let Some(value) = (unsafe { $pointer.as_ref() }) else {
            return Err(bad_argument(stringify!($pointer), "is NULL"));
        };
        lent!(check value, $pointer)
    }};
    ($pointer:ident as_mut) => {{
        // SAFETY: as above; nothing else uses the struct during the call.
        let Some(value) = (unsafe { $pointer.as_mut() }) else {
            return Err(bad_argument(stringify!($pointer), "is NULL"));
        };
        lent!(check value, $pointer)
    }};
    (check $value:ident, $pointer:ident) => {{
        if $value.struct_size < size_of_val($value) {
            return Err(bad_argument(stringify!($pointer), "is of an older ABI than this connector"));
        }
        $value
    }};
}
pub(crate) use lent;

/// `headwater_connector.describe`.
///
/// # Safety
/// The pointers are NULL or as the header says.
pub(crate) unsafe extern "C" fn describe<C: Connector>(
    call: *const headwater_call,
    out_description: *mut headwater_description,
) -> i32 {
    enter(call, |_| {
        let out = lent!(out_description as_mut);
        out.name = lend(C::NAME);
        out.version = lend(C::VERSION);
        out.config_schema = lend(C::CONFIG_SCHEMA);
        out.capabilities = 0;
        Ok(abi::HEADWATER_OK)
    })
}

/// `headwater_connector.open`.
///
/// # Safety
/// The pointers are NULL or as the header says.
pub(crate) unsafe extern "C" fn open<C: Connector>(
    call: *const headwater_call,
    config: headwater_str,
    out_source: *mut *mut c_void,
) -> i32 {
    enter(call, |_| {
        if out_source.is_null() {
            return Err(bad_argument("out_source", "is NULL"));
        }
        // SAFETY: the host lends the text for the call.
        let config = unsafe { argument("config", config) }?;
        let connector = C::open(config)?;
        let source = Box::new(SourceBox { connector, discovery: None, panic: None });
        // SAFETY: not NULL, and the host passes a place for one pointer.
        unsafe { out_source.write(Box::into_raw(source).cast()) };
        Ok(abi::HEADWATER_OK)
    })
}

/// `headwater_connector.check`.
///
/// # Safety
/// `source` is NULL or came from `open` and is used by this thread only.
pub(crate) unsafe extern "C" fn check<C: Connector>(
    call: *const headwater_call,
    source: *mut c_void,
    out_discovery: *mut headwater_discovery,
) -> i32 {
    enter(call, |host| {
        let out = lent!(out_discovery as_mut);
        // SAFETY: `source` is NULL or the box that `open` made for the same type C.
        let Some(source) = (unsafe { source.cast::<SourceBox<C>>().as_mut() }) else {
            return Err(bad_argument("source", "is NULL"));
        };
        source.discovery = None;
        let streams = source.run(|connector| connector.check(host))?;
        let infos = &source.discovery.insert(Discovery::new(streams)).infos;
        out.streams = if infos.is_empty() { std::ptr::null() } else { infos.as_ptr() };
        out.stream_count = infos.len();
        Ok(abi::HEADWATER_OK)
    })
}

/// `headwater_connector.read`.
///
/// # Safety
/// `source` is NULL or came from `open` and is used by this thread only.
pub(crate) unsafe extern "C" fn read<C: Connector>(
    call: *const headwater_call,
    source: *mut c_void,
    request: *const headwater_request,
    out_stream: *mut *mut c_void,
) -> i32 {
    enter(call, |host| {
        if out_stream.is_null() {
            return Err(bad_argument("out_stream", "is NULL"));
        }
        let request = lent!(request as_ref);
        // SAFETY: the host lends the request and its texts for the call.
        let request = unsafe { request_of(request) }?;
        // SAFETY: `source` is NULL or the box that `open` made for the same type C.
        let Some(source) = (unsafe { source.cast::<SourceBox<C>>().as_mut() }) else {
            return Err(bad_argument("source", "is NULL"));
        };
        let stream = source.run(|connector| connector.read(host, &request))?;
        let stream = Box::new(StreamBox::new(stream, request.accepts_arrow));
        // SAFETY: not NULL, and the host passes a place for one pointer.
        unsafe { out_stream.write(Box::into_raw(stream).cast()) };
        Ok(abi::HEADWATER_OK)
    })
}

/// # Safety
/// The texts of `request` are valid for `'a`.
unsafe fn request_of<'a>(request: &headwater_request) -> Result<Request<'a>, Failure> {
    if request.payload_kinds & (1 << abi::HEADWATER_PAYLOAD_JSON_LINES) == 0 {
        return Err(bad_argument(
            "payload_kinds",
            "lacks JSON Lines, which every host has to take",
        ));
    }
    // SAFETY: the caller promises that the texts are valid.
    unsafe {
        Ok(Request {
            stream: argument("stream", request.stream)?,
            checkpoint: borrow_bytes(request.checkpoint)
                .map_err(|what| bad_argument("checkpoint", what))?,
            partition: argument("partition", request.partition)?,
            batch_rows: usize::try_from(request.batch_rows).unwrap_or(usize::MAX),
            accepts_arrow: request.payload_kinds & (1 << abi::HEADWATER_PAYLOAD_ARROW) != 0,
        })
    }
}

/// `headwater_connector.close`.
///
/// # Safety
/// `source` is NULL or came from `open`, its streams are freed, and it is not used again.
pub(crate) unsafe extern "C" fn close<C: Connector>(source: *mut c_void) {
    if !source.is_null() {
        // SAFETY: not NULL, so it is the box that `open` made for the same type C.
        let source = unsafe { Box::from_raw(source.cast::<SourceBox<C>>()) };
        // There is no way to report it, and nothing left that could be used wrongly.
        let _ = catch(|| {
            drop(source);
            Ok(())
        });
    }
}
