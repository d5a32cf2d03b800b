//! What cells of every type come to mean.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::builder::{
    Int64Builder, ListBuilder, MapBuilder, StringBuilder, StringViewBuilder,
};
use arrow_array::types::{Float32Type, Int8Type};
use arrow_array::*;
use arrow_schema::{DataType, Field, Fields, IntervalUnit};
use serde_json::{Value as Json, json};

use super::*;

fn rows(columns: Vec<(&str, ArrayRef)>, null_means: NullMeans) -> ArrowRows {
    let batch = RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, array)| (name, array, true)),
    );
    ArrowRows::try_from((batch.unwrap(), null_means)).unwrap()
}

/// The cells of one column; `None` is absent.
fn cells(array: ArrayRef, null_means: NullMeans) -> Vec<Option<Json>> {
    let rows = rows(vec![("a", array)], null_means);
    let column = rows.column(0).unwrap();
    let cells: Vec<Option<Json>> =
        (0..rows.len()).map(|row| column.cell(row).unwrap().map(Json::from)).collect();
    for (row, cell) in cells.iter().enumerate() {
        assert_eq!(rows.json(row).get("a"), cell.as_ref(), "as it is shown");
    }
    cells
}

fn values(array: impl Array + 'static) -> Vec<Json> {
    cells(Arc::new(array), NullMeans::Null).into_iter().map(Option::unwrap).collect()
}

#[test]
fn text_is_text_in_every_encoding() {
    let texts = [Some("a"), None, Some(""), Some("longer than twelve bytes é")];
    let keys = Int8Array::from(vec![Some(0), None, Some(1), Some(3)]);
    let pool = StringArray::from(vec![Some("a"), Some(""), None, texts[3]]);
    let dictionary = DictionaryArray::<Int8Type>::new(keys, Arc::new(pool));
    let arrays: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(texts.to_vec())),
        Arc::new(LargeStringArray::from(texts.to_vec())),
        Arc::new(StringViewArray::from(texts.to_vec())),
        Arc::new(dictionary),
    ];
    for array in arrays {
        let expected = [json!("a"), json!(null), json!(""), json!(texts[3])];
        assert_eq!(cells(Arc::clone(&array), NullMeans::Null), expected.clone().map(Some));
        let absent = expected.map(|json| (!json.is_null()).then_some(json));
        assert_eq!(cells(Arc::clone(&array), NullMeans::Absent), absent);
        // A slice of an array starts elsewhere in its buffers.
        assert_eq!(cells(array.slice(2, 2), NullMeans::Absent), absent[2..]);
    }
    let values: ArrayRef = Arc::new(StringArray::from(vec![None::<&str>]));
    let nulls = DictionaryArray::<Int8Type>::new(Int8Array::from(vec![Some(0), None]), values);
    assert_eq!(cells(Arc::new(nulls), NullMeans::Absent), [None, None]);
    let none: ArrayRef = Arc::new(StringArray::from(Vec::<&str>::new()));
    let empty = DictionaryArray::<Int8Type>::new(Int8Array::from(vec![None, None]), none);
    assert_eq!(cells(Arc::new(empty), NullMeans::Null), [Some(json!(null)), Some(json!(null))]);
}

#[test]
fn numbers_keep_their_digits() {
    assert_eq!(values(Int64Array::from(vec![i64::MIN, -1])), [json!(i64::MIN), json!(-1)]);
    assert_eq!(values(UInt64Array::from(vec![u64::MAX])), [json!(u64::MAX)]);
    assert_eq!(values(UInt8Array::from(vec![7])), [json!(7)]);
    assert_eq!(values(Float32Array::from(vec![0.1, f32::NAN])), [json!(0.1), json!("NaN")]);
    assert_eq!(values(Float64Array::from(vec![0.1, f64::INFINITY])), [json!(0.1), json!("inf")]);
    assert_eq!(values(BooleanArray::from(vec![true, false])), [json!(true), json!(false)]);
    let exact = Decimal128Array::from(vec![123_450, -5]).with_precision_and_scale(30, 2).unwrap();
    assert_eq!(values(exact), [json!("1234.50"), json!("-0.05")]);
}

#[test]
fn times_are_iso_8601() {
    assert_eq!(values(Date32Array::from(vec![0, -1])), [json!("1970-01-01"), json!("1969-12-31")]);
    assert_eq!(values(Date64Array::from(vec![86_400_000])), [json!("1970-01-02")]);
    assert_eq!(values(Time32SecondArray::from(vec![3661])), [json!("01:01:01")]);
    let nanos = Time64NanosecondArray::from(vec![86_399_999_999_999]);
    assert_eq!(values(nanos), [json!("23:59:59.999999999")]);
    let naive = TimestampMicrosecondArray::from(vec![-1]);
    assert_eq!(values(naive.clone()), [json!("1969-12-31T23:59:59.999999")]);
    let zoned = naive.with_timezone("Europe/Berlin");
    assert_eq!(values(zoned), [json!("1969-12-31T23:59:59.999999Z")]);
    let rows = rows(vec![("a", Arc::new(Date32Array::from(vec![i32::MAX])))], NullMeans::Null);
    let error = rows.column(0).unwrap().cell(0).unwrap_err();
    assert_eq!(error.code(), ErrorCode::FieldValueInvalid);
    assert_eq!(rows.json(0), json!({"a": i32::MAX.to_string()}));
}

#[test]
fn nested_values_are_json_and_absent_parts_are_left_out() {
    let mut list = ListBuilder::new(StringBuilder::new());
    list.append_value([Some("a"), None]);
    list.append_null();
    list.append_value([None::<&str>; 0]);
    let list: ArrayRef = Arc::new(list.finish());
    let told = |json: Json| (!json.is_null()).then_some(json);
    let expected = [json!(["a", null]), json!(null), json!([])];
    assert_eq!(cells(Arc::clone(&list), NullMeans::Null), expected.map(Some));
    let expected = [json!(["a"]), json!(null), json!([])];
    assert_eq!(cells(Arc::clone(&list), NullMeans::Absent), expected.map(told));

    let fields: Fields = vec![
        Field::new("n", DataType::Int64, true),
        Field::new("l", list.data_type().clone(), true),
    ]
    .into();
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![None, Some(2), Some(3)]));
    let nulls = Some(vec![true, true, false].into());
    let object: ArrayRef = Arc::new(StructArray::new(fields, vec![numbers, list], nulls));
    let expected = [json!({"n": null, "l": ["a", null]}), json!({"n": 2, "l": null}), json!(null)];
    assert_eq!(cells(Arc::clone(&object), NullMeans::Null), expected.map(Some));
    let expected = [json!({"l": ["a"]}), json!({"n": 2}), json!(null)];
    assert_eq!(cells(object, NullMeans::Absent), expected.map(told));

    let mut map = MapBuilder::new(None, StringBuilder::new(), Int64Builder::new());
    map.keys().append_value("k");
    map.values().append_value(1);
    map.append(true).unwrap();
    assert_eq!(values(map.finish()), [json!({"k": 1})]);
    let fixed = FixedSizeListArray::from_iter_primitive::<Float32Type, _, _>(
        vec![Some(vec![Some(1.5), Some(2.0)])],
        2,
    );
    assert_eq!(values(fixed), [json!([1.5, 2.0])]);
}

#[test]
fn bytes_are_refused_cell_by_cell_and_other_types_by_column() {
    let bytes: ArrayRef = Arc::new(BinaryArray::from(vec![Some(b"\x00\xff".as_slice()), None]));
    let object: ArrayRef = Arc::new(StructArray::from(vec![(
        Arc::new(Field::new("b", DataType::Binary, true)),
        Arc::clone(&bytes),
    )]));
    let rows_of = |array| rows(vec![("a", array)], NullMeans::Null);
    let found = rows_of(bytes);
    let error = found.column(0).unwrap().cell(0).unwrap_err();
    assert_eq!(error.code(), ErrorCode::FieldValueInvalid);
    assert_eq!(found.column(0).unwrap().cell(1).unwrap().map(Json::from), Some(json!(null)));
    assert_eq!(found.json(0), json!({"a": "00ff"}));
    let found = rows_of(object);
    assert!(found.column(0).unwrap().cell(0).is_err());
    assert_eq!(found.json(0), json!({"a": {"b": "00ff"}}));

    let interval = new_null_array(&DataType::Interval(IntervalUnit::DayTime), 1);
    let found = rows_of(interval);
    let error = found.column(0).unwrap_err();
    assert_eq!(error.code(), ErrorCode::SourceDataInvalid);
    assert!(error.message().contains("\"a\"") && error.message().contains("Interval"), "{error}");
    assert_eq!(found.json(0), json!({"a": null}));
    assert_eq!(values(NullArray::new(1)), [json!(null)]);
}

#[test]
fn null_rows_and_repeated_names_are_refused() {
    let text: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
    let field = || Arc::new(Field::new("a", DataType::Utf8, true));
    let twice = StructArray::from(vec![(field(), Arc::clone(&text)), (field(), Arc::clone(&text))]);
    let null = StructArray::new(vec![field()].into(), vec![text], Some(vec![false].into()));
    for (rows, said) in [(twice, "two columns named \"a\""), (null, "null rows")] {
        let error = ArrowRows::new(rows, NullMeans::Null).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ConnectorMisbehaved);
        assert!(error.message().contains(said), "{error}");
    }
}

#[test]
fn a_slice_of_views_is_as_large_as_its_own_texts() {
    let text = "a text that is too long to lie in its view";
    let views: ArrayRef = Arc::new(StringViewArray::from(vec![text; 10_000]));
    let mut lists = ListBuilder::new(StringViewBuilder::new());
    (0..10_000).for_each(|_| {
        lists.values().append_value(text);
        lists.append(true);
    });
    let lists: ArrayRef = Arc::new(lists.finish());
    for column in [views, lists] {
        let of = |rows: usize| {
            let column = column.slice(5, rows);
            rows_of_one(column).bytes()
        };
        assert!(of(10) >= 10 * text.len() && of(10) < 20 * text.len() + 100, "{}", of(10));
        assert!(of(1000) >= 1000 * text.len());
    }
}

fn rows_of_one(column: ArrayRef) -> ArrowRows {
    rows(vec![("a", column)], NullMeans::Null)
}

#[test]
fn a_uuid_is_text_and_a_period_is_refused() {
    let extended = |name: &str, array: ArrayRef| {
        let metadata = [("ARROW:extension:name".to_owned(), name.to_owned())];
        let field = Field::new("a", array.data_type().clone(), true);
        let fields = Fields::from(vec![field.with_metadata(HashMap::from(metadata))]);
        let rows = StructArray::try_new(fields, vec![array], None).unwrap();
        ArrowRows::new(rows.slice(1, 2), NullMeans::Null).unwrap()
    };
    let id = uuid::Uuid::from_u128(7);
    let ids = [None, Some(id.as_bytes()), None].into_iter();
    let ids = FixedSizeBinaryArray::try_from_sparse_iter_with_size(ids, 16).unwrap();
    let rows = extended("arrow.uuid", Arc::new(ids.clone()));
    let column = rows.column(0).unwrap();
    assert_eq!(column.cell(0).unwrap().map(Json::from), Some(json!(id.to_string())));
    assert_eq!(column.cell(1).unwrap().map(Json::from), Some(json!(null)));
    assert_eq!(rows.json(0), json!({"a": id.to_string()}));
    // Without its name it is bytes.
    assert!(extended("other", Arc::new(ids)).column(0).unwrap().cell(0).is_err());

    let error = extended("pandas.period", Arc::new(Int64Array::from(vec![1, 682, 683])));
    let error = error.column(0).unwrap_err();
    assert_eq!(error.code(), ErrorCode::SourceDataInvalid);
    assert!(error.message().contains("pandas.period"), "{error:?}");
}
