//! Every function with wrong arguments, after close, and with a panic inside: an error, never a crash.
//! The programs run under the sanitizers for addresses, leaks and undefined behaviour.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::Command;

use headwater_ffi_tests::misuse::{Calls, program};
use headwater_ffi_tests::{
    c_compiler, cpp_compiler, installed, link_with, planted, repository, run,
};

const SANITIZERS: [&str; 2] = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

/// Builds a program in C of the misuse tests and runs it in a folder of its own.
fn runs(name: &str, source: &str, library: &Path) -> String {
    runs_built(c_compiler(), &format!("{name}.c"), source, library)
}

fn runs_built(mut compiler: Command, name: &str, source: &str, library: &Path) -> String {
    let folder = tempfile::tempdir().unwrap();
    let (file, binary) = (folder.path().join(name), folder.path().join("program"));
    std::fs::write(&file, source).unwrap();
    compiler.args(SANITIZERS).arg("-I").arg(repository().join("tests/ffi/misuse"));
    // A header with a static function for each program uses some in none.
    compiler.args(["-Wno-unused-function", "-pthread"]).arg("-o").arg(&binary).arg(&file);
    run(link_with(&mut compiler, library));
    let mut command = Command::new(&binary);
    command.env("ASAN_OPTIONS", "detect_leaks=1:abort_on_error=0").env("HOME", folder.path());
    run(command.arg(folder.path()))
}

#[test]
fn wrong_arguments_are_refused() {
    let output = runs("misused", &program(Calls::Misused), &installed().join("lib"));
    let checks: u32 = output.split(' ').next().unwrap().parse().unwrap();
    assert!(checks > 500, "{output}");
}

#[test]
fn a_closed_workspace_is_refused() {
    runs("closed", &program(Calls::AfterClose), &installed().join("lib"));
}

#[test]
fn a_panic_behind_any_function_is_an_error() {
    runs("panicking", &program(Calls::Panicking), &planted());
}

#[test]
fn a_panic_closes_its_object_and_no_other() {
    let source = std::fs::read_to_string(repository().join("tests/ffi/misuse/poison.c")).unwrap();
    runs("poison", &source, &planted());
}

#[test]
fn threads_share_a_workspace_and_one_cancels_another_s_run() {
    let source = std::fs::read_to_string(repository().join("tests/ffi/misuse/threads.c")).unwrap();
    runs("threads", &source, &installed().join("lib"));
}

#[test]
fn rows_go_in_bulk_as_lines_and_as_arrow() {
    let source = std::fs::read_to_string(repository().join("tests/ffi/misuse/bulk.c")).unwrap();
    runs("bulk", &source, &installed().join("lib"));
}

#[test]
fn a_newer_program_s_structs_are_taken_and_a_closed_workspace_is_refused_by_what_it_made() {
    let source = std::fs::read_to_string(repository().join("tests/ffi/misuse/structs.c")).unwrap();
    runs("structs", &source, &installed().join("lib"));
}

#[test]
fn an_assigned_sync_frees_its_job_before_its_callbacks() {
    let source = std::fs::read_to_string(repository().join("tests/ffi/misuse/moved.cpp")).unwrap();
    runs_built(cpp_compiler(), "moved.cpp", &source, &installed().join("lib"));
}
