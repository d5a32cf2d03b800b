//! The one guard of every exported function: a panic becomes an error that carries its text.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::sync::Once;

use headwater::{Error, ErrorCode, Result};
use headwater_abi::HEADWATER_OK;

use crate::error::headwater_error;
use crate::handle::Owned;

thread_local! {
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs the body of a function that succeeds or fails, and gives its status.
///
/// # Safety
/// `out_error` is NULL or can be written to.
pub(crate) unsafe fn call(
    function: &'static str,
    out_error: *mut *mut headwater_error,
    body: impl FnOnce() -> Result<()>,
) -> i32 {
    // SAFETY: as the caller promises.
    unsafe { call_with_status(function, out_error, || body().map(|()| HEADWATER_OK)) }
}

/// As [`call`], for a body that knows more than one way to succeed.
///
/// # Safety
/// `out_error` is NULL or can be written to.
pub(crate) unsafe fn call_with_status(
    function: &'static str,
    out_error: *mut *mut headwater_error,
    body: impl FnOnce() -> Result<i32>,
) -> i32 {
    // Where even making the error panics, the status must do.
    let (status, error) = match catch(function, body).and_then(|done| done) {
        Ok(status) => (status, None),
        Err(error) => (error.code().number(), Some(error)),
    };
    if !out_error.is_null() {
        let object =
            error.map_or(std::ptr::null_mut(), |error| headwater_error::from(error).give());
        // SAFETY: the caller promises that it can be written to.
        unsafe { out_error.write_unaligned(object) };
    }
    status
}

/// Runs the body of a function that cannot fail; where it panics, `otherwise` is given.
pub(crate) fn value<T>(function: &'static str, otherwise: T, body: impl FnOnce() -> T) -> T {
    catch(function, body).unwrap_or(otherwise)
}

/// Runs `body`; a panic becomes `internal_error` with its text and place, and stays off stderr.
fn catch<T>(function: &'static str, body: impl FnOnce() -> T) -> Result<T> {
    static HOOK: Once = Once::new();
    // The hook of this library alone: a program in Rust that links it has a standard library of its own.
    HOOK.call_once(|| {
        let previous = take_hook();
        set_hook(Box::new(move |info| {
            // try_with: a panic may come while the thread's locals are being torn down.
            let is_guarded = IS_GUARDED.try_with(Cell::get).unwrap_or(false);
            // The other threads are this library's own: the call that waits for one gets its panic.
            if is_guarded || !cfg!(test) {
                note_place(info);
            } else {
                previous(info);
            }
        }));
    });
    let was_guarded = IS_GUARDED.try_with(|cell| cell.replace(true)).unwrap_or(true);
    // AssertUnwindSafe: a handle that a call may have left half changed is closed to later ones.
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        #[cfg(feature = "planted-panics")]
        planted(function);
        body()
    }));
    let _ = IS_GUARDED.try_with(|cell| cell.set(was_guarded));
    outcome.map_err(|payload| {
        let place = PLACE.try_with(RefCell::take).unwrap_or_default();
        let what = format!("{function} panicked{place}: {}", text_of(payload));
        Error::new(ErrorCode::Internal, what)
    })
}

fn note_place(info: &PanicHookInfo<'_>) {
    let place = info.location().map(|at| format!(" at {}:{}", at.file(), at.line()));
    let _ = PLACE.try_with(|cell| cell.replace(place.unwrap_or_default()));
}

fn text_of(payload: Box<dyn Any + Send>) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    if text.is_none() {
        // An unknown payload may panic again when it is dropped.
        std::mem::forget(payload);
    }
    text.unwrap_or_else(|| "a value that is not text".to_owned())
}

#[cfg(feature = "planted-panics")]
thread_local! {
    static FUNCTION: Cell<&'static str> = const { Cell::new("") };
}

/// Panics in the function that the environment names, before it does anything.
#[cfg(feature = "planted-panics")]
fn planted(function: &'static str) {
    FUNCTION.set(function);
    panic_if("HEADWATER_PLANTED_PANIC", function);
}

/// Panics in the function that the environment names, while it uses its object.
#[cfg(feature = "planted-panics")]
pub(crate) fn planted_inside() {
    planted_in(FUNCTION.get());
}

/// Panics in the place that the environment names, on whatever thread it is.
#[cfg(feature = "planted-panics")]
pub(crate) fn planted_in(place: &str) {
    panic_if("HEADWATER_PLANTED_PANIC_INSIDE", place);
}

#[cfg(feature = "planted-panics")]
#[expect(clippy::panic, reason = "this is what the feature is for")]
fn panic_if(variable: &str, place: &str) {
    if std::env::var(variable).is_ok_and(|name| name == place) {
        panic!("planted");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_and_the_place_of_a_panic_are_kept() {
        let error = catch::<()>("f", || panic!("boom {}", 7)).unwrap_err();
        assert_eq!(error.code(), ErrorCode::Internal);
        assert!(error.message().starts_with("f panicked at "), "{error}");
        assert!(error.message().contains("guard.rs:"), "{error}");
        assert!(error.message().ends_with(": boom 7"), "{error}");
    }

    #[test]
    fn a_payload_that_panics_when_dropped_is_contained() {
        struct Mine;
        impl Drop for Mine {
            fn drop(&mut self) {
                panic!("never reached");
            }
        }
        let error = catch::<()>("f", || std::panic::panic_any(Mine)).unwrap_err();
        assert!(error.message().ends_with("a value that is not text"), "{error}");
    }
}
