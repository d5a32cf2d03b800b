//! Record types: attributes by index and by name, and what a match may be made by.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value as Json, json};

use crate::error::{Error, ErrorCode, Result};

use super::attribute::{Attribute, Origin, SystemField};
use super::nearest::nearest;

/// A record type: its name, its attributes, and the rules that span attributes.
#[derive(Debug)]
pub struct RecordType {
    api_name: String,
    display_name: String,
    description: Option<String>,
    supports_custom_fields: bool,
    can_assert: bool,
    requires_one_of: Vec<usize>,
    match_aliases: BTreeMap<String, usize>,
    attributes: Vec<Attribute>,
    by_name: HashMap<String, usize>,
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
    #[expect(clippy::too_many_arguments, reason = "called once, by the reader of declarations")]
    pub(super) fn new(
        api_name: String,
        display_name: String,
        description: Option<String>,
        supports_custom_fields: bool,
        can_assert: bool,
        requires_one_of: Vec<usize>,
        match_aliases: BTreeMap<String, usize>,
        attributes: Vec<Attribute>,
    ) -> Self {
        let mut by_name = HashMap::new();
        for (index, attribute) in attributes.iter().enumerate() {
            by_name.insert(attribute.api_name.clone(), index);
            for alias in &attribute.aliases {
                by_name.insert(alias.clone(), index);
            }
        }
        Self {
            api_name,
            display_name,
            description,
            supports_custom_fields,
            can_assert,
            requires_one_of,
            match_aliases,
            attributes,
            by_name,
        }
    }

    /// The name in the API, for example `contact`.
    #[must_use]
    pub fn api_name(&self) -> &str {
        &self.api_name
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
        self.by_name.get(name).copied()
    }

    /// The index of the attribute that is written by this name or alias.
    ///
    /// # Errors
    /// `unknown_field`, with the nearest name.
    pub fn require(&self, name: &str) -> Result<usize> {
        self.index_of(name).ok_or_else(|| self.unknown_field(name))
    }

    /// The error for a name that is no attribute, with the nearest one that is.
    #[must_use]
    pub fn unknown_field(&self, name: &str) -> Error {
        let error = Error::new(
            ErrorCode::UnknownField,
            format!("{} has no attribute {name:?}", self.api_name),
        )
        .at_field(name);
        match nearest(name, self.by_name.keys().map(String::as_str)) {
            Some(near) => error.hint(format!("did you mean {near:?}?")),
            None => error,
        }
    }

    /// The first thing that a new record needs and that is not given.
    ///
    /// `field_required_missing`, at the field.
    pub fn missing(&self, is_given: impl Fn(usize) -> bool) -> Option<Error> {
        let missing = |field: &str, what: &str| {
            Error::new(
                ErrorCode::FieldRequiredMissing,
                format!("a new {} needs {what}", self.api_name),
            )
            .at_field(field)
        };
        for (index, attribute) in self.attributes.iter().enumerate() {
            if attribute.is_required_on_create && !is_given(index) {
                return Some(missing(&attribute.api_name, &attribute.api_name));
            }
        }
        let satisfies = |index: usize| match self.attributes[index].origin {
            Origin::PrimaryOf(array) => is_given(index) || is_given(array),
            _ => is_given(index),
        };
        if self.requires_one_of.is_empty()
            || self.requires_one_of.iter().any(|&index| satisfies(index))
        {
            return None;
        }
        let names =
            self.requires_one_of.iter().map(|&index| self.attributes[index].api_name.as_str());
        let names: Vec<&str> = names.collect();
        Some(missing(names[0], &format!("one of {}", names.join(", "))))
    }

    /// Whether records can be asserted (contract.md section 5.4).
    #[must_use]
    pub fn can_assert(&self) -> bool {
        self.can_assert
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
        let mut document = json!({
            "api_name": self.api_name,
            "display_name": self.display_name,
            "is_custom": false,
            "is_junction": false,
            "supports_custom_fields": self.supports_custom_fields,
            "attributes": self.attributes.iter().map(Attribute::to_json).collect::<Vec<_>>(),
            "relationships": [],
        });
        if let Some(description) = &self.description {
            document["description"] = json!(description);
        }
        document
    }
}
