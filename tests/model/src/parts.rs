//! Parts of records: items of their arrays, and their links (contract.md sections 5.6 and 5.7).

use serde_json::{Map, Value as Json, json};

use crate::records::{items, make_primary, set_items};
use crate::schema::{ACCOUNT_ID, Attribute, Kind, Origin, Relationship, SYSTEM, Type};
use crate::value;
use crate::world::{Answer, Code, Values, World};

impl World {
    pub(crate) fn edit_item(&mut self, of: &'static Type, request: &Json) -> Result<Answer, Code> {
        let name = request["attribute"].as_str().unwrap_or_default();
        let is_system = SYSTEM.contains(&name);
        let attribute = match of.attribute(name) {
            _ if is_system => return Err("operation_not_supported"),
            None => return Err("unknown_field"),
            Some(attribute) => attribute,
        };
        let Kind::Item(text_key) = attribute.kind else { return Err("operation_not_supported") };
        let has_ids = text_key != "domain_name";
        let verb = request["do"].as_str().unwrap_or_default();
        let named = request["item"].as_str().unwrap_or_default();
        let fields = match request["body"].as_object() {
            Some(body) if verb != "remove_item" => {
                check_item(attribute, text_key, body, verb == "add_item")?
            }
            _ => Map::new(),
        };
        let place = self.find(of, request["id"].as_str().unwrap_or_default())?;
        let mut values = self.records[place].values.clone();
        let mut edited = items(&values, attribute.name);
        let key = |text: &Json| value::key(attribute.kind, text);
        let with_text = |items: &[Json], text: &Json| {
            items.iter().position(|item| key(&item["text"]) == key(text))
        };
        let found = match verb {
            "add_item" => with_text(&edited, &fields["text"]),
            _ if has_ids => edited.iter().position(|item| item["id"] == named),
            _ => {
                let text = value::item_text(attribute.kind, named);
                with_text(&edited, &text.unwrap_or_else(|_| json!(named)))
            }
        };
        let is_new = verb == "add_item" && found.is_none();
        let at = match found {
            Some(at) => at,
            None if is_new => {
                let is_first = edited.is_empty();
                edited.push(
                    json!({ "id": null, "text": null, "is_primary": is_first, "labels": [] }),
                );
                edited.len() - 1
            }
            None => return Err("record_not_found"),
        };
        if verb == "remove_item" {
            let removed = edited.remove(at);
            if let (true, Some(first)) = (removed["is_primary"] == true, edited.first_mut()) {
                first["is_primary"] = json!(true);
            }
        } else {
            if let Some(text) = fields.get("text") {
                if verb == "update_item"
                    && with_text(&edited, text).is_some_and(|other| other != at)
                {
                    return Err("field_value_invalid");
                }
                edited[at]["text"] = text.clone();
            }
            if let Some(labels) = fields.get("labels") {
                edited[at]["labels"] = labels.clone();
            }
            match fields.get("is_primary") {
                Some(Json::Bool(true)) => make_primary(&mut edited, at),
                Some(_) if verb == "update_item" => edited[at]["is_primary"] = json!(false),
                _ => {}
            }
        }
        set_items(&mut values, attribute.name, edited);
        if verb != "remove_item" {
            self.check_kept(of, place, &values)?;
        }
        self.become_new(of, place, values)?;
        if verb == "remove_item" {
            return Ok(Answer::Done(place));
        }
        let values = self.records[place].values.clone();
        let item = items(&values, attribute.name).swap_remove(at);
        Ok(Answer::Item { place, attribute: attribute.name, item, is_new, values })
    }

    pub(crate) fn edge(&mut self, of: &'static Type, request: &Json) -> Result<Answer, Code> {
        let text = |name: &str| request[name].as_str().unwrap_or_default();
        let relationship = of.relationship(text("relationship")).ok_or("unknown_relationship")?;
        if text("do") == "edges" {
            let place = self.find(of, text("id"))?;
            return Ok(Answer::Links(self.links_of(relationship, place)));
        }
        if relationship.is_read_only {
            return Err("field_not_updatable");
        }
        let there = self.record_type(relationship.target)?;
        let empty = Map::new();
        let body = request["body"].as_object().unwrap_or(&empty);
        match text("do") {
            "add_edge" => {
                let mut body = body.clone();
                let told = body.get("related_record_type").filter(|told| !told.is_null());
                let is_other = told.is_some_and(|told| told != relationship.target);
                let target = if is_other { Err(()) } else { value::reference(&body) };
                body.retain(|name, _| !name.starts_with("related_record_"));
                let said = said(relationship, &body);
                let said = match (&target, said) {
                    (Err(()), Ok(_)) => return Err("field_value_invalid"),
                    (_, said) => said?,
                };
                let target = target.map_err(|()| "field_value_invalid")?;
                let place = self.find(of, text("id"))?;
                let other = self.target(there, &target)?;
                if other == place {
                    return Err("field_value_invalid");
                }
                let known = self.links.get(&link(relationship, place, other)).cloned();
                let is_new = known.is_none();
                let before = known.unwrap_or_else(|| {
                    let primary =
                        relationship.attributes.iter().filter(|name| **name == "is_primary");
                    primary.map(|name| (*name, json!(false))).collect()
                });
                Ok(self.write(relationship, (place, other), before, said, is_new))
            }
            "update_edge" => {
                if relationship.attributes.is_empty() {
                    return Err("operation_not_supported");
                }
                let said = said(relationship, body)?;
                let place = self.find(of, text("id"))?;
                let other = self.linked(relationship, there, place, text("target"))?;
                let before = self.links[&link(relationship, place, other)].clone();
                Ok(self.write(relationship, (place, other), before, said, false))
            }
            _ => {
                let place = self.find(of, text("id"))?;
                let other = self.linked(relationship, there, place, text("target"))?;
                self.links.remove(&link(relationship, place, other));
                Ok(Answer::Done(place))
            }
        }
    }

    /// The links of a record to records that are not hidden, in the order in which these were made.
    pub(crate) fn links_of(&self, of: &Relationship, place: usize) -> Vec<(usize, Values)> {
        if of.table == ACCOUNT_ID {
            return self.links_of_accounts(of, place);
        }
        let mut links: Vec<(usize, Values)> = Vec::new();
        for ((table, first, second), values) in &self.links {
            let (here, there) = if of.is_first { (*first, *second) } else { (*second, *first) };
            if *table == of.table && here == place && !self.records[there].is_archived {
                links.push((there, values.clone()));
            }
        }
        links.sort_by_key(|(there, _)| *there);
        links
    }

    fn links_of_accounts(&self, of: &Relationship, place: usize) -> Vec<(usize, Values)> {
        let account = |place: usize| {
            let account = &self.records[place].values.get(ACCOUNT_ID)?["place"];
            usize::try_from(account.as_u64()?).ok()
        };
        let is_linked = |there: &usize| {
            let record = &self.records[*there];
            let (deal, other) = if of.is_first { (place, *there) } else { (*there, place) };
            record.of == of.target && !record.is_archived && account(deal) == Some(other)
        };
        let linked = (0..self.records.len()).filter(is_linked);
        linked.map(|there| (there, Values::new())).collect()
    }

    fn linked(
        &self,
        of: &Relationship,
        there: &Type,
        place: usize,
        id: &str,
    ) -> Result<usize, Code> {
        let other = self.find(there, id).map_err(|_| "target_record_not_found")?;
        let is_there = self.links.contains_key(&link(of, place, other));
        if is_there { Ok(other) } else { Err("target_record_not_found") }
    }

    fn write(
        &mut self,
        of: &Relationship,
        (place, other): (usize, usize),
        mut values: Values,
        said: Vec<(&'static str, Option<Json>)>,
        is_new: bool,
    ) -> Answer {
        let before = values.clone();
        for (name, value) in said {
            match value {
                Some(value) => values.insert(name, value),
                None => values.remove(name),
            };
        }
        let becomes_primary = values.get("is_primary") == Some(&json!(true));
        if becomes_primary && (is_new || values != before) && !of.one_primary_per.is_empty() {
            // The other links of the record that has one primary link at most.
            let (first, second) = if of.is_first { (place, other) } else { (other, place) };
            let is_of_first = self.records[first].of == of.one_primary_per;
            for ((table, a, b), values) in &mut self.links {
                let is_of_it = if is_of_first { *a == first } else { *b == second };
                if *table == of.table && is_of_it && values.get("is_primary") == Some(&json!(true))
                {
                    values.insert("is_primary", json!(false));
                }
            }
        }
        self.links.insert(link(of, place, other), values.clone());
        Answer::Link { target: other, values, is_new }
    }
}

fn link(of: &Relationship, here: usize, there: usize) -> (&'static str, usize, usize) {
    if of.is_first { (of.table, here, there) } else { (of.table, there, here) }
}

/// What the body says of an item: unknown keys first, then those that may not be written.
fn check_item(
    attribute: &Attribute,
    text_key: &str,
    body: &Map<String, Json>,
    is_new: bool,
) -> Result<Map<String, Json>, Code> {
    let is_domain = text_key == "domain_name";
    let known = |name: &str| {
        matches!(name, "id" | "status" | "is_primary")
            || name == text_key
            || (name == "labels" && !is_domain)
    };
    if body.keys().any(|name| !known(name)) {
        return Err("unknown_field");
    }
    let fixed = if is_new { "is_primary" } else { text_key };
    let is_refused = |name: &str| matches!(name, "id" | "status") || (is_domain && name == fixed);
    if body.keys().any(|name| is_refused(name)) {
        return Err(if is_new { "field_not_creatable" } else { "field_not_updatable" });
    }
    let invalid = |()| "field_value_invalid";
    let mut fields = Map::new();
    for (name, json) in body {
        let value = match name.as_str() {
            "is_primary" if json.is_boolean() => json.clone(),
            "is_primary" if json.is_null() && is_new => continue,
            "labels" if json.is_null() => json!([]),
            "labels" => value::labels(json).map_err(invalid)?,
            name if name == text_key && json.is_string() => {
                let text = json.as_str().unwrap_or_default();
                value::item_text(attribute.kind, text).map_err(invalid)?
            }
            _ => return Err("field_value_invalid"),
        };
        let name = if name == text_key { "text" } else { name };
        fields.insert(name.to_owned(), value);
    }
    let needed = match (is_new, is_domain) {
        (true, _) => "text",
        (false, true) => "is_primary",
        (false, false) => return Ok(fields),
    };
    if fields.contains_key(needed) { Ok(fields) } else { Err("field_required_missing") }
}

/// What the body says of a link, flat or in `through` (contract.md sections 9.6, 9.7).
fn said(
    of: &Relationship,
    body: &Map<String, Json>,
) -> Result<Vec<(&'static str, Option<Json>)>, Code> {
    let mut body = body.clone();
    let through = match body.remove("through") {
        None | Some(Json::Null) => Map::new(),
        Some(Json::Object(mut through)) => match through.remove("attributes") {
            // As it is read, with the id and the name of the junction.
            Some(Json::Object(attributes)) => attributes,
            Some(_) => return Err("unknown_field"),
            None => through,
        },
        Some(_) => return Err("field_value_invalid"),
    };
    let mut given: Vec<(String, Json)> = body.into_iter().chain(through).collect();
    if of.table == "contact_opportunity" {
        given.retain(|(name, _)| name != "role_name");
    }
    let mut said: Vec<(&'static str, Option<Json>)> = Vec::new();
    let mut is_wrong = false;
    for (name, json) in given {
        let known = of.attributes.iter().find(|known| **known == name);
        let name = *known.ok_or("unknown_field")?;
        let attribute = Attribute {
            name,
            value_type: if name == "role" { "string" } else { "boolean" },
            kind: if name == "role" { Kind::Text } else { Kind::Boolean },
            many: false,
            origin: Origin::Written,
            required: false,
            nullable: true,
            unique: false,
            default: None,
        };
        match value::parse(&attribute, &[], &json) {
            Ok(value) if said.iter().all(|(known, other)| *known != name || *other == value) => {
                said.push((name, value));
            }
            _ => is_wrong = true,
        }
    }
    if is_wrong { Err("field_value_invalid") } else { Ok(said) }
}
