//! The C header: up to date, complete in itself, and of the same layout as the Rust structs.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::mem::offset_of;
use std::path::Path;
use std::process::Command;

use headwater::ErrorCode;
use headwater::source::MAX_CHECKPOINT_BYTES;
use headwater_abi::*;
use headwater_abi_tests::{cargo, compiler, repository, run};

#[test]
fn the_header_is_what_the_sources_give() {
    let arguments = ["run", "--quiet", "-p", "headwater-headers", "--", "--check"];
    run(cargo().current_dir(repository()).args(arguments));
}

#[test]
fn the_header_compiles_alone_and_twice_in_c_and_in_cpp() {
    let folder = tempfile::tempdir().unwrap();
    let include = "#include \"headwater_connector.h\"\n";
    let once = format!("{include}int first(void);\nint first(void) {{ return HEADWATER_OK; }}\n");
    let main = "int first(void);\nint main(void) { return first(); }\n";
    let twice = format!("{include}{include}{main}");
    for (variable, usual, standard, ending) in [
        ("CC", "cc", "c99", "c"),
        ("CC", "cc", "c11", "c"),
        ("CXX", "c++", "c++11", "cpp"),
        ("CXX", "c++", "c++17", "cpp"),
    ] {
        let path = |name: &str| folder.path().join(format!("{name}_{standard}.{ending}"));
        std::fs::write(path("once"), &once).unwrap();
        std::fs::write(path("twice"), &twice).unwrap();
        let mut command = compiler(variable, usual);
        command.arg(format!("-std={standard}"));
        command.args(["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I"]);
        command.arg(repository().join("include")).arg("-o").arg(folder.path().join(standard));
        run(command.arg(path("once")).arg(path("twice")));
        run(&mut Command::new(folder.path().join(standard)));
    }
}

/// Each struct's size and the offsets of its fields, as Rust lays them out.
macro_rules! layouts {
    ($($name:ident { $($field:ident)+ })+) => {
        BTreeMap::from([$((
            stringify!($name),
            vec![("", size_of::<$name>()), $((stringify!($field), offset_of!($name, $field)),)+],
        ),)+])
    };
}

fn rust_layouts() -> BTreeMap<&'static str, Vec<(&'static str, usize)>> {
    layouts! {
        headwater_str { ptr len }
        headwater_failure { struct_size code retry retry_after_ms message field record hint }
        headwater_call { struct_size context fail cancelled log }
        headwater_description { struct_size name version config_schema capabilities }
        headwater_field { struct_size name value_type flags }
        headwater_stream_info { struct_size name flags fields field_count position_unit }
        headwater_discovery { struct_size streams stream_count }
        headwater_request { struct_size stream checkpoint partition batch_rows payload_kinds }
        headwater_bad_row { struct_size code position message field hint raw }
        headwater_batch {
            struct_size payload_kind null_means data arrow_array arrow_schema record_count
            positions bad_rows bad_row_count checkpoint part
        }
        headwater_connector {
            struct_size abi_major abi_minor describe open check read next close_stream close
        }
    }
}

/// The structs and fields in the source, so that a new one cannot be forgotten above.
fn declared() -> BTreeMap<String, Vec<String>> {
    let mut structs: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut last = String::new();
    for line in abi_source().lines() {
        if let Some(name) = line.strip_prefix("pub struct ") {
            last = name.trim_end_matches(" {").to_owned();
        } else if let Some(field) = line.strip_prefix("    pub ") {
            let name = field.split(':').next().unwrap_or_default().to_owned();
            structs.entry(last.clone()).or_default().push(name);
        }
    }
    structs
}

fn abi_source() -> String {
    std::fs::read_to_string(repository().join("plugins/abi/src/lib.rs")).unwrap()
}

#[test]
fn c_and_rust_lay_every_struct_out_alike() {
    let layouts = rust_layouts();
    let listed: BTreeMap<String, Vec<String>> = layouts
        .iter()
        .map(|(name, fields)| {
            let fields = fields[1..].iter().map(|(field, _)| (*field).to_owned());
            ((*name).to_owned(), fields.collect())
        })
        .collect();
    assert_eq!(listed, declared(), "list every struct and field in `rust_layouts`");
    let mut program =
        "#include \"headwater_connector.h\"\n#include <stdio.h>\nint main(void) {\n".to_owned();
    let mut expected = String::new();
    for (name, fields) in &layouts {
        for (field, value) in fields {
            let c = match field.is_empty() {
                true => format!("sizeof({name})"),
                false => format!("offsetof({name}, {field})"),
            };
            program.push_str(&format!("  printf(\"{c} = %zu\\n\", {c});\n"));
            expected.push_str(&format!("{c} = {value}\n"));
        }
    }
    program.push_str("  return 0;\n}\n");
    assert_eq!(run_c(&program), expected);
}

fn run_c(program: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let (source, binary) = (folder.path().join("program.c"), folder.path().join("program"));
    std::fs::write(&source, program).unwrap();
    let include = |command: &mut Command, path: &Path| {
        command.arg("-I").arg(path);
    };
    let mut command = compiler("CC", "cc");
    command.args(["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]);
    include(&mut command, &repository().join("include"));
    run(command.arg("-o").arg(&binary).arg(source));
    run(&mut Command::new(binary))
}

#[test]
fn the_codes_of_the_header_are_those_of_the_table() {
    let header = std::fs::read_to_string(repository().join("include/headwater_connector.h"));
    let header = header.unwrap();
    let codes = |text: &str, start: &str| -> Vec<(String, i32)> {
        let lines = text.lines().filter_map(|line| line.strip_prefix(start));
        lines
            .map(|rest| {
                let (name, value) = rest.trim_end_matches(';').split_once(' ').unwrap();
                let value = value.rsplit(' ').next().unwrap();
                (name.trim_end_matches(':').to_lowercase(), value.parse().unwrap())
            })
            .collect()
    };
    let in_header = codes(&header, "#define HEADWATER_E_");
    assert_eq!(in_header, codes(&abi_source(), "pub const HEADWATER_E_"));
    assert!(in_header.len() >= 13, "{in_header:?}");
    for (name, number) in in_header {
        let code = ErrorCode::from_number(number);
        assert_eq!(code.map(ErrorCode::name), Some(name.as_str()), "{number}");
    }
    assert_eq!(HEADWATER_MAX_CHECKPOINT_BYTES, MAX_CHECKPOINT_BYTES);
}
