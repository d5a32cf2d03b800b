//! Writes the C headers and the list of symbols, or checks that they are up to date.
//!
//! `cargo run -p headwater-headers` writes them, `cargo run -p headwater-headers -- --check` fails
//! if a file in the repository is not what the sources give.

mod comments;
mod connector;
mod library;
mod symbols;

use std::path::Path;
use std::process::ExitCode;

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
    let include = root.join("include");
    let library = library::header(&root.join("ffi/src"))?;
    let listed = symbols::list(&include.join("headwater.symbols"), &library, is_check)?;
    let files = [
        ("headwater_connector.h", connector::header(&root.join("plugins/abi/src/lib.rs"))?),
        ("headwater.map", symbols::version_script(&library)?),
        ("headwater.h", library),
        ("headwater.symbols", listed),
    ];
    for (name, text) in files {
        let path = include.join(name);
        if !is_check {
            std::fs::write(&path, text)
                .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        } else if std::fs::read_to_string(&path).unwrap_or_default() != text {
            return Err(format!(
                "{} is not what the sources give\nfix: run `cargo run -p headwater-headers` and commit the result",
                path.display()
            ));
        }
    }
    Ok(())
}

/// What cbindgen is told for both headers.
fn config() -> cbindgen::Config {
    cbindgen::Config {
        language: cbindgen::Language::C,
        style: cbindgen::Style::Type,
        documentation_style: cbindgen::DocumentationStyle::Doxy,
        usize_is_size_t: true,
        no_includes: true,
        tab_width: 2,
        line_length: 100,
        ..cbindgen::Config::default()
    }
}

/// The declarations of a source.
fn declarations(config: cbindgen::Config, source: &Path) -> Result<String, String> {
    let bindings = cbindgen::Builder::new()
        .with_config(config)
        .with_src(source)
        .generate()
        .map_err(|error| format!("cbindgen cannot read {}: {error}", source.display()))?;
    let mut body = Vec::new();
    bindings.write(&mut body);
    let body = String::from_utf8(body).map_err(|error| error.to_string())?;
    Ok(comments::on_one_line(body.trim()))
}
