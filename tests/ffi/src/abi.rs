//! The binary interface of headwater.h as libabigail sees it: the committed one, and today's.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::prototypes::functions_of;
use crate::{compiler, repository, run, tool};

/// What programs were built against: types and functions, of the day when the baseline was written.
#[must_use]
pub fn baseline() -> PathBuf {
    repository().join("tests/ffi/headwater.abi")
}

/// Writes the interface of a header in a folder to a file. The debug information is a C compiler's,
/// of functions that do nothing: so it says what C programs see, and not what is behind it.
///
/// # Panics
/// If a tool is missing, or the header does not compile.
pub fn describe(include: &Path, scratch: &Path, to: &Path) {
    let mut stubs = String::from("#include \"headwater.h\"\n");
    let header = std::fs::read_to_string(include.join("headwater.h")).expect("the header");
    for function in functions_of(&header) {
        let parameters: Vec<String> =
            function.parameters.iter().map(|(kind, name)| format!("{kind} {name}")).collect();
        let parameters =
            if parameters.is_empty() { "void".to_owned() } else { parameters.join(", ") };
        let (returns, name) = (&function.returns, &function.name);
        let body = match returns.as_str() {
            "void" => String::new(),
            "headwater_str" => "headwater_str none = {0, 0}; return none;".to_owned(),
            _ => "return 0;".to_owned(),
        };
        stubs.push_str(&format!("{returns} {name}({parameters}) {{ {body} }}\n"));
    }
    let (source, library) = (scratch.join("stubs.c"), scratch.join("libheadwater.so.0"));
    std::fs::write(&source, stubs).expect("the stubs are written");
    let mut command = compiler("CC", "cc");
    command.args([
        "-std=c11",
        "-g",
        "-O0",
        "-shared",
        "-fPIC",
        "-Wl,-soname,libheadwater.so.0",
        "-I",
    ]);
    // By its name alone, which is what the description then has.
    run(command.arg(include).arg("-o").arg(&library).arg("stubs.c").current_dir(scratch));
    let mut abidw = Command::new(tool("abidw"));
    abidw.args(["--no-corpus-path", "--no-comp-dir-path", "--no-show-locs", "--out-file"]);
    run(abidw.arg(to).arg(library));
}

/// What abidiff finds in the second description that is not in the first, other than functions that
/// are new. A struct that grew at its end is found too: whether it may is for a person to say.
///
/// # Panics
/// If abidiff cannot be run or fails.
#[must_use]
pub fn changes(first: &Path, second: &Path) -> Option<String> {
    let mut abidiff = Command::new(tool("abidiff"));
    let output = abidiff.arg("--no-added-syms").arg(first).arg(second).output();
    let output = output.expect("abidiff runs");
    let status = output.status.code().unwrap_or(1);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    // 1 and 2: abidiff failed; 4: something changed; 8: a function is gone.
    assert!(status & 3 == 0, "abidiff failed: {said}{}", String::from_utf8_lossy(&output.stderr));
    Some(said).filter(|_| status != 0)
}
