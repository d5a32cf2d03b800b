//! Rows as Arrow columns, and how they are lent to the host.

use std::ffi::c_void;

use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
use arrow_array::{Array, RecordBatch, StructArray};
use headwater_abi::{self as abi, headwater_batch};

use crate::panics::catch;
use crate::{Batch, Failure};

/// What a null in a column means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NullMeans {
    /// The value is null.
    Null,
    /// There is no value. Inside a struct the field is left out, inside a list the element.
    Absent,
}

/// Rows as Arrow columns. Every Arrow batch of one read has the same schema.
#[derive(Debug, Clone)]
pub struct ArrowRows {
    /// The rows; none of them is null.
    pub rows: StructArray,
    /// What a null in a column means.
    pub null_means: NullMeans,
}

impl ArrowRows {
    /// The rows of a record batch.
    #[must_use]
    pub fn new(batch: RecordBatch, null_means: NullMeans) -> Self {
        Self { rows: batch.into(), null_means }
    }
}

impl Batch {
    /// What the host could not notice, or only too late.
    pub(crate) fn expect_arrow(&self, rows: &ArrowRows, is_accepted: bool) -> Result<(), Failure> {
        let wrong = |message: &str, hint: &str| {
            Err(Failure::new(abi::HEADWATER_E_CONNECTOR_MISBEHAVED, message).hint(hint))
        };
        if !is_accepted {
            return wrong(
                "the batch holds Arrow, which this host does not take",
                "give JSON Lines where Request::accepts_arrow is false",
            );
        }
        if !self.json_lines.is_empty() {
            return wrong(
                "the batch holds both Arrow and JSON Lines",
                "give one of them in a batch",
            );
        }
        if !self.positions.is_empty() && self.positions.len() != rows.rows.len() {
            return wrong(
                &format!(
                    "the batch has {} rows and {} positions",
                    rows.rows.len(),
                    self.positions.len()
                ),
                "give one position for each row, or none",
            );
        }
        Ok(())
    }
}

/// Both structs of the Arrow C Data Interface. Dropping it releases what was not moved out.
pub(crate) struct Lent {
    array: FFI_ArrowArray,
    schema: FFI_ArrowSchema,
    null_means: i32,
}

impl Lent {
    pub(crate) fn new(rows: ArrowRows) -> Result<Box<Self>, Failure> {
        let ArrowRows { rows, null_means } = rows;
        let schema = FFI_ArrowSchema::try_from(rows.data_type()).map_err(|cause| {
            let message = format!("the Arrow schema cannot be lent: {cause}");
            Failure::new(abi::HEADWATER_E_CONNECTOR_MISBEHAVED, message)
        })?;
        let null_means = match null_means {
            NullMeans::Null => abi::HEADWATER_NULL_IS_NULL,
            NullMeans::Absent => abi::HEADWATER_NULL_IS_ABSENT,
        };
        Ok(Box::new(Self { array: contained(rows), schema, null_means }))
    }

    /// Lends the structs, which stay where they are.
    pub(crate) fn lend_to(&mut self, out: &mut headwater_batch) {
        out.payload_kind = abi::HEADWATER_PAYLOAD_ARROW;
        out.null_means = self.null_means;
        out.arrow_array = (&raw mut self.array).cast();
        out.arrow_schema = (&raw mut self.schema).cast();
    }
}

type Release = unsafe extern "C" fn(*mut FFI_ArrowArray);

/// What is behind an array whose release contains panics.
struct Kept {
    rows: StructArray,
    release: Option<Release>,
    private_data: *mut c_void,
}

/// The struct of an array. A buffer may be of the connector's own making, and panic when it is
/// freed: the rows are kept, so that they are freed by our release function and not by arrow's.
fn contained(rows: StructArray) -> FFI_ArrowArray {
    let mut array = FFI_ArrowArray::new(&rows.to_data());
    let mut kept = Box::new(Kept { rows, release: None, private_data: std::ptr::null_mut() });
    // SAFETY: `release` takes what is set here apart, puts arrow's own back and calls it.
    unsafe {
        kept.release = array.set_release(Some(release));
        kept.private_data = array.set_private_data(std::ptr::null_mut());
        array.set_private_data(Box::into_raw(kept).cast());
    }
    array
}

/// # Safety
/// `array` is NULL or came from [`contained`], and is not released.
unsafe extern "C" fn release(array: *mut FFI_ArrowArray) {
    // SAFETY: the caller's promise.
    let Some(array) = (unsafe { array.as_mut() }) else { return };
    // SAFETY: it is the box that `contained` made, and is taken once: arrow's release clears itself.
    let kept = unsafe { Box::from_raw(array.private_data().cast::<Kept>()) };
    let Kept { rows, release, private_data } = *kept;
    // SAFETY: both are what arrow itself had set in this array.
    unsafe {
        array.set_private_data(private_data);
        array.set_release(release);
        if let Some(release) = release {
            release(array);
        }
    }
    // There is no way to report it, and nothing left that could be used wrongly.
    let _ = catch(|| {
        drop(rows);
        Ok(())
    });
}

#[cfg(test)]
mod tests {
    use std::ptr::NonNull;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use arrow_array::cast::AsArray;
    use arrow_array::types::Int8Type;
    use arrow_array::{ArrayRef, Int8Array, ffi};
    use arrow_buffer::{Buffer, ScalarBuffer};

    use super::*;

    /// Memory of a connector's own, which panics when it is freed.
    struct Mine([u8; 2], Arc<AtomicUsize>);

    impl Drop for Mine {
        fn drop(&mut self) {
            self.1.fetch_add(1, Ordering::Relaxed);
            panic!("contained");
        }
    }

    fn rows(freed: &Arc<AtomicUsize>) -> ArrowRows {
        let owner = Arc::new(Mine([1, 2], Arc::clone(freed)));
        let first = NonNull::from(&owner.0).cast();
        // SAFETY: two bytes lie there for as long as the owner lives.
        let buffer = unsafe { Buffer::from_custom_allocation(first, 2, owner) };
        let column: ArrayRef = Arc::new(Int8Array::new(ScalarBuffer::from(buffer), None));
        let batch = RecordBatch::try_from_iter([("n", column)]).unwrap();
        ArrowRows::new(batch, NullMeans::Absent)
    }

    #[test]
    fn what_is_lent_is_what_was_given_and_a_panic_in_its_release_is_contained() {
        let freed = Arc::new(AtomicUsize::new(0));
        let mut lent = Lent::new(rows(&freed)).unwrap();
        // SAFETY: the structs are moved out as the host does it.
        let moved = unsafe {
            let schema = FFI_ArrowSchema::from_raw(&raw mut lent.schema);
            ffi::from_ffi(FFI_ArrowArray::from_raw(&raw mut lent.array), &schema).unwrap()
        };
        drop(lent);
        assert_eq!(freed.load(Ordering::Relaxed), 0, "the host still holds it");
        let moved = StructArray::from(moved);
        assert_eq!(moved.column(0).as_primitive::<Int8Type>().values(), &[1, 2]);
        std::thread::spawn(move || drop(moved)).join().unwrap();
        assert_eq!(freed.load(Ordering::Relaxed), 1);
        drop(Lent::new(rows(&freed)).unwrap());
        assert_eq!(freed.load(Ordering::Relaxed), 2, "what nobody takes is released too");
    }

    #[test]
    fn what_the_host_could_not_notice_is_refused() {
        let freed = Arc::new(AtomicUsize::new(0));
        let rows = std::mem::ManuallyDrop::new(rows(&freed));
        let mut batch = Batch::default();
        assert!(batch.expect_arrow(&rows, true).is_ok());
        assert!(batch.expect_arrow(&rows, false).is_err());
        batch.positions.push(1);
        let error = batch.expect_arrow(&rows, true).unwrap_err();
        assert_eq!(error.message, "the batch has 2 rows and 1 positions");
        batch.positions.push(2);
        batch.json_lines.push_str("{}\n");
        assert!(batch.expect_arrow(&rows, true).is_err());
    }
}
