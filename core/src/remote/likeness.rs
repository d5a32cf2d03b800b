//! Whether a record is the one that a create asked for. A CRM may keep texts in another form than they
//! were sent in, and may not be able to compare values of every type itself.

use serde_json::Value as Json;

use crate::record::{Attributes, Change, Record};
use crate::schema::{Attribute, Origin, RecordType};
use crate::value::{Text, Value, ValueType};

use super::decode;

/// What an instant may lose where it is kept, in microseconds.
const SECOND: u64 = 1_000_000;

/// Whether every CRM compares values of this type as they are.
pub(super) fn is_comparable(value_type: ValueType) -> bool {
    value_type.is_item()
        || matches!(
            value_type,
            ValueType::String
                | ValueType::Email
                | ValueType::Number
                | ValueType::Boolean
                | ValueType::Date
                | ValueType::Uuid
        )
}

/// Whether a value of this type may be kept in another form: trimmed, or cleaned of mark-up.
pub(super) fn is_free_text(value_type: ValueType) -> bool {
    value_type.is_text() && value_type != ValueType::Email
}

/// The attributes with each free text as what it says: two creates with the same cannot be told apart.
pub(super) fn gists(record_type: &RecordType, attributes: &Attributes) -> Attributes {
    let mut gists = attributes.clone();
    for (index, change) in gists.iter_mut() {
        if let Change::Set(value) = change
            && is_free_text(record_type.attribute(index).value_type)
        {
            *value = match &*value {
                Value::List(values) => Value::List(values.iter().map(gist_of).collect()),
                value => gist_of(value),
            };
        }
    }
    gists
}

fn gist_of(value: &Value) -> Value {
    match value {
        Value::Text(text) => Value::Text(Text::from(gist(text).as_str())),
        value => value.clone(),
    }
}

/// What a text says: without tags, entities and white space.
fn gist(text: &str) -> String {
    let mut said = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        let after = &rest[start + 1..];
        let is_tag = after.starts_with(|first: char| first.is_ascii_alphabetic() || first == '/');
        match after.find('>') {
            Some(end) if is_tag => {
                said.push_str(&rest[..start]);
                rest = &after[end + 1..];
            }
            _ => {
                said.push_str(&rest[..=start]);
                rest = after;
            }
        }
    }
    said.push_str(rest);
    let entities = [
        ("&nbsp;", " "),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&apos;", "'"),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&amp;", "&"),
    ];
    if said.contains('&') {
        said = entities.iter().fold(said, |said, (entity, is)| said.replace(entity, is));
    }
    said.retain(|letter| !letter.is_whitespace());
    said
}

/// Whether a record has what a create asks for, as far as its answer tells.
pub(super) fn is_like(record: &Record, attributes: &Attributes) -> bool {
    attributes.iter().all(|(index, change)| match change {
        Change::Set(asked) => is_kept(record, index, asked),
        Change::Clear | Change::Merge(_) => true,
    })
}

fn is_kept(record: &Record, index: usize, asked: &Value) -> bool {
    let attribute = record.record_type.attribute(index);
    if matches!(attribute.origin, Origin::System(_)) {
        return true;
    }
    let shown = record.raw.as_ref().and_then(|raw| raw["attributes"].get(&attribute.api_name));
    let shown = shown.map(decode::content);
    match &record.values[index] {
        Some(read) => same(attribute, asked, read) || shown.is_some_and(|it| is_option(it, asked)),
        // What is not shown, or cannot be read, tells nothing.
        None => {
            let is_empty =
                |shown: &Json| shown.is_null() || shown.as_array().is_some_and(Vec::is_empty);
            !shown.is_some_and(is_empty)
                || asked.as_text().is_some_and(|text| gist(text).is_empty())
        }
    }
}

/// Whether what was read is what was asked for, but for the form.
fn same(attribute: &Attribute, asked: &Value, read: &Value) -> bool {
    let value_type = attribute.value_type;
    match (asked, read) {
        (Value::List(asked), Value::List(read)) => {
            asked.iter().all(|asked| read.iter().any(|read| same(attribute, asked, read)))
        }
        (Value::Text(asked), Value::Text(read)) if is_free_text(value_type) => {
            gist(asked) == gist(read)
        }
        (Value::Text(_), _) | (Value::Item(_), _) | (Value::Decimal(_), _) => {
            asked.match_key(value_type) == read.match_key(value_type)
        }
        (Value::Timestamp(asked), Value::Timestamp(read)) => asked.0.abs_diff(read.0) < SECOND,
        // Which record it is only the workspace knows, and addresses it may write in its own way.
        (Value::Target(_) | Value::Address(_), _) => true,
        (asked, read) => asked == read,
    }
}

/// Whether an option that is shown whole is the one that was asked for, by whichever of its names.
fn is_option(shown: &Json, asked: &Value) -> bool {
    let names = ["id", "api_name", "display_value"];
    asked.as_text().is_some_and(|text| names.iter().any(|name| shown[*name] == text))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::schema::{Schema, Write};

    #[test]
    fn what_a_text_says_is_the_same_in_another_form() {
        for (asked, kept) in [
            ("note 1", "<p>note 1</p>"),
            ("  Acme\r\n Inc ", "Acme Inc"),
            ("R&D < 5 > 4", "<p>R&amp;D &lt; 5 &gt; 4<br/></p>"),
            ("<b onclick=\"x()\">Hi</b>", "<b>Hi</b>"),
            ("a <", "a &lt;"),
        ] {
            assert_eq!(gist(asked), gist(kept), "{asked} {kept}");
        }
        for (asked, other) in [("note 1", "note 2"), ("Acme", "ACME"), ("1 < 2", "1 2")] {
            assert_ne!(gist(asked), gist(other), "{asked} {other}");
        }
    }

    #[test]
    fn a_record_is_like_what_was_asked_for_as_far_as_it_tells() {
        let schema = Schema::standard();
        let opportunity = schema.record_type("opportunity").unwrap();
        let id = "0191e4a0-0000-7000-8000-000000000001";
        let asked = json!({
            "display_name": "Big  deal ", "amount": "10.50", "account_id": id,
            "stage": "sales.prospecting", "next_step_due_at": "2026-01-02T03:04:05.678Z",
        });
        let asked = asked.as_object().cloned().unwrap();
        let asked = Attributes::parse(opportunity, asked, Write::Create, None).unwrap();
        let is_kept = |change: &str, value: Json| {
            let mut shown = json!({
                "display_name": "Big deal", "amount": {"amount": "10.5"}, "account_id": id,
                "next_step_due_at": "2026-01-02T03:04:05Z",
                "stage": {"id": id, "api_name": "prospecting", "display_value": "Prospecting"},
            });
            shown["stage"]["id"] =
                json!(opportunity.attribute(opportunity.index_of("stage").unwrap()).options[0].id);
            shown[change] = value;
            let data = json!({"id": id, "attributes": shown});
            is_like(&decode::record(opportunity, data).unwrap(), &asked)
        };
        assert!(is_kept("status", json!("DEAL")));
        assert!(is_kept("amount", json!("10.50")));
        for (name, other) in [
            ("display_name", json!("Big deal 2")),
            ("amount", json!({"amount": "10.51"})),
            ("account_id", json!("0191e4a0-0000-7000-8000-000000000002")),
            ("stage", json!({"id": null, "api_name": "won"})),
            ("next_step_due_at", json!("2026-01-02T03:04:07Z")),
            ("amount", json!(null)),
        ] {
            assert!(!is_kept(name, other.clone()), "{name} {other}");
        }
    }
}
