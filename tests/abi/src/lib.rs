//! Builds connectors for the tests: C sources with the system's compiler, Rust ones with cargo.

use std::path::{Path, PathBuf};
use std::process::Command;

pub use headwater_program_tests::without_package;

/// The root of the repository.
#[must_use]
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Compiles a C source to a shared library `name` in `folder`, as strictly as the compiler can.
///
/// # Panics
/// If there is no compiler or it complains: a test that cannot build its fixture has failed.
#[must_use]
pub fn compile_c(source: &Path, folder: &Path, name: &str, defines: &[&str]) -> PathBuf {
    let library = folder.join(name);
    let mut command = compiler("CC", "cc");
    command
        .args(["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fPIC", "-shared"])
        .arg("-fvisibility=hidden")
        .arg("-I")
        .arg(repository().join("include"))
        .args(defines.iter().map(|define| format!("-D{define}")))
        .arg("-o")
        .arg(&library)
        .arg(source);
    run(&mut command);
    library
}

/// The compiler that the environment variable names, or the usual one.
#[must_use]
pub fn compiler(variable: &str, usual: &str) -> Command {
    Command::new(std::env::var(variable).unwrap_or_else(|_| usual.to_owned()))
}

/// Runs a command that has to succeed, and gives its standard output.
///
/// # Panics
/// If it cannot be started or fails.
pub fn run(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("these tests need {:?}: {error}", command.get_program()));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command:?} failed:\n{}", text(&output.stderr));
    text(&output.stdout)
}

/// Builds a package of the workspace and gives its shared library.
///
/// # Panics
/// If cargo fails or the package has no shared library.
#[must_use]
pub fn build_rust(package: &str) -> PathBuf {
    library_of(cargo().current_dir(repository()).args(["build", "-p", package]))
}

/// Builds the connector with another layout, which is a workspace of its own.
///
/// # Panics
/// If cargo fails.
#[must_use]
pub fn build_changed_layout() -> PathBuf {
    let manifest = repository().join("tests/abi/broken/layout/Cargo.toml");
    // The tests run from target/<profile>/deps: the dependencies built there are used again.
    let program = std::env::current_exe().expect("this test program has a path");
    let target = program.ancestors().nth(3).expect("it lies in target/<profile>/deps");
    let mut command = cargo();
    command.args(["build", "--locked", "--manifest-path"]).arg(manifest);
    library_of(command.arg("--target-dir").arg(target))
}

/// Cargo, to be run by a test.
#[must_use]
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    without_package(&mut command);
    command
}

fn library_of(command: &mut Command) -> PathBuf {
    let messages = run(command.args(["--quiet", "--message-format=json"]));
    let is_library = |path: &&str| path.ends_with(std::env::consts::DLL_SUFFIX);
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["reason"] == "compiler-artifact")
        .filter(|message| message["target"]["kind"][0] == "cdylib")
        .filter_map(|message| {
            let files = message["filenames"].as_array()?.iter().filter_map(|file| file.as_str());
            files.into_iter().find(is_library).map(PathBuf::from)
        })
        .next_back()
        .unwrap_or_else(|| panic!("{command:?} gave no shared library"))
}
