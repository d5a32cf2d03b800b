//! What the texts of a step that begin with `@` stand for in a world (see `steps.rs`).

use serde_json::{Map, Value as Json, json};

use crate::world::{NOBODY, World};

/// The step with what stands for records, times, items and options put in place; `None` where the
/// workspace has yet to tell it.
pub(crate) fn resolve(world: &World, step: &Json) -> Option<Json> {
    match step {
        Json::String(text) if text.starts_with('@') => named(world, &text[1..]),
        Json::Array(elements) => elements.iter().map(|element| resolve(world, element)).collect(),
        Json::Object(object) => {
            let entries =
                object.iter().map(|(key, value)| Some((key.clone(), resolve(world, value)?)));
            entries.collect::<Option<Map<_, _>>>().map(Json::Object)
        }
        other => Some(other.clone()),
    }
}

fn named(world: &World, name: &str) -> Option<Json> {
    let parts: Vec<&str> = name.split('/').collect();
    let number = |part: &str| part.parse::<usize>().unwrap_or_default();
    let some = |of: &str, n: &str| {
        let places: Vec<usize> =
            (0..world.records.len()).filter(|&place| world.records[place].of == of).collect();
        (!places.is_empty()).then(|| places[number(n) % places.len()])
    };
    match parts[..] {
        ["time", of, n] => match some(of, n) {
            Some(place) => world.records[place].times.get("updated_at").map(|time| json!(time)),
            None => Some(json!("2026-01-05T10:00:00Z")),
        },
        ["item", of, n, array, m] => {
            let Some(place) = some(of, n) else { return Some(json!(NOBODY)) };
            let items = world.records[place].values.get(array).and_then(Json::as_array);
            let Some(items) = items else { return Some(json!(NOBODY)) };
            let id = &items[number(m) % items.len()]["id"];
            (!id.is_null()).then(|| id.clone())
        }
        ["option", of, attribute, n] => {
            let options = world.choices.get(&(of.to_owned(), attribute.to_owned()));
            let options = options.filter(|options| !options.is_empty());
            Some(options.map_or(json!(NOBODY), |all| json!(all[number(n) % all.len()].id)))
        }
        [of, n] => match some(of, n) {
            Some(place) => world.records[place].id.as_ref().map(|id| json!(id)),
            None => Some(json!(NOBODY)),
        },
        _ => Some(json!(NOBODY)),
    }
}
