//! The examples, built as their first lines say, against an installed tree, and run.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;

use headwater_ffi_tests::{STRICT, c_compiler, cpp_compiler, installed, link, repository, run};
use headwater_host::{LoadedConnector, testkit};
use serde_json::{Value as Json, json};

const PEOPLE: &str = "First Name,Last Name,Primary Email\nBob,Okafor,bob@acme.com\nEve,X,no\n";

/// What pkg-config says of the installed library, as the examples use it.
fn pkg_config(arguments: &[&str]) -> Vec<String> {
    let mut command = Command::new("pkg-config");
    command.env("PKG_CONFIG_PATH", installed().join("lib/pkgconfig"));
    let output = run(command.args(arguments).arg("headwater"));
    output.split_whitespace().map(str::to_owned).collect()
}

fn example(name: &str) -> PathBuf {
    repository().join("examples").join(name)
}

/// Runs a program that finds its connectors beside the library, with nothing set.
fn people(program: &Path, folder: &Path) -> String {
    let (workspace, csv) = (folder.join("crm.db"), folder.join("people.csv"));
    std::fs::write(&csv, PEOPLE).unwrap();
    let mut command = Command::new(program);
    command.env_remove("HEADWATER_CONNECTOR_PATH").env("HOME", folder);
    run(command.arg(workspace).arg(csv))
}

fn is_right(output: &str) {
    assert!(output.contains("created Sarah"), "{output}");
    assert!(output.contains("people: 2 read, 1 created, 1 rejected"), "{output}");
    let pages = output.lines().filter_map(|line| serde_json::from_str::<Json>(line).ok());
    let records: usize = pages.map(|page| page["data"].as_array().unwrap().len()).sum();
    assert_eq!(records, 2, "{output}");
}

#[test]
fn the_program_in_c_runs() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("people");
    run(link(c_compiler().arg("-o").arg(&program).arg(example("c/people.c"))));
    is_right(&people(&program, folder.path()));
}

#[test]
fn the_program_in_cpp_runs() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("people");
    run(link(cpp_compiler().arg("-o").arg(&program).arg(example("cpp/people.cpp"))));
    let output = people(&program, folder.path());
    is_right(&output);
    assert!(output.contains("invalid_request at id"), "{output}");
}

#[test]
fn the_connectors_pass_the_testkit() {
    for (source, compiler) in [("c/count.c", "cc"), ("cpp/count.cpp", "c++")] {
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("libheadwater_connector_count.so");
        let mut command = Command::new(compiler);
        let standard = if compiler == "cc" { "-std=c11" } else { "-std=c++17" };
        command.args([standard, "-fPIC", "-shared"]).args(STRICT).arg(example(source));
        run(command.args(pkg_config(&["--cflags"])).arg("-o").arg(&library));
        let connector = LoadedConnector::load(&library).unwrap();
        let options = testkit::Options { repeats: 500, ..testkit::Options::default() };
        let report = testkit::run(&connector, Some(&json!({"n": 50})), &options);
        assert!(report.is_passed(), "{source}: {report:#?}");
    }
}

#[test]
fn every_example_is_under_80_lines() {
    for name in ["c/people.c", "cpp/people.cpp", "c/count.c", "cpp/count.cpp"] {
        let lines = std::fs::read_to_string(example(name)).unwrap().lines().count();
        assert!(lines < 80, "{name} has {lines} lines");
    }
}
