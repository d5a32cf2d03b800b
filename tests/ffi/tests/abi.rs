//! The binary interface against the committed baseline: it may grow, and nothing that is there changes.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use headwater_ffi_tests::{abi, repository};

#[test]
fn programs_built_against_the_baseline_still_work() {
    let scratch = tempfile::tempdir().unwrap();
    let today = scratch.path().join("today.abi");
    abi::describe(&repository().join("include"), scratch.path(), &today);
    let (said, is_compatible) = abi::compare(&abi::baseline(), &today);
    assert!(is_compatible && !said.contains("type size changed"), "{said}");
}

/// The comparison sees a struct that has another layout.
#[test]
fn a_changed_struct_is_noticed() {
    let scratch = tempfile::tempdir().unwrap();
    let include = scratch.path().join("include");
    std::fs::create_dir(&include).unwrap();
    for name in ["headwater.h", "headwater_connector.h"] {
        let header = std::fs::read_to_string(repository().join("include").join(name)).unwrap();
        let changed =
            header.replacen("  int32_t rejects_duplicates;", "  int64_t rejects_duplicates;", 1);
        assert!(name != "headwater.h" || changed != header);
        std::fs::write(include.join(name), changed).unwrap();
    }
    let today = scratch.path().join("today.abi");
    abi::describe(&include, scratch.path(), &today);
    let (said, _) = abi::compare(&abi::baseline(), &today);
    assert!(said.contains("type size changed") || said.contains("rejects_duplicates"), "{said}");
}
