//! Records, and the changes that operations make to their attributes.

mod attributes;
mod edge;

pub use attributes::{Attributes, Change};
pub(crate) use attributes::{first_in_order, first_of, note};
pub use edge::Edge;
pub(crate) use edge::parent_to_json;

use std::fmt::Display;
use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::schema::{Attribute, Origin, RecordType, SystemField};
use crate::value::{EncodeContext, Encoded, Envelope, Item, Timestamp, Value, to_json};

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
    /// The record as a remote workspace gave it, with what is unknown here.
    pub(crate) raw: Option<Arc<Json>>,
}

impl Record {
    /// A record of this type that says nothing: every attribute null, every time and other id zero.
    #[must_use]
    pub fn empty(record_type: Arc<RecordType>, id: Uuid) -> Self {
        let values = vec![None; record_type.attributes().len()];
        let [created_at, updated_at] = [Timestamp(0); 2];
        let organization_id = Uuid::nil();
        Self { record_type, id, organization_id, created_at, updated_at, values, raw: None }
    }

    /// The value of an attribute by api name or alias; `None` for null and for no such attribute.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.values.get(self.record_type.index_of(name)?)?.as_ref()
    }

    /// The record as contract.md section 1.2 shows it, without the `data` around it.
    #[must_use]
    pub fn to_json(&self) -> Json {
        to_json(self)
    }

    /// What the workspace itself keeps of a record, where an attribute is such.
    fn system_value(&self, attribute: &Attribute) -> Option<Value> {
        match attribute.origin {
            Origin::System(SystemField::Id) => Some(Value::Uuid(self.id)),
            Origin::System(SystemField::OrganizationId) => Some(Value::Uuid(self.organization_id)),
            Origin::System(SystemField::CreatedAt) => Some(Value::Timestamp(self.created_at)),
            Origin::System(SystemField::UpdatedAt) => Some(Value::Timestamp(self.updated_at)),
            _ => None,
        }
    }

    /// One item of an array attribute as it stands in the record's own envelope.
    #[must_use]
    pub fn item_to_json(&self, attribute: usize, item: &Item) -> Json {
        let attribute = self.record_type.attribute(attribute);
        let item_id = |item: &Item| item_id(self.id, attribute, item);
        let (value, value_type) = (&Value::Item(Box::new(item.clone())), attribute.value_type);
        to_json(&Encoded { value, value_type, context: encode_context(attribute, &item_id) })
    }
}

/// As [`Record::to_json`], written straight to where it goes.
impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Some(raw) = &self.raw {
            return raw.serialize(serializer);
        }
        let mut map = serializer.serialize_map(Some(5))?;
        map.serialize_entry("id", &self.id)?;
        map.serialize_entry("record_type", self.record_type.api_name())?;
        map.serialize_entry("created_at", &Displayed(self.created_at))?;
        map.serialize_entry("updated_at", &Displayed(self.updated_at))?;
        map.serialize_entry("attributes", &Enveloped(self))?;
        map.end()
    }
}

/// Written as it is displayed.
struct Displayed<T>(T);

impl<T: Display> Serialize for Displayed<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// The attributes of a record by name, each in its envelope.
struct Enveloped<'a>(&'a Record);

impl Serialize for Enveloped<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(record) = self;
        let attributes = record.record_type.attributes();
        let mut map = serializer.serialize_map(Some(attributes.len()))?;
        for (attribute, value) in attributes.iter().zip(&record.values) {
            let system = record.system_value(attribute);
            let item_id = |item: &Item| item_id(record.id, attribute, item);
            let value = system.as_ref().or(value.as_ref());
            map.serialize_entry(&attribute.api_name, &envelope(attribute, value, &item_id))?;
        }
        map.end()
    }
}

/// The envelope of a value of a record's attribute.
pub(crate) fn attribute_envelope(
    record: Uuid,
    attribute: &Attribute,
    value: Option<&Value>,
) -> Json {
    let item_id = |item: &Item| item_id(record, attribute, item);
    to_json(&envelope(attribute, value, &item_id))
}

fn envelope<'a>(
    attribute: &'a Attribute,
    value: Option<&'a Value>,
    item_id: &'a dyn Fn(&Item) -> Uuid,
) -> Envelope<'a> {
    Envelope {
        value,
        value_type: attribute.value_type,
        is_array: attribute.is_array,
        context: encode_context(attribute, item_id),
    }
}

fn encode_context<'a>(
    attribute: &'a Attribute,
    item_id: &'a dyn Fn(&Item) -> Uuid,
) -> EncodeContext<'a> {
    EncodeContext { options: &attribute.options, target: attribute.target.as_deref(), item_id }
}

/// The public id of an item: the one that a remote workspace gave it, else derived from its record,
/// array and number, so that it needs no column of its own, and stable for as long as the item stays.
#[must_use]
pub fn item_id(record: Uuid, attribute: &Attribute, item: &Item) -> Uuid {
    item.id.unwrap_or_else(|| {
        Uuid::new_v5(&record, format!("{}.{}", attribute.api_name, item.number).as_bytes())
    })
}
