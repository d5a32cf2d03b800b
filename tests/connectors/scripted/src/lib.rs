//! A connector for tests: gives the rows of its configuration, and fails or panics where it says.

mod columns;

use headwater_sdk::{Batch, Call, Connector, Failure, Request, Retry, Stream, StreamInfo};
use serde::Deserialize;

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct Script {
    /// One row a batch.
    #[serde(default)]
    rows: Vec<serde_json::Value>,
    /// Gives the rows as Arrow, where a null is `null` or `absent`.
    #[serde(default)]
    arrow: Option<columns::Nulls>,
    /// No part of what the source is, as a password is none: tests change it between two runs of a
    /// job. The function that fails or panics: `check`, `read`, or `next` once the rows are given; or
    /// `row N`: `next` before it gives the row N.
    #[serde(default)]
    at: String,
    /// The code it fails with; 0 panics.
    #[serde(default)]
    code: i32,
    /// Never gives another row once the rows are given, nor ends, whoever asks it to.
    #[serde(default)]
    hangs: bool,
}

impl Script {
    fn act(&self, function: &str) -> Result<(), Failure> {
        if self.at != function {
            return Ok(());
        }
        assert!(self.code != 0, "the script says panic");
        let mut failure = Failure::new(self.code, format!("the script fails in {function}"))
            .at_field("scripted_field")
            .on_record("scripted record")
            .hint("scripted hint");
        failure.retry = Retry::AfterMillis(1500);
        Err(failure)
    }
}

struct Scripted(Script);

struct Rows {
    script: Script,
    next: usize,
}

impl Connector for Scripted {
    const NAME: &'static str = "scripted";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const CONFIG_SCHEMA: &'static str = r#"{"type": "object", "properties": {
        "rows": {"type": "array"}, "arrow": {"type": "string"}, "at": {"type": "string", "format": "password"}, "code": {"type": "integer"},
        "hangs": {"type": "boolean"}}}"#;
    type Stream = Rows;

    fn open(config: &str) -> Result<Self, Failure> {
        serde_json::from_str(config)
            .map(Self)
            .map_err(|cause| Failure::config("config", cause.to_string()))
    }

    fn check(&mut self, _call: &dyn Call) -> Result<Vec<StreamInfo>, Failure> {
        self.0.act("check")?;
        let names =
            self.0.rows.iter().filter_map(serde_json::Value::as_object).flat_map(|row| row.keys());
        let mut fields: Vec<headwater_sdk::Field> = Vec::new();
        for name in names {
            if !fields.iter().any(|field| field.name == *name) {
                fields.push(headwater_sdk::Field {
                    name: name.clone(),
                    value_type: String::new(),
                    is_key: false,
                });
            }
        }
        Ok(vec![StreamInfo {
            name: "rows".into(),
            fields,
            fields_are_complete: true,
            is_incremental: false,
            position_unit: "row".into(),
        }])
    }

    fn read(&mut self, _call: &dyn Call, request: &Request<'_>) -> Result<Rows, Failure> {
        self.0.act("read")?;
        let next = std::str::from_utf8(request.checkpoint).ok().and_then(|text| text.parse().ok());
        Ok(Rows { script: self.0.clone(), next: next.unwrap_or(0) })
    }
}

impl Stream for Rows {
    fn next(&mut self, _call: &dyn Call, batch: &mut Batch) -> Result<bool, Failure> {
        self.script.act(&format!("row {}", self.next + 1))?;
        let Some(row) = self.script.rows.get(self.next) else {
            if self.script.hangs {
                loop {
                    std::thread::park();
                }
            }
            return self.script.act("next").map(|()| false);
        };
        self.next += 1;
        match self.script.arrow {
            Some(nulls) => batch.arrow = Some(columns::of_row(&self.script.rows, row, nulls)?),
            None => batch.json_lines = format!("{row}\n"),
        }
        batch.positions.push(self.next as u64);
        batch.checkpoint = self.next.to_string().into_bytes();
        Ok(true)
    }
}

headwater_sdk::export_connector!(Scripted);
