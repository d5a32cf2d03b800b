//! Queries: which records, in which order (contract.md sections 5.5 and 11.8).

use std::cmp::Ordering;

use serde_json::{Map, Value as Json, json};

use crate::schema::{Attribute, Kind, Origin, Type};
use crate::value;
use crate::world::{Code, World};

/// How many relationships a path may pass.
const HOPS: usize = 2;

/// The records that a query selects, in order, whatever the page.
pub(crate) fn run(
    world: &World,
    of: &'static Type,
    body: &Map<String, Json>,
) -> Result<Vec<usize>, Code> {
    let known = ["filters", "sort", "limit", "cursor"];
    if body.keys().any(|key| !known.contains(&key.as_str())) {
        return Err("invalid_request");
    }
    let limit = body.get("limit").map_or(Some(50), Json::as_u64);
    if limit.is_none_or(|limit| !(1..=100).contains(&limit)) {
        return Err("invalid_request");
    }
    let nothing = Vec::new();
    let list = |name: &str| body.get(name).and_then(Json::as_array).unwrap_or(&nothing);
    for node in list("filters") {
        check(world, of, node)?;
    }
    let sort = sort(of, list("sort"))?;
    let selected = |place: &usize| {
        let record = &world.records[*place];
        record.of == of.name
            && !record.is_archived
            && list("filters").iter().all(|node| holds(world, of, node, *place))
    };
    let mut places: Vec<usize> = (0..world.records.len()).filter(selected).collect();
    places.sort_by(|&a, &b| order(world, of, &sort, a, b));
    Ok(places)
}

/// The attribute of a name, or a system one in the guise of one.
fn attribute(of: &'static Type, name: &str) -> Option<Attribute> {
    let system = |name, value_type, kind| Attribute {
        name,
        value_type,
        kind,
        many: false,
        origin: Origin::Derived,
        required: false,
        nullable: false,
        unique: false,
        default: None,
    };
    match name {
        "created_at" => Some(system("created_at", "timestamp", Kind::Timestamp)),
        "updated_at" => Some(system("updated_at", "timestamp", Kind::Timestamp)),
        name => of.attribute(name).cloned(),
    }
}

fn sort(of: &'static Type, entries: &[Json]) -> Result<Vec<(Attribute, bool)>, Code> {
    if entries.len() > 3 {
        return Err("sort_too_many_fields");
    }
    let field = |entry: &Json| {
        let known = attribute(of, entry["field"].as_str().unwrap_or_default());
        let sortable = known.filter(Attribute::is_sortable).ok_or("unsortable_field")?;
        Ok((sortable, entry["direction"] == "desc"))
    };
    entries.iter().map(field).collect()
}

/// Records that are equal come in the order of making, those without a value last.
fn order(world: &World, of: &Type, sort: &[(Attribute, bool)], a: usize, b: usize) -> Ordering {
    for (attribute, is_descending) in sort {
        // Options come in the order of their declaration.
        let options = world.options(of, attribute);
        let place = |value: Json| options.iter().position(|option| value == *option.name);
        if matches!(attribute.kind, Kind::Enum | Kind::Choice) {
            let place = |of| single(world, attribute, of).and_then(place);
            let order = match (place(a), place(b)) {
                (None, b) => b.map_or(Ordering::Equal, |_| Ordering::Greater),
                (Some(_), None) => Ordering::Less,
                (Some(a), Some(b)) if *is_descending => b.cmp(&a),
                (Some(a), Some(b)) => a.cmp(&b),
            };
            match order {
                Ordering::Equal => continue,
                order => return order,
            }
        }
        let order = match (single(world, attribute, a), single(world, attribute, b)) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(a), Some(b)) if *is_descending => value::compare(attribute.kind, &b, &a),
            (Some(a), Some(b)) => value::compare(attribute.kind, &a, &b),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    a.cmp(&b)
}

fn single(world: &World, attribute: &Attribute, place: usize) -> Option<Json> {
    elements(world, attribute, place).into_iter().next()
}

/// The values of an attribute, one by one, in the form that they are compared in.
fn elements(world: &World, attribute: &Attribute, place: usize) -> Vec<Json> {
    let record = &world.records[place];
    if let Some(time) = record.times.get(attribute.name) {
        return vec![json!(time)];
    }
    let plain = |value: &Json| match value.get("place").and_then(Json::as_u64) {
        Some(place) => {
            let place = usize::try_from(place).unwrap_or(usize::MAX);
            json!(world.records[place].id)
        }
        None => value.get("text").unwrap_or(value).clone(),
    };
    match record.values.get(attribute.name) {
        None => Vec::new(),
        Some(Json::Array(elements)) => elements.iter().map(plain).collect(),
        Some(value) => vec![plain(value)],
    }
}

/// The type at the end of a path, the relationships that lead there, and the attribute.
fn path(
    world: &World,
    of: &'static Type,
    field: &str,
) -> Result<(Vec<&'static crate::schema::Relationship>, Attribute), Code> {
    let mut names: Vec<&str> = field.split('.').collect();
    let last = names.pop().unwrap_or_default();
    if names.len() > HOPS {
        return Err("filter_depth_exceeded");
    }
    let (mut at, mut hops) = (of, Vec::new());
    for name in names {
        let relationship = at.relationship(name).ok_or("invalid_filter_field")?;
        at = world.record_type(relationship.target)?;
        hops.push(relationship);
    }
    let found = attribute(at, last).filter(|found| !found.operators().is_empty());
    Ok((hops, found.ok_or("invalid_filter_field")?))
}

fn check(world: &World, of: &'static Type, node: &Json) -> Result<(), Code> {
    for group in ["and", "or", "not"] {
        match &node[group] {
            Json::Array(nodes) => return nodes.iter().try_for_each(|node| check(world, of, node)),
            node @ Json::Object(_) => return check(world, of, node),
            _ => {}
        }
    }
    let (hops, attribute) = path(world, of, node["field"].as_str().unwrap_or_default())?;
    let at = hops.last().map_or(Ok(of), |hop| world.record_type(hop.target))?;
    let operator = node["operator"].as_str().unwrap_or_default();
    if !attribute.operators().contains(&operator) {
        return Err("invalid_filter_operator");
    }
    operands(world, at, &attribute, operator, &node["value"]).map(drop)
}

fn operands(
    world: &World,
    at: &'static Type,
    attribute: &Attribute,
    operator: &str,
    value: &Json,
) -> Result<Vec<Json>, Code> {
    let wrong = "invalid_filter_value";
    let single = Attribute { many: false, ..attribute.clone() };
    let one = |value: &Json| {
        let is_single = !value.is_null() && !value.is_array();
        let parsed = value::parse(&single, world.options(at, attribute), value).ok().flatten();
        let parsed = parsed.filter(|_| is_single).ok_or(wrong)?;
        match (attribute.kind, parsed) {
            (Kind::Reference(_), parsed) if parsed["record"].is_null() => Err(wrong),
            (Kind::Reference(_), parsed) => Ok(parsed["record"].clone()),
            (kind, parsed) => Ok(match parsed.get("text").unwrap_or(&parsed) {
                text if text.is_string() => json!(value::key(kind, text)),
                other => other.clone(),
            }),
        }
    };
    // A name that several options have means any of them.
    let any = |value: &Json| match (attribute.kind, value.as_str()) {
        (Kind::Choice, Some(name)) => {
            let named = value::choices(world.options(at, attribute), name);
            if named.len() > 1 { Ok(named) } else { one(value).map(|one| vec![one]) }
        }
        _ => one(value).map(|one| vec![one]),
    };
    match operator {
        "exists" | "not_exists" => Ok(Vec::new()),
        "in" | "not_in" => {
            let each = value.as_array().ok_or(wrong)?.iter().map(any);
            each.collect::<Result<Vec<_>, _>>().map(|each| each.concat())
        }
        "eq" | "ne" => any(value),
        "between" => match value.as_array().map(Vec::as_slice) {
            Some([low, high]) => Ok(vec![one(low)?, one(high)?]),
            _ => Err(wrong),
        },
        "contains" | "starts_with" | "ends_with" => {
            value.as_str().map(|text| vec![json!(caseless(text))]).ok_or(wrong)
        }
        _ => one(value).map(|value| vec![value]),
    }
}

fn holds(world: &World, of: &'static Type, node: &Json, place: usize) -> bool {
    let all = |nodes: &[Json]| nodes.iter().all(|node| holds(world, of, node, place));
    match (&node["and"], &node["or"], &node["not"]) {
        (Json::Array(nodes), ..) => return all(nodes),
        (_, Json::Array(nodes), _) => {
            return nodes.iter().any(|node| holds(world, of, node, place));
        }
        (.., Json::Array(nodes)) => return !all(nodes),
        (.., node @ Json::Object(_)) => return !holds(world, of, node, place),
        _ => {}
    }
    let Ok((hops, attribute)) = path(world, of, node["field"].as_str().unwrap_or_default()) else {
        return false;
    };
    let at = hops.last().map_or(of, |hop| world.record_type(hop.target).unwrap_or(of));
    let (operator, is_negated) = match node["operator"].as_str().unwrap_or_default() {
        "ne" => ("eq", true),
        "not_in" => ("in", true),
        "not_exists" => ("exists", true),
        operator => (operator, false),
    };
    let operands = operands(world, at, &attribute, operator, &node["value"]).unwrap_or_default();
    let mut places = vec![place];
    for hop in hops {
        let linked =
            |place: &usize| world.links_of(hop, *place).into_iter().map(|(there, _)| there);
        places = places.iter().flat_map(linked).collect();
    }
    let fulfils = |place: &usize| {
        elements(world, &attribute, *place)
            .iter()
            .any(|value| is(&attribute, operator, value, &operands))
    };
    places.iter().any(fulfils) != is_negated
}

/// A text in which case, and where a Greek word ends, make no difference.
fn caseless(text: &str) -> String {
    text.to_lowercase().replace('ς', "σ")
}

fn is(attribute: &Attribute, operator: &str, value: &Json, operands: &[Json]) -> bool {
    let text = || caseless(value.as_str().unwrap_or_default());
    let operand = |place: usize| operands[place].as_str().unwrap_or_default();
    let keyed = match value {
        Json::String(_) => json!(value::key(attribute.kind, value)),
        other => other.clone(),
    };
    let compared = |place: usize| value::compare(attribute.kind, &keyed, &operands[place]);
    match operator {
        "exists" => true,
        "contains" => text().contains(operand(0)),
        "starts_with" => text().starts_with(operand(0)),
        "ends_with" => text().ends_with(operand(0)),
        "eq" | "in" => (0..operands.len()).any(|place| compared(place).is_eq()),
        "gt" => compared(0).is_gt(),
        "gte" => compared(0).is_ge(),
        "lt" => compared(0).is_lt(),
        "lte" => compared(0).is_le(),
        _ => compared(0).is_ge() && compared(1).is_le(),
    }
}
