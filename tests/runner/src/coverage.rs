//! What the cases cover of the record API: each as a short text, what is shown and what must be.

use std::collections::BTreeSet;

use headwater::schema::{Attribute, RecordType, RelationshipEnd};
use headwater::value::ValueType;
use headwater::{Declarations, ErrorCode, ErrorGroup, Schema};
use serde_json::{Map, Value as Json};

use crate::case::{Case, Expect, Step};
use crate::expected::Expected;
use crate::pattern::Pattern;

/// The shapes in which contract.md section 3 lets a value of each type be written.
const SHAPES: [(&str, &[&str]); 24] = [
    ("string", &["text", "envelope", "null"]),
    ("long_text", &["text", "envelope", "null"]),
    ("rich_text", &["text", "envelope"]),
    ("number", &["number", "text", "envelope", "null"]),
    ("percent", &["number", "text", "envelope", "null"]),
    ("currency", &["number", "text", "{amount}", "envelope", "null"]),
    ("boolean", &["boolean", "envelope", "null"]),
    ("timestamp", &["text", "envelope", "null"]),
    ("date", &["text", "envelope", "null"]),
    ("time", &["text", "envelope", "null"]),
    ("email", &["text", "envelope", "null"]),
    ("phone_number", &["text", "envelope", "null"]),
    ("url", &["text", "envelope", "null"]),
    ("uuid", &["text", "envelope", "null"]),
    ("enum", &["text", "envelope"]),
    ("select", &["id", "api name", "display value", "{id}", "{api_name}", "envelope", "null"]),
    ("contact_stage", &["id", "api name", "display value", "{id}", "{api_name}", "envelope"]),
    ("account_stage", &["id", "api name", "display value", "{id}", "{api_name}", "envelope"]),
    ("opportunity_stage", &["id", "api name", "display value", "{id}", "{api_name}", "envelope"]),
    (
        "record_reference",
        &["text", "{related_record_id}", "{related_record_match}", "envelope", "null"],
    ),
    ("address", &["{city}", "envelope", "null"]),
    ("contact_email", &["text", "{email}", "envelope", "null"]),
    ("contact_phone_number", &["text", "{phone_number}", "envelope", "null"]),
    ("account_domain", &["text", "{domain_name}", "envelope", "null"]),
];

/// The verbs of items, and what each must be refused for.
const ITEM_REFUSALS: [(&str, &[&str]); 3] = [
    (
        "add_item",
        &[
            "field_required_missing",
            "field_value_invalid",
            "field_not_creatable",
            "unknown_field",
            "record_not_found",
        ],
    ),
    (
        "update_item",
        &["field_not_updatable", "field_value_invalid", "unknown_field", "record_not_found"],
    ),
    ("remove_item", &["record_not_found"]),
];

/// Everything that the cases must show.
#[must_use]
pub fn required() -> BTreeSet<String> {
    let mut required = BTreeSet::new();
    let mut require = |what: String| {
        required.insert(what);
    };
    for record_type in Schema::standard().record_types() {
        let name = record_type.api_name();
        for verb in verbs(record_type) {
            require(format!("{verb} {name}"));
        }
        if record_type.check_writable().is_err() && name != "activity" {
            for verb in ["create", "patch", "archive"] {
                require(format!("{verb} {name}: operation_not_supported"));
            }
        }
        for attribute in record_type.attributes().iter().filter(|known| known.has_items()) {
            for (verb, refusals) in ITEM_REFUSALS {
                let at = format!("{verb} {name}.{}", attribute.api_name);
                refusals.iter().for_each(|code| require(format!("{at}: {code}")));
                require(at);
            }
        }
        for end in record_type.relationships() {
            relationship_row(end).into_iter().for_each(&mut require);
        }
    }
    for verb in ["create", "get", "patch", "archive", "query", "schema"] {
        require(format!("{verb} a custom object"));
    }
    for verb in ["edges", "add_edge", "remove_edge"] {
        require(format!("{verb} a custom object"));
    }
    require("edges activity: unknown_relationship".to_owned());
    for (value_type, shapes) in SHAPES {
        for shape in shapes {
            require(format!("write {value_type} as {shape}"));
        }
        require(format!("refuse a {value_type}"));
        let known = ValueType::from_name(value_type);
        for operator in known.map_or_else(Vec::new, operators) {
            require(format!("filter {value_type} by {operator}"));
        }
    }
    for what in ["and", "or", "not a filter", "not a list", "one relationship", "two relationships"]
    {
        require(format!("filter by {what}"));
    }
    for code in ErrorCode::ALL.iter().filter(|code| is_of_the_api(**code)) {
        require(format!("the code {code}"));
    }
    required
}

/// Every value type, for the check that no shape is forgotten.
#[must_use]
pub fn value_types() -> BTreeSet<&'static str> {
    SHAPES.iter().map(|(value_type, _)| *value_type).collect()
}

fn operators(value_type: ValueType) -> Vec<&'static str> {
    let text = format!(
        "[[attributes]]\napi_name = \"a\"\ndisplay_name = \"A\"\nvalue_type = \"{}\"",
        value_type.name()
    );
    let options = "\noptions = [{ api_name = \"x\", display_value = \"X\", color = \"gray\" }]";
    let stage = "\noptions = [{ pipeline = \"p\", api_name = \"x\", display_value = \"X\", color = \"gray\", closing_probability = \"0\", expected_days = 0 }]";
    let choices = match value_type {
        ValueType::OpportunityStage => stage,
        value_type if value_type.has_options() => options,
        _ => "",
    };
    let head = "api_name = \"t\"\ndisplay_name = \"T\"\n";
    let declared = headwater::schema::parse_record_type(&format!("{head}{text}{choices}"));
    declared
        .ok()
        .and_then(|of| of.attributes().last().map(|last| last.filter_operators().to_vec()))
        .unwrap_or_default()
}

/// The endpoints of contract.md section 2 that a standard type has.
fn verbs(record_type: &RecordType) -> Vec<&'static str> {
    let mut verbs = vec!["get", "query", "schema"];
    if record_type.check_writable().is_ok() {
        verbs.extend(["create", "patch", "archive"]);
    }
    if record_type.api_name() == "activity" {
        verbs.push("create");
    }
    if record_type.check_can_assert().is_ok() {
        verbs.push("assert");
    }
    verbs
}

/// A row of the support matrix of contract.md section 5.6.
fn relationship_row(end: &RelationshipEnd) -> Vec<String> {
    let at = format!("{}.{}", end.here().record_type, end.here().api_name);
    let shown = match (end.relationship.is_read_only, end.relationship.is_typed) {
        (true, _) => &["edges {}", "add_edge {}: field_not_updatable"][..],
        (false, true) => &["edges {}", "add_edge {}", "update_edge {}", "remove_edge {}"],
        (false, false) => &[
            "edges {}",
            "add_edge {}",
            "update_edge {}: operation_not_supported",
            "remove_edge {}",
        ],
    };
    shown.iter().map(|shown| shown.replace("{}", &at)).collect()
}

/// Codes of requests to the record API, by what is asked; those of keys need a server with keys.
fn is_of_the_api(code: ErrorCode) -> bool {
    let of_its_data = matches!(code.group(), ErrorGroup::Record | ErrorGroup::Query);
    let of_its_shape = [
        ErrorCode::InvalidRequest,
        ErrorCode::UnknownRecordType,
        ErrorCode::OperationNotSupported,
        ErrorCode::UnknownRelationship,
    ];
    of_its_data || of_its_shape.contains(&code)
}

/// Whether a case is run over HTTP, given what is not: batches of new records are made one by one.
#[must_use]
pub fn is_on_the_wire(case: &Case, expected: &Expected) -> bool {
    let is_sent = |step: &Step| match step.request.get("operations").and_then(Json::as_array) {
        Some(operations) => operations.iter().all(|operation| operation["do"] == "create"),
        None => !expected.unsupported.contains_key(step.verb()),
    };
    !expected.failing.contains_key(&case.name) && case.steps.iter().all(is_sent)
}

/// Everything that these cases show.
#[must_use]
pub fn shown(cases: &[Case]) -> BTreeSet<String> {
    let mut shown = Shown::default();
    for case in cases {
        shown.case(case);
    }
    shown.facts
}

#[derive(Default)]
struct Shown {
    facts: BTreeSet<String>,
}

impl Shown {
    fn add(&mut self, what: String) {
        self.facts.insert(what);
    }

    fn case(&mut self, case: &Case) {
        let mut schema = Schema::standard();
        for step in &case.steps {
            let code = match &step.expect {
                Expect::Ok(_) => None,
                Expect::Error(error) => Some(text_of(error, "code").unwrap_or_default()),
            };
            let field = match &step.expect {
                Expect::Error(error) => text_of(error, "field"),
                Expect::Ok(_) => None,
            };
            if step.verb() == "declare" {
                let body = Json::Object(object(&step.request, "body"));
                let declared = Declarations::from_json(body).and_then(|new| schema.extended(&new));
                schema = declared.unwrap_or(schema);
            }
            self.request(&schema, &step.request, code.as_deref(), field.as_deref());
            let operations = step.request.get("operations").and_then(Json::as_array);
            let each = operations.into_iter().flatten().filter_map(Json::as_object);
            // What becomes of each is not looked at: only a batch of new records is on the wire.
            each.for_each(|operation| self.request(&schema, operation, Some(""), None));
        }
    }

    fn request(
        &mut self,
        schema: &Schema,
        request: &Map<String, Json>,
        code: Option<&str>,
        field: Option<&str>,
    ) {
        let text = |name: &str| request.get(name).and_then(Json::as_str).unwrap_or_default();
        let verb = text("do");
        if let Some(code) = code.filter(|code| !code.is_empty()) {
            self.add(format!("the code {code}"));
        }
        let Ok(record_type) = schema.record_type(text("record_type")) else { return };
        let name = record_type.api_name();
        let part = match verb {
            "add_item" | "update_item" | "remove_item" => format!(".{}", text("attribute")),
            "add_edge" | "update_edge" | "remove_edge" | "edges" => {
                format!(".{}", text("relationship"))
            }
            _ => String::new(),
        };
        match code {
            None => {
                self.add(format!("{verb} {name}{part}"));
                if record_type.is_custom() {
                    self.add(format!("{verb} a custom object"));
                }
            }
            Some(code) => {
                self.add(format!("{verb} {name}{part}: {code}"));
                self.add(format!("{verb} {name}: {code}"));
            }
        }
        match (verb, code) {
            ("create" | "patch" | "assert" | "seed", None) => {
                for (name, written) in object(request, "attributes") {
                    let Some(index) = record_type.index_of(&name) else { continue };
                    self.written(record_type.attribute(index), &written);
                }
            }
            ("create" | "patch" | "assert", Some("field_value_invalid")) => {
                let index = field.and_then(|field| record_type.index_of(field));
                if let Some(index) = index {
                    let value_type = record_type.attribute(index).value_type.name();
                    self.add(format!("refuse a {value_type}"));
                }
            }
            ("query", None) => {
                let body = object(request, "body");
                for node in body.get("filters").and_then(Json::as_array).into_iter().flatten() {
                    self.filter(schema, record_type, node);
                }
            }
            _ => {}
        }
    }

    fn written(&mut self, attribute: &Attribute, written: &Json) {
        if let Json::Array(elements) = written {
            return elements.iter().for_each(|element| self.written(attribute, element));
        }
        let named = |text: &str| {
            let options = attribute.options.iter();
            let mut shapes = options.filter_map(|option| match text {
                text if text == option.api_name => Some("api name"),
                text if text == option.display_value => Some("display value"),
                _ => None,
            });
            // What stands for a saved value is an id.
            shapes.next().unwrap_or("id")
        };
        let value_type = attribute.value_type;
        let shape = match written {
            Json::Null => "null".to_owned(),
            Json::String(text) if value_type.has_options() && value_type != ValueType::Enum => {
                named(text).to_owned()
            }
            Json::String(_) => "text".to_owned(),
            Json::Number(_) => "number".to_owned(),
            Json::Bool(_) => "boolean".to_owned(),
            Json::Object(object) if object.contains_key("value_type") => "envelope".to_owned(),
            Json::Object(object) => {
                for key in object.keys() {
                    self.add(format!("write {} as {{{key}}}", value_type.name()));
                }
                return;
            }
            Json::Array(_) => return,
        };
        self.add(format!("write {} as {shape}", value_type.name()));
    }

    fn filter(&mut self, schema: &Schema, record_type: &RecordType, node: &Json) {
        for (group, of_list, of_one) in
            [("and", "and", "and"), ("or", "or", "or"), ("not", "not a list", "not a filter")]
        {
            let nodes = match &node[group] {
                Json::Array(nodes) => &nodes[..],
                Json::Object(_) => std::slice::from_ref(&node[group]),
                _ => continue,
            };
            let what = if node[group].is_array() { of_list } else { of_one };
            self.add(format!("filter by {what}"));
            nodes.iter().for_each(|node| self.filter(schema, record_type, node));
        }
        let (Some(field), Some(operator)) = (node["field"].as_str(), node["operator"].as_str())
        else {
            return;
        };
        let mut names: Vec<&str> = field.split('.').collect();
        let last = names.pop().unwrap_or_default();
        match names.len() {
            1 => self.add("filter by one relationship".to_owned()),
            2 => self.add("filter by two relationships".to_owned()),
            _ => {}
        }
        let mut at = record_type;
        for name in names {
            let Ok(relationship) = at.require_relationship(name) else { return };
            let there = &at.relationship(relationship).there().record_type;
            let Ok(next) = schema.record_type(there) else { return };
            at = next;
        }
        if let Some(index) = at.index_of(last) {
            let value_type = at.attribute(index).value_type.name();
            self.add(format!("filter {value_type} by {operator}"));
        }
    }
}

fn object(request: &Map<String, Json>, name: &str) -> Map<String, Json> {
    request.get(name).and_then(Json::as_object).cloned().unwrap_or_default()
}

fn text_of(error: &Pattern, name: &str) -> Option<String> {
    let Pattern::Object(entries) = error else { return None };
    entries.iter().find_map(|(key, pattern)| match pattern {
        Pattern::Value(Json::String(text)) if key == name => Some(text.clone()),
        _ => None,
    })
}
