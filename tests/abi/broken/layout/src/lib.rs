//! A connector built against another layout of the ABI: the host must not call into it.
#![allow(non_camel_case_types, missing_docs)]

use abi_stable::prefix_type::PrefixTypeTrait;

include!(concat!(env!("OUT_DIR"), "/abi.rs"));

#[path = "../../../../../plugins/abi/src/root.rs"]
pub mod root;

#[unsafe(no_mangle)]
extern "C" fn headwater_connector_v1() -> *const headwater_connector {
    // Whoever gets here has not checked the layout.
    std::process::abort()
}

/// The door that the layout check goes through.
#[abi_stable::export_root_module]
pub fn export() -> root::ConnectorRootRef {
    root::ConnectorRoot { table: headwater_connector_v1 }.leak_into_prefix()
}
