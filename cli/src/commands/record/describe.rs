//! `headwater record schema`: the record types of a workspace, and what each is linked to.

use headwater::schema::{RecordType, RelationshipEnd};
use headwater::{Result, Schema};

use crate::arguments::ListFormat;
use crate::output;

/// Lists every record type.
pub(super) fn record_types(schema: &Schema, format: ListFormat) -> Result<()> {
    let header = ["record_type", "display_name", "kind", "relationships"];
    let rows = schema.record_types().iter().map(|record_type| {
        let kind = match record_type.is_custom() {
            true => "custom",
            false if record_type.check_writable().is_err() => "read_only",
            false => "standard",
        };
        let names = record_type.relationships().iter().map(|end| end.here().api_name.as_str());
        vec![
            record_type.api_name().to_owned(),
            record_type.display_name().to_owned(),
            kind.to_owned(),
            names.collect::<Vec<_>>().join(" "),
        ]
    });
    output::list(&header, &rows.collect::<Vec<_>>(), format)
}

/// Lists the relationships of a record type.
pub(super) fn relationships(record_type: &RecordType, format: ListFormat) -> Result<()> {
    let header = ["relationship", "leads_to", "seen_from_there", "kind", "attributes"];
    let rows = record_type.relationships().iter().map(|end| {
        let attributes = end.relationship.attributes.iter();
        let names = attributes.map(|attribute| attribute.api_name.as_str());
        vec![
            end.here().api_name.clone(),
            end.there().record_type.clone(),
            end.there().api_name.clone(),
            kind(end).to_owned(),
            names.collect::<Vec<_>>().join(" "),
        ]
    });
    output::list(&header, &rows.collect::<Vec<_>>(), format)
}

fn kind(end: &RelationshipEnd) -> &'static str {
    match (end.check_writable(), end.relationship.is_typed) {
        (Err(_), _) => "read_only",
        (Ok(()), true) => "typed",
        (Ok(()), false) => "generic",
    }
}
