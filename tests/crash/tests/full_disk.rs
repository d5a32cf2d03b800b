//! A disk that is full or broken ends the run with the right code; with space again it goes on.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use headwater_crash_tests::desk::CrashDesk;
use headwater_crash_tests::faults::{EDQUOT, EIO, ENOSPC, Fault, inject, read_log};
use headwater_crash_tests::journal::{Counts, Journal};
use headwater_crash_tests::random::seed;
use headwater_crash_tests::reference::Reference;
use headwater_crash_tests::tell;
use headwater_program_tests::{Finished, finish};

const ROWS: usize = 300;
const COMMIT_ROWS: usize = 50;
const FILES: &str = "/crm.db";
/// Whether a run that committed all its rows, and then could not even note that it is done, still
/// reports what it committed.
const REPORTS_WITHOUT_NOTE: bool = false;
const FOR_GOOD: u64 = u64::MAX;

/// Checks what a failed run says; gives its code.
fn code_of(failed: &Finished) -> String {
    assert_eq!(failed.status, Some(1), "{failed:?}");
    let report = failed.json();
    assert_eq!(report["state"], "failed", "{failed:?}");
    let code = report["error"]["code"].as_str().unwrap_or_default().to_owned();
    assert!(!report["error"]["hint"].as_str().unwrap_or_default().is_empty(), "{failed:?}");
    assert!(failed.errors.contains(&code), "stderr does not say why: {failed:?}");
    code
}

/// What the report of a run counts is what the journal holds, no more and no less.
///
/// After a commit that could not be forced to disk nobody can know whether it is there: the journal
/// may then hold one commit more than the run could report.
fn require_same_counts(finished: &Finished, workspace: &Path, is_in_doubt: bool, context: &str) {
    let report = finished.json();
    if report["run"].is_null() && !REPORTS_WITHOUT_NOTE {
        return;
    }
    let reported = Counts::of(&report);
    let committed = Journal::glance(workspace).map(|journal| journal.counts).unwrap_or_default();
    let more = committed.read.saturating_sub(reported.read);
    assert!(
        reported == committed || (is_in_doubt && more == COMMIT_ROWS as u64),
        "{context}: {committed:?} are committed: {finished:?}"
    );
}

/// One sync with a fault, a second without: they must end as one undisturbed sync. Gives the code
/// of the first, or none where the fault did it no harm, and the call that failed.
fn disturb(reference: &Reference, fault: Fault, at: u64) -> Option<(Option<String>, String)> {
    let context = format!("{fault:?} at {at}, seed {}", seed());
    let desk = reference.desk();
    let log = desk.path("faults.log");
    let mut command = desk.sync_command();
    inject(&mut command, fault, at, FILES, &log);
    let disturbed = finish(command);
    let (hit, calls) = read_log(&log);
    assert!(calls.is_some(), "{context}: did not come to its end: {disturbed:?}");
    let hit = hit?;
    let context = format!("{context} ({hit})");
    let is_in_doubt = hit == "fsync crm.db-wal";
    require_same_counts(&disturbed, &desk.workspace(), is_in_doubt, &context);
    let code = match disturbed.status {
        // What failed was put off, or had another way: all is there.
        Some(2) => None,
        _ => Some(code_of(&disturbed)),
    };
    // Where the last commit is in doubt and there after all, no row is left for a second sync.
    let is_done =
        || Journal::glance(&desk.workspace()).is_some_and(|found| found.runs("done") == 1);
    if code.is_some() && !(is_in_doubt && is_done()) {
        let rest = desk.sync();
        assert!(matches!(rest.status, Some(0 | 2)), "{context}: {rest:?}");
    }
    if let Err(told) = reference.compare(&desk.workspace()) {
        panic!("{context}, {code:?}:\n{told}{disturbed:?}");
    }
    Some((code, hit))
}

/// Disturbs one call after the other; gives how often which call ended in which code.
fn walk(fault: Fault, step: u64, is_allowed: impl Fn(&str, &str) -> bool) {
    let reference = Reference::new(ROWS, COMMIT_ROWS, seed());
    let mut found = BTreeMap::<String, usize>::new();
    let mut at = 1;
    loop {
        let fault = match fault {
            Fault::Error { last: 0, number } => Fault::Error { last: at, number },
            fault => fault,
        };
        let Some((code, hit)) = disturb(&reference, fault, at) else { break };
        let code = code.unwrap_or_else(|| "no harm".to_owned());
        assert!(is_allowed(&hit, &code), "{fault:?} at {at}: {hit} ended in {code}");
        *found.entry(format!("{hit}: {code}")).or_default() += 1;
        at += step;
    }
    tell(&format!("{fault:?}: {found:#?}\n"));
    assert!(found.values().sum::<usize>() >= 20, "{found:?}");
    assert!(found.keys().any(|key| !key.ends_with("no harm")), "{found:?}");
}

/// A write without space fails with `store_full`, unless nothing depends on it.
///
/// The engine tells `store_io` where no file can be made, where the log's index cannot grow, and
/// where space is missed only when the file is forced to disk.
fn is_full(call: &str, code: &str) -> bool {
    let is_write = call.starts_with("pwrite") && !call.ends_with("-shm");
    matches!(code, "store_full" | "no harm") || (code == "store_io" && !is_write)
}

#[test]
fn one_write_without_space_anywhere() {
    walk(Fault::Error { last: 0, number: ENOSPC }, 4, is_full);
}

#[test]
fn no_space_from_any_write_on() {
    walk(Fault::Error { last: FOR_GOOD, number: ENOSPC }, 7, is_full);
}

#[test]
fn a_disk_that_fails_once_anywhere() {
    walk(Fault::Error { last: 0, number: EIO }, 5, |_, code| {
        matches!(code, "store_io" | "no harm")
    });
}

#[test]
fn a_disk_that_fails_from_any_call_on() {
    walk(Fault::Error { last: FOR_GOOD, number: EIO }, 11, |_, code| {
        matches!(code, "store_io" | "no harm")
    });
}

#[test]
fn a_quota_of_any_size() {
    for number in [ENOSPC, EDQUOT] {
        let reference = Reference::new(ROWS, COMMIT_ROWS, seed());
        let mut size = 10_000;
        let mut count = 0;
        while let Some((code, hit)) = disturb(&reference, Fault::Quota { number }, size) {
            let code = code.unwrap_or_else(|| "no harm".to_owned());
            // The engine knows one word for a full disk; a used up quota is an error of the disk.
            let is_right = is_full(&hit, &code) || (number == EDQUOT && code == "store_io");
            assert!(is_right, "{size} bytes, error {number}: {hit} ended in {code}");
            size += 60_001;
            count += 1;
        }
        assert!(count >= 10, "only {count} sizes were too small");
    }
}

/// A place for so much: a file system of its own or, where this user may mount none, a quota on
/// what each run writes.
enum SmallDisk {
    Mounted(PathBuf),
    Quota { bytes: u64 },
}

impl SmallDisk {
    fn new(folder: &Path) -> Self {
        std::fs::create_dir_all(folder).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=1m", "headwater-crash"])
            .arg(folder)
            .output()
            .is_ok_and(|output| output.status.success());
        match mounted {
            true => Self::Mounted(folder.to_owned()),
            false => Self::Quota { bytes: 0 },
        }
    }

    fn grow(&mut self, megabytes: u64) {
        match self {
            Self::Mounted(folder) => {
                let options = format!("remount,size={megabytes}m");
                let status = Command::new("mount").args(["-o", &options]).arg(folder).status();
                assert!(status.unwrap().success());
            }
            Self::Quota { bytes } => *bytes = megabytes << 20,
        }
    }

    fn sync(&self, desk: &CrashDesk) -> Finished {
        let mut command = desk.sync_command();
        if let Self::Quota { bytes } = self {
            let quota = Fault::Quota { number: ENOSPC };
            inject(&mut command, quota, *bytes, FILES, &desk.path("faults.log"));
        }
        finish(command)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        if let Self::Mounted(folder) = self {
            let _ = Command::new("umount").arg(folder).status();
        }
    }
}

#[test]
fn a_small_disk_that_is_made_larger() {
    const LARGE_ROWS: usize = 20_000;
    let reference = Reference::new(LARGE_ROWS, 500, seed());
    let job = reference.job.replace("crm.db", "disk/crm.db");
    let desk = CrashDesk::with(&reference.people, &job);
    let mut disk = SmallDisk::new(&desk.path("disk"));
    let workspace = desk.path("disk/crm.db");
    let mut sizes = 0;
    let mut before = 0;
    for megabytes in [3, 4, 6, 9, 13, 18, 25, 40, 60, 100] {
        disk.grow(megabytes);
        let run = disk.sync(&desk);
        let committed = Journal::read(&workspace).counts;
        assert!(committed.read >= before, "{committed:?} after {before}");
        before = committed.read;
        if matches!(run.status, Some(0 | 2)) {
            break;
        }
        assert_eq!(code_of(&run), "store_full", "{megabytes} MB: {run:?}");
        // Read again while the disk is full.
        let runs = finish(desk.command(&["runs", "--workspace", "disk/crm.db"]));
        assert_eq!(runs.status, Some(0), "{megabytes} MB: {runs:?}");
        sizes += 1;
    }
    assert!(sizes >= 2, "the disk was too large");
    if let Err(told) = reference.compare(&workspace) {
        panic!("seed {}:\n{told}", seed());
    }
}
