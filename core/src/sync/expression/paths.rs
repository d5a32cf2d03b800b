//! What an expression reads of a row, found in its text: the engine tells neither columns in brackets,
//! `row["Job Title"]`, nor those that are sliced.

use std::iter::Peekable;
use std::str::CharIndices;

/// What the text of an expression says of the row.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Paths {
    /// Each place that is read, from the column down.
    pub(super) read: Vec<Vec<String>>,
    /// Whether something is sliced.
    pub(super) has_slice: bool,
    /// Whether it says what holds where something is not there.
    pub(super) has_default: bool,
}

impl Paths {
    /// Those of an expression that can be read.
    pub(super) fn of(text: &str) -> Self {
        let mut paths = Self::default();
        let mut open = Vec::new();
        let mut rest = text.char_indices().peekable();
        // What a name stands behind: one that follows a point is an attribute of something else.
        let mut before = ' ';
        while let Some((at, found)) = rest.next() {
            match found {
                '"' | '\'' => drop(string(&mut rest, found)),
                '(' | '[' | '{' => open.push(found),
                ')' | ']' | '}' => drop(open.pop()),
                ':' => paths.has_slice |= open.last() == Some(&'['),
                _ if is_start(found) => {
                    let name = name(text, at, &mut rest);
                    paths.has_default |= match name {
                        "default" | "defined" | "undefined" => true,
                        "d" => before == '|',
                        _ => false,
                    };
                    if name == "row" && before != '.' {
                        paths.read.extend(path(text, &mut rest));
                    }
                }
                _ => {}
            }
            if !found.is_whitespace() {
                before = found;
            }
        }
        paths
    }

    /// The columns, each once.
    pub(super) fn columns(&self) -> Vec<&str> {
        let mut columns: Vec<&str> = self.read.iter().map(|path| path[0].as_str()).collect();
        columns.sort_unstable();
        columns.dedup();
        columns
    }
}

type Rest<'t> = Peekable<CharIndices<'t>>;

/// What follows `row`: names behind points, and texts in brackets.
fn path(text: &str, rest: &mut Rest<'_>) -> Option<Vec<String>> {
    let mut path = Vec::new();
    loop {
        let mut ahead = rest.clone();
        let step = match next_visible(&mut ahead) {
            Some((_, '.')) => match next_visible(&mut ahead) {
                Some((at, found)) if is_start(found) => Some(name(text, at, &mut ahead).to_owned()),
                _ => None,
            },
            Some((_, '[')) => match next_visible(&mut ahead) {
                Some((_, quote @ ('"' | '\''))) => {
                    let key = string(&mut ahead, quote);
                    matches!(next_visible(&mut ahead), Some((_, ']'))).then_some(key)
                }
                _ => None,
            },
            _ => None,
        };
        let is_called = matches!(next_visible(&mut ahead.clone()), Some((_, '(')));
        match step.filter(|_| !is_called) {
            Some(step) => path.push(step),
            None => return (!path.is_empty()).then_some(path),
        }
        *rest = ahead;
    }
}

fn next_visible(rest: &mut Rest<'_>) -> Option<(usize, char)> {
    rest.find(|(_, found)| !found.is_whitespace())
}

fn is_start(found: char) -> bool {
    found == '_' || found.is_ascii_alphabetic()
}

/// The name that begins here.
fn name<'t>(text: &'t str, start: usize, rest: &mut Rest<'_>) -> &'t str {
    let mut end = start + 1;
    while let Some((at, _)) =
        rest.next_if(|(_, found)| *found == '_' || found.is_ascii_alphanumeric())
    {
        end = at + 1;
    }
    &text[start..end]
}

/// The string that a quote has begun.
fn string(rest: &mut Rest<'_>, quote: char) -> String {
    let mut string = String::new();
    while let Some((_, found)) = rest.next() {
        match found {
            _ if found == quote => break,
            '\\' => match rest.next() {
                Some((_, 'n')) => string.push('\n'),
                Some((_, 't')) => string.push('\t'),
                Some((_, 'r')) => string.push('\r'),
                Some((_, escaped)) => string.push(escaped),
                None => {}
            },
            _ => string.push(found),
        }
    }
    string
}

#[cfg(test)]
mod tests {
    use super::Paths;

    fn read(text: &str) -> Vec<String> {
        Paths::of(text).read.iter().map(|path| path.join("/")).collect()
    }

    #[test]
    fn columns_are_found_behind_points_and_in_brackets() {
        for (text, expected) in [
            ("row.first ~ ' ' ~ row.last", &["first", "last"][..]),
            ("row['Job Title'] or row [ \"a \\\"b\\\"\" ]", &["Job Title", "a \"b\""]),
            ("row.address.city|upper", &["address/city"]),
            ("row['address'] . city [0]", &["address/city"]),
            ("row.name.strip() ~ row.list[0].x", &["name", "list"]),
            ("row.Close[-2:] ~ row[:2]", &["Close"]),
            ("'row.x' ~ other.row.y ~ arrow.z ~ row_a.b", &[]),
            ("{'related': row.Owner} if row.Owner", &["Owner", "Owner"]),
            ("row[row.which]", &["which"]),
            ("row", &[]),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn slices_and_defaults_are_found() {
        let slices = |text: &str| Paths::of(text).has_slice;
        assert!(slices("row.a[:4]") && slices("(row.a or row.b)[1:2]") && slices("row.a[x::2]"));
        assert!(!slices("{'a': row.b}") && !slices("[{'a': 1}]") && !slices("row['a:b'] ~ '[:2]'"));
        let defaults = |text: &str| Paths::of(text).has_default;
        assert!(defaults("row.a | default('')") && defaults("row.a|d('')"));
        assert!(defaults("row.a if row.a is defined"));
        assert!(!defaults("row.d ~ 'default'"));
    }
}
