//! A draft: the attributes of a record as an operation would leave them, before anything is written.

use crate::error::{Error, ErrorCode, Result};
use crate::operation::{Match, MatchTarget};
use crate::record::{Attributes, Change};
use crate::schema::{Origin, RecordType};
use crate::value::{Address, Item, Value};

/// New values for some attributes, sorted by index; `None` clears.
pub(super) type NewValues = Vec<(usize, Option<Value>)>;

/// Works out what `attributes` (and the match that found or makes the record) change.
///
/// `current` is `None` for a new record. What is the same already is not part of the result.
///
/// # Errors
/// `field_value_invalid`; for a new record also `field_required_missing`.
pub(super) fn revise(
    record_type: &RecordType,
    current: Option<&[Option<Value>]>,
    attributes: Attributes,
    matching: Option<&Match>,
) -> Result<NewValues> {
    let mut draft =
        Draft { record_type, current, changed: Vec::with_capacity(attributes.len() + 2) };
    let mut primaries = Vec::new();
    let named: Vec<usize> = attributes.iter().map(|(index, _)| index).collect();
    for (index, change) in attributes {
        match record_type.attribute(index).origin {
            Origin::PrimaryOf(array) => primaries.push((index, array, change)),
            _ => draft.change(index, change),
        }
    }
    for (index, array, change) in primaries {
        draft.change_primary(index, array, change)?;
    }
    if let Some(Match { target: MatchTarget::Values { attribute, values }, .. }) = matching {
        draft.keep_match(*attribute, values, &named);
    }
    draft.number_items();
    if current.is_none() {
        draft.add_defaults();
    }
    draft.derive();
    if current.is_none() {
        draft.check_required()?;
    }
    Ok(draft.finish())
}

struct Draft<'a> {
    record_type: &'a RecordType,
    current: Option<&'a [Option<Value>]>,
    changed: NewValues,
}

impl Draft<'_> {
    fn stored(&self, index: usize) -> Option<&Value> {
        self.current.and_then(|values| values[index].as_ref())
    }

    fn value(&self, index: usize) -> Option<&Value> {
        match self.changed.binary_search_by_key(&index, |(known, _)| *known) {
            Ok(found) => self.changed[found].1.as_ref(),
            Err(_) => self.stored(index),
        }
    }

    fn set(&mut self, index: usize, value: Option<Value>) {
        match self.changed.binary_search_by_key(&index, |(known, _)| *known) {
            Ok(found) => self.changed[found].1 = value,
            Err(place) => self.changed.insert(place, (index, value)),
        }
    }

    fn is_changed(&self, index: usize) -> bool {
        self.changed.binary_search_by_key(&index, |(known, _)| *known).is_ok()
    }

    fn change(&mut self, index: usize, change: Change) {
        let value = match change {
            Change::Clear => None,
            Change::Set(Value::List(elements)) if elements.is_empty() => None,
            Change::Set(Value::Address(address)) if address.is_empty() => None,
            Change::Set(value) => Some(value),
            Change::Merge(patch) => {
                let address: Option<&Address> = match self.value(index) {
                    Some(Value::Address(address)) => Some(address),
                    _ => None,
                };
                patch.apply_to(address).map(|address| Value::Address(Box::new(address)))
            }
        };
        self.set(index, value);
    }

    fn items(&self, array: usize) -> Vec<Item> {
        let elements = self.value(array).and_then(Value::as_list).unwrap_or_default();
        elements.iter().filter_map(Value::as_item).cloned().collect()
    }

    fn set_items(&mut self, array: usize, items: Vec<Item>) {
        let elements: Vec<Value> =
            items.into_iter().map(|item| Value::Item(Box::new(item))).collect();
        self.set(array, (!elements.is_empty()).then_some(Value::List(elements)));
    }

    /// Writing a primary value makes it the primary item; the former one stays, demoted
    /// (contract.md section 11.2).
    fn change_primary(&mut self, index: usize, array: usize, change: Change) -> Result<()> {
        let mut items = self.items(array);
        let text = match change {
            Change::Set(Value::Text(text)) => text,
            _ if items.is_empty() => return Ok(()),
            _ => {
                let attribute = self.record_type.attribute(index);
                let array = self.record_type.attribute(array);
                return Err(Error::new(
                    ErrorCode::FieldValueInvalid,
                    format!(
                        "{} cannot be null while {} has an item",
                        attribute.api_name, array.api_name
                    ),
                )
                .at_field(&attribute.api_name)
                .hint(format!("remove the items of {} instead", array.api_name)));
            }
        };
        let value_type = self.record_type.attribute(array).value_type;
        let key = value_type.match_key(&text);
        let known = items.iter().position(|item| value_type.match_key(&item.text) == key);
        for item in &mut items {
            item.is_primary = false;
        }
        match known {
            Some(place) => {
                items[place].text = text;
                items[place].is_primary = true;
            }
            None => items.push(Item { is_primary: true, ..Item::new(text) }),
        }
        self.set_items(array, items);
        Ok(())
    }

    /// The match value is stored with a new record, as primary unless the attributes name
    /// another, and stays with an updated one (contract.md section 11.3).
    fn keep_match(&mut self, array: usize, values: &[Value], named: &[usize]) {
        let attribute = self.record_type.attribute(array);
        if !attribute.value_type.is_item() {
            if self.current.is_none() && !self.is_changed(array) {
                self.set(array, values.first().cloned());
            }
            return;
        }
        let value_type = attribute.value_type;
        let held: Vec<String> = match self.current {
            Some(_) if !self.is_changed(array) => return,
            Some(_) => keys_of(self.record_type, array, self.stored(array)),
            None => Vec::new(),
        };
        let mut items = self.items(array);
        let names_primary = named.iter().any(|&index| {
            index == array || self.record_type.attribute(index).origin == Origin::PrimaryOf(array)
        });
        let mut is_first = true;
        for value in values {
            let Value::Item(item) = value else { continue };
            let key = value_type.match_key(&item.text);
            let is_kept = self.current.is_none() || held.contains(&key);
            let is_there = items.iter().any(|known| value_type.match_key(&known.text) == key);
            if is_kept && !is_there {
                let is_primary = is_first && (!names_primary || items.is_empty());
                items.push(Item { is_primary, ..(**item).clone() });
            }
            is_first = false;
        }
        self.set_items(array, items);
    }

    /// Items that stay keep their number, new ones take the next.
    fn number_items(&mut self) {
        for index in 0..self.changed.len() {
            let attribute = self.changed[index].0;
            let value_type = self.record_type.attribute(attribute).value_type;
            if !value_type.is_item() {
                continue;
            }
            let stored: Vec<(String, u32)> = self
                .stored(attribute)
                .and_then(Value::as_list)
                .unwrap_or_default()
                .iter()
                .filter_map(Value::as_item)
                .map(|item| (value_type.match_key(&item.text), item.number))
                .collect();
            let mut next = stored.iter().map(|(_, number)| *number).max().unwrap_or(0) + 1;
            let Some(Value::List(elements)) = &mut self.changed[index].1 else { continue };
            for element in elements {
                let Value::Item(item) = element else { continue };
                let key = value_type.match_key(&item.text);
                item.number = match stored.iter().find(|(known, _)| *known == key) {
                    Some((_, number)) => *number,
                    None => {
                        next += 1;
                        next - 1
                    }
                };
            }
        }
    }

    fn add_defaults(&mut self) {
        for (index, attribute) in self.record_type.attributes().iter().enumerate() {
            if attribute.default.is_some() && !self.is_changed(index) {
                self.set(index, attribute.default.clone());
            }
        }
    }

    fn derive(&mut self) {
        for (index, attribute) in self.record_type.attributes().iter().enumerate() {
            if let Origin::PrimaryOf(array) = attribute.origin
                && self.is_changed(array)
            {
                let elements = self.value(array).and_then(Value::as_list).unwrap_or_default();
                let primary =
                    elements.iter().filter_map(Value::as_item).find(|item| item.is_primary);
                let text = primary.map(|item| Value::Text(item.text.clone()));
                self.set(index, text);
            }
        }
        for (index, attribute) in self.record_type.attributes().iter().enumerate() {
            let Origin::JoinOf { parts, otherwise } = &attribute.origin else { continue };
            if !parts.iter().chain(otherwise).any(|&part| self.is_changed(part)) {
                continue;
            }
            let texts = parts.iter().filter_map(|&part| self.value(part)?.as_text());
            let joined = texts.filter(|text| !text.trim().is_empty()).collect::<Vec<_>>().join(" ");
            let value = if joined.is_empty() {
                otherwise.and_then(|index| self.value(index)).cloned()
            } else {
                Some(Value::Text(joined.into()))
            };
            self.set(index, value);
        }
    }

    fn check_required(&self) -> Result<()> {
        let is_given = |index: usize| match self.value(index) {
            None => false,
            Some(Value::Text(text)) => !text.trim().is_empty(),
            Some(_) => true,
        };
        self.record_type.missing(is_given).map_or(Ok(()), Err)
    }

    fn finish(mut self) -> NewValues {
        let changed = std::mem::take(&mut self.changed);
        changed
            .into_iter()
            .filter(|(index, value)| !is_same(self.stored(*index), value.as_ref()))
            .collect()
    }
}

/// Whether two values say the same: items by what they show, not by their numbers.
fn is_same(stored: Option<&Value>, new: Option<&Value>) -> bool {
    match (stored, new) {
        (Some(Value::List(stored)), Some(Value::List(new))) => {
            stored.len() == new.len()
                && stored.iter().zip(new).all(|(stored, new)| match (stored, new) {
                    (Value::Item(stored), Value::Item(new)) => stored.says_same(new),
                    (stored, new) => stored == new,
                })
        }
        (stored, new) => stored == new,
    }
}

/// The match keys of a key attribute's value.
pub(super) fn keys_of(
    record_type: &RecordType,
    attribute: usize,
    value: Option<&Value>,
) -> Vec<String> {
    let value_type = record_type.attribute(attribute).value_type;
    let elements = match value {
        None => &[],
        Some(Value::List(elements)) => elements.as_slice(),
        Some(one) => std::slice::from_ref(one),
    };
    elements.iter().filter_map(Value::as_text).map(|text| value_type.match_key(text)).collect()
}
