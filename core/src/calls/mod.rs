//! Calls on a workspace, single ones and batches, from the JSON of a request.

mod attributes;
mod batch;
mod edges;
mod history;
mod items;
mod records;

pub use batch::{apply_batch, parse_operation};
pub use edges::{EdgeOutcome, add_edge, edges, remove_edge, update_edge};
pub use history::history;
pub use items::{ItemOutcome, add_item, remove_item, update_item};
pub use records::{archive, assert, create, patch, restore};

pub(crate) use attributes::parse_attributes;

use crate::error::{Error, ErrorCode, Result};
use crate::operation::Outcome;
use crate::record::Record;

pub(crate) fn whole_record(outcome: Outcome) -> Result<Record> {
    outcome
        .record
        .ok_or_else(|| Error::new(ErrorCode::Internal, "an outcome came without its record"))
}
