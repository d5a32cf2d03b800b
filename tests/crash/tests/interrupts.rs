//! Ctrl-C and SIGTERM at any moment: a clean stop that tells how to go on; a second one ends at once.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::os::unix::process::ExitStatusExt;
use std::thread::sleep;
use std::time::Duration;

use headwater_crash_tests::desk::{CrashDesk, outcome};
use headwater_crash_tests::journal::{Counts, Journal};
use headwater_crash_tests::random::{Random, seed};
use headwater_crash_tests::reference::Reference;
use headwater_crash_tests::signals::{INT, TERM, send, wait_for_rows};
use headwater_program_tests::finish;

const ROWS: usize = 60_000;
const COMMIT_ROWS: u64 = 250;

fn reference() -> Reference {
    Reference::new(ROWS, usize::try_from(COMMIT_ROWS).unwrap(), seed())
}

#[test]
fn stopped_again_and_again_it_ends_as_if_it_had_never_been() {
    let reference = reference();
    let mut random = Random::new(seed());
    for signal in [INT, TERM] {
        let desk = reference.desk();
        let mut stops = 0;
        let mut read = 0;
        loop {
            let mut child = desk.start();
            if stops < 12 {
                wait_for_rows(&desk, &mut child, read + random.below(2000));
                send(&child, signal);
            }
            let stopped = outcome(child);
            let journal = Journal::read(&desk.workspace());
            if journal.is_done() {
                break;
            }
            assert_eq!(stopped.status, Some(130), "{stopped:?}");
            assert!(stopped.errors.contains("run the same command again to resume"), "{stopped:?}");
            let report = stopped.json();
            assert_eq!(report["state"], "stopped", "{stopped:?}");
            assert!(report["error"].is_null(), "a stop is no failure: {stopped:?}");
            assert_eq!(journal.states.last().unwrap(), "stopped");
            assert_eq!(Counts::of(&report).read, journal.counts.read - read, "{stopped:?}");
            read = journal.counts.read;
            assert_eq!(journal.checkpoint, Some((read, false)));
            stops += 1;
        }
        assert!(stops >= 3, "only {stops} stops: make the sync longer");
        if let Err(told) = reference.compare(&desk.workspace()) {
            panic!("{signal}, seed {}:\n{told}", seed());
        }
    }
}

#[test]
fn stopped_before_it_is_ready_it_has_done_nothing_or_all_it_says() {
    let reference = reference();
    let mut random = Random::new(seed());
    let desk = reference.desk();
    for attempt in 0..30 {
        let child = desk.start();
        sleep(Duration::from_micros(random.below(40_000)));
        send(&child, if attempt % 2 == 0 { INT } else { TERM });
        let output = child.wait_with_output().unwrap();
        // By the signal itself where it came before it was watched for.
        let is_stopped = output.status.code() == Some(130) || output.status.signal().is_some();
        // A run answers for its own rows: where all were committed before, none is left to reject.
        let has_all = || Journal::read(&desk.workspace()).counts.read == reference.rows;
        let code = output.status.code();
        let is_done = code == Some(2) || (code == Some(0) && has_all());
        assert!(is_stopped || is_done, "{output:?}");
        if is_done {
            break;
        }
    }
    if !Journal::glance(&desk.workspace()).is_some_and(|journal| journal.is_done()) {
        assert!(matches!(desk.sync().status, Some(0 | 2)));
    }
    if let Err(told) = reference.compare(&desk.workspace()) {
        panic!("seed {}:\n{told}", seed());
    }
}

/// A source that gives one row and then neither another one nor its end.
const HANGING: &str = r#"
[source]
connector = "scripted"
config = { rows = [{ first_name = "Ann" }], hangs = true }
[target]
workspace = "crm.db"
[[streams]]
source = "rows"
record_type = "contact"
mode = "create"
"#;

#[test]
fn a_second_signal_ends_at_once() {
    for signal in [INT, TERM] {
        let desk = CrashDesk::with("", HANGING);
        let mut child = desk.start();
        for _ in 0..10_000 {
            if Journal::glance(&desk.workspace()).is_some() {
                break;
            }
            sleep(Duration::from_millis(1));
        }
        // Until it is heard: the first may be lost while the program is not yet watching.
        let mut status = None;
        for _ in 0..2000 {
            status = child.try_wait().unwrap();
            if status.is_some() {
                break;
            }
            send(&child, signal);
            sleep(Duration::from_millis(5));
        }
        let Some(status) = status else {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("{signal}: it cannot be ended");
        };
        assert!(status.code() == Some(130) || status.signal().is_some(), "{signal}: {status}");
        let rows = finish(desk.command(&["runs", "--workspace", "crm.db"]));
        assert_eq!(rows.status, Some(0), "the workspace is sound: {rows:?}");
    }
}
