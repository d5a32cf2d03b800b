//! Structs that cross with their size first, so that each side may know more fields than the other.

use headwater::Result;

use crate::handle::{invalid, null};

/// A struct whose first field is `struct_size`.
///
/// # Safety
/// The type is `repr(C)`, its first field is `struct_size: usize`, and it has no invalid bit pattern.
pub(crate) unsafe trait Struct: Copy {
    /// The size of the first version, below which no caller can be.
    const FIRST: usize;
    /// What a caller that knows fewer fields leaves in the others.
    const ZERO: Self;
}

/// Reads a struct that a caller filled: fields that it does not know are zero, and those that this
/// library does not know must be.
///
/// # Safety
/// `pointer` is NULL or leads to as many readable bytes as its `struct_size` says.
pub(crate) unsafe fn read<T: Struct>(pointer: *const T, name: &str) -> Result<Option<T>> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: at least the size is there.
    let size = unsafe { pointer.cast::<usize>().read_unaligned() };
    check_size::<T>(size, name)?;
    let mut value = T::ZERO;
    let known = size.min(size_of::<T>());
    // SAFETY: as many bytes can be read, and the value has room for them.
    unsafe {
        std::ptr::copy_nonoverlapping(pointer.cast::<u8>(), (&raw mut value).cast::<u8>(), known);
    }
    // SAFETY: the caller says that it has them.
    let more = unsafe { std::slice::from_raw_parts(pointer.cast::<u8>().add(known), size - known) };
    if more.iter().any(|byte| *byte != 0) {
        return Err(invalid(name, format!("{name} has a field that this library does not know"))
            .hint("update libheadwater, or leave the field at zero"));
    }
    Ok(Some(value))
}

/// Fills a struct of a caller as far as the caller knows it; what only the caller knows is zero.
///
/// # Safety
/// `pointer` is NULL or leads to as many bytes that can be written as its `struct_size` says.
pub(crate) unsafe fn write<T: Struct>(pointer: *mut T, value: &T, name: &str) -> Result<()> {
    if pointer.is_null() {
        return Err(null(name));
    }
    // SAFETY: at least the size is there.
    let size = unsafe { pointer.cast::<usize>().read_unaligned() };
    check_size::<T>(size, name)?;
    let known = size.min(size_of::<T>());
    let skipped = size_of::<usize>();
    let to = pointer.cast::<u8>();
    // SAFETY: both sides have so many bytes; the size stays as the caller set it.
    unsafe {
        let from = std::ptr::from_ref(value).cast::<u8>().add(skipped);
        std::ptr::copy_nonoverlapping(from, to.add(skipped), known - skipped);
        to.add(known).write_bytes(0, size - known);
    }
    Ok(())
}

fn check_size<T: Struct>(size: usize, name: &str) -> Result<()> {
    /// No struct of any version is larger, so a larger size was never set.
    const LARGEST: usize = 4096;
    if (T::FIRST..=LARGEST).contains(&size) {
        return Ok(());
    }
    let first = T::FIRST;
    Err(invalid(name, format!("{name} has a struct_size of {size}, expected at least {first}"))
        .hint("set struct_size to the sizeof of the struct"))
}
