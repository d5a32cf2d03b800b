//! The structs of the Arrow C Data Interface, with fields that can be looked at.

use std::ffi::{c_char, c_void};

use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema};

/// `struct ArrowSchema`.
#[repr(C)]
pub(super) struct RawSchema {
    pub(super) format: *const c_char,
    pub(super) name: *const c_char,
    pub(super) metadata: *const c_char,
    pub(super) flags: i64,
    pub(super) n_children: i64,
    pub(super) children: *const *const RawSchema,
    pub(super) dictionary: *const RawSchema,
    pub(super) release: *const c_void,
    pub(super) private_data: *const c_void,
}

/// `struct ArrowArray`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct RawArray {
    pub(super) length: i64,
    pub(super) null_count: i64,
    pub(super) offset: i64,
    pub(super) n_buffers: i64,
    pub(super) n_children: i64,
    pub(super) buffers: *const *const u8,
    pub(super) children: *const *const RawArray,
    pub(super) dictionary: *const RawArray,
    pub(super) release: *const c_void,
    pub(super) private_data: *const c_void,
}

const _: () = {
    assert!(size_of::<RawSchema>() == size_of::<FFI_ArrowSchema>());
    assert!(size_of::<RawArray>() == size_of::<FFI_ArrowArray>());
};

impl RawSchema {
    pub(super) fn of(schema: &FFI_ArrowSchema) -> &Self {
        // SAFETY: both are `struct ArrowSchema`, laid out by C's rules.
        unsafe { &*(&raw const *schema).cast() }
    }
}

impl RawArray {
    pub(super) fn of(array: &FFI_ArrowArray) -> &Self {
        // SAFETY: both are `struct ArrowArray`, laid out by C's rules.
        unsafe { &*(&raw const *array).cast() }
    }
}

/// The elements of an array of pointers, each to a struct; says what is wrong otherwise.
///
/// # Safety
/// If `first` is not NULL, `count` pointers are readable there for `'a`, each NULL or to a struct.
pub(super) unsafe fn pointees<'a, T>(
    what: &str,
    first: *const *const T,
    count: usize,
) -> Result<Vec<&'a T>, String> {
    if count == 0 {
        return Ok(Vec::new());
    }
    if first.is_null() || !first.is_aligned() {
        return Err(format!("{what} is NULL or not aligned, with a count of {count}"));
    }
    // SAFETY: not NULL, aligned, and as long as the caller promises.
    let pointers = unsafe { std::slice::from_raw_parts(first, count) };
    let elements = pointers.iter().map(|pointer| {
        if pointer.is_null() || !pointer.is_aligned() {
            return Err(format!("{what} holds a pointer that is NULL or not aligned"));
        }
        // SAFETY: not NULL, aligned, and the caller promises a struct.
        Ok(unsafe { &**pointer })
    });
    elements.collect()
}
