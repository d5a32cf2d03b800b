//! Signals to a running program, at a moment that is waited for.

use std::process::{Child, Command};
use std::thread::sleep;
use std::time::Duration;

use crate::desk::CrashDesk;
use crate::journal::Journal;

/// Ctrl-C.
pub const INT: &str = "-INT";
/// The polite end of a process.
pub const TERM: &str = "-TERM";
/// Holds a process still.
pub const STOP: &str = "-STOP";
/// Lets a process go on.
pub const CONT: &str = "-CONT";

/// Sends a signal to a process that has not been waited for.
///
/// # Panics
/// If it cannot be sent.
pub fn send(child: &Child, signal: &str) {
    let status = Command::new("kill").args([signal, &child.id().to_string()]).status();
    assert!(status.expect("kill runs").success(), "{signal} could not be sent");
}

/// Waits until a running sync has committed so many rows.
///
/// # Panics
/// If it ends before.
pub fn wait_for_rows(desk: &CrashDesk, child: &mut Child, rows: u64) {
    for _ in 0..60_000 {
        // Not before the workspace is made: this look must not be its first opening.
        if desk.path("crm.db-wal").exists()
            && let Some((committed, _)) =
                Journal::glance(&desk.workspace()).and_then(|journal| journal.checkpoint)
            && committed >= rows
        {
            return;
        }
        if child.try_wait().expect("the program is there").is_some() {
            break;
        }
        sleep(Duration::from_millis(1));
    }
    let _ = child.kill();
    let status = child.wait();
    panic!("the sync did not commit {rows} rows: {status:?}");
}
