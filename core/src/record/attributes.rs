//! The attributes of an operation: each is absent (not listed), null, or a value.

use serde_json::{Map, Value as Json};

use crate::error::{Error, ErrorCode, Result};
use crate::schema::{RecordType, Write};
use crate::value::{AddressPatch, Value};

/// What happens to one attribute. An absent attribute has no change.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Null: clear it.
    Clear,
    /// Set it; a list replaces the whole list.
    Set(Value),
    /// Change some parts of an address.
    Merge(Box<AddressPatch>),
}

/// The changes of an operation, at most one for each attribute, sorted by attribute index.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Attributes {
    changes: Vec<(usize, Change)>,
}

impl Attributes {
    /// Parses the `attributes` object of a request; an absent key stays absent.
    ///
    /// All faults are found before the first is returned: unknown fields come before those that
    /// may not be written, these before values; the error's `related` holds the others
    /// (contract.md section 11.7).
    ///
    /// # Errors
    /// `unknown_field`, `field_not_creatable`, `field_not_updatable`, `field_value_invalid`.
    ///
    /// ```
    /// use headwater::{Attributes, Schema, Write};
    /// let contact = Schema::standard().record_type("contact")?.clone();
    /// let json = serde_json::json!({"title": "CTO", "department": null});
    /// let attributes = Attributes::parse(&contact, json.as_object().cloned().unwrap(), Write::Patch, None)?;
    /// assert_eq!(attributes.len(), 2);
    /// # Ok::<(), headwater::Error>(())
    /// ```
    pub fn parse(
        record_type: &RecordType,
        object: Map<String, Json>,
        write: Write,
        default_region: Option<&str>,
    ) -> Result<Self> {
        let mut attributes = Self::default();
        let mut unknown = Vec::new();
        let mut refused = Vec::new();
        let mut invalid = Vec::new();
        let mut given = Vec::new();
        for (name, json) in object {
            let Some(index) = record_type.index_of(&name) else {
                note(&mut unknown, || record_type.unknown_field(&name));
                continue;
            };
            let attribute = record_type.attribute(index);
            if !json.is_null() {
                given.push(index);
            }
            if let Err(error) = attribute.check_writable(write) {
                refused.push(error);
                continue;
            }
            let parsed = attribute.parse(json, default_region).and_then(|value| match value {
                Some(value) => Ok(Change::Set(value)),
                None => attribute.check_null().map(|()| Change::Clear),
            });
            match parsed {
                Ok(change) if attributes.change(index).is_some_and(|known| *known != change) => {
                    invalid.push(
                        Error::new(
                            ErrorCode::FieldValueInvalid,
                            format!("{} is given twice, with different values", attribute.api_name),
                        )
                        .at_field(&attribute.api_name)
                        .hint(format!("give only one of {name} and {}", attribute.api_name)),
                    );
                }
                Ok(change) => attributes.set(index, change),
                Err(error) => invalid.push(error),
            }
        }
        let mut faults: Vec<Error> = unknown.into_iter().chain(refused).chain(invalid).collect();
        if faults.is_empty() {
            return Ok(attributes);
        }
        if write == Write::Create {
            // Without other faults this is found when everything that is derived is known.
            faults.extend(record_type.missing(|index| given.contains(&index)));
        }
        Err(first_of(faults.into_iter()).unwrap_or_else(|| record_type.unknown_field("")))
    }

    /// No changes, with room for some.
    #[must_use]
    pub fn with_capacity(count: usize) -> Self {
        Self { changes: Vec::with_capacity(count) }
    }

    /// Gives an attribute a change, in place of an earlier one.
    pub fn set(&mut self, index: usize, change: Change) {
        match self.changes.binary_search_by_key(&index, |(known, _)| *known) {
            Ok(found) => self.changes[found].1 = change,
            Err(place) => self.changes.insert(place, (index, change)),
        }
    }

    /// The change of an attribute; `None` if it is absent.
    #[must_use]
    pub fn change(&self, index: usize) -> Option<&Change> {
        let found = self.changes.binary_search_by_key(&index, |(known, _)| *known).ok()?;
        Some(&self.changes[found].1)
    }

    /// Takes the change of an attribute out.
    pub fn remove(&mut self, index: usize) -> Option<Change> {
        let found = self.changes.binary_search_by_key(&index, |(known, _)| *known).ok()?;
        Some(self.changes.remove(found).1)
    }

    /// The changes, by attribute index.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &Change)> {
        self.changes.iter().map(|(index, change)| (*index, change))
    }

    /// The changes, by attribute index, to be changed in place.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (usize, &mut Change)> {
        self.changes.iter_mut().map(|(index, change)| (*index, change))
    }

    /// How many attributes are not absent.
    #[must_use]
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// Whether every attribute is absent.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

impl IntoIterator for Attributes {
    type Item = (usize, Change);
    type IntoIter = std::vec::IntoIter<(usize, Change)>;

    fn into_iter(self) -> Self::IntoIter {
        self.changes.into_iter()
    }
}

/// Adds a fault, unless there are as many as an answer tells of: a body may hold 100 000.
pub(crate) fn note(faults: &mut Vec<Error>, fault: impl FnOnce() -> Error) {
    const MOST: usize = 100;
    if faults.len() < MOST {
        faults.push(fault());
    }
}

/// The first of several errors, with the others and what they are related to as its related ones.
pub(crate) fn first_of(errors: impl Iterator<Item = Error>) -> Option<Error> {
    errors.reduce(Error::and_also)
}

/// The same in the order of contract.md section 11.7, which says whose code is told.
pub(crate) fn first_in_order(mut errors: Vec<Error>) -> Option<Error> {
    errors.sort_by_key(|error| match error.code() {
        ErrorCode::UnknownField => 0,
        ErrorCode::FieldNotCreatable | ErrorCode::FieldNotUpdatable => 1,
        ErrorCode::FieldRequiredMissing => 3,
        _ => 2,
    });
    first_of(errors.into_iter())
}
