//! A connector's table whose functions do what a script says, with memory that really is there.

use std::ffi::c_void;
use std::ptr;
use std::sync::{Mutex, PoisonError};

use headwater_abi::{
    HEADWATER_CONNECTOR_ABI_MAJOR, HEADWATER_CONNECTOR_ABI_MINOR, HEADWATER_DONE, headwater_batch,
    headwater_call, headwater_connector, headwater_description, headwater_discovery,
    headwater_failure, headwater_request, headwater_str,
};

/// What the functions do, and the memory that they lend.
pub(crate) struct Script {
    pub(crate) describe: (Call, [headwater_str; 3]),
    pub(crate) open: Call,
    pub(crate) check: (Call, headwater_discovery),
    pub(crate) read: Call,
    /// What `next` gives, call by call; then the end.
    pub(crate) batches: Vec<(Call, headwater_batch)>,
    pub(crate) next: usize,
}

// SAFETY: the pointers lead to memory that the target keeps until the connector is gone, and that
// nobody writes.
unsafe impl Send for Script {}

/// How a function behaves, whatever it gives.
#[derive(Clone, Default)]
pub(crate) struct Call {
    pub(crate) status: i32,
    /// Whether `open` and `read` leave their handle NULL.
    pub(crate) leaves_null: bool,
    pub(crate) failures: Vec<*const headwater_failure>,
    pub(crate) logs: Vec<(i32, headwater_str)>,
}

/// What runs now: functions of a table have no context of their own.
pub(crate) static SCRIPT: Mutex<Option<Script>> = Mutex::new(None);

/// The address of a source and of a stream.
static HANDLE: u8 = 0;

/// The table.
pub(crate) fn table() -> headwater_connector {
    headwater_connector {
        struct_size: size_of::<headwater_connector>(),
        abi_major: HEADWATER_CONNECTOR_ABI_MAJOR,
        abi_minor: HEADWATER_CONNECTOR_ABI_MINOR,
        describe: Some(describe),
        open: Some(open),
        check: Some(check),
        read: Some(read),
        next: Some(next),
        close_stream: Some(close),
        close: Some(close),
    }
}

/// Runs a part of the script, and calls back as it says.
fn play<T>(call: *const headwater_call, part: impl FnOnce(&mut Script) -> (Call, T)) -> (Call, T) {
    let mut script = SCRIPT.lock().unwrap_or_else(PoisonError::into_inner);
    let (played, given) = part(script.as_mut().expect("a script is set while a connector lives"));
    // SAFETY: the host lends the call while it runs, with every function in it.
    let call = unsafe { &*call };
    let (fail, log, cancelled) = (call.fail, call.log, call.cancelled);
    for (level, line) in &played.logs {
        // SAFETY: the context is the host's own, the text is the target's.
        log.into_iter().for_each(|log| unsafe { log(call.context, *level, *line) });
    }
    // SAFETY: the context is the host's own.
    cancelled.into_iter().for_each(|cancelled| unsafe {
        cancelled(call.context);
    });
    for failure in &played.failures {
        // SAFETY: the context is the host's own, the failure is the target's.
        fail.into_iter().for_each(|fail| unsafe { fail(call.context, *failure) });
    }
    (played, given)
}

unsafe extern "C" fn describe(call: *const headwater_call, out: *mut headwater_description) -> i32 {
    let (played, texts) = play(call, |script| (script.describe.0.clone(), script.describe.1));
    // SAFETY: the host lends a description to be filled.
    let out = unsafe { &mut *out };
    [out.name, out.version, out.config_schema] = texts;
    played.status
}

unsafe extern "C" fn open(
    call: *const headwater_call,
    _config: headwater_str,
    out: *mut *mut c_void,
) -> i32 {
    let (played, ()) = play(call, |script| (script.open.clone(), ()));
    // SAFETY: the host lends a place for one pointer.
    unsafe { *out = handle(&played) };
    played.status
}

unsafe extern "C" fn check(
    call: *const headwater_call,
    _source: *mut c_void,
    out: *mut headwater_discovery,
) -> i32 {
    let (played, (streams, stream_count)) = play(call, |script| {
        let (played, given) = &script.check;
        (played.clone(), (given.streams, given.stream_count))
    });
    // SAFETY: the host lends a discovery to be filled.
    let out = unsafe { &mut *out };
    (out.streams, out.stream_count) = (streams, stream_count);
    played.status
}

unsafe extern "C" fn read(
    call: *const headwater_call,
    _source: *mut c_void,
    _request: *const headwater_request,
    out: *mut *mut c_void,
) -> i32 {
    let (played, ()) = play(call, |script| {
        script.next = 0;
        (script.read.clone(), ())
    });
    // SAFETY: the host lends a place for one pointer.
    unsafe { *out = handle(&played) };
    played.status
}

unsafe extern "C" fn next(
    call: *const headwater_call,
    _stream: *mut c_void,
    out: *mut headwater_batch,
) -> i32 {
    let (played, given) = play(call, |script| {
        let at = script.next;
        script.next += 1;
        match script.batches.get(at) {
            // SAFETY: a struct of plain data and pointers, which the target keeps alive.
            Some((played, batch)) => (played.clone(), Some(unsafe { ptr::read(batch) })),
            None => (Call { status: HEADWATER_DONE, ..Call::default() }, None),
        }
    });
    if let Some(given) = given {
        // SAFETY: the host lends a batch to be filled.
        unsafe { ptr::write(out, given) };
    }
    played.status
}

unsafe extern "C" fn close(_handle: *mut c_void) {}

fn handle(played: &Call) -> *mut c_void {
    match played.leaves_null {
        true => ptr::null_mut(),
        false => (&raw const HANDLE).cast_mut().cast(),
    }
}
