//! The feature table: areas by surfaces, with how many cases pass, as markdown between two marks.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::case::Case;
use crate::run::{CaseResult, Verdict};

/// The line before the table in a README.
pub const BEGIN: &str = "<!-- feature table: begin -->";
/// The line after it.
pub const END: &str = "<!-- feature table: end -->";

/// The table of these results, a column for each surface.
#[must_use]
pub fn feature_table(cases: &[Case], columns: &[(&str, Vec<CaseResult>)]) -> String {
    let mut areas: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for case in cases {
        let counts = areas.entry(case.area()).or_default();
        counts.0 += 1;
        counts.1 += case.steps.len();
    }
    let mut table = String::from("| area | cases | steps |");
    for (title, _) in columns {
        let _ = write!(table, " {title} |");
    }
    table.push_str("\n| :-- | --: | --: |");
    table.push_str(&" --: |".repeat(columns.len()));
    table.push('\n');
    for (area, (case_count, step_count)) in &areas {
        let _ = write!(table, "| {area} | {case_count} | {step_count} |");
        for (_, results) in columns {
            let passed = |result: &&CaseResult| {
                result.verdict == Verdict::Passed
                    && result.name.split_once('/').is_some_and(|(of, _)| of == *area)
            };
            let _ = write!(table, " {} |", results.iter().filter(passed).count());
        }
        table.push('\n');
    }
    table
}

/// The README with the table between its marks.
///
/// # Errors
/// Text that says which mark is missing.
pub fn with_table(readme: &str, table: &str) -> Result<String, String> {
    let (before, rest) = readme.split_once(BEGIN).ok_or(format!("there is no line {BEGIN}"))?;
    let (_, after) = rest.split_once(END).ok_or(format!("there is no line {END}"))?;
    Ok(format!("{before}{BEGIN}\n{table}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_goes_between_the_marks_and_stays_when_it_is_current() {
        let readme = format!("# x\n{BEGIN}\nold\n{END}\ny\n");
        let written = with_table(&readme, "| a |\n").unwrap();
        assert_eq!(written, format!("# x\n{BEGIN}\n| a |\n{END}\ny\n"));
        assert_eq!(with_table(&written, "| a |\n").unwrap(), written);
        assert!(with_table("# x", "").unwrap_err().contains("begin"));
    }
}
