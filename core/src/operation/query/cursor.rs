//! Cursors: where a page ended, with the filters and the sort that it belongs to.
//!
//! A cursor is base64url of a checksum and a JSON document. The checksum is no seal: it tells a
//! cursor that was cut or edited from one that was given out.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use crate::error::{Error, ErrorCode, Result};
use crate::schema::RecordType;

const CHECKSUM_BYTES: usize = 6;

/// Where a page ended: the sort values of its last record, and its place among equals.
#[derive(Debug, Clone, PartialEq)]
pub struct Position {
    /// One value for each sort field, as text, number, boolean or null.
    pub values: Vec<Json>,
    /// The store's handle of the record.
    pub row: i64,
}

pub(super) fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::InvalidCursor, message).at_field("cursor")
}

pub(super) fn encode(record_type: &RecordType, origin: &Json, position: &Position) -> String {
    let document = json!({
        "type": record_type.api_name(), "origin": origin,
        "values": position.values, "row": position.row,
    })
    .to_string();
    let mut bytes = checksum(document.as_bytes()).to_vec();
    bytes.extend_from_slice(document.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(super) fn decode(record_type: &RecordType, cursor: &str) -> Result<(Json, Position)> {
    let malformed = || invalid("this is not a cursor that was given out");
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| malformed())?;
    let (sum, document) = bytes.split_at_checked(CHECKSUM_BYTES).ok_or_else(malformed)?;
    if sum != checksum(document) {
        return Err(malformed());
    }
    let mut document: Json = serde_json::from_slice(document).map_err(|_| malformed())?;
    if document["type"] != record_type.api_name() {
        return Err(invalid(format!("the cursor belongs to records of type {}", document["type"])));
    }
    let (Some(values), Some(row)) = (document["values"].as_array(), document["row"].as_i64())
    else {
        return Err(malformed());
    };
    let position = Position { values: values.clone(), row };
    Ok((document["origin"].take(), position))
}

fn checksum(document: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let digest = Sha256::digest(document);
    std::array::from_fn(|index| digest[index])
}
