//! The examples of the CRM's documentation, replayed with curl against `headwater serve`.
//!
//! Each command is the documented one; only the host, the key and the ids in angle brackets are
//! filled in, as a reader of the page would do.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

use headwater_program_tests::{Desk, Served};
use serde_json::{Value as Json, json};

/// What the pages write in place of a server's address.
const DOCUMENTED_HOST: &str = "https://api.reevo.ai/api/v2";

/// A server, and what fills the brackets of the documented commands.
struct Reader {
    crm: Served,
    filled: Vec<(&'static str, String)>,
}

impl Reader {
    fn new(desk: &Desk) -> Self {
        let made = desk.run(&["keys", "create", "--workspace=crm.db", "--name=me", "--scope=*"]);
        let key = made.output.trim().to_owned();
        assert!(key.starts_with("hw_"), "{made:?}");
        Self { crm: Served::start(desk, &[]), filled: vec![("<your-api-key>", key)] }
    }

    fn fill(&mut self, bracket: &'static str, value: &Json) {
        self.filled.push((bracket, value.as_str().unwrap().to_owned()));
    }

    /// Runs a command in a shell; gives the status and the body.
    fn run(&self, documented: &str) -> (u16, String) {
        let mut command = documented.replace(DOCUMENTED_HOST, &self.crm.base);
        for (bracket, value) in &self.filled {
            command = command.replace(bracket, value);
        }
        assert!(command.starts_with("curl ") && !command.contains('<'), "{command}");
        let command = format!("{command} --silent --show-error --write-out '\\n%{{http_code}}'");
        let output = Command::new("sh").args(["-c", &command]).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "is curl installed? {command}: {errors}");
        let answer = String::from_utf8(output.stdout).unwrap();
        let (body, status) = answer.rsplit_once('\n').unwrap();
        (status.parse().unwrap(), body.to_owned())
    }

    fn json(&self, documented: &str, status: u16) -> Json {
        let (got, body) = self.run(documented);
        assert_eq!(got, status, "{documented}: {body}");
        serde_json::from_str(&body).unwrap()
    }
}

fn string(value: &str) -> Json {
    json!({ "value_type": "string", "value": value })
}

/// The record in the envelope of contract.md section 1.2, which holds nothing else.
fn record<'a>(answer: &'a Json, record_type: &str) -> &'a Json {
    let keys = |json: &'a Json| -> Vec<&'a str> {
        let mut keys: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
        keys.sort_unstable();
        keys
    };
    let record = &answer["data"];
    assert_eq!(keys(record), ["attributes", "created_at", "id", "record_type", "updated_at"]);
    assert_eq!(record["record_type"], record_type);
    for (name, value_type) in [("id", "uuid"), ("created_at", "timestamp")] {
        let repeated = json!({ "value_type": value_type, "value": record[name] });
        assert_eq!(record["attributes"][name], repeated);
    }
    record
}

#[test]
fn a_contact_is_created_found_patched_given_an_email_and_asserted() {
    let desk = Desk::new();
    let mut reader = Reader::new(&desk);
    assert_eq!(
        reader.json(r#"curl "https://api.reevo.ai/api/v2/health""#, 200),
        json!({"data": {"status": "healthy"}})
    );

    let created = reader.json(
        r#"curl -X POST "https://api.reevo.ai/api/v2/contact" \
  -H "Authorization: Bearer <your-api-key>" \
  -H "Content-Type: application/json" \
  -d '{
  "attributes": {
    "first_name": "Sarah",
    "last_name": "Chen",
    "stage": "working",
    "primary_email": "sarah.chen@acme.com"
  }
}'"#,
        201,
    );
    let sarah = record(&created, "contact").clone();
    let attributes = &sarah["attributes"];
    assert_eq!(attributes["first_name"], string("Sarah"));
    assert_eq!(attributes["last_name"], string("Chen"));
    assert_eq!(attributes["stage"]["value_type"], "contact_stage");
    assert_eq!(attributes["stage"]["value"]["api_name"], "working");
    let email = json!({ "value_type": "email", "value": "sarah.chen@acme.com" });
    assert_eq!(attributes["primary_email"], email);
    reader.fill("<contact_id>", &sarah["id"]);

    let read = r#"curl "https://api.reevo.ai/api/v2/contact/<contact_id>" \
  -H "X-Api-Key: <your-api-key>""#;
    assert_eq!(reader.json(read, 200), created);

    let found = reader.json(
        r#"curl -X POST "https://api.reevo.ai/api/v2/contact/_query" \
  -H "Authorization: Bearer <your-api-key>" \
  -H "Content-Type: application/json" \
  -d '{
  "filters": [
    { "field": "primary_email", "operator": "eq", "value": "sarah.chen@acme.com" }
  ],
  "limit": 1
}'"#,
        200,
    );
    assert_eq!(found, json!({ "data": [sarah], "next_cursor": null }));

    let patched = reader.json(
        r#"curl -X PATCH "https://api.reevo.ai/api/v2/contact/<contact_id>" \
  -H "Authorization: Bearer <your-api-key>" \
  -H "Content-Type: application/json" \
  -d '{
  "attributes": {
    "title": "CTO"
  }
}'"#,
        200,
    );
    let mut expected = sarah.clone();
    expected["attributes"]["title"] = string("CTO");
    expected["updated_at"] = patched["data"]["updated_at"].clone();
    expected["attributes"]["updated_at"]["value"] = patched["data"]["updated_at"].clone();
    assert_eq!(record(&patched, "contact"), &expected);
    assert!(patched["data"]["updated_at"].as_str() > sarah["updated_at"].as_str());

    let item = reader.json(
        r#"curl -X POST "https://api.reevo.ai/api/v2/contact/<contact_id>/attribute/contact_emails" \
  -H "Authorization: Bearer <your-api-key>" \
  -H "Content-Type: application/json" \
  -d '{ "email": "sarah@home.example", "is_primary": false, "labels": ["PERSONAL"] }'"#,
        201,
    );
    let id = &item["data"]["id"];
    let envelope = json!({
        "id": id, "email": "sarah@home.example", "is_primary": false, "labels": ["PERSONAL"],
    });
    assert_eq!(item, json!({ "data": { "id": id, "envelope": envelope } }));
    let emails = &reader.json(read, 200)["data"]["attributes"]["contact_emails"];
    assert_eq!(emails[0]["value"]["email"], "sarah.chen@acme.com");
    assert_eq!(emails[1], json!({ "value_type": "contact_email", "value": envelope }));

    // The page's assert finds the contact that the page's create made; archived, it makes another.
    let assert = r#"curl -X POST "https://api.reevo.ai/api/v2/contact/_assert" \
  -H "Authorization: Bearer <your-api-key>" \
  -H "Content-Type: application/json" \
  -d '{
  "match": {
    "contact_emails": "sarah.chen@acme.com"
  },
  "attributes": {
    "first_name": "Sarah",
    "last_name": "Chen",
    "stage": "working",
    "title": "CTO"
  }
}'"#;
    let updated = reader.json(assert, 200);
    assert_eq!(updated["meta"], json!({ "action": "updated" }));
    assert_eq!(record(&updated, "contact")["id"], sarah["id"]);
    let archived = reader.run(
        r#"curl -X DELETE "https://api.reevo.ai/api/v2/contact/<contact_id>" \
  -H "Authorization: Bearer <your-api-key>""#,
    );
    assert_eq!(archived, (204, String::new()));
    let created = reader.json(assert, 201);
    assert_eq!(created["meta"], json!({ "action": "created" }));
    let again = record(&created, "contact");
    assert_ne!(again["id"], sarah["id"]);
    assert_eq!(again["attributes"]["primary_email"], email);
    let updated = reader.json(assert, 200);
    assert_eq!(updated["meta"], json!({ "action": "updated" }));
    assert_eq!(&updated["data"], again);
}

#[test]
fn an_account_is_linked_by_its_domain_and_archived() {
    let desk = Desk::new();
    let mut reader = Reader::new(&desk);
    let sarah = reader.json(
        r#"curl -X POST "https://api.reevo.ai/api/v2/contact" \
  -H "Authorization: Bearer <your-api-key>" \
  -H "Content-Type: application/json" \
  -d '{ "attributes": { "first_name": "Sarah", "last_name": "Chen" } }'"#,
        201,
    );
    reader.fill("<contact_id>", &sarah["data"]["id"]);
    let acme = reader.json(
        r#"curl -X POST "https://api.reevo.ai/api/v2/account/_assert" \
  -H "Authorization: Bearer <your-api-key>" \
  -H "Content-Type: application/json" \
  -d '{ "match": { "domain_name": "acme.com" }, "attributes": { "name": "Acme Corporation" } }'"#,
        201,
    );
    assert_eq!(acme["meta"], json!({ "action": "created" }));
    let attributes = &record(&acme, "account")["attributes"];
    assert_eq!(attributes["display_name"], string("Acme Corporation"));
    let domain = json!({ "domain_name": "acme.com", "is_primary": true, "status": null });
    let domains = json!([{ "value_type": "account_domain", "value": domain }]);
    assert_eq!(attributes["domains"], domains);
    reader.fill("<account_id>", &acme["data"]["id"]);

    let edge = reader.json(
        r#"curl -X POST "https://api.reevo.ai/api/v2/contact/<contact_id>/relationship/accounts" \
  -H "Authorization: Bearer <your-api-key>" \
  -H "Content-Type: application/json" \
  -d '{
  "related_record_match": { "domain_name": "acme.com" },
  "role": "champion",
  "is_primary": true
}'"#,
        201,
    );
    let through = json!({
        "id": edge["item"]["through"]["id"],
        "record_type": "contact_account",
        "attributes": {
            "role": string("champion"),
            "is_primary": { "value_type": "boolean", "value": true },
        },
    });
    let item = json!({
        "related_record_id": acme["data"]["id"],
        "related_record_type": "account",
        "through": through,
    });
    let parent = json!({ "id": sarah["data"]["id"], "record_type": "contact" });
    assert_eq!(edge, json!({ "parent": parent, "api_name": "accounts", "item": item }));
    let list = r#"curl "https://api.reevo.ai/api/v2/contact/<contact_id>/relationship/accounts" \
  -H "Authorization: Bearer <your-api-key>""#;
    assert_eq!(
        reader.json(list, 200),
        json!({ "parent": parent, "api_name": "accounts", "items": [item], "next_cursor": null })
    );

    let archive = r#"curl -X DELETE "https://api.reevo.ai/api/v2/account/<account_id>" \
  -H "Authorization: Bearer <your-api-key>""#;
    assert_eq!(reader.run(archive), (204, String::new()));
    let gone = reader.json(archive, 404);
    assert_eq!(gone["error"]["code"], "record_not_found");
    assert_eq!(reader.json(list, 200)["items"], json!([]));
}
