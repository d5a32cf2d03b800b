//! Memory to lend across the connector ABI, and the structs in it.

use std::ffi::c_void;
use std::ptr;

use arbitrary::{Result as Chosen, Unstructured};
use headwater_abi::{
    headwater_bad_row, headwater_failure, headwater_field, headwater_str, headwater_stream_info,
};

use crate::arrow::{self, CArray, CSchema, Type};

/// Owns everything that was lent.
#[derive(Default)]
pub(crate) struct Lent {
    bytes: Vec<Box<[u8]>>,
    /// For structs and numbers, which want their alignment.
    words: Vec<Box<[u64]>>,
    arrays: Vec<arrow::Lent<CArray>>,
    schemas: Vec<arrow::Lent<CSchema>>,
}

impl Lent {
    /// Up to 255 bytes, of text or of anything.
    pub(crate) fn arbitrary_bytes(&self, choices: &mut Unstructured<'_>) -> Chosen<Vec<u8>> {
        let length = usize::from(choices.arbitrary::<u8>()?).min(choices.len());
        let bytes = choices.bytes(length)?.to_vec();
        Ok(match choices.ratio(7, 8)? {
            true => String::from_utf8_lossy(&bytes).into_owned().into_bytes(),
            false => bytes,
        })
    }

    /// Lends bytes as they are.
    pub(crate) fn bytes(&mut self, bytes: Vec<u8>) -> headwater_str {
        let bytes = bytes.into_boxed_slice();
        let lent = headwater_str { ptr: bytes.as_ptr(), len: bytes.len() };
        self.bytes.push(bytes);
        lent
    }

    /// Any text that a connector can lend, also what the host has to refuse.
    pub(crate) fn text(&mut self, choices: &mut Unstructured<'_>) -> Chosen<headwater_str> {
        Ok(match choices.arbitrary::<u8>()? {
            0..=7 => headwater_str { ptr: ptr::null(), len: 0 },
            248..=250 => headwater_str { ptr: ptr::null(), len: choices.arbitrary()? },
            251..=252 => headwater_str { ptr: ptr::dangling(), len: 0 },
            253..=255 => {
                let mut text = self.bytes(vec![b'x']);
                text.len = choices.int_in_range(isize::MAX as usize + 1..=usize::MAX)?;
                text
            }
            _ => {
                let bytes = self.arbitrary_bytes(choices)?;
                self.bytes(bytes)
            }
        })
    }

    /// The bytes that the host sees in a text, where it may look at it.
    pub(crate) fn seen(&self, text: headwater_str) -> Option<&[u8]> {
        if text.len == 0 {
            return Some(&[]);
        }
        let lent = self.bytes.iter().find(|bytes| bytes.as_ptr() == text.ptr)?;
        (lent.len() == text.len).then_some(lent)
    }

    /// Positions, or nothing, or a pointer that no number can stand at.
    pub(crate) fn positions(
        &mut self,
        choices: &mut Unstructured<'_>,
        positions: &[u64],
    ) -> Chosen<*const u64> {
        let kind = choices.arbitrary::<u8>()?;
        let positions: Box<[u64]> = positions.into();
        let first = positions.as_ptr();
        self.words.push(positions);
        Ok(match kind {
            0..=63 => ptr::null(),
            255 => first.wrapping_byte_add(3),
            _ => first,
        })
    }

    /// Lends structs as an array, as far apart as the input says, right or wrong.
    pub(crate) fn array<T>(
        &mut self,
        choices: &mut Unstructured<'_>,
        items: &[T],
    ) -> Chosen<(*const T, usize)> {
        let size = size_of::<T>();
        let stride = size + 8 * choices.int_in_range(0..=3)?;
        let mut words = vec![0u64; (stride * items.len()).div_ceil(8)].into_boxed_slice();
        let start = words.as_mut_ptr().cast::<u8>();
        let fault = choices.arbitrary::<u8>()?;
        let faulty = choices.int_in_range(0..=items.len())?;
        for (index, item) in items.iter().enumerate() {
            let mut own_size = stride;
            if fault == 255 && index == faulty {
                // The first element's size says where the others are: one that is too large but
                // could be right leads out of the memory that is there, and nobody could tell.
                own_size = match index {
                    0 => *choices.choose(&[0, 1, size - 1, size - 8, size + 1, size + 4])?,
                    _ => choices.arbitrary()?,
                };
            }
            // SAFETY: the words hold `stride` bytes for each item, T is plain data of the ABI,
            // aligned as a word, and starts with its size.
            unsafe {
                let place = start.add(index * stride);
                ptr::copy_nonoverlapping(ptr::from_ref(item).cast::<u8>(), place, size);
                place.cast::<usize>().write(own_size);
            }
        }
        self.words.push(words);
        let first = start.cast_const().cast::<T>();
        Ok(match fault {
            250 => (ptr::null(), items.len()),
            251 => (ptr::null(), choices.arbitrary()?),
            252 => (first.wrapping_byte_add(choices.int_in_range(1..=7)?), items.len()),
            // More than fits into memory, from an honest first element.
            253 if !items.is_empty() => {
                let least = isize::MAX as usize / stride + 1;
                (first, choices.int_in_range(least..=usize::MAX)?)
            }
            254 => (first, 0),
            _ => (first, items.len()),
        })
    }

    /// The addresses of an Arrow array and its schema.
    pub(crate) fn tree(
        &mut self,
        choices: &mut Unstructured<'_>,
        rows: &Type,
        count: usize,
    ) -> Chosen<(*mut c_void, *mut c_void)> {
        let schema = arrow::Lent::<CSchema>::new(choices, rows)?;
        // Kept first, so that the schema is released also where the choices end here.
        self.schemas.push(schema);
        let array = arrow::Lent::<CArray>::new(choices, rows, count)?;
        self.arrays.push(array);
        let array = self.arrays.last_mut().map_or(Ok(ptr::null_mut()), |it| it.address(choices))?;
        let schema =
            self.schemas.last_mut().map_or(Ok(ptr::null_mut()), |it| it.address(choices))?;
        Ok((array, schema))
    }

    /// Releases what nobody has taken.
    pub(crate) fn take_back(&mut self) {
        self.arrays.iter_mut().for_each(arrow::Lent::<CArray>::take_back);
        self.schemas.iter_mut().for_each(arrow::Lent::<CSchema>::take_back);
    }

    /// A failure's address, right or wrong.
    pub(crate) fn failure(
        &mut self,
        choices: &mut Unstructured<'_>,
    ) -> Chosen<*const headwater_failure> {
        let failure = headwater_failure {
            struct_size: 0,
            code: *choices
                .choose(&[5, 6, 202, 205, 303, 305, 306, 307, 308, 402, 501, 502, 0, 77])?,
            retry: choices.int_in_range(-1..=4)?,
            retry_after_ms: choices.arbitrary()?,
            message: self.text(choices)?,
            field: self.text(choices)?,
            record: self.text(choices)?,
            hint: self.text(choices)?,
        };
        Ok(self.array(choices, &[failure])?.0)
    }

    /// A bad row; its `struct_size` comes with the array.
    pub(crate) fn bad_row(&mut self, choices: &mut Unstructured<'_>) -> Chosen<headwater_bad_row> {
        Ok(headwater_bad_row {
            struct_size: 0,
            code: *choices.choose(&[307, 6, 5, 0, -1, 9999])?,
            position: choices.arbitrary()?,
            message: self.text(choices)?,
            field: self.text(choices)?,
            hint: self.text(choices)?,
            raw: self.text(choices)?,
        })
    }

    /// A stream; its `struct_size` comes with the array.
    pub(crate) fn stream(
        &mut self,
        choices: &mut Unstructured<'_>,
    ) -> Chosen<headwater_stream_info> {
        let mut fields = Vec::new();
        for _ in 0..choices.int_in_range(0..=2)? {
            fields.push(headwater_field {
                struct_size: 0,
                name: self.text(choices)?,
                value_type: self.text(choices)?,
                flags: choices.arbitrary()?,
            });
        }
        let name = self.text(choices)?;
        let position_unit = self.text(choices)?;
        let flags = choices.arbitrary()?;
        let (fields, field_count) = self.array(choices, &fields)?;
        Ok(headwater_stream_info {
            struct_size: 0,
            name,
            flags,
            fields,
            field_count,
            position_unit,
        })
    }
}
