//! Ids that need no index: a UUIDv7 whose last five bytes are the row it belongs to.
//!
//! RFC 9562 section 6.2 allows a counter in the random bits. An index on random ids is the most
//! expensive of all (measured: 35 % of a first load), and the row number is known anyway.

use uuid::{Builder, Uuid};

use crate::error::{Error, ErrorCode, Result};
use crate::store::RowKey;

const ROW_BYTES: usize = 5;
const LARGEST_ROW: RowKey = (1 << (8 * ROW_BYTES)) - 1;

/// A fresh id for a row, with what is random in it.
///
/// # Errors
/// `store_full` past the 2^40th row of a record type.
pub(super) fn new_id(row: RowKey, unix_millis: u64, mut random: [u8; 10]) -> Result<Uuid> {
    if !(0..=LARGEST_ROW).contains(&row) {
        return Err(Error::new(ErrorCode::StoreFull, format!("no id is left for row {row}")));
    }
    random[10 - ROW_BYTES..].copy_from_slice(&row.to_be_bytes()[8 - ROW_BYTES..]);
    Ok(Builder::from_unix_timestamp_millis(unix_millis, &random).into_uuid())
}

/// The row that an id would belong to; whether it does, the stored id decides.
pub(super) fn row_of(id: Uuid) -> RowKey {
    let mut row = [0; 8];
    row[8 - ROW_BYTES..].copy_from_slice(&id.as_bytes()[16 - ROW_BYTES..]);
    RowKey::from_be_bytes(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_row_comes_back_and_the_id_is_a_version_7() {
        for row in [0, 1, 255, 256, 1_000_000, LARGEST_ROW] {
            let id = new_id(row, 1_700_000_000_000, [0xff; 10]).unwrap();
            assert_eq!(row_of(id), row);
            assert_eq!(id.get_version_num(), 7);
        }
        assert_eq!(new_id(LARGEST_ROW + 1, 0, [0; 10]).unwrap_err().code(), ErrorCode::StoreFull);
    }
}
