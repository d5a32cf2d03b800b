//! The Python package, driven by a program in Python that speaks the testee protocol.

use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::ProcessTestee;
use crate::tests_folder;

/// Starts the program; its calls are coroutines where `is_async`.
///
/// # Errors
/// Text that says why it cannot be started.
pub(crate) fn start(is_async: bool) -> Result<ProcessTestee, String> {
    static PACKAGE: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let built = PACKAGE.get_or_init(|| {
        let built = headwater_program_tests::build(&[
            "headwater-python",
            "headwater-connector-csv",
            "headwater-connector-json",
            "headwater-connector-scripted",
        ]);
        assemble(&built).map_err(|cause| format!("the package cannot be put together: {cause}"))?;
        Ok(built)
    });
    let built = built.as_ref().map_err(Clone::clone)?;
    let python = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    let mut command = Command::new(python);
    command
        .arg(tests_folder().join("testees/python/testee.py"))
        .args(is_async.then_some("--async"))
        .env("PYTHONPATH", built.join("python"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("HEADWATER_CONNECTOR_PATH", built);
    ProcessTestee::start(command)
}

/// The package as a wheel has it, made of links: its own files, and the native module.
fn assemble(built: &Path) -> io::Result<()> {
    let package = built.join("python/headwater");
    std::fs::create_dir_all(&package)?;
    for entry in std::fs::read_dir(tests_folder().join("../python/headwater"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "py") {
            link(&path, &package)?;
        }
    }
    let native = built.join(format!("{}_headwater.so", std::env::consts::DLL_PREFIX));
    let name = package.join("_headwater.abi3.so");
    replace(&native, &name)
}

fn link(file: &Path, folder: &Path) -> io::Result<()> {
    match file.file_name() {
        Some(name) => replace(file, &folder.join(name)),
        None => Ok(()),
    }
}

/// At once, as another run may use the link.
fn replace(file: &Path, link: &Path) -> io::Result<()> {
    let new = link.with_extension(format!("{}.new", std::process::id()));
    symlink(std::path::absolute(file)?, &new)?;
    std::fs::rename(&new, link)
}
