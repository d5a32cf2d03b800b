//! A connector that keeps every rule: `rows` numbers, every tenth of them a bad row.

use headwater_sdk::abi::HEADWATER_E_CHECKPOINT_INVALID;
use headwater_sdk::{
    BadRow, Batch, Call, Connector, Failure, Field, LogLevel, Request, Stream, StreamInfo,
};
use serde_json::Value as Json;

struct Sample {
    rows: u64,
}

struct Numbers {
    at: u64,
    rows: u64,
    batch_rows: usize,
}

impl Connector for Sample {
    const NAME: &'static str = "abi_sample";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const CONFIG_SCHEMA: &'static str = r#"{
        "type": "object", "additionalProperties": false, "required": ["rows"],
        "properties": {"rows": {"type": "integer", "minimum": 0}}
    }"#;
    type Stream = Numbers;

    fn open(config: &str) -> Result<Self, Failure> {
        let config: Json = serde_json::from_str(config)
            .map_err(|error| Failure::config("", format!("not JSON: {error}")))?;
        let Json::Object(config) = config else {
            return Err(Failure::config("", "expected a JSON object"));
        };
        if let Some(key) = config.keys().find(|key| *key != "rows") {
            return Err(Failure::config(key, "unknown key").hint("the only key is `rows`"));
        }
        let rows = config.get("rows").and_then(Json::as_u64);
        rows.map(|rows| Self { rows })
            .ok_or_else(|| Failure::config("rows", "expected a whole number"))
    }

    fn check(&mut self, call: &dyn Call) -> Result<Vec<StreamInfo>, Failure> {
        call.log(LogLevel::Info, "looking at the numbers");
        let field = |name: &str, value_type: &str, is_key| Field {
            name: name.to_owned(),
            value_type: value_type.to_owned(),
            is_key,
        };
        Ok(vec![StreamInfo {
            name: "numbers".to_owned(),
            fields: vec![field("number", "number", true), field("text", "string", false)],
            fields_are_complete: true,
            is_incremental: false,
            position_unit: "number".to_owned(),
        }])
    }

    fn read(&mut self, _call: &dyn Call, request: &Request<'_>) -> Result<Numbers, Failure> {
        if request.stream != "numbers" {
            return Err(Failure::config("source", "expected the stream `numbers`"));
        }
        let at = match request.checkpoint {
            [] => 0,
            bytes => <[u8; 8]>::try_from(bytes).map(u64::from_le_bytes).map_err(|_| {
                let message = format!("expected a checkpoint of 8 bytes, found {}", bytes.len());
                Failure::new(HEADWATER_E_CHECKPOINT_INVALID, message)
            })?,
        };
        Ok(Numbers { at, rows: self.rows, batch_rows: request.batch_rows.max(1) })
    }
}

impl Stream for Numbers {
    fn next(&mut self, call: &dyn Call, batch: &mut Batch) -> Result<bool, Failure> {
        while self.at < self.rows && batch.len() < self.batch_rows {
            if call.is_cancelled() {
                return Err(Failure::cancelled());
            }
            let at = self.at;
            self.at += 1;
            if at % 10 == 9 {
                let failure = Failure::data("every tenth number is bad").at_field("number");
                let raw = format!("raw {at} \u{e9}").into_bytes();
                batch.bad_rows.push(BadRow { failure, position: at, raw });
                continue;
            }
            batch.json_lines.push_str(&format!("{{\"number\":{at},\"text\":\"n\u{b0} {at}\"}}\n"));
            batch.positions.push(at);
        }
        batch.checkpoint.extend_from_slice(&self.at.to_le_bytes());
        if batch.is_empty() {
            batch.clear();
        }
        Ok(!batch.is_empty())
    }
}

headwater_sdk::export_connector!(Sample);
