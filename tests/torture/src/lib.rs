//! Nothing but a place for the tests: `tests/torture.rs` runs the sets of `torture/`.
