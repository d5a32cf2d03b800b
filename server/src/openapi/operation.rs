//! One operation of the document: what it takes, what it answers, and with which codes it refuses.

use std::collections::BTreeMap;

use headwater::ErrorCode;
use serde_json::{Value as Json, json};
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::link::LinkBuilder;
use utoipa::openapi::path::{Operation, OperationBuilder, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{Ref, RefOr, Required};

use super::shapes::{Object, Shape, all_of, component, list, one_of_texts, or_null, text, whole};

/// What any request may meet.
const ALWAYS: [ErrorCode; 4] =
    [ErrorCode::Internal, ErrorCode::StoreBusy, ErrorCode::StoreCorrupt, ErrorCode::StoreIo];
/// How many codes the name of a shared answer may hold.
const MOST_IN_A_NAME: usize = 3;
/// What a request may meet at the gate.
const AT_THE_GATE: [ErrorCode; 3] =
    [ErrorCode::Unauthorized, ErrorCode::Forbidden, ErrorCode::RateLimited];

/// What an endpoint does, for one record type or for all of them.
pub(crate) struct Described {
    /// Its path below the prefix of its endpoint.
    pub(crate) path: String,
    id: String,
    tag: String,
    summary: String,
    notes: Vec<String>,
    parameters: Vec<ParameterBuilder>,
    body: Option<RequestBodyBuilder>,
    answers: BTreeMap<u16, ResponseBuilder>,
    /// Codes by the status that they come with.
    refusals: BTreeMap<u16, Vec<ErrorCode>>,
}

/// A named example of a body or an answer.
pub(super) type Example = (&'static str, Json);

impl Described {
    /// An operation at a path; parameters in it that have no schema of their own are ids.
    pub(super) fn new(id: impl Into<String>, tag: &str, path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            id: id.into(),
            tag: tag.to_owned(),
            summary: String::new(),
            notes: Vec::new(),
            parameters: Vec::new(),
            body: None,
            answers: BTreeMap::new(),
            refusals: BTreeMap::new(),
        }
        .refuses(&ALWAYS)
    }

    pub(super) fn summary(mut self, summary: impl Into<String>) -> Self {
        self.summary = summary.into();
        self
    }

    /// Adds a paragraph about it.
    pub(super) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// A parameter in the path.
    pub(super) fn in_path(mut self, name: &str, shape: Shape, about: &str) -> Self {
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .description(Some(about))
            .schema(Some(shape));
        self.parameters.push(parameter);
        self.refuses(&[ErrorCode::InvalidRequest])
    }

    /// A parameter after the `?`, which may be absent.
    pub(super) fn in_query(mut self, name: &str, shape: Shape, about: &str) -> Self {
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Query)
            .required(Required::False)
            .description(Some(about))
            .schema(Some(shape));
        self.parameters.push(parameter);
        self.refuses(&[ErrorCode::InvalidRequest])
    }

    /// The JSON object that it takes.
    pub(super) fn body(self, shape: Shape, examples: Vec<Example>) -> Self {
        self.body_that(Required::True, shape, examples)
    }

    /// The JSON object that it takes; no body is an empty one.
    pub(super) fn optional_body(self, shape: Shape, examples: Vec<Example>) -> Self {
        self.body_that(Required::False, shape, examples)
    }

    fn body_that(mut self, required: Required, shape: Shape, examples: Vec<Example>) -> Self {
        let content = with_examples(ContentBuilder::new().schema(Some(shape)), examples);
        let body = RequestBodyBuilder::new();
        self.body =
            Some(body.required(Some(required)).content("application/json", content.build()));
        self.refuses(&[ErrorCode::InvalidRequest, ErrorCode::PayloadTooLarge])
            .refuses_with(408, &[ErrorCode::Timeout])
    }

    /// An answer with a JSON body.
    pub(super) fn answers(self, status: u16, about: &str, shape: Shape) -> Self {
        self.answers_as(status, about, "application/json", shape, Vec::new())
    }

    /// An answer with a body of this type.
    pub(super) fn answers_as(
        mut self,
        status: u16,
        about: &str,
        content_type: &str,
        shape: Shape,
        examples: Vec<Example>,
    ) -> Self {
        let content = with_examples(ContentBuilder::new().schema(Some(shape)), examples);
        let answer = ResponseBuilder::new().description(about);
        self.answers.insert(status, answer.content(content_type, content.build()));
        self
    }

    /// An answer without a body.
    pub(super) fn answers_nothing(mut self, about: &str) -> Self {
        self.answers.insert(204, ResponseBuilder::new().description(about));
        self
    }

    /// What may follow: an operation, and where in the request and the answer its parameters are.
    pub(super) fn leads_to(mut self, id: impl Into<String>, parameters: &[(&str, &str)]) -> Self {
        let id = id.into();
        let link = parameters.iter().fold(LinkBuilder::new(), |link, (name, place)| {
            link.parameter(*name, Json::from(*place))
        });
        let link = link.operation_id(id.clone()).build();
        for status in [200, 201] {
            if let Some(answer) = self.answers.remove(&status) {
                self.answers.insert(status, answer.link(id.clone(), link.clone()));
            }
        }
        self
    }

    /// Codes that it may answer, each with its own status.
    pub(super) fn refuses(mut self, codes: &[ErrorCode]) -> Self {
        for &code in codes {
            self.add_refusal(code.http_status(), code);
        }
        self
    }

    /// Codes that it may answer with another status than their own.
    pub(super) fn refuses_with(mut self, status: u16, codes: &[ErrorCode]) -> Self {
        for &code in codes {
            self.add_refusal(status, code);
        }
        self
    }

    /// What a write may meet beyond that.
    pub(super) fn writes(self) -> Self {
        self.refuses(&[ErrorCode::StoreFull])
    }

    /// It takes no key and reads nothing, so that it has nothing to refuse.
    pub(super) fn never_fails(mut self) -> Self {
        self.refusals.clear();
        self
    }

    fn add_refusal(&mut self, status: u16, code: ErrorCode) {
        let codes = self.refusals.entry(status).or_default();
        if !codes.contains(&code) {
            codes.push(code);
        }
    }

    /// The operation of the document; what it answers as others do is `shared`.
    pub(super) fn build(
        mut self,
        is_guarded: bool,
        shared: &mut BTreeMap<String, Response>,
    ) -> Operation {
        if is_guarded {
            self = self.refuses(&AT_THE_GATE);
        }
        let mut operation = OperationBuilder::new()
            .operation_id(Some(self.id))
            .tag(self.tag)
            .summary(Some(self.summary))
            .description((!self.notes.is_empty()).then(|| self.notes.join("\n\n")))
            .request_body(self.body.map(RequestBodyBuilder::build));
        for parameter in self.parameters {
            operation = operation.parameter(parameter.build());
        }
        if is_guarded {
            for scheme in ["bearer", "api_key"] {
                let none: [&str; 0] = [];
                operation = operation.security(SecurityRequirement::new(scheme, none));
            }
        }
        for (status, answer) in self.answers {
            operation = operation.response(status.to_string(), with_request_id(answer));
        }
        for (status, codes) in self.refusals {
            let status_text = status.to_string();
            operation = match shared_name(status, &codes) {
                None => operation.response(status_text, refusal(status, &codes)),
                Some(name) => {
                    let named = Ref::from_response_name(&name);
                    shared.entry(name).or_insert_with(|| refusal(status, &codes));
                    operation.response(status_text, named)
                }
            };
        }
        operation.build()
    }
}

fn with_examples(content: ContentBuilder, examples: Vec<Example>) -> ContentBuilder {
    let examples = examples.into_iter().map(|(summary, value)| {
        let name = summary.to_lowercase().replace(|letter: char| !letter.is_alphanumeric(), "-");
        let example = utoipa::openapi::example::ExampleBuilder::new();
        (name, RefOr::T(example.summary(summary).value(Some(value)).build()))
    });
    content.examples_from_iter(examples)
}

fn with_request_id(answer: ResponseBuilder) -> Response {
    let header = HeaderBuilder::new().schema(Some(text()));
    let about = "The client's own id of the request, or a new one.";
    answer.header("X-Request-Id", header.description(Some(about)).build()).build()
}

/// The name of an answer that many operations have: it holds few codes.
fn shared_name(status: u16, codes: &[ErrorCode]) -> Option<String> {
    let names: Vec<&str> = codes.iter().map(|code| code.name()).collect();
    (names.len() <= MOST_IN_A_NAME).then(|| format!("{status}.{}", names.join(".")))
}

/// The answer of a status that refuses, with the codes that it may hold.
fn refusal(status: u16, codes: &[ErrorCode]) -> Response {
    let names: Vec<&str> = codes.iter().map(|code| code.name()).collect();
    let body = Object::new().must("code", one_of_texts(names.iter().copied())).shape();
    let shape = Object::new().must("error", all_of([component("Error"), body])).shape();
    let described: Vec<String> =
        codes.iter().map(|code| format!("- `{code}`: {}", code.hint())).collect();
    let mut answer = ResponseBuilder::new()
        .description(described.join("\n"))
        .content("application/json", ContentBuilder::new().schema(Some(shape)).build());
    if status == ErrorCode::RateLimited.http_status() {
        let header = HeaderBuilder::new().schema(Some(whole(0, None)));
        let about = Some("Seconds after which to try again.");
        answer = answer.header("Retry-After", header.description(about).build());
    }
    if status == ErrorCode::Unauthorized.http_status() {
        let header = HeaderBuilder::new().schema(Some(one_of_texts(["Bearer"])));
        answer = answer.header("WWW-Authenticate", header.build());
    }
    with_request_id(answer)
}

/// The error envelope of contract.md section 1.8, without the `error` around it.
pub(super) fn error_shape() -> Shape {
    let fault = Object::new().must("code", text()).must("message", text());
    let fault = fault.may("field", or_null(text())).shape();
    let details = Object::new()
        .must("hint", text())
        .may("record", text())
        .may("missing_permissions", list(text()))
        .may("errors", list(fault))
        .described("What to do about it; `errors` has every fault of the request.");
    Object::new()
        .must("code", one_of_texts(ErrorCode::ALL.iter().map(|code| code.name())))
        .must("message", text())
        .must("field", or_null(text()))
        .must("details", or_null(details.shape()))
        .example(error_example())
        .shape()
}

/// The answer that holds one thing in `data`.
pub(super) fn data(shape: Shape) -> Shape {
    Object::new().must("data", shape).shape()
}

/// The answer that holds a page of things.
pub(super) fn page_of(shape: Shape) -> Shape {
    Object::new().must("data", list(shape)).must("next_cursor", or_null(text())).shape()
}

/// The example of an error.
fn error_example() -> Json {
    json!({
        "code": "unknown_field",
        "message": "contact has no attribute \"titel\"",
        "field": "titel",
        "details": { "hint": "did you mean \"title\"?" },
    })
}
