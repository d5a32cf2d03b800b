//! The one table of endpoints: what routes requests also tells the document what there is.

use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodFilter, on};

use crate::openapi::{Context, Described};

/// The verbs that endpoints take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// What a route does, for each of the record types that it serves.
pub(crate) type Describe = fn(&Context<'_>) -> Vec<Described>;

/// One row of the table.
#[derive(Clone, Copy)]
pub(crate) struct Endpoint {
    pub(crate) verb: Verb,
    /// What comes before its path.
    pub(crate) prefix: &'static str,
    /// The path that routes to it, with parameters in braces.
    pub(crate) path: &'static str,
    /// Whether it asks for a key.
    pub(crate) is_guarded: bool,
    pub(crate) describe: Describe,
}

/// Routes, and the table of them.
pub(crate) struct Endpoints<S = ()> {
    router: Router<S>,
    table: Vec<Endpoint>,
}

impl<S: Clone + Send + Sync + 'static> Endpoints<S> {
    pub(crate) fn new() -> Self {
        Self { router: Router::new(), table: Vec::new() }
    }

    pub(crate) fn get<H, T>(self, path: &'static str, handler: H, describe: Describe) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        self.at(Verb::Get, path, handler, describe)
    }

    pub(crate) fn post<H, T>(self, path: &'static str, handler: H, describe: Describe) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        self.at(Verb::Post, path, handler, describe)
    }

    pub(crate) fn put<H, T>(self, path: &'static str, handler: H, describe: Describe) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        self.at(Verb::Put, path, handler, describe)
    }

    pub(crate) fn patch<H, T>(self, path: &'static str, handler: H, describe: Describe) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        self.at(Verb::Patch, path, handler, describe)
    }

    pub(crate) fn delete<H, T>(self, path: &'static str, handler: H, describe: Describe) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        self.at(Verb::Delete, path, handler, describe)
    }

    fn at<H, T>(mut self, verb: Verb, path: &'static str, handler: H, describe: Describe) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        let filter = match verb {
            Verb::Get => MethodFilter::GET,
            Verb::Post => MethodFilter::POST,
            Verb::Put => MethodFilter::PUT,
            Verb::Patch => MethodFilter::PATCH,
            Verb::Delete => MethodFilter::DELETE,
        };
        self.table.push(Endpoint { verb, prefix: "", path, is_guarded: false, describe });
        Self { router: self.router.route(path, on(filter, handler)), table: self.table }
    }

    /// Those of both.
    pub(crate) fn merge(mut self, other: Self) -> Self {
        self.table.extend(other.table);
        Self { router: self.router.merge(other.router), table: self.table }
    }

    /// Puts a guard, which asks for a key, before those that are there now.
    pub(crate) fn guarded(mut self, guard: impl FnOnce(Router<S>) -> Router<S>) -> Self {
        self.table.iter_mut().for_each(|endpoint| endpoint.is_guarded = true);
        Self { router: guard(self.router), table: self.table }
    }

    /// What they work on.
    pub(crate) fn with_state<T>(self, state: S) -> Endpoints<T> {
        Endpoints { router: self.router.with_state(state), table: self.table }
    }

    /// The router of those, which come below `prefix`, and their table.
    pub(crate) fn below(mut self, prefix: &'static str) -> (Router<S>, Vec<Endpoint>) {
        self.table.iter_mut().for_each(|endpoint| endpoint.prefix = prefix);
        (self.router, self.table)
    }
}
