//! The layout check of connectors built with the Rust SDK, through abi_stable's header.
//!
//! `RootModule::load_from_*` is not used: it keeps one module per type for the whole process.

use abi_stable::library::{
    AbiHeaderRef, LibHeader, LibraryError, ROOT_MODULE_LOADER_NAME_WITH_NUL,
};
use headwater::Result;
use headwater_abi::root::ConnectorRootRef;

use crate::load::Library;
use crate::table::incompatible;

/// Compares the layout that the library carries, if any, with this host's.
///
/// # Errors
/// `connector_incompatible`, naming the type that differs.
pub(crate) fn check_layout(library: &Library) -> Result<()> {
    // SAFETY: the symbol's name is abi_stable's own; whatever else it may be is found out by
    // `upgrade`, which compares a magic text first.
    let header =
        unsafe { library.get::<AbiHeaderRef>(ROOT_MODULE_LOADER_NAME_WITH_NUL.as_bytes()) };
    // A connector in C, or built without the feature `checked`.
    let Ok(header) = header else { return Ok(()) };
    header
        .upgrade()
        .and_then(LibHeader::ensure_layout::<ConnectorRootRef>)
        .map_err(|fault| refuse(&fault))
}

fn refuse(fault: &LibraryError) -> headwater::Error {
    let what = match fault {
        LibraryError::AbiInstability(report) => condense(&report.to_string()),
        other => other.to_string().split_whitespace().collect::<Vec<_>>().join(" "),
    };
    incompatible(format!("the connector was built against another connector ABI: {what}"))
        .hint("rebuild the connector with the headwater-sdk of this version")
}

/// The last path and fault of abi_stable's report, which has hundreds of lines.
fn condense(report: &str) -> String {
    let mut paths = Vec::new();
    let mut fault = Vec::new();
    let mut is_fault = false;
    for line in report.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if line.starts_with("inside:") || line.starts_with("Layout of") {
            is_fault = false;
        }
        if let Some(path) = line.strip_prefix("inside:") {
            paths.push(path.trim().to_owned());
        } else if let Some(text) = line.strip_prefix("Error:") {
            is_fault = true;
            fault = vec![text.trim().to_owned()];
        } else if is_fault {
            fault.push(line.to_owned());
        }
    }
    let _ = paths;
    format!("{report}\n=={fault:?}")
}
