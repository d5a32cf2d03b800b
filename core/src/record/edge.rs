//! Edges: links between two records, as one of the two sees them.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::schema::{RecordType, RelationshipEnd};
use crate::value::{Envelope, Value, to_json};

use super::encode_context;

/// A link between two records, as one of them sees it.
#[derive(Debug, Clone)]
pub struct Edge {
    /// The type of the record that sees it.
    pub record_type: Arc<RecordType>,
    /// The record that sees it.
    pub parent: Uuid,
    /// The relationship, by its index in the record type.
    pub relationship: usize,
    /// The record that it leads to.
    pub related: Uuid,
    /// One entry for each attribute of the relationship.
    pub values: Vec<Option<Value>>,
    /// The edge as a remote workspace gave it, with what is unknown here.
    pub(crate) raw: Option<Json>,
}

impl Edge {
    /// The edge with its parent, as contract.md section 1.6 shows it.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let mut document = parent_to_json(&self.record_type, self.parent, self.relationship);
        document["item"] = self.item_to_json();
        document
    }

    /// The edge alone, as contract.md section 5.6 shows it; a generic one has nothing to pass
    /// through.
    #[must_use]
    pub fn item_to_json(&self) -> Json {
        if let Some(raw) = &self.raw {
            return raw.clone();
        }
        let end = self.end();
        let through = end.relationship.is_typed.then(|| {
            let no_items = |_: &_| Uuid::nil();
            let attributes = end.relationship.attributes.iter().zip(&self.values);
            let enveloped: Map<String, Json> = attributes
                .map(|(attribute, value)| {
                    let context = encode_context(attribute, &no_items);
                    let (value, value_type) = (value.as_ref(), attribute.value_type);
                    let envelope = Envelope { value, value_type, is_array: false, context };
                    (attribute.api_name.clone(), to_json(&envelope))
                })
                .collect();
            json!({ "id": self.id(), "record_type": end.relationship.name, "attributes": enveloped })
        });
        json!({
            "related_record_id": self.related,
            "related_record_type": end.there().record_type,
            "through": through,
        })
    }

    /// The edge's own id, the same from both sides: derived from the two records, so that it needs
    /// no column of its own.
    #[must_use]
    pub fn id(&self) -> Uuid {
        let end = self.end();
        let (first, second) = match end.side {
            0 => (self.parent, self.related),
            _ => (self.related, self.parent),
        };
        Uuid::new_v5(&first, format!("{}.{second}", end.relationship.name).as_bytes())
    }

    fn end(&self) -> &RelationshipEnd {
        self.record_type.relationship(self.relationship)
    }
}

/// What an edge or a list of edges begins with.
pub(crate) fn parent_to_json(record_type: &RecordType, id: Uuid, relationship: usize) -> Json {
    json!({
        "parent": { "id": id, "record_type": record_type.api_name() },
        "api_name": record_type.relationship(relationship).here().api_name,
    })
}
