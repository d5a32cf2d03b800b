//! Every error code is the expected error of some case, or is listed with the reason why not; and the
//! cases cover the record API.

use std::collections::BTreeMap;

use headwater::value::ValueType;
use headwater_conformance::surface::SURFACES;
use headwater_conformance::{codes, contract, coverage, load_cases, tests_folder};

#[test]
fn every_error_code_occurs_in_a_case() {
    let mut cases = load_cases(&tests_folder().join("cases")).unwrap();
    // A case that is not expected to pass shows nothing.
    let expected = SURFACES[0].expected().unwrap();
    cases.retain(|case| !expected.excludes(case));
    let listed = std::fs::read_to_string(tests_folder().join("expected/codes.toml")).unwrap();
    let listed: BTreeMap<String, String> = toml::from_str(&listed).unwrap();
    let problems = codes::problems(&cases, &listed);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// The wire format is what integrators meet, so its cases alone must cover the record API.
#[test]
fn the_cases_over_http_cover_the_record_api() {
    let expected = SURFACES[1].expected().unwrap();
    let mut cases = load_cases(&tests_folder().join("cases")).unwrap();
    cases.retain(|case| coverage::is_on_the_wire(case, &expected));
    let steps: usize = cases.iter().map(|case| case.steps.len()).sum();
    assert!(steps >= 400, "only {steps} steps");
    let shown = coverage::shown(&cases);
    let missing: Vec<String> =
        coverage::required().into_iter().filter(|what| !shown.contains(what)).collect();
    assert!(missing.is_empty(), "no case shows\n{}", missing.join("\n"));
}

/// Each section of the contract is named by a case over HTTP, or listed with what shows it.
#[test]
fn every_section_of_the_contract_is_shown() {
    let expected = SURFACES[1].expected().unwrap();
    let mut cases = load_cases(&tests_folder().join("cases")).unwrap();
    cases.retain(|case| coverage::is_on_the_wire(case, &expected));
    let shown = std::fs::read_to_string(tests_folder().join("expected/contract.toml")).unwrap();
    let shown = toml::from_str(&shown).unwrap();
    let problems = contract::problems(&cases, &shown, &tests_folder().join(".."));
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn the_sections_are_those_of_the_contract() {
    let shared = std::env::var_os("HEADWATER_SHARED")
        .map_or_else(|| tests_folder().join("../../shared"), std::path::PathBuf::from);
    match std::fs::read_to_string(shared.join("contract.md")) {
        Ok(text) => assert_eq!(contract::sections_of(&text), contract::sections()),
        Err(_) if std::env::var("CI").as_deref() != Ok("true") => {
            eprintln!("skipped: there is no contract.md in {}", shared.display());
        }
        Err(cause) => panic!("{}: {cause}", shared.display()),
    }
}

#[test]
fn every_value_type_has_its_shapes() {
    let known = ValueType::ALL.iter().map(|value_type| value_type.name()).collect();
    assert_eq!(coverage::value_types(), known);
}
