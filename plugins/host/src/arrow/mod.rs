//! Verifies Arrow data of foreign code before any of it is used; moves batches out of a connector.
//!
//! arrow's own importer takes what the other side says on trust, and panics on some mistakes. So
//! the schema is copied piece by piece (`schema.rs`), what the importer will follow is checked
//! against it (`array.rs`), and every value is validated after the import.

mod array;
mod offsets;
mod raw;
mod schema;
#[cfg(test)]
mod tests;

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi_and_data_type};
use arrow_array::{Array, StructArray};
use arrow_data::ArrayData;
use arrow_schema::{ArrowError, DataType, Fields};
use headwater::source::{ArrowRows, NullMeans};
use headwater::{Error, Result};
use headwater_abi::{HEADWATER_NULL_IS_ABSENT, HEADWATER_NULL_IS_NULL, headwater_batch};

use crate::raw::misbehaved;

/// Both structs of a batch, moved out: dropping it releases each of them once.
pub(crate) struct Taken {
    array: FFI_ArrowArray,
    schema: FFI_ArrowSchema,
}

impl Taken {
    /// Moves the structs out of the connector's, where `release` becomes NULL.
    ///
    /// # Safety
    /// The batch says that it holds Arrow, and its pointers are NULL or as the header says.
    pub(crate) unsafe fn from_batch(batch: &headwater_batch) -> Result<Self> {
        place("arrow_array", batch.arrow_array, align_of::<FFI_ArrowArray>())?;
        place("arrow_schema", batch.arrow_schema, align_of::<FFI_ArrowSchema>())?;
        // SAFETY: neither NULL nor misaligned, and the caller promises that the structs are there.
        let taken = unsafe {
            Self {
                array: FFI_ArrowArray::from_raw(batch.arrow_array.cast()),
                schema: FFI_ArrowSchema::from_raw(batch.arrow_schema.cast()),
            }
        };
        let is_released = [taken.array.is_released(), taken.schema.release().is_none()];
        match is_released.iter().zip(["arrow_array", "arrow_schema"]).find(|(is, _)| **is) {
            None => Ok(taken),
            Some((_, name)) => Err(misbehaved(
                format!("the batch's {name} has no release function"),
                "for the connector's authors: lend structs that nobody has released, with release set",
            )),
        }
    }

    /// Imports the rows; `known` is the schema of the stream's earlier batches, if there were any.
    ///
    /// # Safety
    /// Everything that the structs point to is as the Arrow C Data Interface says, as far as it
    /// cannot be checked: buffers are as long as the array's lengths and offsets make them.
    pub(crate) unsafe fn import(
        self,
        batch: &headwater_batch,
        known: &mut Option<Fields>,
    ) -> Result<ArrowRows> {
        let null_means = match batch.null_means {
            HEADWATER_NULL_IS_NULL => NullMeans::Null,
            HEADWATER_NULL_IS_ABSENT => NullMeans::Absent,
            other => {
                return Err(misbehaved(
                    format!(
                        "the batch has null_means {other}, expected {HEADWATER_NULL_IS_NULL} or {HEADWATER_NULL_IS_ABSENT}"
                    ),
                    "for the connector's authors: set null_means to one of HEADWATER_NULL_IS_*",
                ));
            }
        };
        // SAFETY: the struct was moved out and is not released; its pointers are checked.
        let fields = unsafe { import_columns(&self.schema) }?;
        same_schema(known, &fields)?;
        // SAFETY: as above, for the array.
        let rows = unsafe { import_rows(self.array, fields) }?;
        let length = rows.len();
        if length as u64 != batch.record_count {
            return Err(misbehaved(
                format!(
                    "the batch claims {} rows and its arrow_array has {length}",
                    batch.record_count
                ),
                "for the connector's authors: set record_count to the length of the array",
            ));
        }
        ArrowRows::new(rows, null_means)
    }
}

/// Reads the columns of a schema, every part of which is checked before it is followed. All of them
/// may hold nulls, whatever the schema says.
///
/// # Errors
/// `connector_misbehaved` for a schema that is wrong, or is not of a struct.
///
/// # Safety
/// The schema is not released, and its pointers are NULL, or to what the Arrow C Data Interface says.
pub unsafe fn import_columns(schema: &FFI_ArrowSchema) -> Result<Fields> {
    // SAFETY: the caller's promise.
    unsafe { schema::fields(schema) }
}

/// Takes rows that have these columns, once everything that the importer follows is checked, and
/// verifies every value.
///
/// # Errors
/// `connector_misbehaved` for an array that is wrong.
///
/// # Safety
/// The array is not released, and everything that it points to is as the Arrow C Data Interface
/// says, as far as it cannot be checked: buffers are as long as its lengths and offsets make them.
pub unsafe fn import_rows(array: FFI_ArrowArray, columns: Fields) -> Result<StructArray> {
    // SAFETY: the caller's promise.
    unsafe { array::check(&array, &columns) }?;
    let data_type = DataType::Struct(columns.clone());
    // SAFETY: it was checked, and the caller promises the rest.
    let array = unsafe { offsets::with_offsets(array, &data_type) };
    let imported = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: what the importer follows was checked against the type.
        let data = unsafe { from_ffi_and_data_type(array, data_type) }
            .map_err(|cause| invalid(&cause.to_string()))?;
        data.validate_full().map_err(|cause| in_column(&data, &columns, &cause))?;
        Ok(StructArray::from(data))
    }));
    imported.unwrap_or_else(|_| Err(invalid("it cannot be imported")))
}

/// What is wrong with the values, and in which column.
fn in_column(rows: &ArrayData, columns: &Fields, cause: &ArrowError) -> Error {
    let wrong = rows.child_data().iter().zip(columns).find_map(|(column, field)| {
        column.validate_full().err().map(|cause| invalid(&cause.to_string()).at_field(field.name()))
    });
    wrong.unwrap_or_else(|| invalid(&cause.to_string()))
}

fn place(name: &str, pointer: *mut c_void, alignment: usize) -> Result<()> {
    if pointer.is_null() || !pointer.addr().is_multiple_of(alignment) {
        return Err(misbehaved(
            format!("the batch holds Arrow and its {name} is NULL or not aligned"),
            "for the connector's authors: lend both structs of the Arrow C Data Interface",
        ));
    }
    Ok(())
}

/// The Arrow data is not what the Arrow C Data Interface asks for.
fn invalid(why: &str) -> Error {
    misbehaved(
        format!("the batch's Arrow data is invalid: {why}"),
        "for the connector's authors: see the Arrow C Data Interface and columnar format",
    )
}

/// Every Arrow batch of one read has the schema of the first.
fn same_schema(known: &mut Option<Fields>, found: &Fields) -> Result<()> {
    let Some(known) = known else {
        *known = Some(found.clone());
        return Ok(());
    };
    if known == found {
        return Ok(());
    }
    let differing = known.iter().zip(found).find(|(known, found)| known != found);
    let (field, how) = match differing {
        Some((known, found)) if known.name() == found.name() => (
            found.name().as_str(),
            format!(
                "the column {:?} is {}, it was {}",
                found.name(),
                found.data_type(),
                known.data_type()
            ),
        ),
        Some((known, found)) => (
            found.name().as_str(),
            format!(
                "the column {:?} of type {} stands where {:?} of type {} stood",
                found.name(),
                found.data_type(),
                known.name(),
                known.data_type(),
            ),
        ),
        None => ("", format!("it has {} columns, it had {}", found.len(), known.len())),
    };
    Err(misbehaved(
        format!("the Arrow schema changed between two batches of one read: {how}"),
        "run again to resume, which reads with the new schema; for the connector's authors: end the \
         read with HEADWATER_E_SOURCE_DATA_INVALID if the source's schema changes",
    )
    .at_field(field))
}
