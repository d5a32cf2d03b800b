//! A connector that panics in the function whose name stands in the configuration.

use headwater_sdk::{Batch, Call, Connector, Failure, Request, Stream, StreamInfo};

struct Panics(String);

/// Dropped with the source or the stream; `.1` is the function that frees it.
struct Bomb(String, &'static str);

struct Rows {
    config: String,
    is_read: bool,
    _bomb: Bomb,
}

fn panic_in(config: &str, function: &str) {
    assert!(!config.contains(&format!("\"{function}\"")), "boom in {function}");
}

impl Drop for Bomb {
    fn drop(&mut self) {
        panic_in(&self.0, self.1);
    }
}

impl Drop for Panics {
    fn drop(&mut self) {
        panic_in(&self.0, "close");
    }
}

impl Connector for Panics {
    const NAME: &'static str = "broken_panics";
    const VERSION: &'static str = "1.0.0";
    const CONFIG_SCHEMA: &'static str = r#"{"type": "object"}"#;
    type Stream = Rows;

    fn open(config: &str) -> Result<Self, Failure> {
        panic_in(config, "open");
        Ok(Self(config.to_owned()))
    }

    fn check(&mut self, _call: &dyn Call) -> Result<Vec<StreamInfo>, Failure> {
        panic_in(&self.0, "check");
        Ok(Vec::new())
    }

    fn read(&mut self, _call: &dyn Call, _request: &Request<'_>) -> Result<Rows, Failure> {
        panic_in(&self.0, "read");
        let config = self.0.clone();
        Ok(Rows { _bomb: Bomb(config.clone(), "close_stream"), config, is_read: false })
    }
}

impl Stream for Rows {
    fn next(&mut self, _call: &dyn Call, batch: &mut Batch) -> Result<bool, Failure> {
        panic_in(&self.config, "next");
        if !std::mem::replace(&mut self.is_read, true) {
            batch.json_lines.push_str("{}\n");
            batch.positions.push(1);
            batch.checkpoint.push(1);
            return Ok(true);
        }
        Ok(false)
    }
}

headwater_sdk::export_connector!(Panics);
