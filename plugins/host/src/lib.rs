//! Finds, checks and loads connector libraries, and keeps what they do wrong inside.
//!
//! A library is checked before its first call and never unloaded. Each opened source lives on a
//! thread of its own: a connector that hangs costs that thread, not the host.

mod batch;
mod call;
mod load;
mod search;
mod session;
mod source;
pub mod testkit;
mod text;
mod worker;

pub use load::LoadedConnector;
pub use search::{Connectors, Found};
