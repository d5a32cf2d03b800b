//! Record types as a remote workspace describes them: the schema document of contract.md section
//! 4.11, read tolerantly. What it cannot say is taken from the standard type of the same name, but for
//! options: another CRM has its own.

use std::sync::Arc;

use serde_json::Value as Json;
use uuid::Uuid;

use crate::error::{Error, ErrorCode, Result};
use crate::value::{PipelineStage, SelectOption, ValueType};

use super::Schema;
use super::attribute::{Attribute, Origin};
use super::declaration::system_attributes;
use super::index::AttributeIndex;
use super::record_type::RecordType;
use super::relationship::{Relationship, RelationshipEnd, Side};

impl RecordType {
    /// Reads a schema document. Attributes of a value type that is unknown here are left out: they
    /// are read with their record, and cannot be written.
    ///
    /// # Errors
    /// `unavailable` for what is no schema document.
    pub(crate) fn from_document(document: &Json) -> Result<Self> {
        let wrong = || {
            Error::new(ErrorCode::Unavailable, "the answer is not a schema document")
                .hint("check that the workspace's URL is that of the CRM's record API")
        };
        let api_name = document["api_name"].as_str().ok_or_else(wrong)?;
        let documents = document["attributes"].as_array().ok_or_else(wrong)?;
        let schema = Schema::standard();
        let standard = schema.record_type(api_name).ok();
        let known = |name: &str| Some(standard?.attribute(standard?.index_of(name)?));
        let mut attributes: Vec<Attribute> = documents
            .iter()
            .filter_map(|document| attribute(document, known(document["api_name"].as_str()?)))
            .collect();
        for system in system_attributes() {
            if !attributes.iter().any(|attribute| attribute.api_name == system.api_name) {
                attributes.push(system);
            }
        }
        let place = |index: usize| {
            let name = &standard?.attribute(index).api_name;
            attributes.iter().position(|attribute| attribute.api_name == *name)
        };
        let origins: Vec<Origin> = attributes.iter().map(|it| moved(&it.origin, &place)).collect();
        let requires_one_of = standard.map_or(Vec::new(), |standard| {
            standard.requires_one_of.iter().filter_map(|index| place(*index)).collect()
        });
        let match_aliases = standard.map_or_else(Default::default, |standard| {
            let aliases = standard.match_aliases.iter();
            aliases.filter_map(|(name, index)| Some((name.clone(), place(*index)?))).collect()
        });
        attributes
            .iter_mut()
            .zip(origins)
            .for_each(|(attribute, origin)| attribute.origin = origin);
        let is_written = |attribute: &Attribute| attribute.is_creatable || attribute.is_updatable;
        let is_read_only = !attributes.iter().any(is_written);
        if is_read_only {
            // What comes in another way than by plain writes is still checked: activities.
            for attribute in &mut attributes {
                if let Some(known) = known(&attribute.api_name) {
                    attribute.is_creatable = known.is_creatable;
                    attribute.is_updatable = known.is_updatable;
                }
            }
        }
        let scopes =
            standard.into_iter().flat_map(|it| it.scopes.iter().map(|&at| it.attribute(at)));
        let place = |scope: &Attribute| {
            attributes.iter().position(|attribute| attribute.api_name == scope.api_name)
        };
        let scopes: Vec<usize> = scopes.filter_map(place).collect();
        if !scopes.is_empty() {
            // Their filters here stand for the scopes that they are asked for by.
            attributes.iter_mut().for_each(|attribute| attribute.operators = None);
        }
        let text = |key: &str| document[key].as_str().map(str::to_owned);
        let flag = |key: &str| document[key].as_bool().unwrap_or(false);
        let relationships = document["relationships"].as_array().into_iter().flatten();
        Ok(Self {
            display_name: text("display_name").unwrap_or_else(|| api_name.to_owned()),
            description: text("description"),
            supports_custom_fields: flag("supports_custom_fields"),
            is_custom: flag("is_custom"),
            is_read_only,
            can_assert: standard.is_some_and(|standard| standard.can_assert),
            is_remote: true,
            requires_one_of,
            scopes,
            match_aliases,
            index: AttributeIndex::of(&attributes),
            attributes,
            relationships: relationships
                .filter_map(|document| relationship(api_name, document, standard))
                .collect(),
            api_name: api_name.to_owned(),
        })
    }
}

/// The attribute that a document describes; `None` for a value type that is unknown here.
fn attribute(document: &Json, known: Option<&Attribute>) -> Option<Attribute> {
    let type_info = &document["type_info"];
    let value_type = ValueType::from_name(type_info["value_type"].as_str()?)?;
    let is_array = type_info["is_array"].as_bool().unwrap_or(false);
    // Of another shape it is another attribute, whatever its name.
    let known = known.filter(|known| (known.value_type, known.is_array) == (value_type, is_array));
    let text = |key: &str| document[key].as_str().map(str::to_owned);
    let flag = |key: &str| document[key].as_bool().unwrap_or(false);
    let options = type_info["options"].as_array().into_iter().flatten();
    let options: Vec<SelectOption> = options.filter_map(|it| option(it, value_type)).collect();
    let api_name = text("api_name")?;
    let system = || system_attributes().into_iter().find(|system| system.api_name == api_name);
    let origin = known.map_or_else(
        || system().map_or(Origin::Written, |system| system.origin),
        |known| known.origin.clone(),
    );
    Some(Attribute {
        display_name: text("display_name").unwrap_or_else(|| api_name.clone()),
        description: text("description"),
        value_type,
        is_array,
        is_creatable: flag("is_creatable"),
        is_updatable: flag("is_updatable"),
        is_required_on_create: flag("is_required_on_create"),
        is_unique: flag("is_unique"),
        is_nullable: known.is_none_or(|known| known.is_nullable),
        is_custom: flag("is_custom"),
        options,
        default: None,
        target: type_info["related_record_type"]
            .as_str()
            .map(str::to_owned)
            .or_else(|| known.and_then(|known| known.target.clone())),
        aliases: known.map_or(Vec::new(), |known| known.aliases.clone()),
        origin,
        operators: operators(document),
        api_name,
    })
}

/// The operators that an attribute's filters take; `None` where the document does not say which.
fn operators(document: &Json) -> Option<Vec<&'static str>> {
    let is_filterable = document["is_filterable"].as_bool();
    let listed = document["filter_operators"].as_array();
    match (is_filterable, listed) {
        (Some(false), _) => Some(Vec::new()),
        (Some(true), Some(listed)) if listed.is_empty() => None,
        (_, listed) => listed.map(|listed| Attribute::operators_among(listed)),
    }
}

fn option(document: &Json, value_type: ValueType) -> Option<SelectOption> {
    let text = |key: &str| document[key].as_str().map(str::to_owned);
    let api_name = text("api_name").or_else(|| text("display_value"))?;
    let stage = (value_type == ValueType::OpportunityStage).then(|| PipelineStage {
        pipeline: text("pipeline").unwrap_or_default(),
        closing_probability: text("closing_probability").unwrap_or_default(),
        expected_days: document["expected_days"]
            .as_u64()
            .and_then(|days| u32::try_from(days).ok())
            .unwrap_or_default(),
    });
    Some(SelectOption {
        id: text("id").and_then(|id| Uuid::parse_str(&id).ok()).unwrap_or_default(),
        display_value: text("display_value").unwrap_or_else(|| api_name.clone()),
        color: text("color").unwrap_or_default(),
        api_name,
        stage,
    })
}

/// An origin of a standard attribute, where attributes have other places.
fn moved(origin: &Origin, place: &dyn Fn(usize) -> Option<usize>) -> Origin {
    let moved = match origin {
        Origin::PrimaryOf(array) => place(*array).map(Origin::PrimaryOf),
        Origin::PipelineOf(stage) => place(*stage).map(Origin::PipelineOf),
        Origin::JoinOf { parts, otherwise } => {
            let parts = parts.iter().map(|part| place(*part)).collect::<Option<_>>();
            parts.map(|parts| Origin::JoinOf { parts, otherwise: otherwise.and_then(place) })
        }
        Origin::Written | Origin::System(_) => Some(origin.clone()),
    };
    moved.unwrap_or(Origin::Written)
}

/// The relationship that a document describes, with the attributes of the standard one: the
/// document does not have those of a junction.
fn relationship(
    record_type: &str,
    document: &Json,
    standard: Option<&Arc<RecordType>>,
) -> Option<RelationshipEnd> {
    let text = |key: &str| document[key].as_str().map(str::to_owned);
    let flag = |key: &str| document[key].as_bool();
    let api_name = text("api_name")?;
    let known = standard.and_then(|standard| {
        let index = standard.require_relationship(&api_name).ok()?;
        Some(standard.relationship(index))
    });
    if let Some(known) = known {
        return Some(known.clone());
    }
    let side = |record_type: String, api_name: String| Side {
        record_type,
        display_name: api_name.clone(),
        api_name,
    };
    let target = text("related_object_api_name")?;
    let inverse = text("related_object_relationship_api_name").unwrap_or_default();
    let junction = text("junction_object_api_name");
    let relationship = Relationship {
        name: junction.clone().unwrap_or_else(|| format!("{record_type}__{api_name}__edge")),
        is_typed: junction.is_some(),
        is_read_only: flag("is_creatable") == Some(false),
        is_custom: flag("is_custom").unwrap_or(false),
        reference: None,
        sides: [side(record_type.to_owned(), api_name), side(target, inverse)],
        attributes: Vec::new(),
        one_primary: None,
        ignored: Vec::new(),
    };
    Some(RelationshipEnd { relationship: Arc::new(relationship), side: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    #[test]
    fn a_document_of_a_standard_type_says_what_the_type_says() {
        for standard in Schema::standard().record_types() {
            let read = RecordType::from_document(&standard.to_json()).unwrap();
            assert_eq!(read.to_json(), standard.to_json());
            assert_eq!(read.match_names(), standard.match_names());
            for (read, known) in read.attributes().iter().zip(standard.attributes()) {
                assert_eq!(read.origin, known.origin, "{}", known.api_name);
                assert_eq!(read.aliases, known.aliases);
            }
        }
    }

    #[test]
    fn what_is_new_is_read_and_what_is_unknown_is_passed_over() {
        let mut document = Schema::standard().record_type("contact").unwrap().to_json();
        let attributes = document["attributes"].as_array_mut().unwrap();
        attributes.reverse();
        attributes.push(serde_json::json!({
            "api_name": "mood", "type_info": {"value_type": "holographic"}, "is_updatable": true,
        }));
        attributes.push(serde_json::json!({
            "api_name": "shoe_size", "type_info": {"value_type": "number"}, "is_custom": true,
            "is_creatable": true, "is_updatable": true,
        }));
        let read = RecordType::from_document(&document).unwrap();
        assert_eq!(read.index_of("mood"), None);
        assert!(read.attribute(read.index_of("shoe_size").unwrap()).is_custom);
        let primary = read.attribute(read.index_of("primary_email").unwrap());
        let emails = read.index_of("contact_emails").unwrap();
        assert_eq!(primary.origin, Origin::PrimaryOf(emails));
    }

    #[test]
    fn options_are_those_of_the_document_alone() {
        let mut document = Schema::standard().record_type("opportunity").unwrap().to_json();
        for attribute in document["attributes"].as_array_mut().unwrap() {
            attribute["type_info"].as_object_mut().unwrap().remove("options");
        }
        let read = RecordType::from_document(&document).unwrap();
        let stage = read.attribute(read.index_of("stage").unwrap());
        let id = "c4bdc380-bf37-5f92-8695-e793d204c591";
        let text = |json| match stage.parse(json, None).unwrap() {
            Some(Value::Text(text)) => text.to_string(),
            other => panic!("{other:?}"),
        };
        assert_eq!(text(serde_json::json!(id)), id);
        assert_eq!(text(serde_json::json!("their own")), "their own");
        assert_eq!(text(serde_json::json!({"id": id, "api_name": "won"})), id);
        assert_eq!(text(serde_json::json!({"api_name": "won"})), "won");
        let refused = stage.parse(serde_json::json!(7), None).unwrap_err();
        assert!(refused.remedy().contains("the name of an option"), "{refused}");
    }

    #[test]
    fn what_is_no_document_is_refused() {
        let refused = RecordType::from_document(&serde_json::json!({"data": []})).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::Unavailable);
    }
}
