//! The layout of comments.

/// Puts comments of one sentence on one line: half the length, and names are aligned to the eye.
pub(crate) fn on_one_line(body: &str) -> String {
    let lines: Vec<&str> = body.lines().collect();
    let mut short = String::with_capacity(body.len());
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        let text = lines.get(at + 1).and_then(|line| line.trim_start().strip_prefix("* "));
        let is_end = lines.get(at + 2).is_some_and(|line| line.trim() == "*/");
        match text {
            Some(text) if line.trim() == "/**" && is_end && line.len() + text.len() <= 94 => {
                short.push_str(&format!("{line} {text} */\n"));
                at += 3;
            }
            _ => {
                short.push_str(line);
                short.push('\n');
                at += 1;
            }
        }
    }
    short.trim_end().to_owned()
}

/// The first comment of a source, its `//!` lines, as a comment in C.
pub(crate) fn of_module(source: &str) -> String {
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    let body: String = lines.map(|line| format!(" *{line}\n")).collect();
    format!("/*\n{body} */")
}
