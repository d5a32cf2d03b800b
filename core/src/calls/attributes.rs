//! Attributes of a request: every fault of theirs that shows before any record is looked for.

use serde_json::{Map, Value as Json};

use crate::error::Result;
use crate::operation::MatchTarget;
use crate::record::{Attributes, first_in_order};
use crate::schema::{RecordType, Write};
use crate::value::Target;
use crate::workspace::Workspace;

/// As [`Attributes::parse`]; where something is at fault, so are references by what identifies no
/// record of their type, which are else refused when they are looked for.
///
/// # Errors
/// As [`Attributes::parse`], with `invalid_matching_field` and `field_value_invalid` of references.
pub(crate) fn parse_attributes(
    workspace: &dyn Workspace,
    record_type: &RecordType,
    attributes: Map<String, Json>,
    write: Write,
) -> Result<Attributes> {
    let matching = references_by_match(record_type, &attributes);
    Attributes::parse(record_type, attributes, write, None).map_err(|error| {
        let schema = workspace.schema();
        let faults = matching.into_iter().filter_map(|(index, target)| {
            let declared = record_type.attribute(index);
            let there = schema.record_type(declared.target.as_deref()?).ok()?;
            let fault = MatchTarget::of(there, &target).err()?;
            Some(fault.at_field(&declared.api_name))
        });
        let faults = error.apart().chain(faults).collect();
        first_in_order(faults).unwrap_or_else(|| record_type.unknown_field(""))
    })
}

/// The references that name a record by a match, by the index of their attribute.
fn references_by_match(
    record_type: &RecordType,
    attributes: &Map<String, Json>,
) -> Vec<(usize, Target)> {
    let references = attributes.iter().filter(|(_, value)| value.is_object() || value.is_array());
    let references = references.filter_map(|(name, value)| {
        let index = record_type.index_of(name)?;
        record_type.attribute(index).target.as_ref().map(|_| (index, value))
    });
    let targets = references.flat_map(|(index, value)| {
        let value = value.get("value").unwrap_or(value);
        let elements = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        elements.iter().filter_map(move |element| {
            let element = element.get("value").unwrap_or(element);
            element.get("related_record_match")?;
            Some((index, Target::parse(element.clone().into()).ok()?))
        })
    });
    targets.collect()
}
