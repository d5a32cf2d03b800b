//! The endpoints of this server's own, under `/api/local` (contract.md section 11.13).

use headwater::ErrorCode;
use headwater::value::ValueType;

use super::operation::{Described, data};
use super::shapes::{
    Object, Shape, anything, boolean, component, list, one_of_texts, or_null, text, text_as,
    text_like, whole,
};
use super::{Components, Context, examples};

const TAG: &str = "local";

pub(crate) fn ready(_: &Context<'_>) -> Vec<Described> {
    let status = Object::new().must("status", one_of_texts(["ready"])).shape();
    let described = Described::new("ready", TAG, "/ready")
        .summary("Ask whether the workspace can be read")
        .answers(200, "It can.", data(status))
        .never_fails()
        .refuses(&[ErrorCode::Unavailable]);
    vec![described]
}

pub(crate) fn key(_: &Context<'_>) -> Vec<Described> {
    let key = Object::new()
        .must("id", text())
        .must("name", text())
        .must("scopes", list(text()))
        .must("created_at", text_as("date-time"))
        .shape();
    let described = Described::new("key", TAG, "/key")
        .summary("Which API key the request brings")
        .answers(200, "The key; null where none is asked for.", data(or_null(key)));
    vec![described]
}

pub(crate) fn pipelines(_: &Context<'_>) -> Vec<Described> {
    let pipeline = Object::new()
        .must("id", text_as("uuid"))
        .must("api_name", text())
        .must("display_value", text())
        .must("color", text())
        .must("record_type", text())
        .must("stages", list(component("value.opportunity_stage")))
        .shape();
    let described = Described::new("pipelines", TAG, "/pipelines")
        .summary("Pipelines with their stages")
        .answers(200, "Every pipeline.", data(list(pipeline)));
    vec![described]
}

pub(crate) fn metrics(_: &Context<'_>) -> Vec<Described> {
    let described = Described::new("metrics", TAG, "/metrics")
        .summary("Counts and times for Prometheus")
        .answers_as(200, "All counts.", crate::metrics::CONTENT_TYPE, text(), Vec::new());
    vec![described]
}

pub(crate) fn declare(_: &Context<'_>) -> Vec<Described> {
    let fields = Object::new()
        .must("record_type", text())
        .must("attributes", list(component("declared.attribute")))
        .closed();
    let body = Object::new()
        .may("record_types", list(component("declared.record_type")))
        .may("custom_fields", list(fields.shape()))
        .closed()
        .described("The grammar of a schema file, as JSON.")
        .shape();
    let answer = Object::new().must("added", list(text())).must("changed", list(text())).shape();
    let described = Described::new("declare", TAG, "/schema")
        .summary("Declare custom objects and custom fields")
        .note("They are there at once. What is declared in the same way already stays as it is, as do options that are left out.")
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

/// What a workspace may declare, in the grammar of its schema file.
pub(super) fn components() -> Components {
    Components::from([
        ("declared.attribute".to_owned(), declared_attribute()),
        ("declared.relationship".to_owned(), declared_relationship()),
        ("declared.record_type".to_owned(), declared_record_type()),
    ])
}

fn name() -> Shape {
    text_like("^[a-z][a-z0-9]*(_[a-z0-9]+)*$")
}

fn named() -> Object {
    Object::new().must("api_name", name()).must("display_name", text())
}

fn access() -> Shape {
    one_of_texts(["read_write", "read_only"])
}

fn declared_attribute() -> Shape {
    let option = named_option().closed().shape();
    let mut attribute = named()
        .may("description", or_null(text()))
        .must("value_type", one_of_texts(ValueType::ALL.iter().map(|one| one.name())))
        .may("nullable", or_null(boolean()))
        .may("access", access())
        .may("aliases", list(text()))
        .may("options", list(option))
        .may("default", anything());
    for flag in ["is_array", "is_unique", "required"] {
        attribute = attribute.may(flag, boolean());
    }
    for other in ["target", "primary_of", "pipeline_of", "derived_otherwise"] {
        attribute = attribute.may(other, or_null(text()));
    }
    attribute.may("derived_from", list(text())).closed().shape()
}

fn named_option() -> Object {
    Object::new()
        .must("api_name", text())
        .must("display_value", text())
        .must("color", text())
        .may("pipeline", or_null(text()))
        .may("closing_probability", or_null(text()))
        .may("expected_days", or_null(whole(0, Some(3650))))
}

fn declared_relationship() -> Shape {
    named()
        .must("target", text())
        .must("inverse", named().closed().shape())
        .may("junction", or_null(text()))
        .may("access", access())
        .may("attributes", list(component("declared.attribute")))
        .may("one_primary_per", or_null(text()))
        .may("ignored", list(text()))
        .closed()
        .shape()
}

fn declared_record_type() -> Shape {
    let mut declared = named().may("description", or_null(text()));
    for flag in ["supports_custom_fields", "read_only", "can_assert"] {
        declared = declared.may(flag, boolean());
    }
    declared
        .may("requires_one_of", list(text()))
        .may("match_aliases", Object::new().shape())
        .must("attributes", list(component("declared.attribute")))
        .may("relationships", list(component("declared.relationship")))
        .closed()
        .shape()
}

pub(crate) fn document(_: &Context<'_>) -> Vec<Described> {
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

pub(crate) fn reference(_: &Context<'_>) -> Vec<Described> {
    let described = Described::new("reference", TAG, "/reference")
        .summary("This document as a page to read")
        .answers_as(200, "A page.", "text/html; charset=utf-8", text(), Vec::new())
        .refuses(&[ErrorCode::Unauthorized]);
    vec![described]
}
