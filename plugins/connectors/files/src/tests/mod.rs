//! Tests of the parts that the connectors do not reach through their traits.

mod config;
mod text;

use headwater_sdk::{Call, LogLevel};

/// A call that asks for a stop after so many polls.
struct Polls(std::cell::Cell<usize>);

impl Polls {
    fn without_end() -> Self {
        Self(std::cell::Cell::new(usize::MAX))
    }
}

impl Call for Polls {
    fn is_cancelled(&self) -> bool {
        let left = self.0.get();
        self.0.set(left.saturating_sub(1));
        left == 0
    }
    fn log(&self, _: LogLevel, _: &str) {}
}
