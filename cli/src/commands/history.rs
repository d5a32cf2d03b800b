//! How the history of a record is printed.

use headwater::Result;
use headwater::operation::HistoryPage;
use serde_json::Value as Json;

use crate::arguments::ReportFormat;
use crate::output;

/// Prints a page: one JSON object, or a line for each change and one for each of its attributes.
pub(crate) fn print(page: &HistoryPage, format: ReportFormat) -> Result<()> {
    let document = page.to_json();
    if format == ReportFormat::Json {
        return output::json(&document);
    }
    for change in document["data"].as_array().into_iter().flatten() {
        let text = |name: &str| change[name].as_str().unwrap_or("unknown");
        match &change["at"] {
            Json::String(at) => {
                output::say(&format!("{at}  {} by {}", text("operation"), text("actor")))?;
            }
            _ => output::line("(here no log was kept: what changed is not known)")?,
        }
        for (name, states) in change["attributes"].as_object().into_iter().flatten() {
            let (before, after) = (bare(&states["before"]), bare(&states["after"]));
            output::say(&format!("  {name}: {before} -> {after}"))?;
        }
    }
    if let Some(cursor) = &page.next_cursor {
        output::note_more(cursor);
    }
    Ok(())
}

/// What an envelope, or a list of them, holds.
fn bare(envelope: &Json) -> Json {
    match envelope {
        Json::Array(envelopes) => envelopes.iter().map(bare).collect(),
        envelope => envelope["value"].clone(),
    }
}
