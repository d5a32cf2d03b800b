//! The records that a query selects as Arrow data, a batch for each page.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{ArrayRef, RecordBatch, RecordBatchReader};
use arrow_json::ReaderBuilder;
use arrow_schema::{ArrowError, DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use headwater::schema::{Attribute, RecordType};
use headwater::value::{ADDRESS_PARTS, ValueType};
use headwater::{Error, ErrorCode, Query, Workspace};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use serde_json::{Map, Value as Json};

use crate::arrow;
use crate::failure::OrRaise;
use crate::from_python;
use crate::handle::Handle;
use crate::query;

/// Amounts: 38 digits, 10 of them behind the point.
const DECIMAL: DataType = DataType::Decimal128(38, 10);
/// Those of them behind the point.
const SCALE: usize = 10;
/// The offset that texts are parsed with, and the name of it that other packages know best.
const OFFSET: &str = "+00:00";
const UTC: &str = "UTC";

/// The records of a query (its body in the words of the API) as an Arrow stream, which reads them as
/// it is asked for them.
#[pyfunction]
pub(crate) fn query_stream<'py>(
    py: Python<'py>,
    handle: &Handle,
    record_type: &str,
    body: &Bound<'py, PyAny>,
    limit: Option<usize>,
) -> PyResult<Bound<'py, PyCapsule>> {
    let body = from_python::object(body, "query")?;
    let workspace = handle.workspace().or_raise(py)?;
    let record_type = handle.run(py, |workspace| workspace.record_type(record_type))?;
    // What is wrong with the query is told now, not when the stream is read.
    Query::parse(&workspace.schema(), &record_type, body.clone()).or_raise(py)?;
    let parsed = Arc::new(schema_of(&record_type));
    let schema = Arc::new(Schema::new(
        parsed.fields().iter().map(|field| in_utc(field)).collect::<Fields>(),
    ));
    let pages = Pages { workspace, record_type, schema, parsed, body: Some(body), left: limit };
    arrow::capsule(py, Box::new(pages))
}

struct Pages {
    workspace: Arc<dyn Workspace>,
    record_type: Arc<RecordType>,
    schema: SchemaRef,
    /// The same, as texts are parsed.
    parsed: SchemaRef,
    /// Asks for the next page; `None` at the end.
    body: Option<Map<String, Json>>,
    left: Option<usize>,
}

impl Pages {
    fn read(&mut self, mut body: Map<String, Json>) -> Result<RecordBatch, ArrowError> {
        let failed = |error: Error| ArrowError::ExternalError(Box::new(error));
        let name = self.record_type.api_name();
        let page = query::read(&*self.workspace, name, body.clone(), self.left).map_err(failed)?;
        if let Some(left) = &mut self.left {
            *left = left.saturating_sub(page.records.len());
        }
        self.body = page.next_cursor.map(|cursor| {
            body.insert("cursor".to_owned(), cursor.into());
            body
        });
        let attributes = self.record_type.attributes().len();
        let rows: Vec<Json> = page
            .records
            .iter()
            .map(|record| {
                let mut document = record.to_json();
                let envelopes = document["attributes"].take();
                let mut row = Map::with_capacity(attributes);
                if let Json::Object(envelopes) = envelopes {
                    row.extend(envelopes.into_iter().map(|(name, value)| (name, plain(value))));
                }
                check_digits(&self.record_type, &row)
                    .map_err(|error| failed(error.on_record(record.id.to_string())))?;
                Ok(Json::Object(row))
            })
            .collect::<Result<_, ArrowError>>()?;
        let mut decoder = ReaderBuilder::new(Arc::clone(&self.parsed))
            .with_batch_size(rows.len().max(1))
            .build_decoder()?;
        decoder.serialize(&rows)?;
        let schema = Arc::clone(&self.schema);
        match decoder.flush()? {
            Some(batch) => {
                RecordBatch::try_new(schema, batch.columns().iter().map(named_utc).collect())
            }
            None => Ok(RecordBatch::new_empty(schema)),
        }
    }
}

impl Iterator for Pages {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == Some(0) {
            return None;
        }
        let body = self.body.take()?;
        Some(self.read(body))
    }
}

impl RecordBatchReader for Pages {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

/// Nothing is rounded: a number or an amount with more digits than its column holds is refused.
fn check_digits(record_type: &RecordType, row: &Map<String, Json>) -> headwater::Result<()> {
    for attribute in record_type.attributes() {
        let Some(cell) = row.get(&attribute.api_name) else { continue };
        let cells = cell.as_array().map_or(std::slice::from_ref(cell), Vec::as_slice);
        let holds = |cell: &Json| match attribute.value_type {
            ValueType::Number => is_float(cell),
            ValueType::Currency | ValueType::Percent => is_short(cell),
            _ => true,
        };
        if let Some(cell) = cells.iter().find(|cell| !holds(cell)) {
            let what = format!("{cell} has more digits than a column of Arrow data would keep");
            return Err(Error::new(ErrorCode::OperationNotSupported, what)
                .at_field(&attribute.api_name)
                .hint("iterate the query: its records have every digit"));
        }
    }
    Ok(())
}

/// Whether a float holds every digit of a number.
fn is_float(cell: &Json) -> bool {
    let Json::Number(number) = cell else { return true };
    let whole = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "the question"
    )]
    whole.is_none_or(|whole| whole as f64 as i128 == whole)
}

/// Whether an amount has no more digits behind its point than a column has.
fn is_short(cell: &Json) -> bool {
    let text = cell.as_str().map_or_else(|| cell.to_string(), str::to_owned);
    let behind = text.split_once('.').map_or("", |(_, behind)| behind);
    behind.trim_end_matches('0').len() <= SCALE
}

/// A value without its envelope, as a cell.
fn plain(mut envelope: Json) -> Json {
    if let Json::Array(elements) = envelope {
        return elements.into_iter().map(plain).collect();
    }
    let value = envelope["value"].take();
    match value {
        // An amount, a reference, and an option: what is said of it beside it is left out.
        Json::Object(mut object) => {
            let bare = ["amount", "related_record_id"].iter().find_map(|name| object.remove(*name));
            let option = || object.contains_key("display_value");
            match bare {
                Some(bare) => bare,
                None if option() => named(&object),
                None => Json::Object(object),
            }
        }
        other => other,
    }
}

fn named(option: &Map<String, Json>) -> Json {
    option.get("api_name").cloned().unwrap_or_default()
}

fn in_utc(field: &Field) -> Field {
    match field.data_type() {
        DataType::Timestamp(unit, _) => {
            field.clone().with_data_type(DataType::Timestamp(*unit, Some(UTC.into())))
        }
        _ => field.clone(),
    }
}

fn named_utc(column: &ArrayRef) -> ArrayRef {
    match column.as_primitive_opt::<TimestampMicrosecondType>() {
        Some(times) => Arc::new(times.clone().with_timezone(UTC)),
        None => Arc::clone(column),
    }
}

fn schema_of(record_type: &RecordType) -> Schema {
    Schema::new(record_type.attributes().iter().map(field_of).collect::<Fields>())
}

fn field_of(attribute: &Attribute) -> Field {
    let element = type_of(attribute.value_type);
    let data_type = match attribute.is_array {
        true => DataType::List(Arc::new(Field::new("item", element, true))),
        false => element,
    };
    Field::new(&attribute.api_name, data_type, true)
}

fn type_of(value_type: ValueType) -> DataType {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    if let Some(shape) = value_type.item_shape() {
        let mut fields =
            vec![text(shape.text_key), Field::new("is_primary", DataType::Boolean, true)];
        if shape.has_labels {
            let label = Arc::new(Field::new("item", DataType::Utf8, true));
            fields.push(Field::new("labels", DataType::List(label), true));
        }
        if shape.has_id {
            fields.push(text("id"));
        }
        return DataType::Struct(fields.into());
    }
    match value_type {
        ValueType::Number => DataType::Float64,
        ValueType::Currency | ValueType::Percent => DECIMAL,
        ValueType::Boolean => DataType::Boolean,
        ValueType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some(OFFSET.into())),
        ValueType::Date => DataType::Date32,
        ValueType::Time => DataType::Time64(TimeUnit::Microsecond),
        ValueType::Address => DataType::Struct(ADDRESS_PARTS.map(text).to_vec().into()),
        _ => DataType::Utf8,
    }
}
