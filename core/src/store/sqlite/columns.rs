//! Values to SQL and back.

use rusqlite::types::{ToSqlOutput, Value as SqlValue, ValueRef};

use crate::error::Result;
use crate::value::{Address, Number, Timestamp, Value, ValueType, parse_timestamp};

use super::errors::corrupt;

/// What is bound for a single value.
pub(super) fn bind_one(value: &Value) -> ToSqlOutput<'_> {
    match value {
        Value::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        Value::Number(Number::Integer(integer)) => ToSqlOutput::Owned((*integer).into()),
        Value::Number(Number::Float(float)) => ToSqlOutput::Owned((*float).into()),
        Value::Decimal(decimal) => ToSqlOutput::Owned(decimal.to_string().into()),
        Value::Boolean(boolean) => ToSqlOutput::Owned((*boolean).into()),
        Value::Timestamp(timestamp) => ToSqlOutput::Owned(timestamp.to_string().into()),
        Value::Date(date) => ToSqlOutput::Owned(date.to_string().into()),
        Value::Time(time) => ToSqlOutput::Owned(time.to_string().into()),
        Value::Uuid(id) => ToSqlOutput::Owned(id.to_string().into()),
        Value::Address(_) | Value::Item(_) | Value::List(_) | Value::Target(_) => {
            ToSqlOutput::Owned(SqlValue::Null)
        }
    }
}

/// The text of a column.
pub(super) fn read_text(sql: ValueRef<'_>) -> Result<&str> {
    match sql {
        ValueRef::Text(bytes) => {
            std::str::from_utf8(bytes).map_err(|_| corrupt("text that is not UTF-8"))
        }
        other => Err(corrupt(format_args!("{} where text belongs", other.data_type()))),
    }
}

/// The value of a column; `None` for NULL.
pub(super) fn read_one(value_type: ValueType, sql: ValueRef<'_>) -> Result<Option<Value>> {
    let value = match (value_type, sql) {
        (_, ValueRef::Null) => return Ok(None),
        (ValueType::Boolean, ValueRef::Integer(integer)) => Value::Boolean(integer != 0),
        (ValueType::Number, ValueRef::Integer(integer)) => Value::Number(Number::Integer(integer)),
        (ValueType::Number, ValueRef::Real(float)) => {
            Value::Number(Number::from_f64(float).unwrap_or(Number::Float(float)))
        }
        (ValueType::Currency | ValueType::Percent, sql) => Value::Decimal(parse(sql, "a decimal")?),
        (ValueType::Timestamp, sql) => Value::Timestamp(read_timestamp(sql)?),
        (ValueType::Date, sql) => Value::Date(parse(sql, "a date")?),
        (ValueType::Time, sql) => Value::Time(parse(sql, "a time")?),
        (ValueType::Uuid | ValueType::RecordReference, sql) => Value::Uuid(parse(sql, "a UUID")?),
        (_, sql) => Value::Text(read_text(sql)?.into()),
    };
    Ok(Some(value))
}

/// The address of six columns; `None` where all are NULL.
pub(super) fn read_address<'a>(
    mut column: impl FnMut(usize) -> Result<ValueRef<'a>>,
) -> Result<Option<Value>> {
    let mut address = Address::default();
    for (index, part) in address.0.iter_mut().enumerate() {
        *part = match column(index)? {
            ValueRef::Null => None,
            sql => Some(read_text(sql)?.into()),
        };
    }
    Ok((!address.is_empty()).then(|| Value::Address(Box::new(address))))
}

/// The instant of a column.
pub(super) fn read_timestamp(sql: ValueRef<'_>) -> Result<Timestamp> {
    let text = read_text(sql)?;
    parse_timestamp(text).map_err(|_| corrupt(format_args!("{text:?} where a timestamp belongs")))
}

/// A value that is stored as text.
pub(super) fn parse<T: std::str::FromStr>(sql: ValueRef<'_>, what: &str) -> Result<T> {
    let text = read_text(sql)?;
    text.parse().map_err(|_| corrupt(format_args!("{text:?} where {what} belongs")))
}
