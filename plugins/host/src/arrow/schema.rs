//! Copies the schema of an Arrow batch, checking every part before it is followed.

use std::ffi::{CStr, c_char};

use arrow_array::ffi::FFI_ArrowSchema;
use arrow_schema::ffi::Flags;
use arrow_schema::{ArrowError, DataType, Fields};
use headwater::Result;

use super::invalid;
use super::raw::{RawSchema, pointees};

/// How deep types may be nested.
const MAX_DEPTH: usize = 64;
/// How many columns and nested fields a batch may have.
const MAX_FIELDS: usize = 100_000;

/// Where a field stands in its type.
#[derive(Clone, Copy)]
enum Place {
    Value,
    /// A map's pairs of key and value.
    Entries,
    /// A map's keys, or the ends of runs.
    Key,
}

impl Place {
    /// Where a child stands.
    fn below(self, format: &str, index: usize) -> Self {
        match (self, format, index) {
            (_, "+m", 0) => Self::Entries,
            (Self::Entries, _, 0) | (_, "+r", 0) => Self::Key,
            _ => Self::Value,
        }
    }
}

/// The columns of a batch. A null is a null, whatever the flags say: every field is nullable that
/// may be.
///
/// # Safety
/// Pointers in the schema are NULL, or to what the Arrow C Data Interface says.
pub(super) unsafe fn fields(schema: &FFI_ArrowSchema) -> Result<Fields> {
    let mut left = MAX_FIELDS;
    // SAFETY: the caller's promise.
    let copied = unsafe { copy(RawSchema::of(schema), Place::Value, MAX_DEPTH, &mut left) };
    let data_type = copied.and_then(|copied| {
        DataType::try_from(&copied).map_err(|cause| format!("its schema cannot be read: {cause}"))
    });
    match data_type {
        Ok(DataType::Struct(fields)) => Ok(fields),
        Ok(other) => {
            Err(invalid(&format!("its rows are {other}, expected a struct (format \"+s\")")))
        }
        Err(why) => Err(invalid(&why)),
    }
}

/// A schema of our own that says the same, without metadata.
///
/// # Safety
/// As [`fields`].
unsafe fn copy(
    raw: &RawSchema,
    place: Place,
    depth: usize,
    left: &mut usize,
) -> std::result::Result<FFI_ArrowSchema, String> {
    if depth == 0 {
        return Err(format!("its types are nested more than {MAX_DEPTH} deep"));
    }
    // Whoever has released or moved it may have freed what it points to.
    if raw.release.is_null() {
        return Err("a schema has no release function".to_owned());
    }
    *left = left.checked_sub(1).ok_or(format!("it has more than {MAX_FIELDS} fields"))?;
    let count = usize::try_from(raw.n_children).ok().filter(|count| *count <= MAX_FIELDS);
    let count = count.ok_or(format!("a schema has n_children {}", raw.n_children))?;
    let failed = |cause: ArrowError| format!("its schema cannot be read: {cause}");
    // SAFETY: the caller's promise, for the texts and for each child.
    unsafe {
        let format = text("a format", raw.format)?.ok_or("a schema has no format")?;
        let name = text("a column's name", raw.name)?.unwrap_or_default();
        has_children(format, count)?;
        let children = pointees("a schema's children", raw.children, count)?;
        let children: std::result::Result<Vec<_>, String> = children
            .into_iter()
            .enumerate()
            .map(|(index, child)| copy(child, place.below(format, index), depth - 1, left))
            .collect();
        let dictionary = match raw.dictionary.as_ref() {
            Some(dictionary) => Some(copy(dictionary, Place::Value, depth - 1, left)?),
            None => None,
        };
        let sorted = Flags::from_bits_truncate(raw.flags & Flags::MAP_KEYS_SORTED.bits());
        let nullable = match place {
            Place::Value => Flags::NULLABLE,
            Place::Entries | Place::Key => Flags::empty(),
        };
        FFI_ArrowSchema::try_new(format, children?, dictionary)
            .and_then(|schema| schema.with_name(name))
            .and_then(|schema| schema.with_flags(nullable | sorted))
            .map_err(failed)
    }
}

/// The importer takes it for granted that a nested type has the children that it needs.
fn has_children(format: &str, count: usize) -> std::result::Result<(), String> {
    let needed = match format.split(':').next() {
        Some("+s" | "+ud" | "+us") => return Ok(()),
        Some("+l" | "+L" | "+vl" | "+vL" | "+m" | "+w") => 1,
        Some("+r") => 2,
        _ => 0,
    };
    match needed == count {
        true => Ok(()),
        false => {
            Err(format!("a schema of format {format:?} has {count} children, expected {needed}"))
        }
    }
}

/// # Safety
/// `text` is NULL or a NUL-terminated text that lives for `'a`.
unsafe fn text<'a>(
    what: &str,
    text: *const c_char,
) -> std::result::Result<Option<&'a str>, String> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: not NULL, and the caller promises the rest.
    let text = unsafe { CStr::from_ptr(text) }.to_str();
    text.map(Some).map_err(|_| format!("{what} is not UTF-8"))
}
