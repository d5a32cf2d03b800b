//! The headers: alone and twice in every language and compiler, documented, laid out as in Rust; and
//! the symbols that the library exports.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use headwater_ffi_tests::prototypes::functions;
use headwater_ffi_tests::{STRICT, c_compiler, installed, link, repository, run, tool};

const C: [&str; 2] = ["headwater.h", "headwater_connector.h"];
const CPP: [&str; 5] = [
    "headwater.hpp",
    "headwater_result.hpp",
    "headwater_sync.hpp",
    "headwater_workspace.hpp",
    "headwater_connector.hpp",
];

/// Compiles each header alone, then all of them twice in two files of one program.
fn compiles(compiler: &str, standard: &str, headers: &[&str], ending: &str) {
    let folder = tempfile::tempdir().unwrap();
    let compile = |name: &str, text: String| {
        let source = folder.path().join(format!("{name}.{ending}"));
        let object = folder.path().join(format!("{name}.o"));
        std::fs::write(&source, text).unwrap();
        let mut command = Command::new(tool(compiler));
        command
            .arg(format!("-std={standard}"))
            .args(STRICT)
            .arg("-I")
            .arg(installed().join("include"));
        if ending == "cpp" {
            command.arg("-Wold-style-cast");
        }
        run(command.arg("-c").arg(source).arg("-o").arg(&object));
        object
    };
    for (index, header) in headers.iter().enumerate() {
        compile(&format!("alone{index}"), format!("#include <{header}>\nint unused_{index};\n"));
    }
    let all: String = headers.iter().map(|header| format!("#include <{header}>\n")).collect();
    let main = format!("{all}{all}int other(void);\nint main(void) {{ return other(); }}\n");
    let other = format!(
        "{all}{all}int other(void);\nint other(void) {{ return headwater_text(\"\").len == 0 ? 0 : 1; }}\n"
    );
    let objects = [compile("main", main), compile("other", other)];
    let program = folder.path().join("program");
    let mut command = Command::new(tool(compiler));
    run(link(command.args(objects).arg("-o").arg(&program)));
    run(&mut Command::new(program));
}

#[test]
fn the_c_headers_compile_alone_and_twice_as_c_and_as_cpp() {
    for compiler in ["gcc", "clang"] {
        for standard in ["c99", "c11", "c17"] {
            compiles(compiler, standard, &C, "c");
        }
    }
    for compiler in ["g++", "clang++"] {
        for standard in ["c++17", "c++20"] {
            compiles(compiler, standard, &C, "cpp");
        }
    }
}

#[test]
fn the_cpp_headers_compile_alone_and_twice() {
    for compiler in ["g++", "clang++"] {
        for standard in ["c++17", "c++20"] {
            compiles(compiler, standard, &CPP, "cpp");
        }
    }
}

#[test]
fn the_library_exports_the_listed_symbols_and_no_others() {
    let exported = |library: &Path, arguments: &[&str]| -> BTreeSet<String> {
        let listed = run(Command::new("nm").args(arguments).arg("--defined-only").arg(library));
        let names = listed.lines().filter_map(|line| line.split(' ').nth(2)).map(str::to_owned);
        names.filter(|name| !name.starts_with("HEADWATER_0")).collect()
    };
    let listed = std::fs::read_to_string(repository().join("include/headwater.symbols")).unwrap();
    let listed: BTreeSet<String> = listed.lines().map(str::to_owned).collect();
    assert!(listed.len() > 60);
    // Each with the version that its comment names.
    let versioned = functions().into_iter().map(|function| {
        let since =
            function.comment.rsplit("Since ").next().unwrap().trim_end_matches('.').to_owned();
        format!("{}@@HEADWATER_{since}", function.name)
    });
    let versioned: BTreeSet<String> = versioned.collect();
    assert_eq!(exported(&installed().join("lib/libheadwater.so"), &["-D"]), versioned);
    assert_eq!(exported(&installed().join("lib/libheadwater.a"), &["-g"]), listed);
    let declared: BTreeSet<String> =
        functions().into_iter().map(|function| function.name).collect();
    assert_eq!(declared, listed);
}

/// Effect, threads, errors and since; and for each pointer and text whose it is.
#[test]
fn every_function_says_what_a_caller_must_know() {
    const PHRASES: [&str; 3] = ["Borrowed ", "Copied.", "Owned by the caller; free with `"];
    let mut missing = Vec::new();
    for function in functions() {
        let comment = &function.comment;
        for part in ["Threads: ", "Errors: ", "Since 0."] {
            if !comment.contains(part) {
                missing.push(format!("{}: {part}", function.name));
            }
        }
        for (kind, name) in &function.parameters {
            let is_lent = kind.ends_with('*') || kind == "headwater_str";
            let is_said = comment.contains(&format!("`{name}`"))
                || comment.contains(&format!("`*{name}`"))
                || comment.contains(&format!("`*{name}`,"));
            if is_lent && !is_said && name != "out_error" {
                missing.push(format!("{}: {name}", function.name));
            }
        }
        let gives = function.parameters.iter().any(|(kind, name)| {
            kind.ends_with("**") && name != "out_error" || kind == "headwater_str"
        });
        if (gives || function.returns == "headwater_str")
            && !PHRASES.iter().any(|phrase| comment.contains(phrase))
        {
            missing.push(format!("{}: whose it is", function.name));
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

/// The sizes that the library's own code gives each struct, in `FIRST`, against the C compiler's.
#[test]
fn c_lays_every_struct_out_as_the_library_does() {
    let mut asserts = String::from("#include <headwater.h>\n");
    let mut structs = 0;
    for entry in std::fs::read_dir(repository().join("ffi/src")).unwrap() {
        let source = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let mut name = "";
        for line in source.lines() {
            if let Some(rest) = line.split("Struct for ").nth(1) {
                name = rest.trim_end_matches(" {");
            } else if let Some(size) = line.trim().strip_prefix("const FIRST: usize = ") {
                let size = size.trim_end_matches(';');
                if size != "usize" {
                    asserts.push_str(&format!(
                        "_Static_assert(sizeof({name}) == {size}, \"{name}\");\n"
                    ));
                    asserts.push_str(&format!(
                        "_Static_assert(offsetof({name}, struct_size) == 0, \"{name}\");\n"
                    ));
                    structs += 1;
                }
            }
        }
    }
    assert!(structs >= 5, "only {structs} structs were found");
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("layout.c");
    std::fs::write(&source, asserts).unwrap();
    run(c_compiler().arg("-c").arg(source).arg("-o").arg(folder.path().join("layout.o")));
}

#[test]
fn a_result_that_is_const_gives_its_value() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("const.cpp");
    let text = "#include <headwater.hpp>\nusing R = headwater::Result<headwater::Document>;\n\
                const headwater::Document &f(const R &r);\n\
                const headwater::Document &f(const R &r) { return r.value(); }\n";
    std::fs::write(&source, text).unwrap();
    run(headwater_ffi_tests::cpp_compiler().arg("-fsyntax-only").arg(&source));
}

/// Misuse of handles that a compiler sees; beside each what is right, so that nothing else is refused.
#[test]
fn misuse_of_handles_does_not_compile() {
    let c = [
        (
            "a query is no workspace",
            "headwater_workspace_free((headwater_query *)0);",
            "headwater_workspace_free((headwater_workspace *)0);",
        ),
        (
            "a borrowed error is not freed",
            "headwater_error_free(headwater_error_related((headwater_error *)0, 0));",
            "headwater_error_code(headwater_error_related((headwater_error *)0, 0));",
        ),
        (
            "a document is not written where a query goes",
            "headwater_document *d; headwater_query_open(0, headwater_text(\"\"), headwater_text(\"\"), &d, 0);",
            "headwater_query *d; headwater_query_open(0, headwater_text(\"\"), headwater_text(\"\"), &d, 0);",
        ),
        (
            "a C string is no headwater_str",
            "headwater_sync_open(\"job\", headwater_text(\"\"), 0, 0, 0);",
            "headwater_sync_open(headwater_text(\"job\"), headwater_text(\"\"), 0, 0, 0);",
        ),
    ];
    let cpp = [
        (
            "a workspace is not copied",
            "headwater::Workspace a(\"x\"); auto b = a;",
            "headwater::Workspace a(\"x\"); auto b = std::move(a);",
        ),
        (
            "a document is not copied",
            "extern headwater::Document a; auto b = a;",
            "extern headwater::Document a; auto b = std::move(a);",
        ),
        (
            "a result is not dropped",
            "extern headwater::Workspace w; w.attempt().archive(\"contact\", \"\");",
            "extern headwater::Workspace w; (void)w.attempt().archive(\"contact\", \"\");",
        ),
        (
            "a query is read where it can be moved on",
            "extern const headwater::Query q; q.next();",
            "extern headwater::Query q; q.next();",
        ),
        (
            "what is lent of a document is not kept without it",
            "extern headwater::Workspace w; std::string_view v = w.schemas();",
            "extern headwater::Workspace w; auto d = w.schemas(); std::string_view v = d;",
        ),
        (
            "calls on a workspace are not kept without it",
            "auto calls = headwater::Workspace(\"x\").attempt();",
            "headwater::Workspace w(\"x\"); auto calls = w.attempt();",
        ),
        (
            "a sync is not copied",
            "extern headwater::Sync a; auto b = a;",
            "extern headwater::Sync a; auto b = std::move(a);",
        ),
    ];
    let fails = |language: &str, what: &str, wrong: &str, right: &str| {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join(format!("misuse.{language}"));
        let header = if language == "c" { "headwater.h" } else { "headwater.hpp" };
        let compile = |body: &str| {
            let text = format!("#include <{header}>\nvoid f(void);\nvoid f(void) {{ {body} }}\n");
            std::fs::write(&source, text).unwrap();
            let mut compiler =
                if language == "c" { c_compiler() } else { headwater_ffi_tests::cpp_compiler() };
            compiler.args(["-fsyntax-only", "-Wno-unused"]).arg(&source).output().unwrap().status
        };
        assert!(compile(right).success(), "{what}: what is right does not compile");
        assert!(!compile(wrong).success(), "{what}: it compiles");
    };
    c.iter().for_each(|(what, wrong, right)| fails("c", what, wrong, right));
    cpp.iter().for_each(|(what, wrong, right)| fails("cpp", what, wrong, right));
}
