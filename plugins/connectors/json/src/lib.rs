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

use std::path::PathBuf;

use headwater_connector_files::{FileStream, Format, Located, Rows, locate, open};
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
        let Located { files, stream: name } = locate(&self.config.files.paths)?;
        let request = Request {
            stream: &name,
            checkpoint: b"",
            partition: "",
            batch_rows: SAMPLE_ROWS,
            accepts_arrow: false,
        };
        let mut stream = self.read(call, &request)?;
        let (mut batch, mut fields) = (Batch::default(), Fields::default());
        let (mut sampled, mut has_more) = (0, stream.next(call, &mut batch)?);
        while has_more {
            batch.json_lines.lines().for_each(|line| fields.add_row(line));
            sampled += batch.len();
            batch.clear();
            // What fails behind rows fails when they are read.
            has_more = sampled < SAMPLE_ROWS && stream.next(call, &mut batch).unwrap_or(false);
        }
        drop(stream);
        let unit = self.position_unit(call, &files);
        Ok(vec![StreamInfo {
            name,
            fields: fields.into_list(),
            fields_are_complete: false,
            is_incremental: false,
            position_unit: unit.to_owned(),
        }])
    }

    fn read(&mut self, call: &dyn Call, request: &Request<'_>) -> Result<Self::Stream, Failure> {
        let located = locate(&self.config.files.paths)?;
        located.expect(request)?;
        FileStream::start(
            call,
            JsonFormat::new(self.config.clone(), located.files.len() == 1),
            self.config.files.clone(),
            located.files,
            request.checkpoint,
            request.batch_rows,
        )
    }
}

impl Json {
    /// What positions count in all files.
    fn position_unit(&self, call: &dyn Call, files: &[PathBuf]) -> &'static str {
        let format = JsonFormat::new(self.config.clone(), files.len() == 1);
        let mut unit = None;
        for file in files {
            let window = open(file, &self.config.files);
            // What cannot be read fails when it is its turn.
            let Ok(rows) = window.and_then(|window| format.start(call, window, None)) else {
                continue;
            };
            if rows.window().unread().is_empty() {
                continue;
            }
            if *unit.get_or_insert(rows.position_unit()) != rows.position_unit() {
                return "line or element";
            }
        }
        unit.unwrap_or("line")
    }
}

#[cfg(test)]
mod tests;

#[cfg(feature = "export")]
headwater_sdk::export_connector!(Json);
