//! Every function with wrong arguments, after close, and with a panic inside: an error, never a crash.
//! The programs run under the sanitizers for addresses, leaks and undefined behaviour.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use headwater_ffi_tests::build::{sanitizer, watch};
use headwater_ffi_tests::misuse::{Calls, program};
use headwater_ffi_tests::{
    c_compiler, cpp_compiler, installed, link_with, planted, repository, run,
};
use headwater_program_tests::{Desk, Served};

/// For the programs alone, where the library has none.
const SANITIZERS: [&str; 2] = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

/// Builds a program in C of the misuse tests and runs it in a folder of its own.
fn runs(name: &str, source: &str, library: &Path) -> String {
    runs_built(c_compiler(), &format!("{name}.c"), source, library, &[])
}

fn runs_built(
    mut compiler: Command,
    name: &str,
    source: &str,
    library: &Path,
    arguments: &[&str],
) -> String {
    let folder = tempfile::tempdir().unwrap();
    let (file, binary) = (folder.path().join(name), folder.path().join("program"));
    std::fs::write(&file, source).unwrap();
    if sanitizer().is_none() {
        compiler.args(SANITIZERS);
    }
    compiler.arg("-I").arg(repository().join("tests/ffi/misuse"));
    // A header with a static function for each program uses some in none.
    compiler.args(["-Wno-unused-function", "-pthread"]).arg("-o").arg(&binary).arg(&file);
    run(link_with(&mut compiler, library));
    let mut command = Command::new(&binary);
    command.env("HOME", folder.path());
    run(watch(&mut command).arg(folder.path()).args(arguments))
}

/// Runs one of the programs that are written by hand.
fn runs_file(name: &str, library: &Path, arguments: &[&str]) {
    let path = repository().join("tests/ffi/misuse").join(name);
    let source = std::fs::read_to_string(path).unwrap();
    let compiler = if name.ends_with(".cpp") { cpp_compiler() } else { c_compiler() };
    runs_built(compiler, name, &source, library, arguments);
}

fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| installed().join("lib"))
}

/// The calls are made of the header: a function that is new in it is in all of them.
#[test]
fn every_exported_function_is_misused_shared_and_made_to_panic() {
    let symbols = std::fs::read_to_string(repository().join("include/headwater.symbols")).unwrap();
    for calls in [Calls::Misused, Calls::Concurrent, Calls::Panicking] {
        let program = program(calls);
        let missing: Vec<&str> =
            symbols.lines().filter(|name| !program.contains(&format!("{name}("))).collect();
        assert!(symbols.lines().count() > 60 && missing.is_empty(), "{calls:?}: {missing:?}");
    }
}

#[test]
fn wrong_arguments_are_refused() {
    let output = runs("misused", &program(Calls::Misused), library());
    let checks: u32 = output.split(' ').next().unwrap().parse().unwrap();
    assert!(checks > 500, "{output}");
}

#[test]
fn a_closed_workspace_is_refused() {
    runs("closed", &program(Calls::AfterClose), library());
}

#[test]
fn several_threads_call_every_function_as_its_comment_says() {
    runs("concurrent", &program(Calls::Concurrent), library());
}

#[test]
fn a_panic_behind_any_function_is_an_error() {
    runs("panicking", &program(Calls::Panicking), &planted());
}

#[test]
fn a_panic_closes_its_object_and_no_other() {
    runs_file("poison.c", &planted(), &[]);
}

#[test]
fn threads_share_a_workspace_and_one_cancels_another_s_run() {
    runs_file("threads.c", library(), &[]);
}

#[test]
fn rows_go_in_bulk_as_lines_and_as_arrow() {
    runs_file("bulk.c", library(), &[]);
}

#[test]
fn a_newer_program_s_structs_are_taken_and_a_closed_workspace_is_refused_by_what_it_made() {
    runs_file("structs.c", library(), &[]);
}

#[test]
fn an_assigned_sync_frees_its_job_before_its_callbacks() {
    runs_file("moved.cpp", library(), &[]);
}

#[test]
fn jobs_and_connectors_fail_alike_in_both_forms_of_cpp() {
    runs_file("forms.cpp", library(), &[]);
}

#[test]
fn an_error_in_cpp_has_what_was_done() {
    runs_file("unfinished.cpp", library(), &[]);
}

#[test]
fn a_remote_workspace_is_reached_as_its_options_say() {
    let desk = Desk::new();
    let made = desk.run(&["keys", "create", "--workspace=crm.db", "--name=me", "--scope=*"]);
    let crm = Served::start(&desk, &[]);
    runs_file("remote.c", library(), &[&crm.base, made.output.trim()]);
}
