//! What each fuzz target checks: one module a target, each with `run(input)`, which panics on a finding.

pub mod checkpoint;
pub mod csv;
pub mod job_file;
pub mod json;
pub mod mapping;
pub mod query;
pub mod sync;
pub mod value;

pub use headwater_hostile as connector_abi;

mod expect;
mod files;
mod memory;
mod scratch;
mod secret;

/// Checks one input.
pub type Target = fn(&[u8]);

/// Every target, by the name of its folders of seeds and kept inputs.
pub const TARGETS: [(&str, Target); 9] = [
    ("value", value::run),
    ("job_file", job_file::run),
    ("csv", csv::run),
    ("json", json::run),
    ("checkpoint", checkpoint::run),
    ("connector_abi", connector_abi::run),
    ("mapping", mapping::run),
    ("sync", sync::run),
    ("query", query::run),
];
