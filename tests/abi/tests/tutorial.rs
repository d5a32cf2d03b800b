//! The connector that CONTRIBUTING.md shows builds with its own command and passes the testkit.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

use headwater::source::{Connector, Control};
use headwater_abi_tests::{repository, run};
use headwater_host::{LoadedConnector, testkit};
use serde_json::json;

#[test]
fn the_tutorial_s_connector_builds_and_passes() {
    let page = std::fs::read_to_string(repository().join("CONTRIBUTING.md")).unwrap();
    let code = page.split("```c\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("count.c"), code).unwrap();
    let command = page.lines().find(|line| line.starts_with("cc -std=c11")).unwrap();
    let include = format!("-I {}", repository().join("include").display());
    let command = command.replace("-I include", &include);
    run(Command::new("sh").arg("-c").arg(&command).current_dir(folder.path()));
    let library = folder.path().join("libheadwater_connector_count.so");
    let connector = LoadedConnector::load(&library).unwrap();
    let options = testkit::Options { repeats: 1000, ..testkit::Options::default() };
    let report = testkit::run(&connector, Some(&json!({"n": 100})), &options);
    assert!(report.is_passed(), "{report:#?}");
    // It names no unit of its positions.
    let mut source = connector.open(&json!({"n": 1})).unwrap();
    assert_eq!(source.check(&Control::default()).unwrap()[0].position_unit, "row");
}
