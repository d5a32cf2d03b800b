//! Items of the arrays that have a primary one: a contact's e-mails and phones, an account's domains.

use crate::error::{Error, ErrorCode, Result};

use super::{Value, ValueType};

/// The labels an e-mail or phone may carry (contract.md section 3).
pub const LABELS: [&str; 3] = ["PERSONAL", "WORK", "MOBILE"];

/// One e-mail address, phone number or domain of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Number of the item within its record and array; 0 until it is stored.
    pub number: u32,
    /// The address, number or domain: what was written, or E.164 for phones.
    pub text: Box<str>,
    /// Whether it is the record's primary one.
    pub is_primary: bool,
    /// Some of [`LABELS`], in the order of writing.
    pub labels: Vec<&'static str>,
}

impl Item {
    /// An item that is not primary and has no labels.
    #[must_use]
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self { number: 0, text: text.into(), is_primary: false, labels: Vec::new() }
    }

    /// Whether both say the same, whatever their numbers.
    #[must_use]
    pub fn says_same(&self, other: &Self) -> bool {
        self.text == other.text
            && self.is_primary == other.is_primary
            && self.labels == other.labels
    }
}

/// The label with this name.
///
/// # Errors
/// `field_value_invalid` for a name that is not one of [`LABELS`].
pub(crate) fn parse_label(name: &str) -> Result<&'static str> {
    LABELS.iter().copied().find(|label| *label == name).ok_or_else(|| {
        Error::new(ErrorCode::FieldValueInvalid, format!("unknown label {name:?}"))
            .hint(format!("use one of {}", LABELS.join(", ")))
    })
}

/// Settles a whole array of items: repeats are folded into the first, exactly one is primary.
///
/// The first item is primary unless one says so (contract.md section 11.4).
///
/// # Errors
/// `field_value_invalid` if two items say that they are primary.
pub(super) fn settle(value_type: ValueType, items: Vec<Item>) -> Result<Vec<Value>> {
    let mut settled: Vec<(String, Item)> = Vec::with_capacity(items.len());
    for item in items {
        let key = value_type.match_key(&item.text);
        match settled.iter_mut().find(|(known, _)| *known == key) {
            Some((_, first)) => first.is_primary |= item.is_primary,
            None => settled.push((key, item)),
        }
    }
    if settled.iter().filter(|(_, item)| item.is_primary).count() > 1 {
        return Err(Error::new(
            ErrorCode::FieldValueInvalid,
            "two items are marked as primary, at most one can be",
        ));
    }
    if settled.iter().all(|(_, item)| !item.is_primary)
        && let Some((_, first)) = settled.first_mut()
    {
        first.is_primary = true;
    }
    Ok(settled.into_iter().map(|(_, item)| Value::Item(Box::new(item))).collect())
}
