//! The endpoints of this server's own, under `/api/local` (contract.md section 11.13).

use headwater::ErrorCode;
use headwater::schema::Schema;

use super::examples;
use super::operation::{Described, data};
use super::shapes::{Object, list, one_of_texts, text};

const TAG: &str = "local";

pub(crate) fn ready(_: &Schema) -> Vec<Described> {
    let status = Object::new().must("status", one_of_texts(["ready"])).shape();
    let described = Described::new("ready", TAG, "/ready")
        .summary("Ask whether the workspace can be read")
        .answers(200, "It can.", data(status))
        .never_fails()
        .refuses(&[ErrorCode::Unavailable]);
    vec![described]
}

pub(crate) fn metrics(_: &Schema) -> Vec<Described> {
    let described = Described::new("metrics", TAG, "/metrics")
        .summary("Counts and times for Prometheus")
        .answers_as(200, "All counts.", crate::metrics::CONTENT_TYPE, text(), Vec::new());
    vec![described]
}

pub(crate) fn declare(_: &Schema) -> Vec<Described> {
    let objects = || list(Object::new().shape());
    let body = Object::new()
        .may("record_types", objects())
        .may("custom_fields", objects())
        .closed()
        .described("The grammar of a schema file, as JSON.")
        .shape();
    let answer = Object::new().must("added", list(text())).must("changed", list(text())).shape();
    let described = Described::new("declare", TAG, "/schema")
        .summary("Declare custom objects and custom fields")
        .note("They are there at once. What is declared in the same way already stays as it is.")
        .optional_body(body, examples::declarations())
        .answers(200, "What was added, and what was changed.", answer)
        .refuses(&[
            ErrorCode::ConfigInvalid,
            ErrorCode::UnknownRecordType,
            ErrorCode::OperationNotSupported,
        ])
        .writes();
    vec![described]
}

pub(crate) fn document(_: &Schema) -> Vec<Described> {
    let described = Described::new("openapi", TAG, "/openapi.json")
        .summary("This document")
        .note(
            "Without an API key it describes the standard record types; with any key also what the \
             workspace declares beyond them.",
        )
        .answers(200, "An OpenAPI 3.1 document.", Object::new().must("openapi", text()).shape())
        .refuses(&[ErrorCode::Unauthorized]);
    vec![described]
}

pub(crate) fn reference(_: &Schema) -> Vec<Described> {
    let described = Described::new("reference", TAG, "/reference")
        .summary("This document as a page to read")
        .answers_as(200, "A page.", "text/html; charset=utf-8", text(), Vec::new())
        .refuses(&[ErrorCode::Unauthorized]);
    vec![described]
}
