//! What a connector says of itself.

use serde_json::Value as Json;

use super::{Finding, Subject, broken};

/// The host has already checked the name's letters and that the schema is a JSON object.
pub(super) fn describes_itself(connector: &dyn Subject) -> Finding {
    let description = connector.description();
    let (name, version) = (&description.name, &description.version);
    if !is_semantic_version(version) {
        return broken(format!("the version is `{version}`, expected three numbers, as in 1.0.0"));
    }
    let stem = connector.path().file_stem().unwrap_or_default().to_string_lossy().into_owned();
    if let Some((_, named)) = stem.split_once("headwater_connector_")
        && named != name
    {
        return broken(format!("the library is named for `{named}`, the connector says `{name}`"));
    }
    let schema = &description.config_schema;
    if schema.get("type").and_then(Json::as_str) != Some("object") {
        return broken("the config_schema is not of type object");
    }
    if schema.get("properties").is_some_and(|properties| !properties.is_object()) {
        return broken("the properties of the config_schema are not a JSON object");
    }
    Ok(format!("{name} {version}"))
}

fn is_semantic_version(version: &str) -> bool {
    let core = version.split(['-', '+']).next().unwrap_or_default();
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|c| c.is_ascii_digit());
    core.split('.').count() == 3 && core.split('.').all(is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_recognised() {
        for good in ["0.1.0", "10.20.30-rc.1+x"] {
            assert!(is_semantic_version(good), "{good}");
        }
        for bad in ["", "1", "1.0", "1.0.x", "v1.0.0", "1..0"] {
            assert!(!is_semantic_version(bad), "{bad}");
        }
    }
}
