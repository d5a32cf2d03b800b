//! Replays steps on the world and on a testee, and compares: each outcome, then all that can be read.

use std::collections::BTreeSet;

use headwater_conformance::{Response, Testee};
use serde_json::{Value as Json, json};

use crate::resolve::resolve;
use crate::schema::{Attribute, Kind, declarations};
use crate::steps::Step;
use crate::value::{Choice, Choices};
use crate::world::{Answer, Code, Values, World};

/// How the testee is given the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// One by one.
    Single,
    /// Writes in batches, cut where the steps say so and where a step needs to know the one before.
    Batches,
}

const OWNERS: [&str; 2] = ["owner@acme.com", "second@acme.com"];

/// Replays steps on a fresh workspace of the testee.
///
/// # Errors
/// Text that says where the testee differs from the world.
pub fn replay(
    testee: &mut dyn Testee,
    mode: Mode,
    rejects_duplicates: bool,
    steps: &[Step],
) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|cause| cause.to_string())?;
    let duplicates = if rejects_duplicates { "reject" } else { "allow" };
    let mut replay = Replay {
        testee,
        world: World::new(Choices::new(), rejects_duplicates),
        queue: Vec::new(),
        item_ids: BTreeSet::new(),
    };
    let workspace = json!({ "kind": "sqlite", "duplicates": duplicates });
    replay.ask(&json!({ "do": "begin", "folder": folder.path(), "workspace": workspace }))?;
    let replayed = replay.all(mode, steps);
    replay.ask(&json!({ "do": "end" }))?;
    replayed
}

struct Replay<'a> {
    testee: &'a mut dyn Testee,
    world: World,
    /// The writes of a batch in the making.
    queue: Vec<Expected>,
    /// Every id that an item ever had.
    item_ids: BTreeSet<String>,
}

/// A request, and what the world makes of it.
struct Expected {
    request: Json,
    answer: Result<Answer, Code>,
    has_changed: bool,
}

impl Replay<'_> {
    fn all(&mut self, mode: Mode, steps: &[Step]) -> Result<(), String> {
        self.ask(&json!({ "do": "declare", "body": declarations() }))?;
        self.learn_choices()?;
        for email in OWNERS {
            let attributes = json!({ "email": email });
            self.single(&json!({ "do": "seed", "record_type": "user", "attributes": attributes }))?;
        }
        for (index, (step, ends_batch)) in steps.iter().enumerate() {
            let taken = self.step(step, mode, *ends_batch);
            taken.map_err(|why| format!("step {}: {step}\n  {why}", index + 1))?;
        }
        self.flush()?;
        self.whole()
    }

    /// A request that must succeed.
    fn ask(&mut self, request: &Json) -> Result<Json, String> {
        match self.testee.call(request)? {
            Response::Ok(answer) => Ok(answer),
            other => Err(format!("{request}\n  gave {}", other.to_json())),
        }
    }

    fn learn_choices(&mut self) -> Result<(), String> {
        for of in self.world.types {
            let schema = self.ask(&json!({ "do": "schema", "record_type": of.name }))?;
            for attribute in schema["attributes"].as_array().into_iter().flatten() {
                let text = |json: &Json| json.as_str().unwrap_or_default().to_owned();
                let options = attribute["type_info"]["options"].as_array();
                let choices = options.into_iter().flatten().map(|option| Choice {
                    id: text(&option["id"]),
                    api_name: text(&option["api_name"]),
                    display_value: text(&option["display_value"]),
                    name: match option["pipeline"].as_str() {
                        Some(pipeline) => format!("{pipeline}.{}", text(&option["api_name"])),
                        None => text(&option["api_name"]),
                    },
                });
                let place = (of.name.to_owned(), text(&attribute["api_name"]));
                self.world.choices.insert(place, choices.collect());
            }
        }
        Ok(())
    }

    fn step(&mut self, step: &Json, mode: Mode, ends_batch: bool) -> Result<(), String> {
        let request = match resolve(&self.world, step) {
            Some(request) => request,
            None => {
                self.flush()?;
                resolve(&self.world, step).ok_or("the workspace did not tell an id")?
            }
        };
        let verb = request["do"].as_str().unwrap_or_default();
        if mode == Mode::Single || matches!(verb, "get" | "query" | "edges") {
            self.flush()?;
            return self.single(&request);
        }
        let expected = self.expect(&request);
        // Asserts and writes of types that are only read are judged before they are in a batch, by
        // the shape of their request: of that a batch knows nothing.
        let is_refused = matches!(expected.answer, Err(code) if code != "record_not_found");
        if is_refused && matches!(verb, "assert" | "create" | "archive") {
            self.flush()?;
            return self.single_as(expected);
        }
        self.queue.push(expected);
        if ends_batch { self.flush() } else { Ok(()) }
    }

    fn expect(&mut self, request: &Json) -> Expected {
        let changes =
            |world: &World| world.records.iter().map(|record| record.changes).sum::<u32>();
        let before = changes(&self.world);
        let answer = self.world.call(request);
        let has_changed = changes(&self.world) != before;
        Expected { request: request.clone(), answer, has_changed }
    }

    fn single(&mut self, request: &Json) -> Result<(), String> {
        let expected = self.expect(request);
        self.single_as(expected)
    }

    fn single_as(&mut self, expected: Expected) -> Result<(), String> {
        let Expected { request, answer, .. } = expected;
        let at = |why: String, got: &Json| format!("{why}\n  request: {request}\n  got: {got}");
        match (answer, self.testee.call(&request)?) {
            (Err(code), Response::Error(error)) if error["code"] == code => Ok(()),
            (Err(code), other) => Err(at(format!("expected {code}"), &other.to_json())),
            (Ok(answer), Response::Ok(got)) => {
                let compared = match answer {
                    Answer::Records(places) => self.pages(&request, got.clone(), &places),
                    answer => self.compare(&request, &answer, &got),
                };
                compared.map_err(|why| at(why, &got))
            }
            (Ok(answer), other) => Err(at(format!("expected {answer:?}"), &other.to_json())),
        }
    }

    /// Compares an answer, and learns the ids and times in it.
    fn compare(&mut self, request: &Json, answer: &Answer, got: &Json) -> Result<(), String> {
        match answer {
            Answer::Record { place, is_new, values } => {
                if *is_new {
                    self.bind(*place, &got["data"]);
                }
                if request["do"] == "assert" {
                    let action = if *is_new { "created" } else { "updated" };
                    equal("action", &json!(action), &got["meta"]["action"])?;
                }
                self.compare_record(*place, values, &got["data"])?;
                self.learn(*place, &got["data"])
            }
            Answer::Item { place, attribute, item, is_new, .. } => {
                if request["do"] == "add_item" {
                    equal("is_new", &json!(is_new), &got["is_new"])?;
                }
                let of = self.world.record_type(self.world.records[*place].of)?;
                let declared = of.attribute(attribute).ok_or("no such attribute")?;
                let envelope = got["data"].get("envelope").unwrap_or(&got["data"]);
                let shown = self.normal(of.name, declared, envelope);
                equal(attribute, &without_id(item), &without_id(&shown))?;
                self.read_again(*place)
            }
            Answer::Link { target, values, is_new } => {
                if request["do"] == "add_edge" {
                    equal("is_new", &json!(is_new), &got["is_new"])?;
                }
                equal("api_name", &request["relationship"], &got["api_name"])?;
                equal("parent", &request["id"], &got["parent"]["id"])?;
                self.compare_link(request, *target, values, &got["item"])
            }
            Answer::Links(links) => {
                let items = got["items"].as_array().cloned().unwrap_or_default();
                equal("number of links", &json!(links.len()), &json!(items.len()))?;
                for ((target, values), item) in links.iter().zip(&items) {
                    self.compare_link(request, *target, values, item)?;
                }
                Ok(())
            }
            Answer::Done(place) if request["do"] == "remove_item" => self.read_again(*place),
            Answer::Done(_) | Answer::Records(_) => equal("answer", &Json::Null, got),
        }
    }

    /// Goes through the pages of a query with the cursor alone.
    fn pages(&mut self, request: &Json, first: Json, places: &[usize]) -> Result<(), String> {
        let limit = request["body"]["limit"].as_u64().unwrap_or(50);
        let (mut page, mut found) = (first, Vec::new());
        loop {
            let records = page["data"].as_array().cloned().unwrap_or_default();
            let is_last = page["next_cursor"].is_null();
            if records.len() as u64 > limit || (!is_last && records.len() as u64 != limit) {
                return Err(format!("a page of {} records, the limit is {limit}", records.len()));
            }
            found.extend(records);
            if is_last {
                break;
            }
            let body = json!({ "cursor": page["next_cursor"], "limit": limit });
            let next =
                json!({ "do": "query", "record_type": request["record_type"], "body": body });
            page = self.ask(&next)?;
        }
        let ids = found.iter().map(|record| record["id"].clone());
        let expected = places.iter().map(|&place| json!(self.world.records[place].id));
        equal("records", &expected.collect(), &ids.collect())?;
        for (place, record) in places.iter().zip(&found) {
            let values = self.world.records[*place].values.clone();
            self.compare_record(*place, &values, record)?;
            self.learn(*place, record)?;
        }
        Ok(())
    }

    /// Sends the writes that wait as one batch.
    fn flush(&mut self) -> Result<(), String> {
        let queue = std::mem::take(&mut self.queue);
        if queue.is_empty() {
            return Ok(());
        }
        let operations: Vec<&Json> = queue.iter().map(|expected| &expected.request).collect();
        let batch = json!({ "do": "apply", "mode": "per_record", "operations": operations });
        let answered = self.ask(&batch)?;
        let outcomes = answered["outcomes"].as_array().cloned().unwrap_or_default();
        equal("outcomes", &json!(queue.len()), &json!(outcomes.len()))?;
        for (expected, outcome) in queue.iter().zip(&outcomes) {
            if let Ok(Answer::Record { place, is_new: true, .. }) = expected.answer {
                self.bind(place, outcome);
            }
        }
        let mut touched = BTreeSet::new();
        for (expected, outcome) in queue.iter().zip(&outcomes) {
            let compared = self.compare_outcome(expected, outcome);
            touched.extend(compared.map_err(|why| {
                format!(
                    "{why}\n  request: {}\n  got: {outcome}\n  in the batch {batch}",
                    expected.request
                )
            })?);
        }
        touched.into_iter().try_for_each(|place| self.read_again(place))
    }

    /// Compares the outcome of an operation in a batch; gives the record that it is about.
    fn compare_outcome(
        &self,
        expected: &Expected,
        outcome: &Json,
    ) -> Result<Option<usize>, String> {
        let answer = match &expected.answer {
            Err(code) => {
                equal("code", &json!(code), &outcome["error"]["code"])?;
                return Ok(None);
            }
            Ok(_) if outcome["error"].is_object() => return Err("expected success".to_owned()),
            Ok(answer) => answer,
        };
        let verb = expected.request["do"].as_str().unwrap_or_default();
        let (place, is_new, values) = match answer {
            Answer::Record { place, is_new, values }
            | Answer::Item { place, is_new, values, .. } => (*place, *is_new, Some(values)),
            Answer::Done(place) => (*place, false, None),
            _ => return Ok(None),
        };
        let action = match verb {
            "archive" => "archived",
            "remove_item" | "remove_edge" => "removed",
            _ if is_new => "created",
            _ if expected.has_changed => "updated",
            _ => "unchanged",
        };
        equal("action", &json!(action), &outcome["action"])?;
        equal("id", &json!(self.world.records[place].id), &outcome["id"])?;
        if let Some(values) = values {
            self.compare_record(place, values, &outcome["data"])?;
        }
        Ok(Some(place))
    }

    /// Everything that can be read, against everything in the world.
    fn whole(&mut self) -> Result<(), String> {
        for of in self.world.types {
            let body = json!({ "limit": 100 });
            self.single(&json!({ "do": "query", "record_type": of.name, "body": body }))?;
            let of_type = self.world.records.iter().filter(|record| record.of == of.name);
            let times: Vec<&String> =
                of_type.filter_map(|record| record.times.get("updated_at")).collect();
            let different: BTreeSet<&&String> = times.iter().collect();
            equal("different updated_at", &json!(times.len()), &json!(different.len()))?;
        }
        for place in 0..self.world.records.len() {
            let record = &self.world.records[place];
            let (id, of) = (json!(record.id), self.world.record_type(record.of)?);
            self.single(&json!({ "do": "get", "record_type": of.name, "id": id }))?;
            for relationship in &of.relationships {
                let name = relationship.name;
                self.single(&json!({ "do": "edges", "record_type": of.name, "id": id, "relationship": name }))?;
            }
        }
        Ok(())
    }

    fn read_again(&mut self, place: usize) -> Result<(), String> {
        let record = &self.world.records[place];
        if record.is_archived {
            return Ok(());
        }
        self.single(&json!({ "do": "get", "record_type": record.of, "id": record.id }))
    }

    fn bind(&mut self, place: usize, shown: &Json) {
        self.world.records[place].id = shown["id"].as_str().map(str::to_owned);
    }

    /// Takes the times of a record and the ids of its items, which only the workspace makes.
    fn learn(&mut self, place: usize, shown: &Json) -> Result<(), String> {
        let record = &mut self.world.records[place];
        let (changes, known) = (record.changes.to_string(), record.times.get("changes"));
        let time = shown["updated_at"].as_str().unwrap_or_default().to_owned();
        if let Some(before) = record.times.get("updated_at") {
            let is_right = if known == Some(&changes) { time == *before } else { time > *before };
            if !is_right {
                return Err(format!("updated_at was {before} and is {time}"));
            }
        }
        let created = shown["created_at"].as_str().unwrap_or_default().to_owned();
        record.times.extend([("changes", changes), ("updated_at", time), ("created_at", created)]);
        let of = self.world.types.iter().find(|known| known.name == record.of).ok_or("no type")?;
        for attribute in &of.attributes {
            let Kind::Item(key) = attribute.kind else { continue };
            let Some(Json::Array(items)) = record.values.get_mut(attribute.name) else { continue };
            for (place, item) in items.iter_mut().enumerate().filter(|_| key != "domain_name") {
                let id = &shown["attributes"][attribute.name][place]["value"]["id"];
                if item["id"].is_null() {
                    if !self.item_ids.insert(id.to_string()) {
                        return Err(format!("the id of the item {item} was that of another one"));
                    }
                    item["id"] = id.clone();
                }
                equal("the id of an item", &item["id"], id)?;
            }
        }
        Ok(())
    }

    fn compare_record(&self, place: usize, values: &Values, shown: &Json) -> Result<(), String> {
        let record = &self.world.records[place];
        let of = self.world.record_type(record.of)?;
        equal("record_type", &json!(of.name), &shown["record_type"])?;
        equal("id", &json!(record.id), &shown["id"])?;
        for name in ["id", "created_at", "updated_at"] {
            equal(name, &shown[name], &shown["attributes"][name]["value"])?;
        }
        for attribute in &of.attributes {
            let got = &shown["attributes"][attribute.name];
            let read = |envelope: &Json| {
                equal("value_type", &json!(attribute.value_type), &envelope["value_type"])?;
                Ok::<_, String>(without_id(&self.normal(of.name, attribute, &envelope["value"])))
            };
            let got = match got {
                Json::Array(envelopes) if attribute.many => {
                    envelopes.iter().map(read).collect::<Result<Json, _>>()?
                }
                envelope => read(envelope)?,
            };
            let expected = match values.get(attribute.name) {
                None if attribute.many => json!([]),
                None => Json::Null,
                Some(Json::Array(elements)) => elements.iter().map(without_id).collect(),
                Some(value) => value.clone(),
            };
            equal(attribute.name, &expected, &got)?;
        }
        Ok(())
    }

    fn compare_link(
        &self,
        request: &Json,
        target: usize,
        values: &Values,
        item: &Json,
    ) -> Result<(), String> {
        let of = self.world.record_type(request["record_type"].as_str().unwrap_or_default())?;
        let name = request["relationship"].as_str().unwrap_or_default();
        let relationship = of.relationship(name).ok_or("no such relationship")?;
        equal(
            "related_record_id",
            &json!(self.world.records[target].id),
            &item["related_record_id"],
        )?;
        equal("related_record_type", &json!(relationship.target), &item["related_record_type"])?;
        if relationship.attributes.is_empty() {
            return equal("through", &Json::Null, &item["through"]);
        }
        equal("junction", &json!(relationship.table), &item["through"]["record_type"])?;
        for name in relationship.attributes {
            let expected = values.get(name).cloned().unwrap_or_default();
            equal(name, &expected, &item["through"]["attributes"][name]["value"])?;
        }
        Ok(())
    }

    /// A value as the world keeps it.
    fn normal(&self, of: &str, attribute: &Attribute, shown: &Json) -> Json {
        if shown.is_null() {
            return Json::Null;
        }
        match attribute.kind {
            Kind::Currency => shown["amount"].clone(),
            Kind::Choice => {
                let place = (of.to_owned(), attribute.name.to_owned());
                let options = self.world.choices.get(&place);
                let named =
                    options.and_then(|all| all.iter().find(|option| shown["id"] == option.id));
                json!(named.map(|option| &option.name))
            }
            Kind::Reference(_) => {
                let has_it = |id: &Option<String>| shown["related_record_id"] == json!(id);
                json!({ "place": self.world.records.iter().position(|record| has_it(&record.id)) })
            }
            Kind::Item(key) => {
                let labels = shown.get("labels").cloned().unwrap_or(json!([]));
                json!({ "id": shown["id"], "text": shown[key], "is_primary": shown["is_primary"], "labels": labels })
            }
            _ => shown.clone(),
        }
    }
}

fn without_id(value: &Json) -> Json {
    let mut value = value.clone();
    if let Some(Json::Object(item)) = value.get("text").is_some().then_some(&mut value) {
        item.remove("id");
    }
    value
}

fn equal(what: &str, expected: &Json, got: &Json) -> Result<(), String> {
    if expected == got { Ok(()) } else { Err(format!("{what}: expected {expected}, got {got}")) }
}
