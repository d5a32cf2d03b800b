#![doc = include_str!("../docs.md")]

mod cells;
mod config;
mod detect;
mod parser;
mod stream;
mod table;

use std::collections::HashSet;
use std::path::PathBuf;

use headwater_connector_files::{FileStream, locate, open};
use headwater_sdk::{Call, Connector, Failure, Field, LogLevel, Request, StreamInfo};

use crate::config::Config;
use crate::stream::Csv as CsvFormat;

/// Delimited text files as a source.
#[derive(Debug)]
pub struct Csv {
    config: Config,
}

impl Connector for Csv {
    const NAME: &'static str = "csv";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const CONFIG_SCHEMA: &'static str = include_str!("schema.json");
    type Stream = FileStream<CsvFormat>;

    fn open(config: &str) -> Result<Self, Failure> {
        Ok(Self { config: Config::parse(config)? })
    }

    fn check(&mut self, call: &dyn Call) -> Result<Vec<StreamInfo>, Failure> {
        let located = locate(&self.config.files.paths)?;
        let format = CsvFormat::new(self.config.clone(), false);
        let mut names: Vec<String> = Vec::new();
        let mut seen = HashSet::new();
        let mut columns_of = Vec::new();
        for file in &located.files {
            let window = open(file, &self.config.files)?;
            let columns = format.columns(call, window)?;
            if columns.is_empty() {
                let what = format!("`{}` holds no row", file.display());
                call.log(LogLevel::Warn, &what);
            }
            for name in &columns {
                if seen.insert(name.clone()) {
                    names.push(name.clone());
                }
            }
            columns_of.push((file, columns));
        }
        tell_of_lacking(call, &names, &columns_of);
        if names.is_empty() && self.config.header {
            return Err(no_header(&located.files));
        }
        let are_known = located.files.len() == 1 && !names.is_empty();
        let field = |name| Field { name, value_type: "string".to_owned(), is_key: false };
        Ok(vec![StreamInfo {
            name: located.stream,
            fields: names.into_iter().map(field).collect(),
            fields_are_complete: are_known,
            is_incremental: false,
            position_unit: "line".to_owned(),
        }])
    }

    fn read(&mut self, call: &dyn Call, request: &Request<'_>) -> Result<Self::Stream, Failure> {
        let located = locate(&self.config.files.paths)?;
        located.expect(request)?;
        FileStream::start(
            call,
            CsvFormat::new(self.config.clone(), request.accepts_arrow),
            self.config.files.clone(),
            located.files,
            request.checkpoint,
            request.batch_rows,
        )
    }
}

/// Tells of the files that lack columns which others have: an attribute that is fed by one gets nothing
/// from their rows.
fn tell_of_lacking(call: &dyn Call, names: &[String], columns_of: &[(&PathBuf, Vec<String>)]) {
    // No file has a column twice, and one without a row lacks none.
    let lacks = |columns: &Vec<String>| !columns.is_empty() && columns.len() < names.len();
    let mut lacking = columns_of.iter().filter(|(_, columns)| lacks(columns));
    let Some((file, columns)) = lacking.next() else { return };
    let missing: Vec<&str> =
        names.iter().filter(|name| !columns.contains(name)).map(String::as_str).collect();
    let more = match lacking.count() {
        0 => String::new(),
        others => format!("; files that lack some: {}", others + 1),
    };
    let what = format!(
        "`{}` lacks columns that other files have: `{}`{more}",
        file.display(),
        missing.join("`, `")
    );
    call.log(LogLevel::Warn, &what);
}

/// A file without a row has none among others, which say what the columns are.
fn no_header(files: &[PathBuf]) -> Failure {
    let names: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
    Failure::data(format!(
        "found no row in `{}`, expected a header with the names of the columns",
        names.join("`, `")
    ))
    .hint("if an empty file means no rows, name the columns with `columns`")
}

#[cfg(test)]
mod tests;

#[cfg(feature = "export")]
headwater_sdk::export_connector!(Csv);
