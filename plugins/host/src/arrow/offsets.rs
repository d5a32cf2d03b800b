//! Gives an offset to arrays of no values that have none: the importer wants one more than there are
//! values, and older producers leave it out.

use std::ptr;

use arrow_array::ffi::FFI_ArrowArray;
use arrow_schema::DataType;

use super::array::{child_types, has_end_offset};
use super::raw::{RawArray, pointees};

/// The offset, as wide as any.
static ZERO: i64 = 0;

/// Behind an array of ours: the original, and what the copies of its structs point to.
#[derive(Default)]
struct Copies {
    original: Option<FFI_ArrowArray>,
    buffers: Vec<Vec<*const u8>>,
    children: Vec<Vec<*const RawArray>>,
    arrays: Vec<Box<RawArray>>,
    is_other: bool,
}

/// The array, or one that is the same and has every offset; it releases the original.
///
/// # Safety
/// The array was checked against the type.
pub(super) unsafe fn with_offsets(array: FFI_ArrowArray, data_type: &DataType) -> FFI_ArrowArray {
    let mut copies = Copies::default();
    // SAFETY: the caller's promise.
    let copied = unsafe { copies.copy(RawArray::of(&array), data_type) };
    match copied {
        Some(mut copied) if copies.is_other => {
            copies.original = Some(array);
            copied.release = release as *const _;
            copied.private_data = Box::into_raw(Box::new(copies)).cast();
            // SAFETY: a whole `struct ArrowArray`, which is not used again here.
            unsafe { FFI_ArrowArray::from_raw((&raw mut copied).cast()) }
        }
        _ => array,
    }
}

impl Copies {
    /// A copy of the struct, whose children are copies too; `None` where the check missed something.
    ///
    /// # Safety
    /// As [`with_offsets`].
    unsafe fn copy(&mut self, raw: &RawArray, data_type: &DataType) -> Option<RawArray> {
        let count = usize::try_from(raw.n_buffers).ok()?;
        let mut buffers = match count {
            0 => Vec::new(),
            // SAFETY: the check saw that the pointer is good, and the caller promises the rest.
            _ => unsafe { std::slice::from_raw_parts(raw.buffers, count) }.to_vec(),
        };
        if lacks_offset(raw, data_type, &buffers) {
            buffers[1] = (&raw const ZERO).cast();
            self.is_other = true;
        }
        let types = child_types(data_type);
        // SAFETY: the check saw as many children as there are types.
        let children = unsafe { pointees("", raw.children, types.len()) }.ok()?;
        let mut copied = Vec::with_capacity(children.len());
        for (child, child_type) in children.into_iter().zip(types) {
            // SAFETY: the caller's promise, for a part.
            let child = unsafe { self.copy(child, child_type) }?;
            copied.push(self.keep(child));
        }
        // SAFETY: NULL or a struct, as the check saw.
        let dictionary = match (unsafe { raw.dictionary.as_ref() }, data_type) {
            (Some(values), DataType::Dictionary(_, value_type)) => {
                // SAFETY: the caller's promise, for a part.
                let values = unsafe { self.copy(values, value_type) }?;
                self.keep(values)
            }
            _ => ptr::null(),
        };
        let whole =
            RawArray { buffers: buffers.as_ptr(), children: copied.as_ptr(), dictionary, ..*raw };
        self.buffers.push(buffers);
        self.children.push(copied);
        Some(whole)
    }

    fn keep(&mut self, array: RawArray) -> *const RawArray {
        let array = Box::new(array);
        let place = &raw const *array;
        self.arrays.push(array);
        place
    }
}

/// Whether there is no value and not even the one offset.
pub(super) fn lacks_offset(raw: &RawArray, data_type: &DataType, buffers: &[*const u8]) -> bool {
    has_end_offset(data_type)
        && (raw.length, raw.offset) == (0, 0)
        && buffers.get(1).is_some_and(|offsets| offsets.is_null())
}

unsafe extern "C" fn release(array: *mut FFI_ArrowArray) {
    // SAFETY: whoever releases an array gives its address, and this one came from `with_offsets`.
    let raw = unsafe { &mut *array.cast::<RawArray>() };
    raw.release = ptr::null();
    // SAFETY: made there by `Box::into_raw`, and forgotten here.
    drop(unsafe { Box::from_raw(raw.private_data.cast_mut().cast::<Copies>()) });
}
