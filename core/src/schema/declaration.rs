//! Schema files: how a record type is declared in TOML, and the check that turns it into one.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::{Error, ErrorCode, Result};
use crate::value::{PipelineStage, SelectOption, Value, ValueType};

use super::attribute::{Attribute, Origin, SystemField};
use super::index::AttributeIndex;
use super::record_type::RecordType;
use super::relationship_declaration::{RelationshipDeclaration, build_relationship};

/// Ids of options are derived in this namespace, so that they are the same in every workspace.
const OPTION_NAMESPACE: Uuid = Uuid::from_u128(0x6f1c_1f0b_52a4_4c0e_9d5e_2f6f_5d1a_7c11);

/// A record type as a schema file has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TypeDeclaration {
    pub(super) api_name: String,
    display_name: String,
    description: Option<String>,
    #[serde(default)]
    supports_custom_fields: bool,
    #[serde(default)]
    pub(super) read_only: bool,
    #[serde(default)]
    pub(super) can_assert: bool,
    #[serde(default)]
    requires_one_of: Vec<String>,
    /// What its records are asked for by, with an index each, where that is not what identifies them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) scopes: Vec<String>,
    #[serde(default)]
    match_aliases: BTreeMap<String, String>,
    pub(super) attributes: Vec<AttributeDeclaration>,
    #[serde(default)]
    pub(super) relationships: Vec<RelationshipDeclaration>,
}

/// An attribute as a schema file has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AttributeDeclaration {
    pub(super) api_name: String,
    display_name: String,
    description: Option<String>,
    value_type: String,
    #[serde(default)]
    is_array: bool,
    #[serde(default)]
    is_unique: bool,
    #[serde(default)]
    required: bool,
    nullable: Option<bool>,
    #[serde(default)]
    access: Access,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    pub(super) options: Vec<OptionDeclaration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    default: Option<serde_json::Value>,
    target: Option<String>,
    primary_of: Option<String>,
    pipeline_of: Option<String>,
    #[serde(default)]
    derived_from: Vec<String>,
    derived_otherwise: Option<String>,
}

impl AttributeDeclaration {
    /// Whether values of both are stored in the same way, so that one may take the other's place.
    pub(super) fn stores_like(&self, other: &Self) -> bool {
        (&self.value_type, self.is_array, self.is_unique, &self.target)
            == (&other.value_type, other.is_array, other.is_unique, &other.target)
    }

    /// Takes over the options that it leaves out, since records may hold them: each stands behind the one
    /// that it followed.
    pub(super) fn keep_options(&mut self, known: &[OptionDeclaration]) {
        let mut place = 0;
        for option in known {
            match self.options.iter().position(|own| own.api_name == option.api_name) {
                Some(found) => place = found + 1,
                None => {
                    self.options.insert(place, option.clone());
                    place += 1;
                }
            }
        }
    }
}

#[derive(Debug, Serialize, Deserialize, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Access {
    #[default]
    ReadWrite,
    ReadOnly,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OptionDeclaration {
    api_name: String,
    display_value: String,
    color: String,
    /// For stages of an opportunity: the pipeline, and what goes with it.
    pipeline: Option<String>,
    closing_probability: Option<String>,
    expected_days: Option<u32>,
}

impl OptionDeclaration {
    /// The option of the attribute at `at`.
    fn build(self, at: &str, value_type: ValueType) -> Result<SelectOption> {
        let stage = match (self.pipeline, self.closing_probability, self.expected_days) {
            (Some(pipeline), Some(closing_probability), Some(expected_days)) => {
                Some(PipelineStage { pipeline, closing_probability, expected_days })
            }
            (None, None, None) => None,
            _ => {
                return Err(invalid(
                    at,
                    "pipeline, closing_probability and expected_days go together",
                ));
            }
        };
        if stage.is_some() != (value_type == ValueType::OpportunityStage) {
            return Err(invalid(at, "an option has a pipeline where it is an opportunity's stage"));
        }
        let mut option = SelectOption {
            id: Uuid::nil(),
            api_name: self.api_name,
            display_value: self.display_value,
            color: self.color,
            stage,
        };
        let place = format!("{at}.{}", option.name());
        option.id = Uuid::new_v5(&OPTION_NAMESPACE, place.as_bytes());
        Ok(option)
    }
}

pub(super) fn invalid(record_type: &str, why: impl std::fmt::Display) -> Error {
    Error::new(ErrorCode::ConfigInvalid, format!("schema of {record_type}: {why}"))
        .at_field(record_type)
}

/// Reads one schema file.
///
/// # Errors
/// `config_invalid`, naming what is wrong with the declaration.
pub fn parse_record_type(text: &str) -> Result<RecordType> {
    let declared: TypeDeclaration =
        toml::from_str(text).map_err(|cause| invalid("a record type", cause))?;
    build_record_type(declared)
}

/// Checks a declaration and makes a record type of it.
///
/// # Errors
/// `config_invalid`, naming what is wrong with it.
pub(super) fn build_record_type(declared: TypeDeclaration) -> Result<RecordType> {
    let type_name = declared.api_name;
    let mut attributes = system_attributes();
    let names: Vec<String> = attributes
        .iter()
        .map(|attribute| attribute.api_name.clone())
        .chain(declared.attributes.iter().map(|attribute| attribute.api_name.clone()))
        .collect();
    let index_of = |name: &str| {
        names
            .iter()
            .position(|known| known == name)
            .ok_or_else(|| invalid(&type_name, format!("no attribute {name:?}")))
    };
    for (position, name) in names.iter().enumerate() {
        if names[..position].contains(name) {
            return Err(invalid(&type_name, format!("{name:?} is declared twice")));
        }
        if name.contains("__") {
            return Err(invalid(&type_name, format!("{name:?} holds a double underscore")));
        }
    }
    let links: Vec<&str> =
        declared.relationships.iter().map(|declared| declared.api_name.as_str()).collect();
    for (position, name) in links.iter().enumerate() {
        if links[..position].contains(name) {
            let at = format!("{type_name}.{name}");
            return Err(invalid(&at, "a relationship of this name is declared twice"));
        }
    }
    let references = declared.relationships.iter().filter_map(|declared| declared.reference());
    references.map(index_of).collect::<Result<Vec<_>>>()?;
    for attribute in declared.attributes {
        let at = format!("{type_name}.{}", attribute.api_name);
        attributes.push(build_attribute(attribute, &at, &index_of)?);
    }
    let requires_one_of =
        declared.requires_one_of.iter().map(|name| index_of(name)).collect::<Result<_>>()?;
    let scopes = declared.scopes.iter().map(|name| index_of(name)).collect::<Result<_>>()?;
    let match_aliases = declared
        .match_aliases
        .into_iter()
        .map(|(alias, name)| Ok((alias, index_of(&name)?)))
        .collect::<Result<_>>()?;
    let relationships = declared
        .relationships
        .into_iter()
        .map(|declared| build_relationship(&type_name, declared))
        .collect::<Result<_>>()?;
    Ok(RecordType {
        api_name: type_name,
        display_name: declared.display_name,
        description: declared.description,
        supports_custom_fields: declared.supports_custom_fields,
        is_custom: false,
        is_read_only: declared.read_only,
        can_assert: declared.can_assert,
        is_remote: false,
        requires_one_of,
        scopes,
        match_aliases,
        index: AttributeIndex::of(&attributes),
        attributes,
        relationships,
    })
}

/// Refuses options that one name means, in the same pipeline: the first would be read as the second.
fn check_apart(at: &str, options: &[SelectOption]) -> Result<()> {
    let mut known = HashSet::new();
    for option in options {
        let pipeline = option.stage.as_ref().map(|stage| stage.pipeline.as_str());
        for name in HashSet::from([option.api_name.as_str(), option.display_value.as_str()]) {
            if !known.insert((pipeline, name)) {
                return Err(invalid(at, format!("two options have the name {name:?}")));
            }
        }
    }
    Ok(())
}

/// Checks a declaration and makes an attribute of it; `at` is its place, for messages.
///
/// # Errors
/// `config_invalid`.
pub(super) fn build_attribute(
    declared: AttributeDeclaration,
    at: &str,
    index_of: &dyn Fn(&str) -> Result<usize>,
) -> Result<Attribute> {
    let value_type = ValueType::from_name(&declared.value_type)
        .ok_or_else(|| invalid(at, format!("no value type {:?}", declared.value_type)))?;
    let options: Vec<SelectOption> = declared
        .options
        .into_iter()
        .map(|option| option.build(at, value_type))
        .collect::<Result<_>>()?;
    check_apart(at, &options)?;
    // What is only read may have names that the documentation does not tell.
    let may_lack = value_type == ValueType::Enum && declared.access == Access::ReadOnly;
    let fits = match options.is_empty() {
        true => !value_type.has_options() || may_lack,
        false => value_type.has_options(),
    };
    if !fits {
        return Err(invalid(
            at,
            "options go with select, enum and stage attributes, and only with them",
        ));
    }
    let origin = match (declared.primary_of, declared.derived_from.is_empty()) {
        _ if declared.pipeline_of.is_some() => {
            Origin::PipelineOf(index_of(&declared.pipeline_of.unwrap_or_default())?)
        }
        (Some(array), true) => Origin::PrimaryOf(index_of(&array)?),
        (None, false) => Origin::JoinOf {
            parts: declared
                .derived_from
                .iter()
                .map(|part| index_of(part))
                .collect::<Result<_>>()?,
            otherwise: declared.derived_otherwise.map(|name| index_of(&name)).transpose()?,
        },
        (None, true) => Origin::Written,
        (Some(_), false) => {
            return Err(invalid(at, "primary_of and derived_from exclude each other"));
        }
    };
    let is_written = declared.access == Access::ReadWrite;
    let mut attribute = Attribute {
        api_name: declared.api_name,
        display_name: declared.display_name,
        description: declared.description,
        value_type,
        is_array: declared.is_array,
        is_creatable: is_written,
        is_updatable: is_written,
        is_required_on_create: declared.required,
        is_unique: declared.is_unique
            || matches!(origin, Origin::PrimaryOf(_)) && value_type == ValueType::Email,
        is_nullable: declared.nullable.unwrap_or(true),
        is_custom: false,
        options,
        default: None,
        target: declared.target,
        aliases: declared.aliases,
        origin,
        operators: None,
    };
    if let Some(default) = declared.default {
        let default = match default {
            // Named as records keep it, which is always one option.
            serde_json::Value::String(name) if value_type == ValueType::OpportunityStage => {
                let known = attribute.options.iter().any(|option| option.name() == name);
                let stage = known.then(|| Value::Text(name.as_str().into()));
                Some(stage.ok_or_else(|| invalid(at, format!("no stage {name:?}")))?)
            }
            default => attribute
                .parse(default, None)
                .map_err(|error| invalid(at, format!("its default: {}", error.message())))?,
        };
        attribute.default = default;
    }
    Ok(attribute)
}

/// The fields of contract.md section 4 that every record type has.
pub(super) fn system_attributes() -> Vec<Attribute> {
    let system = |api_name: &str, display_name: &str, value_type, field| Attribute {
        api_name: api_name.to_owned(),
        display_name: display_name.to_owned(),
        description: None,
        value_type,
        is_array: false,
        is_creatable: false,
        is_updatable: false,
        is_required_on_create: false,
        is_unique: field == SystemField::Id,
        is_nullable: field == SystemField::CreatedByUserId,
        is_custom: false,
        options: Vec::new(),
        default: None,
        target: (field == SystemField::CreatedByUserId).then(|| "user".to_owned()),
        aliases: Vec::new(),
        origin: Origin::System(field),
        operators: None,
    };
    vec![
        system("id", "Id", ValueType::Uuid, SystemField::Id),
        system("organization_id", "Organization", ValueType::Uuid, SystemField::OrganizationId),
        system("created_at", "Created at", ValueType::Timestamp, SystemField::CreatedAt),
        system("updated_at", "Updated at", ValueType::Timestamp, SystemField::UpdatedAt),
        system(
            "created_by_user_id",
            "Created by",
            ValueType::RecordReference,
            SystemField::CreatedByUserId,
        ),
    ]
}
