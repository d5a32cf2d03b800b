//! Syncs from a source whose every batch, pause and failure the test decides.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value as Json, json};

use crate::error::{Error, ErrorCode, Result};
use crate::open::{OpenOptions, open};
use crate::source::{
    BadRow, Batch, Checkpoint, Connector, ConnectorDescription, Control, Payload, ReadRequest,
    Source, Stream, StreamDescription, StreamField,
};
use crate::store::journal::{ListedReject, RejectFilter, RunState};
use crate::sync::{Job, Report, RunOptions, run};
use crate::workspace::Workspace;

/// What the source does next.
#[derive(Clone)]
enum Step {
    Rows(Vec<Json>),
    Bad(&'static str),
    Fail(ErrorCode, &'static str),
    /// Says that it is here, then waits to be let go.
    Pause,
}

/// A source that follows its script; the checkpoint is the number of the next step.
struct Scripted {
    description: ConnectorDescription,
    script: Arc<Vec<Step>>,
    is_incremental: bool,
    part: String,
    reached: Sender<()>,
    go_on: Arc<Mutex<Receiver<()>>>,
}

/// The test's ends of a pause.
struct Pauses {
    reached: Receiver<()>,
    go_on: Sender<()>,
}

fn scripted(script: Vec<Step>) -> (Scripted, Pauses) {
    let (reached_sender, reached) = channel();
    let (go_on, go_on_receiver) = channel();
    let connector = Scripted {
        description: ConnectorDescription {
            name: "scripted".into(),
            version: "0.1.0".into(),
            config_schema: json!({}),
        },
        script: Arc::new(script),
        is_incremental: false,
        part: String::new(),
        reached: reached_sender,
        go_on: Arc::new(Mutex::new(go_on_receiver)),
    };
    (connector, Pauses { reached, go_on })
}

impl Connector for Scripted {
    fn description(&self) -> &ConnectorDescription {
        &self.description
    }

    fn open(&self, _config: &Json) -> Result<Box<dyn Source>> {
        Ok(Box::new(ScriptedSource {
            script: Arc::clone(&self.script),
            is_incremental: self.is_incremental,
            part: self.part.clone(),
            reached: self.reached.clone(),
            go_on: Arc::clone(&self.go_on),
        }))
    }
}

struct ScriptedSource {
    script: Arc<Vec<Step>>,
    is_incremental: bool,
    part: String,
    reached: Sender<()>,
    go_on: Arc<Mutex<Receiver<()>>>,
}

impl Source for ScriptedSource {
    fn check(&mut self, _control: &Control) -> Result<Vec<StreamDescription>> {
        let field = |name: &str| StreamField {
            name: name.into(),
            value_type: "string".into(),
            is_key: false,
        };
        Ok(vec![StreamDescription {
            name: "people".into(),
            fields: vec![field("mail"), field("title")],
            fields_are_complete: true,
            is_incremental: self.is_incremental,
            position_unit: "row".into(),
        }])
    }

    fn read(&mut self, _control: &Control, request: &ReadRequest) -> Result<Box<dyn Stream + '_>> {
        let next = match request.checkpoint.as_bytes() {
            [] => 0,
            bytes => std::str::from_utf8(bytes).unwrap().parse().unwrap(),
        };
        Ok(Box::new(ScriptedStream { source: self, next }))
    }
}

struct ScriptedStream<'a> {
    source: &'a ScriptedSource,
    next: usize,
}

impl Stream for ScriptedStream<'_> {
    fn next(&mut self, control: &Control) -> Result<Option<Batch>> {
        loop {
            if control.is_cancelled() {
                return Err(Error::new(ErrorCode::Cancelled, "cancelled"));
            }
            let Some(step) = self.source.script.get(self.next) else { return Ok(None) };
            self.next += 1;
            let (rows, bad_rows) = match step {
                Step::Rows(rows) => (rows.clone(), Vec::new()),
                Step::Bad(raw) => {
                    let error = Error::new(ErrorCode::SourceDataInvalid, "unreadable");
                    (Vec::new(), vec![BadRow { error, position: 77, raw: (*raw).to_owned() }])
                }
                Step::Fail(code, message) => return Err(Error::new(*code, *message)),
                Step::Pause => {
                    self.source.reached.send(()).unwrap();
                    self.source.go_on.lock().unwrap().recv().unwrap();
                    continue;
                }
            };
            return Ok(Some(Batch {
                payload: Payload::JsonLines(rows.iter().map(|row| format!("{row}\n")).collect()),
                row_count: rows.len(),
                positions: Vec::new(),
                bad_rows,
                checkpoint: Checkpoint::new(self.next.to_string().into_bytes())?,
                part: self.source.part.clone(),
            }));
        }
    }
}

fn job(more: &str) -> Job {
    let text = format!(
        "[source]\nconnector = \"scripted\"\n[target]\nworkspace = \"unused\"\ncommit_rows = 1\n\
         [[streams]]\nrecord_type = \"contact\"\nmatch = \"primary_email\"\n{more}\
         [streams.attributes]\nprimary_email = \"mail\"\ntitle = \"title\"\n"
    );
    Job::parse(&text, Path::new("")).unwrap()
}

fn creating(max_rejects: u64) -> Job {
    let text = format!(
        "[source]\nconnector = \"scripted\"\n[target]\nworkspace = \"unused\"\ncommit_rows = 1\n\
         [[streams]]\nrecord_type = \"contact\"\nmode = \"create\"\nmax_rejects = {max_rejects}\n\
         [streams.attributes]\nprimary_email = \"mail\"\n"
    );
    Job::parse(&text, Path::new("")).unwrap()
}

fn workspace(folder: &tempfile::TempDir) -> Box<dyn Workspace> {
    let path = folder.path().join("crm.db");
    open(path.to_str().unwrap(), OpenOptions { create: true, ..OpenOptions::default() }).unwrap()
}

fn sync(connector: &Scripted, workspace: &dyn Workspace, control: &Control) -> Report {
    run(&job(""), connector, workspace, RunOptions::default(), control, &mut |_| {}).unwrap()
}

fn person(name: &str) -> Json {
    json!({ "mail": format!("{name}@x.example"), "title": name })
}

fn rejects(workspace: &dyn Workspace) -> Vec<ListedReject> {
    let mut rejects = Vec::new();
    workspace
        .read_journal(&mut |journal| {
            journal.rejects(&RejectFilter::default(), &mut |reject| {
                rejects.push(reject);
                Ok(())
            })
        })
        .unwrap();
    rejects
}

#[test]
fn what_was_read_before_a_failure_is_committed_and_the_next_run_reads_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = workspace(&folder);
    let rows = |name: &str| Step::Rows(vec![person(name)]);
    let failing = Step::Fail(ErrorCode::SourceUnavailable, "the line is dead");
    let (connector, _pauses) = scripted(vec![rows("a"), rows("b"), failing]);
    let failed = sync(&connector, &*workspace, &Control::default());
    assert_eq!(failed.state, RunState::Failed);
    assert_eq!(failed.error.as_ref().map(Error::code), Some(ErrorCode::SourceUnavailable));
    assert_eq!(failed.streams[0].counts.created, 2);

    let (connector, _pauses) = scripted(vec![rows("a"), rows("b"), rows("c")]);
    let rest = sync(&connector, &*workspace, &Control::default());
    assert_eq!(rest.state, RunState::Done);
    assert_eq!((rest.streams[0].counts.read, rest.streams[0].counts.created), (1, 1));
    // A finished stream starts over.
    assert_eq!(sync(&connector, &*workspace, &Control::default()).streams[0].counts.unchanged, 3);
}

#[test]
fn an_incremental_stream_goes_on_where_it_ended() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = workspace(&folder);
    let rows = |name: &str| Step::Rows(vec![person(name)]);
    let (mut connector, _pauses) = scripted(vec![rows("a")]);
    connector.is_incremental = true;
    assert_eq!(sync(&connector, &*workspace, &Control::default()).streams[0].counts.read, 1);
    connector.script = Arc::new(vec![rows("a"), rows("b")]);
    assert_eq!(sync(&connector, &*workspace, &Control::default()).streams[0].counts.read, 1);
    assert_eq!(sync(&connector, &*workspace, &Control::default()).streams[0].counts.read, 0);
}

#[test]
fn a_run_that_was_overtaken_writes_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let shared = workspace(&folder);
    let rows = |name: &str| Step::Rows(vec![person(name)]);
    let (slow, pauses) = scripted(vec![rows("a"), Step::Pause, rows("b"), rows("c")]);
    let (quick, _pauses) = scripted(vec![rows("a"), rows("a"), rows("b"), rows("c")]);
    thread::scope(|scope| {
        let first = scope.spawn(|| sync(&slow, &*shared, &Control::default()));
        pauses.reached.recv().unwrap();
        let second = sync(&quick, &*shared, &Control::default());
        assert_eq!(second.state, RunState::Done);
        pauses.go_on.send(()).unwrap();
        let first = first.join().unwrap();
        assert_eq!(first.state, RunState::Failed);
        assert_eq!(first.error.as_ref().map(Error::code), Some(ErrorCode::StoreBusy));
        assert_eq!(first.streams[0].counts.created + second.streams[0].counts.created, 3);
    });
}

#[test]
fn a_cancelled_run_is_stopped_not_failed() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = workspace(&folder);
    let (connector, pauses) = scripted(vec![Step::Rows(vec![person("a")]), Step::Pause]);
    let control = Control::default();
    thread::scope(|scope| {
        let running = scope.spawn(|| sync(&connector, &*workspace, &control));
        pauses.reached.recv().unwrap();
        control.cancel();
        pauses.go_on.send(()).unwrap();
        let report = running.join().unwrap();
        assert_eq!(report.state, RunState::Stopped);
        assert!(report.error.is_none());
        assert_eq!(report.streams[0].counts.created, 1);
    });
}

#[test]
fn a_source_that_stops_unasked_has_failed() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = workspace(&folder);
    let stop = Step::Fail(ErrorCode::Cancelled, "enough for today");
    let (connector, _pauses) = scripted(vec![Step::Rows(vec![person("a")]), stop]);
    let report = sync(&connector, &*workspace, &Control::default());
    assert_eq!((report.state, report.streams[0].counts.created), (RunState::Failed, 1));
    let error = report.error.unwrap();
    assert_eq!(error.code(), ErrorCode::ConnectorMisbehaved);
    assert!(error.message().contains("enough for today"), "{error:?}");
}

#[test]
fn a_reject_names_the_part_that_its_row_came_from() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = workspace(&folder);
    let script = vec![Step::Rows(vec![json!({"mail": "nobody"})]), Step::Bad("raw")];
    let (mut connector, _pauses) = scripted(script);
    connector.part = "b.csv".into();
    sync(&connector, &*workspace, &Control::default());
    let rejects = rejects(&*workspace);
    let messages: Vec<&str> = rejects.iter().map(|listed| listed.reject.message.as_str()).collect();
    assert_eq!(messages.len(), 2);
    assert!(messages.iter().all(|message| message.starts_with("b.csv: ")), "{messages:?}");
}

#[test]
fn every_row_is_accounted_for_and_rejects_keep_place_and_text() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = workspace(&folder);
    let long = "x".repeat(40_000);
    let rows =
        vec![person("a"), json!({"title": "no mail"}), json!({"mail": "bad", "title": long})];
    let (connector, _pauses) = scripted(vec![Step::Rows(rows), Step::Bad("\u{fffd}raw")]);
    let report = sync(&connector, &*workspace, &Control::default());
    let counts = &report.streams[0].counts;
    assert_eq!((counts.read, counts.created, counts.rejected), (4, 1, 3));
    let rejects = rejects(&*workspace);
    let told: Vec<(u64, &str)> =
        rejects.iter().map(|listed| (listed.reject.position, listed.reject.code.name())).collect();
    assert_eq!(
        told,
        [(2, "field_required_missing"), (3, "field_value_invalid"), (77, "source_data_invalid")]
    );
    assert!(rejects[1].reject.is_cut && rejects[1].reject.row.len() <= 16 * 1024);
    assert_eq!(rejects[2].reject.row, "\u{fffd}raw");
    assert!(rejects.iter().all(|listed| listed.run == report.run));
}

fn sync_job(job: &Job, connector: &Scripted, workspace: &dyn Workspace) -> Report {
    let (options, control) = (RunOptions::default(), Control::default());
    run(job, connector, workspace, options, &control, &mut |_| {}).unwrap()
}

#[test]
fn a_run_that_its_limit_ended_fails_again_until_the_rows_are_corrected() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = workspace(&folder);
    let job = job("max_rejects = 0\n");
    let rows = |names: &[&str]| Step::Rows(names.iter().copied().map(person).collect());
    let (connector, _pauses) = scripted(vec![rows(&["a"]), Step::Bad("?"), rows(&["b"])]);
    let (at_end, _pauses) = scripted(vec![rows(&["a"]), rows(&["b"]), Step::Bad("?")]);
    for connector in [&connector, &connector, &at_end, &at_end] {
        let report = sync_job(&job, connector, &*workspace);
        assert_eq!(report.state, RunState::Failed, "{report:?}");
        assert_eq!(report.streams[0].counts.rejected, 1);
        let error = report.error.unwrap();
        assert_eq!(error.field(), Some("max_rejects"));
        assert!(error.remedy().contains("reads all rows again"), "{error:?}");
    }
    let (corrected, _pauses) = scripted(vec![rows(&["a", "c"]), rows(&["b"])]);
    let report = sync_job(&job, &corrected, &*workspace);
    assert_eq!((report.state, report.streams[0].counts.read), (RunState::Done, 3));
}

#[test]
fn what_creates_is_not_created_again_after_its_limit() {
    let row = |name: &str| Step::Rows(vec![person(name)]);
    for script in [vec![row("a"), Step::Bad("?"), row("b")], vec![row("a"), Step::Bad("?")]] {
        let folder = tempfile::tempdir().unwrap();
        let workspace = workspace(&folder);
        let rest = script.len() as u64 - 2;
        let (connector, _pauses) = scripted(script);
        let failed = sync_job(&creating(0), &connector, &*workspace);
        assert_eq!((failed.state, failed.streams[0].counts.created), (RunState::Failed, 1));
        let again = sync_job(&creating(0), &connector, &*workspace);
        assert_eq!((again.state, again.streams[0].counts.read), (RunState::Failed, 0));
        let more = sync_job(&creating(1), &connector, &*workspace);
        assert_eq!((more.state, more.streams[0].counts.created), (RunState::Done, rest));
    }
}

#[test]
fn what_creates_is_not_told_to_start_over() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = workspace(&folder);
    let changed = Step::Fail(ErrorCode::CheckpointInvalid, "the file has changed");
    let (connector, _pauses) = scripted(vec![changed]);
    let hint = |job: &Job| {
        let error = sync_job(job, &connector, &*workspace).error.unwrap();
        assert_eq!(error.code(), ErrorCode::CheckpointInvalid);
        error.remedy().to_owned()
    };
    let assert = hint(&job(""));
    assert!(assert.contains("--full") && assert.contains("full=True"), "{assert}");
    assert!(!hint(&creating(0)).contains("--full"));
}

#[test]
fn other_values_from_outside_are_another_source_but_for_passwords() {
    let folder = tempfile::tempdir().unwrap();
    let description = ConnectorDescription {
        name: "scripted".into(),
        version: "0.1.0".into(),
        config_schema: json!({"properties": {"key": {"format": "password"}}}),
    };
    let hash = |tenant: &str, key: &str| {
        std::fs::write(folder.path().join("tenant"), tenant).unwrap();
        std::fs::write(folder.path().join("key"), key).unwrap();
        let text = "[source]\nconnector = \"scripted\"\n\
            config = { tenant = \"${file:tenant}\", key = \"${file:key}\" }\n\
            [target]\nworkspace = \"unused\"\n[[streams]]\nrecord_type = \"contact\"\n";
        Job::parse(text, folder.path()).unwrap().stream_hash(0, &description)
    };
    assert_ne!(hash("a", "k"), hash("b", "k"));
    assert_eq!(hash("a", "k"), hash("a", "other"));
    let literal = |key: &str| {
        let text = format!(
            "[source]\nconnector = \"scripted\"\nconfig = {{ key = \"{key}\" }}\n\
             [target]\nworkspace = \"unused\"\n[[streams]]\nrecord_type = \"contact\"\n"
        );
        Job::parse(&text, folder.path()).unwrap().stream_hash(0, &description)
    };
    assert_eq!(literal("k"), literal("other"));
}

#[test]
fn a_limit_counts_all_pieces_of_a_read() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = workspace(&folder);
    let job = job("max_rejects = 1\n");
    let failing = Step::Fail(ErrorCode::SourceUnavailable, "the line is dead");
    let (connector, _pauses) = scripted(vec![Step::Bad("1"), failing]);
    let report = sync_job(&job, &connector, &*workspace);
    assert_eq!(report.error.map(|error| error.code()), Some(ErrorCode::SourceUnavailable));
    let (connector, _pauses) = scripted(vec![Step::Bad("1"), Step::Bad("2")]);
    let report = sync_job(&job, &connector, &*workspace);
    assert_eq!((report.state, report.streams[0].counts.read), (RunState::Failed, 1));
    assert!(report.error.unwrap().message().starts_with("2 of 2 rows"));
}

#[test]
fn max_rejects_as_a_share_is_judged_at_the_end_of_a_short_stream() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = workspace(&folder);
    let good = Step::Rows(vec![person("a"), person("b"), person("c")]);
    for (limit, state) in [("\"20%\"", RunState::Failed), ("\"25%\"", RunState::Done)] {
        let (connector, _pauses) = scripted(vec![Step::Bad("?"), good.clone()]);
        let job = job(&format!("max_rejects = {limit}\n"));
        let report = run(
            &job,
            &connector,
            &*workspace,
            RunOptions { full: true },
            &Control::default(),
            &mut |_| {},
        )
        .unwrap();
        assert_eq!(report.state, state, "{limit}: {report:?}");
        assert_eq!(report.streams[0].counts.read, 4);
    }
}

#[test]
fn what_creates_goes_on_with_another_on_reject_and_not_with_another_mapping() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = workspace(&folder);
    let job = |stream: &str, title: &str| {
        let text = format!(
            "[source]\nconnector = \"scripted\"\n[target]\nworkspace = \"unused\"\n\
             commit_rows = 1\n[[streams]]\nrecord_type = \"contact\"\nmode = \"create\"\n{stream}\
             [streams.attributes]\nprimary_email = \"mail\"\n{title}"
        );
        Job::parse(&text, Path::new("")).unwrap()
    };
    let rows = |name: &str| Step::Rows(vec![person(name)]);
    let (connector, _pauses) = scripted(vec![rows("a"), Step::Bad("?"), rows("b")]);
    let stopped = sync_job(&job("on_reject = \"stop\"\n", ""), &connector, &*workspace);
    assert_eq!((stopped.state, stopped.streams[0].counts.created), (RunState::Failed, 1));
    let edited = job("on_reject = \"continue\"\n", "title = \"title\"\n");
    let refused = sync_job(&edited, &connector, &*workspace).error.unwrap();
    assert_eq!((refused.code(), refused.field()), (ErrorCode::ConfigInvalid, Some("mode")));
    let rest = sync_job(&job("on_reject = \"continue\"\n", ""), &connector, &*workspace);
    assert_eq!((rest.state, rest.streams[0].counts.created), (RunState::Done, 1));
    let anew = sync_job(&edited, &connector, &*workspace);
    assert_eq!((anew.state, anew.streams[0].counts.created), (RunState::Done, 2));
}

#[test]
fn what_was_refused_before_a_run_went_on_is_told_by_it() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = workspace(&folder);
    let good = Step::Rows(vec![person("a")]);
    let failing = Step::Fail(ErrorCode::SourceUnavailable, "the line is dead");
    let (connector, _pauses) = scripted(vec![Step::Bad("?"), failing]);
    assert_eq!(sync_job(&job(""), &connector, &*workspace).rejected(), 1);
    let (connector, _pauses) = scripted(vec![Step::Bad("?"), good.clone()]);
    let rest = sync_job(&job(""), &connector, &*workspace);
    assert_eq!((rest.state, rest.rejected(), rest.rejected_before), (RunState::Done, 0, 1));
    assert_eq!(sync_job(&job(""), &scripted(vec![good]).0, &*workspace).rejected_before, 0);
}

#[test]
fn what_goes_on_in_each_run_creates_nothing_again_once_it_is_edited() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = workspace(&folder);
    let (mut connector, _pauses) = scripted(vec![Step::Rows(vec![person("a")])]);
    connector.is_incremental = true;
    let first = sync_job(&creating(0), &connector, &*workspace);
    assert_eq!((first.state, first.streams[0].counts.created), (RunState::Done, 1));
    let text = "[source]\nconnector = \"scripted\"\n[target]\nworkspace = \"unused\"\n\
        [[streams]]\nrecord_type = \"contact\"\nmode = \"create\"\n\
        [streams.attributes]\nprimary_email = \"mail\"\ntitle = \"title\"\n";
    let edited = Job::parse(text, Path::new("")).unwrap();
    let refused = sync_job(&edited, &connector, &*workspace).error.unwrap();
    assert_eq!((refused.code(), refused.field()), (ErrorCode::ConfigInvalid, Some("mode")));
}
