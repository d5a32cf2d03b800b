//! The symbols that the shared library exports: a list that only grows, and the script for the linker.

use std::collections::BTreeSet;
use std::path::Path;

/// The version that every symbol has: as long as the major version is the same, none is taken away.
const VERSION: &str = "HEADWATER_0";

/// The list with the functions of the header, one a line.
///
/// # Errors
/// Text that names a symbol that programs may use and the header no longer has.
pub(crate) fn list(path: &Path, header: &str, is_check: bool) -> Result<String, String> {
    let functions = functions(header);
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    let gone: Vec<&str> = committed.lines().filter(|name| !functions.contains(*name)).collect();
    if !gone.is_empty() {
        return Err(format!(
            "{} has symbols that are no functions any more: {}\n\
             fix: bring them back; a program that was linked before may call them",
            path.display(),
            gone.join(", ")
        ));
    }
    let new: Vec<&str> = functions
        .iter()
        .copied()
        .filter(|name| committed.lines().all(|line| line != *name))
        .collect();
    if is_check && !new.is_empty() {
        return Err(format!(
            "{} lacks {}\nfix: run `cargo run -p headwater-headers` and commit the result",
            path.display(),
            new.join(", ")
        ));
    }
    Ok(functions.iter().map(|name| format!("{name}\n")).collect())
}

/// The script that lets the linker export these symbols and no others.
pub(crate) fn version_script(list: &str) -> String {
    let names: String = list.lines().map(|name| format!("    {name};\n")).collect();
    format!("{VERSION} {{\n  global:\n{names}  local:\n    *;\n}};\n")
}

/// The functions that a header declares, not those that it defines.
fn functions(header: &str) -> BTreeSet<&str> {
    let declared = header.lines().filter(|line| {
        let is_code = line.starts_with(|first: char| first.is_ascii_lowercase());
        is_code && !line.starts_with("typedef") && !line.starts_with("static")
    });
    declared
        .filter_map(|line| line.split_once('('))
        .filter_map(|(before, _)| before.rsplit([' ', '*']).next())
        .filter(|name| name.starts_with("headwater_"))
        .collect()
}
