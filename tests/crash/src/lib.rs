//! Syncs that are killed, starved of space and disturbed, and what they must leave behind.
#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

pub mod desk;
pub mod faults;
pub mod journal;
pub mod people;
pub mod random;
pub mod reference;
pub mod signals;
pub mod workspace;

/// Shows what was measured, with `cargo test -- --nocapture`.
#[expect(clippy::print_stderr, reason = "what a test has to tell")]
pub fn tell(text: &str) {
    eprint!("{text}");
}
