//! Copies and checks what `describe` and `check` say.

use headwater::Result;
use headwater::source::{ConnectorDescription, StreamDescription, StreamField};
use headwater_abi::{
    HEADWATER_FIELD_KEY, HEADWATER_STREAM_FIELDS_COMPLETE, HEADWATER_STREAM_INCREMENTAL,
    headwater_description, headwater_discovery, headwater_field, headwater_stream_info,
};
use serde_json::Value as Json;

use crate::raw::{elements, misbehaved, text};

/// Copies a description.
///
/// # Safety
/// The texts are readable.
pub(crate) unsafe fn copy_description(raw: &headwater_description) -> Result<ConnectorDescription> {
    // SAFETY: the caller promises readable texts.
    let (name, version, schema) = unsafe {
        (
            text("the connector's name", raw.name)?,
            text("the connector's version", raw.version)?,
            text("the connector's config_schema", raw.config_schema)?,
        )
    };
    let is_name = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_';
    if name.is_empty() || !name.bytes().all(is_name) {
        return Err(misbehaved(
            format!(
                "the connector's name is `{name}`, expected lower-case letters, digits and `_`"
            ),
            "for the connector's authors: correct the name that `describe` gives",
        ));
    }
    let config_schema = match serde_json::from_str(&schema) {
        Ok(schema @ Json::Object(_)) => schema,
        Ok(_) => return Err(bad_schema("is not a JSON object")),
        Err(error) => return Err(bad_schema(&format!("is not JSON: {error}"))),
    };
    Ok(ConnectorDescription { name, version, config_schema })
}

fn bad_schema(fault: &str) -> headwater::Error {
    misbehaved(
        format!("the connector's config_schema {fault}"),
        "for the connector's authors: give a JSON Schema, at least {\"type\": \"object\"}",
    )
}

/// Copies the streams of a source.
///
/// # Safety
/// The array and everything that it leads to are readable.
pub(crate) unsafe fn copy_streams(raw: &headwater_discovery) -> Result<Vec<StreamDescription>> {
    // SAFETY: the caller promises a readable array.
    let infos = unsafe { elements("the array of streams", raw.streams, raw.stream_count) }?;
    let mut streams: Vec<StreamDescription> = Vec::with_capacity(infos.len());
    for (index, info) in infos.into_iter().enumerate() {
        // SAFETY: the caller promises that everything behind it is readable.
        let stream = unsafe { copy_stream(index, info) }?;
        if stream.name.is_empty() || streams.iter().any(|other| other.name == stream.name) {
            return Err(misbehaved(
                format!("stream {index} is named `{}`, expected a name of its own", stream.name),
                "for the connector's authors: give every stream a name, and each another one",
            ));
        }
        streams.push(stream);
    }
    Ok(streams)
}

/// # Safety
/// As [`copy_streams`].
unsafe fn copy_stream(index: usize, info: &headwater_stream_info) -> Result<StreamDescription> {
    // SAFETY: the caller promises readable texts and a readable array.
    unsafe {
        let name = text(&format!("the name of stream {index}"), info.name)?;
        let fields = elements(
            &format!("the array of fields of stream `{name}`"),
            info.fields,
            info.field_count,
        )?;
        Ok(StreamDescription {
            fields: fields
                .into_iter()
                .enumerate()
                .map(|(at, field)| copy_field(&name, at, field))
                .collect::<Result<_>>()?,
            fields_are_complete: info.flags & HEADWATER_STREAM_FIELDS_COMPLETE != 0,
            is_incremental: info.flags & HEADWATER_STREAM_INCREMENTAL != 0,
            position_unit: or_rows(text(
                &format!("the position_unit of stream `{name}`"),
                info.position_unit,
            )?),
            name,
        })
    }
}

/// The header's promise: a unit that is not named is rows.
fn or_rows(unit: String) -> String {
    if unit.is_empty() { "row".to_owned() } else { unit }
}

/// # Safety
/// As [`copy_streams`].
unsafe fn copy_field(stream: &str, index: usize, field: &headwater_field) -> Result<StreamField> {
    let of = |part: &str| format!("the {part} of field {index} of stream `{stream}`");
    // SAFETY: the caller promises readable texts.
    unsafe {
        Ok(StreamField {
            name: text(&of("name"), field.name)?,
            value_type: text(&of("value_type"), field.value_type)?,
            is_key: field.flags & HEADWATER_FIELD_KEY != 0,
        })
    }
}
