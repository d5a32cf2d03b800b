//! Arrow filled by hand in C: its values arrive, its mistakes are named, and all of it is released.
//!
//! One test, because releases are counted for the whole process.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use headwater::ErrorCode::ConnectorMisbehaved;
use headwater::operation::Query;
use headwater::source::{Connector, Control, Payload, ReadRequest};
use headwater::sync::{Job, RunOptions, run};
use headwater::{Error, OpenOptions, Workspace, open};
use headwater_abi_tests::{compile_c, repository};
use headwater_host::LoadedConnector;
use headwater_host::testkit::{self, Outcome};
use serde_json::{Map, Value as Json, json};

/// What is wrong with the second batch, and what the error says.
const CASES: &[(&str, &str)] = &[
    ("few buffers", "an array has 2 buffers, expected 3 (in an array of type Utf8)"),
    ("many buffers", "buffers, expected 3"),
    ("NULL buffers", "an array's buffers are NULL"),
    ("NULL buffer", "buffer 1 of an array is NULL, expected 48 bytes"),
    ("NULL text", "buffer 2 of an array is NULL, expected 13 bytes"),
    ("NULL offsets", "offsets are NULL or not aligned"),
    ("crooked offsets", "offsets are NULL or not aligned"),
    ("not UTF-8", "Invalid UTF8 sequence"),
    ("cut character", "not on a char boundary"),
    ("falling offsets", "offset at position 1"),
    ("negative offset", "offset at position 0"),
    ("negative end", "last offset -1"),
    ("list past its end", "99"),
    ("short child", "child"),
    ("negative length", "the length -1"),
    ("endless length", "length and offset are impossible"),
    ("wrong null count", "null_count value (2) doesn't match"),
    ("nulls without bits", "1 nulls and no validity buffer"),
    ("null rows", "holds null rows"),
    ("few children", "has 4 children, expected 5"),
    ("NULL child", "an array's children holds a pointer that is NULL"),
    ("NULL schema child", "a schema's children holds a pointer that is NULL"),
    ("released child", "an array of type Struct"),
    ("released schema child", "a schema has no release function"),
    ("many fields", "n_children 9223372036854775807"),
    ("childless list", "a schema of format \"+l\" has 0 children, expected 1"),
    ("dictionary", "has a dictionary"),
    ("deep", "nested more than 64 deep"),
    ("no struct", "its rows are"),
    ("NULL format", "a schema has no format"),
    ("unknown format", "its schema cannot be read"),
    ("name not UTF-8", "a column's name is not UTF-8"),
    ("other type", "the column \"revenue\" is Int64, it was Decimal128(20, 2)"),
    ("other name", "the column \"title\" of type Utf8 stands where \"name\" of type Utf8 stood"),
    ("one column more", "it has 4 columns, it had 5"),
    ("dictionary of text", "the column \"name\" is Dictionary(Utf8, Utf8)"),
    ("negative size", "the column \"name\" is FixedSizeBinary(-5)"),
    ("two names", "stands where \"description\""),
    ("more rows", "claims 4 rows and its arrow_array has 3"),
    ("null_means 0", "null_means 0, expected 1 or 2"),
    ("NULL array", "arrow_array is NULL or not aligned"),
    ("NULL schema", "arrow_schema is NULL or not aligned"),
    ("crooked array", "arrow_array is NULL or not aligned"),
    ("released array", "arrow_array has no release function"),
    ("NULL checkpoint", "checkpoint is NULL with a length of 9"),
];

struct Counts(libloading::Library);

impl Counts {
    fn assert_all_released(&self, after: &str) {
        let count = |name: &str| {
            // SAFETY: the connector defines these functions, which take nothing and give an int.
            unsafe { self.0.get::<unsafe extern "C" fn() -> i32>(name).unwrap()() }
        };
        let (made, released) = (count("arrow_made"), count("arrow_released"));
        assert!(made > 0 && made == released, "after {after}: {made} made, {released} released");
        assert_eq!(count("arrow_released_again"), 0, "after {after}");
    }
}

/// The rows of all batches before the end or an error, as JSON.
fn rows(connector: &LoadedConnector, case: &str) -> (Vec<Json>, Option<Error>) {
    let control = Control::default();
    let mut source = connector.open(&json!({"case": case})).unwrap();
    let request = ReadRequest { stream: "accounts".into(), batch_rows: 10, ..Default::default() };
    let mut stream = source.read(&control, &request).unwrap();
    let mut rows = Vec::new();
    loop {
        match stream.next(&control) {
            Ok(Some(batch)) => {
                let Payload::Arrow(arrow) = &batch.payload else { panic!("{:?}", batch.payload) };
                assert_eq!(batch.positions.len(), arrow.len());
                rows.extend((0..arrow.len()).map(|row| arrow.json(row)));
            }
            Ok(None) => return (rows, None),
            Err(error) => return (rows, Some(error)),
        }
    }
}

fn job(case: &str, more: &str) -> Job {
    let text = format!(
        "[source]\nconnector = \"arrow\"\nconfig = {{ case = \"{case}\" }}\n\
         [target]\nworkspace = \"unused\"\n[[streams]]\nrecord_type = \"account\"\n\
         match = \"domains\"\n[streams.attributes]\nname = \"name\"\ndomains = \"domains\"\n\
         estimated_annual_revenue = \"revenue\"\ndescription = \"description\"\n\
         official_website = {{ expression = \"row.domains | first\" }}\n{more}"
    );
    Job::parse(&text, Path::new("")).unwrap()
}

fn sync(job: &Job, connector: &LoadedConnector, workspace: &dyn Workspace) -> Json {
    let options = RunOptions::default();
    let report = run(job, connector, workspace, options, &Control::default(), &mut |_| {}).unwrap();
    let counts = &report.streams[0].counts;
    json!({
        "counts": [counts.created, counts.updated, counts.unchanged, counts.rejected],
        "error": report.error.map(|error| error.code().name()),
    })
}

/// The attributes of every account.
fn accounts(workspace: &dyn Workspace) -> Vec<Json> {
    let schema = workspace.schema();
    let account = schema.record_type("account").unwrap();
    let query = Query::parse(&schema, account, Map::new()).unwrap();
    let page = workspace.query("account", &query).unwrap();
    page.records.iter().map(|record| record.to_json()["attributes"].take()).collect()
}

#[test]
fn arrow_by_hand_arrives_and_is_released_once_whatever_is_wrong_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let source = repository().join("tests/abi/arrow/arrow.c");
    let path = compile_c(&source, folder.path(), "arrow.so", &[]);
    let connector = LoadedConnector::load(&path).unwrap();
    // SAFETY: it is loaded already, and loading has no effect of its own.
    let counts = Counts(unsafe { libloading::Library::new(&path) }.unwrap());

    let (found, error) = rows(&connector, "null");
    assert!(error.is_none(), "{error:?}");
    assert_eq!(found.len(), 6);
    assert_eq!(
        found[..3],
        [
            json!({"name": "Acme", "domains": ["acme.com", "acme.org"], "description": "one",
                   "address": {"city": "Rome", "country": "IT"}, "revenue": "1234.50"}),
            json!({"name": "Bolt", "domains": ["bolt.io"], "description": null,
                   "address": {"city": null, "country": "FR"}, "revenue": null}),
            json!({"name": "Crüx", "domains": ["crux.dev"], "description": "three",
                   "address": null, "revenue": "-0.05"}),
        ]
    );
    assert_eq!(
        rows(&connector, "absent").0[1],
        json!({"name": "Bolt", "domains": ["bolt.io"], "address": {"country": "FR"}})
    );
    counts.assert_all_released("good reads");

    for (case, said) in CASES {
        let (before, error) = rows(&connector, case);
        let error = error.unwrap_or_else(|| panic!("{case} was accepted"));
        assert_eq!(error.code(), ConnectorMisbehaved, "{case}: {error:#}");
        // What the importer finds is told in its own words, which change with its version.
        let is_importers = error.message().contains("Arrow data is invalid: ");
        let is_said = is_importers || error.message().contains(said);
        assert!(is_said, "{case}: {error:#}");
        // What is wrong in a column's data is told with its name.
        let column = match *case {
            "few buffers" | "NULL text" | "not UTF-8" | "negative end" => Some("name"),
            "list past its end" => Some("domains"),
            "wrong null count" | "nulls without bits" => Some("description"),
            "released child" => Some("address"),
            "other type" => Some("revenue"),
            _ => error.field(),
        };
        assert_eq!(error.field(), column, "{case}: {error:#}");
        let is_released = case.starts_with("released");
        assert_eq!(error.message().ends_with("has no release function"), is_released, "{error:#}");
        assert!(!error.remedy().is_empty(), "{case}");
        assert_eq!(before.len(), 3, "{case}: the batch before is good");
        counts.assert_all_released(case);
    }

    let options = testkit::Options { repeats: 10, ..testkit::Options::default() };
    let report = testkit::run(&connector, Some(&json!({"case": "null"})), &options);
    for (name, detail) in [
        ("reads every row [accounts]", "6 rows and 0 bad rows"),
        ("resumes from every checkpoint [accounts]", "2 checkpoints"),
    ] {
        let check = report.checks.iter().find(|check| check.name == name).unwrap();
        assert_eq!((check.outcome, check.detail.as_str()), (Outcome::Passed, detail));
    }
    counts.assert_all_released("the testkit");
    syncs(&connector, folder.path());
    counts.assert_all_released("syncs");
}

fn syncs(connector: &LoadedConnector, folder: &Path) {
    let path = folder.join("crm.db");
    let options = OpenOptions { create: true, ..OpenOptions::default() };
    let workspace = open(path.to_str().unwrap(), options).unwrap();
    let workspace = &*workspace;
    let whole = "address = \"address\"\n";

    // What came before a changed schema is kept, and the next run goes on there.
    let failed = sync(&job("other type", whole), connector, workspace);
    assert_eq!(failed, json!({"counts": [3, 0, 0, 0], "error": ConnectorMisbehaved.name()}));
    assert_eq!(accounts(workspace).len(), 3);

    let first = sync(&job("full", whole), connector, workspace);
    assert_eq!(first, json!({"counts": [3, 1, 2, 0], "error": null}));
    let found = accounts(workspace);
    let acme =
        found.iter().find(|account| account["official_website"]["value"] == "acme.com").unwrap();
    assert_eq!(acme["display_name"]["value"], "Acme");
    assert!(acme["estimated_annual_revenue"]["value"].to_string().contains("1234.50"), "{acme:#}");
    assert_eq!(acme["address"]["value"]["city"], "Rome");
    assert_eq!(acme["domains"].as_array().unwrap().len(), 2);

    // An absent description stays, a null one goes.
    let described = |workspace| {
        let accounts = accounts(workspace);
        accounts.iter().filter(|account| !account["description"]["value"].is_null()).count()
    };
    assert_eq!(described(workspace), 6);
    let absent = sync(&job("absent", whole), connector, workspace);
    assert_eq!(absent, json!({"counts": [0, 0, 6, 0], "error": null}));
    assert_eq!(described(workspace), 6);
    let null = sync(&job("null", whole), connector, workspace);
    assert_eq!(null, json!({"counts": [0, 2, 4, 0], "error": null}));
    assert_eq!(described(workspace), 4);

    // A part of an address, out of the struct; and a row that is refused shows all of its columns.
    let part = "\"address.city\" = { expression = \"row.address.city\" }\nstage = \"revenue\"\n";
    let refused = sync(&job("absent", part), connector, workspace);
    assert_eq!(refused, json!({"counts": [0, 0, 2, 4], "error": null}));
    let mut texts = Vec::new();
    workspace
        .read_journal(&mut |journal| {
            journal.rejects(&Default::default(), &mut |listed| {
                texts.push((listed.reject.position, listed.reject.row));
                Ok(())
            })
        })
        .unwrap();
    let row: Json = serde_json::from_str(&texts[0].1).unwrap();
    assert_eq!(texts[0].0, 1);
    assert_eq!(row["address"], json!({"city": "Rome", "country": "IT"}));
}
