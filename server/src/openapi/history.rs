//! The history of records and their return from the archive: extensions of this server.

use headwater::ErrorCode;
use headwater::operation::ChangeKind;
use headwater::schema::{Attribute, RecordType};

use super::operation::{Described, data, page_of};
use super::parts::of_page;
use super::records::{of_record, writable};
use super::shapes::{Object, Shape, component, list, one_of_texts, or_null, text, text_as};
use super::{Components, Context, names};

/// One change of a record of a type.
pub(super) fn components(record_type: &RecordType) -> Components {
    let state = |attribute: &Attribute| {
        let name = attribute.value_type.name();
        match attribute.is_array {
            true => list(component(format!("envelope.{name}"))),
            false => component(format!("envelope.{name}.nullable")),
        }
    };
    let attributes = record_type.attributes().iter().fold(Object::new(), |object, attribute| {
        let states = Object::new().must("before", state(attribute)).must("after", state(attribute));
        object.may(&attribute.api_name, states.shape())
    });
    let change = Object::new()
        .must("operation", one_of_texts(ChangeKind::ALL.iter().map(|kind| kind.name())))
        .must("actor", or_null(text()))
        .must("at", or_null(text_as("date-time")))
        .must("attributes", attributes.closed().shape())
        .described("What one operation changed, before and after.")
        .shape();
    Components::from([(names::change(record_type), change)])
}

fn of(verb: &str, record_type: &RecordType) -> Described {
    let name = record_type.api_name();
    of_record(Described::new(format!("{verb}_{name}"), name, format!("/{name}/{{id}}/{verb}")))
}

pub(crate) fn history(&Context { schema, limits, .. }: &Context<'_>) -> Vec<Described> {
    let described = schema.record_types().iter().map(|record_type| {
        let page: Shape = page_of(component(names::change(record_type)));
        of_page(of("history", record_type), limits)
            .summary(format!("History: {}", record_type.display_name()))
            .note("The latest change first, also of an archived record.")
            .answers(200, "A page of changes.", page)
            .refuses(&[ErrorCode::Timeout])
    });
    described.collect()
}

pub(crate) fn restore(&Context { schema, .. }: &Context<'_>) -> Vec<Described> {
    let described = writable(schema).map(|record_type| {
        of("restore", record_type)
            .summary(format!("Bring back from the archive: {}", record_type.display_name()))
            .note("A record that is not archived is given as it is.")
            .answers(200, "The record.", data(component(names::record(record_type))))
            .refuses(&[ErrorCode::UniqueConflict])
            .writes()
    });
    described.collect()
}
