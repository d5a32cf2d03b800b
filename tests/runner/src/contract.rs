//! What shows each section of the contract: the cases that name it, or what `tests/expected/contract.toml`
//! names for it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

use crate::case::Case;

/// What else than the citations of cases shows that the contract is kept.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// Sections that no case can show: the file and the name of the test that does.
    pub tests: BTreeMap<String, String>,
    /// Sections that ask for nothing, each with the reason.
    pub nothing: BTreeMap<String, String>,
    /// Points of a section (`7: the largest page`), each shown by a case or by a test.
    pub points: BTreeMap<String, String>,
}

/// The numbered sections, rows and decisions of the contract.
#[must_use]
pub fn sections() -> BTreeSet<String> {
    let whole = ["1", "2", "3", "4", "6", "7", "8", "10"].map(str::to_owned);
    let parts = [("1", 8), ("4", 11), ("5", 7), ("9", 25), ("11", 13)];
    let parts = parts.iter().flat_map(|(section, count)| {
        (1..=*count).map(move |part: u32| format!("{section}.{part}"))
    });
    whole.into_iter().chain(parts).collect()
}

/// The sections that the contract itself has: its headings, the rows of section 9, the decisions of 11.
#[must_use]
pub fn sections_of(contract: &str) -> BTreeSet<String> {
    let mut sections = BTreeSet::new();
    let mut section = "";
    for line in contract.lines() {
        let number = |from: &str| -> String {
            from.chars().take_while(|it| it.is_ascii_digit() || *it == '.').collect()
        };
        if let Some(heading) = line.strip_prefix("### ") {
            sections.insert(number(heading).trim_end_matches('.').to_owned());
        } else if let Some(heading) = line.strip_prefix("## ") {
            section = heading.split('.').next().unwrap_or_default();
            // These consist of their parts.
            if !["5", "9", "11"].contains(&section) {
                sections.insert(section.to_owned());
            }
        } else {
            let row = match section {
                "9" => line.strip_prefix("| ").map(number),
                "11" => Some(number(line)),
                _ => None,
            };
            let row = row.map(|row| row.trim_end_matches('.').to_owned());
            sections
                .extend(row.filter(|row| !row.is_empty()).map(|row| format!("{section}.{row}")));
        }
    }
    sections
}

/// The sections that a case names; what it names beside the contract is left out.
#[must_use]
pub fn named(case: &Case) -> BTreeSet<&str> {
    let sources = case.contract.split(';').map(str::trim);
    let sources = sources.filter(|source| source.starts_with(|it: char| it.is_ascii_digit()));
    let sections = sources.flat_map(|source| source.split(','));
    // `2 (12 to 14)` names rows of section 2.
    sections.filter_map(|section| section.split_whitespace().next()).collect()
}

/// Every section that is shown by nothing, and every entry that is not true. `root` is the repository.
#[must_use]
pub fn problems(cases: &[Case], shown: &Shown, root: &Path) -> Vec<String> {
    let sections = sections();
    let mut problems = Vec::new();
    let mut by_cases = BTreeSet::new();
    for case in cases {
        for section in named(case) {
            if !sections.contains(section) {
                problems.push(format!("{}: the contract has no section {section}", case.name));
            }
            by_cases.insert(section);
        }
    }
    for section in &sections {
        let listed = [&shown.tests, &shown.nothing];
        let listed = listed.iter().filter(|list| list.contains_key(section)).count();
        match (by_cases.contains(&**section), listed) {
            (false, 0) => problems.push(format!("{section}: nothing shows it")),
            (false, 1) | (true, 0) => {}
            _ => problems.push(format!("{section}: is listed twice, or a case names it")),
        }
    }
    for section in shown.tests.keys().chain(shown.nothing.keys()) {
        if !sections.contains(section) {
            problems.push(format!("{section}: is listed, but is no section"));
        }
    }
    for (section, reason) in &shown.nothing {
        if reason.trim().is_empty() {
            problems.push(format!("{section}: is listed without a reason"));
        }
    }
    for (point, by) in shown.tests.iter().chain(&shown.points) {
        let section = point.split(':').next().unwrap_or_default();
        let is_case = |case: &Case| case.name == *by && named(case).contains(section);
        if !cases.iter().any(is_case) && !is_test(root, by) {
            problems.push(format!("{point}: {by} is no test, and no case that names {section}"));
        }
    }
    problems
}

/// Whether `file: name` is a test of the repository.
fn is_test(root: &Path, named: &str) -> bool {
    let Some((file, name)) = named.split_once(": ") else { return false };
    let text = std::fs::read_to_string(root.join(file)).unwrap_or_default();
    ["#[test]\nfn", "#[test]\n    fn", "def"]
        .iter()
        .any(|word| text.contains(&format!("{word} {name}(")))
}
