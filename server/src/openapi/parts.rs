//! Parts of records: the items of their arrays, and their edges (contract.md sections 5.6, 5.7).

use headwater::ErrorCode;
use headwater::operation::QueryLimits;
use headwater::schema::{Attribute, RecordType, RelationshipEnd, Schema};
use headwater::value::{ItemShape, LABELS};

use super::operation::{Described, data};
use super::records::{REFERENCE, of_record, writable};
use super::shapes::{
    Object, Shape, all_of, any_of, boolean, component, list, null, one_of_texts, or_null, text,
    text_as, whole,
};
use super::{Components, Context, examples, names, values};

/// The edges of a record type, each as a component.
pub(super) fn components(record_type: &RecordType) -> Components {
    let ends = record_type.relationships().iter();
    ends.map(|end| (names::edge(end), edge(end))).collect()
}

/// Every array whose items are edited one by one.
fn arrays(schema: &Schema) -> impl Iterator<Item = (&RecordType, &Attribute, ItemShape)> {
    writable(schema).flat_map(|record_type| {
        let attributes = record_type.attributes().iter().filter(|one| one.has_items());
        attributes.filter_map(move |attribute| {
            Some((record_type, attribute, attribute.value_type.item_shape()?))
        })
    })
}

fn of_array(verb: &str, record_type: &RecordType, attribute: &Attribute, rest: &str) -> Described {
    let (name, array) = (record_type.api_name(), &attribute.api_name);
    let id = part_id(verb, record_type, attribute);
    of_record(Described::new(id, name, format!("/{name}/{{id}}/attribute/{array}{rest}")))
}

fn of_item(described: Described, shape: ItemShape) -> Described {
    match shape.has_id {
        true => described.in_path("item", text_as("uuid"), "The id of the item."),
        false => described.in_path("item", text_as("idn-hostname"), "The domain."),
    }
}

fn part_id(verb: &str, record_type: &RecordType, attribute: &Attribute) -> String {
    format!("{verb}_{}_{}", record_type.api_name(), attribute.api_name)
}

/// Where an item is, in the request that adds it and its answer.
fn of_item_in_answer(shape: ItemShape) -> [(&'static str, &'static str); 2] {
    let item =
        if shape.has_id { "$response.body#/data/id" } else { "$response.body#/data/domain_name" };
    [("id", "$request.path.id"), ("item", item)]
}

/// An item as its own endpoints show it.
fn item(attribute: &Attribute, shape: ItemShape) -> Shape {
    let value = component(format!("value.{}", attribute.value_type.name()));
    data(match shape.has_id {
        true => Object::new().must("id", text_as("uuid")).must("envelope", value).shape(),
        false => value,
    })
}

fn labels() -> Shape {
    or_null(list(one_of_texts(LABELS)))
}

pub(crate) fn add_item(&Context { schema, .. }: &Context<'_>) -> Vec<Described> {
    let described = arrays(schema).map(|(record_type, attribute, shape)| {
        let mut body = Object::new().must(shape.text_key, values::item_text(attribute.value_type));
        if shape.has_id {
            body = body.may("is_primary", or_null(boolean()));
        }
        if shape.has_labels {
            body = body.may("labels", labels());
        }
        of_array("add", record_type, attribute, "")
            .summary(format!("Add to {}", attribute.display_name))
            .note("The first item is primary; one that is there already is made what is given.")
            .body(body.closed().shape(), examples::item(attribute.value_type))
            .answers(200, "The item, which was there already.", item(attribute, shape))
            .answers(201, "The new item.", item(attribute, shape))
            .leads_to(part_id("update", record_type, attribute), &of_item_in_answer(shape))
            .leads_to(part_id("remove", record_type, attribute), &of_item_in_answer(shape))
            .refuses(&[
                ErrorCode::UnknownField,
                ErrorCode::FieldNotCreatable,
                ErrorCode::FieldRequiredMissing,
                ErrorCode::FieldValueInvalid,
                ErrorCode::UniqueConflict,
            ])
            .writes()
    });
    described.collect()
}

pub(crate) fn update_item(&Context { schema, .. }: &Context<'_>) -> Vec<Described> {
    let described = arrays(schema).map(|(record_type, attribute, shape)| {
        let mut body = Object::new();
        body = match shape.has_id {
            true => body
                .may(shape.text_key, values::item_text(attribute.value_type))
                .may("is_primary", boolean()),
            false => body.must("is_primary", boolean()),
        };
        if shape.has_labels {
            body = body.may("labels", labels());
        }
        let codes = [
            ErrorCode::UnknownField,
            ErrorCode::FieldNotUpdatable,
            ErrorCode::FieldValueInvalid,
            ErrorCode::UniqueConflict,
        ];
        let described = of_item(of_array("update", record_type, attribute, "/{item}"), shape)
            .summary(format!("Change one of {}", attribute.display_name))
            .note("One that is made primary demotes the former.")
            .body(body.closed().shape(), examples::primary())
            .answers(200, "The item after the change.", item(attribute, shape))
            .refuses(&codes)
            .writes();
        match shape.has_id {
            true => described,
            false => described.refuses(&[ErrorCode::FieldRequiredMissing]),
        }
    });
    described.collect()
}

pub(crate) fn remove_item(&Context { schema, .. }: &Context<'_>) -> Vec<Described> {
    let described = arrays(schema).map(|(record_type, attribute, shape)| {
        of_item(of_array("remove", record_type, attribute, "/{item}"), shape)
            .summary(format!("Remove from {}", attribute.display_name))
            .answers_nothing("It is no longer there.")
            .writes()
    });
    described.collect()
}

/// Every relationship, as each of its sides sees it.
fn ends(schema: &Schema) -> impl Iterator<Item = (&Schema, &RelationshipEnd)> {
    let ends = schema.record_types().iter().flat_map(|one| one.relationships());
    ends.map(move |end| (schema, end))
}

fn writable_ends(schema: &Schema) -> impl Iterator<Item = (&Schema, &RelationshipEnd)> {
    ends(schema).filter(|(_, end)| end.check_writable().is_ok())
}

fn of_edges(verb: &str, end: &RelationshipEnd, rest: &str) -> Described {
    let (name, relationship) = (&end.here().record_type, &end.here().api_name);
    let id = edge_id(verb, end);
    let path = format!("/{name}/{{id}}/relationship/{relationship}{rest}");
    of_record(Described::new(id, name, path))
}

fn edge_id(verb: &str, end: &RelationshipEnd) -> String {
    format!("{verb}_{}_{}", end.here().record_type, end.here().api_name)
}

/// Where a link is, in the request that adds it and its answer.
const EDGE: [(&str, &str); 2] =
    [("id", "$request.path.id"), ("target_id", "$response.body#/item/related_record_id")];

fn of_target(described: Described) -> Described {
    described
        .in_path("target_id", text_as("uuid"), "The id of the related record.")
        .refuses(&[ErrorCode::TargetRecordNotFound])
}

fn edge(end: &RelationshipEnd) -> Shape {
    let through = if end.relationship.is_typed {
        let attributes = end.relationship.attributes.iter();
        let attributes = attributes.fold(Object::new(), |object, attribute| {
            object.must(&attribute.api_name, values::attribute_read(attribute))
        });
        Object::new()
            .must("id", text_as("uuid"))
            .must("record_type", one_of_texts([end.relationship.name.as_str()]))
            .must("attributes", attributes.shape())
            .shape()
    } else {
        null()
    };
    Object::new()
        .must("related_record_id", text_as("uuid"))
        .must("related_record_type", one_of_texts([end.there().record_type.as_str()]))
        .must("through", through)
        .shape()
}

fn of_parent(end: &RelationshipEnd) -> Object {
    let parent = Object::new()
        .must("id", text_as("uuid"))
        .must("record_type", one_of_texts([end.here().record_type.as_str()]));
    Object::new()
        .must("parent", parent.shape())
        .must("api_name", one_of_texts([end.here().api_name.as_str()]))
}

fn one_edge(end: &RelationshipEnd) -> Shape {
    of_parent(end).must("item", component(names::edge(end))).shape()
}

/// What a link says of itself, beside other keys or in `through`.
fn edge_attributes(end: &RelationshipEnd, mut object: Object) -> Object {
    let written = |mut object: Object| {
        for attribute in &end.relationship.attributes {
            let name = format!("written.{}", attribute.value_type.name());
            let mut shapes = vec![component(name)];
            if attribute.is_nullable {
                let envelope = format!("envelope.{}.nullable", attribute.value_type.name());
                shapes.extend([component(envelope), null()]);
            }
            object = object.may(&attribute.api_name, any_of(shapes));
        }
        for ignored in &end.relationship.ignored {
            object = object.may(ignored, super::shapes::anything());
        }
        object
    };
    // As it is read, it has the id and the name of the junction.
    let as_read = Object::new()
        .may("id", super::shapes::anything())
        .may("record_type", super::shapes::anything())
        .must("attributes", written(Object::new()).closed().shape())
        .closed();
    object = written(object);
    let through = written(Object::new()).closed().shape();
    object.may("through", any_of([through, as_read.shape(), null()]))
}

/// Parameters of a list.
pub(super) fn of_page(described: Described, limits: QueryLimits) -> Described {
    described
        .in_query("limit", whole(1, Some(limits.max_page)), "How many of them a page.")
        .in_query("cursor", text(), "Where the page before ended.")
        .refuses(&[ErrorCode::InvalidCursor])
}

pub(crate) fn list_edges(&Context { schema, limits, .. }: &Context<'_>) -> Vec<Described> {
    let described = ends(schema).map(|(_, end)| {
        let page = of_parent(end)
            .must("items", list(component(names::edge(end))))
            .must("next_cursor", or_null(text()))
            .shape();
        of_page(of_edges("list", end, ""), limits)
            .summary(format!("List {}", end.here().display_name))
            .answers(200, "A page of links.", page)
    });
    described.collect()
}

pub(crate) fn add_edge(&Context { schema, .. }: &Context<'_>) -> Vec<Described> {
    let described = writable_ends(schema).map(|(schema, end)| {
        let target = schema.record_type(&end.there().record_type).ok();
        let matching = target.map(|target| component(names::matching(target)));
        let body = Object::new()
            .may("related_record_id", or_null(text_as("uuid")))
            .may("related_record_match", or_null(matching.unwrap_or_else(null)));
        let there = one_of_texts([end.there().record_type.as_str()]);
        let body = body.may("related_record_type", or_null(there));
        let body = edge_attributes(end, body).closed().shape();
        let by_id = Object::new()
            .must("related_record_id", text_as("uuid"))
            .may("related_record_match", null());
        let by_match = Object::new()
            .must("related_record_match", Object::new().shape())
            .may("related_record_id", null());
        let one_of_both = any_of([by_id.shape(), by_match.shape()]);
        of_edges("add", end, "")
            .summary(format!("Link to {}", end.here().display_name))
            .note("Exactly one of `related_record_id` and `related_record_match`. A link that is there already is made what is given.")
            .body(all_of([body, one_of_both]), examples::edge(end))
            .answers(200, "The link, which was there already.", one_edge(end))
            .answers(201, "The new link.", one_edge(end))
            .leads_to(edge_id("remove", end), &EDGE)
            .refuses(&[ErrorCode::UnknownField, ErrorCode::FieldValueInvalid])
            .refuses(&REFERENCE)
            .writes()
    });
    described.collect()
}

pub(crate) fn update_edge(&Context { schema, .. }: &Context<'_>) -> Vec<Described> {
    let typed = writable_ends(schema).filter(|(_, end)| end.check_typed().is_ok());
    let described = typed.map(|(_, end)| {
        let body = edge_attributes(end, Object::new()).closed().shape();
        of_target(of_edges("update", end, "/{target_id}"))
            .summary(format!("Change a link to {}", end.here().display_name))
            .optional_body(body, examples::primary())
            .answers(200, "The link after the change.", one_edge(end))
            .refuses(&[ErrorCode::UnknownField, ErrorCode::FieldValueInvalid])
            .writes()
    });
    described.collect()
}

pub(crate) fn remove_edge(&Context { schema, .. }: &Context<'_>) -> Vec<Described> {
    let described = writable_ends(schema).map(|(_, end)| {
        of_target(of_edges("remove", end, "/{target_id}"))
            .summary(format!("Unlink from {}", end.here().display_name))
            .answers_nothing("The link is no longer there.")
            .writes()
    });
    described.collect()
}
