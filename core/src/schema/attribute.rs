//! Attributes: what a record type's fields are called, hold, and allow.

use serde_json::{Value as Json, json};

use crate::error::{Error, ErrorCode, Result};
use crate::value::{self, Context, Input, SelectOption, Value, ValueType, excerpt};

/// The operators of filters on texts (contract.md section 5.5).
const TEXT: &[&str] =
    &["eq", "ne", "in", "not_in", "contains", "starts_with", "ends_with", "exists", "not_exists"];
/// Those of filters on what has an order.
const ORDER: &[&str] =
    &["eq", "ne", "in", "not_in", "gt", "gte", "lt", "lte", "between", "exists", "not_exists"];

/// How the value of an attribute comes about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Written by callers and stored as it is.
    Written,
    /// The primary item of the array attribute with this index; written through it.
    PrimaryOf(usize),
    /// The texts of these attributes, joined by spaces; the fallback where all are empty.
    JoinOf {
        /// Indexes of the attributes that are joined.
        parts: Vec<usize>,
        /// Index of the attribute that stands in.
        otherwise: Option<usize>,
    },
    /// The pipeline of the stage in the attribute with this index.
    PipelineOf(usize),
    /// Kept by the workspace itself, outside the attributes that callers write.
    System(SystemField),
}

impl Origin {
    /// Whether the attribute is declared for its record type, unlike those that all types have.
    #[must_use]
    pub fn is_declared(&self) -> bool {
        !matches!(self, Self::System(_))
    }
}

/// The fields that every record has (contract.md section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SystemField {
    /// `id`.
    Id,
    /// `organization_id`.
    OrganizationId,
    /// `created_at`.
    CreatedAt,
    /// `updated_at`.
    UpdatedAt,
    /// `created_by_user_id`.
    CreatedByUserId,
}

/// The kind of operation that writes attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// Makes a record.
    Create,
    /// Changes a record.
    Patch,
    /// Does one or the other.
    Assert,
}

/// One attribute of a record type.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "the flags of the schema document, one for one")]
pub struct Attribute {
    /// The name in the API.
    pub api_name: String,
    /// The name for people.
    pub display_name: String,
    /// More about it, for people.
    pub description: Option<String>,
    /// What it holds, or what each element holds.
    pub value_type: ValueType,
    /// Whether it holds a list.
    pub is_array: bool,
    /// Whether a create may give it.
    pub is_creatable: bool,
    /// Whether a patch may give it.
    pub is_updatable: bool,
    /// Whether a create must give it.
    pub is_required_on_create: bool,
    /// Whether a match may be made by it.
    pub is_unique: bool,
    /// Whether it may be null.
    pub is_nullable: bool,
    /// Whether it was declared by the workspace, not by the product.
    pub is_custom: bool,
    /// The options of a select or stage.
    pub options: Vec<SelectOption>,
    /// What a create writes where nothing is given.
    pub default: Option<Value>,
    /// The record type that a reference points to.
    pub target: Option<String>,
    /// Other names it may be written by.
    pub aliases: Vec<String>,
    /// How its value comes about.
    pub origin: Origin,
    /// The operators that its filters take, where a CRM's schema says which.
    pub operators: Option<Vec<&'static str>>,
}

impl Attribute {
    /// Parses a value for this attribute; `None` is null.
    ///
    /// # Errors
    /// `field_value_invalid`, at this field.
    pub fn parse<'a>(
        &self,
        input: impl Into<Input<'a>>,
        default_region: Option<&str>,
    ) -> Result<Option<Value>> {
        let context = Context { options: &self.options, default_region };
        let input = input.into();
        self.check_target(&input)
            .and_then(|()| value::parse(self.value_type, self.is_array, input, context))
            .and_then(|value| self.check_exact(value))
            .map_err(|error| error.at_field(&self.api_name))
    }

    /// Refuses a reference that says it leads to records of another type.
    fn check_target(&self, input: &Input<'_>) -> Result<()> {
        let (Some(target), Input::Json(json)) = (&self.target, input) else { return Ok(()) };
        match other_type(json, target) {
            None => Ok(()),
            Some(other) => {
                let what = format!("expected a record of type {target}, found {}", excerpt(other));
                Err(Error::new(ErrorCode::FieldValueInvalid, what))
            }
        }
    }

    /// Two numbers that are one as floats must not be one record.
    fn check_exact(&self, value: Option<Value>) -> Result<Option<Value>> {
        match value {
            Some(Value::Number(number)) if self.is_unique && number.is_vague() => {
                let what =
                    "expected a number that is exact, found one of more digits than are kept";
                Err(Error::new(ErrorCode::FieldValueInvalid, what)
                    .hint("a whole number has 64 bits: keep a longer one as text"))
            }
            value => Ok(value),
        }
    }

    /// Refuses a write that the attribute does not allow.
    ///
    /// # Errors
    /// `field_not_creatable`, `field_not_updatable`, at this field.
    pub fn check_writable(&self, write: Write) -> Result<()> {
        let (code, verb) = match write {
            Write::Create if !self.is_creatable => {
                (ErrorCode::FieldNotCreatable, "given to a new record")
            }
            Write::Patch if !self.is_updatable => (ErrorCode::FieldNotUpdatable, "changed"),
            Write::Assert if !self.is_creatable => (ErrorCode::FieldNotCreatable, "written"),
            Write::Assert if !self.is_updatable => (ErrorCode::FieldNotUpdatable, "written"),
            _ => return Ok(()),
        };
        Err(Error::new(code, format!("{} is read-only and cannot be {verb}", self.api_name))
            .at_field(&self.api_name))
    }

    /// Refuses null where the attribute cannot be null.
    ///
    /// # Errors
    /// `field_value_invalid`, at this field.
    pub fn check_null(&self) -> Result<()> {
        if self.is_nullable {
            return Ok(());
        }
        Err(Error::new(ErrorCode::FieldValueInvalid, format!("{} cannot be null", self.api_name))
            .at_field(&self.api_name))
    }

    /// Whether it is an array of items that are added, changed and removed one by one.
    #[must_use]
    pub fn has_items(&self) -> bool {
        self.is_array && self.is_updatable && self.value_type.is_item()
    }

    /// Whether no two records may ever share a value of it; what identifies a record through its
    /// items (e-mails, domains) may be shared (contract.md section 11.1).
    #[must_use]
    pub fn is_never_shared(&self) -> bool {
        self.is_unique && !self.value_type.is_item()
    }

    /// Whether queries may filter by it.
    #[must_use]
    pub fn is_filterable(&self) -> bool {
        !self.filter_operators().is_empty()
    }

    /// Whether queries may sort by it.
    #[must_use]
    pub fn is_sortable(&self) -> bool {
        !self.is_array
            && !matches!(self.value_type, ValueType::Address)
            && !matches!(self.origin, Origin::System(SystemField::OrganizationId))
    }

    /// The operators that filters may use on it (contract.md sections 3 and 5.5).
    #[must_use]
    pub fn filter_operators(&self) -> &[&'static str] {
        const EXISTENCE: &[&str] = &["exists", "not_exists"];
        const EQUALITY: &[&str] = &["eq", "ne", "in", "not_in", "exists", "not_exists"];
        const BOOLEAN: &[&str] = &["eq", "ne", "exists", "not_exists"];
        if let Some(told) = &self.operators {
            return told;
        }
        match self.value_type {
            ValueType::Address => EXISTENCE,
            ValueType::Boolean => BOOLEAN,
            value_type if value_type.is_text() || value_type.is_item() => TEXT,
            value_type if value_type.is_ordered() => ORDER,
            _ => EQUALITY,
        }
    }

    /// Those of these names that are operators of filters.
    pub(super) fn operators_among(names: &[Json]) -> Vec<&'static str> {
        let known = || TEXT.iter().chain(ORDER).copied();
        names.iter().filter_map(|given| known().find(|name| given == name)).collect()
    }

    /// The attribute as the schema document shows it where no query filters or sorts by it.
    pub(super) fn to_json_unqueried(&self) -> Json {
        let mut document = self.to_json();
        document["is_sortable"] = json!(false);
        document["is_filterable"] = json!(false);
        document["filter_operators"] = json!([]);
        document
    }

    /// The attribute as the schema document shows it (contract.md section 4.11).
    #[must_use]
    pub fn to_json(&self) -> Json {
        let mut type_info =
            json!({ "value_type": self.value_type.name(), "is_array": self.is_array });
        if !self.options.is_empty() {
            let options = self.options.iter().map(|option| {
                let mut document = json!(option);
                if let Some(stage) = &option.stage {
                    document["pipeline"] = json!(stage.pipeline);
                }
                document
            });
            type_info["options"] = options.collect();
        }
        if let Some(target) = &self.target {
            type_info["related_record_type"] = json!(target);
        }
        let mut document = json!({
            "api_name": self.api_name,
            "display_name": self.display_name,
            "is_creatable": self.is_creatable,
            "is_updatable": self.is_updatable,
            "type_info": type_info,
            "is_required_on_create": self.is_required_on_create,
            "is_unique": self.is_unique,
            "is_custom": self.is_custom,
            "is_sortable": self.is_sortable(),
            "is_filterable": self.is_filterable(),
            "filter_operators": self.filter_operators(),
        });
        if let Some(description) = &self.description {
            document["description"] = json!(description);
        }
        document
    }
}

/// The record type that a reference names beside its target, raw, in an envelope or in a list, where
/// it is another one.
fn other_type<'a>(reference: &'a Json, target: &str) -> Option<&'a Json> {
    match reference {
        Json::Array(elements) => elements.iter().find_map(|element| other_type(element, target)),
        Json::Object(object) => match object.get("related_record_type") {
            None | Some(Json::Null) => other_type(object.get("value")?, target),
            Some(told) => (told != target).then_some(told),
        },
        _ => None,
    }
}
