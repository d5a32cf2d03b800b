//! What may stand in a configuration, and what a wrong one says.

use headwater_sdk::Connector;
use headwater_sdk::abi::HEADWATER_E_CONFIG_INVALID;
use serde_json::{Value, json};

use super::{Quiet, config, write};
use crate::Json;
use crate::config::KEYS;

#[test]
fn each_wrong_value_names_its_key() {
    for (config, key) in [
        (json!({}), "path"),
        (json!({"path": "x", "row": "a"}), "row"),
        (json!({"path": "x", "rows": "a..b"}), "rows"),
        (json!({"path": "x", "rows": "a", "format": "lines"}), "rows"),
        (json!({"path": "x", "format": "xml"}), "format"),
        (json!({"path": "x", "encoding": "utf-99"}), "encoding"),
        (json!({"path": "x", "compression": true}), "compression"),
    ] {
        let failure = Json::open(&config.to_string()).unwrap_err();
        assert_eq!(failure.code, HEADWATER_E_CONFIG_INVALID, "{config}");
        assert_eq!(failure.field, key, "{config}");
    }
    let failure = Json::open(r#"{"path":"x","row":"a"}"#).unwrap_err();
    assert_eq!(failure.hint, "did you mean `rows`?");
}

#[test]
fn the_schema_describes_every_key() {
    let schema: Value = serde_json::from_str(Json::CONFIG_SCHEMA).unwrap();
    let properties = schema["properties"].as_object().unwrap();
    assert_eq!(properties.keys().map(String::as_str).collect::<Vec<_>>(), KEYS);
    for (key, property) in properties {
        assert!(property["description"].is_string(), "{key}");
        assert!(include_str!("../../docs.md").contains(&format!("| `{key}` |")), "{key}");
    }
}

#[test]
fn check_lists_fields_with_their_types() {
    let directory = tempfile::tempdir().unwrap();
    let text =
        r#"[{"id":1,"a":null,"m":1,"u\u0041":true},{"a":"x","m":"y","o":{},"l":[],"n":1e400}]"#;
    let path = write(directory.path(), "people.json", text);
    let mut json = Json::open(&config(&path, json!({})).to_string()).unwrap();
    let streams = json.check(&Quiet).unwrap();
    let [stream] = streams.as_slice() else { panic!() };
    assert_eq!((stream.name.as_str(), stream.position_unit.as_str()), ("people", "element"));
    assert!(!stream.fields_are_complete && !stream.is_incremental);
    let fields: Vec<(&str, &str)> =
        stream.fields.iter().map(|f| (f.name.as_str(), f.value_type.as_str())).collect();
    let expected = [
        ("id", "number"),
        ("a", "string"),
        ("m", ""),
        ("uA", "boolean"),
        ("o", "object"),
        ("l", "array"),
        ("n", "number"),
    ];
    assert_eq!(fields, expected);
    write(directory.path(), "q.json", "");
    write(directory.path(), "r.jsonl", "{\"late\": 1}\n");
    for (pattern, unit, names) in
        [("[pq]*.json", "element", 7), ("*.jsonl", "line", 1), ("*.json*", "line or element", 8)]
    {
        let config = config(directory.path().join(pattern), json!({}));
        let streams = Json::open(&config.to_string()).unwrap().check(&Quiet).unwrap();
        assert_eq!((streams[0].position_unit.as_str(), streams[0].fields.len()), (unit, names));
    }
    let path = write(directory.path(), "lines.ndjson.gz", super::resume::gzip(b""));
    let streams = Json::open(&config(path, json!({})).to_string()).unwrap().check(&Quiet).unwrap();
    assert_eq!((streams[0].name.as_str(), streams[0].position_unit.as_str()), ("lines", "line"));
}
