//! Value types as they are read and as they may be written (contract.md section 3).

use std::borrow::Cow;

use headwater::schema::{Attribute, MatchKey, RecordType, Schema};
use headwater::value::{ADDRESS_PARTS, ItemShape, LABELS, SelectOption, ValueType};

use super::shapes::{
    Object, Shape, all_of, any_of, anything, boolean, component, described, list, list_between,
    list_from, null, number, one_of_texts, or_null, scalar, scalar_like, text, text_as, text_like,
    whole,
};
use super::{Components, names};

/// Digits with a point, perhaps with an exponent, as JSON writes numbers.
const DECIMAL: &str = r"^-?[0-9]{1,20}(\.[0-9]{1,8})?$";
/// What counts as true or false where it is written as text.
const BOOLEAN: &str = r"^\s*([Tt][Rr][Uu][Ee]|[Yy][Ee][Ss]|1|[Ff][Aa][Ll][Ss][Ee]|[Nn][Oo]|0)\s*$";
const NUMBER: &str = r"^-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,8})?$";
const TIME: &str = r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$";

/// The components that every record type uses.
pub(super) fn components() -> Components {
    let mut components = Components::new();
    for &value_type in ValueType::ALL {
        let name = value_type.name();
        components.insert(format!("value.{name}"), read(value_type));
        components.insert(format!("envelope.{name}"), envelope(value_type, false));
        components.insert(format!("envelope.{name}.nullable"), envelope(value_type, true));
        if let Some(raw) = raw(value_type) {
            components.insert(format!("raw.{name}"), raw);
            let written = written(value_type, &component(format!("raw.{name}")));
            let nullable = or_cleared(value_type, component(format!("written.{name}")));
            components.insert(format!("written.{name}"), written);
            components.insert(format!("written.{name}.nullable"), nullable);
        }
    }
    components
}

/// The value of an envelope.
fn read(value_type: ValueType) -> Shape {
    match value_type {
        ValueType::String | ValueType::LongText | ValueType::RichText | ValueType::Enum => text(),
        // Of no format: what was taken is read as it was written, and clients check what they read.
        ValueType::Email | ValueType::Url => text(),
        ValueType::PhoneNumber => described(text_like(r"^\+[0-9]{3,17}$"), "E.164."),
        ValueType::Number => number(),
        ValueType::Currency => {
            Object::new().must("amount", text_like(r"^-?[0-9]+(\.[0-9]+)?$")).shape()
        }
        ValueType::Percent => text_like(r"^-?[0-9]+(\.[0-9]+)?$"),
        ValueType::Boolean => boolean(),
        ValueType::Timestamp => described(text_as("date-time"), "UTC, in microseconds."),
        ValueType::Date => text_as("date"),
        ValueType::Time => text_like(r"^[0-9]{2}:[0-9]{2}:[0-9]{2}$"),
        ValueType::Uuid => text_as("uuid"),
        ValueType::Select | ValueType::ContactStage | ValueType::AccountStage => choice().shape(),
        ValueType::OpportunityStage => {
            choice().may("closing_probability", text()).may("expected_days", whole(0, None)).shape()
        }
        ValueType::RecordReference => Object::new()
            .must("related_record_id", text_as("uuid"))
            .must("related_record_type", or_null(text()))
            .shape(),
        ValueType::Address => ADDRESS_PARTS
            .iter()
            .fold(Object::new(), |object, part| object.must(part, or_null(text())))
            .shape(),
        ValueType::ContactEmail | ValueType::ContactPhoneNumber | ValueType::AccountDomain => {
            item_read(value_type)
        }
    }
}

/// An option as records show it; one that is declared no longer keeps its name alone.
fn choice() -> Object {
    Object::new()
        .must("id", or_null(text_as("uuid")))
        .must("api_name", text())
        .must("display_value", text())
        .must("color", or_null(text()))
}

fn item_read(value_type: ValueType) -> Shape {
    let Some(ItemShape { text_key, has_labels, has_id, has_status, .. }) = value_type.item_shape()
    else {
        return anything();
    };
    let mut object = Object::new().must(text_key, text()).must("is_primary", boolean());
    if has_id {
        object = object.must("id", text_as("uuid"));
    }
    if has_labels {
        object = object.must("labels", list(one_of_texts(LABELS)));
    }
    if has_status {
        object = object.must("status", or_null(text()));
    }
    object.shape()
}

fn envelope(value_type: ValueType, is_nullable: bool) -> Shape {
    let value = component(format!("value.{}", value_type.name()));
    let value = if is_nullable { or_null(value) } else { value };
    Object::new().must("value_type", one_of_texts([value_type.name()])).must("value", value).shape()
}

/// What may be written without an envelope; `None` where that depends on the attribute.
fn raw(value_type: ValueType) -> Option<Shape> {
    Some(match value_type {
        ValueType::String | ValueType::LongText | ValueType::RichText => {
            described(scalar(), "Numbers and booleans are taken as the text that they are.")
        }
        ValueType::Email => text_as("idn-email"),
        ValueType::PhoneNumber => described(text_as("phone-number"), "With the country code."),
        ValueType::Url => text_as("iri"),
        ValueType::Number => any_of([number(), text_like(NUMBER)]),
        ValueType::Percent => any_of([number(), text_like(DECIMAL)]),
        ValueType::Currency => any_of([
            number(),
            text_like(DECIMAL),
            Object::new().must("amount", any_of([number(), text_like(DECIMAL)])).shape(),
        ]),
        ValueType::Boolean => any_of([boolean(), whole(0, Some(1)), text_like(BOOLEAN)]),
        ValueType::Timestamp => {
            let what = "ISO 8601; a time without an offset is UTC, a day is its midnight.";
            described(any_of([text_as("date-time"), text_as("date")]), what)
        }
        ValueType::Date => text_as("date"),
        ValueType::Time => text_like(TIME),
        ValueType::Uuid => text_as("uuid"),
        ValueType::Address => ADDRESS_PARTS
            .iter()
            .fold(Object::new(), |object, part| object.may(part, or_null(scalar())))
            .closed()
            .shape(),
        ValueType::ContactEmail | ValueType::ContactPhoneNumber | ValueType::AccountDomain => {
            item_raw(value_type)
        }
        ValueType::Select
        | ValueType::Enum
        | ValueType::ContactStage
        | ValueType::AccountStage
        | ValueType::OpportunityStage
        | ValueType::RecordReference => return None,
    })
}

/// The text of an item.
pub(super) fn item_text(value_type: ValueType) -> Shape {
    text_as(match value_type {
        ValueType::ContactEmail => "idn-email",
        ValueType::ContactPhoneNumber => "phone-number",
        _ => "idn-hostname",
    })
}

/// An item of a whole array; what a read item has beyond it is taken back.
fn item_raw(value_type: ValueType) -> Shape {
    let Some(ItemShape { text_key, has_labels, .. }) = value_type.item_shape() else {
        return anything();
    };
    let labels = if has_labels { or_null(list(one_of_texts(LABELS))) } else { null() };
    let object = Object::new()
        .must(text_key, item_text(value_type))
        .may("is_primary", or_null(boolean()))
        .may("labels", labels)
        .may("id", anything())
        .may("status", anything())
        .closed();
    any_of([item_text(value_type), object.shape()])
}

/// A single value, raw or in its envelope.
pub(super) fn written(value_type: ValueType, raw: &Shape) -> Shape {
    any_of([raw.clone(), written_envelope(value_type, raw.clone())])
}

fn written_envelope(value_type: ValueType, value: Shape) -> Shape {
    Object::new().must("value_type", one_of_texts([value_type.name()])).must("value", value).shape()
}

/// What is written, or null, raw or in an envelope.
fn or_cleared(value_type: ValueType, written: Shape) -> Shape {
    any_of([written, written_envelope(value_type, null()), null()])
}

/// The name of the component that says how one value of an attribute may be written.
pub(super) fn written_name(record_type: &RecordType, attribute: &Attribute) -> String {
    match raw(attribute.value_type) {
        Some(_) => format!("written.{}", attribute.value_type.name()),
        None => names::of_attribute("written", record_type, attribute),
    }
}

/// What may be written, for attributes whose value type alone does not tell.
pub(super) fn own_components(schema: &Schema, record_type: &RecordType) -> Components {
    let attributes = record_type.attributes().iter();
    let own = attributes.filter(|attribute| raw(attribute.value_type).is_none());
    own.flat_map(|attribute| {
        let raw = match attribute.value_type {
            ValueType::RecordReference => raw_reference(schema, attribute),
            ValueType::Enum => named_text(attribute),
            _ => raw_choice(&attribute.options),
        };
        let name = names::of_attribute("written", record_type, attribute);
        let nullable = or_cleared(attribute.value_type, component(&name));
        let written = written(attribute.value_type, &raw);
        [(format!("{name}.nullable"), nullable), (name, written)]
    })
    .collect()
}

/// The name of an option; any text where the names are not known.
fn named_text(attribute: &Attribute) -> Shape {
    match attribute.options.is_empty() {
        true => text(),
        false => one_of_texts(attribute.options.iter().map(SelectOption::name)),
    }
}

/// The names of options, by id, api name or display value: those of one alone, and those that
/// several share.
fn names_of_options(options: &[SelectOption]) -> (Vec<String>, Vec<String>) {
    let called = |option: &SelectOption| {
        [option.id.to_string(), option.api_name.clone(), option.display_value.clone()]
    };
    let (mut own, mut shared) = (Vec::new(), Vec::new());
    for name in options.iter().flat_map(called) {
        let bearers = options.iter().filter(|option| called(option).contains(&name)).count();
        let names = if bearers == 1 { &mut own } else { &mut shared };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    (own, shared)
}

/// The names that several options share, as stages of two pipelines do: a filter takes all of them.
pub(super) fn shared_names(attribute: &Attribute) -> Vec<String> {
    match attribute.value_type {
        ValueType::Enum => Vec::new(),
        _ => names_of_options(&attribute.options).1,
    }
}

/// An option by id, api name or display value, as far as that is the name of one alone.
fn raw_choice(options: &[SelectOption]) -> Shape {
    let known = names_of_options(options).0;
    let name = || one_of_texts(known.clone());
    let by = |key: &str| Object::new().must(key, name());
    // The first that is no null tells.
    let by_name = by("api_name").may("id", or_null(name()));
    let by_display =
        by("display_value").may("id", or_null(name())).may("api_name", or_null(name()));
    any_of([name(), by("id").shape(), by_name.shape(), by_display.shape()])
}

fn raw_reference(schema: &Schema, attribute: &Attribute) -> Shape {
    let target = attribute.target.as_deref().and_then(|name| schema.record_type(name).ok());
    let id = Object::new()
        .must("related_record_id", text_as("uuid"))
        .may("related_record_match", null())
        .shape();
    let mut shapes = vec![text_as("uuid"), id];
    if let Some(target) = target {
        let matching = Object::new()
            .must("related_record_match", component(names::matching(target)))
            .may("related_record_id", null());
        shapes.push(matching.shape());
    }
    any_of(shapes)
}

/// A match of records of a type: exactly one key.
pub(super) fn matching(record_type: &RecordType) -> Shape {
    let names = record_type.match_names();
    let keys = names.into_iter().filter_map(|name| {
        let attribute = match record_type.match_key(name).ok()? {
            MatchKey::Id => record_type.attribute(record_type.index_of("id")?),
            MatchKey::Attribute(index) => record_type.attribute(index),
        };
        let own = record_type.index_of(name).map(|index| record_type.attribute(index));
        let mut shapes = vec![component(written_name(record_type, attribute))];
        if let Some(own) = own.filter(|own| own.value_type != attribute.value_type) {
            shapes.push(component(written_name(record_type, own)));
        }
        if let Some(ItemShape { text_type, .. }) = attribute.value_type.item_shape() {
            shapes.push(written_envelope(text_type, item_text(attribute.value_type)));
        }
        let most = (attribute.api_name == "id").then_some(1);
        shapes.push(list_between(any_of(shapes.clone()), 1, most));
        if attribute.is_array {
            let many = list_of_written(record_type, attribute, 1);
            shapes.push(written_envelope(attribute.value_type, many));
        }
        Some((name, any_of(shapes)))
    });
    let object = keys.fold(Object::new(), |object, (name, shape)| object.may(name, shape));
    object.one_key().described("Exactly one key, which identifies one record.").shape()
}

fn list_of_written(record_type: &RecordType, attribute: &Attribute, least: usize) -> Shape {
    list_from(component(written_name(record_type, attribute)), least)
}

/// All that an attribute may be given: raw, in an envelope, null where it can be.
pub(super) fn attribute_written(
    record_type: &RecordType,
    attribute: &Attribute,
    is_nullable: bool,
) -> Shape {
    if attribute.is_required_on_create && !is_nullable && !attribute.is_array {
        return described(attribute_given(record_type, attribute), &about(attribute));
    }
    let name = written_name(record_type, attribute);
    let mut shapes = vec![match is_nullable {
        true => component(format!("{name}.nullable")),
        false => component(name),
    }];
    if attribute.is_array {
        shapes.push(list_of_written(record_type, attribute, 0));
        let many = list_of_written(record_type, attribute, 0);
        shapes.push(written_envelope(attribute.value_type, many));
    }
    let shape = if shapes.len() == 1 { shapes.remove(0) } else { any_of(shapes) };
    described(shape, &about(attribute))
}

/// What gives an attribute a value: no null, no blank text, no empty list.
pub(super) fn attribute_given(record_type: &RecordType, attribute: &Attribute) -> Shape {
    if matches!(attribute.value_type, ValueType::String | ValueType::LongText | ValueType::RichText)
    {
        return written(attribute.value_type, &scalar_like(r"\S"));
    }
    let one = component(written_name(record_type, attribute));
    if !attribute.is_array {
        return one;
    }
    let many = list_of_written(record_type, attribute, 1);
    let envelope = written_envelope(attribute.value_type, many.clone());
    any_of([one, many, envelope])
}

/// What people should know of an attribute.
pub(super) fn about(attribute: &Attribute) -> Cow<'_, str> {
    match &attribute.description {
        Some(description) => Cow::Owned(format!("{}. {description}", attribute.display_name)),
        None => Cow::Borrowed(&attribute.display_name),
    }
}

/// An attribute of a record that is read.
pub(super) fn attribute_read(attribute: &Attribute) -> Shape {
    let name = attribute.value_type.name();
    // A custom field may be younger than the record, and then holds nothing.
    let is_nullable = attribute.is_nullable || attribute.is_custom;
    let envelope = match is_nullable && !attribute.is_array {
        true => component(format!("envelope.{name}.nullable")),
        false => component(format!("envelope.{name}")),
    };
    let about = about(attribute);
    match attribute.is_array {
        true => described(list(envelope), &about),
        false if attribute.value_type == ValueType::Enum && !attribute.is_custom => {
            let names = named_text(attribute);
            let names = if is_nullable { or_null(names) } else { names };
            let values = Object::new().may("value", names).shape();
            described(all_of([envelope, values]), &about)
        }
        false => described(envelope, &about),
    }
}
