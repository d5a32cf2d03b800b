//! Turns a panic into its text, and keeps that text off stderr while the host's call runs.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::sync::Once;

use headwater_abi as abi;

use crate::Failure;

thread_local! {
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs `body`; a panic becomes a failure that carries its text and place.
pub(crate) fn catch<T>(body: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous = take_hook();
        set_hook(Box::new(move |info| {
            // try_with: a panic may come while the thread's locals are being torn down.
            if !IS_GUARDED.try_with(Cell::get).unwrap_or(false) {
                previous(info);
            } else {
                note_place(info);
            }
        }));
    });
    let was_guarded = IS_GUARDED.replace(true);
    // AssertUnwindSafe: whatever the body leaves half changed is marked dead by our callers.
    let outcome = catch_unwind(AssertUnwindSafe(body));
    IS_GUARDED.set(was_guarded);
    outcome.unwrap_or_else(|payload| Err(failure_of(payload)))
}

fn note_place(info: &PanicHookInfo<'_>) {
    let place = info.location().map(|at| format!(" at {}:{}", at.file(), at.line()));
    let _ = PLACE.try_with(|cell| cell.replace(place.unwrap_or_default()));
}

fn failure_of(payload: Box<dyn Any + Send>) -> Failure {
    let place = PLACE.try_with(RefCell::take).unwrap_or_default();
    let text = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned());
    if text.is_none() {
        // An unknown payload may panic again when it is dropped.
        std::mem::forget(payload);
    }
    let text = text.unwrap_or_else(|| "a value that is not text".to_owned());
    Failure::new(
        abi::HEADWATER_E_CONNECTOR_PANICKED,
        format!("the connector panicked{place}: {text}"),
    )
    .hint("report a bug to the connector's authors")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_and_the_place_of_a_panic_are_kept() {
        let fault = catch::<()>(|| panic!("boom {}", 7)).unwrap_err();
        assert_eq!(fault.code, abi::HEADWATER_E_CONNECTOR_PANICKED);
        assert!(fault.message.ends_with(": boom 7"), "{}", fault.message);
        assert!(fault.message.contains("panics.rs:"), "{}", fault.message);
    }

    #[test]
    fn a_payload_that_panics_when_dropped_is_contained() {
        struct Mine;
        impl Drop for Mine {
            fn drop(&mut self) {
                panic!("never reached");
            }
        }
        let fault = catch::<()>(|| std::panic::panic_any(Mine)).unwrap_err();
        assert!(fault.message.ends_with("a value that is not text"), "{}", fault.message);
    }
}
