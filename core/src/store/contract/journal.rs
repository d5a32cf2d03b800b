//! The rules of the journal: runs, rejects and checkpoints.

use uuid::Uuid;

use crate::error::{ErrorCode, Result};
use crate::source::Checkpoint;
use crate::store::journal::{
    Counts, Judged, Reject, RejectFilter, Run, RunState, StreamKey, StreamRun, StreamState,
};
use crate::value::Timestamp;

use super::{Fixture, Open};

pub(super) fn the_journal_keeps_runs_rejects_and_checkpoints(open: Open) {
    let fixture = Fixture::new(open);
    let counts = Counts {
        read: 5,
        created: 1,
        updated: 1,
        unchanged: 1,
        archived: 1,
        rejected: 1,
        rejects: [(ErrorCode::AmbiguousMatch.name(), 1)].into(),
    };
    let stream = StreamRun {
        source: "people".into(),
        record_type: "sample".into(),
        counts,
        unused_columns: vec!["shoe".into()],
        elapsed_micros: 12,
    };
    let mut run = Run {
        id: Uuid::from_u128(1),
        job_hash: "h".into(),
        connector: "csv".into(),
        connector_version: "1.2.3".into(),
        state: RunState::Running,
        started_at: Timestamp(1_700_000_000_000_000),
        finished_at: None,
        error: None,
        streams: vec![stream],
    };
    let reject = |position: u64, code: ErrorCode| Reject {
        source: "people".into(),
        position,
        position_unit: "line".into(),
        code,
        field: Some("text".into()),
        message: "m".into(),
        hint: "h".into(),
        row: "{\"a\": \"\u{1F980}\"}".into(),
        is_cut: true,
    };
    let key = StreamKey { job_stream_hash: "s".into(), partition: String::new() };
    let state = |rows: u64| StreamState {
        run: run.id,
        checkpoint: Checkpoint::new(vec![0, 255, 7]).unwrap(),
        rows,
        is_finished: rows > 1,
        judged: Judged { read: rows, rejected: 1 },
    };
    let write = |body: &mut dyn FnMut(&mut dyn crate::store::WriteTransaction)| {
        let mut transaction = fixture.store.write().unwrap();
        body(&mut *transaction);
        transaction.commit().unwrap();
    };
    write(&mut |transaction| {
        transaction.save_run(&run).unwrap();
        let rejects =
            [reject(3, ErrorCode::AmbiguousMatch), reject(9, ErrorCode::FieldValueInvalid)];
        transaction.add_rejects(run.id, &rejects).unwrap();
        transaction.save_stream_state(&key, &state(1)).unwrap();
        transaction.save_stream_state(&key, &state(2)).unwrap();
    });
    let states = (state(2), key.clone());
    run.state = RunState::Failed;
    run.error = Some("store_full: no room".into());
    run.finished_at = Some(Timestamp(1_700_000_000_000_009));
    write(&mut |transaction| transaction.save_run(&run).unwrap());
    let mut transaction = fixture.store.read().unwrap();
    assert_eq!(transaction.runs(10).unwrap(), [run.clone()]);
    assert_eq!(transaction.runs(usize::MAX).unwrap(), [run.clone()]);
    assert_eq!(transaction.runs(0).unwrap(), []);
    assert_eq!(transaction.run_state(run.id).unwrap(), Some(RunState::Failed));
    assert_eq!(transaction.run_state(Uuid::nil()).unwrap(), None);
    assert_eq!(transaction.stream_state(&states.1).unwrap(), Some(states.0));
    let other = StreamKey { partition: "p".into(), ..states.1 };
    assert_eq!(transaction.stream_state(&other).unwrap(), None);
    let mut positions = |filter: RejectFilter| -> Result<Vec<u64>> {
        let mut positions = Vec::new();
        transaction.rejects(&filter, &mut |listed| {
            assert_eq!(listed.reject, reject(listed.reject.position, listed.reject.code));
            positions.push(listed.reject.position);
            Ok(())
        })?;
        Ok(positions)
    };
    let filter = |run, code| RejectFilter { run, code };
    assert_eq!(positions(filter(None, None)).unwrap(), [3, 9]);
    assert_eq!(positions(filter(Some(run.id), Some(ErrorCode::AmbiguousMatch))).unwrap(), [3]);
    assert_eq!(positions(filter(Some(Uuid::nil()), None)).unwrap(), [] as [u64; 0]);
}

pub(super) fn only_runs_that_are_running_are_ended_by_another_of_their_job(open: Open) {
    let fixture = Fixture::new(open);
    let run = |number: u128, job_hash: &str, state| Run {
        id: Uuid::from_u128(number),
        job_hash: job_hash.into(),
        connector: "csv".into(),
        connector_version: "1.2.3".into(),
        state,
        started_at: Timestamp(1),
        finished_at: None,
        error: None,
        streams: Vec::new(),
    };
    let new = run(4, "a", RunState::Running);
    let mut transaction = fixture.store.write().unwrap();
    for earlier in [
        run(1, "a", RunState::Running),
        run(2, "a", RunState::Done),
        run(3, "b", RunState::Running),
        new.clone(),
    ] {
        transaction.save_run(&earlier).unwrap();
    }
    transaction.end_other_runs(&new, Timestamp(9)).unwrap();
    let states: Vec<RunState> =
        transaction.runs(9).unwrap().into_iter().rev().map(|run| run.state).collect();
    assert_eq!(states, [RunState::Failed, RunState::Done, RunState::Running, RunState::Running]);
}
