//! Sub-resources: items of an array attribute, edited one by one (contract.md section 5.7).

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::error::{Error, ErrorCode, Result};
use crate::operation::{Action, ItemEdit, ItemFields, ItemKey, Operation, OperationKind};
use crate::record::{Record, item_id};
use crate::schema::{Attribute, RecordType, Write};
use crate::value::Item;
use crate::workspace::Workspace;

use super::whole_record;

/// An item after an edit, with its record.
#[derive(Debug, Clone)]
pub struct ItemOutcome {
    /// What became of the item.
    pub action: Action,
    /// The record that holds it.
    pub record: Record,
    /// The array attribute that holds it.
    pub attribute: usize,
    /// The item.
    pub item: Item,
}

impl ItemOutcome {
    /// The item as contract.md section 1.5 shows it, without the `data` around it.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let raw = self.record.item_to_json(self.attribute, &self.item);
        match raw.get("id") {
            Some(id) => json!({ "id": id, "envelope": raw }),
            None => raw,
        }
    }

    /// The item's id, which stays the same for as long as the item is there.
    #[must_use]
    pub fn id(&self) -> Uuid {
        item_id(self.record.id, self.record.record_type.attribute(self.attribute), &self.item)
    }
}

/// Adds an item to an array attribute. One that is there already is kept, and made what is given:
/// the action is then `updated` or `unchanged`. The first item is primary; another one that is
/// made primary demotes the former.
///
/// # Errors
/// `unknown_record_type`, `record_not_found`; `unknown_field` for no such attribute or part,
/// `operation_not_supported` for an attribute without items; `field_required_missing`,
/// `field_not_creatable`, `field_value_invalid`, `unique_conflict`.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("crm.db");
/// use headwater::{OpenOptions, add_item, create, open, remove_item, update_item};
/// use serde_json::json;
/// let object = |json: serde_json::Value| json.as_object().cloned().unwrap();
/// let workspace = open(path.to_str().unwrap(), OpenOptions { create: true, ..OpenOptions::default() })?;
/// let sarah = create(&*workspace, "contact", object(json!({"primary_email": "sarah@acme.com"})))?.id;
/// let email = object(json!({"email": "sarah@home.example", "is_primary": false, "labels": ["PERSONAL"]}));
/// let added = add_item(&*workspace, "contact", sarah, "contact_emails", email)?;
/// let item = added.id().to_string();
/// let primary = object(json!({"is_primary": true}));
/// let updated = update_item(&*workspace, "contact", sarah, "contact_emails", &item, primary)?;
/// assert_eq!(updated.record.value("primary_email").unwrap().as_text(), Some("sarah@home.example"));
/// remove_item(&*workspace, "contact", sarah, "contact_emails", &item)?;
/// # Ok::<(), headwater::Error>(())
/// ```
pub fn add_item(
    workspace: &dyn Workspace,
    record_type: &str,
    id: Uuid,
    attribute: &str,
    body: Map<String, Json>,
) -> Result<ItemOutcome> {
    let call = Call::new(workspace, record_type, id, attribute)?;
    let fields = ItemFields::parse(call.declared(), body, Write::Create)?;
    let key = ItemKey::of_text(call.declared(), fields.text.as_deref().unwrap_or_default());
    call.apply(ItemEdit::Add(fields), &key)
}

/// Changes the parts of an item that are given. `item` is its id, or its text where items have no
/// ids: a domain. An item that is made primary demotes the former one; one that is no longer
/// primary leaves the record without.
///
/// # Errors
/// As [`add_item`], with `field_not_updatable` for a part that cannot be changed;
/// `record_not_found` also for an item that is not there, `invalid_request` for an id that is none.
pub fn update_item(
    workspace: &dyn Workspace,
    record_type: &str,
    id: Uuid,
    attribute: &str,
    item: &str,
    body: Map<String, Json>,
) -> Result<ItemOutcome> {
    let call = Call::new(workspace, record_type, id, attribute)?;
    let key = ItemKey::parse(call.declared(), item)?;
    let fields = ItemFields::parse(call.declared(), body, Write::Patch)?;
    call.apply(ItemEdit::Update(key.clone(), fields), &key)
}

/// Takes an item away, named as in [`update_item`]; where it was primary, the first of the others
/// is from then on.
///
/// # Errors
/// `unknown_record_type`, `record_not_found` for the record or the item; `unknown_field`,
/// `operation_not_supported`, `invalid_request`.
pub fn remove_item(
    workspace: &dyn Workspace,
    record_type: &str,
    id: Uuid,
    attribute: &str,
    item: &str,
) -> Result<()> {
    let call = Call::new(workspace, record_type, id, attribute)?;
    let key = ItemKey::parse(call.declared(), item)?;
    workspace.apply_one(call.operation(ItemEdit::Remove(key))).map(drop)
}

/// A record and one of its array attributes.
struct Call<'a> {
    workspace: &'a dyn Workspace,
    record_type: Arc<RecordType>,
    id: Uuid,
    attribute: usize,
}

impl<'a> Call<'a> {
    fn new(
        workspace: &'a dyn Workspace,
        record_type: &str,
        id: Uuid,
        attribute: &str,
    ) -> Result<Self> {
        let record_type = workspace.record_type(record_type)?;
        let attribute = record_type.require_items(attribute)?;
        Ok(Self { workspace, record_type, id, attribute })
    }

    fn declared(&self) -> &Attribute {
        self.record_type.attribute(self.attribute)
    }

    fn operation(&self, edit: ItemEdit) -> Operation {
        let kind = OperationKind::EditItem {
            id: self.id,
            attribute: self.attribute,
            edit: Box::new(edit),
        };
        Operation::new(self.record_type.clone(), kind)
    }

    /// Makes an edit, after which `key` names the item.
    fn apply(&self, edit: ItemEdit, key: &ItemKey) -> Result<ItemOutcome> {
        let outcome = self.workspace.apply_one(self.operation(edit))?;
        let action = outcome.action;
        let record = whole_record(outcome)?;
        let elements = record.values[self.attribute].as_ref().and_then(|value| value.as_list());
        let mut items = elements.unwrap_or_default().iter().filter_map(|value| value.as_item());
        let item = items.find(|item| key.names(self.id, self.declared(), item)).cloned();
        let lost = || Error::new(ErrorCode::Internal, "an edit lost its item");
        let item = item.ok_or_else(lost)?;
        Ok(ItemOutcome { action, record, attribute: self.attribute, item })
    }
}
