//! Snapshots: copies of the workspace under names, for as long as the server runs.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use headwater::{Error, ErrorCode, Generation, Result, Twin};
use tempfile::TempDir;

/// The state that the server began with; it cannot be replaced.
const START: &str = "start";
/// The snapshot that has no other name.
const DEFAULT: &str = "default";
/// The longest name.
const LONGEST_NAME: usize = 64;
/// How many there may be at once.
const MOST: usize = 32;

/// Where a snapshot is, and what its clock and ids were.
#[derive(Clone)]
struct Snapshot {
    path: PathBuf,
    generation: Generation,
}

/// The snapshots of a server.
pub(super) struct Snapshots {
    folder: TempDir,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    by_name: BTreeMap<String, Snapshot>,
    /// Names each copy's file: a file is never written again.
    taken: u64,
}

impl Snapshots {
    /// Keeps the present state as the one that the server began with.
    ///
    /// # Errors
    /// `store_io`, `store_full`, `store_busy`.
    pub(super) fn beginning_with(twin: &dyn Twin) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("headwater-twin-").tempdir();
        let folder = folder.map_err(|cause| {
            let what = format!("cannot make a folder for snapshots: {cause}");
            Error::new(ErrorCode::StoreIo, what).because(cause)
        })?;
        let snapshots = Self { folder, kept: Mutex::default() };
        snapshots.write(twin, START)?;
        Ok(snapshots)
    }

    /// Keeps the present state under a name, in place of what had the name; gives the name.
    ///
    /// # Errors
    /// `invalid_request` for a name that cannot be, or a name too many; `store_io`, `store_full`.
    pub(super) fn take(&self, twin: &dyn Twin, name: Option<&str>) -> Result<String> {
        let name = name.unwrap_or(DEFAULT);
        check_name(name)?;
        let kept = self.kept();
        if kept.by_name.len() > MOST && !kept.by_name.contains_key(name) {
            let what = format!("there are {MOST} snapshots already");
            return Err(refused(&what, "take one under a name that there is"));
        }
        drop(kept);
        self.write(twin, name)?;
        Ok(name.to_owned())
    }

    /// Goes back to a snapshot; without a name to the default one, or to the beginning where none
    /// was taken. Gives the name.
    ///
    /// # Errors
    /// `invalid_request` for a name that there is not; `store_io`, `store_full`, `store_busy`.
    pub(super) fn go_back(&self, twin: &dyn Twin, name: Option<&str>) -> Result<String> {
        let kept = self.kept();
        let is_taken = kept.by_name.contains_key(DEFAULT);
        let name = name.unwrap_or(if is_taken { DEFAULT } else { START });
        let found = kept.by_name.get(name).cloned();
        let known = || kept.by_name.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        let snapshot = found.ok_or_else(|| {
            refused(&format!("there is no snapshot {name:?}"), &format!("there are: {}", known()))
        })?;
        drop(kept);
        twin.return_to(&snapshot.path)?;
        twin.set_generation(snapshot.generation);
        Ok(name.to_owned())
    }

    /// The names of all, in their order.
    pub(super) fn names(&self) -> Vec<String> {
        self.kept().by_name.keys().cloned().collect()
    }

    fn write(&self, twin: &dyn Twin, name: &str) -> Result<()> {
        let number = {
            let mut kept = self.kept();
            kept.taken += 1;
            kept.taken
        };
        let path = self.folder.path().join(format!("{number}.db"));
        twin.copy_to(&path)?;
        let snapshot = Snapshot { path, generation: twin.generation() };
        if let Some(replaced) = self.kept().by_name.insert(name.to_owned(), snapshot) {
            // What cannot be removed goes with the folder.
            let _ = std::fs::remove_file(replaced.path);
        }
        Ok(())
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn check_name(name: &str) -> Result<()> {
    let is_usual = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !(1..=LONGEST_NAME).contains(&name.len()) || !name.bytes().all(is_usual) {
        let hint = "a name has up to 64 letters, digits, `-` and `_`";
        return Err(refused("the snapshot cannot have this name", hint));
    }
    if name == START {
        let what = "`start` is the state that the server began with";
        return Err(refused(what, "take the snapshot under another name"));
    }
    Ok(())
}

fn refused(what: &str, hint: &str) -> Error {
    Error::new(ErrorCode::InvalidRequest, what).at_field("name").hint(hint)
}
