//! Which error codes the cases expect.

use std::collections::{BTreeMap, BTreeSet};

use headwater::ErrorCode;

use crate::case::{Case, Expect};
use crate::pattern::Pattern;

/// The codes that some step of the cases must give, as its error or as that of one outcome.
#[must_use]
pub fn expected_codes(cases: &[Case]) -> BTreeSet<&'static str> {
    let mut codes = BTreeSet::new();
    for step in cases.iter().flat_map(|case| &case.steps) {
        match &step.expect {
            Expect::Error(error) => add_code(error, &mut codes),
            Expect::Ok(ok) => add_outcomes(ok, &mut codes),
        }
    }
    codes
}

/// Every problem with the codes that are listed (code to reason) as occurring in no case.
#[must_use]
pub fn problems(cases: &[Case], listed: &BTreeMap<String, String>) -> Vec<String> {
    let expected = expected_codes(cases);
    let mut problems = Vec::new();
    for code in ErrorCode::ALL.iter().map(|code| code.name()) {
        match (expected.contains(code), listed.get(code)) {
            (false, None) => problems.push(format!("{code}: no case expects it")),
            (true, Some(_)) => problems.push(format!("{code}: is listed, but a case expects it")),
            (false, Some(reason)) if reason.trim().is_empty() => {
                problems.push(format!("{code}: is listed without a reason"));
            }
            _ => {}
        }
    }
    for code in listed.keys().filter(|code| ErrorCode::from_name(code).is_none()) {
        problems.push(format!("{code}: is listed, but is no code"));
    }
    problems
}

fn add_code(error: &Pattern, codes: &mut BTreeSet<&'static str>) {
    let Pattern::Object(entries) = error else { return };
    for (key, pattern) in entries {
        if let (true, Pattern::Value(code)) = (key == "code", pattern) {
            codes.extend(code.as_str().and_then(ErrorCode::from_name).map(ErrorCode::name));
        }
    }
}

/// A batch answers `{"outcomes": [.., {"error": ..}]}`.
fn add_outcomes(ok: &Pattern, codes: &mut BTreeSet<&'static str>) {
    match ok {
        Pattern::Object(entries) => {
            for (key, pattern) in entries {
                if key == "error" {
                    add_code(pattern, codes);
                } else if key == "outcomes" {
                    add_outcomes(pattern, codes);
                }
            }
        }
        Pattern::List(patterns) => {
            for pattern in patterns {
                add_outcomes(pattern, codes);
            }
        }
        _ => {}
    }
}
