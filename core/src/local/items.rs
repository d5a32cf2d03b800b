//! Items of an array attribute, edited one by one (contract.md section 5.7).

use uuid::Uuid;

use crate::error::{Error, ErrorCode, Result};
use crate::operation::{Action, ItemEdit, ItemFields, ItemKey};
use crate::schema::Attribute;
use crate::value::Item;

/// Makes an edit among the items of a record, and says what became of the item.
///
/// # Errors
/// `record_not_found` for an item that is not there, `field_value_invalid` for a text that
/// another item has.
pub(super) fn edit(
    record: Uuid,
    attribute: &Attribute,
    items: &mut Vec<Item>,
    edit: ItemEdit,
) -> Result<Action> {
    let find = |items: &[Item], key: &ItemKey| {
        items
            .iter()
            .position(|item| key.names(record, attribute, item))
            .ok_or_else(|| no_item(record, attribute, key))
    };
    match edit {
        ItemEdit::Add(fields) => Ok(add(attribute, items, fields)),
        ItemEdit::Update(key, fields) => {
            let place = find(items, &key)?;
            update(attribute, items, place, fields)?;
            Ok(Action::Updated)
        }
        ItemEdit::Remove(key) => {
            let removed = items.remove(find(items, &key)?);
            // The first one is primary unless another one says so (contract.md section 11.4).
            if let (true, Some(first)) = (removed.is_primary, items.first_mut()) {
                first.is_primary = true;
            }
            Ok(Action::Removed)
        }
    }
}

/// An address is there or not: added again, it is the same item, and made what is given.
fn add(attribute: &Attribute, items: &mut Vec<Item>, fields: ItemFields) -> Action {
    let text = fields.text.unwrap_or_default();
    let (place, action) = match with_text(attribute, items, &text) {
        Some(place) => (place, Action::Updated),
        None => {
            items.push(Item { is_primary: items.is_empty(), ..Item::new(text.clone()) });
            (items.len() - 1, Action::Created)
        }
    };
    items[place].text = text;
    if let Some(labels) = fields.labels {
        items[place].labels = labels;
    }
    // That it need not be primary takes nothing away from one that is.
    if fields.is_primary == Some(true) {
        make_primary(items, place);
    }
    action
}

fn update(
    attribute: &Attribute,
    items: &mut [Item],
    place: usize,
    fields: ItemFields,
) -> Result<()> {
    if let Some(text) = fields.text {
        if with_text(attribute, items, &text).is_some_and(|other| other != place) {
            let message = format!("another item of {} is {text} already", attribute.api_name);
            let key = attribute.value_type.item_shape().map_or("", |shape| shape.text_key);
            return Err(Error::new(ErrorCode::FieldValueInvalid, message)
                .at_field(key)
                .hint("remove one of the two"));
        }
        items[place].text = text;
    }
    if let Some(labels) = fields.labels {
        items[place].labels = labels;
    }
    match fields.is_primary {
        Some(true) => make_primary(items, place),
        Some(false) => items[place].is_primary = false,
        None => {}
    }
    Ok(())
}

fn with_text(attribute: &Attribute, items: &[Item], text: &str) -> Option<usize> {
    let key = attribute.value_type.match_key(text);
    items.iter().position(|item| attribute.value_type.match_key(&item.text) == key)
}

fn make_primary(items: &mut [Item], place: usize) {
    for (index, item) in items.iter_mut().enumerate() {
        item.is_primary = index == place;
    }
}

fn no_item(record: Uuid, attribute: &Attribute, key: &ItemKey) -> Error {
    let message = format!("{} of {record} has no item {key}", attribute.api_name);
    Error::new(ErrorCode::RecordNotFound, message)
        .at_field(&attribute.api_name)
        .on_record(key.to_string())
        .hint("read the record again: the item is not there, or was removed")
}
