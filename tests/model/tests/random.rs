//! Random sequences of requests: the workspace answers as the model does, and holds what it holds.
//!
//! The seed is fixed, so that every run tries the same sequences; `PROPTEST_CASES=5000
//! PROPTEST_RNG_SEED=7 cargo test -p headwater-model-tests` tries others. What once failed is in
//! `failed.txt` and tried first.

use headwater_conformance::{HttpTestee, InProcess, Testee};
use headwater_model_tests::{Mode, replay, sequence};
use proptest::test_runner::{Config, FileFailurePersistence, RngSeed, TestCaseError, TestRunner};

/// Tries as many sequences of as many steps, or as many as `PROPTEST_CASES` says.
fn check(testee: &mut dyn Testee, mode: Mode, sequences: u32, steps: usize) {
    let given = Config::default();
    let is_given = |name| std::env::var_os(name).is_some();
    let config = Config {
        cases: if is_given("PROPTEST_CASES") { given.cases } else { sequences },
        rng_seed: if is_given("PROPTEST_RNG_SEED") { given.rng_seed } else { RngSeed::Fixed(2026) },
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("failed.txt"))),
        max_shrink_iters: 2000,
        ..given
    };
    let testee = std::cell::RefCell::new(testee);
    let tried = TestRunner::new(config).run(&sequence(steps), |(rejects_duplicates, steps)| {
        let mut testee = testee.borrow_mut();
        replay(&mut **testee, mode, rejects_duplicates, &steps).map_err(TestCaseError::fail)
    });
    if let Err(failed) = tried {
        panic!("{failed}");
    }
}

#[test]
fn single_operations_answer_as_the_model_does() {
    check(&mut InProcess::default(), Mode::Single, 150, 60);
}

#[test]
fn batches_cut_anywhere_answer_as_the_model_does() {
    check(&mut InProcess::default(), Mode::Batches, 150, 60);
}

#[test]
fn the_server_answers_as_the_model_does() {
    check(&mut HttpTestee::default(), Mode::Single, 12, 60);
}
