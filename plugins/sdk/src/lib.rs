//! Write a Headwater connector in safe Rust: implement [`Connector`] and [`Stream`], and call
//! [`export_connector!`] once at the root of the crate.
//!
//! # A whole connector
//!
//! It counts to `n`, resumes from any of its checkpoints, and names the configuration key at
//! fault:
//!
//! ```
//! //! Counts.
//! use headwater_sdk::{Batch, Call, Connector, Failure, Field, Request, Stream, StreamInfo};
//!
//! struct Count {
//!     n: u64,
//! }
//!
//! struct Counting {
//!     at: u64,
//!     n: u64,
//!     batch_rows: usize,
//! }
//!
//! impl Connector for Count {
//!     const NAME: &'static str = "count";
//!     const VERSION: &'static str = env!("CARGO_PKG_VERSION");
//!     const CONFIG_SCHEMA: &'static str = r#"{
//!         "type": "object", "additionalProperties": false, "required": ["n"],
//!         "properties": {"n": {"type": "integer", "minimum": 0}}
//!     }"#;
//!     type Stream = Counting;
//!
//!     fn open(config: &str) -> Result<Self, Failure> {
//!         // A real connector lets serde read its configuration.
//!         let n = config.trim().strip_prefix(r#"{"n":"#).and_then(|rest| rest.strip_suffix('}'));
//!         let n = n.and_then(|n| n.trim().parse().ok()).ok_or_else(|| {
//!             Failure::config("n", format!("expected {{\"n\": whole number}}, found {config}"))
//!                 .hint("give a whole number, for example {\"n\": 3}")
//!         })?;
//!         Ok(Self { n })
//!     }
//!
//!     fn check(&mut self, _call: &dyn Call) -> Result<Vec<StreamInfo>, Failure> {
//!         let number = Field { name: "number".into(), value_type: "number".into(), is_key: true };
//!         Ok(vec![StreamInfo {
//!             name: "numbers".into(),
//!             fields: vec![number],
//!             fields_are_complete: true,
//!             is_incremental: false,
//!             position_unit: String::new(),
//!         }])
//!     }
//!
//!     fn read(&mut self, _: &dyn Call, request: &Request<'_>) -> Result<Counting, Failure> {
//!         let at = match request.checkpoint {
//!             [] => 0,
//!             bytes => <[u8; 8]>::try_from(bytes).map(u64::from_le_bytes).map_err(|_| {
//!                 let code = headwater_sdk::abi::HEADWATER_E_CHECKPOINT_INVALID;
//!                 Failure::new(code, format!("expected 8 bytes, found {}", bytes.len()))
//!             })?,
//!         };
//!         Ok(Counting { at, n: self.n, batch_rows: request.batch_rows.max(1) })
//!     }
//! }
//!
//! impl Stream for Counting {
//!     fn next(&mut self, call: &dyn Call, batch: &mut Batch) -> Result<bool, Failure> {
//!         if self.at >= self.n {
//!             return Ok(false);
//!         }
//!         while self.at < self.n && batch.positions.len() < self.batch_rows {
//!             if call.is_cancelled() {
//!                 return Err(Failure::cancelled());
//!             }
//!             batch.json_lines.push_str(&format!("{{\"number\":{}}}\n", self.at));
//!             batch.positions.push(self.at);
//!             self.at += 1;
//!         }
//!         batch.checkpoint.extend_from_slice(&self.at.to_le_bytes());
//!         Ok(true)
//!     }
//! }
//!
//! headwater_sdk::export_connector!(Count);
//! # fn main() {}
//! ```
//!
//! Build it as a `cdylib` named `headwater_connector_<name>`, and try it with
//! `headwater connectors test LIBRARY --config '{"n":3}'`.
//!
//! # Rows as Arrow
//!
//! With the feature `arrow` a batch can hold columns instead of lines, which costs less where the
//! rows are many or their values are typed. A host says whether it takes them; one that does not
//! gets JSON Lines.
//!
#![cfg_attr(feature = "arrow", doc = "```")]
#![cfg_attr(not(feature = "arrow"), doc = "```ignore")]
//! use std::sync::Arc;
//! use headwater_sdk::arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
//! use headwater_sdk::{ArrowRows, Batch, Failure, NullMeans};
//!
//! fn fill(batch: &mut Batch, numbers: &[i64], accepts_arrow: bool) -> Result<(), Failure> {
//!     if !accepts_arrow {
//!         let lines = numbers.iter().map(|n| format!("{{\"number\":{n},\"text\":\"no {n}\"}}\n"));
//!         batch.json_lines.extend(lines);
//!         return Ok(());
//!     }
//!     let texts = StringArray::from_iter_values(numbers.iter().map(|n| format!("no {n}")));
//!     let columns: [(&str, ArrayRef); 2] = [
//!         ("number", Arc::new(Int64Array::from(numbers.to_vec()))),
//!         ("text", Arc::new(texts)),
//!     ];
//!     let rows = RecordBatch::try_from_iter(columns)
//!         .map_err(|error| Failure::data(error.to_string()))?;
//!     batch.arrow = Some(ArrowRows::new(rows, NullMeans::Null));
//!     Ok(())
//! }
//! # let mut batch = Batch::default();
//! # fill(&mut batch, &[1, 2], true).unwrap();
//! # assert!(batch.arrow.is_some() && batch.json_lines.is_empty());
//! ```
//!
//! Ask `Request::accepts_arrow` when the read starts, and keep the answer. Every Arrow batch of one
//! read has the same columns with the same types. Numbers, booleans, decimals, days, times, text,
//! lists, structs and maps are values; intervals, durations and unions are not.
//!
//! # What the SDK takes care of
//!
//! - No panic leaves the library: it becomes `connector_panicked` with its text and place, and
//!   nothing is written to stderr. The stream that failed is dead, the host lives on. What no
//!   library can contain is an abort: a stack overflow, a panic in a `Drop` during a panic, or
//!   `panic = "abort"`, which therefore does not compile.
//! - Rows, names and messages stay alive for as long as the host borrows them; Arrow rows are handed
//!   over, and a panic while they are freed is contained.
//! - With the feature `checked` (the default) the library also carries the layout of every
//!   struct that crosses, and a host built against another layout refuses it by name.
//!
//! # One exported connector in a binary
//!
//! [`export_connector!`] defines symbols with fixed names. A crate that uses it is built as a
//! `cdylib`, and its tests stand inside the crate. Adding `rlib` is possible so long as no binary
//! links two such crates, which ends in a `duplicate symbol` error of the linker. A crate whose
//! types others use puts the line behind a feature of its own:
//! `#[cfg(feature = "export")] headwater_sdk::export_connector!(Mine);`.

#[cfg(feature = "arrow")]
mod arrow;
mod borrow;
mod call;
mod connector;
mod discovery;
/// What [`export_connector!`] expands to; not meant to be called by hand.
#[doc(hidden)]
pub mod export;
mod panics;
mod source;
mod stream;

#[cfg(feature = "arrow")]
pub use arrow::{ArrowRows, NullMeans};
#[cfg(feature = "arrow")]
pub use {arrow_array, arrow_schema};

pub use connector::{
    BadRow, Batch, Call, Connector, Failure, Field, LogLevel, Request, Retry, Stream, StreamInfo,
};
pub use headwater_abi as abi;
