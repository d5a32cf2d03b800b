//! A workspace whose operations are logged under one name.

use std::ops::Deref;
use std::sync::Arc;

use uuid::Uuid;

use crate::access::ApiKeys;
use crate::error::Result;
use crate::operation::{
    Actor, EdgePage, EdgeQuery, HistoryPage, HistoryQuery, Operation, Outcome, Outcomes, Page,
    Query,
};
use crate::record::Record;
use crate::schema::{Declarations, Declared, RecordType, Schema};
use crate::source::Control;
use crate::store::journal::JournalReader;
use crate::twin::Twin;
use crate::workspace::{
    ApplyOptions, ApplyTimes, Drift, Foresight, Prepared, RequestPace, Settle, Workspace,
};

/// A workspace (any pointer to one) for one actor: operations that name none are its own.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("crm.db");
/// use headwater::{ActingAs, Actor, OpenOptions, Workspace, create, history, open};
/// let options = OpenOptions { create: true, ..OpenOptions::default() };
/// let workspace = ActingAs::new(open(path.to_str().unwrap(), options)?, Actor::named("import"));
/// let attributes = serde_json::json!({"first_name": "Sarah"});
/// let sarah = create(&workspace, "contact", attributes.as_object().cloned().unwrap())?;
/// let changes = history(&workspace, "contact", sarah.id, serde_json::Map::new())?.changes;
/// assert_eq!(changes[0].actor.as_deref(), Some("import"));
/// # Ok::<(), headwater::Error>(())
/// ```
pub struct ActingAs<W> {
    workspace: W,
    actor: Actor,
}

impl<W> ActingAs<W> {
    /// The workspace for this actor.
    #[must_use]
    pub fn new(workspace: W, actor: Actor) -> Self {
        Self { workspace, actor }
    }

    fn claim(&self, operation: &mut Operation) {
        operation.actor.get_or_insert_with(|| self.actor.clone());
    }
}

impl<W: Deref<Target = dyn Workspace> + Send + Sync> Workspace for ActingAs<W> {
    fn schema(&self) -> Arc<Schema> {
        self.workspace.schema()
    }

    fn record_type(&self, name: &str) -> Result<Arc<RecordType>> {
        self.workspace.record_type(name)
    }

    fn declare(&self, declarations: Declarations) -> Result<Declared> {
        self.workspace.declare(declarations)
    }

    fn get(&self, record_type: &str, id: Uuid) -> Result<Record> {
        self.workspace.get(record_type, id)
    }

    fn query(&self, record_type: &str, query: &Query) -> Result<Page> {
        self.workspace.query(record_type, query)
    }

    fn edges(&self, query: &EdgeQuery) -> Result<EdgePage> {
        self.workspace.edges(query)
    }

    fn history(&self, query: &HistoryQuery) -> Result<HistoryPage> {
        self.workspace.history(query)
    }

    fn apply_and_settle(
        &self,
        mut operations: Vec<Operation>,
        options: ApplyOptions,
        settle: &mut Settle<'_>,
    ) -> Result<Outcomes> {
        operations.iter_mut().for_each(|operation| self.claim(operation));
        self.workspace.apply_and_settle(operations, options, settle)
    }

    fn prepare(&self, mut operations: Vec<Operation>, options: ApplyOptions) -> Prepared {
        operations.iter_mut().for_each(|operation| self.claim(operation));
        self.workspace.prepare(operations, options)
    }

    fn apply_prepared(
        &self,
        prepared: Prepared,
        settle: Option<&mut Settle<'_>>,
        control: &Control,
    ) -> Result<Outcomes> {
        self.workspace.apply_prepared(prepared, settle, control)
    }

    fn read_journal(
        &self,
        read: &mut dyn FnMut(&mut dyn JournalReader) -> Result<()>,
    ) -> Result<()> {
        self.workspace.read_journal(read)
    }

    fn api_keys(&self) -> Result<&dyn ApiKeys> {
        self.workspace.api_keys()
    }

    fn twin(&self) -> Result<&dyn Twin> {
        self.workspace.twin()
    }

    fn foresee(&self, operations: &[Operation]) -> Result<Foresight> {
        self.workspace.foresee(operations)
    }

    fn verify(&self, record_type: &str, control: &Control) -> Result<Drift> {
        self.workspace.verify(record_type, control)
    }

    fn still_holds(&self, record_type: &str) -> Result<bool> {
        self.workspace.still_holds(record_type)
    }

    fn pace(&self) -> Option<RequestPace> {
        self.workspace.pace()
    }

    fn batch_rows(&self) -> usize {
        self.workspace.batch_rows()
    }

    fn apply(&self, mut operations: Vec<Operation>, options: ApplyOptions) -> Result<Outcomes> {
        operations.iter_mut().for_each(|operation| self.claim(operation));
        self.workspace.apply(operations, options)
    }

    fn settle(&self) -> Result<()> {
        self.workspace.settle()
    }

    fn apply_times(&self) -> ApplyTimes {
        self.workspace.apply_times()
    }

    fn apply_one(&self, mut operation: Operation) -> Result<Outcome> {
        self.claim(&mut operation);
        self.workspace.apply_one(operation)
    }
}
