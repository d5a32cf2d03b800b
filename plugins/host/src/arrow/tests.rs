//! Arrow that other programs give: what they may leave out or say in another way, and which column
//! is wrong.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use arrow_array::builder::{
    Int32Builder, ListBuilder, MapBuilder, StringBuilder, StringDictionaryBuilder,
};
use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
use arrow_array::types::Int8Type;
use arrow_array::{Array, ArrayRef, Int32Array, RunArray, StringArray, StructArray};
use arrow_schema::Field;
use headwater::source::{ArrowRows, NullMeans};
use serde_json::json;

use super::raw::RawArray;
use super::{import_columns, import_rows};

fn exported(columns: Vec<(&str, ArrayRef)>) -> (FFI_ArrowArray, FFI_ArrowSchema) {
    let columns = columns.into_iter().map(|(name, column)| {
        (Arc::new(Field::new(name, column.data_type().clone(), true)), column)
    });
    let rows = StructArray::from(columns.collect::<Vec<_>>()).into_data();
    (FFI_ArrowArray::new(&rows), FFI_ArrowSchema::try_from(rows.data_type()).unwrap())
}

fn imported(array: FFI_ArrowArray, schema: &FFI_ArrowSchema) -> headwater::Result<StructArray> {
    // SAFETY: arrow has made both.
    unsafe { import_rows(array, import_columns(schema)?) }
}

#[test]
fn maps_and_runs_arrive_with_keys_that_are_never_null() {
    let mut map = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    map.keys().append_value("a");
    map.values().append_null();
    map.append(true).unwrap();
    let (array, schema) = exported(vec![("map", Arc::new(map.finish()))]);
    let rows = ArrowRows::new(imported(array, &schema).unwrap(), NullMeans::Null).unwrap();
    assert_eq!(rows.json(0), json!({"map": {"a": null}}));

    let runs = RunArray::try_new(&Int32Array::from(vec![2]), &StringArray::from(vec!["x"]));
    let (array, schema) = exported(vec![("runs", Arc::new(runs.unwrap()))]);
    assert_eq!(imported(array, &schema).unwrap().len(), 2);
}

/// Takes the offsets of an array of nothing away, and those of all in it.
///
/// # Safety
/// The array is arrow's.
unsafe fn strip(raw: &RawArray) {
    // SAFETY: arrow's structs are whole; nobody looks at its pointers to buffers but who imports it.
    unsafe {
        if raw.length == 0 && raw.n_buffers > 1 {
            for buffer in 0..usize::try_from(raw.n_buffers).unwrap() {
                raw.buffers.cast_mut().add(buffer).write(std::ptr::null());
            }
        }
        for child in 0..usize::try_from(raw.n_children).unwrap() {
            strip(&**raw.children.add(child));
        }
        if let Some(values) = raw.dictionary.as_ref() {
            strip(values);
        }
    }
}

#[test]
fn arrays_of_nothing_need_no_buffers() {
    let texts = || Arc::new(StringArray::from(Vec::<&str>::new())) as ArrayRef;
    let mut lists = ListBuilder::new(StringBuilder::new());
    let no_lists = Arc::new(lists.finish());
    lists.append(true);
    lists.append(false);
    let empty_lists = Arc::new(lists.finish());
    let mut words = StringDictionaryBuilder::<Int8Type>::new();
    words.append_null();
    words.append_null();
    let no_words = Arc::new(words.finish());
    let no_numbers = Arc::new(Int32Array::from(Vec::<i32>::new()));
    for (columns, length) in [
        (vec![("text", texts()), ("list", no_lists), ("number", no_numbers)], 0),
        (vec![("list", empty_lists), ("word", no_words)], 2),
    ] {
        let whole = StructArray::try_from(columns.clone()).unwrap();
        let (array, schema) = exported(columns);
        // SAFETY: arrow has made it.
        unsafe { strip(RawArray::of(&array)) };
        let rows = imported(array, &schema).unwrap();
        assert_eq!(rows.len(), length);
        for (found, given) in rows.columns().iter().zip(whole.columns()) {
            assert_eq!(found, given);
        }
    }
    // A text of one value needs its offsets.
    let (array, schema) = exported(vec![("text", Arc::new(StringArray::from(vec![""])))]);
    let column = RawArray::of(&array).children;
    // SAFETY: arrow has made it, and there is one column of three buffers.
    unsafe { (**column).buffers.cast_mut().add(1).write(std::ptr::null()) };
    let error = imported(array, &schema).unwrap_err();
    assert!(error.message().contains("offsets are NULL or not aligned"), "{error:#}");
}
