//! A row of JSON as a batch of Arrow columns.

use std::sync::Arc;

use headwater_sdk::arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use headwater_sdk::{ArrowRows, Failure, NullMeans};
use serde::Deserialize;
use serde_json::Value as Json;

/// What the script says that a null means.
#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Nulls {
    Null,
    Absent,
}

/// One row with the columns of all rows: whole numbers where it has one, else text. So a script
/// whose rows differ in that changes its schema midway.
pub(crate) fn of_row(rows: &[Json], row: &Json, nulls: Nulls) -> Result<ArrowRows, Failure> {
    let mut names: Vec<&String> = Vec::new();
    for name in rows.iter().filter_map(Json::as_object).flat_map(|row| row.keys()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let columns = names.into_iter().map(|name| -> (&String, ArrayRef, bool) {
        let column: ArrayRef = match &row[name] {
            Json::Number(number) => Arc::new(Int64Array::from(vec![number.as_i64()])),
            other => Arc::new(StringArray::from(vec![other.as_str()])),
        };
        (name, column, true)
    });
    let batch = RecordBatch::try_from_iter_with_nullable(columns)
        .map_err(|cause| Failure::data(cause.to_string()))?;
    let null_means = match nulls {
        Nulls::Null => NullMeans::Null,
        Nulls::Absent => NullMeans::Absent,
    };
    Ok(ArrowRows::new(batch, null_means))
}
