//! A small sync is killed between any two of its steps, one step further each time, and resumed.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use headwater_crash_tests::desk::{CrashDesk, outcome, start};
use headwater_crash_tests::faults::{Fault, inject, read_log};
use headwater_crash_tests::journal::Journal;
use headwater_crash_tests::random::seed;
use headwater_crash_tests::reference::Reference;
use headwater_crash_tests::tell;

const ROWS: usize = 150;
const COMMIT_ROWS: usize = 50;

/// What is hit: the workspace, its write-ahead log, and the index of that.
const FILES: &str = "/crm.db";

/// Runs a sync with a fault; gives whether it was killed, and by which call.
fn kill_at(desk: &CrashDesk, fault: Fault, at: u64) -> (bool, Option<String>) {
    let log = desk.path("faults.log");
    let _ = std::fs::remove_file(&log);
    let mut command = desk.sync_command();
    inject(&mut command, fault, at, FILES, &log);
    let mut child = start(&mut command);
    let status = child.wait().unwrap();
    let finished = outcome(child);
    let (hit, calls) = read_log(&log);
    match (status.signal(), hit) {
        (Some(9), Some(hit)) => (true, Some(hit)),
        (None, None) => {
            assert!(calls.is_some(), "the calls were not counted: {finished:?}");
            assert_eq!(status.code(), Some(2), "{finished:?}");
            (false, None)
        }
        (_, hit) => panic!("{fault:?} at {at}: {status}, hit {hit:?}: {finished:?}"),
    }
}

/// Resumes after a kill and compares; what is noted as done must be complete without that.
fn resume_and_compare(reference: &Reference, desk: &CrashDesk) -> Result<(), String> {
    if !Journal::glance(&desk.workspace()).is_some_and(|journal| journal.is_done()) {
        let rest = desk.sync();
        if !matches!(rest.status, Some(0 | 2)) {
            return Err(format!("the resume failed: {rest:?}"));
        }
    }
    reference.compare(&desk.workspace())
}

/// Kills at the first call, at the second, and so on, until a run comes to its end.
fn walk(fault: Fault, step: u64, second: Option<(Fault, u64)>) {
    let reference = Reference::new(ROWS, COMMIT_ROWS, seed());
    let next = AtomicU64::new(1);
    let end = AtomicU64::new(u64::MAX);
    let hits = Mutex::new(BTreeMap::<String, usize>::new());
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(step, Ordering::Relaxed);
                    if at > end.load(Ordering::Relaxed) {
                        return;
                    }
                    let desk = reference.desk();
                    let (is_killed, mut hit) = kill_at(&desk, fault, at);
                    if !is_killed {
                        end.fetch_min(at, Ordering::Relaxed);
                    }
                    let is_open = || {
                        !Journal::glance(&desk.workspace()).is_some_and(|journal| journal.is_done())
                    };
                    assert!(
                        is_killed || !is_open(),
                        "{fault:?}: what was reported as done is gone"
                    );
                    if let Some((fault, limit)) = second
                        && is_killed
                        && is_open()
                    {
                        // The recovery from the first kill is killed too.
                        let (_, again) = kill_at(&desk, fault, 1 + at % limit);
                        hit = again.or(hit);
                    }
                    if let Err(told) = resume_and_compare(&reference, &desk) {
                        end.store(0, Ordering::Relaxed);
                        panic!("{fault:?} at call {at} ({hit:?}), seed {}:\n{told}", seed());
                    }
                    if let Some(hit) = hit {
                        *hits.lock().unwrap().entry(hit).or_default() += 1;
                    }
                }
            });
        }
    });
    let hits = hits.into_inner().unwrap();
    let kills: usize = hits.values().sum();
    tell(&format!("{fault:?}: {kills} kills at {hits:?}\n"));
    assert!(kills as u64 * step >= 200, "only {kills} kills: {hits:?}");
    let is_every_step = step == 1 && second.is_none();
    // Every kind of step was met: commits to the log, and its move into the workspace.
    for step in ["create crm.db", "pwrite crm.db", "pwrite crm.db-wal", "unlink crm.db-wal"] {
        assert!(!is_every_step || hits.contains_key(step), "no kill at {step}: {hits:?}");
    }
}

#[test]
fn killed_before_any_step_nothing_is_lost() {
    walk(Fault::Kill, 1, None);
}

#[test]
fn killed_in_the_middle_of_a_write_nothing_is_lost() {
    walk(Fault::Torn, 3, None);
}

#[test]
fn without_power_at_any_step_what_was_committed_is_there() {
    walk(Fault::Power, 3, None);
}

#[test]
fn killed_while_it_recovers_nothing_is_lost() {
    walk(Fault::Kill, 5, Some((Fault::Torn, 40)));
}
