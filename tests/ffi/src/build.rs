//! How libheadwater and its programs are built: as this test was, or with the sanitizer that
//! HEADWATER_SANITIZER names, which `make ffi-sanitizers` does.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use headwater_abi_tests::without_package;

use crate::{compiler, repository, run, tool};

/// Where the sanitized library is built for; build scripts and macros are built without a sanitizer.
const SANITIZED_TARGET: &str = "x86_64-unknown-linux-gnu";

/// The sanitizer that everything is built with, `address` or `thread`; usually none.
#[must_use]
pub fn sanitizer() -> Option<&'static str> {
    static NAMED: OnceLock<Option<String>> = OnceLock::new();
    NAMED.get_or_init(|| std::env::var("HEADWATER_SANITIZER").ok()).as_deref()
}

/// Where cargo puts what it builds for this test: target/<profile>.
pub(crate) fn folder() -> PathBuf {
    let this = std::env::current_exe().expect("the path of this test");
    let folder = this.parent().expect("the folder of this program");
    // target/<profile>/deps/<this test>, or target/<profile>/<this program>
    let folder = if folder.ends_with("deps") { folder.parent().expect("target") } else { folder };
    folder.to_owned()
}

/// Where cargo's `--target-dir` is for the library.
fn target() -> PathBuf {
    let target = folder().parent().expect("the target folder").to_owned();
    match sanitizer() {
        Some(name) => target.join(format!("sanitizer-{name}")),
        None => target,
    }
}

/// Where cargo puts the library.
pub(crate) fn built() -> PathBuf {
    match sanitizer() {
        Some(_) => target().join(SANITIZED_TARGET).join("debug"),
        None => folder(),
    }
}

/// Keeps the other test programs from linking until it is dropped.
fn lock() -> File {
    std::fs::create_dir_all(built()).expect("the target folder");
    let lock = File::create(built().join("libheadwater.lock")).expect("a lock file");
    lock.lock().expect("the lock");
    lock
}

/// The words that start the cargo which builds the library.
fn cargo() -> Vec<&'static str> {
    match sanitizer() {
        // Without an instrumented standard library its locks are not seen, and all looks like a race.
        Some("thread") => vec!["rustup", "run", "nightly", "cargo", "-Zbuild-std"],
        Some(_) => vec!["rustup", "run", "nightly", "cargo"],
        None => vec!["cargo"],
    }
}

/// Says in the environment where and how cargo builds, and how `link.sh` links.
fn surround(command: &mut Command) {
    without_package(command).env("CARGO_TARGET_DIR", target());
    command.env_remove("MAKEFLAGS").env_remove("DESTDIR");
    if let Some(name) = sanitizer() {
        command.env("CARGO_BUILD_TARGET", SANITIZED_TARGET);
        command.env("RUSTFLAGS", format!("-Zsanitizer={name} --cap-lints=allow"));
        // What the library asks of the sanitizer is in the program.
        command.env("LDFLAGS", "-Wl,-z,undefs").env_remove("CARGO").env_remove("RUSTUP_TOOLCHAIN");
    }
}

/// Installs the library of this checkout under a prefix with `make install`.
///
/// # Panics
/// If it cannot be built and installed.
pub fn install(prefix: &Path) {
    let _lock = lock();
    let profile = if built().ends_with("release") { "release" } else { "dev" };
    let mut make = Command::new("make");
    make.current_dir(repository()).args(["--no-print-directory", "install"]);
    make.arg(format!("PROFILE={profile}")).arg(format!("PREFIX={}", prefix.display()));
    if sanitizer().is_some() {
        make.arg(format!("CARGO={}", cargo().join(" ")))
            .arg(format!("BUILT={}", built().display()));
    }
    surround(&mut make);
    run(&mut make);
}

/// The folder of a library in which any function can be made to panic.
///
/// # Panics
/// If it cannot be built.
#[must_use]
pub fn planted() -> PathBuf {
    let (_lock, folder) = (lock(), built().join("planted"));
    let words = cargo();
    let mut cargo = Command::new(words[0]);
    cargo.current_dir(repository()).args(&words[1..]);
    cargo.args(["build", "--quiet", "-p", "headwater-ffi", "--features", "planted-panics"]);
    if built().ends_with("release") {
        cargo.arg("--release");
    }
    surround(&mut cargo);
    run(&mut cargo);
    let mut link = Command::new(repository().join("ffi/link.sh"));
    link.arg(built().join("libheadwater_ffi.a")).arg(&folder);
    surround(&mut link);
    run(&mut link);
    folder
}

/// A compiler for C, or for C++, that builds programs in the same way.
pub(crate) fn program_compiler(variable: &str, usual: &str, clang: &str) -> Command {
    let Some(name) = sanitizer() else { return compiler(variable, usual) };
    let mut compiler = Command::new(tool(clang));
    match name {
        // The two that are left out ask the C++ part of the runtime.
        "address" => compiler
            .args(["-fsanitize=address,undefined", "-fno-sanitize=vptr,function"])
            .arg("-fno-sanitize-recover=all"),
        name => compiler.arg(format!("-fsanitize={name}")),
    };
    // The runtime of the compiler that made the library, in the program alone, which lends it.
    compiler.arg("-fno-sanitize-link-runtime").arg("-Wl,--export-dynamic");
    compiler.arg("-Wl,--whole-archive").arg(runtime(name)).arg("-Wl,--no-whole-archive");
    compiler.args(["-lpthread", "-lrt", "-lm", "-ldl", "-lresolv"]);
    compiler
}

fn runtime(name: &str) -> PathBuf {
    let mut rustc = Command::new("rustup");
    rustc.args(["run", "nightly", "rustc", "--print", "target-libdir"]);
    rustc.args(["--target", SANITIZED_TARGET]).env_remove("RUSTUP_TOOLCHAIN");
    let short = if name == "address" { "asan" } else { "tsan" };
    Path::new(run(&mut rustc).trim()).join(format!("librustc-nightly_rt.{short}.a"))
}

/// Tells a sanitized program what it is to look for.
pub fn watch(command: &mut Command) -> &mut Command {
    let suppressions = repository().join("tests/ffi/suppressions");
    let listed = |name: &str| format!("suppressions={}", suppressions.join(name).display());
    command.env("ASAN_OPTIONS", "detect_leaks=1:abort_on_error=0");
    command.env("LSAN_OPTIONS", format!("{}:print_suppressions=0", listed("leaks.txt")));
    command.env("TSAN_OPTIONS", format!("halt_on_error=1:{}", listed("threads.txt")))
}
