//! The symbols that the shared library exports: a list that only grows, and the script for the linker.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

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

/// The script that lets the linker export the functions of the header and no others, each with the
/// version that it came with: so the loader refuses a program that needs a later library than there is.
///
/// # Errors
/// Text that names a function whose comment does not say since when it is there.
pub(crate) fn version_script(header: &str) -> Result<String, String> {
    let mut versions: BTreeMap<(u32, u32), BTreeSet<&str>> = BTreeMap::new();
    let mut since = None;
    for line in header.lines() {
        since = version_of(line).or(since);
        if let Some(name) = function(line) {
            let version = since.take().ok_or(format!("{name} does not say \"Since 0.1.\""))?;
            versions.entry(version).or_default().insert(name);
        }
    }
    let (mut script, mut before) = (String::new(), String::new());
    for ((major, minor), names) in versions {
        let version = format!("HEADWATER_{major}.{minor}");
        let names: String = names.iter().map(|name| format!("    {name};\n")).collect();
        let local = if before.is_empty() { "  local:\n    *;\n" } else { "" };
        script.push_str(&format!("{version} {{\n  global:\n{names}{local}}}{before};\n"));
        before = format!(" {version}");
    }
    Ok(script)
}

/// The version of a comment that ends in `Since 0.1.`
fn version_of(line: &str) -> Option<(u32, u32)> {
    let (major, minor) = line.split_once("Since ")?.1.trim_end_matches('.').split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// The functions that a header declares, not those that it defines.
fn functions(header: &str) -> BTreeSet<&str> {
    header.lines().filter_map(function).collect()
}

fn function(line: &str) -> Option<&str> {
    let is_code = line.starts_with(|first: char| first.is_ascii_lowercase());
    if !is_code || line.starts_with("typedef") || line.starts_with("static") {
        return None;
    }
    let name = line.split_once('(')?.0.rsplit([' ', '*']).next()?;
    Some(name).filter(|name| name.starts_with("headwater_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_minor_version_has_a_node_of_its_own() {
        let header = "/**\n * Threads: any. Since 0.2.\n */\nint32_t headwater_b(void);\n\
                      /**\n * Threads: any. Since 0.1.\n */\nvoid headwater_a(int32_t x);\n";
        assert_eq!(
            version_script(header).unwrap(),
            "HEADWATER_0.1 {\n  global:\n    headwater_a;\n  local:\n    *;\n};\n\
             HEADWATER_0.2 {\n  global:\n    headwater_b;\n} HEADWATER_0.1;\n"
        );
        assert!(version_script("void headwater_c(void);\n").is_err());
    }
}
