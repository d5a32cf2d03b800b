//! Records, and the changes that operations make to their attributes.

mod attributes;
mod edge;

pub(crate) use attributes::first_of;
pub use attributes::{Attributes, Change};
pub use edge::Edge;
pub(crate) use edge::parent_to_json;

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::schema::{Attribute, Origin, RecordType, SystemField};
use crate::value::{EncodeContext, Item, Timestamp, Value};

/// A record as it is read: every attribute of its type, null where nothing is known.
#[derive(Debug, Clone)]
pub struct Record {
    /// Its type.
    pub record_type: Arc<RecordType>,
    /// Its id.
    pub id: Uuid,
    /// The workspace it belongs to.
    pub organization_id: Uuid,
    /// When it was created.
    pub created_at: Timestamp,
    /// When an attribute last changed.
    pub updated_at: Timestamp,
    /// One entry for each attribute of the type; system attributes are `None` here.
    pub values: Vec<Option<Value>>,
}

impl Record {
    /// The value of an attribute by api name or alias; `None` for null and for no such attribute.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.values.get(self.record_type.index_of(name)?)?.as_ref()
    }

    /// The record as contract.md section 1.2 shows it, without the `data` around it.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let attributes = self.record_type.attributes().iter().enumerate();
        let enveloped: Map<String, Json> = attributes
            .map(|(index, attribute)| (attribute.api_name.clone(), self.envelope(index, attribute)))
            .collect();
        json!({
            "id": self.id,
            "record_type": self.record_type.api_name(),
            "created_at": self.created_at.to_string(),
            "updated_at": self.updated_at.to_string(),
            "attributes": enveloped,
        })
    }

    fn envelope(&self, index: usize, attribute: &Attribute) -> Json {
        let system = match attribute.origin {
            Origin::System(SystemField::Id) => Some(Value::Uuid(self.id)),
            Origin::System(SystemField::OrganizationId) => Some(Value::Uuid(self.organization_id)),
            Origin::System(SystemField::CreatedAt) => Some(Value::Timestamp(self.created_at)),
            Origin::System(SystemField::UpdatedAt) => Some(Value::Timestamp(self.updated_at)),
            _ => None,
        };
        attribute_envelope(self.id, attribute, system.as_ref().or(self.values[index].as_ref()))
    }

    /// One item of an array attribute as it stands in the record's own envelope.
    #[must_use]
    pub fn item_to_json(&self, attribute: usize, item: &Item) -> Json {
        let attribute = self.record_type.attribute(attribute);
        let item_id = |item: &Item| item_id(self.id, attribute, item).to_string();
        let value = Value::Item(Box::new(item.clone()));
        value.encode(attribute.value_type, encode_context(attribute, &item_id))
    }
}

/// The envelope of a value of a record's attribute.
pub(crate) fn attribute_envelope(
    record: Uuid,
    attribute: &Attribute,
    value: Option<&Value>,
) -> Json {
    let item_id = |item: &Item| item_id(record, attribute, item).to_string();
    let context = encode_context(attribute, &item_id);
    Value::envelope(value, attribute.value_type, attribute.is_array, context)
}

fn encode_context<'a>(
    attribute: &'a Attribute,
    item_id: &'a dyn Fn(&Item) -> String,
) -> EncodeContext<'a> {
    EncodeContext { options: &attribute.options, target: attribute.target.as_deref(), item_id }
}

/// The public id of an item: derived from its record, array and number, so that it needs no
/// column of its own, and stable for as long as the item stays.
#[must_use]
pub fn item_id(record: Uuid, attribute: &Attribute, item: &Item) -> Uuid {
    Uuid::new_v5(&record, format!("{}.{}", attribute.api_name, item.number).as_bytes())
}
