//! What a panic leaves: a handle that no later call may use.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use headwater::{Error, ErrorCode, Result};

/// Whether a call on a handle has panicked.
#[derive(Default)]
pub(crate) struct Poison(AtomicBool);

impl Poison {
    /// Watches over a call that uses the handle.
    ///
    /// # Errors
    /// `internal_error` where an earlier one panicked.
    pub(crate) fn watch(&self, handle: &str) -> Result<Watch<'_>> {
        if self.0.load(Ordering::Acquire) {
            let what =
                format!("an earlier call panicked and may have left the {handle} half changed");
            return Err(Error::new(ErrorCode::Internal, what)
                .hint("free it and open it again; what was committed is there"));
        }
        let watch = Watch { poison: self, was_panicking: thread::panicking() };
        #[cfg(feature = "planted-panics")]
        crate::guard::planted_inside();
        Ok(watch)
    }
}

/// Notices that its call ends in a panic.
pub(crate) struct Watch<'a> {
    poison: &'a Poison,
    was_panicking: bool,
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if thread::panicking() && !self.was_panicking {
            self.poison.0.store(true, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_closes_its_handle_and_no_other() {
        let (hit, other) = (Poison::default(), Poison::default());
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _watch = hit.watch("query").unwrap();
            panic!("planted");
        }));
        assert!(panicked.is_err());
        let error = hit.watch("query").map(drop).unwrap_err();
        assert_eq!(error.code(), ErrorCode::Internal);
        assert!(other.watch("query").is_ok());
    }
}
