//! Writes the C headers, or checks that they are up to date.
//!
//! `cargo run -p headwater-headers` writes them, `cargo run -p headwater-headers -- --check` fails
//! if a header in the repository is not what the sources give.

use std::path::Path;
use std::process::ExitCode;

use cbindgen::{Builder, Config, DocumentationStyle, ItemType, Language, Style};

fn main() -> ExitCode {
    let is_check = match std::env::args().nth(1).as_deref() {
        None => false,
        Some("--check") => true,
        Some(other) => return fail(&format!("unknown argument `{other}`, expected --check")),
    };
    match run(is_check) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => fail(&message),
    }
}

#[expect(clippy::print_stderr, reason = "a program of the build says what is wrong")]
fn fail(message: &str) -> ExitCode {
    eprintln!("error: {message}");
    ExitCode::FAILURE
}

fn run(is_check: bool) -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let path = root.join("include/headwater_connector.h");
    let header = connector_header(&root.join("plugins/abi/src/lib.rs"))?;
    if is_check {
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        if committed != header {
            return Err(format!(
                "{} is not what plugins/abi gives\nfix: run `cargo run -p headwater-headers` and commit the result",
                path.display()
            ));
        }
        return Ok(());
    }
    std::fs::write(&path, header)
        .map_err(|error| format!("cannot write {}: {error}", path.display()))
}

const GUARD: &str = "HEADWATER_CONNECTOR_H";

const INTRODUCTION: &str = "\
/*
 * The connector ABI of Headwater.
 *
 * A connector is a shared library that exports one symbol, `headwater_connector_v1`, which returns
 * a table of functions. Every struct that crosses starts with `struct_size`; fields are only ever
 * appended. Integers stand for enumerations and flags: an unknown value is an error, never undefined.
 *
 * Ownership has four phrases: *Borrowed for the call.* *Copied.* *Owned by the caller; free with
 * `..`.* *Borrowed from `x` until the next call on it, or until it is freed.* Nothing that one side
 * allocates is freed by the other.
 *
 * Generated from plugins/abi by `cargo run -p headwater-headers`; do not edit.
 */";

/// Outside the guard cbindgen would put it; the guard is written by hand around everything.
const TRAILER: &str = "
/*
 * The one symbol that a connector library exports: it returns the address of a table that lives
 * as long as the process. May be called at any time, from any thread, any number of times.
 */
#if defined(_WIN32)
__declspec(dllexport)
#elif defined(__GNUC__)
__attribute__((visibility(\"default\")))
#endif
const headwater_connector *headwater_connector_v1(void);
";

fn connector_header(source: &Path) -> Result<String, String> {
    let mut config = Config {
        language: Language::C,
        style: Style::Type,
        documentation_style: DocumentationStyle::Doxy,
        usize_is_size_t: true,
        no_includes: true,
        tab_width: 2,
        line_length: 100,
        ..Config::default()
    };
    // Nothing of the ABI is reachable from a function: every struct is named here by its kind.
    config.export.item_types = vec![ItemType::Constants, ItemType::Structs, ItemType::Typedefs];
    config.export.include = structs(source)?;
    config.export.exclude = vec!["headwater_connector_v1_fn".to_owned()];
    let bindings = Builder::new()
        .with_config(config)
        .with_src(source)
        .generate()
        .map_err(|error| format!("cbindgen cannot read {}: {error}", source.display()))?;
    let mut body = Vec::new();
    bindings.write(&mut body);
    let body = String::from_utf8(body).map_err(|error| error.to_string())?;
    Ok(format!(
        "{INTRODUCTION}\n#ifndef {GUARD}\n#define {GUARD}\n\n#include <stddef.h>\n#include <stdint.h>\n\n\
         #ifdef __cplusplus\nextern \"C\" {{\n#endif\n\n{}\n{TRAILER}\n\
         #ifdef __cplusplus\n}}  /* extern \"C\" */\n#endif\n\n#endif  /* {GUARD} */\n",
        one_line_comments(body.trim())
    ))
}

/// Puts comments of one sentence on one line: half the length, and names are aligned to the eye.
fn one_line_comments(body: &str) -> String {
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

/// The names of the structs, in the order of the source.
fn structs(source: &Path) -> Result<Vec<String>, String> {
    let text = std::fs::read_to_string(source)
        .map_err(|error| format!("cannot read {}: {error}", source.display()))?;
    let name = |line: &str| Some(line.strip_prefix("pub struct ")?.split(' ').next()?.to_owned());
    Ok(text.lines().filter_map(name).collect())
}
