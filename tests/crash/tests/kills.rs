//! Two hundred kills at random moments of a large sync: nothing is lost and nothing is doubled.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use headwater_crash_tests::journal::Journal;
use headwater_crash_tests::random::{Random, seed};
use headwater_crash_tests::reference::Reference;
use headwater_crash_tests::tell;

const ROWS: usize = 200_000;
const COMMIT_ROWS: usize = 1000;
/// Kills that must have hit a sync that had not finished.
const KILLS: usize = 200;
/// Chains that may be needed for that; far more than are.
const MOST_CHAINS: u64 = 150;
/// Kills of one chain, at most: then its last run is left alone.
const KILLS_A_CHAIN: usize = 24;

/// All rows are committed; the commit that says so of the stream, too, has come or is still due.
const AFTER_THE_LAST_COMMIT: &str = "after the last commit";
const BEFORE_THE_END_WAS_NOTED: &str = "after the last row, before its end was noted";

/// Where a kill hit, as the workspace tells it.
fn moment(journal: Option<&Journal>) -> String {
    match journal.map(|journal| journal.checkpoint) {
        None => "before there was a workspace".to_owned(),
        Some(None) => "before the stream was claimed".to_owned(),
        Some(Some((_, true))) => AFTER_THE_LAST_COMMIT.to_owned(),
        Some(Some((rows, false))) if rows == ROWS as u64 => BEFORE_THE_END_WAS_NOTED.to_owned(),
        Some(Some((rows, false))) => format!("in tenth {} of the rows", rows * 10 / ROWS as u64),
    }
}

/// One workspace that is killed again and again; gives where the kills hit.
fn chain(reference: &Reference, seed: u64, usual: Duration) -> Vec<String> {
    let desk = reference.desk();
    let mut random = Random::new(seed);
    let mut moments = Vec::new();
    let usual = u64::try_from(usual.as_micros()).unwrap();
    let mut story = Vec::new();
    loop {
        let longest = match random.below(4) {
            0 => 60_000,
            1 | 2 => usual / 6,
            _ => usual / 2,
        };
        let delay = Duration::from_micros(random.below(longest));
        let is_left_alone = moments.len() >= KILLS_A_CHAIN;
        let mut child = desk.start();
        if !is_left_alone {
            thread::sleep(delay);
            child.kill().unwrap();
        }
        let output = child.wait_with_output().unwrap();
        let journal = Journal::glance(&desk.workspace());
        let is_done = journal.as_ref().is_some_and(Journal::is_done);
        story.push(format!("{delay:?} -> {} ({})", output.status, moment(journal.as_ref())));
        if output.status.signal() == Some(9) {
            if is_done {
                break;
            }
            moments.push(moment(journal.as_ref()));
            // Somebody looks in between, whose leaving moves the log into the workspace.
            if random.is_one_in(8) && desk.workspace().exists() {
                desk.command(&["runs", "--workspace", "crm.db"]).output().unwrap();
            }
            continue;
        }
        let errors = String::from_utf8_lossy(&output.stderr);
        // A run answers for its own rows: where all were committed, none is left to be rejected.
        let is_expected = match output.status.code() {
            Some(2) => true,
            Some(0) => moments.last().is_some_and(|last| {
                [AFTER_THE_LAST_COMMIT, BEFORE_THE_END_WAS_NOTED].contains(&&**last)
            }),
            _ => false,
        };
        assert!(is_expected && is_done, "chain {seed}: {}\n{errors}\n{story:#?}", output.status);
        break;
    }
    if let Err(told) = reference.compare(&desk.workspace()) {
        let kept = std::env::temp_dir().join(format!("headwater-crash-{seed}"));
        let _ = fs::rename(desk.folder(), &kept);
        panic!("chain {seed} differs, kept in {}:\n{told}{story:#?}", kept.display());
    }
    moments
}

#[test]
fn killed_at_random_moments_it_ends_as_if_it_had_never_been() {
    let seed = seed();
    let reference = Reference::new(ROWS, COMMIT_ROWS, seed);
    let started = Instant::now();
    assert_eq!(reference.desk().sync().status, Some(2));
    let usual = started.elapsed();
    let chains = AtomicU64::new(0);
    let kills = AtomicUsize::new(0);
    let moments = Mutex::new(BTreeMap::<String, usize>::new());
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while kills.load(Ordering::Relaxed) < KILLS {
                    let number = chains.fetch_add(1, Ordering::Relaxed);
                    if number >= MOST_CHAINS {
                        return;
                    }
                    let hit = chain(&reference, seed + number, usual);
                    kills.fetch_add(hit.len(), Ordering::Relaxed);
                    let mut moments = moments.lock().unwrap();
                    hit.into_iter().for_each(|moment| *moments.entry(moment).or_default() += 1);
                }
            });
        }
    });
    let kills = kills.into_inner();
    let moments = moments.into_inner().unwrap();
    assert!(
        kills >= KILLS,
        "only {kills} kills in {MOST_CHAINS} chains, seed {seed}: {moments:#?}"
    );
    let early = moments.keys().filter(|moment| moment.starts_with("in tenth")).count();
    assert!(early >= 5, "the kills all hit the same stretch: {moments:#?}");
    // Shown by `cargo test -- --nocapture`.
    let mut told = format!("{kills} kills, {} chains, {usual:.1?} a run\n", chains.into_inner());
    for (moment, count) in &moments {
        told += &format!("  {count:4} {moment}\n");
    }
    tell(&told);
}
