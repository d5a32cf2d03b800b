//! Columns whose type says more than what they are stored as: Arrow's extension types.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, StringArray, StructArray};
use arrow_schema::{ArrowError, DataType, Field};
use uuid::Uuid;

const UUID: &str = "arrow.uuid";
/// What is stored is a number since 1970 in a unit that pandas alone knows, or two bounds.
const OF_PANDAS: [&str; 2] = ["pandas.period", "pandas.interval"];

/// Whether the column's type is an extension whose stored values mean something else than they say.
pub(super) fn is_misread(field: &Field) -> bool {
    field.extension_type_name().is_some_and(|name| OF_PANDAS.contains(&name))
}

/// The rows with their UUIDs as text, which are stored as 16 bytes.
pub(super) fn with_uuids_as_text(rows: StructArray) -> Result<StructArray, ArrowError> {
    if !rows.fields().iter().any(|field| is_uuid(field)) {
        return Ok(rows);
    }
    let (fields, columns, nulls) = rows.into_parts();
    let columns: Vec<ArrayRef> = fields
        .iter()
        .zip(columns)
        .map(|(field, column)| if is_uuid(field) { texts(&column) } else { column })
        .collect();
    let fields = fields.iter().map(|field| match is_uuid(field) {
        true => Arc::new(Field::new(field.name(), DataType::Utf8, field.is_nullable())),
        false => Arc::clone(field),
    });
    StructArray::try_new(fields.collect(), columns, nulls)
}

fn is_uuid(field: &Field) -> bool {
    field.extension_type_name() == Some(UUID) && *field.data_type() == DataType::FixedSizeBinary(16)
}

fn texts(column: &ArrayRef) -> ArrayRef {
    let ids = column.as_fixed_size_binary().iter();
    let texts = ids.map(|bytes| Some(Uuid::from_slice(bytes?).ok()?.to_string()));
    Arc::new(texts.collect::<StringArray>())
}
