//! The OpenAPI document of all that the server answers, from its endpoints and a schema.

mod activity;
mod examples;
mod filters;
mod history;
mod local;
mod names;
mod operation;
mod parts;
mod pruned;
mod records;
mod shapes;
mod twin;
mod values;

use std::collections::BTreeMap;

use headwater::Schema;
use headwater::operation::QueryLimits;
use utoipa::openapi::path::{HttpMethod, PathItem, Paths};
use utoipa::openapi::schema::ComponentsBuilder;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::{Tag, TagBuilder};
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder, ServerBuilder};

use crate::endpoints::{Endpoint, Verb};
use records::ACTIVITY;
use shapes::Shape;

/// What each endpoint does: one function for each, beside which the router names its handler.
pub(crate) mod describe {
    pub(crate) use super::activity::{
        log as log_activity, query as query_activities, read as read_activity,
    };
    pub(crate) use super::history::{history, restore};
    pub(crate) use super::local::{declare, document, key, metrics, pipelines, ready, reference};
    pub(crate) use super::parts::{
        add_edge, add_item, list_edges, remove_edge, remove_item, update_edge, update_item,
    };
    pub(crate) use super::records::{archive, assert, create, health, patch, query, read, schema};
    pub(crate) use super::twin::{
        clock, faults, reset, set_clock, set_faults, snapshot, snapshots, unset_clock, unset_faults,
    };
}
pub(crate) use operation::Described;

type Components = BTreeMap<String, Shape>;

const ABOUT: &str = "\
A CRM workspace in the CRM's own wire format. The record API is under `/api/v2`; what is under \
`/api/local` is this server's own.

Values are read in envelopes, `{\"value_type\": .., \"value\": ..}`, and written raw or in an envelope; \
null clears. Every refusal has the same shape, `{\"error\": {\"code\", \"message\", \"field\", \
\"details\"}}`, and `details.hint` says what to do about it. An unknown path is 404 with \
`invalid_request`, `unknown_record_type`, `unknown_relationship` or `unknown_field`, a verb that an endpoint does not take 405 with `operation_not_supported`.";

/// What endpoints are described for.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) limits: QueryLimits,
    /// Whether the server is a twin for tests; where it is none it refuses what only a twin does.
    pub(crate) is_twin: bool,
}

/// The document of these endpoints.
pub(crate) fn document(context: &Context<'_>, endpoints: &[Endpoint]) -> OpenApi {
    let schema = context.schema;
    let (mut paths, mut shared) = (Paths::new(), BTreeMap::new());
    for endpoint in endpoints {
        for described in (endpoint.describe)(context) {
            let path = format!("{}{}", endpoint.prefix, described.path);
            let operation = described.build(endpoint.is_guarded, &mut shared);
            let item = PathItem::new(method(endpoint.verb), operation);
            match paths.paths.get_mut(&path) {
                Some(known) => known.merge_operations(item),
                None => drop(paths.paths.insert(path, item)),
            }
        }
    }
    let info = InfoBuilder::new()
        .title("Headwater")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT));
    let components = components(schema)
        .into_iter()
        .fold(ComponentsBuilder::new(), |components, (name, shape)| components.schema(name, shape));
    let components = shared
        .into_iter()
        .fold(components, |components, (name, answer)| components.response(name, answer));
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    let components =
        components.security_scheme("bearer", SecurityScheme::Http(bearer)).security_scheme(
            "api_key",
            SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("X-Api-Key"))),
        );
    let document = OpenApiBuilder::new()
        .info(info.build())
        .servers(Some([ServerBuilder::new().url("/").build()]))
        .paths(paths)
        .components(Some(components.build()))
        .tags(Some(tags(schema)))
        .build();
    pruned::pruned(document)
}

fn method(verb: Verb) -> HttpMethod {
    match verb {
        Verb::Get => HttpMethod::Get,
        Verb::Post => HttpMethod::Post,
        Verb::Put => HttpMethod::Put,
        Verb::Patch => HttpMethod::Patch,
        Verb::Delete => HttpMethod::Delete,
    }
}

fn components(schema: &Schema) -> Components {
    let mut components = values::components();
    for record_type in schema.record_types() {
        components.extend(match record_type.api_name() {
            ACTIVITY => activity::components(schema, record_type),
            _ => records::components(schema, record_type),
        });
        components.extend(parts::components(record_type));
        components.extend(history::components(record_type));
    }
    components.insert(filters::REFERENCE.to_owned(), filters::reference());
    components.extend(local::components());
    components.extend(twin::components());
    components.insert("Error".to_owned(), operation::error_shape());
    components.insert("Schema".to_owned(), records::schema_document());
    components
}

/// Operations are shown by record type, those of no type before and after.
fn tags(schema: &Schema) -> Vec<Tag> {
    let tag =
        |name: &str, about: &str| TagBuilder::new().name(name).description(Some(about)).build();
    let mut tags = vec![
        tag("service", "Whether the server answers."),
        tag("schema", "Record types and their attributes."),
    ];
    for record_type in schema.record_types() {
        let about = record_type.description().unwrap_or(record_type.display_name());
        tags.push(tag(record_type.api_name(), about));
    }
    tags.push(tag("twin", "What a twin for tests takes: snapshots, its clock, faults."));
    tags.push(tag("local", "What is this server's own, and not the CRM's."));
    tags
}

#[cfg(test)]
mod tests;
