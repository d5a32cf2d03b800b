//! The generated contacts suit the product, and the limit fills the same tables as the product.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::File;
use std::path::Path;
use std::process::Command;

use headwater_benches::contacts::{Plan, write};
use headwater_benches::limit::{Rows, Settings};
use headwater_program_tests::executable;
use serde_json::Value as Json;

fn sync(file: &Path, workspace: &Path) -> Json {
    let output = Command::new(executable())
        .args(["sync", "--type", "contact", "--match", "primary_email", "--format", "json", "--to"])
        .args([workspace, file])
        .output()
        .unwrap();
    let report: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert!(output.status.success(), "{report}");
    report["streams"][0].clone()
}

#[test]
fn the_product_takes_every_contact_and_the_limit_fills_equal_tables() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let plan =
        Plan { seed: 1, people: 2000, known: 2000, new: 0, changed_per_million: 0, order: 1 };
    write(&plan, &mut File::create(at("first.csv")).unwrap()).unwrap();
    let later = Plan { changed_per_million: 100_000, order: 2, ..plan };
    let later = write(&later, &mut File::create(at("later.csv")).unwrap()).unwrap();

    let report = sync(&at("first.csv"), &at("crm.db"));
    assert_eq!((&report["created"], &report["rejected"]), (&2000.into(), &0.into()), "{report}");
    assert_eq!(report["unused_columns"], Json::Array(Vec::new()), "{report}");

    let rows = Rows::read(&at("crm.db")).unwrap();
    assert_eq!(rows.records(), 2000);
    for (name, commit_records) in [("many.db", 300), ("one.db", 1_000_000)] {
        rows.fill(&at(name), Settings { commit_records, ..Settings::default() }).unwrap();
        assert_eq!(Rows::difference(&at("crm.db"), &at(name)).unwrap(), None);
    }

    let report = sync(&at("later.csv"), &at("crm.db"));
    assert_eq!(report["updated"], later.changed, "{report}");
    assert_eq!(report["unchanged"], 2000 - later.changed, "{report}");
    assert!(Rows::difference(&at("crm.db"), &at("one.db")).unwrap().is_some());
}
