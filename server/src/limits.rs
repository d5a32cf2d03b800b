//! How much a client may ask for, and how long it may take to ask.

use std::num::NonZeroU32;
use std::time::Duration;

use headwater::operation::QueryLimits;

/// How deep objects and lists of a body may nest; no request of the API comes near it.
pub(crate) const MAX_JSON_DEPTH: usize = 64;

/// What bounds the requests of clients.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The largest body, in bytes.
    pub body_bytes: usize,
    /// How long the head of a request may take to arrive, and then its body; also how long a
    /// connection may be idle.
    pub request_time: Duration,
    /// How many connections are served at once; further ones wait.
    pub connections: usize,
    /// How many requests a second each key may make (all clients together, without keys).
    pub requests_per_second: Option<NonZeroU32>,
    /// How much one query may ask for, and how long it may take.
    pub query: QueryLimits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 1024 * 1024,
            request_time: Duration::from_secs(30),
            connections: 512,
            requests_per_second: None,
            query: QueryLimits { time: Some(Duration::from_secs(30)), ..QueryLimits::default() },
        }
    }
}

/// Whether JSON nests deeper than [`MAX_JSON_DEPTH`]; of what is no JSON the parser tells.
pub(crate) fn nests_too_deep(json: &[u8]) -> bool {
    let (mut depth, mut is_text, mut is_escaped) = (0_usize, false, false);
    for byte in json {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            _ if is_text => {}
            b'[' | b'{' => {
                depth += 1;
                if depth > MAX_JSON_DEPTH {
                    return true;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nests_too_deep_does() {
        let nested = |depth: usize| ["[".repeat(depth), "]".repeat(depth)].concat();
        assert!(!nests_too_deep(nested(MAX_JSON_DEPTH).as_bytes()));
        assert!(nests_too_deep(nested(MAX_JSON_DEPTH + 1).as_bytes()));
        assert!(!nests_too_deep("[{}],".repeat(1000).as_bytes()));
        let text = format!(r#"{{"a": "{}", "b\"": "\\", "c": [1]}}"#, "[".repeat(100));
        assert!(!nests_too_deep(text.as_bytes()));
        assert!(!nests_too_deep("]".repeat(100).as_bytes()));
    }
}
