//! A job file as a document: every value with its place, every mistake with the nearest right name.

use std::ops::Range;

use serde_json::Value as Json;
use toml::de::{DeTable, DeValue};

use crate::error::{Error, ErrorCode, Result};
use crate::schema::nearest;

/// A key of the whole job, which TOML takes for one of the table above it, and what is told then.
pub(super) const TOP_KEY: &str = "default_region";
pub(super) const TOP_HINT: &str = "write it at the top of the file, above the first table";

/// A table of the document, from which keys are taken one by one.
pub(super) struct Section<'a> {
    text: &'a str,
    /// The name in messages, for example `streams[0].attributes`.
    path: String,
    span: Range<usize>,
    entries: Vec<(String, Node<'a>)>,
    asked: Vec<&'static str>,
}

/// A value of the document.
pub(super) struct Node<'a> {
    text: &'a str,
    path: String,
    pub(super) span: Range<usize>,
    value: DeValue<'a>,
}

/// Reads a whole document.
///
/// # Errors
/// `config_invalid`, with line and column, if it is not TOML.
pub(super) fn parse(text: &str) -> Result<Section<'_>> {
    let table = DeTable::parse(text).map_err(|cause| {
        let at = cause.span().map_or_else(String::new, |span| format!("{}: ", place(text, &span)));
        Error::new(ErrorCode::ConfigInvalid, format!("{at}{}", cause.message()))
            .hint("the job file is TOML; see examples/accounts.toml")
    })?;
    let span = table.span();
    Ok(Section::new(text, String::new(), span, table.into_inner()))
}

/// `line 3, column 5` of a span.
fn place(text: &str, span: &Range<usize>) -> String {
    let before = text.get(..span.start).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    format!("line {line}, column {column}")
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

impl<'a> Section<'a> {
    fn new(text: &'a str, path: String, span: Range<usize>, table: DeTable<'a>) -> Self {
        let entries = table
            .into_iter()
            .map(|(key, value)| {
                let name = key.into_inner().into_owned();
                let node = Node {
                    text,
                    path: join(&path, &name),
                    span: value.span(),
                    value: value.into_inner(),
                };
                (name, node)
            })
            .collect();
        Self { text, path, span, entries, asked: Vec::new() }
    }

    /// Takes the value of a key, if it is there.
    pub(super) fn take(&mut self, key: &'static str) -> Option<Node<'a>> {
        self.asked.push(key);
        let found = self.entries.iter().position(|(name, _)| name == key)?;
        Some(self.entries.remove(found).1)
    }

    /// Takes the value of a key.
    ///
    /// # Errors
    /// `config_invalid` if it is not there.
    pub(super) fn require(&mut self, key: &'static str) -> Result<Node<'a>> {
        self.take(key).ok_or_else(|| {
            let name = join(&self.path, key);
            let near = nearest(key, self.entries.iter().map(|(name, _)| name.as_str()));
            let error = self.error(&format!("{name} is missing")).at_field(&name);
            match near {
                Some(near) => error.hint(format!("{near:?} is there: did you mean {key:?}?")),
                None => error.hint(format!("add {key} = .. here")),
            }
        })
    }

    /// Everything that is left, in the order of the file.
    pub(super) fn rest(&mut self) -> Vec<(String, Node<'a>)> {
        let mut rest = std::mem::take(&mut self.entries);
        rest.sort_by_key(|(_, node)| node.span.start);
        rest
    }

    /// Ends the reading of a table: every key must have been taken.
    ///
    /// # Errors
    /// `config_invalid` for the first one that was not, with the nearest right name.
    pub(super) fn finish(mut self) -> Result<()> {
        let asked = std::mem::take(&mut self.asked);
        let Some((name, node)) = self.rest().into_iter().next() else { return Ok(()) };
        let error = node.error(&format!("unknown key {name:?}"));
        Err(match nearest(&name, asked.iter().copied()) {
            Some(near) => error.hint(format!("did you mean {near:?}?")),
            None if name == TOP_KEY => error.hint(TOP_HINT),
            None => error.hint(format!("the keys here are {}", asked.join(", "))),
        })
    }

    /// A key that was not taken yet.
    pub(super) fn left(&self) -> Option<&str> {
        self.entries.first().map(|(name, _)| name.as_str())
    }

    /// An error at this table.
    pub(super) fn error(&self, message: &str) -> Error {
        Error::new(ErrorCode::ConfigInvalid, format!("{}: {message}", place(self.text, &self.span)))
    }
}

impl<'a> Node<'a> {
    /// Where it stands: `line 3, column 5`.
    pub(super) fn place(&self) -> String {
        place(self.text, &self.span)
    }

    /// An error at this place.
    pub(super) fn error(&self, message: &str) -> Error {
        Error::new(ErrorCode::ConfigInvalid, format!("{}: {message}", place(self.text, &self.span)))
            .at_field(&self.path)
    }

    /// Puts this place on an error that was found elsewhere.
    pub(super) fn locate(&self, error: &Error) -> Error {
        let located = self.error(error.message());
        located.hint(error.remedy())
    }

    fn wrong_type(&self, expected: &str) -> Error {
        self.error(&format!("{} is a {}, expected {expected}", self.path, self.value.type_str()))
    }

    pub(super) fn is_table(&self) -> bool {
        self.value.is_table()
    }

    pub(super) fn as_str(&self) -> Option<&str> {
        self.value.as_str()
    }

    pub(super) fn text(&self) -> Result<String> {
        self.as_str().map(str::to_owned).ok_or_else(|| self.wrong_type("text"))
    }

    pub(super) fn boolean(&self) -> Result<bool> {
        self.value.as_bool().ok_or_else(|| self.wrong_type("true or false"))
    }

    pub(super) fn table(self) -> Result<Section<'a>> {
        match self.value {
            DeValue::Table(table) => Ok(Section::new(self.text, self.path, self.span, table)),
            _ => Err(self.wrong_type("a table")),
        }
    }

    pub(super) fn tables(self) -> Result<Vec<Section<'a>>> {
        let DeValue::Array(array) = self.value else {
            return Err(self.wrong_type("a list of tables, written as [[..]]"));
        };
        array
            .into_iter()
            .enumerate()
            .map(|(index, value)| {
                let path = format!("{}[{index}]", self.path);
                let span = value.span();
                Node { text: self.text, path, span, value: value.into_inner() }.table()
            })
            .collect()
    }

    /// One of the named choices.
    pub(super) fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Result<T> {
        let text = self.text()?;
        choices.iter().find(|(name, _)| *name == text).map(|(_, choice)| *choice).ok_or_else(|| {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            let error = self.error(&format!("{} cannot be {text:?}", self.path));
            match nearest(&text, names.iter().copied()) {
                Some(near) => error.hint(format!("did you mean {near:?}?")),
                None => error.hint(format!("use one of {}", names.join(", "))),
            }
        })
    }

    /// The value as JSON; texts go through `text`, which gets the path of the value below this one.
    pub(super) fn json(
        &self,
        text: &mut dyn FnMut(&[String], &str) -> Result<String>,
    ) -> Result<Json> {
        to_json(&self.value, &mut Vec::new(), text).map_err(|error| self.locate(&error))
    }
}

fn to_json(
    value: &DeValue<'_>,
    path: &mut Vec<String>,
    text: &mut dyn FnMut(&[String], &str) -> Result<String>,
) -> Result<Json> {
    let not_json = |shown: &str| {
        Error::new(ErrorCode::ConfigInvalid, format!("{shown} cannot be used as a value"))
    };
    Ok(match value {
        DeValue::String(string) => Json::String(text(path, string)?),
        DeValue::Integer(integer) => {
            i64::from_str_radix(&integer.as_str().replace('_', ""), integer.radix())
                .map(Json::from)
                .map_err(|_| not_json(integer.as_str()))?
        }
        DeValue::Float(float) => {
            let parsed = float.as_str().replace('_', "").parse::<f64>().ok();
            parsed
                .and_then(serde_json::Number::from_f64)
                .map(Json::Number)
                .ok_or_else(|| not_json(float.as_str()))?
        }
        DeValue::Boolean(boolean) => Json::Bool(*boolean),
        DeValue::Datetime(datetime) => Json::String(datetime.to_string()),
        DeValue::Array(array) => array
            .iter()
            .map(|element| to_json(element.get_ref(), path, text))
            .collect::<Result<_>>()?,
        DeValue::Table(table) => {
            let mut object = serde_json::Map::new();
            for (key, value) in table {
                path.push(key.get_ref().clone().into_owned());
                let converted = to_json(value.get_ref(), path, text)?;
                object.insert(path.pop().unwrap_or_default(), converted);
            }
            Json::Object(object)
        }
    })
}
