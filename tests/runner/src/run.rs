//! Runs cases on a testee, each on a fresh workspace in a folder of its own.

use std::fmt::Write;

use serde_json::{Map, Value as Json, json};

use crate::case::{Case, Expect, Step};
use crate::saved::Saved;
use crate::testee::{Response, Testee};

/// How a case ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Every step gave what it must.
    Passed,
    /// A step did not; the report says which and how.
    Failed(String),
    /// The testee does not know this verb.
    Unsupported(String),
}

/// A case and how it ended.
#[derive(Debug, Clone)]
pub struct CaseResult {
    /// The case's name.
    pub name: String,
    /// How it ended.
    pub verdict: Verdict,
}

/// Runs every case on the testee; `workspace` is the kind of workspace it opens.
#[must_use]
pub fn run_cases(cases: &[Case], testee: &mut dyn Testee, workspace: &str) -> Vec<CaseResult> {
    let run = |case: &Case| {
        let verdict = run_case(case, testee, workspace).unwrap_or_else(Verdict::Failed);
        CaseResult { name: case.name.clone(), verdict }
    };
    cases.iter().map(run).collect()
}

fn run_case(case: &Case, testee: &mut dyn Testee, workspace: &str) -> Result<Verdict, String> {
    let folder = tempfile::tempdir().map_err(|cause| format!("no folder: {cause}"))?;
    let mut saved = Saved::default();
    saved.set("folder", folder.path().to_string_lossy().into());
    for (name, content) in &case.files {
        let content = saved.fill(&content.as_str().into())?;
        std::fs::write(folder.path().join(name), content.as_str().unwrap_or_default())
            .map_err(|cause| format!("cannot write {name}: {cause}"))?;
    }
    let mut options = Map::new();
    options.insert("kind".to_owned(), workspace.into());
    if let Some(duplicates) = &case.workspace.duplicates {
        options.insert("duplicates".to_owned(), duplicates.as_str().into());
    }
    if let Some(history) = &case.workspace.history {
        options.insert("history".to_owned(), history.as_str().into());
    }
    let begin = json!({ "do": "begin", "folder": folder.path(), "workspace": options });
    match testee.call(&begin)? {
        Response::Ok(_) => {}
        other => return Err(format!("no workspace could be made: {}", other.to_json())),
    }
    let verdict = run_steps(case, testee, &mut saved);
    testee.call(&json!({ "do": "end" }))?;
    verdict
}

fn run_steps(case: &Case, testee: &mut dyn Testee, saved: &mut Saved) -> Result<Verdict, String> {
    for (index, step) in case.steps.iter().enumerate() {
        let at_step = |why: String| format!("{}\n  step {}: {why}", case.title, index + 1);
        let request = saved.fill(&Json::Object(step.request.clone())).map_err(at_step)?;
        let response = testee.call(&request).map_err(at_step)?;
        if let Response::Unsupported(verb) = response {
            return Ok(Verdict::Unsupported(verb));
        }
        if let Err(why) = check(step, &response, saved) {
            let mut report = why;
            // Writing to a string cannot fail.
            let _ = write!(report, "\n    request: {request}\n    got:     {}", response.to_json());
            return Err(at_step(report));
        }
    }
    Ok(Verdict::Passed)
}

fn check(step: &Step, response: &Response, saved: &mut Saved) -> Result<(), String> {
    let (pattern, got) = match (&step.expect, response) {
        (Expect::Ok(pattern), Response::Ok(got)) => (pattern, got),
        (Expect::Error(pattern), Response::Error(got)) => (pattern, got),
        (Expect::Ok(_), _) => return Err("expected success".to_owned()),
        (Expect::Error(pattern), _) => return Err(format!("expected the error {pattern:?}")),
    };
    pattern.compare(Some(got), saved, step.exact).map_err(|mismatch| {
        let path = if mismatch.path.is_empty() { "the answer" } else { &mismatch.path };
        format!("{path}: {}", mismatch.why)
    })?;
    step.save.iter().try_for_each(|(name, path)| saved.take(name, path, got))
}
