//! Which operations of a batch may go at the same time: those that can be about one record go one
//! after the other, in their order, so that each sees those before it.

use std::collections::HashMap;

use uuid::Uuid;

use crate::operation::{EdgeOf, MatchTarget, Operation, OperationKind, text_digest};
use crate::record::{Attributes, Change};
use crate::schema::RecordType;
use crate::value::{Target, Value};

use super::fingerprints::create_key;

/// The operations of a batch by their places, in chains; the order in each is that of the batch.
pub(super) fn chains(operations: &[Operation], known: &[Option<Uuid>]) -> Vec<Vec<usize>> {
    let mut leaders: Vec<usize> = (0..operations.len()).collect();
    let mut holders: HashMap<[u8; 16], usize> = HashMap::new();
    let is_written =
        |name: &str| operations.iter().any(|operation| operation.record_type.api_name() == name);
    for group in mixed(operations) {
        group.windows(2).for_each(|pair| join(&mut leaders, pair[0], pair[1]));
    }
    for (place, operation) in operations.iter().enumerate() {
        let mut keys = Keys { record_type: &operation.record_type, keys: Vec::new() };
        keys.of(&operation.kind, &is_written);
        if let Some(id) = known.get(place).copied().flatten() {
            keys.id(id);
        }
        for key in keys.keys {
            let first = *holders.entry(key).or_insert(place);
            join(&mut leaders, first, place);
        }
        if let OperationKind::EditEdge { of: EdgeOf::Outcome(other), .. } = operation.kind {
            join(&mut leaders, other, place);
        }
    }
    let mut chains: Vec<Vec<usize>> = Vec::new();
    let mut places: HashMap<usize, usize> = HashMap::new();
    for place in 0..operations.len() {
        let leader = leader(&mut leaders, place);
        let chain = *places.entry(leader).or_insert(chains.len());
        if chain == chains.len() {
            chains.push(Vec::new());
        }
        chains[chain].push(place);
    }
    chains
}

/// Operations on records of one type of which some name them by id and others by what they hold:
/// which of them are about one record only the workspace knows.
fn mixed(operations: &[Operation]) -> Vec<Vec<usize>> {
    let mut by_type: HashMap<&str, (Vec<usize>, bool, bool)> = HashMap::new();
    for (place, operation) in operations.iter().enumerate() {
        let by_id = match &operation.kind {
            OperationKind::Create { .. } => false,
            OperationKind::Assert { matching, .. } | OperationKind::Update { matching, .. } => {
                matches!(matching.target, MatchTarget::Id(_))
            }
            _ => true,
        };
        let group = by_type.entry(operation.record_type.api_name()).or_default();
        group.0.push(place);
        *(if by_id { &mut group.1 } else { &mut group.2 }) = true;
    }
    let mixed = by_type.into_values().filter(|(_, by_id, by_value)| *by_id && *by_value);
    mixed.map(|(places, ..)| places).collect()
}

fn leader(leaders: &mut [usize], place: usize) -> usize {
    let mut at = place;
    while leaders[at] != at {
        leaders[at] = leaders[leaders[at]];
        at = leaders[at];
    }
    at
}

fn join(leaders: &mut [usize], one: usize, other: usize) {
    let (one, other) = (leader(leaders, one), leader(leaders, other));
    leaders[one.max(other)] = one.min(other);
}

/// What tells which record an operation can be about.
struct Keys<'a> {
    record_type: &'a RecordType,
    keys: Vec<[u8; 16]>,
}

impl Keys<'_> {
    fn id(&mut self, id: Uuid) {
        self.keys.push(text_digest(&["id", &id.to_string()]).0);
    }

    fn key(&mut self, record_type: &str, text: &str) {
        // In any letters: too few chains are no mistake.
        self.keys.push(text_digest(&[record_type, &text.trim().to_lowercase()]).0);
    }

    fn of(&mut self, kind: &OperationKind, is_written: &impl Fn(&str) -> bool) {
        match kind {
            OperationKind::Create { attributes } => {
                // The same asked twice: a look for what one has made must not find the other's.
                self.keys.push(create_key(self.record_type, attributes).0);
                self.attributes(attributes, is_written);
            }
            OperationKind::Patch { id, attributes } => {
                self.id(*id);
                self.attributes(attributes, is_written);
            }
            OperationKind::Archive { id }
            | OperationKind::Restore { id }
            | OperationKind::EditItem { id, .. }
            | OperationKind::EditEdge { of: EdgeOf::Record(id), .. } => self.id(*id),
            OperationKind::EditEdge { of: EdgeOf::Outcome(_), .. } => {}
            OperationKind::Assert { matching, attributes }
            | OperationKind::Update { matching, attributes } => {
                match &matching.target {
                    MatchTarget::Id(id) => self.id(*id),
                    MatchTarget::Values { attribute, values } => {
                        values.iter().for_each(|value| self.value(*attribute, value));
                    }
                }
                self.attributes(attributes, is_written);
            }
        }
    }

    fn attributes(&mut self, attributes: &Attributes, is_written: &impl Fn(&str) -> bool) {
        for (index, change) in attributes.iter() {
            let Change::Set(value) = change else { continue };
            let attribute = self.record_type.attribute(index);
            if attribute.is_unique || attribute.value_type.is_item() {
                self.value(index, value);
            }
            // A record that the batch may make, or make another's.
            let target = attribute.target.as_deref().filter(|target| is_written(target));
            if let Some(target) = target {
                self.target(target, value);
            }
        }
    }

    fn value(&mut self, attribute: usize, value: &Value) {
        if let Value::List(values) = value {
            values.iter().for_each(|one| self.value(attribute, one));
            return;
        }
        let record_type = self.record_type;
        if let Some(key) = value.match_key(record_type.attribute(attribute).value_type) {
            self.key(record_type.api_name(), &key);
        }
    }

    fn target(&mut self, record_type: &str, value: &Value) {
        match value {
            Value::Uuid(id) => self.id(*id),
            Value::Target(target) => match &**target {
                Target::Id(id) => self.id(*id),
                Target::Match { value, .. } => {
                    let values =
                        value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
                    for value in values {
                        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                        self.key(record_type, &text);
                    }
                }
            },
            Value::List(values) => values.iter().for_each(|one| self.target(record_type, one)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::operation::Match;
    use crate::schema::{Schema, Write};

    fn assert(email: &str, attributes: serde_json::Value) -> Operation {
        let contact = Schema::standard().record_type("contact").unwrap().clone();
        let object = |json: serde_json::Value| json.as_object().cloned().unwrap();
        let matching = Match::parse(&contact, object(json!({"email": email})), None).unwrap();
        let attributes =
            Attributes::parse(&contact, object(attributes), Write::Assert, None).unwrap();
        Operation::new(contact, OperationKind::Assert { matching, attributes })
    }

    #[test]
    fn only_what_can_be_one_record_waits_for_each_other() {
        let operations = [
            assert("a@x.example", json!({})),
            assert("b@x.example", json!({})),
            assert("A@x.example", json!({})),
            assert("c@x.example", json!({"contact_emails": ["d@x.example", "b@x.example"]})),
            assert("e@x.example", json!({"first_name": "b@x.example"})),
        ];
        assert_eq!(chains(&operations, &[]), [vec![0, 2], vec![1, 3], vec![4]]);
        let create = |name: &str| {
            let contact = Schema::standard().record_type("contact").unwrap().clone();
            let object = json!({"first_name": name}).as_object().cloned().unwrap();
            let attributes = Attributes::parse(&contact, object, Write::Create, None).unwrap();
            Operation::new(contact, OperationKind::Create { attributes })
        };
        let creates = [create("Anna"), create("Bob"), create("Anna")];
        assert_eq!(chains(&creates, &[]), [vec![0, 2], vec![1]]);
        let id = Some(Uuid::from_u128(1));
        let known = [id, None, None, None, id];
        assert_eq!(chains(&operations, &known), [vec![0, 2, 4], vec![1, 3]]);
    }
}
