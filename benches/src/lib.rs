//! What `make bench` measures with: generated contacts, and a loader without semantics.

pub mod arguments;
pub mod contacts;
pub mod limit;
