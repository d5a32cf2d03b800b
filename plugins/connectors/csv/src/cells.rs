//! Writes the cells of a row as a JSON object.

use crate::parser::Span;

/// What becomes of cells on the way to JSON.
#[derive(Debug)]
pub(crate) struct Columns {
    /// `"name":` as it stands in JSON, one per column.
    keys: Vec<String>,
    null_values: Vec<String>,
    trim: bool,
}

impl Columns {
    pub(crate) fn new(names: &[String], null_values: Vec<String>, trim: bool) -> Self {
        let key = |name: &String| {
            let mut key = String::with_capacity(name.len() + 3);
            push_string(&mut key, name);
            key.push(':');
            key
        };
        Self { keys: names.iter().map(key).collect(), null_values, trim }
    }

    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Appends a line with a JSON object; `spans` says where each cell is in `text`.
    ///
    /// Returns `false`, and appends nothing, if a cell ends inside a character.
    pub(crate) fn push_row(&self, out: &mut String, text: &str, spans: &[Span]) -> bool {
        let before = out.len();
        out.push('{');
        let mut is_first = true;
        for (key, &(from, end)) in self.keys.iter().zip(spans) {
            let Some(mut cell) = text.get(from..end) else {
                out.truncate(before);
                return false;
            };
            if self.trim {
                cell = cell.trim();
            }
            let is_null =
                !self.null_values.is_empty() && self.null_values.iter().any(|n| n == cell);
            if cell.is_empty() && !is_null {
                continue;
            }
            if !is_first {
                out.push(',');
            }
            is_first = false;
            out.push_str(key);
            if is_null {
                out.push_str("null");
            } else {
                push_string(out, cell);
            }
        }
        out.push_str("}\n");
        true
    }
}

/// Appends a JSON string.
fn push_string(out: &mut String, text: &str) {
    out.push('"');
    // No early exit, so that the compiler can look at many bytes at once: most cells need no escapes.
    if text.bytes().fold(false, |any, byte| any | is_escaped(byte)) {
        push_escaped(out, text);
    } else {
        out.push_str(text);
    }
    out.push('"');
}

fn is_escaped(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}

fn push_escaped(out: &mut String, text: &str) {
    const HEX: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..'\x20' => {
                let code = character as usize;
                out.push_str("\\u00");
                out.push(HEX[code >> 4]);
                out.push(HEX[code & 15]);
            }
            _ => out.push(character),
        }
    }
}
