//! Schemathesis asks the server all that its document allows, and much that it does not: no
//! failure of the server, no status, code or shape that the document does not have.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use headwater_openapi_tests::{DOCUMENT, Peopled, python};

/// The server is asked at least so often.
const CASES: u64 = 1000;

#[test]
fn the_server_keeps_to_its_document() {
    let peopled = Peopled::start();
    let url = format!("http://{}{DOCUMENT}", peopled.crm.address());
    let output = python("schemathesis")
        .args(["--config-file", "schemathesis.toml", "run", &url])
        .arg("--header")
        .arg(format!("Authorization: Bearer {}", peopled.crm.key.as_deref().unwrap()))
        .arg("--report=json")
        .arg("--report-json-path")
        .arg(peopled.desk.path("report.json"))
        .env("HEADWATER_IDS", peopled.ids.to_string())
        .env("PYTHONPATH", ".")
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{errors}");
    let asked = said.lines().find_map(|line| {
        let (number, _) = line.trim().split_once(" generated")?;
        number.replace(',', "").parse::<u64>().ok()
    });
    assert!(asked.is_some_and(|asked| asked >= CASES), "asked {asked:?} times:\n{said}");
}
