//! Headwater: records of a CRM, and the syncs that bring them there.
//!
//! A *workspace* holds *records*; a record changes only through *operations*, and each
//! operation ends as one *outcome*. ARCHITECTURE.md is the map, DESIGN.md says why.

pub mod access;
mod acting;
pub mod activity;
mod calls;
pub mod error;
mod keyring;
mod local;
mod open;
pub mod operation;
pub mod record;
pub mod remote;
pub mod schema;
mod seed;
pub mod source;
mod stopwatch;
pub mod store;
pub mod sync;
mod twin;
pub mod value;
mod workspace;

pub use acting::ActingAs;
pub use activity::{activity_json, log_activity, query_activities};
pub use calls::{
    EdgeOutcome, ItemOutcome, add_edge, add_item, apply_batch, archive, assert, create, edges,
    history, parse_operation, patch, remove_edge, remove_item, restore, update_edge, update_item,
};
pub use error::{Error, ErrorCode, ErrorGroup, Result, Retry};
pub use open::{OpenOptions, open, open_generating, open_remote};
pub use operation::{Action, Actor, ApplyMode, Match, Operation, Outcome, Page, Query};
pub use record::{Attributes, Change, Record};
pub use schema::{Declarations, Declared, Schema, Write};
pub use seed::seed;
pub use store::{FixedClock, Generation};
pub use twin::Twin;
pub use value::Uuid;
pub use workspace::{
    ApplyOptions, ApplyTimes, Drift, Foresight, Prepared, RequestPace, Settle, Workspace,
};
