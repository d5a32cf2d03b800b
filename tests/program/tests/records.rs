//! `headwater record` and `headwater connectors`, as a user types them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use headwater_program_tests::{Desk, Served, finish};
use serde_json::{Value as Json, json};

const WORKSPACE: &str = "--workspace=crm.db";

#[test]
fn an_activity_is_logged_and_shown_in_its_own_shape() {
    let desk = Desk::new();
    let ann = desk.run(&["record", "create", "contact", r#"{"first_name": "Ann"}"#, WORKSPACE]);
    let ann = ann.json()["data"]["id"].clone();
    let metadata = json!({"activity_time": "2026-11-07T05:31:56Z", "subject": "Lunch", "description": "Talked"});
    let activity = json!({ "metadata": metadata, "contact_ids": [ann] }).to_string();
    let logged = desk.run(&["record", "create", "activity", &activity, WORKSPACE]).json();
    assert_eq!(logged["data"]["metadata"], metadata);
    let id = logged["data"]["id"].as_str().unwrap();
    assert_eq!(desk.run(&["record", "get", "activity", id, WORKSPACE]).json(), logged);
    let found = desk.run(&["record", "query", "activity", WORKSPACE]).json();
    assert_eq!(found["data"], json!([logged["data"]]));
}

#[test]
fn a_record_is_made_read_changed_asserted_and_archived() {
    let desk = Desk::new();
    let sarah = r#"{"first_name": "Sarah", "last_name": "Chen", "stage": "working", "primary_email": "sarah.chen@acme.com"}"#;
    let created = desk.run(&["record", "create", "contact", sarah, WORKSPACE]).json();
    let id = created["data"]["id"].as_str().unwrap().to_owned();
    assert_eq!(created["data"]["attributes"]["stage"]["value"]["api_name"], "working");
    let read = desk.run(&["record", "get", "contact", &id, WORKSPACE]).json();
    assert_eq!(read, created);
    let patched = desk
        .run(&[
            "record",
            "patch",
            "contact",
            &id,
            r#"{"title": "CTO", "last_name": null}"#,
            WORKSPACE,
        ])
        .json();
    assert_eq!(patched["data"]["attributes"]["title"]["value"], "CTO");
    assert_eq!(patched["data"]["attributes"]["last_name"]["value"], json!(null));
    let matching = r#"{"contact_emails": "Sarah.Chen@acme.com"}"#;
    let asserted = desk
        .run(&[
            "record",
            "assert",
            "contact",
            "--match",
            matching,
            r#"{"title": "CEO"}"#,
            WORKSPACE,
        ])
        .json();
    assert_eq!(asserted["meta"]["action"], "updated");
    assert_eq!(asserted["data"]["id"], json!(id));
    assert_eq!(desk.run(&["record", "archive", "contact", &id, WORKSPACE]).status, Some(0));
    let gone = desk.run(&["record", "get", "contact", &id, WORKSPACE]);
    assert_eq!(gone.status, Some(1));
    assert!(gone.errors.contains("record_not_found"), "{gone:?}");
}

#[test]
fn attributes_may_come_from_stdin_and_mistakes_are_told() {
    let desk = Desk::new();
    desk.write("new.json", r#"{"name": "Acme"}"#);
    let mut command = desk.command(&["record", "create", "account", "-", WORKSPACE]);
    command.stdin(std::fs::File::open(desk.path("new.json")).unwrap());
    let made = finish(command);
    assert_eq!(made.json()["data"]["attributes"]["display_name"]["value"], "Acme");
    let cases: [(&[&str], &str); 4] = [
        (&["record", "create", "account", "{name: 1}", WORKSPACE], "invalid_request"),
        (&["record", "create", "account", r#"{"nmae": "x"}"#, WORKSPACE], "did you mean \"name\"?"),
        (&["record", "get", "account", "7", WORKSPACE], "not a record id"),
        (&["record", "schema", "acount"], "did you mean \"account\"?"),
    ];
    for (arguments, expected) in cases {
        let finished = desk.run(arguments);
        assert_eq!(finished.status, Some(1), "{finished:?}");
        assert!(finished.errors.contains(expected), "{expected}: {finished:?}");
    }
    for of in [&[][..], &[WORKSPACE]] {
        let junction =
            desk.run(&[&["record", "schema", "contact_account"][..], of].concat()).json();
        assert_eq!(junction["is_junction"], true);
        assert_eq!(junction["attributes"][0]["api_name"], "role");
    }
    let schema = desk.run(&["record", "schema", "contact"]).json();
    assert_eq!(schema["api_name"], "contact");
}

#[test]
fn duplicates_are_refused_once_the_workspace_says_so() {
    let desk = Desk::new();
    let ann = r#"{"first_name": "Ann", "primary_email": "ann@x.example"}"#;
    desk.run(&["record", "create", "contact", ann, WORKSPACE, "--duplicates=reject"]);
    let second = desk.run(&["record", "create", "contact", ann, WORKSPACE]);
    assert_eq!(second.status, Some(1));
    assert!(second.errors.contains("unique_conflict"), "{second:?}");
}

#[test]
fn connectors_are_listed_described_and_tested() {
    let desk = Desk::new();
    desk.write("rows.csv", "a,b\n1,2\n3,4\n5,6\n");
    let listed = desk.run(&["connectors", "list", "--format=json"]).json();
    let names: Vec<&str> = listed["connectors"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|connector| connector["name"].as_str())
        .collect();
    assert!(names.contains(&"csv") && names.contains(&"json"), "{listed}");
    let info = desk.run(&["connectors", "info", "csv"]).json();
    assert_eq!(info["config_schema"]["properties"]["path"]["format"], "path");
    let path = info["path"].as_str().unwrap();
    let tested = desk.run(&["connectors", "test", path, "--config", r#"{"path": "rows.csv"}"#]);
    assert_eq!(tested.status, Some(0), "{tested:?}");
    assert!(tested.output.lines().all(|line| line.starts_with("passed")), "{tested:?}");
    // It is listed under the name that finds it, whatever it calls itself.
    std::fs::copy(path, desk.path("libheadwater_connector_tables.so")).unwrap();
    let in_folder = |arguments: &[&str]| {
        let mut command = desk.command(arguments);
        command.env("HEADWATER_CONNECTOR_PATH", desk.folder());
        finish(command).json()
    };
    let listed = in_folder(&["connectors", "list", "--format=json"]);
    let names = listed["connectors"].as_array().unwrap().iter().map(|entry| &entry["name"]);
    assert!(names.into_iter().any(|name| name == "tables"), "{listed}");
    assert_eq!(in_folder(&["connectors", "info", "tables"])["name"], "csv");
    let unknown = desk.run(&["connectors", "info", "cvs"]);
    assert_eq!(unknown.status, Some(1));
    assert!(unknown.errors.contains("did you mean `csv`?"), "{unknown:?}");
}

#[test]
fn a_seed_file_is_taken_as_a_whole_or_not_at_all() {
    let desk = Desk::new();
    let user = r#"{"record_type": "user", "attributes": {"email": "owner@acme.com"}}"#;
    let owned = r#"{"record_type": "contact", "attributes": {"first_name": "Sarah", "owner_user_id": {"related_record_match": {"email": "owner@acme.com"}}}}"#;
    desk.write("bad.jsonl", format!("{user}\n\n{{\"record_type\": \"user\"}}\n"));
    let refused = desk.run(&["seed", "bad.jsonl", WORKSPACE]);
    assert_eq!(refused.status, Some(1));
    assert!(refused.errors.contains("invalid_request"), "{refused:?}");
    assert!(refused.errors.contains("line 3"), "{refused:?}");
    // As Windows saves it.
    desk.write("good.jsonl", format!("\u{feff}{user}\n{owned}\n"));
    let count = |kind: &str| {
        let asked = ["record", "query", kind, WORKSPACE];
        desk.run(&asked).json()["data"].as_array().unwrap().len()
    };
    for contacts in 1..=2 {
        assert_eq!(desk.run(&["seed", "good.jsonl", WORKSPACE]).status, Some(0));
        // The user is known by its e-mail, a contact is new each time.
        assert_eq!((count("user"), count("contact")), (1, contacts));
    }
    let missing = desk.run(&["seed", "none.jsonl", "--format=json", WORKSPACE]);
    assert_eq!(missing.status, Some(1));
    assert_eq!(missing.json()["error"]["code"], "source_unavailable");
}

#[test]
fn a_schema_file_is_applied_and_what_it_declares_can_be_synced() {
    let desk = Desk::new();
    desk.write(
        "schema.toml",
        r#"
[[record_types]]
api_name = "project"
display_name = "Project"
attributes = [{ api_name = "name", display_name = "Name", value_type = "string", required = true }]

[[custom_fields]]
record_type = "contact"
attributes = [{ api_name = "shoe_size", display_name = "Shoe size", value_type = "number" }]
"#,
    );
    let applied = desk.run(&["schema", "apply", "schema.toml", WORKSPACE]);
    assert_eq!(
        (applied.status, &*applied.output),
        (Some(0), "added project\nadded contact.shoe_size\n")
    );
    let again = desk.run(&["schema", "apply", "schema.toml", "--format=json", WORKSPACE]);
    assert_eq!(again.json(), json!({"added": [], "changed": []}));
    desk.write("people.csv", "First Name,Shoe Size\nSarah,38\n");
    let synced =
        desk.run(&["sync", "people.csv", "--to=crm.db", "--type=contact", "--mode=create"]);
    assert_eq!(synced.status, Some(0), "{synced:?}");
    let found = desk.run(&["record", "query", "contact", WORKSPACE]).json();
    assert_eq!(found["data"][0]["attributes"]["shoe_size"]["value"], json!(38));
    let shown = desk.run(&["record", "schema", "project", WORKSPACE]).json();
    assert_eq!(shown["is_custom"], json!(true));
    let none = desk.run(&["schema", "apply", "none.toml", WORKSPACE]);
    assert!(none.errors.contains("config_invalid"), "{none:?}");
}

/// As numbers in JSON they would be floats to most parsers.
#[test]
fn an_amount_keeps_its_digits_or_is_refused() {
    let desk = Desk::new();
    let attributes =
        |amount: &str| format!(r#"{{"name": "Acme", "estimated_annual_revenue": {amount}}}"#);
    let exact = "12345678901234567890.12";
    let create =
        |amount: &str| desk.run(&["record", "create", "account", &attributes(amount), WORKSPACE]);
    let amount_of = |answer: &Json| {
        answer["data"]["attributes"]["estimated_annual_revenue"]["value"]["amount"].clone()
    };
    assert_eq!(amount_of(&create(exact).json()), exact);
    let too_long = create("1.00000000000000000000000000000000001");
    assert_ne!(too_long.status, Some(0));
    assert!(too_long.errors.contains("at most 28 digits"), "{}", too_long.errors);

    let crm = Served::start(&desk, &["--no-auth"]);
    let post = |amount: &str| {
        let body = format!(r#"{{"attributes": {}}}"#, attributes(amount));
        let answer = crm.request("POST", "/api/v2/account", &[], body.as_bytes()).unwrap();
        (answer.status().as_u16(), serde_json::from_str::<Json>(answer.body()).unwrap())
    };
    let (status, answer) = post(exact);
    assert_eq!((status, amount_of(&answer)), (201, Json::from(exact)));
    let (status, answer) = post("1.00000000000000000000000000000000001");
    assert_eq!((status, &answer["error"]["field"]), (400, &"estimated_annual_revenue".into()));
    assert!(answer["error"]["details"]["hint"].as_str().unwrap().contains("at most 28 digits"));
}
