#![doc = include_str!("../docs.md")]

mod config;
mod detect;
mod elements;
mod fields;
mod lines;
mod navigate;
mod scan;
mod stream;
mod text;
mod value;

use headwater_connector_files::{FileStream, locate};
use headwater_sdk::{Batch, Call, Connector, Failure, Request, Stream, StreamInfo};

use crate::config::Config;
use crate::fields::Fields;
use crate::stream::Json as JsonFormat;

/// How many rows are looked at for their fields.
const SAMPLE_ROWS: usize = 200;

/// JSON files as a source.
#[derive(Debug)]
pub struct Json {
    config: Config,
}

impl Connector for Json {
    const NAME: &'static str = "json";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const CONFIG_SCHEMA: &'static str = include_str!("schema.json");
    type Stream = FileStream<JsonFormat>;

    fn open(config: &str) -> Result<Self, Failure> {
        Ok(Self { config: Config::parse(config)? })
    }

    fn check(&mut self, call: &dyn Call) -> Result<Vec<StreamInfo>, Failure> {
        let name = locate(&self.config.files.paths)?.stream;
        let request = Request {
            stream: &name,
            checkpoint: b"",
            partition: "",
            batch_rows: SAMPLE_ROWS,
            accepts_arrow: false,
        };
        let mut stream = self.read(call, &request)?;
        let unit = stream.rows().map_or("", |rows| rows.position_unit()).to_owned();
        let mut batch = Batch::default();
        stream.next(call, &mut batch)?;
        let mut fields = Fields::default();
        for line in batch.json_lines.lines() {
            fields.add_row(line);
        }
        Ok(vec![StreamInfo {
            name,
            fields: fields.into_list(),
            fields_are_complete: false,
            is_incremental: false,
            position_unit: unit,
        }])
    }

    fn read(&mut self, call: &dyn Call, request: &Request<'_>) -> Result<Self::Stream, Failure> {
        let located = locate(&self.config.files.paths)?;
        located.expect(request)?;
        FileStream::start(
            call,
            JsonFormat::new(self.config.clone()),
            self.config.files.clone(),
            located.files,
            request.checkpoint,
            request.batch_rows,
        )
    }
}

#[cfg(test)]
mod tests;

#[cfg(feature = "export")]
headwater_sdk::export_connector!(Json);
