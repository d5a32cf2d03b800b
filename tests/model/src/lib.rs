//! A simple model of the record API, and random operations that compare the workspace with it.
//!
//! [`World`] is the record API of contract.md over plain maps and lists: it knows no SQL, no
//! batches and none of the library's code. [`sequence`] makes random requests, [`replay`] puts each
//! to the world and to a testee, and compares the outcomes, then everything that can be read.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

mod parts;
mod query;
mod records;
mod replay;
mod resolve;
mod schema;
mod steps;
mod value;
mod world;

pub use replay::{Mode, replay};
pub use steps::{Step, sequence};
pub use world::World;
