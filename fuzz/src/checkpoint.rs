//! Checkpoints of the file connectors: any bytes are refused or resumed from, also forged ones.
//!
//! Input: one byte picks the connector, the first line is the checkpoint, the second the
//! configuration, the rest the file. An empty `fingerprint` is filled in, so that what stands
//! behind that check is reached too.

use headwater_connector_csv::Csv;
use headwater_connector_json::Json as JsonConnector;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::files::{file, read_from_any, split};

/// How much text a fingerprint covers, at the start and before the place.
const SPAN: usize = 4096;

/// Checks one input.
pub fn run(input: &[u8]) {
    let Some(end) = input.iter().position(|byte| *byte == b'\n') else { return };
    let Some((kind, checkpoint)) = input[..end].split_first() else { return };
    // `split` takes a first byte of its own; the line end will do.
    let Some((_, config, contents)) = split(&input[end..]) else { return };
    let ending = if kind & 1 == 0 { "csv" } else { "json" };
    let path = file(contents, ending);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let checkpoint = forge(checkpoint, contents, &name);
    if kind & 1 == 0 {
        read_from_any::<Csv>(config, &path, &checkpoint);
    } else {
        read_from_any::<JsonConnector>(config, &path, &checkpoint);
    }
}

/// Fills in an empty fingerprint and an empty name of a file.
fn forge(checkpoint: &[u8], contents: &[u8], name: &str) -> Vec<u8> {
    let Ok(Json::Object(mut object)) = serde_json::from_slice::<Json>(checkpoint) else {
        return checkpoint.to_vec();
    };
    if object.get("file").is_some_and(|file| file == "") {
        object.insert("file".to_owned(), name.into());
    }
    let byte =
        object.get("byte").and_then(Json::as_u64).and_then(|byte| usize::try_from(byte).ok());
    if let (Some(""), Some(byte)) = (object.get("fingerprint").and_then(Json::as_str), byte)
        && byte <= contents.len()
    {
        let head = &contents[..byte.min(SPAN)];
        let tail = &contents[byte - byte.min(SPAN)..byte];
        let digest = Sha256::new().chain_update(head).chain_update(tail).finalize();
        let mut print: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        print += &format!("{:08x}", crc32fast::hash(&contents[..byte]));
        object.insert("fingerprint".to_owned(), print.into());
    }
    Json::Object(object).to_string().into_bytes()
}
