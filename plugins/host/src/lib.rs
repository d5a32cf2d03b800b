//! Finds, checks and loads connector libraries, and drives them through core's traits.
//!
//! ```no_run
//! use headwater::source::{Connector, Control, ReadRequest};
//! use headwater_host::Connectors;
//!
//! # fn main() -> headwater::Result<()> {
//! let csv = Connectors::standard().find("csv")?;
//! let mut source = csv.open(&serde_json::json!({"path": "people.csv"}))?;
//! let control = Control::default();
//! for stream in source.check(&control)? {
//!     let request = ReadRequest { stream: stream.name, batch_rows: 1000, ..Default::default() };
//!     let mut rows = source.read(&control, &request)?;
//!     while let Some(batch) = rows.next(&control)? {
//!         println!("{} rows", batch.row_count);
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A connector is foreign code in this process. What can be checked is checked before the first
//! call into it ([`Connectors::find`] lists nothing unchecked as usable), what it returns is
//! copied and verified, and a call that shows no sign of life is given up
//! ([`LoadedConnector::with_patience`]). A library is never unloaded.

mod arrow;
mod batch;
mod call;
mod connector;
mod discovery;
mod failure;
mod layout;
mod load;
mod raw;
mod search;
mod source;
mod state;
mod stream;
mod table;
pub mod testkit;
mod watchdog;
mod whole;

pub use arrow::{import_columns, import_rows};
pub use connector::LoadedConnector;
pub use search::{Connectors, Listed};
