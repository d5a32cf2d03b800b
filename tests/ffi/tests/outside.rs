//! Projects outside of this repository, built from an installed tree with pkg-config and CMake.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use headwater_ffi_tests::{installed, repository, run, tool};
use serde_json::Value as Json;

/// A copy of a project, so that it lies outside of the repository.
fn copied(project: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let from = repository().join("tests/ffi/outside").join(project);
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        std::fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
    }
    folder
}

fn keeps_a_contact(program: &Path, libraries: Option<&Path>) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(program);
    command.arg(folder.path().join("crm.db"));
    if let Some(libraries) = libraries {
        command.env("LD_LIBRARY_PATH", libraries);
    }
    let record: Json = serde_json::from_str(&run(&mut command)).unwrap();
    assert_eq!(record["attributes"]["first_name"]["value"], "Sarah");
}

fn needs(program: &Path) -> String {
    run(Command::new("readelf").arg("--dynamic").arg(program))
}

#[test]
fn a_c_project_builds_with_pkg_config_shared_and_static() {
    let project = copied("c");
    let mut make = Command::new("make");
    make.current_dir(project.path()).env_remove("MAKEFLAGS");
    run(make.env("PKG_CONFIG_PATH", installed().join("lib/pkgconfig")));
    let (shared, linked) = (project.path().join("shared"), project.path().join("static"));
    assert!(needs(&shared).contains("[libheadwater.so.0]"), "the SONAME has the major version");
    assert!(!needs(&linked).contains("libheadwater"));
    keeps_a_contact(&shared, Some(&installed().join("lib")));
    keeps_a_contact(&linked, None);
}

#[test]
fn a_cpp_project_builds_with_find_package_shared_and_static() {
    let (project, built) = (copied("cpp"), tempfile::tempdir().unwrap());
    let cmake = || Command::new(tool("cmake"));
    let prefix = format!("-DCMAKE_PREFIX_PATH={}", installed().display());
    run(cmake().arg("-S").arg(project.path()).arg("-B").arg(built.path()).arg(prefix));
    run(cmake().arg("--build").arg(built.path()));
    let (shared, linked) = (built.path().join("shared"), built.path().join("static"));
    assert!(needs(&shared).contains("[libheadwater.so.0]"), "the SONAME has the major version");
    assert!(!needs(&linked).contains("libheadwater"));
    keeps_a_contact(&shared, None);
    keeps_a_contact(&linked, None);
    let connector = built.path().join("libheadwater_connector_empty.so");
    assert!(!needs(&connector).contains("libheadwater.so"), "a connector links no library");
    let symbols = run(Command::new("nm").args(["-D", "--defined-only"]).arg(connector));
    assert!(symbols.contains("headwater_connector_v1"));
}

#[test]
fn an_installed_tree_can_be_replaced_and_moved() {
    let (made, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let prefix = made.path().join("prefix");
    headwater_ffi_tests::install(&prefix);
    // What a program has mapped, as it has it open, is not written into.
    let names = ["libheadwater.so", "headwater/connectors/libheadwater_connector_csv.so"];
    let open = |name: &str| std::fs::File::open(prefix.join("lib").join(name)).unwrap();
    let before = names.map(open);
    headwater_ffi_tests::install(&prefix);
    for (before, after) in before.iter().zip(names.map(open)) {
        assert_ne!(before.metadata().unwrap().ino(), after.metadata().unwrap().ino());
    }
    let listed = std::fs::read_dir(prefix.join("lib")).unwrap();
    assert_eq!(listed.filter(|file| is_hidden(file.as_ref().unwrap())).count(), 0);
    let moved = folder.path().join("elsewhere");
    run(Command::new("mv").arg(made.path().join("prefix")).arg(&moved));
    let mut pkg_config = Command::new("pkg-config");
    pkg_config.env("PKG_CONFIG_PATH", moved.join("lib/pkgconfig"));
    let flags = run(pkg_config.args(["--cflags", "--libs", "headwater"]));
    assert!(flags.contains(&*moved.to_string_lossy()), "{flags}");
}

fn is_hidden(file: &std::fs::DirEntry) -> bool {
    file.file_name().to_string_lossy().starts_with('.')
}
