//! Edits of one item of an array attribute: the sub-resources of contract.md section 5.7.

use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::error::{Error, ErrorCode, Result};
use crate::record::{first_of, item_id, note};
use crate::schema::{Attribute, Write, nearest};
use crate::value::{Item, ItemShape, Text, excerpt, parse_labels, quoted};

/// What happens to one item.
#[derive(Debug, Clone, PartialEq)]
pub enum ItemEdit {
    /// Adds an item; one that is there already is kept, and made what is given.
    Add(ItemFields),
    /// Changes what is given of an item.
    Update(ItemKey, ItemFields),
    /// Takes an item away.
    Remove(ItemKey),
}

/// The parts of an item; `None` is absent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ItemFields {
    /// The address, number or domain; an item that is added always has it.
    pub text: Option<Text>,
    /// Whether it is the primary one.
    pub is_primary: Option<bool>,
    /// Its labels.
    pub labels: Option<Vec<&'static str>>,
}

/// Which item of a record's array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemKey {
    /// The item with this id.
    Id(Uuid),
    /// The item with this text in match form.
    Text(String),
}

impl ItemKey {
    /// Reads the name of an item in a path: its id, or its text where items have no ids.
    ///
    /// # Errors
    /// `invalid_request` for what is no id.
    pub fn parse(attribute: &Attribute, name: &str) -> Result<Self> {
        if !shape(attribute)?.has_id {
            // As a body may write it: a domain with its closing dot.
            let text = attribute.value_type.check_item_text(name, None);
            return Ok(Self::of_text(attribute, text.as_deref().unwrap_or(name)));
        }
        Uuid::parse_str(name).map(Self::Id).map_err(|_| {
            Error::new(ErrorCode::InvalidRequest, "the id of an item is a UUID").at_field("item")
        })
    }

    /// The item with this text.
    #[must_use]
    pub fn of_text(attribute: &Attribute, text: &str) -> Self {
        Self::Text(attribute.value_type.match_key(text).into_owned())
    }

    /// Whether it names this item of that record.
    #[must_use]
    pub fn names(&self, record: Uuid, attribute: &Attribute, item: &Item) -> bool {
        match self {
            Self::Id(id) => *id == item_id(record, attribute, item),
            Self::Text(text) => *text == attribute.value_type.match_key(&item.text),
        }
    }
}

/// The item in words, for messages.
impl std::fmt::Display for ItemKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id(id) => write!(formatter, "{id}"),
            Self::Text(text) => formatter.write_str(text),
        }
    }
}

fn shape(attribute: &Attribute) -> Result<ItemShape> {
    attribute.value_type.item_shape().ok_or_else(|| {
        let message = format!("{} has no items", attribute.api_name);
        Error::new(ErrorCode::OperationNotSupported, message).at_field(&attribute.api_name)
    })
}

impl ItemFields {
    /// Parses the body that adds an item ([`Write::Create`]) or changes one; what is absent stays.
    ///
    /// # Errors
    /// `unknown_field`, `field_not_creatable` or `field_not_updatable`, `field_value_invalid`,
    /// `field_required_missing`, all faults at once (contract.md section 11.7).
    pub fn parse(attribute: &Attribute, body: Map<String, Json>, write: Write) -> Result<Self> {
        let shape = shape(attribute)?;
        // Without an id an item is named by its text, which stays, and is made primary by an update
        // alone (contract.md sections 5.7 and 9.8).
        let (required, fixed) = match (write, shape.has_id) {
            (Write::Patch, true) => (None, None),
            (Write::Patch, false) => (Some("is_primary"), Some(shape.text_key)),
            (_, true) => (Some(shape.text_key), None),
            (_, false) => (Some(shape.text_key), Some("is_primary")),
        };
        let mut keys = vec![shape.text_key, "is_primary"];
        keys.extend(shape.has_labels.then_some("labels"));
        let absent = required.filter(|required| !body.contains_key(*required));
        let (mut unknown, mut refused, mut invalid) = (Vec::new(), Vec::new(), Vec::new());
        let mut fields = Self::default();
        for (key, json) in body {
            if matches!(key.as_str(), "id" | "status") || fixed == Some(key.as_str()) {
                note(&mut refused, || read_only(attribute, &key, write));
            } else if !keys.contains(&key.as_str()) {
                note(&mut unknown, || unknown_key(attribute, &key, &keys));
            } else if key == "is_primary" && json.is_null() && write == Write::Create {
                // Not given, as in an array that is written whole.
            } else if let Err(error) = fields.set(attribute, &key, &json) {
                invalid.push(error.at_field(key));
            }
        }
        let missing = absent.map(|key| {
            let message = format!("an item of {} needs {key}", attribute.api_name);
            Error::new(ErrorCode::FieldRequiredMissing, message).at_field(key)
        });
        let faults = unknown.into_iter().chain(refused).chain(invalid).chain(missing);
        first_of(faults).map_or(Ok(fields), Err)
    }

    fn set(&mut self, attribute: &Attribute, key: &str, json: &Json) -> Result<()> {
        let wrong = |what: &str| {
            Error::new(
                ErrorCode::FieldValueInvalid,
                format!("expected {what}, found {}", excerpt(json)),
            )
        };
        match (key, json) {
            ("is_primary", Json::Bool(is_primary)) => self.is_primary = Some(*is_primary),
            ("is_primary", _) => return Err(wrong("true or false")),
            ("labels", Json::Null) => self.labels = Some(Vec::new()),
            ("labels", Json::Array(names)) => self.labels = Some(parse_labels(names)?),
            ("labels", _) => return Err(wrong("a list of labels")),
            (_, Json::String(text)) => {
                self.text = Some(attribute.value_type.check_item_text(text, None)?);
            }
            _ => return Err(wrong("text")),
        }
        Ok(())
    }
}

fn read_only(attribute: &Attribute, key: &str, write: Write) -> Error {
    let (code, verb) = match write {
        Write::Patch => (ErrorCode::FieldNotUpdatable, "changed"),
        _ => (ErrorCode::FieldNotCreatable, "given to a new one"),
    };
    let message = format!("{key} of an item of {} cannot be {verb}", attribute.api_name);
    Error::new(code, message).at_field(key)
}

fn unknown_key(attribute: &Attribute, key: &str, keys: &[&str]) -> Error {
    let message = format!("an item of {} has no {}", attribute.api_name, quoted(key));
    let error = Error::new(ErrorCode::UnknownField, message).at_field(key);
    match nearest(key, keys.iter().copied()) {
        Some(near) => error.hint(format!("did you mean {near:?}?")),
        None => error.hint(format!("an item has {}", keys.join(", "))),
    }
}
