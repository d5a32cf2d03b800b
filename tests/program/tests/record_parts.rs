//! `headwater record item`, `link`, `links` and `schema`, as a user types them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use headwater_program_tests::{Desk, Finished};
use serde_json::{Value as Json, json};

struct Terminal(Desk);

impl Terminal {
    fn record(&self, arguments: &[&str]) -> Finished {
        self.0.run(&[&["record"], arguments, &["--workspace=crm.db"]].concat())
    }

    fn create(&self, record_type: &str, attributes: &Json) -> String {
        let made = self.record(&["create", record_type, &attributes.to_string()]).json();
        made["data"]["id"].as_str().unwrap().to_owned()
    }

    fn refused(&self, arguments: &[&str], code: &str) {
        let finished = self.record(arguments);
        assert_eq!(finished.status, Some(1), "{finished:?}");
        assert!(finished.errors.contains(code), "{code}: {finished:?}");
    }
}

#[test]
fn items_are_added_changed_and_removed() {
    let terminal = Terminal(Desk::new());
    let sarah = terminal.create("contact", &json!({"primary_email": "sarah@acme.com"}));
    let emails = ["contact", &sarah, "contact_emails"];
    let email = r#"{"email": "sarah@home.example", "labels": ["PERSONAL"]}"#;
    let added = terminal.record(&[&["item", "add"], &emails[..], &[email]].concat()).json();
    assert_eq!(added["data"]["envelope"]["labels"], json!(["PERSONAL"]));
    let item = added["data"]["id"].as_str().unwrap();
    let primary = r#"{"is_primary": true}"#;
    let changed =
        terminal.record(&[&["item", "change"], &emails[..], &[item, primary]].concat()).json();
    assert_eq!(changed["data"]["envelope"]["is_primary"], true);
    let read = terminal.record(&["get", "contact", &sarah]).json();
    assert_eq!(read["data"]["attributes"]["primary_email"]["value"], "sarah@home.example");
    let remove = [&["item", "remove"], &emails[..], &[item]].concat();
    let removed = terminal.record(&remove);
    assert_eq!((removed.status, &*removed.output), (Some(0), ""));
    terminal.refused(&remove, "record_not_found");
    terminal.refused(&["item", "add", "contact", &sarah, "title", "{}"], "operation_not_supported");

    let acme = terminal.create("account", &json!({"name": "Acme"}));
    let domain = ["item", "add", "account", &acme, "domains", r#"{"domain_name": "acme.com"}"#];
    let added = terminal.record(&domain).json();
    assert_eq!(
        added["data"],
        json!({"domain_name": "acme.com", "is_primary": true, "status": null})
    );
    let removed = terminal.record(&["item", "remove", "account", &acme, "domains", "ACME.com"]);
    assert_eq!(removed.status, Some(0), "{removed:?}");
}

#[test]
fn records_are_linked_listed_and_unlinked() {
    let terminal = Terminal(Desk::new());
    let sarah = terminal.create("contact", &json!({"primary_email": "sarah@acme.com"}));
    let acme = terminal.create("account", &json!({"name": "Acme", "domains": ["acme.com"]}));
    let other = terminal.create("account", &json!({"name": "Other"}));
    let by_domain = r#"{"domain_name": "acme.com"}"#;
    let accounts = ["contact", &sarah, "accounts"];
    let link = [&["link"], &accounts[..], &["--match", by_domain, "--set", r#"{"role": "CEO"}"#]];
    let linked = terminal.record(&link.concat()).json();
    assert_eq!(linked["item"]["related_record_id"], json!(acme));
    let linked = terminal.record(&[&["link"], &accounts[..], &[&other]].concat()).json();
    assert_eq!(linked["item"]["related_record_id"], json!(other));
    let set = ["--set", r#"{"is_primary": true}"#];
    let changed = terminal.record(&[&["relink"], &accounts[..], &[&acme], &set].concat()).json();
    let said = &changed["item"]["through"]["attributes"];
    assert_eq!(
        (&said["role"]["value"], &said["is_primary"]["value"]),
        (&json!("CEO"), &json!(true))
    );

    let first = terminal.record(&[&["links"], &accounts[..], &["--limit=1"]].concat()).json();
    assert_eq!(first["items"][0]["related_record_id"], json!(acme));
    let cursor = first["next_cursor"].as_str().unwrap();
    let next = [&["links"], &accounts[..], &["--limit=1", "--cursor", cursor]].concat();
    let next = terminal.record(&next).json();
    assert_eq!(next["items"][0]["related_record_id"], json!(other));
    assert_eq!(next["next_cursor"], Json::Null);

    let unlink = [&["unlink"], &accounts[..], &[&acme]].concat();
    let unlinked = terminal.record(&unlink);
    assert_eq!((unlinked.status, &*unlinked.output), (Some(0), ""));
    terminal.refused(&unlink, "target_record_not_found");
    terminal.refused(&["link", "contact", &sarah, "friends", &other], "unknown_relationship");
    terminal.refused(&["links", "contact", &sarah, "account"], "did you mean \"accounts\"?");
    let neither = terminal.record(&[&["link"], &accounts[..]].concat());
    assert_eq!(neither.status, Some(1), "{neither:?}");
}

#[test]
fn record_types_and_relationships_are_discovered() {
    let desk = Desk::new();
    let listed = desk.run(&["record", "schema", "--format=jsonl"]);
    let row = |name: &str| -> Json {
        let rows = listed.output.lines().map(|line| serde_json::from_str::<Json>(line).unwrap());
        rows.into_iter().find(|row| row["record_type"] == name).unwrap()
    };
    assert_eq!(
        (&row("contact")["display_name"], &row("contact")["kind"]),
        (&json!("Contact"), &json!("standard"))
    );
    assert_eq!(row("user")["kind"], "read_only");
    let relationships = row("contact")["relationships"].as_str().unwrap().to_owned();
    assert!(relationships.starts_with("accounts opportunities"), "{relationships}");

    let links = desk.run(&["record", "schema", "contact", "--relationships", "--format=csv"]);
    let rows: Vec<&str> = links.output.lines().collect();
    assert_eq!(rows[0], "relationship,leads_to,seen_from_there,kind,attributes");
    assert_eq!(rows[1], "accounts,account,contacts,typed,role is_primary");
    assert!(rows.contains(&"meetings,meeting,contacts,read_only,"), "{rows:?}");
    assert!(rows.contains(&"tasks,task,contacts,generic,"), "{rows:?}");
    let table = desk.run(&["record", "schema"]);
    assert!(table.output.starts_with("record_type  display_name"), "{table:?}");
    let alone = desk.run(&["record", "schema", "--relationships"]);
    assert_eq!(alone.status, Some(1), "{alone:?}");
}
