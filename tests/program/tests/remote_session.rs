//! The documented examples as the remote workspace makes them: each request and answer is recorded on its
//! way, and compared with contract.md.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use headwater::remote::{ApiKey, RemoteOptions};
use headwater::{Query, Workspace, open_remote};
use headwater_program_tests::{Desk, Served};
use serde_json::{Map, Value as Json, json};

/// A request and its answer.
#[derive(Debug, Clone)]
struct Exchange {
    request: String,
    authorization: String,
    body: Json,
    status: u16,
    answer: Json,
}

/// Passes requests on to a server, and writes down what is said.
struct Recorder {
    address: String,
    session: Arc<Mutex<Vec<Exchange>>>,
}

impl Recorder {
    fn before(crm: Served) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let session = Arc::new(Mutex::new(Vec::new()));
        let written = Arc::clone(&session);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                pass_on(stream.unwrap(), &crm, &written);
            }
        });
        Self { address, session }
    }

    /// The latest exchange.
    fn last(&self) -> Exchange {
        self.session.lock().unwrap().last().cloned().unwrap()
    }
}

fn pass_on(mut stream: TcpStream, crm: &Served, session: &Mutex<Vec<Exchange>>) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let header = |name: &str| {
        let lines = head.lines().filter_map(|line| line.split_once(": "));
        let mut found = lines.filter(|(known, _)| known.eq_ignore_ascii_case(name));
        found.next().map_or(String::new(), |(_, value)| value.to_owned())
    };
    let mut body = vec![0; header("content-length").parse().unwrap_or(0)];
    stream.read_exact(&mut body).unwrap();
    let request = head.lines().next().unwrap().trim_end_matches(" HTTP/1.1").to_owned();
    let (method, path) = request.split_once(' ').unwrap();
    let authorization = header("authorization");
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    let response = crm.request(method, path, &headers, &body).unwrap();
    let (status, text) = (response.status().as_u16(), response.body().clone());
    let parsed = |text: &[u8]| serde_json::from_slice(text).unwrap_or(Json::Null);
    let (body, answer) = (parsed(&body), parsed(text.as_bytes()));
    // Before the answer, after which the test looks.
    session.lock().unwrap().push(Exchange { request, authorization, body, status, answer });
    let length =
        if status == 204 { String::new() } else { format!("Content-Length: {}\r\n", text.len()) };
    let kind = "Content-Type: application/json\r\nConnection: close";
    write!(stream, "HTTP/1.1 {status} Passed\r\n{length}{kind}\r\n\r\n{text}").unwrap();
}

fn object(json: Json) -> Map<String, Json> {
    match json {
        Json::Object(object) => object,
        other => panic!("{other} is no object"),
    }
}

/// What was asked and with which status it was answered.
fn is_documented(recorder: &Recorder, request: &str, body: &Json, status: u16) -> Json {
    let Exchange { request: asked, authorization, body: sent, status: got, answer } =
        recorder.last();
    assert_eq!(asked, request);
    assert_eq!(&sent, body, "{request}");
    assert_eq!(got, status, "{request}: {answer}");
    assert!(authorization.starts_with("Bearer hw_"), "{request}: {authorization}");
    answer
}

fn workspace(desk: &Desk) -> (Recorder, Box<dyn Workspace>) {
    let made = desk.run(&["keys", "create", "--workspace=crm.db", "--name=me", "--scope=*"]);
    let recorder = Recorder::before(Served::start(desk, &[]));
    let api_key = Some(ApiKey::new(&made.output).unwrap());
    let options = RemoteOptions { api_key, ..RemoteOptions::default() };
    let url = format!("http://{}/api/v2", recorder.address);
    (recorder, open_remote(&url, options).unwrap())
}

#[test]
fn the_guide_to_creating_and_updating_records() {
    let desk = Desk::new();
    let (recorder, workspace) = workspace(&desk);
    let workspace = &*workspace;
    workspace.record_type("contact").unwrap();
    // Section 4.11.
    let schema = is_documented(&recorder, "GET /api/v2/_schema/contact", &Json::Null, 200);
    assert_eq!(schema["api_name"], "contact");

    // Create a record; section 1.2.
    let attributes = json!({
        "first_name": "Sarah", "last_name": "Chen", "stage": "working",
        "primary_email": "sarah.chen@acme.com",
    });
    let sarah = headwater::create(workspace, "contact", object(attributes.clone())).unwrap();
    let body = json!({ "attributes": attributes });
    let answer = is_documented(&recorder, "POST /api/v2/contact", &body, 201);
    assert_eq!(answer, json!({ "data": sarah.to_json() }));
    let one = format!("/api/v2/contact/{}", sarah.id);

    // Patch a record; section 5.2.
    let change = json!({ "title": "CTO", "department": null });
    headwater::patch(workspace, "contact", sarah.id, object(change.clone())).unwrap();
    let body = json!({ "attributes": change });
    is_documented(&recorder, &format!("PATCH {one}"), &body, 200);

    // Create or update with _assert; section 1.3.
    let matching = json!({ "contact_emails": "sarah.chen@acme.com" });
    let attributes =
        json!({ "first_name": "Sarah", "last_name": "Chen", "stage": "working", "title": "CTO" });
    let asserted = headwater::assert(
        workspace,
        "contact",
        object(matching.clone()),
        object(attributes.clone()),
    );
    assert_eq!(asserted.unwrap().id, sarah.id);
    let body = json!({ "match": matching, "attributes": attributes });
    let answer = is_documented(&recorder, "POST /api/v2/contact/_assert", &body, 200);
    assert_eq!(answer["meta"], json!({ "action": "updated" }));

    // Query records for sync; sections 1.4 and 5.5.
    let body = json!({
        "filters": [{ "field": "updated_at", "operator": "gte", "value": "2026-06-01T00:00:00Z" }],
        "sort": [{ "field": "updated_at", "direction": "asc" }],
        "limit": 1,
    });
    let record_type = workspace.record_type("contact").unwrap();
    let query = |body: &Json| {
        let query = Query::parse(&workspace.schema(), &record_type, object(body.clone())).unwrap();
        workspace.query("contact", &query).unwrap()
    };
    headwater::create(workspace, "contact", object(json!({ "first_name": "Bob" }))).unwrap();
    let page = query(&body);
    let answer = is_documented(&recorder, "POST /api/v2/contact/_query", &body, 200);
    assert_eq!(answer["next_cursor"], json!(page.next_cursor));
    let next = json!({ "limit": 100, "cursor": page.next_cursor });
    assert_eq!(query(&next).next_cursor, None);
    is_documented(&recorder, "POST /api/v2/contact/_query", &next, 200);

    // Sub-resources; sections 1.5 and 5.7.
    let email =
        json!({ "email": "sarah@home.example", "is_primary": false, "labels": ["PERSONAL"] });
    let added = headwater::add_item(
        workspace,
        "contact",
        sarah.id,
        "contact_emails",
        object(email.clone()),
    );
    let id = added.unwrap().id();
    // The record is read after it, as the answer holds the item alone.
    is_documented(&recorder, &format!("GET {one}"), &Json::Null, 200);
    let exchange = recorder.session.lock().unwrap().iter().rev().nth(1).cloned().unwrap();
    assert_eq!(
        (exchange.request, exchange.body),
        (format!("POST {one}/attribute/contact_emails"), email)
    );
    assert_eq!(exchange.answer["data"]["id"], json!(id));
    headwater::remove_item(workspace, "contact", sarah.id, "contact_emails", &id.to_string())
        .unwrap();
    let request = format!("DELETE {one}/attribute/contact_emails/{id}");
    is_documented(&recorder, &request, &Json::Null, 204);

    // Archive a record; section 5.3.
    headwater::archive(workspace, "contact", sarah.id).unwrap();
    is_documented(&recorder, &format!("DELETE {one}"), &Json::Null, 204);
}

#[test]
fn accounts_links_owners_and_activities() {
    let desk = Desk::new();
    let user = r#"{"record_type": "user", "attributes": {"email": "owner@acme.com"}}"#;
    desk.write("users.jsonl", user);
    assert_eq!(desk.run(&["seed", "users.jsonl", "--workspace", "crm.db"]).status, Some(0));
    let (recorder, workspace) = workspace(&desk);
    let workspace = &*workspace;

    // Upsert an account by its domain; the name is written as `name` (section 9.5).
    let (matching, attributes) =
        (json!({ "domain_name": "acme.com" }), json!({ "name": "Acme Corporation" }));
    let acme = headwater::assert(
        workspace,
        "account",
        object(matching.clone()),
        object(attributes.clone()),
    );
    let acme = acme.unwrap().id;
    let body = json!({ "match": matching, "attributes": attributes });
    let answer = is_documented(&recorder, "POST /api/v2/account/_assert", &body, 201);
    assert_eq!(answer["meta"], json!({ "action": "created" }));

    // A reference by match; section 3.
    let task = json!({
        "title": "Call", "owner_user_id": { "related_record_match": { "email": "owner@acme.com" } },
    });
    headwater::create(workspace, "task", object(task.clone())).unwrap();
    is_documented(&recorder, "POST /api/v2/task", &json!({ "attributes": task }), 201);

    // A relationship; sections 1.6 and 5.6.
    let bob =
        headwater::create(workspace, "contact", object(json!({ "first_name": "Bob" }))).unwrap();
    let body = json!({
        "related_record_match": { "domain_name": "acme.com" }, "role": "champion", "is_primary": true,
    });
    let edge = headwater::add_edge(workspace, "contact", bob.id, "accounts", object(body.clone()))
        .unwrap();
    let list = format!("/api/v2/contact/{}/relationship/accounts", bob.id);
    let answer = is_documented(&recorder, &format!("POST {list}"), &body, 201);
    assert_eq!(answer, edge.edge.to_json());
    let change = json!({ "is_primary": false });
    headwater::update_edge(workspace, "contact", bob.id, "accounts", acme, object(change.clone()))
        .unwrap();
    is_documented(&recorder, &format!("PATCH {list}/{acme}"), &change, 200);
    let parameters = object(json!({ "limit": 10 }));
    let page = headwater::edges(workspace, "contact", bob.id, "accounts", parameters).unwrap();
    let answer = is_documented(&recorder, &format!("GET {list}?limit=10"), &Json::Null, 200);
    assert_eq!(answer, page.to_json());
    headwater::remove_edge(workspace, "contact", bob.id, "accounts", acme).unwrap();
    is_documented(&recorder, &format!("DELETE {list}/{acme}"), &Json::Null, 204);

    // Log a manual activity, without envelopes, and ask for it by whom it concerns; section 4.7.
    let activity = json!({
        "metadata": {
            "activity_time": "2026-11-07T05:31:56Z", "subject": "Lunch", "description": "Talked",
            "category": "OTHER",
        },
        "contact_ids": [bob.id],
    });
    let logged = headwater::log_activity(workspace, object(activity.clone())).unwrap();
    let sent = recorder.last().body["attributes"].clone();
    assert_eq!(sent["metadata"], activity["metadata"]);
    assert_eq!(sent["contact_ids"], activity["contact_ids"]);
    assert_eq!(sent.as_object().unwrap().len(), 2, "{sent}");
    let scope = json!({ "contact_id": bob.id, "limit": 50 });
    let limits = headwater::operation::QueryLimits::default();
    let found = headwater::query_activities(workspace, object(scope.clone()), &limits).unwrap();
    assert_eq!(found["data"], json!([logged]));
    is_documented(&recorder, "POST /api/v2/activity/_query", &scope, 200);

    // Domains have no ids; section 5.7.
    headwater::add_item(
        workspace,
        "account",
        acme,
        "domains",
        object(json!({ "domain_name": "acme.org" })),
    )
    .unwrap();
    headwater::remove_item(workspace, "account", acme, "domains", "acme.org").unwrap();
    let request = format!("DELETE /api/v2/account/{acme}/attribute/domains/acme.org");
    is_documented(&recorder, &request, &Json::Null, 204);
    headwater::archive(workspace, "account", acme).unwrap();
    is_documented(&recorder, &format!("DELETE /api/v2/account/{acme}"), &Json::Null, 204);
}
