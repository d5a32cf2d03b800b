//! Derives the changed ABI from the real one, so that it cannot go stale.

const DOOR: &str = "#[cfg(feature = \"layout-check\")]\npub mod root;\n";

fn main() {
    let source = "../../../../plugins/abi/src/lib.rs";
    println!("cargo::rerun-if-changed={source}");
    let text = std::fs::read_to_string(source).expect("the real ABI").replace(DOOR, "");
    let changed = text.replacen("    pub payload_kind: i32,", "    pub payload_kind: u32,", 1);
    assert_ne!(changed, text, "the field to change is gone");
    // `include!` takes no inner attributes.
    let is_inner = |line: &str| line.starts_with("//!") || line.starts_with("#![");
    let outer: Vec<&str> = changed.lines().filter(|line| !is_inner(line)).collect();
    let folder = std::env::var("OUT_DIR").expect("set by cargo");
    std::fs::write(format!("{folder}/abi.rs"), outer.join("\n")).expect("a writable folder");
}
