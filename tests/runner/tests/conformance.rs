//! Every case on every testee; a failure lists all cases that failed.

use std::sync::OnceLock;

use headwater_conformance::surface::{SURFACES, start_program};
use headwater_conformance::table::{feature_table, with_table};
use headwater_conformance::{
    Case, CaseResult, Surface, Testee, load_cases, run_cases, tests_folder,
};

/// What became of the cases on each surface.
static RESULTS: [OnceLock<Vec<CaseResult>>; SURFACES.len()] =
    [const { OnceLock::new() }; SURFACES.len()];

fn cases() -> Vec<Case> {
    load_cases(&tests_folder().join("cases")).expect("the cases can be read")
}

/// Runs the cases on a surface, once for all tests that ask.
fn results(place: usize) -> &'static [CaseResult] {
    RESULTS[place].get_or_init(|| {
        let surface = &SURFACES[place];
        let mut testee = surface.start().expect("the testee starts");
        run_cases(&cases(), &mut *testee, surface.workspace)
    })
}

fn check(surface: &Surface, results: &[CaseResult]) {
    let cases = cases();
    let problems =
        surface.expected().expect("the exceptions can be read").problems(&cases, results);
    let (failed, all, title) = (problems.len(), cases.len(), surface.title);
    assert!(
        problems.is_empty(),
        "{failed} of {all} cases on {title}:\n\n{}\n",
        problems.join("\n\n")
    );
}

fn passes(place: usize) {
    check(&SURFACES[place], results(place));
}

#[test]
fn the_library_passes() {
    passes(0);
}

#[test]
fn the_server_passes() {
    passes(1);
}

#[test]
fn the_library_in_c_passes() {
    passes(2);
}

#[test]
fn the_library_in_cpp_passes() {
    passes(3);
}

#[test]
fn the_python_package_passes() {
    passes(4);
}

#[test]
fn the_python_package_s_coroutines_pass() {
    passes(5);
}

#[test]
fn the_remote_workspace_passes() {
    passes(6);
}

/// A surface in the table that no test here runs would be a promise that nobody keeps.
#[test]
fn every_surface_is_tested() {
    let expected = SURFACES.map(|surface| surface.expected);
    assert_eq!(expected, ["rust", "http", "c", "cpp", "python", "python", "remote"]);
}

#[test]
fn the_table_of_the_readme_is_what_the_cases_give() {
    let columns = SURFACES.iter().enumerate();
    let columns: Vec<_> =
        columns.map(|(place, surface)| (surface.title, results(place).to_vec())).collect();
    let readme = std::fs::read_to_string(tests_folder().join("../README.md")).unwrap();
    let current = with_table(&readme, &feature_table(&cases(), &columns)).unwrap();
    assert!(current == readme, "the table is not current: run make conformance-table");
}

/// The same implementation behind the protocol: shows that the protocol carries everything.
#[test]
fn a_program_on_stdin_and_stdout_passes() {
    let mut testee = start_program(env!("CARGO_BIN_EXE_testee")).unwrap();
    check(&SURFACES[0], &run_cases(&cases(), &mut testee, SURFACES[0].workspace));
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
