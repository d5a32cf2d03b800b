//! What `export_connector!` expands to: the table behind the C symbol and the abi_stable door.

use headwater_abi::{
    HEADWATER_CONNECTOR_ABI_MAJOR, HEADWATER_CONNECTOR_ABI_MINOR, headwater_connector,
};

pub use crate::borrow::{borrow_bytes, borrow_text, lend, lend_bytes};
use crate::{Connector, source, stream};

/// The table of a connector's functions; each one contains panics.
#[must_use]
pub const fn table<C: Connector>() -> headwater_connector {
    headwater_connector {
        struct_size: size_of::<headwater_connector>(),
        abi_major: HEADWATER_CONNECTOR_ABI_MAJOR,
        abi_minor: HEADWATER_CONNECTOR_ABI_MINOR,
        describe: Some(source::describe::<C>),
        open: Some(source::open::<C>),
        check: Some(source::check::<C>),
        read: Some(source::read::<C>),
        next: Some(stream::next::<C::Stream>),
        close_stream: Some(stream::close_stream::<C::Stream>),
        close: Some(source::close::<C>),
    }
}

#[cfg(feature = "checked")]
pub use abi_stable::library::{LibHeader, RootModuleResult};

/// The header behind the abi_stable symbol: it carries the layout of every struct that crosses.
#[cfg(feature = "checked")]
#[must_use]
pub const fn header(constructor: extern "C" fn() -> RootModuleResult) -> LibHeader {
    use abi_stable::library::CheckTypeLayout;
    use headwater_abi::root::ConnectorRootRef;
    // SAFETY: every constructor is made by `export_connector!`, which returns `root`'s result.
    unsafe { LibHeader::from_constructor::<ConnectorRootRef>(constructor, CheckTypeLayout::Yes) }
}

/// The root module: the plain C symbol once more, under a checked layout.
#[cfg(feature = "checked")]
#[must_use]
pub fn root(table: extern "C" fn() -> *const headwater_connector) -> RootModuleResult {
    use abi_stable::prefix_type::{PrefixRefTrait, PrefixTypeTrait};
    use abi_stable::std_types::RResult::ROk;
    use headwater_abi::root::ConnectorRoot;
    let module = ConnectorRoot { table }.leak_into_prefix();
    // SAFETY: erasing the fields of a prefix reference; the host casts back after its check.
    ROk(unsafe { module.to_prefix_ref().cast() })
}

/// Exports a [`Connector`](crate::Connector) as the symbol that the host looks for.
///
/// Use it once in a crate, at its root. See the [crate's front page](crate) for the rule on
/// crate types.
#[macro_export]
macro_rules! export_connector {
    ($connector:ty) => {
        const _: () = {
            assert!(
                cfg!(panic = "unwind"),
                "a connector needs panic = \"unwind\": with \"abort\" its panics end the host"
            );

            static TABLE: $crate::abi::headwater_connector = $crate::export::table::<$connector>();

            #[unsafe(no_mangle)]
            extern "C" fn headwater_connector_v1() -> *const $crate::abi::headwater_connector {
                &raw const TABLE
            }

            $crate::__export_layout!();
        };
    };
}

/// Exports the abi_stable root module beside the C symbol.
#[cfg(feature = "checked")]
#[doc(hidden)]
#[macro_export]
macro_rules! __export_layout {
    () => {
        extern "C" fn root() -> $crate::export::RootModuleResult {
            $crate::export::root(headwater_connector_v1)
        }

        // abi_stable's own attribute would ask for that crate in every connector's manifest.
        #[unsafe(export_name = "_1as_0lib_1header_0root_bmodule_bloader")]
        static HEADER: $crate::export::LibHeader = $crate::export::header(root);
    };
}

/// Without the feature `checked` there is the plain C symbol only.
#[cfg(not(feature = "checked"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __export_layout {
    () => {};
}

#[cfg(all(test, feature = "checked"))]
mod tests {
    /// The name stands as a literal in the macro, because an attribute takes nothing else.
    #[test]
    fn the_symbol_is_the_one_that_abi_stable_looks_for() {
        let name = abi_stable::library::ROOT_MODULE_LOADER_NAME;
        let literal = format!("#[unsafe(export_name = \"{name}\")]");
        assert!(include_str!("export.rs").contains(&literal), "abi_stable now wants {name}");
    }
}
