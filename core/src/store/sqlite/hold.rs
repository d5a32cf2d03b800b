//! A hold on a workspace's files beside SQLite's own locks.
//!
//! Those belong to the process: a second copy of SQLite in it, such as Python's `sqlite3` or the one
//! that a C program is linked with, neither sees them nor keeps them. When it closes the file it takes
//! itself for the last one, and deletes the write-ahead log that this copy goes on writing to; what was
//! acknowledged is lost. A lock of an open file description does conflict with that, and outlives it.

use std::path::Path;

/// Held as long as a store has connections.
pub(super) use held::Hold;

#[cfg(target_os = "linux")]
mod held {
    use std::collections::HashMap;
    use std::fs::File;
    use std::os::unix::fs::MetadataExt;
    use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

    use nix::fcntl::{FcntlArg, fcntl};
    use nix::libc;

    use super::{Path, SHARED, log_index};

    /// Each file's, by device and number, as closing any of its descriptors takes SQLite's locks away.
    type Held = HashMap<(u64, u64), Weak<Files>>;

    /// The locked files: closed when the last store of the process has closed its connections.
    struct Files {
        database: File,
        index: Option<File>,
        stores: Mutex<usize>,
    }

    /// Dropped once the connections are closed, before which it is let go.
    #[derive(Default)]
    pub(crate) struct Hold(Option<Arc<Files>>);

    impl Hold {
        /// Keeps the log of an open database from being deleted; goes without where the file system
        /// knows no such locks.
        pub(crate) fn take(path: &Path) -> Self {
            let held = held();
            let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
            held.retain(|_, files| files.strong_count() > 0);
            let Ok(metadata) = path.metadata() else { return Self(None) };
            let file = (metadata.dev(), metadata.ino());
            let files = match held.get(&file).and_then(Weak::upgrade) {
                Some(files) => files,
                None => {
                    let Ok(database) = File::open(path) else { return Self(None) };
                    let index = log_index(path).and_then(File::open).ok();
                    let files = Arc::new(Files { database, index, stores: Mutex::new(0) });
                    held.insert(file, Arc::downgrade(&files));
                    files
                }
            };
            files.add();
            Self(Some(files))
        }

        /// Lets the last connection that closes tidy up, as it does by itself.
        pub(crate) fn let_go(&self) {
            if let Some(files) = &self.0 {
                files.remove();
            }
        }
    }

    impl Files {
        fn add(&self) {
            let mut stores = self.stores.lock().unwrap_or_else(PoisonError::into_inner);
            *stores += 1;
            if *stores == 1 {
                self.lock(libc::F_RDLCK);
            }
        }

        fn remove(&self) {
            let mut stores = self.stores.lock().unwrap_or_else(PoisonError::into_inner);
            *stores -= 1;
            if *stores == 0 {
                self.lock(libc::F_UNLCK);
            }
        }

        fn lock(&self, kind: libc::c_int) {
            let files = [(Some(&self.database), SHARED), (self.index.as_ref(), super::IN_USE)];
            for (file, (from, length)) in files {
                let Some(file) = file else { continue };
                let range = libc::flock {
                    l_type: libc::c_short::try_from(kind).unwrap_or_default(),
                    l_whence: libc::c_short::try_from(libc::SEEK_SET).unwrap_or_default(),
                    l_start: from,
                    l_len: length,
                    l_pid: 0,
                };
                let _ = fcntl(file, FcntlArg::F_OFD_SETLK(&range));
            }
        }
    }

    fn held() -> &'static Mutex<Held> {
        static HELD: OnceLock<Mutex<Held>> = OnceLock::new();
        HELD.get_or_init(Mutex::default)
    }
}

/// Elsewhere there are no such locks, or other ones.
#[cfg(not(target_os = "linux"))]
mod held {
    #[derive(Default)]
    pub(crate) struct Hold;

    impl Hold {
        pub(crate) fn take(_: &super::Path) -> Self {
            Self
        }

        pub(crate) fn let_go(&self) {}
    }
}

/// What every connection locks to read: <https://www.sqlite.org/src/file?name=src/os.h>, `SHARED_FIRST`.
#[cfg(target_os = "linux")]
const SHARED: (i64, i64) = (0x4000_0002, 510);
/// The byte of the index of the log that says that somebody uses it, `UNIX_SHM_DMS`.
#[cfg(target_os = "linux")]
const IN_USE: (i64, i64) = (128, 1);

/// The index of a database's write-ahead log, which is beside the file that a link leads to.
#[cfg(target_os = "linux")]
fn log_index(path: &Path) -> std::io::Result<std::path::PathBuf> {
    let mut name = path.canonicalize()?.into_os_string();
    name.push("-shm");
    Ok(name.into())
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::fs::OpenOptions;

    use nix::fcntl::{FcntlArg, fcntl};
    use nix::libc;

    use super::*;
    use crate::schema::Schema;
    use crate::store::SqliteStore;

    /// Whether another copy of SQLite in this process would get what it deletes the log under.
    fn could_delete_log(path: &Path) -> bool {
        let file = OpenOptions::new().read(true).write(true).open(path).unwrap();
        let range = libc::flock {
            l_type: libc::F_WRLCK.try_into().unwrap(),
            l_whence: libc::SEEK_SET.try_into().unwrap(),
            l_start: SHARED.0,
            l_len: SHARED.1,
            l_pid: 0,
        };
        fcntl(&file, FcntlArg::F_SETLK(&range)).is_ok()
    }

    #[test]
    fn the_log_is_held_by_each_store_and_goes_with_the_last() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("crm.db");
        let one = SqliteStore::open(&path, &Schema::standard(), true).unwrap();
        let other = SqliteStore::open(&path, &Schema::standard(), false).unwrap();
        assert!(!could_delete_log(&path));
        drop(one);
        assert!(!could_delete_log(&path));
        let log = folder.path().join("crm.db-wal");
        assert!(log.exists());
        drop(other);
        assert!(!log.exists(), "the last one tidies up");
        assert!(could_delete_log(&path));
        let again = SqliteStore::open(&path, &Schema::standard(), false).unwrap();
        assert!(!could_delete_log(&path));
        drop(again);
    }
}
