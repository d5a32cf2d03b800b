//! Records: their components, and the endpoints that each record type has.

use headwater::ErrorCode;
use headwater::schema::{Attribute, RecordType, Schema};
use headwater::value::ValueType;
use serde_json::json;

use super::operation::{Described, data, page_of};
use super::shapes::{
    Object, Shape, all_of, any_of, component, described, one_of_texts, text, text_as,
};
use super::{Components, Context, examples, filters, names, values};

/// The type whose records have endpoints of their own.
pub(super) const ACTIVITY: &str = "activity";

/// What the attributes of a create or a patch may be refused for.
const WRITE: [ErrorCode; 3] =
    [ErrorCode::UnknownField, ErrorCode::FieldValueInvalid, ErrorCode::UniqueConflict];
/// Where the id of a record is in an answer that holds one.
const RECORD: [(&str, &str); 1] = [("id", "$response.body#/data/id")];
/// What a reference to another record may be refused for.
pub(super) const REFERENCE: [ErrorCode; 3] =
    [ErrorCode::TargetRecordNotFound, ErrorCode::AmbiguousMatch, ErrorCode::InvalidMatchingField];
const QUERY: [ErrorCode; 8] = [
    ErrorCode::InvalidFilterField,
    ErrorCode::InvalidFilterOperator,
    ErrorCode::InvalidFilterValue,
    ErrorCode::FilterDepthExceeded,
    ErrorCode::SortTooManyFields,
    ErrorCode::UnsortableField,
    ErrorCode::InvalidCursor,
    ErrorCode::Timeout,
];

/// The components of one record type.
pub(super) fn components(schema: &Schema, record_type: &RecordType) -> Components {
    let mut components = values::own_components(schema, record_type);
    components.insert(names::record(record_type), record(record_type, |_| true, Object::new()));
    components.insert(names::matching(record_type), values::matching(record_type));
    components.insert(names::filter(record_type), filters::filter(record_type));
    components.extend(filters::components(record_type));
    components.insert(names::written(record_type), written(record_type));
    components
}

/// A record as it is read, with the attributes that are shown of it; `beyond` has what it holds
/// beside them.
pub(super) fn record(
    record_type: &RecordType,
    is_shown: impl Fn(&Attribute) -> bool,
    beyond: Object,
) -> Shape {
    let shown = record_type.attributes().iter().filter(|attribute| is_shown(attribute));
    let attributes = shown.fold(Object::new(), |object, attribute| {
        object.must(&attribute.api_name, values::attribute_read(attribute))
    });
    beyond
        .must("id", text_as("uuid"))
        .must("record_type", one_of_texts([record_type.api_name()]))
        .must("created_at", text_as("date-time"))
        .must("updated_at", text_as("date-time"))
        .must("attributes", attributes.shape())
        .described(record_type.description().unwrap_or(record_type.display_name()))
        .shape()
}

/// The attributes of a create, a patch or an assert, by all their names.
fn written(record_type: &RecordType) -> Shape {
    let writable = record_type
        .attributes()
        .iter()
        .filter(|attribute| attribute.is_creatable && attribute.is_updatable);
    let mut object = Object::new();
    for attribute in writable {
        let shape = values::attribute_written(record_type, attribute, attribute.is_nullable);
        for alias in &attribute.aliases {
            let about = format!("Another name of {}.", attribute.api_name);
            object = object.may(alias, described(shape.clone(), &about));
        }
        object = object.may(&attribute.api_name, shape);
    }
    object.closed().shape()
}

/// The attributes of a create: what a new record needs is there.
fn created(record_type: &RecordType) -> Shape {
    let given = |name: &str, attribute: &Attribute| {
        Object::new().must(name, values::attribute_given(record_type, attribute)).shape()
    };
    let mut shapes = vec![component(names::written(record_type))];
    let attributes = record_type.attributes().iter();
    let needed = attributes.filter(|one| one.is_required_on_create && one.default.is_none());
    for attribute in needed {
        let names = std::iter::once(&attribute.api_name).chain(&attribute.aliases);
        let mut named: Vec<Shape> = names.map(|name| given(name, attribute)).collect();
        shapes.push(if named.len() == 1 { named.remove(0) } else { any_of(named) });
    }
    let one_of = record_type.requires_one_of();
    if !one_of.is_empty() {
        let one_of = one_of.iter().map(|attribute| given(&attribute.api_name, attribute));
        shapes.push(any_of(one_of));
    }
    if shapes.len() == 1 { shapes.remove(0) } else { all_of(shapes) }
}

/// The record types that have the general endpoints.
fn general(schema: &Schema) -> impl Iterator<Item = &RecordType> {
    let all = schema.record_types().iter().map(|record_type| &**record_type);
    all.filter(|record_type| record_type.api_name() != ACTIVITY)
}

/// Those whose records are written through the API.
pub(super) fn writable(schema: &Schema) -> impl Iterator<Item = &RecordType> {
    general(schema).filter(|record_type| record_type.check_writable().is_ok())
}

/// One record of a type.
pub(super) fn of_record(described: Described) -> Described {
    described
        .in_path("id", text_as("uuid"), "The id of the record.")
        .refuses(&[ErrorCode::RecordNotFound])
}

fn refers(record_type: &RecordType) -> bool {
    let mut attributes = record_type.attributes().iter();
    attributes.any(|one| one.is_creatable && one.value_type == ValueType::RecordReference)
}

/// What a write of a type's attributes may be refused for.
fn with_write_codes(described: Described, record_type: &RecordType) -> Described {
    let described = described.refuses(&WRITE).writes();
    if refers(record_type) { described.refuses(&REFERENCE) } else { described }
}

fn begin(verb: &str, record_type: &RecordType, rest: &str) -> Described {
    let name = record_type.api_name();
    Described::new(format!("{verb}_{name}"), name, format!("/{name}{rest}"))
}

fn one(record_type: &RecordType) -> Shape {
    data(component(names::record(record_type)))
}

pub(crate) fn schema(&Context { schema, .. }: &Context<'_>) -> Vec<Described> {
    let record_types = schema.record_types().iter().map(|one| one.api_name());
    let junctions = schema.junctions().map(|one| one.name.as_str());
    let names: Vec<&str> = record_types.chain(junctions).collect();
    let described = Described::new("schema", "schema", "/_schema/{record_type}")
        .summary("Describe a record type")
        .note("Its attributes with their flags and filter operators, and its relationships. A junction has the attributes of the links between two record types.")
        .in_path("record_type", one_of_texts(names), "The record type, or a junction.")
        .answers(200, "The record type.", component("Schema"))
        .refuses(&[ErrorCode::UnknownRecordType]);
    vec![described]
}

pub(crate) fn create(&Context { schema, .. }: &Context<'_>) -> Vec<Described> {
    let described = writable(schema).map(|record_type| {
        let body = Object::new().must("attributes", created(record_type)).shape();
        let described = begin("create", record_type, "")
            .summary(format!("Create: {}", record_type.display_name()))
            .body(body, examples::create(record_type.api_name()))
            .answers(201, "The new record.", one(record_type))
            .leads_to(format!("read_{}", record_type.api_name()), &RECORD)
            .leads_to(format!("patch_{}", record_type.api_name()), &RECORD)
            .leads_to(format!("archive_{}", record_type.api_name()), &RECORD)
            .refuses(&[ErrorCode::FieldNotCreatable, ErrorCode::FieldRequiredMissing]);
        with_write_codes(described, record_type)
    });
    described.collect()
}

pub(crate) fn read(&Context { schema, .. }: &Context<'_>) -> Vec<Described> {
    let described = general(schema).map(|record_type| {
        of_record(begin("read", record_type, "/{id}"))
            .summary(format!("Read: {}", record_type.display_name()))
            .answers(200, "The record, with every attribute of its type.", one(record_type))
    });
    described.collect()
}

pub(crate) fn patch(&Context { schema, .. }: &Context<'_>) -> Vec<Described> {
    let described = writable(schema).map(|record_type| {
        let attributes = component(names::written(record_type));
        let described = of_record(begin("patch", record_type, "/{id}"))
            .summary(format!("Change: {}", record_type.display_name()))
            .note("An absent attribute stays, null clears, an array is replaced as a whole.")
            .body(
                Object::new().must("attributes", attributes).shape(),
                examples::patch(record_type.api_name()),
            )
            .answers(200, "The record after the change.", one(record_type))
            .refuses(&[ErrorCode::FieldNotUpdatable]);
        with_write_codes(described, record_type)
    });
    described.collect()
}

pub(crate) fn archive(&Context { schema, .. }: &Context<'_>) -> Vec<Described> {
    let described = writable(schema).map(|record_type| {
        of_record(begin("archive", record_type, "/{id}"))
            .summary(format!("Archive: {}", record_type.display_name()))
            .note("The record is no longer read, found or matched.")
            .answers_nothing("It is archived.")
            .writes()
    });
    described.collect()
}

pub(crate) fn query(&Context { schema, limits, .. }: &Context<'_>) -> Vec<Described> {
    let described = general(schema).map(|record_type| {
        begin("query", record_type, "/_query")
            .summary(format!("Query: {}", record_type.display_name()))
            .note(
                "Filters go along relationships by paths such as `accounts.domains`. Records that \
                 are equal in the sort come in the order of their creation.",
            )
            .optional_body(
                filters::query(record_type, limits),
                examples::query(record_type.api_name()),
            )
            .answers(200, "A page of records.", page_of(component(names::record(record_type))))
            .refuses(&QUERY)
    });
    described.collect()
}

pub(crate) fn assert(&Context { schema, .. }: &Context<'_>) -> Vec<Described> {
    let asserted = writable(schema).filter(|record_type| record_type.check_can_assert().is_ok());
    let described = asserted.map(|record_type| {
        let answer = |action: &str| {
            Object::new()
                .must("data", component(names::record(record_type)))
                .must("meta", Object::new().must("action", one_of_texts([action])).shape())
                .shape()
        };
        let body = Object::new()
            .must("match", component(names::matching(record_type)))
            .must("attributes", component(names::written(record_type)))
            .shape();
        let described = begin("assert", record_type, "/_assert")
            .summary(format!("Create or change by match: {}", record_type.display_name()))
            .note("One match is changed; without one a record is created, with the match's value.")
            .body(body, examples::assert(record_type.api_name()))
            .answers(200, "The record that matched, changed.", answer("updated"))
            .answers(201, "The new record.", answer("created"))
            .refuses(&[
                ErrorCode::AmbiguousMatch,
                ErrorCode::InvalidMatchingField,
                ErrorCode::RecordNotFound,
                ErrorCode::FieldNotCreatable,
                ErrorCode::FieldNotUpdatable,
                ErrorCode::FieldRequiredMissing,
            ]);
        with_write_codes(described, record_type)
    });
    described.collect()
}

/// The schema document of contract.md section 4.11.
pub(super) fn schema_document() -> Shape {
    use super::shapes::{anything, boolean, list};
    let type_info = Object::new()
        .must("value_type", one_of_texts(ValueType::ALL.iter().map(|one| one.name())))
        .must("is_array", boolean())
        .may("options", list(anything()))
        .may("related_record_type", text());
    let named = || {
        Object::new()
            .must("api_name", text())
            .must("display_name", text())
            .may("description", text())
            .must("is_custom", boolean())
    };
    let flags = [
        "is_creatable",
        "is_updatable",
        "is_required_on_create",
        "is_unique",
        "is_sortable",
        "is_filterable",
    ];
    let attribute = flags
        .iter()
        .fold(named(), |object, flag| object.must(flag, boolean()))
        .must("type_info", type_info.shape())
        .must("filter_operators", list(text()));
    let relationship = named()
        .must("related_object_api_name", text())
        .must("related_object_relationship_api_name", text())
        .may("junction_object_api_name", text())
        .must("is_creatable", boolean())
        .must("is_updatable", boolean())
        .must("is_array", boolean());
    named()
        .must("is_junction", boolean())
        .must("supports_custom_fields", boolean())
        .may("object_id", text_as("uuid"))
        .must("attributes", list(attribute.shape()))
        .must("relationships", list(relationship.shape()))
        .shape()
}

/// Whether the process answers.
pub(crate) fn health(_: &Context<'_>) -> Vec<Described> {
    let status = Object::new().must("status", one_of_texts(["healthy"])).shape();
    let example = vec![("Healthy", json!({ "data": { "status": "healthy" } }))];
    let described = Described::new("health", "service", "/health")
        .summary("Ask whether the server answers")
        .answers_as(200, "It does.", "application/json", data(status), example)
        .never_fails();
    vec![described]
}
