//! Random steps: requests of the testee protocol over the whole record API.
//!
//! What a step is about is known only when it is taken, so texts that begin with `@` stand for it:
//! `@contact/3` for the id of some contact, `@time/contact/3` for when it was changed,
//! `@item/contact/3/contact_emails/1` for one of its items, `@option/contact/stage/2` for an option.

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value as Json, json};

use crate::schema::{Attribute, Kind, Origin, SYSTEM, Type, types};

/// A request, and whether a batch ends after it.
pub type Step = (Json, bool);
type Object = BoxedStrategy<Map<String, Json>>;

const WRITABLE: [&str; 6] = ["contact", "account", "opportunity", "task", "note", "project"];
const EMAILS: [&str; 5] =
    ["ann@x.example", " Ann@X.example ", "bob@x.example", "cyd@y.example", "DEE@y.example"];
const DOMAINS: [&str; 5] = ["acme.com", " ACME.com", "acme.com.", "beta.org", "gamma.example"];
const PHONES: [&str; 3] = ["+14155552671", "+1 415-555-2671", "+442079460958"];
const TEXTS: [&str; 6] = ["Ann", "ann", "Bob", "Ünal", "", "  "];
const TIMES: [&str; 3] = ["2026-01-05T10:00:00Z", "2026-03-01", "2026-02-01T00:00:00Z"];

/// Whether a workspace rejects duplicates, and what happens in it: some records are made first, so
/// that most steps have something to be about.
pub fn sequence(steps: usize) -> impl Strategy<Value = (bool, Vec<Step>)> {
    let types = types();
    let first = WRITABLE.map(|name| {
        let of = types.iter().find(|known| known.name == name).expect("a type");
        (if of.can_assert { 3 } else { 1 }, create(of, 2))
    });
    let first = proptest::strategy::Union::new_weighted(first.to_vec());
    let ends_batch = || prop::bool::weighted(0.3);
    let first = vec((first, ends_batch()), 0..16);
    (prop::bool::weighted(0.25), first, vec((step(), ends_batch()), 1..steps)).prop_map(
        |(rejects_duplicates, mut first, steps)| {
            first.extend(steps);
            (rejects_duplicates, first)
        },
    )
}

fn step() -> BoxedStrategy<Json> {
    let types = types();
    let of = |name: &str| types.iter().find(|known| known.name == name).expect("a type");
    let each = |make: &dyn Fn(&Type) -> BoxedStrategy<Json>| {
        proptest::strategy::Union::new(WRITABLE.map(|name| make(of(name))))
    };
    prop_oneof![
        12 => each(&|of| create(of, 4)),
        8 => each(&patch),
        2 => each(&|of| one_of_it("archive", of.name)),
        1 => each(&|of| one_of_it("get", of.name)),
        8 => prop_oneof![assert(of("contact")), assert(of("account"))],
        1 => prop_oneof![assert(of("project")), read_only(of("user"))],
        10 => prop_oneof![items(of("contact")), items(of("account"))],
        10 => each(&edge),
        8 => each(&query),
    ]
    .boxed()
}

/// Some record of a type; the same number names the same one.
fn some(of: &str) -> BoxedStrategy<Json> {
    let of = of.to_owned();
    (0..9_u8).prop_map(move |n| json!(format!("@{of}/{n}"))).boxed()
}

fn one_of_it(verb: &'static str, of: &'static str) -> BoxedStrategy<Json> {
    some(of).prop_map(move |id| json!({ "do": verb, "record_type": of, "id": id })).boxed()
}

fn one_from(values: &'static [&'static str]) -> BoxedStrategy<Json> {
    select(values).prop_map(Json::from).boxed()
}

/// A value that an attribute may be given, in one of its shapes; now and then one that it may not.
fn written(of: &str, attribute: &Attribute) -> BoxedStrategy<Json> {
    let value_type = attribute.value_type;
    let one = plain(of, attribute);
    let enveloped =
        one.clone().prop_map(move |value| json!({ "value_type": value_type, "value": value }));
    let wrong = prop_oneof![
        Just(json!({"value_type": "time", "value": "10:00:00"})),
        Just(json!({ "value_type": value_type })),
        Just(json!([[]])),
        Just(json!({"nothing": true})),
        Just(json!("no such thing")),
    ];
    let element = prop_oneof![12 => one, 3 => enveloped, 1 => wrong];
    if attribute.many {
        return prop_oneof![
            1 => Just(Json::Null),
            1 => element.clone(),
            6 => vec(element, 0..4).prop_map(Json::Array),
        ]
        .boxed();
    }
    prop_oneof![2 => Just(Json::Null), 12 => element].boxed()
}

fn plain(of: &str, attribute: &Attribute) -> BoxedStrategy<Json> {
    match attribute.kind {
        Kind::Text if attribute.unique => one_from(&["A1", "A2", "a1"]),
        Kind::Text => prop_oneof![9 => one_from(&TEXTS), 1 => Just(json!(7))].boxed(),
        Kind::Email => one_from(&EMAILS),
        Kind::Phone => one_from(&PHONES),
        Kind::Number => select(vec![json!(1), json!(-5), json!(2.5), json!("12")]).boxed(),
        Kind::Currency => select(vec![
            json!("1234.50"),
            json!(5),
            json!({"amount": "5.00"}),
            json!({"amount": 0.5}),
            json!("-1"),
        ])
        .boxed(),
        Kind::Boolean => select(vec![json!(true), json!(false), json!("yes"), json!(0)]).boxed(),
        Kind::Timestamp => one_from(&TIMES),
        Kind::Date => one_from(&["2026-01-05", "2026-03-01", "2025-12-31"]),
        Kind::Enum | Kind::Choice => choice(of, attribute),
        Kind::Reference(target) => reference(target),
        Kind::Address => vec((select(vec!["city", "country", "zip_code"]), one_from(&TEXTS)), 0..3)
            .prop_map(|parts| {
                let parts = parts.into_iter();
                Json::Object(parts.map(|(part, text)| (part.to_owned(), text)).collect())
            })
            .boxed(),
        Kind::Item(key) => item(key),
    }
}

fn choice(of: &str, attribute: &Attribute) -> BoxedStrategy<Json> {
    let names: &'static [&'static str] = match attribute.name {
        "status" if of == "opportunity" => &["PROSPECT", "DEAL"],
        "status" => &["OPEN", "COMPLETED", "Open"],
        "phase" => &["PLAN", "BUILD"],
        "tier" => &["gold", "Silver"],
        _ => match of {
            "contact" => &["working", "Qualified", "new"],
            "account" => &["customer", "Engaged", "target"],
            // Two pipelines have the last one, so that its name alone is not enough.
            _ => &["proposal", "Upcoming", "closed_won"],
        },
    };
    let (kind, place) = (attribute.kind, format!("@option/{of}/{}", attribute.name));
    (one_from(names), 0..9_u8, 0..4_u8)
        .prop_map(move |(name, n, shape)| match (kind, shape) {
            (Kind::Choice, 0) => json!(format!("{place}/{n}")),
            (Kind::Choice, 1) => json!({ "id": format!("{place}/{n}") }),
            (Kind::Choice, 2) => json!({ "api_name": name }),
            _ => name,
        })
        .boxed()
}

fn reference(target: &str) -> BoxedStrategy<Json> {
    prop_oneof![
        4 => some(target),
        1 => some(target).prop_map(|id| json!({ "related_record_id": id })),
        3 => by_match(target).prop_map(|matching| json!({ "related_record_match": matching })),
        1 => Just(json!({})),
    ]
    .boxed()
}

/// A match, nearly always by what identifies a record.
fn by_match(target: &str) -> BoxedStrategy<Json> {
    let by = |key: &'static str, values| {
        one_from(values).prop_map(move |value| json!({ key: value })).boxed()
    };
    let other = prop_oneof![
        Just(json!({"display_name": "Ann"})),
        Just(json!({"nickname": "Ann"})),
        Just(json!({})),
        some(target).prop_map(|id| json!({ "id": id })),
    ];
    let usual = match target {
        "user" => by("email", &["owner@acme.com", "OWNER@acme.com", "nobody@acme.com"]),
        "account" => prop_oneof![by("domain_name", &DOMAINS), by("domains", &DOMAINS)].boxed(),
        "project" => by("code", &["A1", "A2"]),
        "contact" => prop_oneof![
            3 => by("contact_emails", &EMAILS),
            1 => by("email", &EMAILS),
            1 => by("badge", &["A1", "A2"]),
            1 => by("primary_email", &EMAILS),
            1 => one_from(&EMAILS).prop_map(|email| {
                json!({ "primary_email": { "value_type": "email", "value": email } })
            }),
            1 => vec(one_from(&EMAILS), 0..3).prop_map(|emails| json!({ "contact_emails": emails })),
            1 => one_from(&EMAILS).prop_map(|email| json!({ "contact_emails": { "email": email } })),
        ]
        .boxed(),
        _ => Just(json!({"title": "Ann"})).boxed(),
    };
    prop_oneof![8 => usual, 1 => other].boxed()
}

fn item_text(key: &str) -> BoxedStrategy<Json> {
    match key {
        "email" => one_from(&EMAILS),
        "phone_number" => one_from(&PHONES),
        _ => one_from(&DOMAINS),
    }
}

fn labels() -> BoxedStrategy<Json> {
    let label = prop_oneof![9 => select(vec!["WORK", "PERSONAL", "MOBILE"]), 1 => Just("HOME")];
    prop_oneof![9 => vec(label, 0..3).prop_map(|labels| json!(labels)), 1 => Just(Json::Null)]
        .boxed()
}

fn item(key: &'static str) -> BoxedStrategy<Json> {
    let fields = (item_text(key), weighted(0.4, any::<bool>()), weighted(0.2, labels()));
    let object = fields.prop_map(move |(text, is_primary, labels)| {
        let mut item = json!({ key: text });
        if let Some(is_primary) = is_primary {
            item["is_primary"] = json!(is_primary);
        }
        if let Some(labels) = labels {
            item["labels"] = labels;
        }
        item
    });
    prop_oneof![item_text(key), object].boxed()
}

/// The attributes of a write, `required` among them nearly always.
fn attributes(of: &Type, most: usize, required: bool) -> Object {
    let writable = |known: &&Attribute| known.origin != Origin::Derived;
    let one = |known: &Attribute| {
        let alias = of.aliases.iter().find(|(_, name)| *name == known.name);
        let names = vec![known.name, alias.map_or(known.name, |(alias, _)| *alias)];
        (select(names), written(of.name, known))
            .prop_map(|(name, value)| (name.to_owned(), value))
            .boxed()
    };
    let needed = |known: &&Attribute| {
        required && (known.required || (of.name == "contact" && known.name == "last_name"))
    };
    let needed: Vec<_> = of
        .attributes
        .iter()
        .filter(needed)
        .map(|known| weighted(0.95, (Just(known.name.to_owned()), plain(of.name, known))))
        .collect();
    let any: Vec<_> = of.attributes.iter().filter(writable).map(one).collect();
    let any = vec(proptest::strategy::Union::new(any), 0..=most);
    let odd = prop_oneof![
        select(SYSTEM.to_vec()).prop_map(|name| (name.to_owned(), json!("x"))),
        Just(("nickname".to_owned(), json!("x"))),
        Just(("display_name".to_owned(), json!("Ann"))),
    ];
    (needed, any, weighted(0.04, odd))
        .prop_map(|(needed, any, odd)| needed.into_iter().flatten().chain(any).chain(odd).collect())
        .boxed()
}

fn create(of: &Type, most: usize) -> BoxedStrategy<Json> {
    let of_name = of.name;
    attributes(of, most, true)
        .prop_map(move |attributes| json!({ "do": "create", "record_type": of_name, "attributes": attributes }))
        .boxed()
}

fn patch(of: &Type) -> BoxedStrategy<Json> {
    let of_name = of.name;
    (some(of.name), attributes(of, 3, false))
        .prop_map(move |(id, attributes)| {
            json!({ "do": "patch", "record_type": of_name, "id": id, "attributes": attributes })
        })
        .boxed()
}

fn assert(of: &Type) -> BoxedStrategy<Json> {
    let of_name = of.name;
    (by_match(of.name), attributes(of, 3, true))
        .prop_map(move |(matching, attributes)| {
            json!({ "do": "assert", "record_type": of_name, "match": matching, "attributes": attributes })
        })
        .boxed()
}

fn read_only(of: &Type) -> BoxedStrategy<Json> {
    let create = json!({ "do": "create", "record_type": of.name, "attributes": {} });
    prop_oneof![Just(create), one_of_it("archive", of.name), query(of)].boxed()
}

fn items(of: &Type) -> BoxedStrategy<Json> {
    let of_name = of.name;
    let arrays: Vec<(&'static str, &'static str)> = of
        .attributes
        .iter()
        .filter_map(|known| match known.kind {
            Kind::Item(key) => Some((known.name, key)),
            _ => None,
        })
        .collect();
    let edit = move |(array, key): (&'static str, &'static str)| {
        let fields = (
            weighted(0.5, item_text(key)),
            weighted(
                0.5,
                prop_oneof![9 => any::<bool>().prop_map(Json::from), 1 => Just(json!("x"))],
            ),
            weighted(0.2, labels()),
            weighted(0.05, select(vec!["id", "kind"])),
        );
        (0..3_u8, 0..9_u8, 0..3_u8, item_text(key), fields).prop_map(
            move |(verb, n, m, text, (other, is_primary, labels, odd))| {
                let mut body = Map::new();
                let verb = ["add_item", "update_item", "remove_item"][usize::from(verb)];
                // An update of a domain takes nothing but whether it is primary.
                let given = match (verb, key) {
                    ("add_item", _) => Some(text.clone()),
                    (_, "domain_name") => None,
                    _ => other,
                };
                body.extend(given.map(|text| (key.to_owned(), text)));
                let takes_primary = key != "domain_name" || verb == "update_item" || m == 0;
                let is_primary = is_primary.filter(|_| takes_primary);
                body.extend(is_primary.map(|is_primary| ("is_primary".to_owned(), is_primary)));
                body.extend(labels.filter(|_| key != "domain_name" || m == 1).map(|labels| ("labels".to_owned(), labels)));
                body.extend(odd.map(|odd| (odd.to_owned(), json!("x"))));
                let item = match key {
                    "domain_name" => text,
                    _ => json!(format!("@item/{of_name}/{n}/{array}/{m}")),
                };
                let mut request = json!({
                    "do": verb, "record_type": of_name, "id": format!("@{of_name}/{n}"), "attribute": array,
                });
                if verb != "add_item" {
                    request["item"] = item;
                }
                if verb != "remove_item" {
                    request["body"] = Json::Object(body);
                }
                request
            },
        )
    };
    let wrong = select(vec!["title", "websites", "nothing", "id"]).prop_map(move |name| {
        json!({ "do": "add_item", "record_type": of_name, "id": format!("@{of_name}/1"), "attribute": name, "body": {} })
    });
    prop_oneof![15 => select(arrays).prop_flat_map(edit), 1 => wrong].boxed()
}

fn edge(of: &Type) -> BoxedStrategy<Json> {
    let of_name = of.name;
    let links: Vec<(&'static str, &'static str, bool)> = of
        .relationships
        .iter()
        .map(|known| (known.name, known.target, known.attributes.is_empty()))
        .collect();
    let edit = move |(name, target, is_generic): (&'static str, &'static str, bool)| {
        let said = (
            weighted(0.3, prop_oneof![one_from(&TEXTS), Just(Json::Null), Just(json!([]))]),
            weighted(
                0.5,
                prop_oneof![4 => any::<bool>().prop_map(Json::from), 1 => Just(Json::Null)],
            ),
            any::<bool>(),
        );
        let whom = prop_oneof![
            6 => some(target).prop_map(|id| json!({ "related_record_id": id })),
            3 => by_match(target).prop_map(|matching| json!({ "related_record_match": matching })),
            1 => Just(json!({})),
        ];
        (0..8_u8, some(of_name), some(target), whom, said).prop_map(
            move |(verb, id, other, whom, (role, is_primary, is_flat))| {
                let mut said = Map::new();
                let may_say = |name: &str| !is_generic || (name == "role" && verb == 7);
                said.extend(role.filter(|_| may_say("role")).map(|role| ("role".to_owned(), role)));
                said.extend(
                    is_primary
                        .filter(|_| may_say("is_primary"))
                        .map(|is| ("is_primary".to_owned(), is)),
                );
                let said = if is_flat { Json::Object(said) } else { json!({ "through": said }) };
                let mut request = json!({ "record_type": of_name, "id": id, "relationship": name });
                match verb {
                    0..=3 | 7 => {
                        request["do"] = json!("add_edge");
                        request["body"] = whom;
                        for (key, value) in said.as_object().into_iter().flatten() {
                            request["body"][key] = value.clone();
                        }
                    }
                    4 | 5 => {
                        request["do"] = json!("update_edge");
                        request["target"] = other;
                        request["body"] = said;
                    }
                    _ => {
                        request["do"] = json!("remove_edge");
                        request["target"] = other;
                    }
                }
                request
            },
        )
    };
    let unknown = some(of.name).prop_map(move |id| {
        json!({ "do": "edges", "record_type": of_name, "id": id, "relationship": "friends" })
    });
    prop_oneof![20 => select(links).prop_flat_map(edit), 1 => unknown].boxed()
}

fn query(of: &Type) -> BoxedStrategy<Json> {
    let of_name = of.name;
    let all = types();
    let mut leaves = vec![(3, condition("", of))];
    for relationship in &of.relationships {
        let Some(near) = all.iter().find(|known| known.name == relationship.target) else {
            continue;
        };
        leaves.push((1, condition(&format!("{}.", relationship.name), near)));
        for further in &near.relationships {
            let Some(far) = all.iter().find(|known| known.name == further.target) else { continue };
            leaves.push((1, condition(&format!("{}.{}.", relationship.name, further.name), far)));
        }
    }
    let wrong = select(vec![
        json!({"field": "nickname", "operator": "eq", "value": "x"}),
        json!({"field": "contacts.accounts.contacts.title", "operator": "exists"}),
        json!({"field": "updated_at", "operator": "contains", "value": "x"}),
    ]);
    leaves.push((1, wrong.boxed()));
    let leaf = proptest::strategy::Union::new_weighted(leaves);
    let node = leaf.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(|nodes| json!({ "and": nodes })),
            vec(inner.clone(), 0..3).prop_map(|nodes| json!({ "or": nodes })),
            vec(inner.clone(), 1..3).prop_map(|nodes| json!({ "not": nodes })),
            inner.prop_map(|node| json!({ "not": node })),
        ]
    });
    let mut names: Vec<&'static str> = of.attributes.iter().map(|known| known.name).collect();
    names.extend(["created_at", "updated_at"]);
    let sort = (select(names), any::<bool>()).prop_map(|(field, is_descending)| {
        json!({ "field": field, "direction": if is_descending { "desc" } else { "asc" } })
    });
    let limit = prop_oneof![8 => 1..6_u32, 1 => Just(0), 1 => Just(101)];
    (vec(node, 0..3), vec(sort, 0..=4), weighted(0.8, limit))
        .prop_map(move |(filters, sort, limit)| {
            let mut body = json!({ "filters": filters, "sort": sort });
            if let Some(limit) = limit {
                body["limit"] = json!(limit);
            }
            json!({ "do": "query", "record_type": of_name, "body": body })
        })
        .boxed()
}

fn condition(path: &str, of: &Type) -> BoxedStrategy<Json> {
    let (path, of_name) = (path.to_owned(), of.name);
    let of_attribute = |known: &Attribute| {
        let (field, operators) = (format!("{path}{}", known.name), known.operators());
        let values = (plain(of_name, known), plain(of_name, known));
        let odd = weighted(0.03, select(vec![Json::Null, json!([]), json!({"a": 1})]));
        (select(operators), values, odd)
            .prop_map(move |(operator, (one, other), odd)| {
                let value = match operator {
                    "in" | "not_in" => json!([one, other]),
                    "between" => json!([one, other]),
                    "contains" | "starts_with" | "ends_with" if !one.is_string() => json!("nn"),
                    _ => one,
                };
                json!({ "field": field, "operator": operator, "value": odd.unwrap_or(value) })
            })
            .boxed()
    };
    let filterable = of.attributes.iter().filter(|known| !known.operators().is_empty());
    let mut conditions: Vec<_> = filterable.map(of_attribute).collect();
    let field = format!("{path}updated_at");
    let recent = (select(vec!["gt", "gte", "lt", "eq"]), 0..9_u8).prop_map(move |(operator, n)| {
        json!({ "field": field, "operator": operator, "value": format!("@time/{of_name}/{n}") })
    });
    conditions.push(recent.boxed());
    proptest::strategy::Union::new(conditions).boxed()
}
