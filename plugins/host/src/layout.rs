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

/// The field at fault and what is wrong with it: two lines of abi_stable's hundreds.
///
/// The report lists the way to the fault as pairs of `field_name:` and `type:` after `inside:`,
/// then both layouts, then the fault after `Error:`.
fn condense(report: &str) -> String {
    let mut way: Vec<(&str, &str)> = Vec::new();
    let mut fault: Vec<&str> = Vec::new();
    let mut part = Part::Other;
    for line in report.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if line.ends_with("inside:") {
            (part, way) = (Part::Way, Vec::new());
        } else if line.starts_with("Layout of") {
            part = Part::Other;
        } else if let Some(text) = line.strip_prefix("Error:") {
            (part, fault) = (Part::Fault, vec![text]);
        } else if let (Part::Way, Some(name)) = (part, line.strip_prefix("field_name:")) {
            way.push((name, ""));
        } else if let (Part::Way, Some(kind)) = (part, line.strip_prefix("type:")) {
            if let Some(step) = way.last_mut() {
                step.1 = kind;
            }
        } else if let Part::Fault = part {
            fault.push(line);
        }
    }
    let is_field = |name: &str| name.starts_with(|c: char| c.is_ascii_lowercase());
    let place = match *way {
        [.., (_, holder), (name, _)] if is_field(name) => format!("`{holder}.{name}`"),
        [.., (_, kind)] => format!("`{kind}`"),
        [] => "its layout".to_owned(),
    };
    let fault =
        fault.join(" ").replace(" Expected: ", ", expected ").replace(" Found: ", ", found ");
    // A fault between two whole structs prints both: a sentence has room for the start.
    let fault: String = fault.chars().take(200).collect();
    format!("{place}: {fault}")
}

#[derive(Clone, Copy)]
enum Part {
    Way,
    Fault,
    Other,
}
