//! Whole syncs into a real workspace: as [`crate::mapping`], far slower, with all that follows.

use headwater::sync::RunOptions;
use headwater::{OpenOptions, open};
use std::sync::LazyLock;

use crate::mapping::Sync;
use crate::scratch;

/// An empty workspace.
static EMPTY: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let path = scratch::folder().join("empty.db");
    let options = OpenOptions { create: true, ..OpenOptions::default() };
    drop(open(&path.display().to_string(), options).expect("a workspace can be made"));
    std::fs::read(&path).expect("it can be read")
});

/// Checks one input.
pub fn run(input: &[u8]) {
    let Some(sync) = Sync::parse(input) else { return };
    let path = scratch::folder().join("sync.db");
    for ending in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(scratch::folder().join(format!("sync.db{ending}")));
    }
    std::fs::write(&path, &*EMPTY).expect("a workspace can be copied");
    let workspace = open(&path.display().to_string(), OpenOptions::default())
        .expect("a copy of a workspace can be opened");
    // An input may make the first run fail; the second one resumes or starts over.
    if sync.check(&*workspace, RunOptions::default()).is_some() {
        sync.check(&*workspace, RunOptions { full: true });
    }
}
