//! The components that a document uses: what no operation leads to is left out.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use utoipa::openapi::OpenApi;

/// Leaves out what nothing leads to.
pub(super) fn pruned(mut document: OpenApi) -> OpenApi {
    let Some(mut components) = document.components.take() else { return document };
    let whole = serde_json::to_value(&components).unwrap_or_default();
    let paths = serde_json::to_value(&document.paths).unwrap_or_default();
    let mut used = BTreeSet::new();
    let mut next = vec![&paths, &whole["responses"]];
    while let Some(json) = next.pop() {
        match json {
            Json::Object(object) => {
                let named = object.get("$ref").and_then(Json::as_str);
                let name = named.and_then(|place| place.strip_prefix("#/components/schemas/"));
                if let Some(name) = name
                    && used.insert(name.to_owned())
                {
                    next.push(&whole["schemas"][name]);
                }
                next.extend(object.values());
            }
            Json::Array(elements) => next.extend(elements),
            _ => {}
        }
    }
    components.schemas.retain(|name, _| used.contains(name));
    document.components = Some(components);
    document
}
