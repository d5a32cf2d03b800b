//! Files as they are found in the world, and files made to break parsers.

use std::fs;

use headwater_sdk::abi::HEADWATER_E_SOURCE_DATA_INVALID;
use serde_json::{Value, json};

use super::{config, read, shared, try_read};

#[test]
fn the_json_test_suite_is_accepted_and_refused_as_it_should_be() {
    let Some(directory) = shared("torture_json") else { return };
    let mut counts = [0; 3];
    for entry in fs::read_dir(directory.join("test_parsing")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        for format in ["auto", "lines", "array", "document"] {
            let output = try_read(&config(&path, json!({"format": format})));
            if let Some(failure) = &output.failure {
                assert_eq!(failure.code, HEADWATER_E_SOURCE_DATA_INVALID, "{name} {failure:?}");
                assert!(failure.message.contains("line "), "{name} {failure:?}");
                assert!(failure.record.contains("line "), "{name} {failure:?}");
            }
            for row in &output.bad {
                assert!(row.position > 0 && !row.failure.record.is_empty());
            }
            if format != "auto" {
                continue;
            }
            match name.as_bytes()[0] {
                b'y' => {
                    assert!(output.failure.is_none(), "{name} {:?}", output.failure);
                    for row in &output.bad {
                        let message = &row.failure.message;
                        assert!(message.contains("expected an object"), "{name} {message}");
                    }
                    counts[0] += 1;
                }
                b'n' => {
                    let refused = output.failure.is_some() || !output.bad.is_empty();
                    assert!(refused, "{name} {output:?}");
                    let only_for_its_type = output.failure.is_none()
                        && output
                            .bad
                            .iter()
                            .all(|row| row.failure.message.contains("expected an object"));
                    assert!(!only_for_its_type, "{name} {output:?}");
                    counts[1] += 1;
                }
                _ => counts[2] += 1,
            }
        }
    }
    println!("accepted {}, refused {}, free {}", counts[0], counts[1], counts[2]);
    assert!(counts[0] > 90 && counts[1] > 180 && counts[2] > 30);
}

#[test]
fn real_arrays_are_read_whole() {
    for name in ["hipo_universities", "congress_legislators"] {
        let Some(directory) = shared(name) else { return };
        let mut count = 0;
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|ending| ending != "json") {
                continue;
            }
            let expected: Vec<Value> = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            let output = read(&config(&path, json!({})));
            assert!(output.rows == expected && output.failure.is_none(), "{}", path.display());
            count += 1;
        }
        assert_eq!(count, 2);
    }
}

#[test]
fn salesforce_trees_are_read_at_their_records() {
    let Some(directory) = shared("salesforce_samples") else { return };
    for name in ["lwc-recipes/Accounts", "lwc-recipes/Contacts", "easy-spaces-lwc/Leads"] {
        let path = directory.join(format!("{name}.json"));
        let document: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let output = read(&config(&path, json!({"rows": "records"})));
        assert_eq!(&json!(output.rows), &document["records"], "{name}");
        assert!(output.failure.is_none() && !output.rows.is_empty());
    }
}
