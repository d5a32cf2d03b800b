//! Every error code is the expected error of some case, or is listed with the reason why not.

use std::collections::BTreeMap;

use headwater_conformance::surface::SURFACES;
use headwater_conformance::{codes, load_cases, tests_folder};

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
