//! Whether a library's file is whole: the system maps one that was cut off all the same, and ends
//! the process where the missing part is touched.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

const HEADER_BYTES: usize = 64;
const SEGMENT_BYTES: usize = 56;
/// Magic, 64 bits, little-endian: the ELF files that are read here.
const START: [u8; 6] = *b"\x7fELF\x02\x01";

/// Says what is missing of a library. Of a file that is no such library nothing is said: the
/// system's loader knows better what it is.
pub(crate) fn missing(path: &Path) -> io::Result<Option<String>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut header = [0; HEADER_BYTES];
    if length < HEADER_BYTES as u64 {
        return Ok(None);
    }
    file.read_exact(&mut header)?;
    if !header.starts_with(&START) || usize::from(short(&header, 54)) != SEGMENT_BYTES {
        return Ok(None);
    }
    let (table, count) = (long(&header, 32), short(&header, 56));
    let table_end = table.saturating_add(u64::from(count) * SEGMENT_BYTES as u64);
    let mut end = table_end;
    if table_end <= length {
        file.seek(SeekFrom::Start(table))?;
        for _ in 0..count {
            let mut segment = [0; SEGMENT_BYTES];
            file.read_exact(&mut segment)?;
            end = end.max(long(&segment, 8).saturating_add(long(&segment, 32)));
        }
    }
    Ok((end > length).then(|| format!("it has {length} bytes and goes on to byte {end}")))
}

fn short(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn long(bytes: &[u8], at: usize) -> u64 {
    (0..8).rev().fold(0, |number, index| number << 8 | u64::from(bytes[at + index]))
}
