//! Finds out from its start what a file holds.

use std::path::Path;

use headwater_sdk::{Call, Failure};
use memchr::memchr;

use crate::config::Layout;
use crate::text::Text;
use crate::value::check_syntax;

/// What the file holds; `None` if it is empty. Nothing is consumed.
pub(crate) fn detect(call: &dyn Call, text: &mut Text) -> Result<Option<Layout>, Failure> {
    if is_named_lines(text.window.path()) {
        return Ok(Some(Layout::Lines));
    }
    let Some(at) = text.find_token(call, 0)? else { return Ok(None) };
    match text.unread()[at] {
        b'[' => return Ok(Some(Layout::Array)),
        b'{' => {}
        _ => return Ok(Some(Layout::Lines)),
    }
    let end = find_line_end(call, text, at).map_err(too_long)?;
    if check_syntax(&text.unread()[at..end]).is_ok() {
        return Ok(Some(Layout::Lines));
    }
    // The first line may be the malformed one.
    let Some(at) = text.find_token(call, end).map_err(too_long)? else {
        return Ok(Some(Layout::Document));
    };
    let end = find_line_end(call, text, at).map_err(too_long)?;
    let line = &text.unread()[at..end];
    let is_row = line.starts_with(b"{") && check_syntax(line).is_ok();
    Ok(Some(if is_row { Layout::Lines } else { Layout::Document }))
}

fn too_long(failure: Failure) -> Failure {
    if failure.hint.is_empty() && failure.code == Failure::data("").code {
        return failure.hint("set `rows` to where the rows lie in the document");
    }
    failure
}

fn find_line_end(call: &dyn Call, text: &mut Text, from: usize) -> Result<usize, Failure> {
    let mut scanned = from;
    loop {
        if let Some(at) = memchr(b'\n', &text.unread()[scanned..]) {
            return Ok(scanned + at);
        }
        scanned = text.unread().len();
        if !text.fill(call)? {
            return Ok(scanned);
        }
    }
}

fn is_named_lines(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let name = name.strip_suffix(".gz").or(name.strip_suffix(".zst")).unwrap_or(&name);
    name.ends_with(".jsonl") || name.ends_with(".ndjson")
}
