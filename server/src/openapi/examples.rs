//! Request examples, as contract.md and the documentation behind it show them.

use headwater::schema::RelationshipEnd;
use headwater::value::ValueType;
use serde_json::{Value as Json, json};

use super::operation::Example;

fn attributes(attributes: &Json) -> Json {
    json!({ "attributes": attributes })
}

pub(super) fn create(record_type: &str) -> Vec<Example> {
    match record_type {
        "contact" => vec![
            (
                "Create Sarah Chen",
                attributes(&json!({
                    "first_name": "Sarah",
                    "last_name": "Chen",
                    "primary_email": "sarah.chen@acme.com",
                    "stage": "working",
                    "owner_user_id": { "related_record_match": { "email": "owner@acme.com" } },
                })),
            ),
            (
                "The same in envelopes",
                attributes(&json!({
                    "first_name": { "value_type": "string", "value": "Sarah" },
                    "primary_email": { "value_type": "email", "value": "sarah.chen@acme.com" },
                    "contact_phone_numbers": [
                        { "phone_number": "+14155551234", "is_primary": true, "labels": ["WORK"] },
                    ],
                })),
            ),
        ],
        "account" => vec![(
            "Create Acme",
            attributes(&json!({
                "name": "Acme Corporation",
                "domains": ["acme.com"],
                "estimated_annual_revenue": { "amount": "1234.50" },
                "address": { "city": "San Francisco", "country": "US" },
            })),
        )],
        "opportunity" => vec![(
            "Create a deal",
            attributes(&json!({
                "display_name": "Acme renewal",
                "account_id": { "related_record_match": { "domain_name": "acme.com" } },
                "amount": "25000.00",
                "stage": "proposal",
            })),
        )],
        "task" => vec![(
            "Create a task",
            attributes(&json!({
                "title": "Call Sarah back",
                "owner_user_id": { "related_record_match": { "email": "owner@acme.com" } },
                "due_at": "2026-11-07T05:31:56Z",
            })),
        )],
        "note" => vec![(
            "Create a note",
            attributes(&json!({
                "note_html": { "value_type": "rich_text", "value": "<p>Asked for a quote.</p>" },
            })),
        )],
        _ => Vec::new(),
    }
}

pub(super) fn patch(record_type: &str) -> Vec<Example> {
    match record_type {
        "contact" => vec![
            ("Change the title", attributes(&json!({ "title": "CTO" }))),
            ("Clear the title", attributes(&json!({ "title": null }))),
        ],
        "task" => vec![("Complete a task", attributes(&json!({ "status": "COMPLETED" })))],
        _ => Vec::new(),
    }
}

pub(super) fn assert(record_type: &str) -> Vec<Example> {
    match record_type {
        "contact" => vec![(
            "By e-mail",
            json!({
                "match": { "contact_emails": "sarah.chen@acme.com" },
                "attributes": { "title": "CTO" },
            }),
        )],
        "account" => vec![(
            "By domain",
            json!({
                "match": { "domain_name": "acme.com" },
                "attributes": { "name": "Acme Corporation" },
            }),
        )],
        _ => Vec::new(),
    }
}

pub(super) fn query(record_type: &str) -> Vec<Example> {
    let mut examples = vec![(
        "What changed since",
        json!({
            "filters": [
                { "field": "updated_at", "operator": "gte", "value": "2026-06-01T00:00:00Z" },
            ],
            "sort": [{ "field": "updated_at", "direction": "asc" }],
            "limit": 100,
        }),
    )];
    if record_type == "contact" {
        examples.push((
            "By e-mail",
            json!({
                "filters": [
                    { "field": "primary_email", "operator": "eq", "value": "sarah.chen@acme.com" },
                ],
            }),
        ));
        examples.push((
            "Groups and paths",
            json!({
                "filters": [
                    { "field": "accounts.domains", "operator": "eq", "value": "acme.com" },
                    { "or": [
                        { "field": "title", "operator": "contains", "value": "chief" },
                        { "not": { "field": "stage", "operator": "in", "value": ["new"] } },
                    ] },
                ],
            }),
        ));
    }
    examples
}

pub(super) fn item(value_type: ValueType) -> Vec<Example> {
    match value_type {
        ValueType::ContactEmail => vec![(
            "A private address",
            json!({ "email": "sarah@home.example", "is_primary": false, "labels": ["PERSONAL"] }),
        )],
        ValueType::ContactPhoneNumber => vec![(
            "A mobile number",
            json!({ "phone_number": "+14155551234", "is_primary": false, "labels": ["MOBILE"] }),
        )],
        ValueType::AccountDomain => {
            vec![("Another domain", json!({ "domain_name": "acme.example" }))]
        }
        _ => Vec::new(),
    }
}

pub(super) fn primary() -> Vec<Example> {
    vec![("Make it the primary one", json!({ "is_primary": true }))]
}

/// What the documentation links by: an account by its domain.
pub(super) fn edge(end: &RelationshipEnd) -> Vec<Example> {
    let matching = match end.there().record_type.as_str() {
        "account" => json!({ "domain_name": "acme.com" }),
        "contact" => json!({ "contact_emails": "sarah.chen@acme.com" }),
        _ => return Vec::new(),
    };
    vec![("By match", json!({ "related_record_match": matching }))]
}

pub(super) fn activity() -> Vec<Example> {
    vec![(
        "Log a call",
        attributes(&json!({
            "metadata": {
                "activity_time": "2026-11-07T05:31:56Z",
                "subject": "Intro call",
                "description": "Talked about the renewal.",
                "category": "CALL",
            },
        })),
    )]
}

pub(super) fn activities() -> Vec<Example> {
    let contact = "01a20a46-feca-7654-a24f-4ce742e8730e";
    vec![("Of a contact", json!({ "contact_id": contact, "limit": 50 }))]
}

pub(super) fn declarations() -> Vec<Example> {
    vec![(
        "A field and an object",
        json!({
            "custom_fields": [{
                "record_type": "account",
                "attributes": [{
                    "api_name": "tax_number",
                    "display_name": "Tax number",
                    "value_type": "string",
                    "is_unique": true,
                }],
            }],
            "record_types": [{
                "api_name": "project",
                "display_name": "Project",
                "attributes": [{
                    "api_name": "name",
                    "display_name": "Name",
                    "value_type": "string",
                    "required": true,
                }],
            }],
        }),
    )]
}
