//! Relationships: edges listed, added, changed and removed (contract.md section 5.6).

use std::sync::Arc;

use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::error::{Error, ErrorCode, Result};
use crate::operation::{Action, EdgeEdit, EdgeOf, EdgePage, EdgeQuery, Operation, OperationKind};
use crate::record::Edge;
use crate::schema::{RecordType, RelationshipEnd};
use crate::workspace::Workspace;

/// An edge after an edit.
#[derive(Debug, Clone)]
pub struct EdgeOutcome {
    /// What became of the edge.
    pub action: Action,
    /// The edge.
    pub edge: Edge,
}

/// Lists the edges of a record, in the order in which the related records were made; those of
/// archived records are hidden. `parameters` may hold `limit` and `cursor`.
///
/// # Errors
/// `unknown_record_type`, `unknown_relationship`, `record_not_found`, `invalid_request`,
/// `invalid_cursor`.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("crm.db");
/// use headwater::{OpenOptions, add_edge, create, edges, open, remove_edge, update_edge};
/// use serde_json::json;
/// let object = |json: serde_json::Value| json.as_object().cloned().unwrap();
/// let workspace = open(path.to_str().unwrap(), OpenOptions { create: true, ..OpenOptions::default() })?;
/// let sarah = create(&*workspace, "contact", object(json!({"first_name": "Sarah"})))?.id;
/// let acme = create(&*workspace, "account", object(json!({"name": "Acme", "domains": ["acme.com"]})))?.id;
/// let link = object(json!({"related_record_match": {"domain_name": "acme.com"}, "is_primary": true}));
/// add_edge(&*workspace, "contact", sarah, "accounts", link)?;
/// update_edge(&*workspace, "contact", sarah, "accounts", acme, object(json!({"role": "CEO"})))?;
/// let page = edges(&*workspace, "account", acme, "contacts", object(json!({"limit": 10})))?;
/// assert_eq!(page.edges[0].related, sarah);
/// assert_eq!(page.edges[0].values[0].as_ref().unwrap().as_text(), Some("CEO"));
/// remove_edge(&*workspace, "contact", sarah, "accounts", acme)?;
/// # Ok::<(), headwater::Error>(())
/// ```
pub fn edges(
    workspace: &dyn Workspace,
    record_type: &str,
    id: Uuid,
    relationship: &str,
    parameters: Map<String, Json>,
) -> Result<EdgePage> {
    let record_type = workspace.record_type(record_type)?;
    workspace.edges(&EdgeQuery::parse(&record_type, id, relationship, parameters)?)
}

/// Links a record to the one that `related_record_id` or `related_record_match` names. A link that
/// is there already is kept, and made what is given: the action is then `updated` or `unchanged`.
/// One that is made primary demotes the former, where only one may be.
///
/// # Errors
/// `unknown_record_type`, `unknown_relationship`, `record_not_found`; `field_not_updatable` for a
/// relationship that is only read; `unknown_field`, `field_value_invalid`, also for both or
/// neither of id and match; `target_record_not_found`, `ambiguous_match`, `invalid_matching_field`.
pub fn add_edge(
    workspace: &dyn Workspace,
    record_type: &str,
    id: Uuid,
    relationship: &str,
    body: Map<String, Json>,
) -> Result<EdgeOutcome> {
    let call = Call::new(workspace, record_type, id, relationship)?;
    call.apply(EdgeEdit::add(call.end(), body)?)
}

/// Changes the attributes of a link that are given, beside each other or in `through`.
///
/// # Errors
/// As [`add_edge`]; `operation_not_supported` for a relationship whose links have no attributes,
/// `target_record_not_found` for a record that is not linked.
pub fn update_edge(
    workspace: &dyn Workspace,
    record_type: &str,
    id: Uuid,
    relationship: &str,
    target: Uuid,
    body: Map<String, Json>,
) -> Result<EdgeOutcome> {
    let call = Call::new(workspace, record_type, id, relationship)?;
    call.apply(EdgeEdit::update(call.end(), target, body)?)
}

/// Takes the link between two records away.
///
/// # Errors
/// `unknown_record_type`, `unknown_relationship`, `record_not_found`, `field_not_updatable`;
/// `target_record_not_found` for a record that is not linked.
pub fn remove_edge(
    workspace: &dyn Workspace,
    record_type: &str,
    id: Uuid,
    relationship: &str,
    target: Uuid,
) -> Result<()> {
    let call = Call::new(workspace, record_type, id, relationship)?;
    let edit = EdgeEdit::remove(call.end(), target)?;
    workspace.apply_one(call.operation(edit)).map(drop)
}

/// A record and one of its relationships.
struct Call<'a> {
    workspace: &'a dyn Workspace,
    record_type: Arc<RecordType>,
    id: Uuid,
    relationship: usize,
}

impl<'a> Call<'a> {
    fn new(
        workspace: &'a dyn Workspace,
        record_type: &str,
        id: Uuid,
        relationship: &str,
    ) -> Result<Self> {
        let record_type = workspace.record_type(record_type)?;
        let relationship = record_type.require_relationship(relationship)?;
        Ok(Self { workspace, record_type, id, relationship })
    }

    fn end(&self) -> &RelationshipEnd {
        self.record_type.relationship(self.relationship)
    }

    fn operation(&self, edit: EdgeEdit) -> Operation {
        let Self { id, relationship, .. } = *self;
        let of = EdgeOf::Record(id);
        let kind = OperationKind::EditEdge { of, relationship, edit: Box::new(edit) };
        Operation::new(Arc::clone(&self.record_type), kind)
    }

    fn apply(&self, edit: EdgeEdit) -> Result<EdgeOutcome> {
        let outcome = self.workspace.apply_one(self.operation(edit))?;
        let edge = outcome
            .edge
            .ok_or_else(|| Error::new(ErrorCode::Internal, "an outcome came without its edge"))?;
        Ok(EdgeOutcome { action: outcome.action, edge: *edge })
    }
}
