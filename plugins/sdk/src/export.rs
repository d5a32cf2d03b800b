//! The C table of a connector: every entry converts, catches panics, and reports failures.

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};

use headwater_abi::{
    HEADWATER_DONE, HEADWATER_E_CONNECTOR_MISBEHAVED, HEADWATER_E_CONNECTOR_PANICKED,
    HEADWATER_FIELD_KEY, HEADWATER_NULL_IS_ABSENT, HEADWATER_OK, HEADWATER_PAYLOAD_JSON_LINES,
    HEADWATER_RETRY_AFTER, HEADWATER_RETRY_BACKOFF, HEADWATER_RETRY_NEVER,
    HEADWATER_STREAM_FIELDS_COMPLETE, HEADWATER_STREAM_INCREMENTAL, headwater_bad_row,
    headwater_batch, headwater_call, headwater_connector, headwater_description,
    headwater_discovery, headwater_failure, headwater_field, headwater_request, headwater_str,
    headwater_stream_info,
};

use crate::connector::{
    Batch, Call, Connector, Failure, LogLevel, Request, Retry, Stream, StreamInfo,
};

/// A table in a static: it holds only function pointers and numbers.
#[repr(transparent)]
pub struct Table(pub headwater_connector);

// SAFETY: the table is never written after it is built, and holds no pointer to data.
unsafe impl Sync for Table {}

impl Table {
    /// The table of a connector.
    #[must_use]
    pub const fn of<C: Connector>() -> Self {
        Self(headwater_connector {
            struct_size: size_of::<headwater_connector>(),
            abi_major: headwater_abi::HEADWATER_CONNECTOR_ABI_MAJOR,
            abi_minor: headwater_abi::HEADWATER_CONNECTOR_ABI_MINOR,
            describe: Some(describe::<C>),
            open: Some(open::<C>),
            check: Some(check::<C>),
            read: Some(read::<C>),
            next: Some(next::<C>),
            close_stream: Some(close_stream::<C>),
            close: Some(close::<C>),
        })
    }
}

/// A source on the heap, with what it has lent to the host.
struct SourceBox<C> {
    connector: C,
    is_dead: bool,
    streams: Vec<StreamInfo>,
    fields: Vec<Vec<headwater_field>>,
    lent: Vec<headwater_stream_info>,
}

/// A stream on the heap, with what it has lent to the host.
struct StreamBox<S> {
    stream: S,
    is_dead: bool,
    batch: Batch,
    bad_rows: Vec<headwater_bad_row>,
}

/// The host's call, as the safe side sees it.
struct HostCall<'a>(&'a headwater_call);

impl Call for HostCall<'_> {
    fn is_cancelled(&self) -> bool {
        // SAFETY: the host keeps `context` valid for `cancelled` during the call.
        self.0.cancelled.is_some_and(|cancelled| unsafe { cancelled(self.0.context) } != 0)
    }

    fn log(&self, level: LogLevel, message: &str) {
        if let Some(log) = self.0.log {
            // SAFETY: the host keeps `context` valid during the call and copies the message.
            unsafe { log(self.0.context, level as i32, lend(message.as_bytes())) };
        }
    }
}

const fn lend(bytes: &[u8]) -> headwater_str {
    headwater_str { ptr: bytes.as_ptr(), len: bytes.len() }
}

/// The bytes that the host lends for the call.
///
/// # Safety
/// `text` holds `len` readable bytes at `ptr` for `'a`, or is empty.
unsafe fn bytes<'a>(text: headwater_str) -> &'a [u8] {
    if text.len == 0 || text.ptr.is_null() {
        return &[];
    }
    // SAFETY: not NULL and not empty, so the caller's promise holds.
    unsafe { std::slice::from_raw_parts(text.ptr, text.len) }
}

/// # Safety
/// As [`bytes`].
unsafe fn text<'a>(text: headwater_str, what: &str) -> Result<&'a str, Failure> {
    // SAFETY: the caller's promise.
    std::str::from_utf8(unsafe { bytes(text) }).map_err(|_| {
        Failure::new(HEADWATER_E_CONNECTOR_MISBEHAVED, format!("the host's {what} is not UTF-8"))
    })
}

fn report(call: &headwater_call, failure: &Failure) -> i32 {
    let (retry, retry_after_ms) = match failure.retry {
        Retry::Never => (HEADWATER_RETRY_NEVER, 0),
        Retry::Backoff => (HEADWATER_RETRY_BACKOFF, 0),
        Retry::AfterMillis(millis) => (HEADWATER_RETRY_AFTER, millis),
    };
    let lent = headwater_failure {
        struct_size: size_of::<headwater_failure>(),
        code: failure.code,
        retry,
        retry_after_ms,
        message: lend(failure.message.as_bytes()),
        field: lend(failure.field.as_bytes()),
        record: lend(failure.record.as_bytes()),
        hint: lend(failure.hint.as_bytes()),
    };
    if let Some(fail) = call.fail {
        // SAFETY: the host keeps `context` valid during the call and copies the failure.
        unsafe { fail(call.context, &raw const lent) };
    }
    failure.code
}

/// Runs one entry: failures are reported, panics are caught, nothing unwinds into the host.
fn guard(
    call: *const headwater_call,
    body: impl FnOnce(&HostCall<'_>) -> Result<i32, Failure>,
) -> i32 {
    // SAFETY: the host passes NULL or a call that is valid until this function returns.
    let Some(call) = (unsafe { call.as_ref() }) else { return HEADWATER_E_CONNECTOR_MISBEHAVED };
    match catch_unwind(AssertUnwindSafe(|| body(&HostCall(call)))) {
        Ok(Ok(status)) => status,
        Ok(Err(failure)) => report(call, &failure),
        Err(panic) => {
            let what = panic
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned())
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_else(|| "a panic without a message".to_owned());
            // Dropping what was thrown may panic again.
            std::mem::forget(panic);
            let failure = Failure::new(
                HEADWATER_E_CONNECTOR_PANICKED,
                format!("the connector panicked: {what}"),
            );
            report(call, &failure)
        }
    }
}

fn null(what: &str) -> Failure {
    Failure::new(HEADWATER_E_CONNECTOR_MISBEHAVED, format!("the host passed NULL for {what}"))
}

fn dead(what: &str) -> Failure {
    Failure::new(
        HEADWATER_E_CONNECTOR_MISBEHAVED,
        format!("the {what} failed earlier and cannot be used again"),
    )
}

unsafe extern "C" fn describe<C: Connector>(
    call: *const headwater_call,
    out: *mut headwater_description,
) -> i32 {
    guard(call, |_| {
        // SAFETY: the host passes NULL or a description of at least `struct_size` bytes.
        let out = unsafe { out.as_mut() }.ok_or_else(|| null("out_description"))?;
        out.name = lend(C::NAME.as_bytes());
        out.version = lend(C::VERSION.as_bytes());
        out.config_schema = lend(C::CONFIG_SCHEMA.as_bytes());
        out.capabilities = 0;
        Ok(HEADWATER_OK)
    })
}

unsafe extern "C" fn open<C: Connector>(
    call: *const headwater_call,
    config: headwater_str,
    out: *mut *mut c_void,
) -> i32 {
    guard(call, |_| {
        // SAFETY: the host passes NULL or a place for one pointer.
        let out = unsafe { out.as_mut() }.ok_or_else(|| null("out_source"))?;
        // SAFETY: the host lends the configuration for the call.
        let connector = C::open(unsafe { text(config, "configuration") }?)?;
        let source = SourceBox {
            connector,
            is_dead: false,
            streams: Vec::new(),
            fields: Vec::new(),
            lent: Vec::new(),
        };
        *out = Box::into_raw(Box::new(source)).cast();
        Ok(HEADWATER_OK)
    })
}

unsafe extern "C" fn check<C: Connector>(
    call: *const headwater_call,
    source: *mut c_void,
    out: *mut headwater_discovery,
) -> i32 {
    guard(call, |call| {
        // SAFETY: the host passes NULL or what `open` gave, to one thread at a time.
        let source =
            unsafe { source.cast::<SourceBox<C>>().as_mut() }.ok_or_else(|| null("source"))?;
        // SAFETY: the host passes NULL or a discovery of at least `struct_size` bytes.
        let out = unsafe { out.as_mut() }.ok_or_else(|| null("out_discovery"))?;
        if std::mem::replace(&mut source.is_dead, true) {
            return Err(dead("source"));
        }
        let streams = source.connector.check(call);
        source.is_dead = false;
        source.streams = streams?;
        source.lend_streams();
        out.streams = source.lent.as_ptr();
        out.stream_count = source.lent.len();
        Ok(HEADWATER_OK)
    })
}

impl<C> SourceBox<C> {
    /// Builds the C view of `streams`; it points into them, so they stay as they are.
    fn lend_streams(&mut self) {
        self.fields = self
            .streams
            .iter()
            .map(|stream| {
                let lend_field = |field: &crate::Field| headwater_field {
                    struct_size: size_of::<headwater_field>(),
                    name: lend(field.name.as_bytes()),
                    value_type: lend(field.value_type.as_bytes()),
                    flags: if field.is_key { HEADWATER_FIELD_KEY } else { 0 },
                };
                stream.fields.iter().map(lend_field).collect()
            })
            .collect();
        self.lent = self
            .streams
            .iter()
            .zip(&self.fields)
            .map(|(stream, fields)| {
                let complete =
                    if stream.fields_are_complete { HEADWATER_STREAM_FIELDS_COMPLETE } else { 0 };
                let incremental =
                    if stream.is_incremental { HEADWATER_STREAM_INCREMENTAL } else { 0 };
                headwater_stream_info {
                    struct_size: size_of::<headwater_stream_info>(),
                    name: lend(stream.name.as_bytes()),
                    flags: complete | incremental,
                    fields: fields.as_ptr(),
                    field_count: fields.len(),
                    position_unit: lend(stream.position_unit.as_bytes()),
                }
            })
            .collect();
    }
}

unsafe extern "C" fn read<C: Connector>(
    call: *const headwater_call,
    source: *mut c_void,
    request: *const headwater_request,
    out: *mut *mut c_void,
) -> i32 {
    guard(call, |call| {
        // SAFETY: the host passes NULL or what `open` gave, to one thread at a time.
        let source =
            unsafe { source.cast::<SourceBox<C>>().as_mut() }.ok_or_else(|| null("source"))?;
        // SAFETY: the host passes NULL or a request that is valid for the call.
        let lent = unsafe { request.as_ref() }.ok_or_else(|| null("request"))?;
        // SAFETY: the host passes NULL or a place for one pointer.
        let out = unsafe { out.as_mut() }.ok_or_else(|| null("out_stream"))?;
        if std::mem::replace(&mut source.is_dead, true) {
            return Err(dead("source"));
        }
        let request = Request {
            // SAFETY: the host lends the texts of the request for the call.
            stream: unsafe { text(lent.stream, "stream name") }?,
            // SAFETY: as above.
            checkpoint: unsafe { bytes(lent.checkpoint) },
            // SAFETY: as above.
            partition: unsafe { text(lent.partition, "partition") }?,
            batch_rows: usize::try_from(lent.batch_rows).unwrap_or(usize::MAX),
        };
        let stream = source.connector.read(call, &request);
        source.is_dead = false;
        let stream = StreamBox {
            stream: stream?,
            is_dead: false,
            batch: Batch::default(),
            bad_rows: Vec::new(),
        };
        *out = Box::into_raw(Box::new(stream)).cast();
        Ok(HEADWATER_OK)
    })
}

unsafe extern "C" fn next<C: Connector>(
    call: *const headwater_call,
    stream: *mut c_void,
    out: *mut headwater_batch,
) -> i32 {
    guard(call, |call| {
        // SAFETY: the host passes NULL or what `read` gave, to one thread at a time.
        let stream = unsafe { stream.cast::<StreamBox<C::Stream>>().as_mut() }
            .ok_or_else(|| null("stream"))?;
        // SAFETY: the host passes NULL or a batch of at least `struct_size` bytes.
        let out = unsafe { out.as_mut() }.ok_or_else(|| null("out_batch"))?;
        if std::mem::replace(&mut stream.is_dead, true) {
            return Err(dead("stream"));
        }
        stream.batch.clear();
        if !stream.stream.next(call, &mut stream.batch)? {
            return Ok(HEADWATER_DONE);
        }
        stream.is_dead = false;
        stream.bad_rows = stream
            .batch
            .bad_rows
            .iter()
            .map(|row| headwater_bad_row {
                struct_size: size_of::<headwater_bad_row>(),
                code: row.failure.code,
                position: row.position,
                message: lend(row.failure.message.as_bytes()),
                field: lend(row.failure.field.as_bytes()),
                hint: lend(row.failure.hint.as_bytes()),
                raw: lend(&row.raw),
            })
            .collect();
        let batch = &stream.batch;
        out.payload_kind = HEADWATER_PAYLOAD_JSON_LINES;
        out.null_means = HEADWATER_NULL_IS_ABSENT;
        out.data = lend(batch.json_lines.as_bytes());
        out.record_count = batch.positions.len() as u64;
        out.positions = batch.positions.as_ptr();
        out.bad_rows = stream.bad_rows.as_ptr();
        out.bad_row_count = stream.bad_rows.len();
        out.checkpoint = lend(&batch.checkpoint);
        Ok(HEADWATER_OK)
    })
}

unsafe extern "C" fn close_stream<C: Connector>(stream: *mut c_void) {
    // SAFETY: the host passes NULL or what `read` gave, and does not use it again.
    unsafe { free::<StreamBox<C::Stream>>(stream) };
}

unsafe extern "C" fn close<C: Connector>(source: *mut c_void) {
    // SAFETY: the host passes NULL or what `open` gave, and does not use it again.
    unsafe { free::<SourceBox<C>>(source) };
}

/// # Safety
/// `object` is NULL or came from `Box::into_raw` of a `Box<T>`, and is not used again.
unsafe fn free<T>(object: *mut c_void) {
    if object.is_null() {
        return;
    }
    let drop_it = || {
        // SAFETY: the caller's promise.
        drop(unsafe { Box::from_raw(object.cast::<T>()) });
    };
    if let Err(panic) = catch_unwind(AssertUnwindSafe(drop_it)) {
        std::mem::forget(panic);
    }
}

/// Exports a [`Connector`](crate::Connector) from a `cdylib` crate, once in the crate.
///
/// The plain C symbol serves every host; with the feature `checked` (the default) a root module
/// lets the host compare layouts first.
#[macro_export]
macro_rules! export_connector {
    ($connector:ty) => {
        static __HEADWATER_TABLE: $crate::Table = $crate::Table::of::<$connector>();

        #[doc(hidden)]
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn headwater_connector_v1() -> *const $crate::abi::headwater_connector
        {
            &raw const __HEADWATER_TABLE.0
        }

        $crate::__export_root_module!();
    };
}

/// The abi_stable half of [`export_connector!`]: what its own attribute would write, without
/// asking every connector crate to depend on abi_stable by name.
#[cfg(feature = "checked")]
#[doc(hidden)]
#[macro_export]
macro_rules! __export_root_module {
    () => {
        #[doc(hidden)]
        #[unsafe(export_name = "_1as_0lib_1header_0root_bmodule_bloader")]
        pub static __HEADWATER_ROOT_MODULE: $crate::abi_stable::library::LibHeader = {
            extern "C" fn root_module() -> $crate::abi_stable::library::RootModuleResult {
                $crate::abi_stable::library::__call_root_module_loader(|| {
                    $crate::root_module(headwater_connector_v1)
                })
            }
            // SAFETY: the function gives a module of this very type, and its layout is exported.
            unsafe {
                $crate::abi_stable::library::LibHeader::from_constructor::<$crate::ConnectorRootRef>(
                    root_module,
                    $crate::abi_stable::library::CheckTypeLayout::Yes,
                )
            }
        };
    };
}

/// The abi_stable half of [`export_connector!`], left out.
#[cfg(not(feature = "checked"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __export_root_module {
    () => {};
}
