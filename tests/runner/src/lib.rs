//! Runs the conformance cases (`tests/cases`) on every surface and workspace.
//!
//! A [`Case`] is data; a [`Testee`] is a surface that answers its steps in JSON; [`run_cases`] compares;
//! [`Expected`] holds what is known not to work, and why. `tests/cases/README.md` is the manual.

pub mod case;
pub mod codes;
pub mod contract;
pub mod coverage;
pub mod expected;
pub mod pattern;
pub mod run;
pub mod saved;
pub mod surface;
pub mod table;
pub mod testee;

pub use case::{Case, Expect, Step, load_cases};
pub use expected::Expected;
pub use run::{CaseResult, Verdict, run_cases};
pub use surface::Surface;
pub use testee::{HttpTestee, InProcess, ProcessTestee, Remote, Response, Testee};

use std::path::PathBuf;

/// The folder with the cases, the expectations and this package: `tests/`.
#[must_use]
pub fn tests_folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
