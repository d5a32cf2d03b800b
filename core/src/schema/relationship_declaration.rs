//! How a relationship is declared in the schema file of one of its two record types.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::value::ValueType;

use super::attribute::Origin;
use super::declaration::{Access, AttributeDeclaration, build_attribute, invalid};
use super::relationship::{OnePrimary, Relationship, RelationshipEnd, Side};

/// A relationship as a schema file has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RelationshipDeclaration {
    pub(super) api_name: String,
    display_name: String,
    /// The record type on the other side.
    target: String,
    /// What the other side calls it.
    inverse: Inverse,
    /// The name of the junction, where the relationship is typed.
    junction: Option<String>,
    /// The attribute that it follows from; it is then only read.
    reference: Option<String>,
    #[serde(default)]
    access: Access,
    #[serde(default)]
    attributes: Vec<AttributeDeclaration>,
    /// The record type of which each record has one primary link at most.
    one_primary_per: Option<String>,
    #[serde(default)]
    ignored: Vec<String>,
}

impl RelationshipDeclaration {
    /// The attribute that it follows from.
    pub(super) fn reference(&self) -> Option<&str> {
        self.reference.as_deref()
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Inverse {
    api_name: String,
    display_name: String,
}

/// The relationship as the type that declares it sees it.
///
/// # Errors
/// `config_invalid`, naming what is wrong with the declaration.
pub(super) fn build_relationship(
    record_type: &str,
    declared: RelationshipDeclaration,
) -> Result<RelationshipEnd> {
    let at = format!("{record_type}.{}", declared.api_name);
    let is_typed = declared.junction.is_some();
    let name =
        declared.junction.unwrap_or_else(|| format!("{record_type}__{}__edge", declared.api_name));
    let no_other = |name: &str| Err(invalid(&at, format!("attribute of a link names {name:?}")));
    let mut attributes = Vec::with_capacity(declared.attributes.len());
    for attribute in declared.attributes {
        let built = build_attribute(attribute, &at, &no_other)?;
        let is_plain = built.value_type.is_text() || built.value_type == ValueType::Boolean;
        if !is_typed || built.is_array || built.origin != Origin::Written || !is_plain {
            return Err(invalid(&at, "a junction has attributes of plain text and booleans"));
        }
        attributes.push(built);
    }
    let sides = [
        Side {
            record_type: record_type.to_owned(),
            api_name: declared.api_name,
            display_name: declared.display_name,
        },
        Side {
            record_type: declared.target,
            api_name: declared.inverse.api_name,
            display_name: declared.inverse.display_name,
        },
    ];
    let one_primary = declared.one_primary_per.map(|per| {
        let attribute = attributes.iter().position(|attribute| {
            attribute.api_name == "is_primary" && attribute.value_type == ValueType::Boolean
        });
        let side = sides.iter().position(|side| side.record_type == per);
        match (attribute, side) {
            (Some(attribute), Some(side)) => Ok(OnePrimary { attribute, side }),
            _ => Err(invalid(&at, "one_primary_per names a side, of links with is_primary")),
        }
    });
    let one_primary = one_primary.transpose()?;
    let relationship = Relationship {
        name,
        is_typed,
        is_custom: false,
        is_read_only: declared.access == Access::ReadOnly || declared.reference.is_some(),
        reference: declared.reference,
        sides,
        attributes,
        one_primary,
        ignored: declared.ignored,
    };
    Ok(RelationshipEnd { relationship: Arc::new(relationship), side: 0 })
}
