//! The binary interface against the committed baseline: it may grow, and nothing that is there changes.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use headwater_ffi_tests::{abi, repository};

/// What changed since the baseline, in today's header or in one where `from` is `to`.
fn changes(from: &str, to: &str) -> Option<String> {
    let scratch = tempfile::tempdir().unwrap();
    let include = scratch.path().join("include");
    std::fs::create_dir(&include).unwrap();
    for name in ["headwater.h", "headwater_connector.h"] {
        let header = std::fs::read_to_string(repository().join("include").join(name)).unwrap();
        assert!(name != "headwater.h" || header.contains(from), "{from}");
        let header = if name == "headwater.h" { header.replacen(from, to, 1) } else { header };
        std::fs::write(include.join(name), header).unwrap();
    }
    let today = scratch.path().join("today.abi");
    abi::describe(&include, scratch.path(), &today);
    abi::changes(&abi::baseline(), &today)
}

#[test]
fn programs_built_against_the_baseline_still_work() {
    assert_eq!(changes("", ""), None);
}

#[test]
fn a_new_function_is_no_change() {
    let known = "int32_t headwater_code_at(size_t index);";
    assert_eq!(changes(known, &format!("{known}\nint32_t headwater_new(void);")), None);
}

#[test]
fn what_would_break_a_program_is_noticed() {
    for (from, to) in [
        ("  int32_t rejects_duplicates;", "  int64_t rejects_duplicates;"),
        ("int32_t headwater_code_at(size_t index);", ""),
        ("headwater_code_at(size_t index)", "headwater_code_at(int32_t index)"),
        ("int32_t headwater_code_at(", "int64_t headwater_code_at("),
    ] {
        assert!(changes(from, to).is_some(), "{from:?} became {to:?}");
    }
}
