//! The functions and structs that headwater.h declares, read from its text.

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

    /// Whether it frees what it is given.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.name.ends_with("_free")
    }
}

/// A struct that starts with its size.
#[derive(Debug)]
pub struct Struct {
    /// Its name.
    pub name: String,
    /// Its fields: type, name.
    pub fields: Vec<(String, String)>,
}

/// Every function of headwater.h, in its order.
///
/// # Panics
/// If there is no header.
#[must_use]
pub fn functions() -> Vec<Function> {
    functions_of(&header())
}

/// Every struct of headwater.h that starts with its size, in its order.
///
/// # Panics
/// If there is no header.
#[must_use]
pub fn structs() -> Vec<Struct> {
    let (mut found, mut fields) = (Vec::new(), Vec::new());
    for line in header().lines() {
        if line == "typedef struct {" {
            fields.clear();
        } else if let Some(name) = line.strip_prefix("} headwater_") {
            let name = format!("headwater_{}", name.trim_end_matches(';'));
            found.push(Struct { name, fields: std::mem::take(&mut fields) });
        } else if let Some(field) = line.strip_prefix("  ").and_then(|line| line.strip_suffix(';'))
        {
            fields.extend(declared(field));
        }
    }
    found.retain(|found| found.fields.first().is_some_and(|(_, name)| name == "struct_size"));
    found
}

fn header() -> String {
    std::fs::read_to_string(repository().join("include/headwater.h")).expect("the header")
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
