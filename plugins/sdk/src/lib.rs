//! Write a Headwater connector in safe Rust: implement [`Connector`] and [`Stream`], then
//! [`export_connector!`] from a crate of type `cdylib`.
//!
//! ```
//! use headwater_sdk::{Batch, Call, Connector, Failure, Request, Stream, StreamInfo};
//!
//! struct Greetings;
//! struct Once(bool);
//!
//! impl Connector for Greetings {
//!     const NAME: &'static str = "greetings";
//!     const VERSION: &'static str = "0.1.0";
//!     const CONFIG_SCHEMA: &'static str = r#"{"type": "object", "properties": {}}"#;
//!     type Stream = Once;
//!
//!     fn open(_config: &str) -> Result<Self, Failure> {
//!         Ok(Self)
//!     }
//!     fn check(&mut self, _call: &dyn Call) -> Result<Vec<StreamInfo>, Failure> {
//!         Ok(vec![StreamInfo {
//!             name: "greetings".into(),
//!             fields: Vec::new(),
//!             fields_are_complete: false,
//!             is_incremental: false,
//!             position_unit: "row".into(),
//!         }])
//!     }
//!     fn read(&mut self, _call: &dyn Call, request: &Request<'_>) -> Result<Once, Failure> {
//!         Ok(Once(!request.checkpoint.is_empty()))
//!     }
//! }
//!
//! impl Stream for Once {
//!     fn next(&mut self, _call: &dyn Call, batch: &mut Batch) -> Result<bool, Failure> {
//!         if std::mem::replace(&mut self.0, true) {
//!             return Ok(false);
//!         }
//!         batch.json_lines.push_str("{\"first_name\": \"World\"}\n");
//!         batch.positions.push(1);
//!         batch.checkpoint.extend_from_slice(b"1");
//!         Ok(true)
//!     }
//! }
//!
//! headwater_sdk::export_connector!(Greetings);
//! # fn main() {}
//! ```

mod connector;
mod export;
#[cfg(feature = "checked")]
mod root_module;

#[cfg(feature = "checked")]
#[doc(hidden)]
pub use abi_stable;
pub use connector::{
    BadRow, Batch, Call, Connector, Failure, Field, LogLevel, Request, Retry, Stream, StreamInfo,
};
pub use export::Table;
pub use headwater_abi as abi;
#[cfg(feature = "checked")]
#[doc(hidden)]
pub use root_module::{ConnectorRoot, ConnectorRootRef, root_module};
