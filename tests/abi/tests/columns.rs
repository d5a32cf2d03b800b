//! A connector in C++ that gives Arrow: its rows arrive, and each struct is released once.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use headwater::Error;
use headwater::ErrorCode::{ConnectorMisbehaved, SourceDataInvalid};
use headwater::source::{Connector, Control, Payload, ReadRequest};
use headwater_abi_tests::{compiler, repository, run};
use headwater_host::{LoadedConnector, testkit};
use serde_json::json;

/// How many numbers came up to `n`, all in order, and how it ended.
fn numbers(connector: &LoadedConnector, n: u64) -> (u64, Option<Error>) {
    let control = Control::default();
    let mut source = connector.open(&json!({"n": n})).unwrap();
    let request = ReadRequest { stream: "numbers".into(), batch_rows: 10, ..Default::default() };
    let mut stream = source.read(&control, &request).unwrap();
    let mut count = 0;
    loop {
        match stream.next(&control) {
            Ok(Some(batch)) => {
                let Payload::Arrow(arrow) = &batch.payload else { panic!("{:?}", batch.payload) };
                for row in 0..arrow.len() {
                    count += 1;
                    assert_eq!(arrow.json(row), json!({"number": count}));
                }
            }
            Ok(None) => return (count, None),
            Err(error) => return (count, Some(error)),
        }
    }
}

#[test]
fn columns_of_a_connector_in_cpp_arrive_and_are_released() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("libheadwater_connector_columns.so");
    let mut cpp = compiler("CXX", "c++");
    cpp.args(["-std=c++17", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]);
    cpp.args(["-fPIC", "-shared", "-I"]).arg(repository().join("include"));
    run(cpp.arg("-o").arg(&path).arg(repository().join("tests/abi/arrow/columns.cpp")));
    let connector = LoadedConnector::load(&path).unwrap();
    assert!(matches!(numbers(&connector, 6), (6, None)));
    // What was set before something was thrown does not arrive, nor what breaks the contract.
    for (n, before, code, message) in [
        (4, 3, SourceDataInvalid, "fewer than three are left"),
        (100_001, 0, ConnectorMisbehaved, "the batch has 3 rows and 2 positions"),
        (100_002, 0, ConnectorMisbehaved, "the batch has lines and columns"),
        (100_003, 0, ConnectorMisbehaved, "unknown code -1: the source vanished"),
    ] {
        let (count, error) = numbers(&connector, n);
        let error = error.unwrap();
        assert_eq!((count, error.code()), (before, code), "{n}: {error:#}");
        assert!(error.message().contains(message), "{n}: {error:#}");
    }
    let options = testkit::Options { repeats: 50, ..testkit::Options::default() };
    let report = testkit::run(&connector, Some(&json!({"n": 300})), &options);
    assert!(report.is_passed(), "{report:#?}");
    // SAFETY: the connector is this file's, and is loaded already.
    let library = unsafe { libloading::Library::new(&path) }.unwrap();
    // SAFETY: the connector defines this function, which takes nothing and gives an int.
    let held = unsafe { library.get::<unsafe extern "C" fn() -> i32>("columns_held").unwrap()() };
    assert_eq!(held, 0, "structs that were made and not released");
}
