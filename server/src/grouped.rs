//! Group commit: single operations that wait at the same time share one transaction.
//!
//! Each is answered only once that transaction is durable, and its outcome is its own. Under load
//! one synchronisation of the disk serves many requests.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{Builder, JoinHandle};

use headwater::access::ApiKeys;
use headwater::operation::{EdgePage, EdgeQuery, HistoryPage, HistoryQuery, Outcomes};
use headwater::store::journal::JournalReader;
use headwater::{
    ApplyOptions, ApplyTimes, Declarations, Declared, Error, ErrorCode, Operation, Outcome, Page,
    Query, Record, Result, Schema, Settle, Twin, Uuid, Workspace,
};

/// Operations that may share a transaction.
const LARGEST_GROUP: usize = 256;

/// A workspace whose single operations are applied in groups, on a thread of their own.
pub(crate) struct Grouped {
    inner: Arc<dyn Workspace>,
    /// `None` only while it is dropped.
    queue: Option<Sender<Waiting>>,
    writer: Option<JoinHandle<()>>,
}

struct Waiting {
    operation: Operation,
    answer: SyncSender<Result<Outcome>>,
}

impl Grouped {
    pub(crate) fn new(inner: Arc<dyn Workspace>) -> Result<Self> {
        let (queue, waiting) = channel();
        let workspace = Arc::clone(&inner);
        let writer = Builder::new()
            .name("writer".to_owned())
            .spawn(move || write(&*workspace, &waiting))
            .map_err(|cause| {
                Error::new(ErrorCode::Internal, "cannot start a thread").because(cause)
            })?;
        Ok(Self { inner, queue: Some(queue), writer: Some(writer) })
    }
}

impl Drop for Grouped {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(writer) = self.writer.take() {
            // What it panicked with, each caller has been told.
            let _ = writer.join();
        }
    }
}

/// Applies what waits, group after group, until nobody can ask any more.
fn write(workspace: &dyn Workspace, waiting: &Receiver<Waiting>) {
    while let Ok(first) = waiting.recv() {
        let group = std::iter::once(first).chain(waiting.try_iter().take(LARGEST_GROUP - 1));
        let (operations, answers): (Vec<_>, Vec<_>) =
            group.map(|waiting| (waiting.operation, waiting.answer)).unzip();
        for (answer, outcome) in answers.iter().zip(apply(workspace, operations)) {
            // Who has gone away needs no answer.
            let _ = answer.send(outcome);
        }
    }
}

/// The outcomes of a group. Where a bug that one operation meets fails it, the others must not fail
/// too: then each is applied alone.
fn apply(workspace: &dyn Workspace, operations: Vec<Operation>) -> Outcomes {
    let options = ApplyOptions { returns_records: true, ..ApplyOptions::default() };
    let apply = |operations| {
        catch_unwind(AssertUnwindSafe(|| workspace.apply(operations, options)))
            .unwrap_or_else(|_| Err(Error::new(ErrorCode::Internal, "an operation panicked")))
    };
    let count = operations.len();
    match apply(operations.clone()) {
        Ok(outcomes) => outcomes,
        Err(error) if count > 1 && error.code() == ErrorCode::Internal => {
            let alone = |operation| apply(vec![operation]).and_then(only);
            operations.into_iter().map(alone).collect()
        }
        // Each caller gets an error of its own.
        Err(error) => (0..count).map(|_| Err(error.map_texts(&str::to_owned))).collect(),
    }
}

/// The one outcome of one operation.
fn only(mut outcomes: Outcomes) -> Result<Outcome> {
    let lost = || Err(Error::new(ErrorCode::Internal, "a batch lost its outcome"));
    outcomes.pop().unwrap_or_else(lost)
}

impl Workspace for Grouped {
    fn schema(&self) -> Arc<Schema> {
        self.inner.schema()
    }

    fn declare(&self, declarations: Declarations) -> Result<Declared> {
        self.inner.declare(declarations)
    }

    fn get(&self, record_type: &str, id: Uuid) -> Result<Record> {
        self.inner.get(record_type, id)
    }

    fn query(&self, record_type: &str, query: &Query) -> Result<Page> {
        self.inner.query(record_type, query)
    }

    fn edges(&self, query: &EdgeQuery) -> Result<EdgePage> {
        self.inner.edges(query)
    }

    fn history(&self, query: &HistoryQuery) -> Result<HistoryPage> {
        self.inner.history(query)
    }

    fn apply_and_settle(
        &self,
        operations: Vec<Operation>,
        options: ApplyOptions,
        settle: &mut Settle<'_>,
    ) -> Result<Outcomes> {
        self.inner.apply_and_settle(operations, options, settle)
    }

    fn read_journal(
        &self,
        read: &mut dyn FnMut(&mut dyn JournalReader) -> Result<()>,
    ) -> Result<()> {
        self.inner.read_journal(read)
    }

    fn api_keys(&self) -> Result<&dyn ApiKeys> {
        self.inner.api_keys()
    }

    fn twin(&self) -> Result<&dyn Twin> {
        self.inner.twin()
    }

    fn settle(&self) -> Result<()> {
        self.inner.settle()
    }

    fn apply_times(&self) -> ApplyTimes {
        self.inner.apply_times()
    }

    fn apply_one(&self, operation: Operation) -> Result<Outcome> {
        let gone = || Error::new(ErrorCode::Internal, "the writing thread has ended");
        let (answer, outcome) = sync_channel(1);
        let queue = self.queue.as_ref().ok_or_else(gone)?;
        queue.send(Waiting { operation, answer }).map_err(|_| gone())?;
        outcome.recv().map_err(|_| gone())?
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use headwater::operation::OperationKind;
    use headwater::{Attributes, OpenOptions, Write, log_activity, open};
    use serde_json::{Map, Value, json};

    use super::*;

    /// A workspace with a bug that some operations meet; it notes which threads write, and can be
    /// held before it does.
    struct Buggy {
        inner: Box<dyn Workspace>,
        writers: Mutex<Vec<String>>,
        held: Mutex<Option<(Sender<()>, Receiver<()>)>>,
    }

    impl Workspace for Buggy {
        fn schema(&self) -> Arc<Schema> {
            self.inner.schema()
        }

        fn get(&self, record_type: &str, id: Uuid) -> Result<Record> {
            self.inner.get(record_type, id)
        }

        fn query(&self, record_type: &str, query: &Query) -> Result<Page> {
            self.inner.query(record_type, query)
        }

        fn edges(&self, query: &EdgeQuery) -> Result<EdgePage> {
            self.inner.edges(query)
        }

        fn apply_and_settle(
            &self,
            operations: Vec<Operation>,
            options: ApplyOptions,
            settle: &mut Settle<'_>,
        ) -> Result<Outcomes> {
            let thread = std::thread::current().name().unwrap_or_default().to_owned();
            self.writers.lock().unwrap().push(thread);
            let held = self.held.lock().unwrap().take();
            if let Some((begun, released)) = held {
                begun.send(()).unwrap();
                released.recv().unwrap();
            }
            let shown = format!("{operations:?}");
            assert!(!shown.contains("meets a panic"), "the bug");
            if shown.contains("meets a full disk") {
                let related = Error::new(ErrorCode::StoreFull, "too").at_field("title");
                let error = Error::new(ErrorCode::StoreFull, "full").at_field("disk");
                return Err(error.on_record("it").hint("buy one").with_related(vec![related]));
            }
            if shown.contains("meets an error") {
                return Err(Error::new(ErrorCode::Internal, "the bug"));
            }
            self.inner.apply_and_settle(operations, options, settle)
        }

        fn read_journal(
            &self,
            read: &mut dyn FnMut(&mut dyn JournalReader) -> Result<()>,
        ) -> Result<()> {
            self.inner.read_journal(read)
        }

        fn settle(&self) -> Result<()> {
            self.inner.settle()
        }
    }

    fn buggy(folder: &tempfile::TempDir) -> Buggy {
        let options = OpenOptions { create: true, ..OpenOptions::default() };
        let inner = open(folder.path().join("crm.db").to_str().unwrap(), options).unwrap();
        Buggy { inner, writers: Mutex::default(), held: Mutex::default() }
    }

    fn object(json: &Value) -> Map<String, Value> {
        json.as_object().cloned().unwrap()
    }

    #[test]
    fn an_operation_that_meets_a_bug_fails_no_other_of_its_group() {
        let folder = tempfile::tempdir().unwrap();
        for bug in ["meets a panic", "meets an error"] {
            let workspace = buggy(&folder);
            let contact = workspace.schema().record_type("contact").unwrap().clone();
            let create = |title: &str| {
                let json = object(&json!({ "first_name": "Ann", "title": title }));
                let attributes = Attributes::parse(&contact, json, Write::Create, None).unwrap();
                Operation::new(Arc::clone(&contact), OperationKind::Create { attributes })
            };
            let outcomes = apply(&workspace, vec![create("CTO"), create(bug), create("CEO")]);
            let codes = outcomes.iter().map(|outcome| outcome.as_ref().err().map(Error::code));
            let only_the_second = [None, Some(ErrorCode::Internal), None];
            assert_eq!(codes.collect::<Vec<_>>(), only_the_second, "{bug}");
        }
    }

    #[test]
    fn what_fails_a_group_is_told_to_each_of_it_in_full() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = buggy(&folder);
        let contact = workspace.schema().record_type("contact").unwrap().clone();
        let create = || {
            let json = object(&json!({ "first_name": "Ann", "title": "meets a full disk" }));
            let attributes = Attributes::parse(&contact, json, Write::Create, None).unwrap();
            Operation::new(Arc::clone(&contact), OperationKind::Create { attributes })
        };
        for outcome in apply(&workspace, vec![create(), create()]) {
            let error = outcome.unwrap_err();
            assert_eq!(error.to_string(), "store_full: full (field disk, record it)");
            assert_eq!(error.remedy(), "buy one");
            assert_eq!(error.related()[0].to_string(), "store_full: too (field title)");
        }
    }

    #[test]
    fn activities_wait_for_the_group_too() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Arc::new(buggy(&folder));
        let grouped = Grouped::new(workspace.clone()).unwrap();
        let metadata = json!({"activity_time": "2026-01-01T00:00:00Z", "subject": "Call", "description": "Asked."});
        log_activity(&grouped, object(&json!({ "metadata": metadata }))).unwrap();
        assert_eq!(*workspace.writers.lock().unwrap(), ["writer"]);
    }

    #[test]
    fn what_waits_while_one_is_written_is_written_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let (begun, has_begun) = channel();
        let (release, released) = channel();
        let workspace =
            Arc::new(Buggy { held: Mutex::new(Some((begun, released))), ..buggy(&folder) });
        let grouped = Grouped::new(workspace.clone()).unwrap();
        let contact = workspace.schema().record_type("contact").unwrap().clone();
        let ask = || {
            let json = object(&json!({ "first_name": "Ann" }));
            let attributes = Attributes::parse(&contact, json, Write::Create, None).unwrap();
            let kind = OperationKind::Create { attributes };
            let operation = Operation::new(Arc::clone(&contact), kind);
            let (answer, outcome) = sync_channel(1);
            grouped.queue.as_ref().unwrap().send(Waiting { operation, answer }).unwrap();
            outcome
        };
        let first = ask();
        has_begun.recv().unwrap();
        let others: Vec<_> = (0..20).map(|_| ask()).collect();
        release.send(()).unwrap();
        for outcome in std::iter::once(first).chain(others) {
            outcome.recv().unwrap().unwrap();
        }
        assert_eq!(workspace.writers.lock().unwrap().len(), 2);
    }
}
