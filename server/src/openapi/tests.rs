//! Routes, error table and document say the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use headwater::operation::QueryLimits;
use headwater::{Declarations, ErrorCode, ErrorGroup, OpenOptions, Schema, open};
use serde_json::Value as Json;

use super::Context;
use crate::endpoints::Endpoint;
use crate::gate::Gate;
use crate::limits::Limits;
use crate::routes;

fn table() -> Vec<Endpoint> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crm.db");
    let options = OpenOptions { create: true, ..OpenOptions::default() };
    let workspace: Arc<_> = open(path.to_str().unwrap(), options).unwrap().into();
    let gate = Gate::new(Arc::clone(&workspace), false, Limits::default());
    routes::endpoints(workspace, gate, None, Limits::default()).1
}

fn schema() -> Schema {
    let declared = Declarations::parse(
        r#"
        [[record_types]]
        api_name = "project"
        display_name = "Project"
        attributes = [
            { api_name = "name", display_name = "Name", value_type = "string", required = true },
            { api_name = "phase", display_name = "Phase", value_type = "string", required = true, default = "first" },
        ]
        [[custom_fields]]
        record_type = "account"
        attributes = [{ api_name = "size", display_name = "Size", value_type = "number" }]
        [[custom_fields]]
        record_type = "contact"
        attributes = [{ api_name = "badge", display_name = "Badge", value_type = "string", is_unique = true }]
        "#,
    );
    Schema::standard().extended(&declared.unwrap()).unwrap()
}

fn context(schema: &Schema) -> Context<'_> {
    Context { schema, limits: QueryLimits::default(), is_twin: true }
}

fn document() -> Json {
    serde_json::to_value(super::document(&context(&schema()), &table())).unwrap()
}

fn operations(document: &Json) -> Vec<(&String, &String, &Json)> {
    let paths = document["paths"].as_object().unwrap().iter();
    paths
        .flat_map(|(path, item)| {
            let operations = item.as_object().unwrap().iter();
            operations.map(move |(method, operation)| (path, method, operation))
        })
        .collect()
}

#[test]
fn every_route_is_described_and_nothing_else_is() {
    let (schema, table) = (schema(), table());
    let mut described = 0;
    for endpoint in &table {
        let operations = (endpoint.describe)(&context(&schema));
        assert!(!operations.is_empty(), "{} is not described", endpoint.path);
        described += operations.len();
        for operation in operations {
            let is_parameter = |part: &str| part.starts_with('{');
            let (routed, told) = (endpoint.path.split('/'), operation.path.split('/'));
            assert_eq!(routed.clone().count(), told.clone().count(), "{}", operation.path);
            for (routed, told) in routed.zip(told) {
                assert!(is_parameter(routed) || routed == told, "{}", operation.path);
            }
        }
    }
    let document = document();
    let operations = operations(&document);
    assert_eq!(operations.len(), described, "two operations have one path");
    let ids: BTreeSet<&str> =
        operations.iter().map(|(.., one)| one["operationId"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), described, "two operations have one id");
}

/// A route that is made in another way would be in no document.
#[test]
fn nothing_is_routed_beside_the_table() {
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut next = vec![source];
    while let Some(path) = next.pop() {
        if path.is_dir() {
            next.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if !path.ends_with("openapi/tests.rs")
            && !path.ends_with("endpoints.rs")
            && !path.ends_with("page.html")
        {
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(!text.contains(".route("), "{} routes by itself", path.display());
        }
    }
}

/// Codes that no operation answers: what no request to the server meets, and what is said of a path
/// that names no relationship, which is none of the document's.
const NOT_SERVED: [ErrorCode; 2] = [ErrorCode::Cancelled, ErrorCode::UnknownRelationship];
/// Codes that come with another status than their own, and why.
const OTHER_STATUS: [(ErrorCode, u16); 1] = [
    // The client's time, not the server's: 504 is what a query answers that takes too long.
    (ErrorCode::Timeout, 408),
];

#[test]
fn every_code_that_the_server_answers_is_in_the_document_with_its_status() {
    let document = document();
    let mut found: BTreeMap<&str, BTreeSet<u16>> = BTreeMap::new();
    for (_, _, operation) in operations(&document) {
        for (status, answer) in operation["responses"].as_object().unwrap() {
            let status: u16 = status.parse().unwrap();
            if status < 400 {
                continue;
            }
            let name =
                answer["$ref"].as_str().map(|name| name.replace("#/components/responses/", ""));
            let answer = match name {
                Some(name) => &document["components"]["responses"][name],
                None => answer,
            };
            let error = &answer["content"]["application/json"]["schema"]["properties"]["error"];
            let codes = error["allOf"][1]["properties"]["code"]["enum"].as_array();
            for code in codes.expect("an error has codes") {
                found.entry(code.as_str().unwrap()).or_default().insert(status);
            }
        }
    }
    for &code in ErrorCode::ALL {
        let is_served = code.group() != ErrorGroup::Source && !NOT_SERVED.contains(&code);
        let statuses = found.remove(code.name()).unwrap_or_default();
        assert_eq!(is_served, !statuses.is_empty(), "{code}: {statuses:?}");
        let own = code.http_status();
        let other = OTHER_STATUS.iter().find(|(other, _)| *other == code);
        for status in statuses {
            assert!(status == own || Some(status) == other.map(|(_, status)| *status), "{code}");
        }
    }
    assert!(found.is_empty(), "no codes of the table: {found:?}");
}

#[test]
fn components_that_are_named_are_there_and_the_others_are_of_use() {
    let document = document();
    let there: BTreeSet<&str> =
        document["components"]["schemas"].as_object().unwrap().keys().map(String::as_str).collect();
    let mut named = BTreeSet::new();
    let mut next = vec![&document];
    while let Some(json) = next.pop() {
        match json {
            Json::Object(object) => {
                if let Some(Json::String(name)) = object.get("$ref") {
                    named.extend(name.strip_prefix("#/components/schemas/"));
                }
                next.extend(object.values());
            }
            Json::Array(elements) => next.extend(elements),
            _ => {}
        }
    }
    let missing: Vec<_> = named.difference(&there).collect();
    assert!(missing.is_empty(), "named, but not there: {missing:?}");
    let unused: Vec<_> = there.difference(&named).collect();
    assert!(unused.is_empty(), "there, but never named: {unused:?}");
}

#[test]
fn a_record_has_every_declared_attribute() {
    let (schema, document) = (schema(), document());
    for record_type in schema.record_types() {
        let name = record_type.api_name();
        let shape = &document["components"]["schemas"][name]["properties"];
        let shown = shape["attributes"]["required"].as_array().unwrap();
        let shown: BTreeSet<&str> = shown.iter().map(|name| name.as_str().unwrap()).collect();
        let declared = record_type.attributes().iter().map(|one| one.api_name.as_str());
        let declared: BTreeSet<&str> = declared.collect();
        match name {
            super::ACTIVITY => assert!(shown.is_subset(&declared), "{name}"),
            _ => assert_eq!(shown, declared, "{name}"),
        }
    }
}

#[test]
fn the_page_shows_every_operation_and_needs_nothing_from_elsewhere() {
    let document = document();
    let page = crate::page::of(&document.to_string()).unwrap();
    for (path, _, operation) in operations(&document) {
        let id = operation["operationId"].as_str().unwrap();
        assert!(page.contains(&format!("<article id=\"{id}\">")), "{id}");
        assert!(page.contains(&path.replace('/', "&#x2f;")), "{path}");
    }
    for elsewhere in ["<script", "src=", "http:&#x2f;&#x2f;", "@import", "url("] {
        assert!(!page.contains(elsewhere), "the page has {elsewhere}");
    }
    // Its policy lets through the one style that it has.
    assert!(page.matches("<style>").count() == 1 && !page.contains(" style="));
    assert!(crate::page::policy().contains(&crate::page::hash_of_style(&page)));
}

/// Whether one of the shapes that a value may have, at any depth of choices, is like this.
fn may_be(document: &Json, shape: &Json, like: &dyn Fn(&Json) -> bool) -> bool {
    let named = shape["$ref"].as_str().and_then(|name| document.pointer(name.strip_prefix('#')?));
    let shape = named.unwrap_or(shape);
    let choices = shape["anyOf"].as_array().into_iter().flatten();
    like(shape) || choices.into_iter().any(|choice| may_be(document, choice, like))
}

#[test]
fn what_the_server_takes_is_in_the_document() {
    let document = document();
    let component = |name: &str| &document["components"]["schemas"][name];
    let is_list = |shape: &Json| shape["type"] == "array";
    for (name, key) in
        [("contact.match", "id"), ("contact.match", "badge"), ("user.match", "email")]
    {
        let matching = &component(name)["properties"][key];
        assert!(may_be(&document, matching, &is_list), "{name} takes no list of {key}");
    }
    // A name of stages in several pipelines is compared with, and not written.
    let has_won = |shape: &Json| {
        shape["enum"].as_array().is_some_and(|names| names.contains(&"closed_won".into()))
    };
    let of_stage = |shape: &Json| {
        let fields = shape["properties"]["field"]["enum"].as_array();
        fields.is_some_and(|fields| fields.contains(&"stage".into()))
            && may_be(&document, &shape["properties"]["value"], &has_won)
    };
    assert!(may_be(&document, component("opportunity.filter"), &of_stage));
    assert!(!may_be(&document, component("opportunity.stage.written"), &has_won));
    // What has a default need not be given.
    let create = &document["paths"]["/api/v2/project"]["post"]["requestBody"]["content"];
    let created = create["application/json"]["schema"]["properties"]["attributes"].to_string();
    assert!(created.contains(r#""required":["name"]"#), "{created}");
    assert!(!created.contains(r#""required":["phase"]"#), "{created}");
}

/// A client refuses the page with a record whose value breaks a format, which the server may take.
#[test]
fn addresses_are_read_as_they_were_written() {
    let document = document();
    for name in ["value.email", "value.url", "value.contact_email", "value.account_domain"] {
        let shape = document["components"]["schemas"][name].to_string();
        for format in ["email", "uri", "iri", "hostname"] {
            let strict = format!("\"format\":\"{format}\"");
            assert!(!shape.contains(&strict), "{name}: {shape}");
            assert!(!shape.contains(&format!("\"format\":\"idn-{format}\"")), "{name}: {shape}");
        }
    }
    for format in ["email", "uri", "hostname"] {
        let strict = format!("\"format\":\"{format}\"");
        assert!(!document.to_string().contains(&strict), "{format} leaves out other scripts");
    }
}
