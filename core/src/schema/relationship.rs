//! Relationships: which records are linked, what each side calls it, and what a link says of itself.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::error::{Error, ErrorCode, Result};

use super::attribute::Attribute;

/// What links records of two types, or records of one type in two roles.
#[derive(Debug, Clone)]
pub struct Relationship {
    /// The name of its links; where it is typed, of the junction in the API.
    pub name: String,
    /// Whether its links can have attributes and be changed: a junction (contract.md section 5.6).
    pub is_typed: bool,
    /// Whether its links come about by other means and are only read here.
    pub is_read_only: bool,
    /// Whether it was declared by the workspace, not by the product.
    pub is_custom: bool,
    /// The attribute of the first side's records that it follows from, where it does: each of them
    /// is then linked to one record at most, by writing that attribute.
    pub reference: Option<String>,
    /// Its two sides; the first one declares it.
    pub sides: [Side; 2],
    /// The attributes of its links.
    pub attributes: Vec<Attribute>,
    /// Of which links one at most is primary.
    pub one_primary: Option<OnePrimary>,
    /// Keys that are taken beside the attributes, and left alone (contract.md section 9.6).
    pub ignored: Vec<String>,
}

impl Relationship {
    /// The schema document of its junction (contract.md section 4.11): what its links say of themselves. They are
    /// read and written as links of records, never by themselves.
    pub(super) fn junction_json(&self) -> Json {
        let attributes = self.attributes.iter().map(|attribute| {
            let mut document = attribute.to_json_unqueried();
            document["is_creatable"] = json!(false);
            document["is_updatable"] = json!(false);
            document
        });
        let [declaring, other] = &self.sides;
        json!({
            "api_name": self.name,
            "display_name": format!("{} and {}", other.display_name, declaring.display_name),
            "is_custom": self.is_custom,
            "is_junction": true,
            "supports_custom_fields": false,
            "attributes": attributes.collect::<Vec<_>>(),
            "relationships": [],
        })
    }
}

/// Of the links of each record on one side at most one is primary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OnePrimary {
    /// The attribute that says so.
    pub attribute: usize,
    /// The side.
    pub side: usize,
}

/// One side of a relationship: records of a type, and what they call it.
#[derive(Debug, Clone)]
pub struct Side {
    /// The type of the records.
    pub record_type: String,
    /// The name in the API.
    pub api_name: String,
    /// The name for people.
    pub display_name: String,
}

/// A relationship as the records on one side of it see it.
#[derive(Debug, Clone)]
pub struct RelationshipEnd {
    /// The relationship.
    pub relationship: Arc<Relationship>,
    /// Whose view it is: the place in [`Relationship::sides`].
    pub side: usize,
}

impl RelationshipEnd {
    /// The records that have it.
    #[must_use]
    pub fn here(&self) -> &Side {
        &self.relationship.sides[self.side]
    }

    /// The records that it leads to.
    #[must_use]
    pub fn there(&self) -> &Side {
        &self.relationship.sides[1 - self.side]
    }

    /// The same relationship from its other side.
    #[must_use]
    pub fn opposite(&self) -> Self {
        Self { relationship: Arc::clone(&self.relationship), side: 1 - self.side }
    }

    /// Refuses to add, change or remove a link that is only read here.
    ///
    /// # Errors
    /// `field_not_updatable`, at the relationship.
    pub fn check_writable(&self) -> Result<()> {
        if !self.relationship.is_read_only {
            return Ok(());
        }
        let Side { record_type, api_name, .. } = self.here();
        let message = format!("{api_name} of a {record_type} is only read");
        let error = Error::new(ErrorCode::FieldNotUpdatable, message).at_field(api_name);
        Err(match &self.relationship.reference {
            Some(attribute) => {
                let owner = &self.relationship.sides[0].record_type;
                error.hint(format!("patch {attribute} of the {owner}"))
            }
            None => error,
        })
    }

    /// Refuses to change a link that has no attributes.
    ///
    /// # Errors
    /// `operation_not_supported`, at the relationship.
    pub fn check_typed(&self) -> Result<()> {
        if self.relationship.is_typed {
            return Ok(());
        }
        let Side { record_type, api_name, .. } = self.here();
        let message = format!("a link of {api_name} of a {record_type} has nothing to change");
        Err(Error::new(ErrorCode::OperationNotSupported, message)
            .at_field(api_name)
            .hint("remove the link and add another one"))
    }

    /// The relationship as the schema document shows it (contract.md section 4.11).
    #[must_use]
    pub fn to_json(&self) -> Json {
        let Relationship { name, is_typed, is_read_only, is_custom, reference, .. } =
            &*self.relationship;
        let mut document = json!({
            "api_name": self.here().api_name,
            "display_name": self.here().display_name,
            "related_object_api_name": self.there().record_type,
            "related_object_relationship_api_name": self.there().api_name,
            "is_creatable": !is_read_only,
            "is_updatable": *is_typed && !is_read_only,
            "is_custom": is_custom,
            "is_array": reference.is_none() || self.side == 1,
        });
        if *is_typed {
            document["junction_object_api_name"] = json!(name);
        }
        document
    }
}
