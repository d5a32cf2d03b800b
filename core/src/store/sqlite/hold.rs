//! A hold on a workspace's files beside SQLite's own locks.
//!
//! Those belong to the process: a second copy of SQLite in it, such as Python's `sqlite3` or the one
//! that a C program is linked with, neither sees them nor keeps them. When it closes the file it takes
//! itself for the last one, and deletes the write-ahead log that this copy goes on writing to; what was
//! acknowledged is lost. A lock of an open file description does conflict with that, and outlives it.

/// Held as long as a store has connections.
pub(super) use held::Hold;

#[cfg(target_os = "linux")]
mod held {
    use std::collections::HashMap;
    use std::collections::hash_map::Entry;
    use std::fs::{File, Metadata};
    use std::io;
    use std::os::unix::fs::MetadataExt;
    use std::path::{Path, PathBuf};
    use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

    use nix::fcntl::{FcntlArg, fcntl};
    use nix::libc;

    /// What every connection locks to read: <https://www.sqlite.org/src/file?name=src/os.h>, `SHARED_FIRST`.
    pub(super) const SHARED: (i64, i64) = (0x4000_0002, 510);
    /// The byte of the index of the log that says that somebody uses it, `UNIX_SHM_DMS`.
    const IN_USE: (i64, i64) = (128, 1);

    /// A file's device and number.
    type Identity = (u64, u64);

    /// The files that this process has open here. They are opened and closed under its lock alone:
    /// closing any descriptor of a file takes all locks away that SQLite has on it.
    static FILES: LazyLock<Mutex<HashMap<Identity, Files>>> = LazyLock::new(Mutex::default);

    struct Files {
        database: File,
        index: Option<File>,
        /// Stores that are there, or are being opened.
        stores: usize,
        /// Those of them that hold the log.
        holding: usize,
    }

    /// Made before a store's first connection, and dropped once its last is closed.
    #[derive(Default)]
    pub(crate) struct Hold {
        file: Option<Identity>,
        is_holding: bool,
    }

    impl Hold {
        /// Keeps the file open, if it is there.
        pub(crate) fn of(path: &Path) -> Self {
            let mut files = files();
            let Ok(identity) = path.metadata().map(|found| identity(&found)) else {
                return Self::default();
            };
            match files.entry(identity) {
                Entry::Occupied(mut open) => open.get_mut().stores += 1,
                Entry::Vacant(place) => {
                    let Ok(database) = File::open(path) else { return Self::default() };
                    place.insert(Files { database, index: None, stores: 1, holding: 0 });
                }
            }
            Self { file: Some(identity), is_holding: false }
        }

        /// Keeps the log from being deleted; goes without where the file system knows no such locks.
        pub(crate) fn take(&mut self, path: &Path) {
            if self.file.is_none() {
                *self = Self::of(path);
            }
            let mut files = files();
            let Some(files) = self.file.and_then(|file| files.get_mut(&file)) else { return };
            self.is_holding = true;
            files.holding += 1;
            if files.holding == 1 {
                files.open_index(path);
                files.lock(libc::F_RDLCK);
            }
        }

        /// Lets the last connection that closes tidy up, as it does by itself.
        pub(crate) fn let_go(&mut self) {
            let mut files = files();
            let Some(files) = self.file.and_then(|file| files.get_mut(&file)) else { return };
            if std::mem::take(&mut self.is_holding) {
                files.holding -= 1;
                if files.holding == 0 {
                    files.lock(libc::F_UNLCK);
                }
            }
        }
    }

    impl Drop for Hold {
        fn drop(&mut self) {
            self.let_go();
            let mut files = files();
            let Some(file) = self.file else { return };
            if let Some(open) = files.get_mut(&file) {
                open.stores -= 1;
                if open.stores == 0 {
                    files.remove(&file);
                }
            }
        }
    }

    impl Files {
        /// Opens the index of the log, which is another file each time that the log is made anew.
        fn open_index(&mut self, path: &Path) {
            let Ok(path) = log_index(path) else { return };
            let known = self.index.as_ref().and_then(|index| index.metadata().ok());
            let found = path.metadata().ok();
            if known.map(|known| identity(&known)) != found.map(|found| identity(&found)) {
                self.index = File::open(path).ok();
            }
        }

        fn lock(&self, kind: libc::c_int) {
            for (file, (from, length)) in
                [(Some(&self.database), SHARED), (self.index.as_ref(), IN_USE)]
            {
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

    fn files() -> MutexGuard<'static, HashMap<Identity, Files>> {
        FILES.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn identity(file: &Metadata) -> Identity {
        (file.dev(), file.ino())
    }

    /// The index of a database's write-ahead log, which is beside the file that a link leads to.
    fn log_index(path: &Path) -> io::Result<PathBuf> {
        let mut name = path.canonicalize()?.into_os_string();
        name.push("-shm");
        Ok(name.into())
    }
}

/// Elsewhere there are no such locks, or other ones.
#[cfg(not(target_os = "linux"))]
mod held {
    use std::path::Path;

    #[derive(Default)]
    pub(crate) struct Hold;

    impl Hold {
        pub(crate) fn of(_: &Path) -> Self {
            Self
        }

        pub(crate) fn take(&mut self, _: &Path) {}

        pub(crate) fn let_go(&mut self) {}
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::fs::OpenOptions;
    use std::path::Path;
    use std::thread;

    use nix::fcntl::{FcntlArg, fcntl};
    use nix::libc;

    use super::held::SHARED;
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

    #[test]
    fn stores_may_come_and_go_on_many_threads() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("crm.db");
        let kept = SqliteStore::open(&path, &Schema::standard(), true).unwrap();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..10 {
                        drop(SqliteStore::open(&path, &Schema::standard(), false).unwrap());
                    }
                });
            }
        });
        assert!(!could_delete_log(&path));
        drop(kept);
        assert!(!folder.path().join("crm.db-wal").exists());
    }
}
