//! Items of the arrays that have a primary one: a contact's e-mails and phones, an account's domains.

use std::collections::hash_map::Entry;

use rustc_hash::FxHashMap;
use serde_json::Value as Json;

use crate::error::{Error, ErrorCode, Result};

use super::email::{check_domain, check_email};
use super::phone::parse_phone;
use super::{Text, Uuid, Value, ValueType};

/// The labels an e-mail or phone may carry (contract.md section 3).
pub const LABELS: [&str; 3] = ["PERSONAL", "WORK", "MOBILE"];

/// One e-mail address, phone number or domain of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Number of the item within its record and array, never that of another one before it; 0
    /// until it is stored.
    pub number: u32,
    /// The id that a remote workspace gave it.
    pub id: Option<Uuid>,
    /// The address, number or domain: what was written, or E.164 for phones.
    pub text: Text,
    /// Whether it is the record's primary one.
    pub is_primary: bool,
    /// Some of [`LABELS`], in the order of writing.
    pub labels: Vec<&'static str>,
}

impl Item {
    /// An item that is not primary and has no labels.
    #[must_use]
    pub fn new(text: impl Into<Text>) -> Self {
        Self { number: 0, id: None, text: text.into(), is_primary: false, labels: Vec::new() }
    }

    /// Whether both say the same, whatever their numbers.
    #[must_use]
    pub fn says_same(&self, other: &Self) -> bool {
        self.text == other.text
            && self.is_primary == other.is_primary
            && self.labels == other.labels
    }
}

/// What the items of a value type are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ItemShape {
    /// The name of an item's text on the wire, for example `email`.
    pub text_key: &'static str,
    /// The value type of that text alone.
    pub text_type: ValueType,
    /// Whether items have labels.
    pub has_labels: bool,
    /// Whether items have ids; without one an item is named by its text.
    pub has_id: bool,
    /// Whether items have a `status`: null, as no value of it is known.
    pub has_status: bool,
}

impl ValueType {
    /// What the items of this type are made of; `None` where its values are no items.
    #[must_use]
    pub fn item_shape(self) -> Option<ItemShape> {
        let (text_key, text_type) = match self {
            Self::ContactEmail => ("email", Self::Email),
            Self::ContactPhoneNumber => ("phone_number", Self::PhoneNumber),
            Self::AccountDomain => ("domain_name", Self::String),
            _ => return None,
        };
        let is_domain = self == Self::AccountDomain;
        Some(ItemShape {
            text_key,
            text_type,
            has_labels: !is_domain,
            has_id: !is_domain,
            has_status: is_domain,
        })
    }

    /// Checks the text of an item and gives it as it is kept.
    ///
    /// # Errors
    /// `field_value_invalid` where it is no address, number or domain.
    pub(crate) fn check_item_text(self, text: &str, default_region: Option<&str>) -> Result<Text> {
        match self {
            Self::ContactEmail => check_email(text).map(Into::into),
            Self::ContactPhoneNumber => parse_phone(text, default_region).map(Into::into),
            _ => check_domain(text).map(Into::into),
        }
    }
}

/// Labels as a list of names; repeats are folded.
///
/// # Errors
/// `field_value_invalid` for what is no list of some of [`LABELS`].
pub(crate) fn parse_labels(names: &[Json]) -> Result<Vec<&'static str>> {
    let mut labels = Vec::with_capacity(names.len());
    for name in names {
        let known = LABELS.iter().copied().find(|label| name == label).ok_or_else(|| {
            Error::new(ErrorCode::FieldValueInvalid, format!("unknown label {name}"))
                .hint(format!("use one of {}", LABELS.join(", ")))
        })?;
        if !labels.contains(&known) {
            labels.push(known);
        }
    }
    Ok(labels)
}

/// Settles a whole array of items: repeats are folded into the first, exactly one is primary.
///
/// The first item is primary unless one says so (contract.md section 11.4).
///
/// # Errors
/// `field_value_invalid` if two items say that they are primary.
pub(super) fn settle(value_type: ValueType, mut items: Vec<Item>) -> Result<Vec<Value>> {
    if let [only] = items.as_mut_slice() {
        only.is_primary = true;
        return Ok(items.into_iter().map(|item| Value::Item(Box::new(item))).collect());
    }
    let mut settled: Vec<Item> = Vec::with_capacity(items.len());
    let mut places: FxHashMap<String, usize> = FxHashMap::default();
    for item in items {
        match places.entry(value_type.match_key(&item.text).into_owned()) {
            Entry::Occupied(first) => settled[*first.get()].is_primary |= item.is_primary,
            Entry::Vacant(place) => {
                place.insert(settled.len());
                settled.push(item);
            }
        }
    }
    if settled.iter().filter(|item| item.is_primary).count() > 1 {
        return Err(Error::new(
            ErrorCode::FieldValueInvalid,
            "two items are marked as primary, at most one can be",
        ));
    }
    if settled.iter().all(|item| !item.is_primary)
        && let Some(first) = settled.first_mut()
    {
        first.is_primary = true;
    }
    Ok(settled.into_iter().map(|item| Value::Item(Box::new(item))).collect())
}
