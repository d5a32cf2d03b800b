//! Every case on every testee; a failure lists all cases that failed.

use headwater_conformance::surface::{SURFACES, start_program};
use headwater_conformance::{Surface, Testee, load_cases, run_cases, tests_folder};

fn check(surface: &Surface, testee: &mut dyn Testee) -> Result<(), String> {
    let cases = load_cases(&tests_folder().join("cases"))?;
    let results = run_cases(&cases, testee, surface.workspace);
    let problems = surface.expected()?.problems(&cases, &results);
    if problems.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{} of {} cases on {}:\n\n{}\n",
        problems.len(),
        cases.len(),
        surface.title,
        problems.join("\n\n")
    ))
}

fn passes(surface: &Surface) {
    let mut testee = surface.start().expect("the testee starts");
    if let Err(report) = check(surface, &mut *testee) {
        panic!("{report}");
    }
}

#[test]
fn the_library_passes() {
    passes(&SURFACES[0]);
}

#[test]
fn the_server_passes() {
    passes(&SURFACES[1]);
}

#[test]
fn the_library_in_c_passes() {
    passes(&SURFACES[2]);
}

#[test]
fn the_library_in_cpp_passes() {
    passes(&SURFACES[3]);
}

#[test]
fn the_python_package_passes() {
    passes(&SURFACES[4]);
}

#[test]
fn the_python_package_s_coroutines_pass() {
    passes(&SURFACES[5]);
}

#[test]
fn the_remote_workspace_passes() {
    passes(&SURFACES[6]);
}

/// A surface in the table that no test here runs would be a promise that nobody keeps.
#[test]
fn every_surface_is_tested() {
    let expected = SURFACES.map(|surface| surface.expected);
    assert_eq!(expected, ["rust", "http", "c", "cpp", "python", "python", "remote"]);
}

/// The same implementation behind the protocol: shows that the protocol carries everything.
#[test]
fn a_program_on_stdin_and_stdout_passes() {
    let mut testee = start_program(env!("CARGO_BIN_EXE_testee")).unwrap();
    if let Err(report) = check(&SURFACES[0], &mut testee) {
        panic!("{report}");
    }
}

#[test]
fn a_program_that_is_no_testee_is_an_error_and_not_a_hang() {
    let mut dead = start_program("true").unwrap();
    assert!(dead.call(&serde_json::json!({"do": "end"})).is_err());
    let mut echo = start_program("cat").unwrap();
    let answer = echo.call(&serde_json::json!({"do": "end"}));
    assert!(answer.unwrap_err().contains("none of ok"));
    assert!(start_program("/nowhere/testee").is_err());
}
