//! Activities, in the shape that they are logged and read in (contract.md section 4.7).

use headwater::schema::{Attribute, RecordType, Schema};
use headwater::value::SelectOption;
use headwater::{ErrorCode, activity};

use super::operation::{Described, data, page_of};
use super::records::{self, ACTIVITY, REFERENCE, of_record};
use super::shapes::{
    Object, Shape, all_of, any_of, component, described, one_of_texts, or_null, text, text_as,
    text_like,
};
use super::{Components, Context, examples, filters, values};

/// The metadata that an activity must have beside its time.
const TEXTS: [&str; 2] = ["subject", "description"];

/// What an activity may be asked for by.
const SCOPES: [&str; 3] = ["contact_id", "account_id", "opportunity_id"];

/// The components of activities.
pub(super) fn components(schema: &Schema, record_type: &RecordType) -> Components {
    let mut components = values::own_components(schema, record_type);
    let is_shown = |attribute: &Attribute| {
        let name = attribute.api_name.as_str();
        activity::READ.contains(&name)
    };
    let metadata = Object::new().described("As it was written.").shape();
    let beyond = Object::new().must("metadata", or_null(metadata));
    components.insert(ACTIVITY.to_owned(), records::record(record_type, is_shown, beyond));
    components.insert(format!("{ACTIVITY}.metadata"), metadata_written(record_type));
    components
}

/// The metadata of a manual activity, which is the only kind that is logged.
fn metadata_written(record_type: &RecordType) -> Shape {
    let some_text = || text_like(r"\S");
    let time = any_of([text_as("date-time"), text_as("date")]);
    let object = Object::new().must("activity_time", time);
    let object = TEXTS.iter().fold(object, |object, name| object.must(name, some_text()));
    let categories = record_type
        .index_of("sub_type")
        .map(|index| record_type.attribute(index).options.iter().map(SelectOption::name));
    let categories = categories.map_or_else(text, one_of_texts);
    object.may("category", or_null(categories)).closed().shape()
}

pub(crate) fn log(&Context { schema, .. }: &Context<'_>) -> Vec<Described> {
    let Ok(record_type) = schema.record_type(ACTIVITY) else { return Vec::new() };
    let mut attributes = Object::new().must("metadata", component(format!("{ACTIVITY}.metadata")));
    let written = activity::WRITTEN.iter().filter_map(|name| record_type.index_of(name));
    for attribute in written.map(|index| record_type.attribute(index)) {
        let shape = match attribute.api_name.as_str() {
            // Others are read, and come into a workspace by seeding it.
            "type" => {
                let manual = one_of_texts([activity::MANUAL]);
                or_null(values::written(attribute.value_type, &manual))
            }
            _ => values::attribute_written(record_type, attribute, attribute.is_nullable),
        };
        attributes = attributes.may(&attribute.api_name, shape);
    }
    let described = Described::new("log_activity", ACTIVITY, "/activity")
        .summary("Log an activity")
        .note("The metadata has no envelopes, and is given back as it was written.")
        .body(
            Object::new().must("attributes", attributes.closed().shape()).shape(),
            examples::activity(),
        )
        .answers(201, "The activity.", data(component(ACTIVITY)))
        .refuses(&[
            ErrorCode::UnknownField,
            ErrorCode::FieldNotCreatable,
            ErrorCode::FieldRequiredMissing,
            ErrorCode::FieldValueInvalid,
        ])
        .refuses(&REFERENCE)
        .writes();
    vec![described]
}

pub(crate) fn query(&Context { limits, .. }: &Context<'_>) -> Vec<Described> {
    let id = || or_null(component(filters::REFERENCE));
    let time = || or_null(component("written.timestamp"));
    let body = SCOPES
        .iter()
        .fold(filters::page(limits), |body, name| body.may(name, id()))
        .may("created_from", time())
        .may("created_to", time())
        .closed();
    let scopes = SCOPES.iter().map(|name| (*name, component(filters::REFERENCE)));
    let scopes = scopes.chain([("cursor", text())]);
    let one_of = any_of(scopes.map(|(name, shape)| Object::new().must(name, shape).shape()));
    let about = "One of the three ids at least, or a cursor alone.";
    let body = described(all_of([body.shape(), one_of]), about);
    let described = Described::new("query_activity", ACTIVITY, "/activity/_query")
        .summary("Query activities, newest first")
        .body(body, examples::activities())
        .answers(200, "A page of activities.", page_of(component(ACTIVITY)))
        .refuses(&[ErrorCode::InvalidFilterValue, ErrorCode::InvalidCursor, ErrorCode::Timeout]);
    vec![described]
}

pub(crate) fn read(_: &Context<'_>) -> Vec<Described> {
    let described = of_record(Described::new("read_activity", ACTIVITY, "/activity/{id}"))
        .summary("Read an activity")
        .answers(200, "The activity.", data(component(ACTIVITY)));
    vec![described]
}
