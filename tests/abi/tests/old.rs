//! A connector of the first ABI, with its own copy of the header, works in today's host.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use headwater_abi_tests::{compiler, repository, run};
use headwater_host::{LoadedConnector, testkit};
use serde_json::json;

#[test]
fn a_connector_of_the_first_abi_works() {
    let (old, folder) = (repository().join("tests/abi/old"), tempfile::tempdir().unwrap());
    let library = folder.path().join("libheadwater_connector_count.so");
    let mut command = compiler("CC", "cc");
    command.args(["-std=c11", "-Wall", "-fPIC", "-shared", "-fvisibility=hidden", "-I"]);
    run(command.arg(&old).arg("-o").arg(&library).arg(old.join("count.c")));
    let header = std::fs::read_to_string(old.join("headwater_connector.h")).unwrap();
    assert!(header.contains("#define HEADWATER_CONNECTOR_ABI_MINOR 0"), "the copy is the first");
    let connector = LoadedConnector::load(&library).unwrap();
    let options = testkit::Options { repeats: 200, ..testkit::Options::default() };
    let report = testkit::run(&connector, Some(&json!({"n": 50})), &options);
    assert!(report.is_passed(), "{report:#?}");
}
