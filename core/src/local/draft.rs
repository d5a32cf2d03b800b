//! A draft: the attributes of a record as an operation would leave them, before anything is written.

use std::borrow::Cow;

use rustc_hash::FxHashMap;
use uuid::Uuid;

use crate::error::{Error, ErrorCode, Result};
use crate::operation::{Match, MatchTarget};
use crate::record::{Attributes, Change, first_of};
use crate::schema::{Attribute, Origin, RecordType};
use crate::store::Ids;
use crate::value::{Item, Text, Value, check_length};

/// New values for some attributes, sorted by index; `None` clears.
pub(super) type NewValues = Vec<(usize, Option<Value>)>;

/// A record as it is before the operation.
#[derive(Clone, Copy)]
pub(super) struct Current<'a> {
    pub(super) id: Uuid,
    pub(super) values: &'a [Option<Value>],
    /// What gives numbers to new items.
    pub(super) random: Ids,
}

/// Works out what `attributes` (and the match that found or makes the record) change.
///
/// `current` is `None` for a new record. What is the same already is not part of the result.
///
/// # Errors
/// `field_value_invalid`; for a new record also `field_required_missing`.
pub(super) fn revise(
    record_type: &RecordType,
    current: Option<Current<'_>>,
    attributes: Attributes,
    matching: Option<&Match>,
) -> Result<NewValues> {
    let mut draft =
        Draft { record_type, current, changed: Vec::with_capacity(attributes.len() + 2) };
    let mut primaries = Vec::new();
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
        draft.keep_match(*attribute, values)?;
    }
    draft.number_items();
    if current.is_none() {
        draft.add_defaults();
    }
    draft.derive();
    match current {
        None => draft.check_required()?,
        Some(_) => draft.check_still_there()?,
    }
    Ok(draft.finish())
}

/// Works out what changes where an array attribute of a stored record holds these items. One that is
/// removed may leave the record without what a new one needs.
///
/// # Errors
/// `field_value_invalid` for too many, or where nothing is left that a new record needs.
pub(super) fn revise_items(
    record_type: &RecordType,
    current: Current<'_>,
    array: usize,
    items: Vec<Item>,
    is_removal: bool,
) -> Result<NewValues> {
    let mut draft = Draft { record_type, current: Some(current), changed: NewValues::new() };
    draft.set_items(array, items)?;
    draft.number_items();
    draft.derive();
    if !is_removal {
        draft.check_still_there()?;
    }
    Ok(draft.finish())
}

/// The items of an array attribute's value.
pub(super) fn items_of(value: Option<&Value>) -> Vec<Item> {
    let elements = value.and_then(Value::as_list).unwrap_or_default();
    elements.iter().filter_map(Value::as_item).cloned().collect()
}

struct Draft<'a> {
    record_type: &'a RecordType,
    current: Option<Current<'a>>,
    changed: NewValues,
}

impl Draft<'_> {
    fn stored(&self, index: usize) -> Option<&Value> {
        self.current.and_then(|current| current.values[index].as_ref())
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
        if let Change::Merge(patch) = &change
            && !self.is_changed(index)
            && patch.leaves(self.stored(index).and_then(Value::as_address))
        {
            return;
        }
        let value = match change {
            Change::Clear => None,
            Change::Set(Value::List(elements)) if elements.is_empty() => None,
            Change::Set(Value::Address(address)) if address.is_empty() => None,
            Change::Set(value) => Some(value),
            Change::Merge(patch) => {
                let address = self.value(index).and_then(Value::as_address);
                patch.apply_to(address).map(|address| Value::Address(Box::new(address)))
            }
        };
        self.set(index, value);
    }

    fn set_items(&mut self, array: usize, items: Vec<Item>) -> Result<()> {
        check_length(items.len())
            .map_err(|error| error.at_field(&self.record_type.attribute(array).api_name))?;
        let elements: Box<[Value]> =
            items.into_iter().map(|item| Value::Item(Box::new(item))).collect();
        self.set(array, (!elements.is_empty()).then_some(Value::List(elements)));
        Ok(())
    }

    /// Writing a primary value makes it the primary item; the former one stays, demoted
    /// (contract.md section 11.2).
    fn change_primary(&mut self, index: usize, array: usize, change: Change) -> Result<()> {
        let is_null_already = change == Change::Clear && self.stored(index).is_none();
        if !self.is_changed(array)
            && (leaves_primary(self.stored(index), &change)
                || self.current.is_some() && is_null_already)
        {
            return Ok(());
        }
        let mut items = items_of(self.value(array));
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
        self.set_items(array, items)
    }

    /// The match value is stored with a new record, as primary unless the attributes name
    /// another, and stays with an updated one (contract.md section 11.3).
    fn keep_match(&mut self, array: usize, values: &[Value]) -> Result<()> {
        let attribute = self.record_type.attribute(array);
        if !attribute.value_type.is_item() {
            // Else the same assert would not find the record that it has made, or found.
            if self.value(array).is_none() {
                let kept = match self.current {
                    Some(_) => self.stored(array).cloned(),
                    None => values.first().cloned(),
                };
                self.set(array, kept);
            }
            return Ok(());
        }
        let value_type = attribute.value_type;
        if self.current.is_some() && !self.is_changed(array) {
            return Ok(());
        }
        let holds = |value: Option<&Value>, key: &str| {
            keys_of(self.record_type, array, value).any(|held| held == key)
        };
        let is_missing = |item: &Item| {
            let key = value_type.match_key(&item.text);
            let is_kept = self.current.is_none() || holds(self.stored(array), &key);
            is_kept && !holds(self.value(array), &key)
        };
        let given = values.iter().filter_map(Value::as_item);
        let missing: Vec<Item> = given.filter(|item| is_missing(item)).cloned().collect();
        if missing.is_empty() {
            return Ok(());
        }
        let mut items = items_of(self.value(array));
        for item in missing {
            let is_primary = items.is_empty();
            items.push(Item { is_primary, ..item });
        }
        self.set_items(array, items)
    }

    /// Items that stay keep their number, new ones get another one.
    fn number_items(&mut self) {
        for index in 0..self.changed.len() {
            let attribute = self.changed[index].0;
            let Attribute { api_name, value_type, .. } = self.record_type.attribute(attribute);
            if !value_type.is_item() {
                continue;
            }
            // Not through `self`, so that what is changed may be written while it is read.
            let stored = self.current.and_then(|current| current.values[attribute].as_ref());
            let stored = stored.and_then(Value::as_list).unwrap_or_default();
            let mut taken: Vec<u32> =
                stored.iter().filter_map(Value::as_item).map(|item| item.number).collect();
            let stored: FxHashMap<Cow<'_, str>, u32> = stored
                .iter()
                .filter_map(Value::as_item)
                .map(|item| (value_type.match_key(&item.text), item.number))
                .collect();
            let Some(Value::List(elements)) = &mut self.changed[index].1 else { continue };
            for element in elements {
                let Value::Item(item) = element else { continue };
                if item.number != 0 {
                    continue;
                }
                let key = value_type.match_key(&item.text);
                item.number = match stored.get(&key) {
                    Some(number) => *number,
                    None => new_number(self.current, (api_name.as_str(), &*key), &taken),
                };
                taken.push(item.number);
            }
        }
    }

    fn add_defaults(&mut self) {
        for &index in self.record_type.defaults() {
            if !self.is_changed(index) {
                self.set(index, self.record_type.attribute(index).default.clone());
            }
        }
    }

    fn derive(&mut self) {
        for &index in self.record_type.derived() {
            let value = match &self.record_type.attribute(index).origin {
                Origin::PrimaryOf(array) if self.is_changed(*array) => self.primary(*array),
                Origin::PipelineOf(stage) if self.is_changed(*stage) => self.pipeline(*stage),
                Origin::JoinOf { parts, otherwise }
                    if parts.iter().chain(otherwise).any(|&part| self.is_changed(part)) =>
                {
                    self.joined(parts, *otherwise)
                }
                _ => continue,
            };
            self.set(index, value);
        }
    }

    /// The text of an array's primary item.
    fn primary(&self, array: usize) -> Option<Value> {
        let elements = self.value(array).and_then(Value::as_list).unwrap_or_default();
        let primary = elements.iter().filter_map(Value::as_item).find(|item| item.is_primary);
        primary.map(|item| Value::Text(item.text.clone()))
    }

    /// The pipeline of a stage.
    fn pipeline(&self, stage: usize) -> Option<Value> {
        let name = self.value(stage).and_then(Value::as_text);
        let options = &self.record_type.attribute(stage).options;
        let option = options.iter().find(|option| Some(&*option.name()) == name)?;
        let stage = option.stage.as_ref()?;
        Some(Value::Text(stage.pipeline.as_str().into()))
    }

    /// The texts of parts, with spaces between; another value where there is none.
    fn joined(&self, parts: &[usize], otherwise: Option<usize>) -> Option<Value> {
        let mut joined = Text::default();
        let texts = parts.iter().filter_map(|&part| self.value(part)?.as_text());
        for text in texts.filter(|text| !text.trim().is_empty()) {
            if !joined.is_empty() {
                joined.push(' ');
            }
            joined.push_str(text);
        }
        match joined.is_empty() {
            true => otherwise.and_then(|index| self.value(index)).cloned(),
            false => Some(Value::Text(joined)),
        }
    }

    fn check_required(&self) -> Result<()> {
        let missing = self.record_type.missing(|index| says_something(self.value(index)));
        first_of(missing.into_iter()).map_or(Ok(()), Err)
    }

    /// A change takes nothing away that a new record needs; what was missing before may stay so,
    /// and what is declared to be nullable may be null.
    fn check_still_there(&self) -> Result<()> {
        let is_taken = |(index, value): &(usize, Option<Value>)| {
            !says_something(value.as_ref()) && says_something(self.stored(*index))
        };
        if !self.changed.iter().any(is_taken) {
            return Ok(());
        }
        let of = self.record_type;
        let before = of.missing(|index| says_something(self.stored(index)));
        let missing = of.missing(|index| says_something(self.value(index)));
        let may_go = |field: &str| {
            let attribute = of.index_of(field).map(|index| of.attribute(index));
            attribute.is_some_and(|one| one.is_required_on_create && one.is_nullable)
        };
        let lost = missing.iter().filter_map(|fault| fault.field().zip(Some(fault.message())));
        let lost = lost.filter(|(field, _)| {
            !may_go(field) && before.iter().all(|fault| fault.field() != Some(field))
        });
        let faults = lost.map(|(field, needs)| {
            let message = format!("the change would take away what is needed: {needs}");
            Error::new(ErrorCode::FieldValueInvalid, message).at_field(field)
        });
        first_of(faults).map_or(Ok(()), Err)
    }

    fn finish(mut self) -> NewValues {
        let changed = std::mem::take(&mut self.changed);
        changed
            .into_iter()
            .filter(|(index, value)| !is_same(self.stored(*index), value.as_ref()))
            .collect()
    }
}

/// Whether there is a value, and not only white space; of items one is primary, by which others go.
fn says_something(value: Option<&Value>) -> bool {
    let is_demoted = |element: &Value| element.as_item().is_some_and(|item| !item.is_primary);
    match value {
        None => false,
        Some(Value::List(elements)) => !elements.iter().all(is_demoted),
        Some(Value::Text(text)) => !text.trim().is_empty(),
        Some(_) => true,
    }
}

/// The number of a new item. In a new record it counts; later it is drawn, so that the id of an
/// item that was taken away does not come back for another one.
fn new_number(current: Option<Current<'_>>, of: (&str, &str), taken: &[u32]) -> u32 {
    const FIRST_DRAWN: u32 = 1 << 16;
    let Some(Current { id, random, .. }) = current else {
        return taken.last().map_or(1, |last| last + 1);
    };
    (0..)
        .map(|attempt| random.item_number(id, of.0, of.1, attempt))
        .find(|number| *number >= FIRST_DRAWN && !taken.contains(number))
        .unwrap_or(FIRST_DRAWN)
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

/// Whether writing a primary value says what is so already: then its array is left alone.
pub(super) fn leaves_primary(stored: Option<&Value>, change: &Change) -> bool {
    matches!(change, Change::Set(value) if stored == Some(value))
}

/// The match keys of a key attribute's value.
pub(super) fn keys_of<'a>(
    record_type: &RecordType,
    attribute: usize,
    value: Option<&'a Value>,
) -> impl Iterator<Item = Cow<'a, str>> + use<'a> {
    let value_type = record_type.attribute(attribute).value_type;
    let elements = match value {
        None => &[][..],
        Some(Value::List(elements)) => &elements[..],
        Some(one) => std::slice::from_ref(one),
    };
    elements.iter().filter_map(move |element| element.match_key(value_type))
}

/// The match keys of values, as of one after the other.
pub(super) fn keys_of_all<'a>(
    record_type: &'a RecordType,
    attribute: usize,
    values: &'a [Value],
) -> impl Iterator<Item = Cow<'a, str>> {
    values.iter().flat_map(move |value| keys_of(record_type, attribute, Some(value)))
}
