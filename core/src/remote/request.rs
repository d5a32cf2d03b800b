//! Requests: what is asked of the record API, and what asking again would do.

use reqwest::Method;
use serde_json::Value as Json;

use super::brief::Brief;

/// What asking again does, where it is not known whether the workspace has done it already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// The same as asking once.
    Repeatable,
    /// Something else: it is found out first what was done.
    Once,
}

/// One request.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) method: Method,
    /// The segments of the path below the address.
    pub(super) path: Vec<String>,
    pub(super) parameters: Vec<(&'static str, String)>,
    pub(super) body: Option<Json>,
    pub(super) effect: Effect,
    /// What is asked of the answer, where that is not all.
    pub(super) brief: Option<Brief>,
}

impl Request {
    pub(super) fn new(method: Method, path: &[&str]) -> Self {
        Self {
            method,
            path: path.iter().map(|segment| (*segment).to_owned()).collect(),
            parameters: Vec::new(),
            body: None,
            effect: Effect::Repeatable,
            brief: None,
        }
    }

    pub(super) fn get(path: &[&str]) -> Self {
        Self::new(Method::GET, path)
    }

    pub(super) fn post(path: &[&str], body: Json) -> Self {
        Self { body: Some(body), ..Self::new(Method::POST, path) }
    }

    pub(super) fn patch(path: &[&str], body: Json) -> Self {
        Self { body: Some(body), ..Self::new(Method::PATCH, path) }
    }

    pub(super) fn delete(path: &[&str]) -> Self {
        Self::new(Method::DELETE, path)
    }

    /// Whether it changes nothing.
    pub(super) fn is_read(&self) -> bool {
        self.method == Method::GET || self.path.last().is_some_and(|last| last == "_query")
    }

    /// Whether it is about one record, by its id.
    pub(super) fn names_record(&self) -> bool {
        let matches_id = |body: &Json| !body["match"]["id"].is_null();
        match self.path.get(1) {
            Some(verb) if verb.starts_with('_') => self.body.as_ref().is_some_and(matches_id),
            second => second.is_some(),
        }
    }

    /// The same, of whose answer so much is asked for.
    pub(super) fn brief(self, brief: Option<Brief>) -> Self {
        Self { brief, ..self }
    }

    /// The same, which must not be asked again unseen.
    pub(super) fn once(self) -> Self {
        Self { effect: Effect::Once, ..self }
    }
}

/// An answer that says that it went well.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// The body, null where there is none.
    pub(super) body: Json,
    /// Whether an earlier attempt was given up and may still be done, after this one.
    pub(super) may_be_late: bool,
}

impl Answer {
    /// The `data` of the body, or the body where it is bare.
    pub(super) fn data(mut self) -> Json {
        match self.body.get_mut("data") {
            Some(data) => data.take(),
            None => self.body,
        }
    }
}
