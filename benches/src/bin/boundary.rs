//! Reads `--file` with the CSV connector, all batches, as the loaded `--library` and as code linked in; says on
//! stdout, in JSON, how many seconds each of `--rounds` rounds took.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use headwater::source::{Connector as _, Control, ReadRequest};
use headwater_benches::arguments::Arguments;
use headwater_connector_csv::Csv;
use headwater_host::LoadedConnector;
use headwater_sdk::{Batch, Call, Connector as _, Failure, LogLevel, Request, Stream as _};
use serde_json::{Value as Json, json};

/// As the product has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// As many rows a batch as a sync asks for.
const BATCH_ROWS: usize = 2000;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            let _ = writeln!(std::io::stderr(), "boundary: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let arguments = Arguments::read(&["file", "library", "rounds"])?;
    let file: PathBuf = arguments.require("file")?;
    let config = json!({ "path": file });
    let connector = LoadedConnector::load(&arguments.require::<PathBuf>("library")?)
        .map_err(|e| e.to_string())?;
    let (mut abi, mut in_process) = (Vec::new(), Vec::new());
    // The first round brings the file into the system's cache, and is not counted.
    for round in 0..=arguments.get("rounds", 3)? {
        let start = Instant::now();
        let crossed = across(&connector, &config).map_err(|error| error.to_string())?;
        let between = Instant::now();
        let called = directly(&config).map_err(|failure| failure.message)?;
        let end = Instant::now();
        if crossed != called {
            return Err(format!("{crossed} rows came across the ABI, {called} in the process"));
        }
        if round > 0 {
            abi.push((between - start).as_secs_f64());
            in_process.push((end - between).as_secs_f64());
        }
    }
    let report = json!({ "abi": abi, "in_process": in_process });
    writeln!(std::io::stdout(), "{report}").map_err(|cause| cause.to_string())
}

/// How many rows come through the library, as a sync pulls them.
fn across(connector: &LoadedConnector, config: &Json) -> headwater::Result<usize> {
    let control = Control::default();
    let mut source = connector.open(config)?;
    let stream = source.check(&control)?.remove(0).name;
    let request = ReadRequest { stream, batch_rows: BATCH_ROWS, ..ReadRequest::default() };
    let mut stream = source.read(&control, &request)?;
    let mut rows = 0;
    while let Some(batch) = stream.next(&control)? {
        rows += batch.row_count + batch.bad_rows.len();
    }
    Ok(rows)
}

/// How many rows the same code gives without a library.
fn directly(config: &Json) -> Result<usize, Failure> {
    let mut source = Csv::open(&config.to_string())?;
    let stream = source.check(&Nobody)?.remove(0).name;
    let request = Request {
        stream: &stream,
        checkpoint: &[],
        partition: "",
        batch_rows: BATCH_ROWS,
        accepts_arrow: true,
    };
    let mut stream = source.read(&Nobody, &request)?;
    let mut batch = Batch::default();
    let mut rows = 0;
    while stream.next(&Nobody, &mut batch)? {
        rows += batch.len();
        batch.clear();
    }
    Ok(rows)
}

/// A host that never stops anything and hears nothing.
struct Nobody;

impl Call for Nobody {
    fn is_cancelled(&self) -> bool {
        false
    }

    fn log(&self, _: LogLevel, _: &str) {}
}
