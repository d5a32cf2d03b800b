//! One cell of an Arrow array as what a value is parsed from.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, Float16Type, Float32Type,
    Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;
use serde_json::{Map, Number, Value as Json};

use crate::error::{Error, ErrorCode, Result};
use crate::value::Input;

use super::{NullMeans, time};

/// Why a cell is no value, and how it is shown to people.
pub(super) struct NoValue {
    pub(super) message: String,
    pub(super) shown: String,
}

type Read<T> = std::result::Result<T, NoValue>;

/// Whether cells of this type can be values.
pub(super) fn is_readable(data_type: &DataType) -> bool {
    match data_type {
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::ListView(field)
        | DataType::LargeListView(field)
        | DataType::FixedSizeList(field, _)
        | DataType::Map(field, _) => is_readable(field.data_type()),
        DataType::Struct(fields) => fields.iter().all(|field| is_readable(field.data_type())),
        DataType::Dictionary(_, values) => is_readable(values),
        DataType::Duration(_)
        | DataType::Interval(_)
        | DataType::Union(..)
        | DataType::RunEndEncoded(..) => false,
        _ => true,
    }
}

/// A cell; null where it is null, whatever that means.
pub(super) fn input(array: &dyn Array, row: usize, null_means: NullMeans) -> Result<Input<'_>> {
    read(array, row, &|_| None, null_means).map_err(|no_value| {
        Error::new(ErrorCode::FieldValueInvalid, no_value.message)
            .hint("have the source give the column as text")
    })
}

/// A cell as a row shows it to people; `None` where it is absent.
pub(super) fn shown(array: &dyn Array, row: usize, null_means: NullMeans) -> Option<Json> {
    let show = |no_value: NoValue| Some(Json::String(no_value.shown));
    let json = read(array, row, &show, null_means)
        .map_or_else(|no_value| Json::String(no_value.shown), Json::from);
    (json != Json::Null || null_means == NullMeans::Null).then_some(json)
}

/// Reads a cell; `instead` may stand in for what is no value.
fn read<'a>(
    array: &'a dyn Array,
    row: usize,
    instead: &dyn Fn(NoValue) -> Option<Json>,
    null_means: NullMeans,
) -> Read<Input<'a>> {
    macro_rules! number {
        ($($type:ty),+) => {
            Ok(Input::Json(array.as_primitive::<$($type),+>().value(row).into()))
        };
    }
    macro_rules! decimal {
        ($type:ty) => {
            Ok(Input::Text(array.as_primitive::<$type>().value_as_string(row).into()))
        };
    }
    if array.is_null(row) {
        return Ok(Input::Null);
    }
    let nested = |values: &ArrayRef| list(values, instead, null_means);
    let read = match array.data_type() {
        DataType::Null => Ok(Input::Null),
        DataType::Boolean => Ok(Input::Json(array.as_boolean().value(row).into())),
        DataType::Int8 => number!(Int8Type),
        DataType::Int16 => number!(Int16Type),
        DataType::Int32 => number!(Int32Type),
        DataType::Int64 => number!(Int64Type),
        DataType::UInt8 => number!(UInt8Type),
        DataType::UInt16 => number!(UInt16Type),
        DataType::UInt32 => number!(UInt32Type),
        DataType::UInt64 => number!(UInt64Type),
        DataType::Float16 => Ok(float(array.as_primitive::<Float16Type>().value(row).to_f32())),
        DataType::Float32 => Ok(float(array.as_primitive::<Float32Type>().value(row))),
        DataType::Float64 => Ok(double(array.as_primitive::<Float64Type>().value(row))),
        DataType::Decimal32(..) => decimal!(Decimal32Type),
        DataType::Decimal64(..) => decimal!(Decimal64Type),
        DataType::Decimal128(..) => decimal!(Decimal128Type),
        DataType::Decimal256(..) => decimal!(Decimal256Type),
        DataType::Utf8 => Ok(Input::from(array.as_string::<i32>().value(row))),
        DataType::LargeUtf8 => Ok(Input::from(array.as_string::<i64>().value(row))),
        DataType::Utf8View => Ok(Input::from(array.as_string_view().value(row))),
        DataType::Binary => Err(bytes(array.as_binary::<i32>().value(row))),
        DataType::LargeBinary => Err(bytes(array.as_binary::<i64>().value(row))),
        DataType::BinaryView => Err(bytes(array.as_binary_view().value(row))),
        DataType::FixedSizeBinary(_) => Err(bytes(array.as_fixed_size_binary().value(row))),
        DataType::Date32
        | DataType::Date64
        | DataType::Time32(_)
        | DataType::Time64(_)
        | DataType::Timestamp(..) => time::text(array, row).map(|text| Input::Text(text.into())),
        DataType::List(_) => nested(&array.as_list::<i32>().value(row)),
        DataType::LargeList(_) => nested(&array.as_list::<i64>().value(row)),
        DataType::ListView(_) => nested(&array.as_list_view::<i32>().value(row)),
        DataType::LargeListView(_) => nested(&array.as_list_view::<i64>().value(row)),
        DataType::FixedSizeList(..) => nested(&array.as_fixed_size_list().value(row)),
        DataType::Struct(fields) => {
            let mut object = Map::with_capacity(fields.len());
            for (field, column) in fields.iter().zip(array.as_struct().columns()) {
                if let Some(json) = json(column.as_ref(), row, instead, null_means)? {
                    object.insert(field.name().clone(), json);
                }
            }
            Ok(Input::Json(Json::Object(object)))
        }
        DataType::Map(..) => {
            let entries = array.as_map().value(row);
            let (keys, values) = (entries.column(0), entries.column(1));
            let mut object = Map::with_capacity(entries.len());
            for entry in 0..entries.len() {
                let key = match read(keys.as_ref(), entry, instead, null_means)? {
                    Input::Text(text) => text.into_owned(),
                    other => other.to_string(),
                };
                if let Some(json) = json(values.as_ref(), entry, instead, null_means)? {
                    object.insert(key, json);
                }
            }
            Ok(Input::Json(Json::Object(object)))
        }
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            let place = match read(dictionary.keys(), row, instead, null_means)? {
                Input::Json(Json::Number(key)) => {
                    key.as_u64().and_then(|key| usize::try_from(key).ok())
                }
                _ => None,
            };
            match place {
                Some(place) if place < dictionary.values().len() => {
                    read(dictionary.values().as_ref(), place, instead, null_means)
                }
                _ => Ok(Input::Null),
            }
        }
        other => Err(NoValue {
            message: format!("found a value of the type {other}, which cannot be read"),
            shown: format!("({other})"),
        }),
    };
    read.or_else(|no_value| {
        let (message, shown) = (no_value.message.clone(), no_value.shown.clone());
        instead(no_value).map(Input::from).ok_or(NoValue { message, shown })
    })
}

/// A cell inside of another one; `None` where it is absent.
fn json(
    array: &dyn Array,
    row: usize,
    instead: &dyn Fn(NoValue) -> Option<Json>,
    null_means: NullMeans,
) -> Read<Option<Json>> {
    match (read(array, row, instead, null_means)?, null_means) {
        (Input::Null, NullMeans::Absent) => Ok(None),
        (input, _) => Ok(Some(input.into())),
    }
}

fn list<'a>(
    values: &ArrayRef,
    instead: &dyn Fn(NoValue) -> Option<Json>,
    null_means: NullMeans,
) -> Read<Input<'a>> {
    let elements = (0..values.len())
        .filter_map(|index| json(values.as_ref(), index, instead, null_means).transpose());
    elements.collect::<Read<Vec<Json>>>().map(|elements| Input::Json(Json::Array(elements)))
}

fn bytes(bytes: &[u8]) -> NoValue {
    NoValue {
        message: format!("found {} bytes, expected text or another value", bytes.len()),
        shown: bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

/// By its shortest decimal form: widened as it is, 0.1 would become 0.10000000149011612.
fn float<'a>(float: f32) -> Input<'a> {
    double(float.to_string().parse().unwrap_or_else(|_| f64::from(float)))
}

/// NaN and the infinities are no JSON: as text they are refused where a number is expected.
fn double<'a>(double: f64) -> Input<'a> {
    match Number::from_f64(double) {
        Some(number) => Input::Json(Json::Number(number)),
        None => Input::Text(double.to_string().into()),
    }
}
