//! Records made and changed: what is written, what follows from it, what is needed
//! (contract.md sections 5.1 to 5.4 and 11).

use serde_json::{Value as Json, json};

use crate::schema::{Attribute, Kind, Origin, Type};
use crate::value;
use crate::world::{Answer, Code, Record, Sought, Values, World};

type Changes = Vec<(&'static Attribute, Option<Json>)>;

impl World {
    /// Makes a record; a match that found none is stored with it.
    pub(crate) fn make(
        &mut self,
        of: &'static Type,
        changes: Changes,
        sought: Option<&Sought>,
    ) -> Result<Answer, Code> {
        let mut values = Values::new();
        for attribute in &of.attributes {
            let is_given = changes.iter().any(|(known, _)| known.name == attribute.name);
            if let (Some(default), false) = (attribute.default, is_given) {
                values.insert(attribute.name, json!(default));
            }
        }
        apply(of, &mut values, changes)?;
        if let Some(Sought::Keys(name, texts)) = sought {
            store_match(of, &mut values, name, texts);
        }
        follow(of, &mut values);
        check_needs(of, &values)?;
        self.check_unique(of, None, &Values::new(), &values)?;
        self.records.push(Record {
            of: of.name,
            id: None,
            is_archived: false,
            values,
            changes: 1,
            times: Default::default(),
        });
        Ok(self.answer(self.records.len() - 1, true))
    }

    /// Changes a record; the match that found it stays with it.
    pub(crate) fn change(
        &mut self,
        of: &'static Type,
        place: usize,
        changes: Changes,
        sought: Option<&Sought>,
    ) -> Result<Answer, Code> {
        let stored = self.records[place].values.clone();
        let mut values = stored.clone();
        apply(of, &mut values, changes)?;
        if let Some(Sought::Keys(name, texts)) = sought {
            keep_match(of, &stored, &mut values, name, texts);
        }
        self.check_kept(of, place, &values)?;
        self.become_new(of, place, values)?;
        Ok(self.answer(place, false))
    }

    /// What a new record needs is not taken away from one that has it.
    pub(crate) fn check_kept(
        &self,
        of: &'static Type,
        place: usize,
        values: &Values,
    ) -> Result<(), Code> {
        let mut after = values.clone();
        follow(of, &mut after);
        let had = check_needs(of, &self.records[place].values).is_ok();
        if had && check_needs(of, &after).is_err() { Err("field_value_invalid") } else { Ok(()) }
    }

    /// Gives a record other values.
    pub(crate) fn become_new(
        &mut self,
        of: &'static Type,
        place: usize,
        mut values: Values,
    ) -> Result<(), Code> {
        keep_item_ids(of, &self.records[place].values, &mut values);
        keep_amounts(of, &self.records[place].values, &mut values);
        follow(of, &mut values);
        self.check_unique(of, Some(place), &self.records[place].values, &values)?;
        let record = &mut self.records[place];
        if record.values != values {
            record.values = values;
            record.changes += 1;
        }
        Ok(())
    }

    fn check_unique(
        &self,
        of: &'static Type,
        itself: Option<usize>,
        stored: &Values,
        values: &Values,
    ) -> Result<(), Code> {
        for attribute in of.attributes.iter().filter(|attribute| attribute.is_key()) {
            let value = values.get(attribute.name);
            if stored.get(attribute.name) == value
                || !(self.rejects_duplicates || attribute.is_never_shared())
            {
                continue;
            }
            let holders = self.holders(of, attribute.name, &value::keys(attribute, value));
            if holders.iter().any(|holder| Some(*holder) != itself) {
                return Err("unique_conflict");
            }
        }
        Ok(())
    }
}

/// Writes what is given; the primary ones last, as they are written through their arrays.
fn apply(of: &Type, values: &mut Values, changes: Changes) -> Result<(), Code> {
    let (primaries, plain): (Changes, Changes) = changes
        .into_iter()
        .partition(|(attribute, _)| matches!(attribute.origin, Origin::PrimaryOf(_)));
    let mut written = Vec::new();
    for (attribute, value) in plain {
        written.push(attribute.name);
        let is_nothing = |value: &Json| {
            attribute.kind == Kind::Address
                && value.as_object().is_some_and(|parts| parts.values().all(Json::is_null))
        };
        match value.filter(|value| !is_nothing(value)) {
            Some(value) => values.insert(attribute.name, value),
            None => values.remove(attribute.name),
        };
    }
    for (attribute, value) in primaries {
        let Origin::PrimaryOf(array) = attribute.origin else { continue };
        // What is so already is left alone, unless the array is written too.
        if !written.contains(&array) && values.get(attribute.name) == value.as_ref() {
            continue;
        }
        let mut items = items(values, array);
        let Some(text) = value else {
            if items.is_empty() {
                continue;
            }
            return Err("field_value_invalid");
        };
        let kind = of.attribute(array).map_or(Kind::Text, |array| array.kind);
        let place = items
            .iter()
            .position(|item| value::key(kind, &item["text"]) == value::key(kind, &text));
        let place = place.unwrap_or_else(|| {
            items.push(json!({ "id": null, "text": null, "is_primary": false, "labels": [] }));
            items.len() - 1
        });
        items[place]["text"] = text;
        make_primary(&mut items, place);
        set_items(values, array, items);
    }
    Ok(())
}

pub(crate) fn items(values: &Values, array: &str) -> Vec<Json> {
    values.get(array).and_then(Json::as_array).cloned().unwrap_or_default()
}

pub(crate) fn set_items(values: &mut Values, array: &'static str, items: Vec<Json>) {
    if items.is_empty() {
        values.remove(array);
    } else {
        values.insert(array, Json::Array(items));
    }
}

pub(crate) fn make_primary(items: &mut [Json], place: usize) {
    for (index, item) in items.iter_mut().enumerate() {
        item["is_primary"] = json!(index == place);
    }
}

/// What a new record was sought by is stored with it, as primary unless the attributes name another
/// primary one (contract.md section 11.3).
fn store_match(of: &Type, values: &mut Values, name: &'static str, texts: &[String]) {
    let Some(attribute) = of.attribute(name) else { return };
    if !matches!(attribute.kind, Kind::Item(_)) {
        if let (false, Some(text)) = (values.contains_key(name), texts.first()) {
            values.insert(name, json!(text));
        }
        return;
    }
    add_missing(attribute, values, name, texts.iter().map(|text| json!(text)));
}

/// What a record was found by stays with it, where the attributes would take it away.
fn keep_match(
    of: &Type,
    stored: &Values,
    values: &mut Values,
    name: &'static str,
    texts: &[String],
) {
    let Some(attribute) = of.attribute(name) else { return };
    if !matches!(attribute.kind, Kind::Item(_)) || stored.get(name) == values.get(name) {
        return;
    }
    let held = value::keys(attribute, stored.get(name));
    let kept = texts.iter().map(|text| json!(text));
    let kept = kept.filter(|text| held.contains(&value::key(attribute.kind, text)));
    add_missing(attribute, values, name, kept);
}

fn add_missing(
    attribute: &Attribute,
    values: &mut Values,
    name: &'static str,
    texts: impl Iterator<Item = Json>,
) {
    let mut items = items(values, name);
    for text in texts {
        let key = value::key(attribute.kind, &text);
        if items.iter().all(|item| value::key(attribute.kind, &item["text"]) != key) {
            let is_first = items.is_empty();
            items.push(json!({ "id": null, "text": text, "is_primary": is_first, "labels": [] }));
        }
    }
    set_items(values, name, items);
}

/// An item that stays keeps its id.
fn keep_item_ids(of: &Type, stored: &Values, values: &mut Values) {
    for attribute in of.attributes.iter().filter(|known| matches!(known.kind, Kind::Item(_))) {
        let before = items(stored, attribute.name);
        let mut now = items(values, attribute.name);
        for item in &mut now {
            let key = value::key(attribute.kind, &item["text"]);
            let same =
                before.iter().find(|known| value::key(attribute.kind, &known["text"]) == key);
            if let (true, Some(same)) = (item["id"].is_null(), same) {
                item["id"] = same["id"].clone();
            }
        }
        set_items(values, attribute.name, now);
    }
}

/// An amount that is the same number is the same amount, whatever its digits.
fn keep_amounts(of: &Type, stored: &Values, values: &mut Values) {
    for attribute in of.attributes.iter().filter(|known| known.kind == Kind::Currency) {
        let (Some(before), Some(now)) =
            (stored.get(attribute.name), values.get_mut(attribute.name))
        else {
            continue;
        };
        if value::compare(Kind::Currency, before, now).is_eq() {
            *now = before.clone();
        }
    }
}

/// What follows from other attributes.
fn follow(of: &Type, values: &mut Values) {
    for attribute in &of.attributes {
        let Origin::PrimaryOf(array) = attribute.origin else { continue };
        let primary = items(values, array).into_iter().find(|item| item["is_primary"] == true);
        match primary {
            Some(item) => values.insert(attribute.name, item["text"].clone()),
            None => values.remove(attribute.name),
        };
    }
    let text = |values: &Values, name: &str| {
        let text = values.get(name).and_then(Json::as_str).unwrap_or_default();
        (!text.trim().is_empty()).then(|| text.to_owned())
    };
    let (parts, otherwise): (&[&str], &str) = match of.name {
        "contact" => (&["first_name", "middle_name", "last_name"], "primary_email"),
        "user" => (&["first_name", "last_name"], "email"),
        "opportunity" => {
            let stage = values.get("stage").and_then(Json::as_str).unwrap_or_default();
            let pipeline = stage.split('.').next().unwrap_or_default().to_owned();
            values.insert("pipeline", json!(pipeline));
            return;
        }
        _ => return,
    };
    let name: Vec<String> = parts.iter().filter_map(|part| text(values, part)).collect();
    let name =
        if name.is_empty() { values.get(otherwise).cloned() } else { Some(json!(name.join(" "))) };
    match name {
        Some(name) => values.insert("display_name", name),
        None => values.remove("display_name"),
    };
}

fn check_needs(of: &Type, values: &Values) -> Result<(), Code> {
    let is_given = |name: &str| match values.get(name) {
        Some(Json::String(text)) => !text.trim().is_empty(),
        other => other.is_some(),
    };
    let has_required = of.attributes.iter().all(|known| !known.required || is_given(known.name));
    let has_one = of.needs_one_of.is_empty() || of.needs_one_of.iter().any(|name| is_given(name));
    if has_required && has_one { Ok(()) } else { Err("field_required_missing") }
}
