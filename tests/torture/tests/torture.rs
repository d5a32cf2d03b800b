//! Runs the program on hostile input; what must come of it is worked out in Python, by other
//! parsers than the program's own (`torture/`).
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use headwater_program_tests::executable;

/// The status of a set whose needs are not there.
const LACKING: i32 = 77;

fn run(set: &str) {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shared =
        env::var_os("HEADWATER_SHARED").map_or_else(|| here.join("../../../shared"), PathBuf::from);
    let prepared = here.join("../../.venv/bin/python");
    let python = if prepared.exists() { prepared } else { PathBuf::from("python3") };
    let output = Command::new(python)
        .args(["-m", "torture", set, "--program"])
        .arg(executable())
        .arg("--data")
        .arg(shared.join("data"))
        .current_dir(here)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env_remove("HEADWATER_CONNECTOR_PATH")
        .output()
        .expect("Python runs");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    if output.status.code() == Some(LACKING) && env::var("CI").as_deref() != Ok("true") {
        eprintln!("skipped: {said}");
        return;
    }
    assert!(output.status.success(), "{set}: {:?}\n{said}", output.status);
    assert!(said.contains("inputs, as expected"), "{set} tested nothing:\n{said}");
}

macro_rules! sets {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            run(stringify!($name));
        })*
    };
}

sets! { csv_spectrum json_test_suite naughty_strings phones truncated hostile_csv hostile_json }
