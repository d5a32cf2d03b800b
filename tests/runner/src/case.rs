//! Cases: how a file of `tests/cases` is read and checked.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::pattern::Pattern;

/// Arguments whose TOML string holds JSON, because TOML has no null.
const JSON_ARGUMENTS: [&str; 5] = ["attributes", "match", "body", "operations", "relationships"];
/// Arguments that are given as they are.
const PLAIN_ARGUMENTS: [&str; 15] = [
    "record_type",
    "id",
    "attribute",
    "item",
    "relationship",
    "target",
    "limit",
    "cursor",
    "mode",
    "records",
    "workspace",
    "create",
    "duplicates",
    "history",
    "job",
];

/// One case: steps on a fresh workspace, and what each must give.
#[derive(Debug)]
pub struct Case {
    /// `area/name`, from the file's path.
    pub name: String,
    /// What it shows, as a sentence.
    pub title: String,
    /// The sections of the contract that say so.
    pub contract: String,
    /// How the workspace is opened.
    pub workspace: WorkspaceOptions,
    /// Files to put into the case's folder: name to content.
    pub files: BTreeMap<String, String>,
    /// The steps, in order.
    pub steps: Vec<Step>,
}

/// How a case's workspace is opened.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceOptions {
    /// `allow` or `reject` (contract.md section 11.1); nothing leaves the default.
    pub duplicates: Option<String>,
    /// `on` or `off`: whether changes are logged; nothing leaves the default.
    pub history: Option<String>,
}

/// One request and what it must give.
#[derive(Debug)]
pub struct Step {
    /// The request, with `do` and the arguments; references to saved values are not filled in.
    pub request: Map<String, Json>,
    /// What must come back.
    pub expect: Expect,
    /// Whether objects must hold exactly the keys that are expected.
    pub exact: bool,
    /// Name to path in the `ok` answer: what later steps refer to as `${name}`.
    pub save: BTreeMap<String, String>,
}

/// What a step must give.
#[derive(Debug)]
pub enum Expect {
    /// Success, with an answer like this.
    Ok(Pattern),
    /// Failure, with an error like this.
    Error(Pattern),
}

impl Case {
    /// The area: the first part of the name.
    #[must_use]
    pub fn area(&self) -> &str {
        self.name.split_once('/').map_or(self.name.as_str(), |(area, _)| area)
    }
}

impl Step {
    /// What the step does, for example `create`.
    #[must_use]
    pub fn verb(&self) -> &str {
        self.request.get("do").and_then(Json::as_str).unwrap_or_default()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseFile {
    title: String,
    contract: String,
    #[serde(default)]
    workspace: WorkspaceOptions,
    #[serde(default)]
    files: BTreeMap<String, String>,
    steps: Vec<StepFile>,
}

#[derive(Deserialize)]
struct StepFile {
    #[serde(rename = "do")]
    verb: String,
    ok: Option<String>,
    error: Option<String>,
    #[serde(default)]
    exact: bool,
    #[serde(default)]
    save: BTreeMap<String, String>,
    #[serde(flatten)]
    arguments: Map<String, Json>,
}

/// Reads every case below `folder`, sorted by name.
///
/// # Errors
/// Text that names the file (and step) that cannot be read, or that there are no cases at all.
pub fn load_cases(folder: &Path) -> Result<Vec<Case>, String> {
    let list = |folder: &Path| {
        let mut paths = std::fs::read_dir(folder)
            .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect::<Result<_, _>>())
            .map_err(|cause| format!("{}: {cause}", folder.display()))?;
        let sorted: &mut Vec<std::path::PathBuf> = &mut paths;
        sorted.sort();
        Ok::<_, String>(paths)
    };
    let mut cases = Vec::new();
    for area in list(folder)?.into_iter().filter(|path| path.is_dir()) {
        for path in list(&area)? {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            let area = area.file_name().unwrap_or_default().to_string_lossy();
            let name = format!("{area}/{stem}");
            if path.extension().is_none_or(|extension| extension != "toml") {
                return Err(format!("{}: a case is a .toml file", path.display()));
            }
            let text =
                std::fs::read_to_string(&path).map_err(|cause| format!("{name}: {cause}"))?;
            cases.push(parse_case(&name, &text).map_err(|why| format!("{name}: {why}"))?);
        }
    }
    if cases.is_empty() {
        return Err(format!("{}: there are no cases", folder.display()));
    }
    Ok(cases)
}

fn parse_case(name: &str, text: &str) -> Result<Case, String> {
    let file: CaseFile = toml::from_str(text).map_err(|cause| cause.to_string())?;
    if file.steps.is_empty() {
        return Err("it has no steps".to_owned());
    }
    let steps =
        file.steps.into_iter().enumerate().map(|(index, step)| {
            parse_step(step).map_err(|why| format!("step {}: {why}", index + 1))
        });
    Ok(Case {
        name: name.to_owned(),
        title: file.title,
        contract: file.contract,
        workspace: file.workspace,
        files: file.files,
        steps: steps.collect::<Result<_, _>>()?,
    })
}

fn parse_step(step: StepFile) -> Result<Step, String> {
    let mut request = Map::new();
    request.insert("do".to_owned(), step.verb.into());
    for (name, value) in step.arguments {
        let value = if JSON_ARGUMENTS.contains(&name.as_str()) {
            parse_json(&name, value.as_str().ok_or(format!("{name} must be JSON text"))?)?
        } else if PLAIN_ARGUMENTS.contains(&name.as_str()) {
            value
        } else {
            return Err(format!("there is no argument {name:?}"));
        };
        request.insert(name, value);
    }
    let expect = match (&step.ok, &step.error) {
        (Some(ok), None) => Expect::Ok(Pattern::parse(&parse_json("ok", ok)?)?),
        (None, Some(error)) => {
            let error = parse_json("error", error)?;
            // A code that is misspelt would otherwise be looked for in vain on every surface.
            let code = error.get("code").and_then(Json::as_str).ok_or("error needs a code")?;
            headwater::ErrorCode::from_name(code).ok_or(format!("there is no code {code:?}"))?;
            Expect::Error(Pattern::parse(&error)?)
        }
        _ => return Err("it needs exactly one of ok and error".to_owned()),
    };
    if step.error.is_some() && !step.save.is_empty() {
        return Err("there is nothing to save from an error".to_owned());
    }
    Ok(Step { request, expect, exact: step.exact, save: step.save })
}

fn parse_json(name: &str, text: &str) -> Result<Json, String> {
    serde_json::from_str(text).map_err(|cause| format!("{name} is not JSON: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(steps: &str) -> String {
        let text = format!("title = 't'\ncontract = '5.1'\n{steps}");
        parse_case("a/b", &text).unwrap_err()
    }

    #[test]
    fn mistakes_in_a_case_are_told_with_their_step() {
        assert!(why("steps = []").contains("no steps"));
        let neither = "[[steps]]\ndo = 'get'";
        assert_eq!(why(neither), "step 1: it needs exactly one of ok and error");
        let misspelt = "[[steps]]\ndo = 'get'\nrecordtype = 'contact'\nok = '{}'";
        assert_eq!(why(misspelt), "step 1: there is no argument \"recordtype\"");
        let no_code = "[[steps]]\ndo = 'get'\nerror = '{\"code\": \"unknown_feild\"}'";
        assert_eq!(why(no_code), "step 1: there is no code \"unknown_feild\"");
        let matcher = "[[steps]]\ndo = 'get'\nok = '{\"id\": \"$uid\"}'";
        assert!(why(matcher).contains("$uid"), "{}", why(matcher));
    }
}
