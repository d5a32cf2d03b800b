//! What a source offers.

use headwater::source::{Control, ReadRequest, Source, StreamDescription};

use super::{Finding, broken};

const VALUE_TYPES: [&str; 6] = ["string", "number", "boolean", "array", "object", ""];

/// The host has already checked that every stream has a name of its own.
pub(super) fn are_sane(streams: &[StreamDescription]) -> Finding {
    if streams.is_empty() {
        return broken("no streams, expected at least one");
    }
    for stream in streams {
        for (index, field) in stream.fields.iter().enumerate() {
            let (name, kind) = (&field.name, field.value_type.as_str());
            let place = format!("field `{name}` of stream `{}`", stream.name);
            if name.is_empty() || stream.fields[..index].iter().any(|other| other.name == *name) {
                return broken(format!("{place} has no name of its own"));
            }
            if !VALUE_TYPES.contains(&kind) {
                return broken(format!("{place} has the value type `{kind}`"));
            }
        }
    }
    let names: Vec<&str> = streams.iter().map(|stream| stream.name.as_str()).collect();
    Ok(names.join(", "))
}

pub(super) fn refuses_unknown(source: &mut dyn Source) -> Finding {
    let request = ReadRequest { stream: "no such stream".to_owned(), ..ReadRequest::default() };
    match source.read(&Control::default(), &request) {
        Ok(_) => broken("a stream that is not offered was read"),
        Err(error) => Ok(error.to_string()),
    }
}
