//! What the connectors that read files have in common: finding and opening files, and resuming in them.
//!
//! A connector implements [`Format`] and [`Rows`]; [`FileStream`] makes batches and checkpoints of them:
//!
//! 1. [`FileConfig`] takes the keys `path`, `encoding` and `compression` from a configuration.
//! 2. [`locate`](locate()) finds the files, [`open`](open()) gives a [`Window`] on the text of one.
//! 3. [`FileStream`] walks over the files, fills batches and writes a [`Checkpoint`] into each.

mod checkpoint;
mod config;
mod decode;
mod locate;
mod open;
mod stream;
mod window;

pub use checkpoint::{Checkpoint, Place};
pub use config::{Compression, FileConfig, Keys};
pub use locate::{Located, locate};
pub use open::open;
pub use stream::{FileStream, Format, Rows, Step, bad_row};
pub use window::{MAX_ROW_BYTES, Window};

#[cfg(test)]
mod tests;
