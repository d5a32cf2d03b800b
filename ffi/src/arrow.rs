//! Arrow streams that cross: rows of the program in, outcomes out.

use std::ffi::{CStr, c_int, c_void};
use std::mem::MaybeUninit;
use std::sync::Arc;

use arrow_array::builder::{StringBuilder, UInt64Builder};
use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchIterator, RecordBatchReader};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use headwater::source::ArrowStream;
use headwater::sync::bulk::RowOutcome;
use headwater::{Error, ErrorCode, Result};
use headwater_host::{import_columns, import_rows};

use crate::handle::null;

type Function = Option<unsafe extern "C" fn()>;

/// `struct ArrowArrayStream` of the Arrow C Stream Interface, whose layout is fixed.
#[repr(C)]
pub struct ArrowArrayStream {
    get_schema: Function,
    get_next: Function,
    get_last_error: Function,
    release: Function,
    private_data: *mut c_void,
}

const _: () = assert!(size_of::<ArrowArrayStream>() == size_of::<FFI_ArrowArrayStream>());

impl ArrowArrayStream {
    /// Makes a place for a stream hold none.
    ///
    /// # Safety
    /// `pointer` is NULL or can be written to for the length of the call.
    pub(crate) unsafe fn emptied<'a>(pointer: *mut Self) -> Option<Place<'a>> {
        // SAFETY: as the caller promises; what was there is not a stream of ours to release, and
        // zeroes are valid for every field.
        let place = unsafe { pointer.cast::<MaybeUninit<Self>>().as_mut() }?;
        *place = MaybeUninit::zeroed();
        Some(Place(place))
    }
}

/// Where a stream is put that the caller then owns.
pub(crate) struct Place<'a>(&'a mut MaybeUninit<ArrowArrayStream>);

impl Place<'_> {
    pub(crate) fn put(self, stream: FFI_ArrowArrayStream) {
        // SAFETY: both are the same struct of the interface.
        unsafe { self.0.as_mut_ptr().cast::<FFI_ArrowArrayStream>().write(stream) };
    }
}

/// Rows of the program, each batch checked before it is used.
pub(crate) struct Rows {
    stream: FFI_ArrowArrayStream,
    schema: SchemaRef,
}

/// Takes a stream over: the caller's struct is empty from here on.
///
/// # Safety
/// `pointer` is NULL or leads to a stream as the Arrow C Stream Interface defines it.
pub(crate) unsafe fn reader(pointer: *mut ArrowArrayStream) -> Result<Rows> {
    if pointer.is_null() || !pointer.is_aligned() {
        return Err(null("rows"));
    }
    // SAFETY: as the caller promises; both are the same struct of the interface.
    let mut stream = unsafe { FFI_ArrowArrayStream::from_raw(pointer.cast()) };
    let (Some(get_schema), Some(_), Some(_)) =
        (stream.get_schema(), stream.get_next(), stream.release())
    else {
        return Err(wrong("the stream has no functions, or was released"));
    };
    let mut schema = FFI_ArrowSchema::empty();
    // SAFETY: as the caller promises.
    let status = unsafe { get_schema(&raw mut stream, &raw mut schema) };
    if status != 0 {
        return Err(failure(&mut stream, status));
    }
    if schema.release().is_none() {
        return Err(wrong("the stream gave a schema that is released"));
    }
    // SAFETY: not released, and the rest is as the caller promises.
    let columns = unsafe { import_columns(&schema) }.map_err(|error| of_rows(&error))?;
    Ok(Rows { stream, schema: Arc::new(Schema::new(columns)) })
}

fn wrong(what: &str) -> Error {
    Error::new(ErrorCode::SourceDataInvalid, what).at_field("rows")
}

/// No connector gave the rows, so none is to blame; the column is named where it is known.
fn of_rows(error: &Error) -> Error {
    Error::new(ErrorCode::SourceDataInvalid, error.message())
        .at_field(error.field().unwrap_or("rows"))
        .hint("see the Arrow C Data Interface and columnar format")
}

/// What the stream says of its failure.
fn failure(stream: &mut FFI_ArrowArrayStream, status: c_int) -> Error {
    let text = match stream.get_last_error() {
        // SAFETY: the last call on the stream failed, as the interface asks.
        Some(get_last_error) => unsafe { get_last_error(&raw mut *stream) },
        None => std::ptr::null(),
    };
    let said = match text.is_null() {
        true => format!("it gives the status {status}"),
        // SAFETY: not NULL, so a C string that is there until the next call on the stream.
        false => unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned(),
    };
    wrong(&format!("the stream failed: {said}"))
}

impl Rows {
    pub(crate) fn columns(&self) -> Vec<String> {
        self.schema.fields().iter().map(|field| field.name().clone()).collect()
    }

    pub(crate) fn stream(self) -> ArrowStream<'static> {
        ArrowStream::new(self)
    }

    fn pull(&mut self) -> Result<Option<RecordBatch>> {
        let Some(get_next) = self.stream.get_next() else { return Ok(None) };
        let mut array = FFI_ArrowArray::empty();
        // SAFETY: whoever gave the stream promised that it is one, and it was not released.
        let status = unsafe { get_next(&raw mut self.stream, &raw mut array) };
        if status != 0 {
            return Err(failure(&mut self.stream, status));
        }
        if array.is_released() {
            return Ok(None);
        }
        // SAFETY: not released, and the rest was promised by whoever gave the stream.
        let rows = unsafe { import_rows(array, self.schema.fields().clone()) }
            .map_err(|error| of_rows(&error))?;
        // A batch has no place for them, and making one of them panics.
        if rows.null_count() > 0 {
            return Err(wrong("a batch holds null rows: only its columns may hold nulls"));
        }
        Ok(Some(RecordBatch::from(rows)))
    }
}

impl Iterator for Rows {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let pulled = self.pull().transpose();
        pulled.map(|pulled| pulled.map_err(|error| ArrowError::ExternalError(Box::new(error))))
    }
}

impl RecordBatchReader for Rows {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

/// Outcomes, cut into batches.
#[derive(Default)]
pub(crate) struct Outcomes {
    rows: UInt64Builder,
    texts: [StringBuilder; TEXTS.len()],
    batches: Vec<RecordBatch>,
}

const TEXTS: [&str; 7] = ["action", "id", "code", "field", "message", "hint", "text"];
const BATCH_ROWS: u64 = 65_536;

impl Outcomes {
    pub(crate) fn add(&mut self, row: &RowOutcome) -> Result<()> {
        self.rows.append_value(row.row);
        let [action, id, code, field, message, hint, text] = &mut self.texts;
        match &row.result {
            Ok(outcome) => {
                action.append_value(outcome.action.name());
                id.append_value(outcome.id.hyphenated().encode_lower(&mut [0; 36]));
                for absent in [code, field, message, hint, text] {
                    absent.append_null();
                }
            }
            Err(error) => {
                action.append_value("rejected");
                id.append_null();
                code.append_value(error.code().name());
                field.append_option(error.field());
                message.append_value(error.message());
                hint.append_value(error.remedy());
                text.append_option(row.text.as_deref());
            }
        }
        if u64::try_from(self.rows.values_slice().len()).is_ok_and(|count| count >= BATCH_ROWS) {
            self.cut()?;
        }
        Ok(())
    }

    fn cut(&mut self) -> Result<()> {
        let mut columns: Vec<ArrayRef> = vec![Arc::new(self.rows.finish())];
        columns.extend(self.texts.iter_mut().map(|text| Arc::new(text.finish()) as ArrayRef));
        let batch = RecordBatch::try_new(schema(), columns).map_err(|cause| {
            Error::new(ErrorCode::Internal, format!("outcomes are no batch: {cause}"))
        })?;
        self.batches.push(batch);
        Ok(())
    }

    /// All of them, as a stream.
    pub(crate) fn finish(mut self) -> Result<FFI_ArrowArrayStream> {
        self.cut()?;
        let batches = self.batches.into_iter().filter(|batch| batch.num_rows() > 0).map(Ok);
        Ok(FFI_ArrowArrayStream::new(Box::new(RecordBatchIterator::new(batches, schema()))))
    }
}

fn schema() -> SchemaRef {
    let mut fields = vec![Field::new("row", DataType::UInt64, false)];
    fields.extend(TEXTS.map(|name| Field::new(name, DataType::Utf8, name != "action")));
    Arc::new(Schema::new(fields))
}
