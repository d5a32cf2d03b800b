//! Connectors that keep the contract pass the testkit, and ones that do not fail it by name.
//!
//! One test, because the memory of the whole process is watched.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use headwater_abi_tests::{build_rust, compile_c, repository};
use headwater_host::LoadedConnector;
use headwater_host::testkit::{Options, Outcome, Report, run};
use serde_json::{Value as Json, json};

fn assert_passes(connector: &LoadedConnector, config: &Json, skipped: &[&str]) -> Report {
    let report = run(connector, Some(config), &Options::default());
    for check in &report.checks {
        let is_expected = match check.outcome {
            Outcome::Passed => true,
            Outcome::Failed => false,
            Outcome::Skipped => skipped.contains(&check.name.as_str()),
        };
        assert!(is_expected, "{:?}: {check:#?}", connector.path());
    }
    assert!(report.is_passed());
    assert_eq!(report.count(Outcome::Skipped), skipped.len(), "{report:#?}");
    report
}

fn detail<'a>(report: &'a Report, name: &str) -> &'a str {
    let check = report.checks.iter().find(|check| check.name == name);
    &check.unwrap_or_else(|| panic!("no check `{name}` in {report:#?}")).detail
}

fn outcome(report: &Report, name: &str) -> Outcome {
    report.checks.iter().find(|check| check.name == name).unwrap().outcome
}

#[test]
fn connectors_are_judged_by_the_contract() {
    let sample = LoadedConnector::load(&build_rust("headwater-abi-sample")).unwrap();
    let report = assert_passes(&sample, &json!({"rows": 2503}), &[]);
    let rows = detail(&report, "reads every row [numbers]");
    assert_eq!(rows, "2253 rows and 250 bad rows");
    assert_eq!(detail(&report, "resumes from every checkpoint [numbers]"), "41 checkpoints");

    // More rows than are looked at: the rest of a resume is compared as far as it goes.
    let report = assert_passes(&sample, &json!({"rows": 30_000_000_u64}), &[]);
    assert!(detail(&report, "reads every row [numbers]").starts_with("the first 90"));
    let stop = detail(&report, "stops within a second [numbers]");
    assert!(stop.starts_with("after "), "{stop}");

    // Without a configuration only what needs none is tried.
    let report = run(&sample, None, &Options::default());
    assert_eq!(report.count(Outcome::Passed), 4, "{report:#?}");
    assert_eq!(report.count(Outcome::Skipped), 3, "{report:#?}");

    let folder = tempfile::tempdir().unwrap();
    let accounts = folder.path().join("accounts");
    let lines: Vec<String> = (0..500)
        .map(|n| match n % 7 {
            5 => format!("user{n}:x:{n}"),
            _ => format!("user{n}:x:{n}:{n}:A \"name\" \\ and\ttab:/home/{n}:/bin/sh"),
        })
        .collect();
    std::fs::write(&accounts, lines.join("\n")).unwrap();
    let source = repository().join("plugins/connectors/c_example/passwd.c");
    let name = "libheadwater_connector_passwd.so";
    let passwd = LoadedConnector::load(&compile_c(&source, folder.path(), name, &[])).unwrap();
    let report = assert_passes(&passwd, &json!({"path": accounts}), &[]);
    assert_eq!(detail(&report, "reads every row [accounts]"), "429 rows and 71 bad rows");
    assert_passes(&passwd, &json!({"path": "/etc/passwd"}), &[]);

    // A connector that accepts any configuration, takes any stream and any checkpoint.
    let source = repository().join("tests/abi/broken/broken.c");
    let path = compile_c(&source, folder.path(), "broken.so", &[]);
    let broken = LoadedConnector::load(&path).unwrap();
    let options = Options { repeats: 100, ..Options::default() };
    let report = run(&broken, Some(&json!({"case": "good"})), &options);
    assert!(!report.is_passed());
    for name in [
        "refuses a configuration that is not JSON",
        "names an unknown key",
        "refuses an unknown stream",
        "resumes from every checkpoint [a]",
        "refuses a foreign checkpoint [b]",
    ] {
        assert_eq!(outcome(&report, name), Outcome::Failed, "{name}: {report:#?}");
    }

    // A password is shown nowhere, and a key that is needed may be told of before one that is not known.
    let schema =
        r#"{"type":"object","required":["case"],"properties":{"token":{"format":"password"}}}"#;
    let schema = format!("SCHEMA={schema:?}");
    let defines = ["NEEDS_CASE", schema.as_str()];
    let path = compile_c(&source, folder.path(), "needs.so", &defines);
    let needs = LoadedConnector::load(&path).unwrap();
    let secret = json!({"case": "good", "token": "pw-\"secret"});
    let report = run(&needs, Some(&secret), &options);
    let shown = detail(&report, "names an unknown key");
    assert!(shown.contains("\"token\":\"***\""), "{shown}");
    let none_shows = report.checks.iter().all(|check| !check.detail.contains("secret"));
    assert!(none_shows, "{report:#?}");
    let report = run(&needs, None, &options);
    assert_eq!(outcome(&report, "names an unknown key"), Outcome::Skipped, "{report:#?}");
}
