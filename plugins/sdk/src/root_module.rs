//! The second door of a Rust connector: the same table inside an abi_stable root module, so that
//! the host can compare the layout of every type before the first call.

use abi_stable::StableAbi;
use abi_stable::library::RootModule;
use abi_stable::prefix_type::PrefixTypeTrait;
use abi_stable::sabi_types::VersionStrings;
use headwater_abi::headwater_connector;

/// The root module: one function, the same that is exported as a plain C symbol.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = ConnectorRootRef)))]
#[sabi(missing_field(panic))]
pub struct ConnectorRoot {
    /// Gives the connector's table.
    #[sabi(last_prefix_field)]
    pub table: unsafe extern "C" fn() -> *const headwater_connector,
}

impl RootModule for ConnectorRootRef {
    abi_stable::declare_root_module_statics! {ConnectorRootRef}
    const BASE_NAME: &'static str = "headwater_connector";
    const NAME: &'static str = "headwater_connector";
    const VERSION_STRINGS: VersionStrings = abi_stable::package_version_strings!();
}

/// The root module of a connector whose C symbol is `table`.
#[must_use]
pub fn root_module(
    table: unsafe extern "C" fn() -> *const headwater_connector,
) -> ConnectorRootRef {
    ConnectorRoot { table }.leak_into_prefix()
}

#[cfg(test)]
mod tests {
    use abi_stable::library::ROOT_MODULE_LOADER_NAME;

    #[test]
    fn the_exported_name_is_the_one_that_abi_stable_looks_for() {
        let source = include_str!("export.rs");
        assert!(source.contains(&format!("export_name = \"{ROOT_MODULE_LOADER_NAME}\"")));
    }
}
