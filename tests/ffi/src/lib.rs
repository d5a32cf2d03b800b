//! libheadwater for tests: installed once, and programs in C and C++ that are built against it.

pub mod abi;
mod arguments;
pub mod build;
pub mod misuse;
pub mod prototypes;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

pub use build::{install, planted};
pub use headwater_abi_tests::{compiler, repository, run};

use build::folder;

/// Flags with which everything of ours compiles without a word.
pub const STRICT: [&str; 5] = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"];

/// The prefix under which `make install` put the library of this checkout, built as this test was.
///
/// # Panics
/// If it cannot be built and installed.
#[must_use]
pub fn installed() -> &'static Path {
    static INSTALLED: OnceLock<PathBuf> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        let prefix = build::built().join("installed");
        install(&prefix);
        prefix
    })
}

/// A compiler for C, told where the installed headers are and to complain of everything.
#[must_use]
pub fn c_compiler() -> Command {
    with_headers(build::program_compiler("CC", "cc", "clang"), "-std=c11")
}

/// A compiler for C++, told where the installed headers are and to complain of everything.
#[must_use]
pub fn cpp_compiler() -> Command {
    with_headers(build::program_compiler("CXX", "c++", "clang++"), "-std=c++17")
}

fn with_headers(mut compiler: Command, standard: &str) -> Command {
    compiler.arg(standard).arg("-g").args(STRICT).arg("-I").arg(installed().join("include"));
    compiler
}

/// Lets a program be linked with the shared library, which it then finds by itself.
pub fn link(compiler: &mut Command) -> &mut Command {
    link_with(compiler, &installed().join("lib"))
}

/// As [`link`], with the library in this folder.
pub fn link_with<'a>(compiler: &'a mut Command, libraries: &Path) -> &'a mut Command {
    compiler.arg("-L").arg(libraries).arg("-lheadwater");
    compiler.arg(format!("-Wl,-rpath,{}", libraries.display()))
}

/// Builds the program that answers the conformance cases in C.
///
/// # Panics
/// If it cannot be built.
#[must_use]
pub fn c_testee() -> PathBuf {
    let program = folder().join("testee_c");
    let mut compiler = c_compiler();
    compiler
        .arg("-o")
        .arg(&program)
        .args(["testee.c", "json.c"].map(|name| testees().join("c").join(name)));
    run(link(&mut compiler));
    program
}

/// Builds the program that answers the conformance cases in C++.
///
/// # Panics
/// If it cannot be built.
#[must_use]
pub fn cpp_testee() -> PathBuf {
    let (program, json) = (folder().join("testee_cpp"), folder().join("testee_json.o"));
    run(c_compiler().arg("-c").arg("-o").arg(&json).arg(testees().join("c/json.c")));
    let mut compiler = cpp_compiler();
    compiler.arg("-o").arg(&program).arg(testees().join("cpp/testee.cpp")).arg(json);
    run(link(&mut compiler));
    program
}

fn testees() -> PathBuf {
    repository().join("tests/testees")
}

/// A tool that these tests cannot do without: the system's, or one that is installed here and now.
///
/// # Panics
/// If it is neither there nor can be had.
#[must_use]
pub fn tool(name: &str) -> String {
    let is_there =
        || Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success());
    if !is_there() {
        let lock = File::create(folder().join("tools.lock")).expect("a lock file");
        lock.lock().expect("the lock");
        if !is_there() {
            let package = match name {
                "abidiff" | "abidw" => "abigail-tools",
                "clang++" => "clang",
                name => name,
            };
            let mut install = Command::new("apt-get");
            install.env("DEBIAN_FRONTEND", "noninteractive");
            run(install.args(["install", "--yes", "--no-install-recommends", package]));
        }
    }
    name.to_owned()
}
