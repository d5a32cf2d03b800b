//! What a workspace declares beyond the standard record types: custom objects and custom fields.

use std::collections::HashSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorCode, Result};
use crate::value::{ADDRESS_PARTS, ValueType};

use super::Schema;
use super::attribute::{Attribute, Origin};
use super::declaration::{
    AttributeDeclaration, TypeDeclaration, build_attribute, build_record_type,
};
use super::index::AttributeIndex;
use super::record_type::RecordType;
use super::relationship::RelationshipEnd;
use super::relationship_declaration::RelationshipDeclaration;

/// How many attributes a record type may have.
const MAX_ATTRIBUTES: usize = 500;
/// How many columns they may have, of the 2000 that SQLite gives a table.
const MAX_COLUMNS: usize = 1800;
/// Bytes of a name.
const MAX_NAME: usize = 60;
/// Names that a store or the API needs for itself.
const RESERVED: [&str; 5] = ["rid", "archived_at", "asserted_digest", "health", "local"];

/// Custom objects and custom fields, as a schema file or a request declares them.
///
/// ```
/// let declared = headwater::Declarations::parse(r#"
///     [[custom_fields]]
///     record_type = "contact"
///     attributes = [{ api_name = "shoe_size", display_name = "Shoe size", value_type = "number" }]
/// "#)?;
/// let schema = headwater::Schema::standard().extended(&declared)?;
/// assert!(schema.record_type("contact")?.index_of("shoe_size").is_some());
/// # Ok::<(), headwater::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declarations {
    #[serde(default)]
    record_types: Vec<TypeDeclaration>,
    #[serde(default)]
    custom_fields: Vec<FieldsDeclaration>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldsDeclaration {
    record_type: String,
    attributes: Vec<AttributeDeclaration>,
}

/// What declarations changed: record types by name, fields as `type.field`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Declared {
    /// What there was not before.
    pub added: Vec<String>,
    /// What is declared in another way than before.
    pub changed: Vec<String>,
}

impl Declarations {
    /// Reads a schema file.
    ///
    /// # Errors
    /// `config_invalid`, with the place.
    pub fn parse(text: &str) -> Result<Self> {
        toml::from_str(text).map_err(|cause| {
            Error::new(ErrorCode::ConfigInvalid, format!("the schema cannot be read: {cause}"))
        })
    }

    /// Reads declarations of the same grammar as JSON.
    ///
    /// # Errors
    /// `config_invalid`.
    pub fn from_json(json: serde_json::Value) -> Result<Self> {
        serde_json::from_value(json).map_err(|cause| {
            Error::new(ErrorCode::ConfigInvalid, format!("the schema cannot be read: {cause}"))
        })
    }

    /// The text that a workspace keeps.
    pub(crate) fn to_text(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|cause| {
            Error::new(ErrorCode::Internal, "the schema cannot be written").because(cause)
        })
    }

    /// Reads what [`Declarations::to_text`] wrote.
    pub(crate) fn from_text(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|cause| {
            Error::new(ErrorCode::StoreCorrupt, "the workspace's schema cannot be read")
                .because(cause)
        })
    }

    /// Adds other declarations; what is there stays in its place, so that records keep their form.
    ///
    /// # Errors
    /// `config_invalid` for a field that would hold another kind of value than it does.
    pub(crate) fn add(&mut self, others: Self) -> Result<Declared> {
        let mut declared = Declared::default();
        for mut other in others.record_types {
            let name = other.api_name.clone();
            match self.record_types.iter_mut().find(|known| known.api_name == name) {
                None => {
                    declared.added.push(name);
                    self.record_types.push(other);
                }
                Some(known) => {
                    let attributes =
                        std::mem::replace(&mut other.attributes, known.attributes.clone());
                    let relationships =
                        std::mem::replace(&mut other.relationships, known.relationships.clone());
                    add_relationships(known, &mut other, relationships, &mut declared)?;
                    if *known != other {
                        *known = other;
                        declared.changed.push(name.clone());
                    }
                    self.add_fields(&name, attributes, &mut declared)?;
                }
            }
        }
        for FieldsDeclaration { record_type, attributes } in others.custom_fields {
            self.add_fields(&record_type, attributes, &mut declared)?;
        }
        Ok(declared)
    }

    /// Adds fields; one that is there is as it is declared last, but for what its records hold.
    fn add_fields(
        &mut self,
        record_type: &str,
        attributes: Vec<AttributeDeclaration>,
        declared: &mut Declared,
    ) -> Result<()> {
        for mut attribute in attributes {
            let own = self.record_types.iter_mut().filter(|known| known.api_name == record_type);
            let own = own.flat_map(|known| &mut known.attributes);
            let custom = self.custom_fields.iter_mut();
            let custom = custom.filter(|known| known.record_type == record_type);
            let custom = custom.flat_map(|known| &mut known.attributes);
            let known = own.chain(custom).find(|known| known.api_name == attribute.api_name);
            let name = format!("{record_type}.{}", attribute.api_name);
            match known {
                Some(known) if known.stores_like(&attribute) => {
                    attribute.keep_options(&known.options);
                    if *known != attribute {
                        *known = attribute;
                        declared.changed.push(name);
                    }
                }
                Some(_) => {
                    return Err(Error::new(
                        ErrorCode::ConfigInvalid,
                        format!("{name} is declared already, with another value_type, is_array, is_unique or target"),
                    )
                    .at_field(name)
                    .hint("declare a field of another name"));
                }
                None => {
                    declared.added.push(name);
                    let record_type = record_type.to_owned();
                    let attributes = vec![attribute];
                    self.custom_fields.push(FieldsDeclaration { record_type, attributes });
                }
            }
        }
        Ok(())
    }
}

/// Adds relationships to those of a declaration that is there; what is there stays in its place, so
/// that links keep their form.
fn add_relationships(
    known: &mut TypeDeclaration,
    latest: &mut TypeDeclaration,
    others: Vec<RelationshipDeclaration>,
    declared: &mut Declared,
) -> Result<()> {
    for other in others {
        let at = format!("{}.{}", known.api_name, other.api_name);
        match known.relationships.iter().find(|known| known.api_name == other.api_name) {
            Some(same) if *same == other => {}
            Some(_) => return Err(invalid(&at, "it is declared already, in another way")),
            None => {
                declared.added.push(at);
                known.relationships.push(other.clone());
                latest.relationships.push(other);
            }
        }
    }
    Ok(())
}

impl Schema {
    /// These record types with what is declared beyond them.
    ///
    /// # Errors
    /// `config_invalid` for a declaration that makes no sense, at the field; `unknown_record_type`;
    /// `operation_not_supported` for a custom field of a type that takes none.
    pub fn extended(&self, declarations: &Declarations) -> Result<Self> {
        let mut schema = self.clone();
        for declared in &declarations.record_types {
            let name = &declared.api_name;
            check_name(name, name)?;
            if schema.record_types.iter().any(|known| known.api_name() == name) {
                return Err(invalid(name, "there is a record type of this name"));
            }
            if schema.relationships().any(|end| end.relationship.name == *name) {
                return Err(invalid(name, "there is a junction of this name"));
            }
            if declared.can_assert || declared.read_only {
                return Err(invalid(name, "custom objects have no can_assert and no read_only"));
            }
            if !declared.scopes.is_empty() {
                return Err(invalid(name, "custom objects have no scopes"));
            }
            let mut record_type = build_record_type(declared.clone())?;
            record_type.is_custom = true;
            record_type.supports_custom_fields = true;
            for attribute in &mut record_type.attributes {
                attribute.is_custom |= attribute.origin.is_declared();
            }
            let declared = record_type.attributes.iter();
            for attribute in declared.filter(|attribute| attribute.is_custom) {
                check_attribute(&record_type, attribute)?;
            }
            check_names(&record_type)?;
            check_match_aliases(&record_type)?;
            for end in &mut record_type.relationships {
                check_relationship(end)?;
                Arc::make_mut(&mut end.relationship).is_custom = true;
            }
            schema.record_types.push(Arc::new(record_type));
        }
        // Once every type is there, since they may lead to each other.
        for declared in &declarations.record_types {
            let ends = schema.record_type(&declared.api_name)?.relationships.clone();
            for end in ends.iter().filter(|end| end.side == 0) {
                let (at, there) = (place_of_end(end), &end.there().record_type);
                if schema.record_types.iter().any(|one| one.api_name == *there && one.is_read_only)
                {
                    let why =
                        format!("records of type {there} are only read, and so are their links");
                    return Err(invalid(&at, why));
                }
                schema.link(end)?;
            }
        }
        for FieldsDeclaration { record_type: name, attributes } in &declarations.custom_fields {
            let place = schema.place_of(name)?;
            let mut record_type = (*schema.record_types[place]).clone();
            if !record_type.supports_custom_fields {
                return Err(Error::new(
                    ErrorCode::OperationNotSupported,
                    format!("records of type {name} take no custom fields"),
                ));
            }
            for declared in attributes {
                let at = format!("{name}.{}", declared.api_name);
                let no_other =
                    |other: &str| Err(invalid(&at, format!("it cannot follow from {other:?}")));
                let mut attribute = build_attribute(declared.clone(), &at, &no_other)?;
                attribute.is_custom = true;
                check_attribute(&record_type, &attribute)?;
                record_type.attributes.push(attribute);
            }
            check_names(&record_type)?;
            record_type.index = AttributeIndex::of(&record_type.attributes);
            schema.record_types[place] = Arc::new(record_type);
        }
        schema.check_targets()?;
        Ok(schema)
    }

    /// Refuses a custom field that refers to records of no type.
    fn check_targets(&self) -> Result<()> {
        for record_type in &self.record_types {
            for attribute in record_type.attributes.iter().filter(|attribute| attribute.is_custom) {
                let at = format!("{}.{}", record_type.api_name, attribute.api_name);
                match (&attribute.target, attribute.value_type == ValueType::RecordReference) {
                    (Some(target), true) => drop(self.place_of(target)?),
                    (None, false) => {}
                    _ => {
                        return Err(invalid(
                            &at,
                            "target goes with record_reference, and only with it",
                        ));
                    }
                }
            }
        }
        Ok(())
    }

    fn place_of(&self, name: &str) -> Result<usize> {
        self.record_type(name)?;
        let place = self.record_types.iter().position(|known| known.api_name() == name);
        place.ok_or_else(|| invalid(name, "there is no such record type"))
    }
}

/// Where a relationship is declared, for messages.
fn place_of_end(end: &RelationshipEnd) -> String {
    format!("{}.{}", end.here().record_type, end.here().api_name)
}

/// Refuses a relationship that a workspace cannot declare: those of custom objects are generic
/// (contract.md section 5.6).
fn check_relationship(end: &RelationshipEnd) -> Result<()> {
    let at = place_of_end(end);
    check_name(&end.here().api_name, &at)?;
    check_name(&end.there().api_name, &at)?;
    if end.relationship.is_typed || end.relationship.is_read_only {
        return Err(invalid(&at, "relationships of custom objects have no junction and no access"));
    }
    Ok(())
}

/// Refuses names and aliases that lead to two attributes, or to one and a relationship.
fn check_names(record_type: &RecordType) -> Result<()> {
    let mut known: HashSet<&str> = record_type.match_aliases.keys().map(String::as_str).collect();
    known.extend(record_type.relationships.iter().map(|end| end.here().api_name.as_str()));
    for attribute in &record_type.attributes {
        for name in std::iter::once(&attribute.api_name).chain(&attribute.aliases) {
            if !known.insert(name) {
                let at = format!("{}.{}", record_type.api_name, attribute.api_name);
                let what = format!("there is an attribute or a relationship of the name {name:?}");
                return Err(invalid(&at, what));
            }
        }
    }
    Ok(())
}

/// Refuses a name to match by whose attribute has no match keys.
fn check_match_aliases(record_type: &RecordType) -> Result<()> {
    let at = record_type.api_name();
    for (alias, index) in &record_type.match_aliases {
        check_name(alias, at)?;
        if !record_type.key_attributes().any(|key| key == *index) {
            return Err(invalid(
                at,
                format!("{alias:?} stands for an attribute that is not unique"),
            ));
        }
    }
    Ok(())
}

/// Refuses an attribute that a workspace cannot declare.
fn check_attribute(record_type: &RecordType, attribute: &Attribute) -> Result<()> {
    let name = &attribute.api_name;
    let at = format!("{}.{name}", record_type.api_name);
    check_name(name, &at)?;
    attribute.aliases.iter().try_for_each(|alias| check_name(alias, &at))?;
    let value_type = attribute.value_type;
    let is_own = value_type.is_item()
        || matches!(
            value_type,
            ValueType::ContactStage | ValueType::AccountStage | ValueType::OpportunityStage
        );
    if is_own {
        return Err(invalid(&at, format!("{} belongs to a standard type", value_type.name())));
    }
    if value_type == ValueType::Address && attribute.is_array {
        return Err(invalid(&at, "an address is one value: there are no lists of addresses"));
    }
    let is_key = value_type.is_text()
        || value_type.is_decimal()
        || matches!(value_type, ValueType::Number | ValueType::Uuid | ValueType::Date);
    if attribute.is_unique && (attribute.is_array || !is_key) {
        return Err(invalid(
            &at,
            "it cannot be unique: only single texts, numbers, dates and ids can",
        ));
    }
    // It would be held by every record that is given none.
    if attribute.is_unique && attribute.default.is_some() {
        return Err(invalid(&at, "it cannot be unique and have a default"));
    }
    let is_text = |attribute: &Attribute| attribute.value_type.is_text() && !attribute.is_array;
    match &attribute.origin {
        Origin::Written => {}
        Origin::JoinOf { otherwise, .. }
            if is_text(attribute)
                && !attribute.is_unique
                && otherwise.is_none_or(|index| is_text(record_type.attribute(index))) => {}
        Origin::JoinOf { .. } => {
            return Err(invalid(&at, "what is derived is a text, of a text, and not unique"));
        }
        _ => return Err(invalid(&at, "it follows from what only standard types have")),
    }
    if record_type.attributes.len() >= MAX_ATTRIBUTES {
        return Err(invalid(&at, format!("a record type has at most {MAX_ATTRIBUTES} attributes")));
    }
    // In SQL, the parts of an address are columns of their own.
    let columns = |attribute: &Attribute| match attribute.value_type {
        ValueType::Address => {
            let parts = ADDRESS_PARTS.iter();
            parts.map(|part| format!("{}_{part}", attribute.api_name)).collect()
        }
        _ => vec![attribute.api_name.clone()],
    };
    let own = columns(attribute);
    let known: usize = record_type.attributes.iter().map(|other| columns(other).len()).sum();
    if known + own.len() > MAX_COLUMNS {
        return Err(invalid(&at, "a record type has no room for so many addresses"));
    }
    let mut others =
        record_type.attributes.iter().filter(|other| other.api_name != attribute.api_name);
    match others.find(|other| columns(other).iter().any(|column| own.contains(column))) {
        Some(other) => {
            Err(invalid(&at, format!("the name is taken by a part of {}", other.api_name)))
        }
        None => Ok(()),
    }
}

/// A name that is safe in a path, in a filter and in SQL.
fn check_name(name: &str, at: &str) -> Result<()> {
    let is_plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    let begins = name.bytes().next().is_some_and(|first| first.is_ascii_lowercase());
    if !is_plain || !begins || name.contains("__") || name.len() > MAX_NAME {
        return Err(invalid(at, format!("{name:?} is no name"))
            .hint("use up to 60 letters a to z, digits and single underscores, a letter first"));
    }
    if RESERVED.contains(&name) || name.starts_with("headwater_") || name.starts_with("sqlite_") {
        return Err(invalid(at, format!("the name {name:?} is reserved")));
    }
    Ok(())
}

fn invalid(at: &str, why: impl std::fmt::Display) -> Error {
    Error::new(ErrorCode::ConfigInvalid, format!("schema of {at}: {why}")).at_field(at)
}
