//! The world: records and links in memory, and what each request does to them (contract.md).

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use crate::schema::{Attribute, Kind, SYSTEM, Type, types};
use crate::value::{self, Choices};

/// What went wrong, as a code.
pub type Code = &'static str;
/// The values of a record, by attribute; what is empty is not there.
pub type Values = BTreeMap<&'static str, Json>;

/// An id that no record has.
pub const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

/// A record, archived or not.
#[derive(Debug, Clone)]
pub struct Record {
    /// Its type.
    pub of: &'static str,
    /// Its id, once the workspace has told it.
    pub id: Option<String>,
    /// Whether it is hidden.
    pub is_archived: bool,
    /// What it says.
    pub values: Values,
    /// How often it has changed.
    pub changes: u32,
    /// When it was made and changed, once the workspace has told it.
    pub times: BTreeMap<&'static str, String>,
}

/// Links of a relationship: the records of both sides, and what the link says.
pub type Links = BTreeMap<(&'static str, usize, usize), Values>;

/// The answer to a request that is not refused.
#[derive(Debug, Clone)]
pub enum Answer {
    /// A record after the request.
    Record {
        /// Which one.
        place: usize,
        /// Whether it is new.
        is_new: bool,
        /// What it then said.
        values: Values,
    },
    /// An item after the request.
    Item {
        /// Its record.
        place: usize,
        /// Its attribute.
        attribute: &'static str,
        /// The item.
        item: Json,
        /// Whether it is new.
        is_new: bool,
        /// What its record then said.
        values: Values,
    },
    /// A link after the request.
    Link {
        /// Where it leads.
        target: usize,
        /// What it says.
        values: Values,
        /// Whether it is new.
        is_new: bool,
    },
    /// Records, in order.
    Records(Vec<usize>),
    /// Links, in order.
    Links(Vec<(usize, Values)>),
    /// Nothing to tell, of this record.
    Done(usize),
}

/// All there is.
pub struct World {
    /// The record types.
    pub types: &'static [Type],
    /// What selects and stages can be.
    pub choices: Choices,
    /// Every record ever made, in the order of making.
    pub records: Vec<Record>,
    /// Every link.
    pub links: Links,
    /// Whether two records may not share a match key.
    pub rejects_duplicates: bool,
}

/// What a match looks for.
pub(crate) enum Sought {
    Id(String),
    Keys(&'static str, Vec<String>),
}

impl World {
    /// An empty one.
    #[must_use]
    pub fn new(choices: Choices, rejects_duplicates: bool) -> Self {
        let types = Vec::leak(types());
        Self { types, choices, records: Vec::new(), links: Links::new(), rejects_duplicates }
    }

    /// Answers a request of the testee protocol.
    ///
    /// # Errors
    /// The code of contract.md section 6.
    pub fn call(&mut self, request: &Json) -> Result<Answer, Code> {
        let text = |name: &str| request[name].as_str().unwrap_or_default();
        let record_type = self.record_type(text("record_type"))?;
        let empty = Map::new();
        let object = |name: &str| request[name].as_object().unwrap_or(&empty);
        match text("do") {
            "create" => self.create(record_type, object("attributes")),
            "seed" => self.seed(record_type, object("attributes")),
            "patch" => self.patch(record_type, text("id"), object("attributes")),
            "archive" => self.archive(record_type, text("id")),
            "assert" => self.assert(record_type, object("match"), object("attributes")),
            "get" => self.find(record_type, text("id")).map(|place| self.answer(place, false)),
            "add_item" | "update_item" | "remove_item" => self.edit_item(record_type, request),
            "edges" | "add_edge" | "update_edge" | "remove_edge" => self.edge(record_type, request),
            "query" => crate::query::run(self, record_type, object("body")).map(Answer::Records),
            other => panic!("the model does not know {other}"),
        }
    }

    pub(crate) fn record_type(&self, name: &str) -> Result<&'static Type, Code> {
        let types = self.types;
        types.iter().find(|known| known.name == name).ok_or("unknown_record_type")
    }

    pub(crate) fn options(&self, of: &Type, attribute: &Attribute) -> &[value::Choice] {
        let key = (of.name.to_owned(), attribute.name.to_owned());
        self.choices.get(&key).map_or(&[], Vec::as_slice)
    }

    /// The record of a type with an id, where it is not hidden.
    pub(crate) fn find(&self, of: &Type, id: &str) -> Result<usize, Code> {
        let is_it = |record: &Record| {
            record.of == of.name && !record.is_archived && record.id.as_deref() == Some(id)
        };
        self.records.iter().position(is_it).ok_or("record_not_found")
    }

    pub(crate) fn answer(&self, place: usize, is_new: bool) -> Answer {
        Answer::Record { place, is_new, values: self.records[place].values.clone() }
    }

    fn create(&mut self, of: &'static Type, written: &Map<String, Json>) -> Result<Answer, Code> {
        if of.is_read_only {
            return Err("operation_not_supported");
        }
        self.seed(of, written)
    }

    fn seed(&mut self, of: &'static Type, written: &Map<String, Json>) -> Result<Answer, Code> {
        let mut changes = self.parse(of, written, "field_not_creatable")?;
        self.look_up(of, &mut changes, None)?;
        self.make(of, changes, None)
    }

    fn patch(
        &mut self,
        of: &'static Type,
        id: &str,
        written: &Map<String, Json>,
    ) -> Result<Answer, Code> {
        if of.is_read_only {
            return Err("operation_not_supported");
        }
        let mut changes = self.parse(of, written, "field_not_updatable")?;
        let place = self.find(of, id);
        self.look_up(of, &mut changes, place.ok())?;
        let place = place?;
        self.change(of, place, changes, None)
    }

    fn archive(&mut self, of: &'static Type, id: &str) -> Result<Answer, Code> {
        if of.is_read_only {
            return Err("operation_not_supported");
        }
        let place = self.find(of, id)?;
        self.records[place].is_archived = true;
        Ok(Answer::Done(place))
    }

    fn assert(
        &mut self,
        of: &'static Type,
        matching: &Map<String, Json>,
        written: &Map<String, Json>,
    ) -> Result<Answer, Code> {
        if !of.can_assert {
            return Err("operation_not_supported");
        }
        let sought = self.sought(of, matching);
        // Which rule a system field breaks depends on the branch (contract.md section 5.4).
        let hits = sought.as_ref().map(|sought| self.hits(of, sought)).unwrap_or_default();
        let is_there = hits.len() == 1;
        let refused = if is_there { "field_not_updatable" } else { "field_not_creatable" };
        let mut changes = self.parse(of, written, refused)?;
        let sought = sought?;
        self.look_up(of, &mut changes, hits.first().copied().filter(|_| is_there))?;
        match (hits[..].first(), &sought) {
            (None, Sought::Id(_)) => Err("record_not_found"),
            (None, Sought::Keys(..)) => self.make(of, changes, Some(&sought)),
            (Some(&place), _) if is_there => self.change(of, place, changes, Some(&sought)),
            _ => Err("ambiguous_match"),
        }
    }

    /// The `attributes` of a request: null, or a value (contract.md sections 5.2, 11.7).
    fn parse(
        &self,
        of: &'static Type,
        written: &Map<String, Json>,
        refused: Code,
    ) -> Result<Vec<(&'static Attribute, Option<Json>)>, Code> {
        let is_system = |name: &String| SYSTEM.contains(&name.as_str());
        if written.keys().any(|name| of.attribute(name).is_none() && !is_system(name)) {
            return Err("unknown_field");
        }
        let is_derived = |attribute: &Attribute| attribute.origin == crate::schema::Origin::Derived;
        if written.keys().any(|name| of.attribute(name).is_none_or(is_derived)) {
            return Err(refused);
        }
        let mut changes: Vec<(&'static Attribute, Option<Json>)> = Vec::new();
        for (name, json) in written {
            let Some(attribute) = of.attribute(name) else { continue };
            let parsed = value::parse(attribute, self.options(of, attribute), json);
            let parsed = parsed.map_err(|()| "field_value_invalid")?;
            let is_other = |(known, value): &(&Attribute, Option<Json>)| {
                known.name == attribute.name && *value != parsed
            };
            let is_null = parsed.is_none() && json.as_array().is_none();
            if changes.iter().any(is_other) || (is_null && !attribute.nullable) {
                return Err("field_value_invalid");
            }
            changes.push((attribute, parsed));
        }
        Ok(changes)
    }

    /// Puts the places of records where references name them; a record keeps what it refers to
    /// already, though that is archived.
    fn look_up(
        &self,
        of: &Type,
        changes: &mut [(&'static Attribute, Option<Json>)],
        itself: Option<usize>,
    ) -> Result<(), Code> {
        let order = |name: &str| of.attributes.iter().position(|known| known.name == name);
        changes.sort_by_key(|(attribute, _)| order(attribute.name));
        for (attribute, value) in changes {
            let (Kind::Reference(target), Some(value)) = (attribute.kind, value) else { continue };
            let target = self.record_type(target)?;
            let held = itself.and_then(|place| self.records[place].values.get(attribute.name));
            let held = held.map(|held| held.as_array().cloned().unwrap_or(vec![held.clone()]));
            let kept = |named: &Json| {
                let mut held = held.iter().flatten().filter_map(|one| one["place"].as_u64());
                let is_it = |place: &u64| {
                    let place = usize::try_from(*place).unwrap_or(usize::MAX);
                    self.records[place].id.as_deref().is_some_and(|id| named["record"] == id)
                };
                held.find(is_it).map(|place| json!({ "place": place }))
            };
            let elements = match value {
                Json::Array(elements) => &mut elements[..],
                one => std::slice::from_mut(one),
            };
            for element in elements {
                *element = match kept(element) {
                    Some(kept) => kept,
                    None => json!({ "place": self.target(target, element)? }),
                };
            }
        }
        Ok(())
    }

    /// The record that a reference or a link names (contract.md section 5.6).
    pub(crate) fn target(&self, of: &'static Type, named: &Json) -> Result<usize, Code> {
        let sought = match (&named["record"], &named["match"]) {
            (Json::String(id), _) => Sought::Id(id.clone()),
            (_, Json::Object(matching)) => {
                self.sought(of, matching).map_err(|code| match code {
                    "unknown_field" => "invalid_matching_field",
                    code => code,
                })?
            }
            _ => return Err("field_value_invalid"),
        };
        match self.hits(of, &sought)[..] {
            [] => Err("target_record_not_found"),
            [hit] => Ok(hit),
            _ => Err("ambiguous_match"),
        }
    }

    fn sought(&self, of: &'static Type, matching: &Map<String, Json>) -> Result<Sought, Code> {
        let mut entries = matching.iter();
        let (Some((name, json)), None) = (entries.next(), entries.next()) else {
            return Err("field_value_invalid");
        };
        if name == "id" {
            let id = json.as_str().filter(|id| id.len() == 36);
            return id.map(|id| Sought::Id(id.to_owned())).ok_or("field_value_invalid");
        }
        let alias = of.match_aliases.iter().find(|(alias, _)| alias == name);
        let mut json = json.clone();
        let attribute = match alias {
            Some((_, key)) => of.attribute(key).ok_or("unknown_field")?,
            None if SYSTEM.contains(&name.as_str()) => return Err("invalid_matching_field"),
            None => of.attribute(name).ok_or("unknown_field")?,
        };
        if !attribute.unique {
            return Err("invalid_matching_field");
        }
        let key = match attribute.origin {
            crate::schema::Origin::PrimaryOf(array) => {
                // Its envelope names its own type, not that of the array.
                if json["value_type"] == attribute.value_type {
                    json = json["value"].take();
                }
                of.attribute(array).ok_or("unknown_field")?
            }
            _ => attribute,
        };
        let parsed = value::parse(key, self.options(of, key), &json);
        let keys = value::keys(key, parsed.map_err(|()| "field_value_invalid")?.as_ref());
        if keys.is_empty() {
            return Err("field_value_invalid");
        }
        // The texts as they were written: a new record is given them.
        Ok(Sought::Keys(key.name, self.texts(key, of, &json)))
    }

    fn texts(&self, key: &'static Attribute, of: &Type, json: &Json) -> Vec<String> {
        let parsed = value::parse(key, self.options(of, key), json).ok().flatten();
        let elements = match parsed {
            Some(Json::Array(elements)) => elements,
            Some(one) => vec![one],
            None => Vec::new(),
        };
        let text =
            |element: &Json| element.get("text").unwrap_or(element).as_str().map(str::to_owned);
        elements.iter().filter_map(text).collect()
    }

    /// The records that a match finds, in the order of making.
    fn hits(&self, of: &'static Type, sought: &Sought) -> Vec<usize> {
        match sought {
            Sought::Id(id) => self.find(of, id).into_iter().collect(),
            Sought::Keys(name, texts) => self.holders(of, name, texts),
        }
    }

    pub(crate) fn holders(&self, of: &'static Type, name: &str, texts: &[String]) -> Vec<usize> {
        let Some(attribute) = of.attribute(name) else { return Vec::new() };
        let sought: Vec<String> =
            texts.iter().map(|text| value::key(attribute.kind, &json!(text))).collect();
        let holds = |record: &Record| {
            record.of == of.name
                && !record.is_archived
                && value::keys(attribute, record.values.get(name))
                    .iter()
                    .any(|key| sought.contains(key))
        };
        (0..self.records.len()).filter(|&place| holds(&self.records[place])).collect()
    }
}
