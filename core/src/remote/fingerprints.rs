//! What is known of the attributes of a record: a digest for each that was sent, of an address for
//! each part. Sixteen bytes say whether a value is the same; the value is not kept.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::operation::{Digest, Match, MatchTarget, text_digest, value_digest};
use crate::record::{Attributes, Change, Record};
use crate::schema::{Attribute, Origin, RecordType};
use crate::value::{ADDRESS_PARTS, Address, Target, Text, Value};

use super::likeness::gists;

/// Bytes of the digest of a name.
const NAME: usize = 8;
/// Bytes of the digest of a value.
const VALUE: usize = 16;

/// Digests of values by those of their attributes' names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fingerprints(BTreeMap<[u8; NAME], [u8; VALUE]>);

impl Fingerprints {
    /// Those of what an operation writes.
    pub(super) fn of(record_type: &RecordType, attributes: &Attributes) -> Self {
        let mut prints = Self::default();
        for (index, change) in attributes.iter() {
            prints.add(record_type.attribute(index), change);
        }
        prints
    }

    fn add(&mut self, attribute: &Attribute, change: &Change) {
        let name = &attribute.api_name;
        match change {
            Change::Merge(patch) => {
                for (part, change) in ADDRESS_PARTS.iter().zip(&patch.0) {
                    if let Some(change) = change {
                        self.add_part(name, part, change.as_ref());
                    }
                }
            }
            Change::Set(Value::Address(address)) => self.add_address(name, Some(address)),
            Change::Clear if attribute.value_type == crate::value::ValueType::Address => {
                self.add_address(name, None);
            }
            // Which record that is, the workspace knows: what is read is an id.
            Change::Set(value) if has_target(value) => self.insert(&[name, "match"], Some(value)),
            // An empty list is read as null.
            Change::Set(value) if value.as_list().is_some_and(<[_]>::is_empty) => {
                self.insert(&[name], None);
            }
            Change::Set(value) => self.insert(&[name], Some(value)),
            Change::Clear => self.insert(&[name], None),
        }
    }

    fn add_address(&mut self, name: &str, address: Option<&Address>) {
        for (place, part) in ADDRESS_PARTS.iter().enumerate() {
            self.add_part(name, part, address.and_then(|address| address.0[place].as_ref()));
        }
    }

    fn add_part(&mut self, name: &str, part: &str, text: Option<&Text>) {
        self.insert(&[name, part], text.cloned().map(Value::Text).as_ref());
    }

    fn insert(&mut self, name: &[&str], value: Option<&Value>) {
        self.0.insert(name_of(name), value_digest(value).0);
    }

    /// Those of a record as it is read.
    pub(super) fn of_record(record: &Record) -> Self {
        let mut prints = Self::default();
        for (attribute, value) in record.record_type.attributes().iter().zip(&record.values) {
            match value {
                Some(value) => prints.add(attribute, &Change::Set(value.clone())),
                None => prints.add(attribute, &Change::Clear),
            }
        }
        prints
    }

    /// Whether these hold all of those.
    fn hold(&self, others: &Self) -> bool {
        others.0.iter().all(|(name, value)| self.0.get(name) == Some(value))
    }

    /// The attributes of an operation that these do not hold already.
    pub(super) fn changed(&self, record_type: &RecordType, attributes: &Attributes) -> Attributes {
        let mut changed = Attributes::default();
        for (index, change) in attributes.iter() {
            let mut prints = Self::default();
            prints.add(record_type.attribute(index), change);
            if !self.hold(&prints) {
                changed.set(index, change.clone());
            }
        }
        changed
    }

    /// Takes in what is known since.
    pub(super) fn learn(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// Forgets what the record as it is read says otherwise; gives how many attributes that were.
    pub(super) fn forget_other_than(&mut self, read: &Self) -> usize {
        let before = self.0.len();
        self.0.retain(|name, value| read.0.get(name).is_none_or(|read| read == value));
        before - self.0.len()
    }

    /// Forgets what others speak of, whatever they say.
    pub(super) fn forget(&mut self, others: &Self) {
        self.0.retain(|name, _| !others.0.contains_key(name));
    }

    /// Those of which others say something else.
    pub(super) fn differing(&self, others: &Self) -> Self {
        let differs = |(name, value): &(&[u8; NAME], &[u8; VALUE])| {
            others.0.get(*name).is_some_and(|other| other != *value)
        };
        Self(self.0.iter().filter(differs).map(|(name, value)| (*name, *value)).collect())
    }

    /// Those of the attributes of a record that follow from what was written, or lead to it.
    pub(super) fn beside(record: &Record, written: &Attributes) -> Self {
        let mut prints = Self::default();
        for index in beside(&record.record_type, written) {
            let change = record.values[index].clone().map_or(Change::Clear, Change::Set);
            prints.add(record.record_type.attribute(index), &change);
        }
        prints
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|(name, value)| name.iter().chain(value)).copied().collect()
    }

    /// What [`Fingerprints::to_bytes`] wrote; what else it is says nothing.
    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        let parts = bytes.chunks_exact(NAME + VALUE);
        let print =
            |part: &[u8]| Some((part[..NAME].try_into().ok()?, part[NAME..].try_into().ok()?));
        Self(parts.filter_map(print).collect())
    }
}

/// The attributes that follow from those that were written or lead to them: of a primary e-mail the list
/// of e-mails.
pub(super) fn beside(record_type: &RecordType, written: &Attributes) -> Vec<usize> {
    let attributes = record_type.attributes();
    let of = |index: usize| match &attributes[index].origin {
        Origin::PrimaryOf(other) | Origin::PipelineOf(other) => Some(*other),
        _ => None,
    };
    let is_written = |index: usize| written.change(index).is_some();
    let leads = |index: usize| written.iter().any(|(other, _)| of(other) == Some(index));
    let is_beside = |index: &usize| {
        !is_written(*index) && (of(*index).is_some_and(is_written) || leads(*index))
    };
    (0..attributes.len()).filter(is_beside).collect()
}

fn name_of(texts: &[&str]) -> [u8; NAME] {
    let Digest(digest) = text_digest(texts);
    std::array::from_fn(|index| digest[index])
}

fn has_target(value: &Value) -> bool {
    match value {
        Value::Target(target) => matches!(**target, Target::Match { .. }),
        Value::List(values) => values.iter().any(has_target),
        _ => false,
    }
}

/// The digest of a match; `None` for one by id, which needs none.
pub(super) fn match_key(record_type: &RecordType, matching: &Match) -> Option<Digest> {
    let MatchTarget::Values { attribute, values } = &matching.target else { return None };
    let attribute = record_type.attribute(*attribute);
    // Without a text for each, matches that are others would have one digest.
    let mut texts: Vec<String> = values
        .iter()
        .map(|value| value.match_key(attribute.value_type).map(Cow::into_owned))
        .collect::<Option<_>>()?;
    texts.sort_unstable();
    let mut parts = vec![record_type.api_name(), &attribute.api_name];
    parts.extend(texts.iter().map(String::as_str));
    Some(text_digest(&parts))
}

/// The digests of matches by one value, or by all of a list, that find this record.
pub(super) fn match_keys(record: &Record) -> Vec<Digest> {
    let record_type = &record.record_type;
    let mut keys = Vec::new();
    for (attribute, value) in record_type.attributes().iter().zip(&record.values) {
        let Some(value) = value else { continue };
        let values = value.as_list().unwrap_or(std::slice::from_ref(value));
        let texts = values.iter().filter_map(|value| value.match_key(attribute.value_type));
        let mut texts: Vec<_> = texts.collect();
        texts.sort_unstable();
        let names = [record_type.api_name(), attribute.api_name.as_str()];
        let digest = |texts: &[Cow<'_, str>]| {
            let texts = texts.iter().map(|text| &**text);
            text_digest(&names.into_iter().chain(texts).collect::<Vec<_>>())
        };
        keys.extend(texts.chunks(1).map(digest));
        if texts.len() > 1 {
            keys.push(digest(&texts));
        }
    }
    keys
}

/// Whether a record has what a match looks for, as far as its answer tells.
pub(super) fn holds(record: &Record, matching: &Match) -> bool {
    let MatchTarget::Values { attribute, values } = &matching.target else { return true };
    let declared = record.record_type.attribute(*attribute);
    let Some(value) = &record.values[*attribute] else {
        let shown = record.raw.as_ref().and_then(|raw| raw["attributes"].get(&declared.api_name));
        return shown.is_none();
    };
    let held = value.as_list().unwrap_or(std::slice::from_ref(value));
    values.iter().any(|value| {
        let key = value.match_key(declared.value_type);
        key.is_none() || held.iter().any(|held| held.match_key(declared.value_type) == key)
    })
}

/// The digest of what a create asks for, but for the form of its texts.
pub(super) fn create_key(record_type: &RecordType, attributes: &Attributes) -> Digest {
    let prints = Fingerprints::of(record_type, &gists(record_type, attributes)).to_bytes();
    let prints: String = prints.iter().map(|byte| format!("{byte:02x}")).collect();
    text_digest(&[record_type.api_name(), &prints])
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::schema::{Schema, Write};

    fn attributes(json: &Json) -> Attributes {
        let schema = Schema::standard();
        let contact = schema.record_type("contact").unwrap();
        Attributes::parse(contact, json.as_object().unwrap().clone(), Write::Patch, None).unwrap()
    }

    #[test]
    fn only_what_is_not_known_is_changed() {
        let schema = Schema::standard();
        let contact = schema.record_type("contact").unwrap();
        let known = attributes(&json!({
            "title": "CEO", "department": null, "primary_email": "a@x.example",
            "address": {"city": "Oslo"},
        }));
        let known = Fingerprints::from_bytes(&Fingerprints::of(contact, &known).to_bytes());
        let names = |json: &Json| {
            let changed = known.changed(contact, &attributes(json));
            let names = changed.iter().map(|(index, _)| contact.attribute(index).api_name.clone());
            names.collect::<Vec<_>>()
        };
        assert_eq!(names(&json!({"title": "CEO", "department": null})), [""; 0]);
        assert_eq!(names(&json!({"title": "CTO", "department": null})), ["title"]);
        assert_eq!(names(&json!({"title": null, "first_name": "A"})), ["first_name", "title"]);
        assert_eq!(names(&json!({"address": {"city": "Oslo"}})), [""; 0]);
        assert_eq!(names(&json!({"address": {"city": "Oslo", "state": "O"}})), ["address"]);
    }

    #[test]
    fn what_others_changed_is_forgotten() {
        let schema = Schema::standard();
        let contact = schema.record_type("contact").unwrap();
        let sent = attributes(&json!({"title": "CEO", "first_name": "A"}));
        let read = attributes(&json!({"title": "CTO", "first_name": "A", "last_name": "B"}));
        let mut known = Fingerprints::of(contact, &sent);
        assert_eq!(known.forget_other_than(&Fingerprints::of(contact, &read)), 1);
        let changed = known.changed(contact, &sent);
        assert_eq!(changed.len(), 1);
    }

    #[test]
    fn what_follows_from_what_is_written_is_read_beside_it() {
        let schema = Schema::standard();
        let contact = schema.record_type("contact").unwrap();
        let mut record = record(contact);
        let primary = contact.index_of("primary_email").unwrap();
        record.values[primary] = Some(Value::Text("a@x.example".into()));
        let known =
            Fingerprints::of(contact, &attributes(&json!({"primary_email": "b@x.example"})));
        let written = attributes(&json!({"contact_emails": ["a@x.example"]}));
        let mut kept = known.clone();
        kept.forget_other_than(&Fingerprints::beside(&record, &written));
        assert_eq!(kept, Fingerprints::default());
        let mut kept = known.clone();
        let written = attributes(&json!({"title": "CEO"}));
        kept.forget_other_than(&Fingerprints::beside(&record, &written));
        assert_eq!(kept, known);
    }

    #[test]
    fn a_record_holds_what_it_is_found_by_as_long_as_it_has_it() {
        let schema = Schema::standard();
        let contact = schema.record_type("contact").unwrap();
        let matching = |email: &str| {
            Match::parse(contact, json!({"email": email}).as_object().cloned().unwrap(), None)
        };
        let mut record = record(contact);
        let emails = contact.index_of("contact_emails").unwrap();
        let item = |text: &str| Value::Item(Box::new(crate::value::Item::new(text)));
        record.values[emails] = Some(Value::List(vec![item("A@x.example")].into()));
        assert!(holds(&record, &matching("a@X.example").unwrap()));
        assert!(!holds(&record, &matching("b@x.example").unwrap()));
        let key = match_key(contact, &matching("a@x.example").unwrap()).unwrap();
        assert!(match_keys(&record).iter().any(|held| held.0 == key.0));
    }

    fn record(contact: &std::sync::Arc<RecordType>) -> Record {
        let time = crate::value::Timestamp(1);
        Record {
            record_type: std::sync::Arc::clone(contact),
            id: uuid::Uuid::from_u128(1),
            organization_id: uuid::Uuid::from_u128(2),
            created_at: time,
            updated_at: time,
            values: vec![None; contact.attributes().len()],
            raw: None,
        }
    }

    #[test]
    fn a_match_is_the_same_in_any_letters_and_order() {
        let schema = Schema::standard();
        let account = schema.record_type("account").unwrap();
        let key = |json: Json| {
            let object = json.as_object().unwrap().clone();
            match_key(account, &Match::parse(account, object, None).unwrap())
        };
        assert_eq!(
            key(json!({"domains": ["a.com", "B.com"]})),
            key(json!({"domains": ["b.com", "a.com"]}))
        );
        assert_eq!(key(json!({"domains": "a.com"})), key(json!({"domain_name": "A.com"})));
        assert_ne!(key(json!({"domains": "a.com"})), key(json!({"domains": ["a.com", "b.com"]})));
    }
}
