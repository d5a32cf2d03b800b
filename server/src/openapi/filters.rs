//! Bodies of queries: filters with the operators that each attribute takes, sort, page
//! (contract.md section 5.5).

use std::collections::BTreeMap;

use headwater::operation::QueryLimits;
use headwater::operation::query::MAX_SORT_FIELDS;
use headwater::schema::{Attribute, RecordType};
use headwater::value::ValueType;

use super::shapes::{
    Object, Shape, any_of, anything, component, list, list_of, null, one_of_texts, or_null, text,
    text_as, text_like, whole,
};
use super::values::{shared_names, written, written_name};
use super::{Components, names};

/// What an operator compares with.
const OPERANDS: [(Operand, &[&str]); 5] = [
    (Operand::One, &["eq", "ne", "gt", "gte", "lt", "lte"]),
    (Operand::Several, &["in", "not_in"]),
    (Operand::Pair, &["between"]),
    (Operand::Part, &["contains", "starts_with", "ends_with"]),
    (Operand::Nothing, &["exists", "not_exists"]),
];

#[derive(Clone, Copy)]
enum Operand {
    One,
    Several,
    Pair,
    Part,
    Nothing,
}

/// The body of a query; its filters are a component of their own, since they nest.
pub(super) fn query(record_type: &RecordType, limits: QueryLimits) -> Shape {
    let sortable = record_type.attributes().iter().filter(|attribute| attribute.is_sortable());
    let direction = or_null(one_of_texts(["asc", "desc"]));
    let sort = Object::new()
        .must("field", one_of_texts(sortable.flat_map(all_names)))
        .may("direction", direction)
        .shape();
    page(limits)
        .may("filters", or_null(list(component(names::filter(record_type)))))
        .may("sort", or_null(list_of(sort, 0, MAX_SORT_FIELDS)))
        .closed()
        .described(
            "`filters` are joined by and; keys that only other filters have may be null. A cursor \
             alone goes on where its page ended.",
        )
        .shape()
}

/// What asks for a page of anything.
pub(super) fn page(limits: QueryLimits) -> Object {
    Object::new()
        .may("limit", or_null(whole(1, Some(limits.max_page))))
        .may("cursor", or_null(text()))
}

/// A filter: a condition on an attribute, or a group of filters.
pub(super) fn filter(record_type: &RecordType) -> Shape {
    let mut shapes = Vec::new();
    for (attribute, fields) in by_operands(record_type) {
        let one = component(operand_name(record_type, attribute));
        for (operand, operators) in OPERANDS {
            let allowed = attribute.filter_operators();
            let operators: Vec<&str> =
                operators.iter().copied().filter(|operator| allowed.contains(operator)).collect();
            if operators.is_empty() {
                continue;
            }
            let condition = Object::new()
                .must("field", one_of_texts(fields.iter().copied()))
                .must("operator", one_of_texts(operators));
            shapes.push(with_value(condition, operand, one.clone()));
        }
    }
    let names: Vec<&str> =
        record_type.relationships().iter().map(|end| end.here().api_name.as_str()).collect();
    if !names.is_empty() {
        shapes.push(through_relationships(&names));
    }
    let again = || component(names::filter(record_type));
    shapes.push(Object::new().must("and", list(again())).closed().shape());
    shapes.push(Object::new().must("or", list(again())).closed().shape());
    shapes.push(Object::new().must("not", any_of([again(), list(again())])).closed().shape());
    any_of(shapes)
}

/// The attributes that filters may name, together where they are compared in the same way.
fn by_operands(record_type: &RecordType) -> Vec<(&Attribute, Vec<&str>)> {
    let mut groups: BTreeMap<String, (&Attribute, Vec<&str>)> = BTreeMap::new();
    for attribute in record_type.attributes().iter().filter(|one| one.is_filterable()) {
        let key = operand_name(record_type, attribute);
        let group = groups.entry(key).or_insert_with(|| (attribute, Vec::new()));
        group.1.extend(all_names(attribute));
    }
    groups.into_values().collect()
}

fn all_names(attribute: &Attribute) -> impl Iterator<Item = &str> {
    let aliases = attribute.aliases.iter().map(String::as_str);
    std::iter::once(attribute.api_name.as_str()).chain(aliases)
}

fn with_value(condition: Object, operand: Operand, one: Shape) -> Shape {
    match operand {
        Operand::One => condition.must("value", one),
        Operand::Several => condition.must("value", list(one)),
        Operand::Pair => condition.must("value", list_of(one, 2, 2)),
        Operand::Part => condition.must("value", text()),
        Operand::Nothing => condition.may("value", anything()),
    }
    .closed()
    .shape()
}

/// A condition on related records: their own type says which attributes and operators there are.
fn through_relationships(names: &[&str]) -> Shape {
    let path = format!(r"^({})\.([a-z0-9_]+\.)?[a-z0-9_]+$", names.join("|"));
    let operators = OPERANDS.iter().flat_map(|(_, operators)| operators.iter().copied());
    Object::new()
        .must("field", text_like(&path))
        .must("operator", one_of_texts(operators))
        .may("value", anything())
        .closed()
        .described(
            "Follows at most two relationships to an attribute, which says what operators and \
             values there are.",
        )
        .shape()
}

/// The component that says what an attribute is compared with: references go by id alone.
fn operand_name(record_type: &RecordType, attribute: &Attribute) -> String {
    match attribute.value_type {
        ValueType::RecordReference => REFERENCE.to_owned(),
        _ if !shared_names(attribute).is_empty() => {
            names::of_attribute("compared", record_type, attribute)
        }
        _ => written_name(record_type, attribute),
    }
}

/// What attributes are compared with, where that is more than what they may be given.
pub(super) fn components(record_type: &RecordType) -> Components {
    let attributes = record_type.attributes().iter();
    let shared = attributes.map(|attribute| (attribute, shared_names(attribute)));
    let shared = shared.filter(|(_, names)| !names.is_empty());
    let compared = shared.map(|(attribute, names)| {
        let one = component(written_name(record_type, attribute));
        let shape = any_of([one, one_of_texts(names)]);
        (operand_name(record_type, attribute), shape)
    });
    compared.collect()
}

/// The name of [`reference`].
pub(super) const REFERENCE: &str = "written.reference_by_id";

/// What a reference is compared with.
pub(super) fn reference() -> Shape {
    let named = Object::new()
        .must("related_record_id", text_as("uuid"))
        .may("related_record_match", null())
        .shape();
    written(ValueType::RecordReference, &any_of([text_as("uuid"), named]))
}
