//! A folder of this process, in memory where the system has such a place.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

const PREFIX: &str = "headwater-fuzz-";

/// Made at the first use. It cannot be removed at the end, which a crash is: the next process does.
pub(crate) fn folder() -> &'static Path {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        remove_of_the_dead(&parent);
        let folder = parent.join(format!("{PREFIX}{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder can be made");
        folder
    });
    &FOLDER
}

fn remove_of_the_dead(parent: &Path) {
    let processes = Path::new("/proc");
    let Ok(entries) = std::fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        if let Some(process) = process
            && processes.join("self").exists()
            && !processes.join(process).exists()
        {
            // Another process may have been quicker.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}
