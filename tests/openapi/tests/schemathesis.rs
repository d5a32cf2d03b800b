//! Schemathesis asks the server all that its document allows, and much that it does not: no
//! failure of the server, no status, code or shape that the document does not have.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use headwater_openapi_tests::{DOCUMENT, Peopled, python};
use serde_json::Value as Json;

/// Asks at least so many questions.
fn ask(served: &[&str], choice: &[&str], cases: u64) {
    let peopled = Peopled::start(served);
    let url = format!("http://{}{DOCUMENT}", peopled.crm.address());
    let key = peopled.crm.key.as_deref().unwrap();
    let report = peopled.desk.path("report.json");
    let output = python("schemathesis")
        .args(["--config-file", "schemathesis.toml", "run", &url])
        .args(["--header", &format!("Authorization: Bearer {key}")])
        .args(["--report=json", "--report-json-path"])
        .arg(&report)
        .args(choice)
        .env("HEADWATER_IDS", peopled.ids.to_string())
        .env("PYTHONPATH", ".")
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{errors}");
    let report: Json = serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
    let asked = &report["test_cases"]["generated"];
    assert!(asked.as_u64().is_some_and(|asked| asked >= cases), "asked {asked} times:\n{said}");
}

#[test]
fn the_server_keeps_to_its_document() {
    ask(&[], &[], 40_000);
}

#[test]
fn a_twin_keeps_to_its_document() {
    // Nothing leads from one of its operations to another.
    let phases = ["--phases", "examples,coverage,fuzzing"];
    ask(&["--twin"], &[&["--include-tag", "twin"], &phases[..]].concat(), 400);
}
