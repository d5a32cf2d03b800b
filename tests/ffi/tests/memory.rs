//! Memory over many calls: none is lost, none is touched that is not ours, by valgrind's account.
//!
//! `make test` makes some hundred calls under valgrind and some thousand without; `make ffi-soak`
//! makes 100 000 each.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;

use headwater_ffi_tests::build::watch;
use headwater_ffi_tests::{c_compiler, link, repository, run, tool};

fn soak(folder: &Path) -> PathBuf {
    let sources = repository().join("tests/ffi/misuse");
    let program = folder.join("soak");
    let mut compiler = c_compiler();
    compiler.arg("-Wno-unused-function").arg("-o").arg(&program).arg(sources.join("soak.c"));
    run(link(&mut compiler));
    program
}

fn calls(usual: &str) -> String {
    std::env::var("HEADWATER_FFI_CALLS").unwrap_or_else(|_| usual.to_owned())
}

#[test]
fn memory_stays_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Command::new(soak(folder.path()));
    run(watch(&mut program).arg(folder.path()).arg(calls("5000")));
}

#[test]
fn valgrind_finds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let program = soak(folder.path());
    let mut valgrind = Command::new(tool("valgrind"));
    valgrind.args(["--quiet", "--leak-check=full", "--errors-for-leak-kinds=definite"]);
    valgrind.args(["--error-exitcode=9", "--num-callers=30"]);
    run(valgrind.arg(program).arg(folder.path()).arg(calls("300")));
}
