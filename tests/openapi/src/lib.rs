//! A server on a workspace that holds something of everything, and the Python that looks at it.

use std::path::{Path, PathBuf};
use std::process::Command;

use headwater_program_tests::{Desk, Served};
use serde_json::{Value as Json, json};

/// Where the document is.
pub const DOCUMENT: &str = "/api/local/openapi.json";

/// A server with custom objects and fields, and records of every type.
pub struct Peopled {
    /// The server.
    pub crm: Served,
    /// The ids of records, by their type.
    pub ids: Json,
    /// Where its workspace is; kept for as long as it is served.
    pub desk: Desk,
}

impl Peopled {
    /// Starts it with these arguments.
    ///
    /// # Panics
    /// If anything of it is refused.
    #[must_use]
    pub fn start(arguments: &[&str]) -> Self {
        let desk = Desk::new();
        desk.write("seed.jsonl", seed());
        let seed = ["seed", "--workspace", "crm.db", "seed.jsonl", "--format", "json"];
        let seeded = desk.run(&seed).json();
        let id = |place: usize| seeded["records"][place]["id"].clone();
        let mut ids = json!({ "user": [id(0)], "meeting": [id(1)] });

        let make = ["keys", "create", "--workspace", "crm.db", "--name", "me", "--scope", "*"];
        let key = desk.run(&make).output.trim().to_owned();
        let mut crm = Served::start(&desk, arguments);
        crm.key = Some(key);
        let declared = crm
            .request("POST", "/api/local/schema", &[], declarations().to_string().as_bytes())
            .expect("the server answers");
        assert_eq!(declared.status(), 200, "{}", declared.body());
        for (record_type, attributes) in records() {
            let body = json!({ "attributes": attributes });
            let (status, answer) = crm.post(&format!("/{record_type}"), &body);
            assert_eq!(status, 201, "{answer}");
            let known = ids[record_type].as_array().cloned().unwrap_or_default();
            ids[record_type] = known.into_iter().chain([answer["data"]["id"].clone()]).collect();
        }
        let contact = ids["contact"][0].as_str().unwrap_or_default();
        let link = json!({ "related_record_match": { "domain_name": "acme.com" } });
        let (status, answer) =
            crm.post(&format!("/contact/{contact}/relationship/accounts"), &link);
        assert_eq!(status, 201, "{answer}");
        Self { crm, ids, desk }
    }

    /// The document.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn document(&self) -> Json {
        let answer = self.crm.request("GET", DOCUMENT, &[], b"").expect("the server answers");
        assert_eq!(answer.status(), 200, "{}", answer.body());
        serde_json::from_str(answer.body()).expect("the document is JSON")
    }
}

fn seed() -> String {
    let user = json!({ "record_type": "user", "attributes": { "email": "owner@acme.com" } });
    let meeting = json!({ "record_type": "meeting", "attributes": { "title": "Kick-off" } });
    format!("{user}\n{meeting}\n")
}

/// An object with a field of each value type that may be declared.
fn declarations() -> Json {
    let options = json!([
        { "api_name": "one", "display_value": "One", "color": "gray" },
        { "api_name": "two", "display_value": "Two", "color": "blue" },
    ]);
    let plain = [
        "string",
        "long_text",
        "rich_text",
        "email",
        "phone_number",
        "url",
        "number",
        "currency",
        "percent",
        "boolean",
        "timestamp",
        "date",
        "time",
        "uuid",
        "address",
    ];
    let mut attributes: Vec<Json> = plain
        .iter()
        .map(|name| json!({ "api_name": format!("a_{name}"), "display_name": name, "value_type": name }))
        .collect();
    for name in ["select", "enum"] {
        attributes.push(json!({
            "api_name": format!("a_{name}"), "display_name": name, "value_type": name,
            "options": options,
        }));
    }
    attributes.push(json!({
        "api_name": "tags", "display_name": "Tags", "value_type": "string", "is_array": true,
    }));
    attributes.push(json!({
        "api_name": "account_id", "display_name": "Account", "value_type": "record_reference",
        "target": "account",
    }));
    json!({
        "record_types": [{
            "api_name": "vessel", "display_name": "Vessel", "attributes": attributes,
            "relationships": [{
                "api_name": "members", "display_name": "Members", "target": "contact",
                "inverse": { "api_name": "vessels", "display_name": "Vessels" },
            }],
        }],
        "custom_fields": [{
            "record_type": "account",
            "attributes": [{
                "api_name": "tax_number", "display_name": "Tax number", "value_type": "string",
                "is_unique": true,
            }],
        }],
    })
}

fn records() -> Vec<(&'static str, Json)> {
    let owner = json!({ "related_record_match": { "email": "owner@acme.com" } });
    let account = json!({ "related_record_match": { "domain_name": "acme.com" } });
    vec![
        ("account", json!({ "name": "Acme", "domains": ["acme.com"], "owner_user_id": owner })),
        ("account", json!({ "name": "Acme again", "domains": ["acme.example"] })),
        (
            "contact",
            json!({
                "first_name": "Sarah", "contact_emails": ["sarah.chen@acme.com"],
                "contact_phone_numbers": ["+14155551234"], "address": { "city": "Bern" },
            }),
        ),
        ("contact", json!({ "last_name": "Okafor", "primary_email": "bob@acme.com" })),
        ("opportunity", json!({ "display_name": "Renewal", "account_id": account })),
        ("task", json!({ "title": "Call back", "owner_user_id": owner })),
        ("note", json!({ "note_html": "<p>Hello</p>" })),
        ("vessel", json!({ "a_string": "Bridge", "a_currency": "10.50", "tags": ["x", "y"] })),
        (
            "activity",
            json!({ "metadata": {
                "activity_time": "2026-11-07T05:31:56Z", "subject": "Call", "description": "Went well",
            } }),
        ),
    ]
}

/// The program of that name beside the Python that `make test` installs.
///
/// # Panics
/// If it is not installed.
#[must_use]
pub fn python(program: &str) -> Command {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let installed: PathBuf = here.join("../../.venv/bin").join(program);
    assert!(installed.exists(), "{} is missing: run `make test`", installed.display());
    let mut command = Command::new(installed);
    command.current_dir(here).env("PYTHONDONTWRITEBYTECODE", "1");
    command
}
