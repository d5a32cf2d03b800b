//! Tests of the connector through its traits.

mod bad;
mod config;
mod layout;
mod real;
mod resume;

use std::path::{Path, PathBuf};

use headwater_sdk::{Batch, Call, Connector, Failure, LogLevel, Request, Stream};
use serde_json::{Value, json};

use crate::Json;

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
fn read_from(config: &Value, checkpoint: &[u8], batch_rows: usize) -> Result<Output, Failure> {
    let mut json = Json::open(&config.to_string())?;
    let request =
        Request { stream: "", checkpoint, partition: "", batch_rows, accepts_arrow: false };
    let mut stream = json.read(&Quiet, &request)?;
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
        assert_eq!(batch.json_lines.lines().count(), batch.positions.len());
        assert!(batch.checkpoint.len() < 64 << 10);
        output.rows.extend(batch.json_lines.lines().map(parse));
        output.positions.append(&mut batch.positions);
        output.bad.append(&mut batch.bad_rows);
        output.checkpoints.push(batch.checkpoint.clone());
    }
}

/// A number that is too large for `serde_json` is not a fault of the row.
fn parse(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| {
        assert!(error.to_string().contains("out of range"), "{line:.200}: {error}");
        Value::Null
    })
}

fn read(config: &Value) -> Output {
    read_from(config, b"", 0).unwrap()
}

/// Reads `text` as a file with further configuration keys.
fn read_text(text: impl AsRef<[u8]>, keys: Value) -> Output {
    let directory = tempfile::tempdir().unwrap();
    read(&config(write(directory.path(), "rows.json", text), keys))
}

/// Reads, and takes a failure to start for one that came later.
fn try_read(config: &Value) -> Output {
    read_from(config, b"", 0)
        .unwrap_or_else(|failure| Output { failure: Some(failure), ..Output::default() })
}

fn try_text(text: impl AsRef<[u8]>, keys: Value) -> Output {
    let directory = tempfile::tempdir().unwrap();
    try_read(&config(write(directory.path(), "rows.json", text), keys))
}

/// The lines that come out of reading `text`, byte for byte.
fn lines_of(text: &str, keys: Value) -> String {
    let directory = tempfile::tempdir().unwrap();
    let config = config(write(directory.path(), "rows.json", text), keys);
    let request = Request {
        stream: "rows",
        checkpoint: b"",
        partition: "",
        batch_rows: 0,
        accepts_arrow: false,
    };
    let mut stream = Json::open(&config.to_string()).unwrap().read(&Quiet, &request).unwrap();
    let mut batch = Batch::default();
    assert!(stream.next(&Quiet, &mut batch).unwrap());
    batch.json_lines
}

fn failure_of(text: impl AsRef<[u8]>, keys: Value) -> Failure {
    let directory = tempfile::tempdir().unwrap();
    read_from(&config(write(directory.path(), "rows.json", text), keys), b"", 0).unwrap_err()
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
