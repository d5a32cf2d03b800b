//! The streams of a source as C structs, and the Rust values that those borrow from.

use headwater_abi::{self as abi, headwater_field, headwater_stream_info};

use crate::StreamInfo;
use crate::borrow::lend;

/// What `check` last found, kept alive in the source until the next call on it.
pub(crate) struct Discovery {
    /// Borrows from `_fields` and `_streams`, whose heap memory does not move.
    pub(crate) infos: Vec<headwater_stream_info>,
    _fields: Vec<Vec<headwater_field>>,
    _streams: Vec<StreamInfo>,
}

impl Discovery {
    pub(crate) fn new(streams: Vec<StreamInfo>) -> Self {
        let fields: Vec<Vec<headwater_field>> = streams.iter().map(fields_of).collect();
        let infos = streams
            .iter()
            .zip(&fields)
            .map(|(stream, fields)| headwater_stream_info {
                struct_size: size_of::<headwater_stream_info>(),
                name: lend(&stream.name),
                flags: flag(stream.fields_are_complete, abi::HEADWATER_STREAM_FIELDS_COMPLETE)
                    | flag(stream.is_incremental, abi::HEADWATER_STREAM_INCREMENTAL),
                fields: if fields.is_empty() { std::ptr::null() } else { fields.as_ptr() },
                field_count: fields.len(),
                position_unit: lend(&stream.position_unit),
            })
            .collect();
        Self { infos, _fields: fields, _streams: streams }
    }
}

fn fields_of(stream: &StreamInfo) -> Vec<headwater_field> {
    stream
        .fields
        .iter()
        .map(|field| headwater_field {
            struct_size: size_of::<headwater_field>(),
            name: lend(&field.name),
            value_type: lend(&field.value_type),
            flags: flag(field.is_key, abi::HEADWATER_FIELD_KEY),
        })
        .collect()
}

fn flag(is_set: bool, bit: u64) -> u64 {
    if is_set { bit } else { 0 }
}
