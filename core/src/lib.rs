//! Headwater: records of a CRM, and the syncs that bring them there.
//!
//! A *workspace* holds *records*; a record changes only through *operations*, and each
//! operation ends as one *outcome*. ARCHITECTURE.md is the map, DESIGN.md says why.

mod calls;
pub mod error;
mod local;
mod open;
pub mod operation;
pub mod record;
pub mod schema;
pub mod source;
pub mod store;
pub mod sync;
pub mod value;
mod workspace;

pub use calls::{archive, assert, create, patch};
pub use error::{Error, ErrorCode, ErrorGroup, Result, Retry};
pub use open::{OpenOptions, open};
pub use operation::{Action, ApplyMode, Match, Operation, Outcome, Page, Query};
pub use record::{Attributes, Change, Record};
pub use schema::{Schema, Write};
pub use value::Uuid;
pub use workspace::{ApplyOptions, Settle, Workspace};
