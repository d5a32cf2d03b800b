//! Every seed and every kept input through its target, with an ordinary compiler.

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use headwater_fuzz::TARGETS;

/// The files of a target's folder.
fn inputs(folder: &str, target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(target);
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.expect("a folder can be read").path()).collect();
    files.sort();
    files
}

fn run_all(name: &str) {
    let (_, target) = TARGETS.iter().find(|(known, _)| *known == name).expect("a target");
    let seeds = inputs("seeds", name);
    assert!(!seeds.is_empty(), "{name} has no seeds");
    let failed: Vec<String> = seeds
        .iter()
        .chain(&inputs("corpus", name))
        .filter(|file| {
            let input = fs::read(file).expect("an input can be read");
            catch_unwind(|| target(&input)).is_err()
        })
        .map(|file| file.display().to_string())
        .collect();
    assert!(failed.is_empty(), "{name} fails on {failed:#?}");
}

macro_rules! tests {
    ($($name:ident)+) => {
        $(#[test] fn $name() { run_all(stringify!($name)); })+

        #[test]
        fn every_target_is_here() {
            let tested = [$(stringify!($name)),+];
            let known: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
            assert_eq!(known, tested);
        }
    };
}

tests! { value job_file csv json checkpoint connector_abi mapping sync query }
