//! Checks an Arrow array against its type: everything that the importer will follow.

use arrow_array::ffi::FFI_ArrowArray;
use arrow_data::{BufferSpec, layout};
use arrow_schema::{DataType, Fields};
use headwater::Result;

use super::invalid;
use super::offsets::lacks_offset;
use super::raw::{RawArray, pointees};

/// The most buffers that an array of views may have.
const MAX_BUFFERS: usize = 1 << 20;

type Checked<T = ()> = std::result::Result<T, String>;

/// Checks rows and all that they hold; what is wrong in a column is told with its name.
///
/// # Safety
/// Pointers in the array are NULL, or to what the Arrow C Data Interface says.
pub(super) unsafe fn check(array: &FFI_ArrowArray, columns: &Fields) -> Result<()> {
    let data_type = DataType::Struct(columns.clone());
    // SAFETY: the caller's promise, and for a part.
    unsafe {
        let children =
            check_itself(RawArray::of(array), &data_type).map_err(|why| invalid(&why))?;
        for (child, field) in children.into_iter().zip(columns) {
            check_raw(child, field.data_type())
                .map_err(|why| invalid(&why).at_field(field.name()))?;
        }
    }
    Ok(())
}

/// # Safety
/// As [`check`].
unsafe fn check_raw(raw: &RawArray, data_type: &DataType) -> Checked {
    // SAFETY: the caller's promise, and for a part.
    unsafe {
        let children = check_itself(raw, data_type)?;
        for (child, child_type) in children.into_iter().zip(child_types(data_type)) {
            check_raw(child, child_type)?;
        }
        match (raw.dictionary.as_ref(), data_type) {
            (Some(values), DataType::Dictionary(_, value_type)) => check_raw(values, value_type),
            (None, DataType::Dictionary(..)) => Err("an array lacks its dictionary".to_owned()),
            (Some(_), other) => Err(format!("an array of type {other} has a dictionary")),
            (None, _) => Ok(()),
        }
    }
}

/// Checks an array without its children, and gives them: as many as the type has.
///
/// # Safety
/// As [`check`].
unsafe fn check_itself<'a>(raw: &RawArray, data_type: &DataType) -> Checked<Vec<&'a RawArray>> {
    // Whoever has released or moved it may have freed what it points to.
    if raw.release.is_null() {
        return Err(format!("an array of type {data_type} has no release function"));
    }
    // SAFETY: the caller's promise, passed on.
    unsafe {
        check_buffers(raw, data_type).map_err(|why| match data_type {
            DataType::Struct(_) => why,
            other => format!("{why} (in an array of type {other})"),
        })?;
        let needed = child_types(data_type).len();
        if usize::try_from(raw.n_children) != Ok(needed) {
            let found = raw.n_children;
            return Err(format!(
                "an array of type {data_type} has {found} children, expected {needed}"
            ));
        }
        pointees("an array's children", raw.children, needed)
    }
}

pub(super) fn child_types(data_type: &DataType) -> Vec<&DataType> {
    match data_type {
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::ListView(field)
        | DataType::LargeListView(field)
        | DataType::FixedSizeList(field, _)
        | DataType::Map(field, _) => vec![field.data_type()],
        DataType::Struct(fields) => fields.iter().map(|field| field.data_type()).collect(),
        DataType::Union(fields, _) => fields.iter().map(|(_, field)| field.data_type()).collect(),
        DataType::RunEndEncoded(ends, values) => vec![ends.data_type(), values.data_type()],
        _ => Vec::new(),
    }
}

/// # Safety
/// As [`check`].
unsafe fn check_buffers(raw: &RawArray, data_type: &DataType) -> Checked {
    let rows = count("length", raw.length)?
        .checked_add(count("offset", raw.offset)?)
        .filter(|rows| *rows < usize::MAX / 64)
        .ok_or("an array's length and offset are impossible")?;
    if raw.null_count < -1 || raw.null_count > raw.length {
        return Err(format!("an array of {} values has null_count {}", raw.length, raw.null_count));
    }
    match data_type {
        DataType::FixedSizeBinary(size) | DataType::FixedSizeList(_, size) if *size < 0 => {
            return Err(format!("a type has the size {size}"));
        }
        DataType::Dictionary(keys, _) if !keys.is_dictionary_key_type() => {
            return Err(format!("a dictionary's keys are {keys}, expected whole numbers"));
        }
        _ => {}
    }
    let layout = layout(data_type);
    let validity = usize::from(layout.can_contain_null_mask);
    let needed = validity + layout.buffers.len();
    let found = count("n_buffers", raw.n_buffers)?;
    let fits = match layout.variadic {
        true => (needed + 1..=MAX_BUFFERS).contains(&found),
        false => found == needed,
    };
    if !fits {
        let needed = needed + usize::from(layout.variadic);
        return Err(format!("an array has {found} buffers, expected {needed}"));
    }
    if found == 0 {
        return Ok(());
    }
    if raw.buffers.is_null() || !raw.buffers.is_aligned() {
        return Err(format!("an array's buffers are NULL or not aligned, n_buffers is {found}"));
    }
    // SAFETY: not NULL, aligned, and the caller promises n_buffers pointers.
    let buffers = unsafe { std::slice::from_raw_parts(raw.buffers, found) };
    if validity == 1 && buffers[0].is_null() && raw.null_count > 0 {
        return Err(format!("an array has {} nulls and no validity buffer", raw.null_count));
    }
    let lacks_offset = lacks_offset(raw, data_type, buffers);
    let mut values = None;
    for (index, (spec, &buffer)) in layout.buffers.iter().zip(&buffers[validity..]).enumerate() {
        let bytes = match spec {
            BufferSpec::FixedWidth { .. } if lacks_offset => 0,
            BufferSpec::FixedWidth { byte_width, .. } => {
                let has_end = index == 0 && has_end_offset(data_type);
                let bytes = (rows + usize::from(has_end)).checked_mul(*byte_width);
                let bytes = bytes.filter(|bytes| isize::try_from(*bytes).is_ok());
                let bytes = bytes.ok_or(format!("an array cannot have {rows} values"))?;
                if has_end {
                    // SAFETY: the caller promises a buffer of one offset more than there are values.
                    values = Some(unsafe { last_offset(buffer, bytes, *byte_width) }?);
                }
                bytes
            }
            BufferSpec::VariableWidth => values.unwrap_or(0),
            BufferSpec::BitMap => rows.div_ceil(8),
            BufferSpec::AlwaysNull => 0,
        };
        if buffer.is_null() && bytes > 0 {
            return Err(format!(
                "buffer {} of an array is NULL, expected {bytes} bytes",
                validity + index
            ));
        }
    }
    if layout.variadic {
        // SAFETY: the caller promises that the last buffer holds the lengths of those before it.
        unsafe { check_views(&buffers[needed..]) }?;
    }
    Ok(())
}

/// Whether there is one offset more than there are values.
pub(super) fn has_end_offset(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Utf8
            | DataType::LargeUtf8
            | DataType::Binary
            | DataType::LargeBinary
            | DataType::List(_)
            | DataType::LargeList(_)
            | DataType::Map(..)
    )
}

/// # Safety
/// If `offsets` is not NULL, `bytes` bytes are readable there.
unsafe fn last_offset(offsets: *const u8, bytes: usize, width: usize) -> Checked<usize> {
    if offsets.is_null() || !offsets.addr().is_multiple_of(width) {
        return Err("an array's offsets are NULL or not aligned".to_owned());
    }
    // SAFETY: not NULL, aligned, and at least one offset long.
    let last = unsafe {
        let last = offsets.add(bytes - width);
        match width {
            4 => i64::from(last.cast::<i32>().read()),
            _ => last.cast::<i64>().read(),
        }
    };
    count("last offset", last)
}

/// # Safety
/// The last of `buffers` is NULL or holds a length for each of the others.
unsafe fn check_views(buffers: &[*const u8]) -> Checked {
    let Some((lengths, data)) = buffers.split_last().filter(|(_, data)| !data.is_empty()) else {
        return Ok(());
    };
    let lengths = lengths.cast::<i64>();
    if lengths.is_null() || !lengths.is_aligned() {
        return Err("the lengths of an array's data buffers are NULL or not aligned".to_owned());
    }
    // SAFETY: not NULL, aligned, and the caller promises one length for each buffer.
    let lengths = unsafe { std::slice::from_raw_parts(lengths, data.len()) };
    for (&length, buffer) in lengths.iter().zip(data) {
        if count("data buffer length", length)? > 0 && buffer.is_null() {
            return Err(format!("a data buffer of {length} bytes is NULL"));
        }
    }
    Ok(())
}

fn count(what: &str, number: i64) -> Checked<usize> {
    usize::try_from(number).map_err(|_| format!("an array has the {what} {number}"))
}
