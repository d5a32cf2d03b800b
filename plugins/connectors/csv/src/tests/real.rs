//! Files as they are found in the world.

use std::fs;

use serde_json::{Value, json};

use super::{config, read, shared};

#[test]
fn torture_files_equal_their_json_twins() {
    let Some(directory) = shared("torture_csv") else { return };
    let mut count = 0;
    for entry in fs::read_dir(directory.join("csvs")).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        // Written in an encoding of its own, and its twin with the damage of another.
        if stem == "location_coordinates" {
            let output = read(&config(&path, json!({})));
            assert_eq!(output.rows.len() + output.bad.len(), 1);
            continue;
        }
        let twin = fs::read(directory.join(format!("json/{stem}.json"))).unwrap();
        let mut expected: Vec<Value> = serde_json::from_slice(&twin).unwrap();
        for row in &mut expected {
            row.as_object_mut().unwrap().retain(|_, cell| cell != "");
        }
        let output = read(&config(&path, json!({})));
        assert_eq!(output.rows, expected, "{stem}");
        assert!(output.bad.is_empty() && output.failure.is_none());
        count += 1;
    }
    assert_eq!(count, 11);
}

#[test]
fn hospitals_are_read_with_both_delimiters() {
    let Some(directory) = shared("nhs_hospitals") else { return };
    for (name, delimiter, rows) in [
        ("Hospital.2018-01-30.notsign-latin1.csv", "¬", 1235),
        ("Hospital.2020-01-15.tilde.csv", "~", 1217),
    ] {
        let path = directory.join(name);
        let text = fs::read(&path).unwrap();
        let lines = text.split(|b| *b == b'\n').filter(|line| !line.is_empty()).count() - 1;
        assert!(lines == rows || lines + 1 == rows, "{lines}");
        let keys = json!({"delimiter": delimiter, "encoding": "windows-1252"});
        let output = read(&config(&path, keys));
        assert!(output.bad.is_empty(), "{:?}", output.bad[0]);
        assert_eq!(output.rows.len(), lines);
        assert!(output.rows.iter().all(|row| row["OrganisationID"].is_string()));
        // Read as UTF-8, rows with other characters are rejected instead of spoilt.
        if delimiter == "~" {
            let output = read(&config(&path, json!({"delimiter": delimiter})));
            assert!(!output.bad.is_empty());
            assert_eq!(output.rows.len() + output.bad.len(), lines);
        }
    }
}

#[test]
fn exports_of_crms_and_offices_are_read_as_the_csv_crate_reads_them() {
    for name in [
        "dbt_seeds",
        "salesforce_samples",
        "atomic_crm",
        "us_treasury_contracts",
        "congress_legislators",
    ] {
        let Some(directory) = shared(name) else { return };
        let pattern = directory.join("**/*.csv");
        let located = headwater_connector_files::locate(&[pattern.display().to_string()]).unwrap();
        for file in located.files {
            let output = read(&config(&file, json!({"delimiter": ","})));
            assert!(output.failure.is_none());
            let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(&file).unwrap();
            let names = reader.headers().unwrap().clone();
            let mut rows = Vec::new();
            for record in reader.records() {
                let record = record.unwrap();
                if record.len() > names.len() {
                    continue;
                }
                let cells = names.iter().zip(&record).filter(|(_, cell)| !cell.is_empty());
                rows.push(Value::Object(cells.map(|(n, c)| (n.to_owned(), c.into())).collect()));
            }
            assert_eq!(output.rows, rows, "{}", file.display());
            println!("{}: {} rows, {} rejected", file.display(), rows.len(), output.bad.len());
        }
    }
}
