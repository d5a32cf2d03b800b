//! Lists of what a testee is known not to do, and the check that no list goes stale.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::case::Case;
use crate::run::{CaseResult, Verdict};

/// What a testee is known not to do, each with the reason.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// Verbs that the testee does not know.
    #[serde(default)]
    pub unsupported: BTreeMap<String, String>,
    /// Cases that fail.
    #[serde(default)]
    pub failing: BTreeMap<String, String>,
}

impl Expected {
    /// Reads `tests/expected/<testee>.toml`.
    ///
    /// # Errors
    /// Text that says what is wrong with the file.
    pub fn load(path: &Path) -> Result<Self, String> {
        std::fs::read_to_string(path)
            .map_err(|cause| cause.to_string())
            .and_then(|text| toml::from_str(&text).map_err(|cause| cause.to_string()))
            .map_err(|why| format!("{}: {why}", path.display()))
    }

    /// Whether the case is not expected to pass.
    #[must_use]
    pub fn excludes(&self, case: &Case) -> bool {
        self.failing.contains_key(&case.name)
            || case.steps.iter().any(|step| self.unsupported.contains_key(step.verb()))
    }

    /// Every problem of a run: failures that are not listed, and entries that are not true.
    #[must_use]
    pub fn problems(&self, cases: &[Case], results: &[CaseResult]) -> Vec<String> {
        let mut problems = Vec::new();
        if results.is_empty() {
            problems.push("no case was run".to_owned());
        }
        for CaseResult { name, verdict } in results {
            let listed = self.failing.contains_key(name);
            match verdict {
                Verdict::Passed if listed => {
                    problems.push(format!("{name}: passes, but is listed as failing"));
                }
                Verdict::Failed(report) if !listed => problems.push(format!("{name}: {report}")),
                Verdict::Unsupported(verb) if !self.unsupported.contains_key(verb) => {
                    problems.push(format!("{name}: the testee does not know {verb:?}"));
                }
                _ => {}
            }
        }
        for name in self.failing.keys() {
            if !results.iter().any(|result| result.name == *name) {
                problems.push(format!("{name}: is listed as failing, but is no case"));
            }
        }
        for verb in self.unsupported.keys() {
            let is_refused = |result: &CaseResult| matches!(&result.verdict, Verdict::Unsupported(refused) if refused == verb);
            let uses = |case: &Case| case.steps.iter().any(|step| step.verb() == verb);
            if cases.iter().any(uses) && !results.iter().any(is_refused) {
                problems.push(format!("{verb}: is listed as unsupported, but was answered"));
            }
            if !cases.iter().any(uses) {
                problems.push(format!("{verb}: is listed as unsupported, but no case uses it"));
            }
        }
        let lists = self.unsupported.iter().chain(&self.failing);
        for (name, _) in lists.filter(|(_, reason)| reason.trim().is_empty()) {
            problems.push(format!("{name}: is listed without a reason"));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(name: &str, verdict: Verdict) -> CaseResult {
        CaseResult { name: name.to_owned(), verdict }
    }

    #[test]
    fn only_listed_failures_are_borne_and_stale_entries_are_not() {
        let expected: Expected =
            toml::from_str("[failing]\n'a/known' = 'why'\n'a/mended' = 'why'\n'a/gone' = 'why'")
                .unwrap();
        let results = [
            result("a/new", Verdict::Failed("differs".to_owned())),
            result("a/known", Verdict::Failed("differs".to_owned())),
            result("a/mended", Verdict::Passed),
            result("a/verb", Verdict::Unsupported("relate".to_owned())),
        ];
        let problems = expected.problems(&[], &results);
        assert_eq!(
            problems,
            [
                "a/new: differs",
                "a/mended: passes, but is listed as failing",
                "a/verb: the testee does not know \"relate\"",
                "a/gone: is listed as failing, but is no case",
            ]
        );
        assert_eq!(Expected::default().problems(&[], &[]), ["no case was run"]);
    }
}
