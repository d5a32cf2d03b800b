//! Record types: attributes by index and by name, and what a match may be made by.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::error::{Error, ErrorCode, Result};
use crate::value::quoted;

use super::attribute::{Attribute, Origin, SystemField};
use super::index::AttributeIndex;
use super::nearest::nearest;
use super::relationship::RelationshipEnd;

/// A record type: its name, its attributes, and the rules that span attributes.
#[derive(Debug, Clone)]
pub struct RecordType {
    pub(super) api_name: String,
    pub(super) display_name: String,
    pub(super) description: Option<String>,
    pub(super) supports_custom_fields: bool,
    pub(super) is_custom: bool,
    pub(super) is_read_only: bool,
    pub(super) can_assert: bool,
    pub(super) is_remote: bool,
    pub(super) requires_one_of: Vec<usize>,
    pub(super) scopes: Vec<usize>,
    pub(super) match_aliases: BTreeMap<String, usize>,
    pub(super) index: AttributeIndex,
    pub(super) attributes: Vec<Attribute>,
    pub(super) relationships: Vec<RelationshipEnd>,
}

/// What a match key leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatchKey {
    /// The record's id.
    Id,
    /// The values of the attribute with this index; for items, all of the array's.
    Attribute(usize),
}

impl RecordType {
    /// The name in the API, for example `contact`.
    #[must_use]
    pub fn api_name(&self) -> &str {
        &self.api_name
    }

    /// The name for people, for example `Contact`.
    #[must_use]
    pub fn display_name(&self) -> &str {
        &self.display_name
    }

    /// More about it, for people.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// Whether it was declared by the workspace, not by the product.
    #[must_use]
    pub fn is_custom(&self) -> bool {
        self.is_custom
    }

    /// Whether its records live in another service: what that gave out, such as cursors, is then
    /// its own business.
    #[must_use]
    pub fn is_remote(&self) -> bool {
        self.is_remote
    }

    /// Whether the API has an assert of its own for these records.
    pub(crate) fn has_assert(&self) -> bool {
        self.can_assert
    }

    /// The attributes of which a new record needs one at least, or the array behind one; none where
    /// there is no such rule.
    #[must_use]
    pub fn requires_one_of(&self) -> Vec<&Attribute> {
        let mut indexes = self.requires_one_of.clone();
        let arrays =
            self.requires_one_of.iter().filter_map(|&index| match self.attributes[index].origin {
                Origin::PrimaryOf(array) => Some(array),
                _ => None,
            });
        indexes.extend(arrays);
        indexes.into_iter().map(|index| &self.attributes[index]).collect()
    }

    /// Every attribute, system attributes first.
    #[must_use]
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// The attribute with this index.
    #[must_use]
    pub fn attribute(&self, index: usize) -> &Attribute {
        &self.attributes[index]
    }

    /// The index of the attribute that is written by this name or alias.
    #[must_use]
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.index.by_name.get(name).copied()
    }

    /// The index of the attribute that is written by this name or alias.
    ///
    /// # Errors
    /// `unknown_field`, with the nearest name.
    pub fn require(&self, name: &str) -> Result<usize> {
        self.index_of(name).ok_or_else(|| self.unknown_field(name))
    }

    /// The index of the array attribute whose items are edited one by one: a sub-resource
    /// (contract.md section 5.7).
    ///
    /// # Errors
    /// `unknown_field`, with the nearest name; `operation_not_supported` for another attribute.
    pub fn require_items(&self, name: &str) -> Result<usize> {
        let index = self.require(name)?;
        if self.attributes[index].has_items() {
            return Ok(index);
        }
        let message = format!("{name} of {} has no items to edit one by one", self.api_name);
        let known = self.attributes.iter().filter(|attribute| attribute.has_items());
        let known: Vec<&str> = known.map(|attribute| attribute.api_name.as_str()).collect();
        let hint = match known.is_empty() {
            true => format!("patch the {}", self.api_name),
            false => format!("those that have are {}", known.join(", ")),
        };
        Err(Error::new(ErrorCode::OperationNotSupported, message).at_field(name).hint(hint))
    }

    /// Every relationship of its records.
    #[must_use]
    pub fn relationships(&self) -> &[RelationshipEnd] {
        &self.relationships
    }

    /// The relationship with this index.
    #[must_use]
    pub fn relationship(&self, index: usize) -> &RelationshipEnd {
        &self.relationships[index]
    }

    /// The index of the relationship with this name.
    ///
    /// # Errors
    /// `unknown_relationship`, with the nearest name.
    pub fn require_relationship(&self, name: &str) -> Result<usize> {
        let names = || self.relationships.iter().map(|end| end.here().api_name.as_str());
        names().position(|known| known == name).ok_or_else(|| {
            let message = format!("{} has no relationship {}", self.api_name, quoted(name));
            let error = Error::new(ErrorCode::UnknownRelationship, message).at_field(name);
            match (nearest(name, names()), names().next()) {
                (Some(near), _) => error.hint(format!("did you mean {near:?}?")),
                (None, Some(_)) => {
                    error.hint(format!("it has {}", names().collect::<Vec<_>>().join(", ")))
                }
                (None, None) => error.hint("records of this type have no relationships"),
            }
        })
    }

    /// The error for a name that is no attribute, with the nearest one that is.
    #[must_use]
    pub fn unknown_field(&self, name: &str) -> Error {
        let error = Error::new(
            ErrorCode::UnknownField,
            format!("{} has no attribute {}", self.api_name, quoted(name)),
        )
        .at_field(name);
        match nearest(name, self.index.by_name.keys().map(String::as_str)) {
            Some(near) => error.hint(format!("did you mean {near:?}?")),
            None => error,
        }
    }

    /// What a new record needs and what is not given.
    ///
    /// `field_required_missing`, each at its field.
    pub fn missing(&self, is_given: impl Fn(usize) -> bool) -> Vec<Error> {
        let missing = |field: &str, what: &str| {
            Error::new(
                ErrorCode::FieldRequiredMissing,
                format!("a new {} needs {what}", self.api_name),
            )
            .at_field(field)
        };
        let required = self.index.required.iter().filter(|&&index| !is_given(index));
        let required = required.map(|&index| &self.attributes[index].api_name);
        let mut faults: Vec<Error> = required.map(|name| missing(name, name)).collect();
        let satisfies = |index: usize| match self.attributes[index].origin {
            Origin::PrimaryOf(array) => is_given(index) || is_given(array),
            _ => is_given(index),
        };
        if !self.requires_one_of.iter().any(|&index| satisfies(index)) {
            let names =
                self.requires_one_of.iter().map(|&index| self.attributes[index].api_name.as_str());
            let names: Vec<&str> = names.collect();
            let first = names.first();
            faults.extend(first.map(|it| missing(it, &format!("one of {}", names.join(", ")))));
        }
        faults
    }

    /// Refuses an assert where records cannot be asserted (contract.md section 5.4).
    ///
    /// # Errors
    /// `operation_not_supported`.
    pub fn check_can_assert(&self) -> Result<()> {
        if self.can_assert {
            return Ok(());
        }
        let message = format!("records of type {} cannot be asserted", self.api_name);
        Err(Error::new(ErrorCode::OperationNotSupported, message)
            .hint("create them, or update them by id"))
    }

    /// Refuses a write of records that are only read: they come into a workspace by seeding it.
    ///
    /// # Errors
    /// `operation_not_supported`.
    pub fn check_writable(&self) -> Result<()> {
        if !self.is_read_only {
            return Ok(());
        }
        let message = format!("records of type {} are only read", self.api_name);
        Err(Error::new(ErrorCode::OperationNotSupported, message)
            .hint("seed the workspace with them: headwater seed --workspace WORKSPACE FILE"))
    }

    /// What a match by `name` leads to (contract.md section 11.10).
    ///
    /// # Errors
    /// `unknown_field` for no attribute, `invalid_matching_field` for one that is not unique.
    pub fn match_key(&self, name: &str) -> Result<MatchKey> {
        if let Some(&index) = self.match_aliases.get(name) {
            return Ok(MatchKey::Attribute(index));
        }
        let index = self.require(name)?;
        let attribute = &self.attributes[index];
        match attribute.origin {
            Origin::System(SystemField::Id) => Ok(MatchKey::Id),
            _ if !attribute.is_unique => Err(Error::new(
                ErrorCode::InvalidMatchingField,
                format!("{name:?} does not identify one {}", self.api_name),
            )
            .at_field(name)
            .hint(format!("match by one of {}", self.match_names().join(", ")))),
            Origin::PrimaryOf(array) => Ok(MatchKey::Attribute(array)),
            _ => Ok(MatchKey::Attribute(index)),
        }
    }

    /// Every name that a match may use.
    #[must_use]
    pub fn match_names(&self) -> Vec<&str> {
        let unique = self.attributes.iter().filter(|attribute| attribute.is_unique);
        let mut names: Vec<&str> = unique.map(|attribute| attribute.api_name.as_str()).collect();
        names.extend(self.match_aliases.keys().map(String::as_str));
        names
    }

    /// Indexes of the attributes that records are asked for by, beside match keys and relationships.
    pub(crate) fn scopes(&self) -> &[usize] {
        &self.scopes
    }

    /// Indexes of the attributes with a default.
    pub(crate) fn defaults(&self) -> &[usize] {
        &self.index.defaults
    }

    /// Indexes of the attributes that follow from others, each after what it follows from.
    pub(crate) fn derived(&self) -> &[usize] {
        &self.index.derived
    }

    /// Indexes of the attributes whose values are kept as match keys.
    pub fn key_attributes(&self) -> impl Iterator<Item = usize> + '_ {
        self.attributes.iter().enumerate().filter_map(|(index, attribute)| {
            let is_key = attribute.is_unique && attribute.origin == Origin::Written;
            is_key.then_some(index)
        })
    }

    /// The schema document of contract.md section 4.11.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let attributes = self.attributes.iter().map(|attribute| {
            let mut document = match self.scopes.is_empty() {
                true => attribute.to_json(),
                // The API asks for these records by their scopes alone.
                false => attribute.to_json_unqueried(),
            };
            if self.is_read_only {
                document["is_creatable"] = json!(false);
                document["is_updatable"] = json!(false);
            }
            document
        });
        let mut document = json!({
            "api_name": self.api_name,
            "display_name": self.display_name,
            "is_custom": self.is_custom,
            "is_junction": false,
            "supports_custom_fields": self.supports_custom_fields,
            "attributes": attributes.collect::<Vec<_>>(),
            "relationships": self.relationships.iter().map(RelationshipEnd::to_json).collect::<Vec<_>>(),
        });
        if self.is_custom {
            document["object_id"] =
                json!(Uuid::new_v5(&Uuid::NAMESPACE_OID, self.api_name.as_bytes()));
        }
        if let Some(description) = &self.description {
            document["description"] = json!(description);
        }
        document
    }
}
