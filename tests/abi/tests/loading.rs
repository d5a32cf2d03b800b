//! Libraries that must not be used: each is refused before the first call, with what to do.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use headwater::ErrorCode;
use headwater::ErrorCode::{ConnectorIncompatible, ConnectorMisbehaved, ConnectorNotFound};
use headwater_abi_tests::{build_changed_layout, compile_c, repository};
use headwater_host::{Connectors, LoadedConnector};

struct Case {
    name: &'static str,
    defines: &'static [&'static str],
    code: ErrorCode,
    message: &'static str,
    hint: &'static str,
}

const fn case(
    name: &'static str,
    defines: &'static [&'static str],
    code: ErrorCode,
    message: &'static str,
    hint: &'static str,
) -> Case {
    Case { name, defines, code, message, hint }
}

const SLOT: &str = "fill every slot";

const CASES: &[Case] = &[
    case(
        "another major version by its symbol",
        &["EXPORT=headwater_connector_v2"],
        ConnectorIncompatible,
        "speaks connector ABI 2, this host speaks 1",
        "update Headwater",
    ),
    case(
        "no symbol",
        &["EXPORT=some_function"],
        ConnectorIncompatible,
        "does not export `headwater_connector_v1`",
        "check that it is a Headwater connector",
    ),
    case(
        "another major version in the table",
        &["MAJOR=3"],
        ConnectorIncompatible,
        "speaks connector ABI 3.0, this host speaks 1.0",
        "rebuild the connector",
    ),
    case(
        "a newer minor version",
        &["MINOR=7"],
        ConnectorIncompatible,
        "speaks connector ABI 1.7, this host speaks 1.0",
        "update Headwater",
    ),
    case(
        "a short table",
        &["TABLE_SIZE=40"],
        ConnectorIncompatible,
        "table has 40 bytes, connector ABI 1.0 needs 72",
        "rebuild the connector",
    ),
    case("no table", &["NO_TABLE"], ConnectorIncompatible, "returned no table", "static"),
    case(
        "an unresolved symbol",
        &["UNRESOLVED"],
        ConnectorIncompatible,
        "undefined symbol: no_such_function_anywhere",
        "the libraries it needs",
    ),
    case("no describe", &["WITHOUT=describe"], ConnectorIncompatible, "`describe`", SLOT),
    case("no open", &["WITHOUT=open"], ConnectorIncompatible, "`open`", SLOT),
    case("no check", &["WITHOUT=check"], ConnectorIncompatible, "`check`", SLOT),
    case("no read", &["WITHOUT=read"], ConnectorIncompatible, "`read`", SLOT),
    case("no next", &["WITHOUT=next"], ConnectorIncompatible, "`next`", SLOT),
    case(
        "no close_stream",
        &["WITHOUT=close_stream"],
        ConnectorIncompatible,
        "`close_stream`",
        SLOT,
    ),
    case("no close", &["WITHOUT=close"], ConnectorIncompatible, "`close`", SLOT),
    case(
        "a name that is not UTF-8",
        &["NAME=\"caf\\xe9\""],
        ConnectorMisbehaved,
        "the connector's name is not UTF-8",
        "UTF-8",
    ),
    case(
        "a name with a space",
        &["NAME=\"my csv\""],
        ConnectorMisbehaved,
        "`my csv`, expected lower-case letters",
        "describe",
    ),
    case("no name", &["NAME=\"\""], ConnectorMisbehaved, "expected lower-case", "describe"),
    case(
        "a schema that is not JSON",
        &["SCHEMA=\"{\""],
        ConnectorMisbehaved,
        "config_schema is not JSON",
        "JSON Schema",
    ),
    case(
        "a schema that is no object",
        &["SCHEMA=\"[]\""],
        ConnectorMisbehaved,
        "config_schema is not a JSON object",
        "JSON Schema",
    ),
    case("a failing describe", &["FAIL_IN_DESCRIBE"], ErrorCode::Internal, "not today", ""),
    case(
        "a hanging describe",
        &["HANG_IN_DESCRIBE"],
        ErrorCode::Timeout,
        "`describe` showed no sign of life for 0.3 s",
        "allow more time",
    ),
];

fn broken() -> PathBuf {
    repository().join("tests/abi/broken/broken.c")
}

fn load(path: &Path) -> headwater::Result<LoadedConnector> {
    LoadedConnector::load_with_patience(path, Duration::from_millis(300))
}

#[test]
fn each_is_refused_and_the_next_good_one_loads() {
    let folder = tempfile::tempdir().unwrap();
    for (index, case) in CASES.iter().enumerate() {
        let file = format!("broken_{index}.so");
        let path = compile_c(&broken(), folder.path(), &file, case.defines);
        let start = Instant::now();
        let error = load(&path).map(drop).unwrap_err();
        let shown = format!("{}: {error:#}", case.name);
        assert_eq!(error.code(), case.code, "{shown}");
        assert!(error.message().contains(case.message), "{shown}");
        assert!(error.remedy().contains(case.hint), "{shown}");
        assert_eq!(error.record(), path.to_str(), "{shown}");
        assert!(start.elapsed() < Duration::from_secs(5), "{shown}");
    }
    let good = compile_c(&broken(), folder.path(), "good.so", &[]);
    assert_eq!(load(&good).unwrap().path(), good);
}

#[test]
fn what_is_no_library_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text.so");
    std::fs::write(&text, "not a library").unwrap();
    for (path, code, message) in [
        (text, ConnectorIncompatible, "cannot be loaded as a library: dlopen failed"),
        (folder.path().join("missing.so"), ConnectorNotFound, "no such file"),
        (folder.path().to_owned(), ConnectorNotFound, "a directory was found"),
    ] {
        let error = load(&path).map(drop).unwrap_err();
        assert_eq!(error.code(), code, "{error:#}");
        assert!(error.message().contains(message), "{error:#}");
    }
}

#[test]
fn a_library_that_was_cut_off_is_refused_wherever_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let whole = std::fs::read(compile_c(&broken(), folder.path(), "whole.so", &[])).unwrap();
    let names = ["libheadwater_connector_cut.so", "libheadwater_connector_whole.so"];
    let [cut, kept] = names.map(|name| folder.path().join(name));
    std::fs::write(&kept, &whole).unwrap();
    for length in [0, 63, 64, 500, 5000, whole.len() / 2] {
        std::fs::write(&cut, &whole[..length]).unwrap();
        let error = load(&cut).map(drop).unwrap_err();
        assert_eq!(error.code(), ConnectorIncompatible, "{length}: {error:#}");
        let is_named = error.message().contains(&format!("cut off: it has {length} bytes"));
        assert_eq!(is_named, length >= 64, "{length}: {error:#}");
    }
    let list = Connectors::in_folders([folder.path()]).list();
    assert!(list[0].connector.is_err() && list[1].connector.is_ok(), "{list:?}");
}

#[test]
fn another_layout_is_refused_by_the_name_of_the_field() {
    let error = load(&build_changed_layout()).map(drop).unwrap_err();
    assert_eq!(error.code(), ConnectorIncompatible);
    assert!(error.message().contains("headwater_batch.payload_kind"), "{error:#}");
    assert!(error.message().contains("expected i32, found u32"), "{error:#}");
    assert!(error.message().len() < 300, "{error:#}");
    assert!(error.remedy().contains("headwater-sdk"), "{error:#}");
}

#[test]
fn a_connector_is_found_by_name_and_a_broken_one_does_not_hide_it() {
    let folder = tempfile::tempdir().unwrap();
    let _ = compile_c(&broken(), folder.path(), "libheadwater_connector_good.so", &[]);
    let bad = ["EXPORT=headwater_connector_v9"];
    let _ = compile_c(&broken(), folder.path(), "libheadwater_connector_bad.so", &bad);
    let connectors = Connectors::in_folders([folder.path()]);
    let list = connectors.list();
    let names: Vec<_> = list.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, ["bad", "good"]);
    assert!(list[0].connector.as_ref().is_err_and(|error| error.message().contains("ABI 9")));
    assert!(list[1].connector.is_ok());
    assert!(connectors.find("good").is_ok());
    let path = folder.path().join("libheadwater_connector_good.so");
    assert_eq!(connectors.find(path.to_str().unwrap()).unwrap().path(), path);
    assert_eq!(connectors.find("bad").map(drop).unwrap_err().code(), ConnectorIncompatible);
    assert_eq!(connectors.find("god").map(drop).unwrap_err().remedy(), "did you mean `good`?");
}
