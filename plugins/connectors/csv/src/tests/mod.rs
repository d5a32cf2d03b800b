//! Tests of the connector through its traits.

mod bad;
mod config;
mod format;
mod real;
mod resume;

use std::path::{Path, PathBuf};

use headwater_sdk::arrow_array::{Array, cast::AsArray};
use headwater_sdk::{
    ArrowRows, Batch, Call, Connector, Failure, LogLevel, NullMeans, Request, Stream,
};
use serde_json::{Value, json};

use crate::Csv;

struct Quiet;

impl Call for Quiet {
    fn is_cancelled(&self) -> bool {
        false
    }
    fn log(&self, _: LogLevel, _: &str) {}
}

/// What came out of a read.
#[derive(Debug, Default)]
struct Output {
    rows: Vec<Value>,
    positions: Vec<u64>,
    bad: Vec<headwater_sdk::BadRow>,
    checkpoints: Vec<Vec<u8>>,
    failure: Option<Failure>,
}

/// Reads to the end; the failure of the read itself, if any, is part of the output.
///
/// From the start, the rows have to be the same for a host that takes Arrow and one that does not.
fn read_from(config: &Value, checkpoint: &[u8], batch_rows: usize) -> Result<Output, Failure> {
    let columns = read_as(true, config, checkpoint, batch_rows)?;
    if !checkpoint.is_empty() {
        return Ok(columns);
    }
    let lines = read_as(false, config, checkpoint, batch_rows)?;
    assert_eq!(columns.rows, lines.rows);
    assert_eq!(columns.positions, lines.positions);
    assert_eq!(columns.bad, lines.bad);
    assert_eq!(columns.failure, lines.failure);
    assert_eq!(columns.checkpoints.last(), lines.checkpoints.last());
    Ok(columns)
}

fn read_as(
    accepts_arrow: bool,
    config: &Value,
    checkpoint: &[u8],
    batch_rows: usize,
) -> Result<Output, Failure> {
    let mut csv = Csv::open(&config.to_string())?;
    let request = Request { stream: "", checkpoint, partition: "", batch_rows, accepts_arrow };
    let mut stream = csv.read(&Quiet, &request)?;
    let mut output = Output::default();
    let mut batch = Batch::default();
    loop {
        batch.clear();
        match stream.next(&Quiet, &mut batch) {
            Ok(true) => {}
            Ok(false) => return Ok(output),
            Err(failure) => {
                output.failure = Some(failure);
                return Ok(output);
            }
        }
        assert!(batch.json_lines.is_empty() || batch.json_lines.ends_with('\n'));
        assert!(batch.arrow.is_none() || batch.json_lines.is_empty());
        let rows = rows_of(&batch);
        assert_eq!(rows.len(), batch.positions.len());
        assert!(batch.checkpoint.len() < 64 << 10);
        output.rows.extend(rows);
        output.positions.append(&mut batch.positions);
        output.bad.append(&mut batch.bad_rows);
        output.checkpoints.push(batch.checkpoint.clone());
    }
}

/// The rows of a batch as JSON, whichever way they are written.
fn rows_of(batch: &Batch) -> Vec<Value> {
    let Some(ArrowRows { rows, null_means }) = &batch.arrow else {
        return batch.json_lines.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    };
    assert_eq!(*null_means, NullMeans::Absent);
    let row = |index: usize| {
        let cells = rows.fields().iter().zip(rows.columns());
        let cells = cells.filter(|(_, column)| column.is_valid(index));
        let cells = cells
            .map(|(field, column)| (field.name().clone(), column.as_string::<i32>().value(index)));
        cells.map(|(name, text)| (name, Value::from(text))).collect()
    };
    (0..rows.len()).map(row).collect()
}

fn request() -> Request<'static> {
    Request { stream: "", checkpoint: b"", partition: "", batch_rows: 0, accepts_arrow: false }
}

fn read(config: &Value) -> Output {
    read_from(config, b"", 0).unwrap()
}

/// Reads `text` as a file with further configuration keys.
fn read_text(text: impl AsRef<[u8]>, keys: Value) -> Output {
    let directory = tempfile::tempdir().unwrap();
    read(&config(write(directory.path(), "rows.csv", text), keys))
}

fn failure_of(text: impl AsRef<[u8]>, keys: Value) -> Failure {
    let directory = tempfile::tempdir().unwrap();
    read_from(&config(write(directory.path(), "rows.csv", text), keys), b"", 0).unwrap_err()
}

fn write(directory: &Path, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = directory.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn config(path: impl AsRef<Path>, mut keys: Value) -> Value {
    keys["path"] = json!(path.as_ref());
    keys
}

/// The data shared by all tests on real files, which is not part of the repository.
fn shared(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("HEADWATER_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared"),
        PathBuf::from,
    );
    let path = root.join("data").join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} does not exist", path.display());
    None
}
