//! The functions that headwater.h declares, read from its text.

use crate::repository;

/// One function.
#[derive(Debug)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The type that it returns.
    pub returns: String,
    /// Its parameters: type, name.
    pub parameters: Vec<(String, String)>,
    /// Its comment, on one line.
    pub comment: String,
}

impl Function {
    /// Whether it can fail.
    #[must_use]
    pub fn has_status(&self) -> bool {
        self.parameters.iter().any(|(_, name)| name == "out_error")
    }
}

/// Every function of headwater.h, in its order.
///
/// # Panics
/// If there is no header.
#[must_use]
pub fn functions() -> Vec<Function> {
    let path = repository().join("include/headwater.h");
    functions_of(&std::fs::read_to_string(path).expect("the header"))
}

/// Every function that the text of a header declares, in its order.
#[must_use]
pub fn functions_of(header: &str) -> Vec<Function> {
    let mut found = Vec::new();
    let (mut comment, mut code) = (String::new(), String::new());
    for line in header.lines() {
        let text = line.trim();
        if text.starts_with("/*") {
            comment.clear();
        }
        if text.starts_with("/*") || text.starts_with('*') {
            let words = text.trim_matches(['/', '*', ' ']);
            comment = format!("{comment} {words}").trim().to_owned();
            continue;
        }
        let is_first = line.starts_with(|first: char| first.is_ascii_lowercase());
        let is_other = text.starts_with("typedef") || text.starts_with("static");
        if is_first && !is_other && text.contains('(') {
            code.clear();
        } else if code.is_empty() {
            continue;
        }
        code = format!("{code} {text}").trim().to_owned();
        if code.ends_with(");") {
            found.extend(parse(&code, &comment));
            code.clear();
        }
    }
    found
}

fn parse(code: &str, comment: &str) -> Option<Function> {
    let (before, after) = code.split_once('(')?;
    let (returns, name) = declared(before)?;
    let parameters = after.trim_end_matches(");").split(',').filter_map(declared).collect();
    Some(Function { name, returns, parameters, comment: comment.to_owned() })
}

/// Splits a declaration into its type and its name.
fn declared(text: &str) -> Option<(String, String)> {
    let text = text.trim();
    let start = text.rfind([' ', '*'])? + 1;
    let (kind, name) = text.split_at(start);
    Some((kind.trim().to_owned(), name.to_owned()))
}
