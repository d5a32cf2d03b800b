//! Headwater: records of a CRM, and the syncs that bring them there.
//!
//! A *workspace* holds *records*; a record changes only through *operations*, and each
//! operation ends as one *outcome*. ARCHITECTURE.md is the map, DESIGN.md says why.

pub mod error;
pub mod source;

pub use error::{Error, ErrorCode, ErrorGroup, Result, Retry};
