//! The abi_stable door to the same table: a root module with one field.
//!
//! It lives in this crate because abi_stable compares the version of the crate that declares a
//! type, and only this crate's version moves with the ABI. When a struct grows, the structs as
//! they were stay here as a frozen root of their own: abi_stable refuses any other size, and a
//! connector built against the older minor version has to be accepted still.
#![allow(missing_docs, reason = "abi_stable's derive adds accessors that carry no docs")]

use abi_stable::StableAbi;
use abi_stable::library::RootModule;
use abi_stable::sabi_types::VersionStrings;

use crate::headwater_connector;

/// What a connector built with the Rust SDK exports beside the plain C symbol.
///
/// The layout check follows the function's result into the table and from there into every
/// struct that crosses.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = ConnectorRootRef)))]
#[sabi(missing_field(panic))]
pub struct ConnectorRoot {
    /// The same function as the symbol `headwater_connector_v1`.
    #[sabi(last_prefix_field)]
    pub table: extern "C" fn() -> *const headwater_connector,
}

impl RootModule for ConnectorRootRef {
    abi_stable::declare_root_module_statics! {ConnectorRootRef}
    const BASE_NAME: &'static str = "headwater_connector";
    const NAME: &'static str = "headwater_connector";
    const VERSION_STRINGS: VersionStrings = abi_stable::package_version_strings!();
}
