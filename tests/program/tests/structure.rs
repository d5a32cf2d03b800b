//! Who may use whom: the crates keep to the picture in ARCHITECTURE.md.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value as Json;

/// What each crate of the product may depend on among the others.
const ALLOWED: [(&str, &[&str]); 14] = [
    ("headwater", &[]),
    ("headwater-abi", &[]),
    ("headwater-sdk", &["headwater-abi"]),
    ("headwater-host", &["headwater", "headwater-abi", "headwater-sdk"]),
    ("headwater-hostile", &["headwater", "headwater-abi", "headwater-host"]),
    ("headwater-connector-files", &["headwater-sdk"]),
    ("headwater-connector-csv", &["headwater-sdk", "headwater-connector-files"]),
    ("headwater-connector-json", &["headwater-sdk", "headwater-connector-files"]),
    ("headwater-connector-scripted", &["headwater-sdk"]),
    ("headwater-server", &["headwater"]),
    ("headwater-cli", &["headwater", "headwater-host", "headwater-server"]),
    ("headwater-ffi", &["headwater", "headwater-abi", "headwater-host"]),
    ("headwater-python", &["headwater", "headwater-cli", "headwater-host"]),
    ("headwater-headers", &[]),
];
/// Crates that core must not bring in, directly or not.
const NOT_IN_CORE: [&str; 3] = ["libloading", "abi_stable", "clap"];
/// Crates that only the remote workspace may use: the rest of core needs no runtime.
const REMOTE_ONLY: [&str; 4] = ["reqwest", "tokio", "rustls", "httpdate"];

fn metadata() -> Json {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--locked", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    serde_json::from_slice(&output.stdout).expect("the metadata is JSON")
}

#[test]
fn every_crate_uses_only_what_it_may() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    let ours: BTreeSet<&str> = packages
        .iter()
        .filter(|package| package["source"].is_null())
        .filter_map(|package| package["name"].as_str())
        .collect();
    for (name, allowed) in ALLOWED {
        let package = packages
            .iter()
            .find(|package| package["name"] == name && package["source"].is_null())
            .unwrap_or_else(|| panic!("there is no crate {name}"));
        let used = package["dependencies"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|dependency| dependency["kind"] != "dev")
            .filter_map(|dependency| dependency["name"].as_str());
        for dependency in used.filter(|dependency| ours.contains(dependency)) {
            assert!(allowed.contains(&dependency), "{name} must not use {dependency}");
        }
    }
}

#[test]
fn core_loads_no_libraries() {
    let metadata = metadata();
    let nodes: BTreeMap<&str, &Json> = metadata["resolve"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| (node["id"].as_str().unwrap(), node))
        .collect();
    let names: BTreeMap<&str, &str> = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| (package["id"].as_str().unwrap(), package["name"].as_str().unwrap()))
        .collect();
    let core = names.iter().find(|(_, name)| **name == "headwater").unwrap().0;
    let mut reached = BTreeSet::new();
    let mut next = vec![*core];
    while let Some(id) = next.pop() {
        if reached.insert(id) {
            let normal = nodes[id]["deps"].as_array().unwrap().iter().filter(|dependency| {
                dependency["dep_kinds"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .any(|kind| kind["kind"].is_null())
            });
            next.extend(normal.filter_map(|dependency| dependency["pkg"].as_str()));
        }
    }
    assert!(reached.len() > 20, "the dependencies of core were not found");
    for id in reached {
        assert!(!NOT_IN_CORE.contains(&names[id]), "core brings in {}", names[id]);
    }
}

#[test]
fn only_the_remote_workspace_needs_a_runtime() {
    let core = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../core/src");
    let (mut inside, mut next) = (0, vec![core.clone()]);
    while let Some(path) = next.pop() {
        if path.is_dir() {
            next.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let mut used = REMOTE_ONLY.iter().filter(|name| text.contains(&format!("{name}::")));
        if path.starts_with(core.join("remote")) {
            inside += used.count();
        } else {
            assert_eq!(used.next(), None, "{}", path.display());
        }
    }
    assert!(inside > 5, "the remote workspace was not found");
}

#[test]
fn what_the_compiler_cannot_check_stays_at_the_boundary() {
    const WORD: &str = concat!("un", "safe");
    // The last has connectors that break the rules of the ABI.
    let allowed = ["plugins/abi/", "plugins/sdk/", "plugins/host/", "ffi/", "tests/abi/"];
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let listed =
        Command::new("git").args(["ls-files", "*.rs"]).current_dir(&root).output().unwrap();
    let files = String::from_utf8(listed.stdout).unwrap();
    let has_word = |file: &str| {
        let text = std::fs::read_to_string(root.join(file)).unwrap_or_default();
        text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == WORD)
    };
    let (inside, outside): (Vec<&str>, Vec<&str>) = files
        .lines()
        .filter(|file| has_word(file))
        .partition(|file| allowed.iter().any(|folder| file.starts_with(folder)));
    assert!(!inside.is_empty(), "nothing was found at the boundary either");
    assert_eq!(outside, [""; 0]);
}

#[test]
fn no_source_file_is_longer_than_500_lines() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let listed = Command::new("git")
        .args(["ls-files", "*.rs", "*.py", "*.c", "*.cpp", "*.hpp", "*.sh"])
        .current_dir(&root)
        .output()
        .unwrap();
    let files = String::from_utf8(listed.stdout).unwrap();
    assert!(files.lines().count() > 50, "no files were listed");
    let long: Vec<String> = files
        .lines()
        .filter_map(|file| {
            let lines = std::fs::read_to_string(root.join(file)).ok()?.lines().count();
            (lines > 500).then(|| format!("{file}: {lines}"))
        })
        .collect();
    assert!(long.is_empty(), "split these files: {long:?}");
}

/// The modules of core, lowest first: each may name those before it and itself.
const LAYERS: [&str; 20] = [
    "error",
    "keyring",
    "stopwatch",
    "value",
    "source",
    "schema",
    "record",
    "operation",
    "access",
    "store",
    "twin",
    "workspace",
    "acting",
    "calls",
    "activity",
    "local",
    "remote",
    "open",
    "seed",
    "sync",
];

#[test]
fn no_module_of_core_names_a_higher_one() {
    let core = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../core/src");
    for entry in std::fs::read_dir(&core).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        assert!(name == "lib" || LAYERS.contains(&name), "{name} has no place among the modules");
    }
    let mut files = 0;
    for (place, layer) in LAYERS.iter().enumerate() {
        let mut next = vec![core.join(layer), core.join(format!("{layer}.rs"))];
        while let Some(path) = next.pop() {
            if path.is_dir() {
                next.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
                continue;
            }
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if name.ends_with("tests.rs") || !name.ends_with(".rs") || !path.exists() {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            files += 1;
            for higher in &LAYERS[place + 1..] {
                let named = format!("crate::{higher}::");
                assert!(!code.contains(&named), "{} names {named}", path.display());
            }
        }
    }
    assert!(files > 40, "only {files} files of core were found");
}
