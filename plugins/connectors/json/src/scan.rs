//! Finds the end of a JSON value in text that arrives in pieces, in constant memory and without recursion.

use memchr::memchr2;

/// How far into a value the text has come.
///
/// It follows brackets and quotes only; whether the value is well-formed is for `serde_json` to say.
#[derive(Debug, Default)]
pub(crate) struct ValueScan {
    depth: usize,
    in_string: bool,
    is_escaped: bool,
    is_scalar: bool,
}

impl ValueScan {
    /// Whether the value is a number or a word, which end with the file as well.
    pub(crate) fn is_scalar(&self) -> bool {
        self.is_scalar
    }

    /// Takes the next piece; returns where in it the value ends.
    pub(crate) fn feed(&mut self, piece: &[u8]) -> Option<usize> {
        let mut at = 0;
        while at < piece.len() {
            if self.in_string {
                if self.is_escaped {
                    self.is_escaped = false;
                    at += 1;
                    continue;
                }
                at += memchr2(b'"', b'\\', &piece[at..])?;
                self.is_escaped = piece[at] == b'\\';
                self.in_string = self.is_escaped;
                at += 1;
                if !self.in_string && self.depth == 0 {
                    return Some(at);
                }
                continue;
            }
            match piece[at] {
                b'"' | b'{' | b'[' if self.is_scalar => return Some(at),
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' if self.depth <= 1 => {
                    return Some(at + self.depth);
                }
                b'}' | b']' => self.depth -= 1,
                b',' | b' ' | b'\t' | b'\r' | b'\n' if self.is_scalar => return Some(at),
                _ => self.is_scalar = self.depth == 0,
            }
            at += 1;
        }
        None
    }
}
