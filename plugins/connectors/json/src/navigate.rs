//! Finds the rows inside of a document, and the end of what is around them.

use headwater_sdk::{Call, Failure};

use crate::scan::ValueScan;
use crate::text::Text;

/// Moves on to the value at the end of a path of names, from the root.
///
/// # Errors
/// `source_data_invalid` if there is no such value, or if the document is broken on the way to it.
pub(crate) fn navigate(call: &dyn Call, text: &mut Text, path: &[String]) -> Result<(), Failure> {
    for (depth, name) in path.iter().enumerate() {
        let here = format!("/{}", path[..depth].join("/"));
        match token(call, text)? {
            b'{' => enter_object(call, text, name, &here)?,
            b'[' => enter_array(call, text, name, &here)?,
            _ => {
                let message = format!(
                    "found neither an object nor an array at `{here}`, expected `{name}` in it"
                );
                return Err(text.failure_at(0, &message).at_field("rows"));
            }
        }
    }
    Ok(())
}

/// Moves on from behind the value at the end of a path to behind the document.
///
/// # Errors
/// `source_data_invalid` if a name of the path stands twice, as the rows behind the second are not read, or
/// if the document ends too early.
pub(crate) fn leave(call: &dyn Call, text: &mut Text, path: &[String]) -> Result<(), Failure> {
    for (depth, name) in path.iter().enumerate().rev() {
        loop {
            match token(call, text)? {
                b'}' | b']' => break text.advance(1),
                b',' | b':' => text.advance(1),
                b'"' => {
                    let end = text.find_value_end(call, 0, "a name")?;
                    let is_same = is_name(&text.unread()[..end], name);
                    text.advance(end);
                    if is_same && token(call, text)? == b':' {
                        let here = path[..depth].join("/");
                        let what = format!("found `{name}` twice in `/{here}`, expected one");
                        return Err(text
                            .failure_at(0, &what)
                            .at_field("rows")
                            .hint("correct the document, which names the rows twice"));
                    }
                }
                _ => text.skip(call, ValueScan::default())?,
            }
        }
    }
    Ok(())
}

/// Whether a text in quotes is this name.
fn is_name(text: &[u8], name: &str) -> bool {
    serde_json::from_slice::<String>(text).is_ok_and(|found| found == name)
}

fn enter_object(call: &dyn Call, text: &mut Text, name: &str, here: &str) -> Result<(), Failure> {
    text.advance(1);
    let mut is_first = true;
    loop {
        let mut found = token(call, text)?;
        if found == b'}' {
            return Err(missing(text, name, here));
        }
        if !is_first {
            expect(text, found, b',')?;
            found = token(call, text)?;
        }
        is_first = false;
        if found != b'"' {
            return Err(text.failure_at(0, "found no name, expected one in quotes"));
        }
        let end = text.find_value_end(call, 0, "a name")?;
        let key: String = serde_json::from_slice(&text.unread()[..end])
            .map_err(|error| text.failure_at(0, &format!("found a broken name: {error}")))?;
        text.advance(end);
        let found = token(call, text)?;
        expect(text, found, b':')?;
        if key == name {
            return Ok(());
        }
        skip_value(call, text)?;
    }
}

fn enter_array(call: &dyn Call, text: &mut Text, name: &str, here: &str) -> Result<(), Failure> {
    let Ok(index) = name.parse::<usize>() else { return Err(missing(text, name, here)) };
    text.advance(1);
    for _ in 0..index {
        if token(call, text)? == b']' {
            return Err(missing(text, name, here));
        }
        skip_value(call, text)?;
        let found = token(call, text)?;
        if found == b']' {
            return Err(missing(text, name, here));
        }
        expect(text, found, b',')?;
    }
    if token(call, text)? == b']' { Err(missing(text, name, here)) } else { Ok(()) }
}

fn skip_value(call: &dyn Call, text: &mut Text) -> Result<(), Failure> {
    if matches!(token(call, text)?, b',' | b':' | b'}' | b']') {
        return Err(text.failure_at(0, "found no value, expected one"));
    }
    text.skip(call, ValueScan::default())
}

fn token(call: &dyn Call, text: &mut Text) -> Result<u8, Failure> {
    let token = text.token(call)?;
    token.ok_or_else(|| text.failure_at(0, "found the end of the file inside the document"))
}

fn expect(text: &mut Text, found: u8, expected: u8) -> Result<(), Failure> {
    if found == expected {
        text.advance(1);
        return Ok(());
    }
    let found = found.escape_ascii();
    Err(text.failure_at(0, &format!("found `{found}`, expected `{}`", expected as char)))
}

fn missing(text: &Text, name: &str, here: &str) -> Failure {
    text.failure_at(0, &format!("found no `{name}` in `{here}`"))
        .at_field("rows")
        .hint("set `rows` to where the rows lie in the document")
}
