//! API keys as an administrator and an integrator meet them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use headwater_program_tests::{Desk, Served, code};
use serde_json::{Value as Json, json};

/// Makes a key; gives what is printed, which is the key alone.
fn create(desk: &Desk, name: &str, scopes: &[&str]) -> String {
    let mut arguments = vec!["keys", "create", "--workspace", "crm.db", "--name", name];
    for scope in scopes {
        arguments.extend(["--scope", scope]);
    }
    let made = desk.run(&arguments);
    assert_eq!(made.status, Some(0), "{made:?}");
    let key = made.output.trim_end().to_owned();
    assert!(key.starts_with("hw_") && key.len() == 84 && !key.contains(char::is_whitespace));
    assert!(!made.errors.contains(&key), "the key is on stderr too: {made:?}");
    key
}

fn list(desk: &Desk) -> Vec<Json> {
    let listed = desk.run(&["keys", "list", "--workspace", "crm.db", "--format", "jsonl"]);
    listed.output.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn keys_are_made_listed_and_ended() {
    let desk = Desk::new();
    let key = create(&desk, "sync", &["contact:write", "account:read"]);
    let listed = list(&desk);
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["scopes"], json!(["contact:write", "account:read"]));
    assert_eq!((&listed[0]["name"], &listed[0]["status"]), (&json!("sync"), &json!("active")));
    assert!(key.contains(listed[0]["id"].as_str().unwrap()));
    for format in ["table", "csv", "jsonl"] {
        let shown = desk.run(&["keys", "list", "--workspace", "crm.db", "--format", format]);
        assert!(shown.output.contains("sync") && !shown.output.contains(&key[20..40]), "{shown:?}");
    }

    let again = ["keys", "create", "--workspace", "crm.db", "--name", "sync", "--scope", "*"];
    let again = desk.run(&again);
    assert_eq!((again.status, again.output.as_str()), (Some(1), ""));
    assert!(again.errors.contains("unique_conflict"), "{again:?}");

    let ended = desk.run(&["keys", "expire", "sync", "--workspace", "crm.db"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert_eq!(list(&desk)[0]["status"], "expired");
    let unknown = desk.run(&["keys", "expire", "nobody", "--workspace", "crm.db"]);
    assert_eq!(unknown.status, Some(1));
    assert!(unknown.errors.contains("keys list"), "{unknown:?}");
}

#[test]
fn a_scope_that_cannot_be_is_refused_with_what_can() {
    let desk = Desk::new();
    let create = |scope: &str| {
        desk.run(&["keys", "create", "--workspace", "crm.db", "--name", "x", "--scope", scope])
    };
    for (scope, said) in [("contact", "contact:read"), ("contat:read", "contact")] {
        let refused = create(scope);
        assert_eq!((refused.status, refused.output.as_str()), (Some(1), ""), "{refused:?}");
        assert!(refused.errors.contains(said), "{refused:?}");
    }
    assert!(list(&desk).is_empty());
}

#[test]
fn who_has_no_key_is_told_so_and_the_key_is_not_repeated() {
    let desk = Desk::new();
    let key = create(&desk, "sync", &["*"]);
    let crm = Served::start(&desk, &[]);
    assert_eq!(crm.send("GET", "/health", b"").0, 200);

    let wrong = format!("{}0123456789abcdef", &key[..key.len() - 16]);
    let bearer = |key: &str| format!("Bearer {key}");
    let cases: [(&str, String, &str); 5] = [
        ("x-nothing", String::new(), "brings no API key"),
        ("authorization", bearer(&wrong), "not one of this workspace"),
        ("x-api-key", wrong.clone(), "not one of this workspace"),
        ("authorization", "Basic c2VjcmV0".to_owned(), "no Bearer key"),
        ("authorization", bearer(""), "no Bearer key"),
    ];
    for (name, value, said) in &cases {
        let path = "/api/v2/contact/_query";
        let answer = crm.request("POST", path, &[(name, value)], b"{}").unwrap();
        assert_eq!(answer.status(), 401, "{name}: {value}");
        assert_eq!(answer.headers()["www-authenticate"], "Bearer");
        let body: Json = serde_json::from_str(answer.body()).unwrap();
        assert_eq!(code(&body), "unauthorized");
        assert!(body["error"]["message"].as_str().unwrap().contains(said), "{said}: {body}");
        assert!(!body["error"]["details"]["hint"].as_str().unwrap().is_empty());
        assert!(!answer.body().contains(&wrong[20..]), "{body}");
    }
    for header in [("authorization", bearer(&key)), ("X-Api-Key", key.clone())] {
        let headers = [(header.0, header.1.as_str())];
        let answer = crm.request("GET", "/api/v2/_schema/contact", &headers, b"").unwrap();
        assert_eq!(answer.status(), 200, "{}", header.0);
    }
    // Another scheme may be for whoever stands before the server; a wrong Bearer key stays wrong.
    for (authorization, status) in [("Basic c2VjcmV0".to_owned(), 200), (bearer(&wrong), 401)] {
        let headers = [("authorization", authorization.as_str()), ("X-Api-Key", key.as_str())];
        let answer = crm.request("GET", "/api/v2/_schema/contact", &headers, b"").unwrap();
        assert_eq!(answer.status(), status, "{authorization}");
    }
    let errors = crm.stop().errors;
    assert!(!errors.contains(&key[20..40]), "{errors}");
}

#[test]
fn a_key_that_is_ended_is_refused_at_once() {
    let desk = Desk::new();
    let key = create(&desk, "sync", &["*"]);
    let mut crm = Served::start(&desk, &[]);
    crm.key = Some(key);
    assert_eq!(crm.post("/contact/_query", &json!({})).0, 200);
    assert_eq!(desk.run(&["keys", "expire", "sync", "--workspace", "crm.db"]).status, Some(0));
    let (status, answer) = crm.post("/contact/_query", &json!({}));
    assert_eq!((status, code(&answer)), (401, json!("unauthorized")));
    assert_eq!(answer["error"]["message"], "the API key has expired");
    // One that is made now is accepted now.
    crm.key = Some(create(&desk, "sync", &["*"]));
    assert_eq!(crm.post("/contact/_query", &json!({})).0, 200);
}

/// The permission that a request lacks, or its status.
fn missing(crm: &Served, method: &str, path: &str, body: &[u8]) -> String {
    let (status, answer) = crm.send(method, path, body);
    let missing = &answer["error"]["details"]["missing_permissions"];
    if status != 403 {
        assert!(missing.is_null());
        return format!("{status}");
    }
    assert_eq!(code(&answer), "forbidden");
    missing.as_array().unwrap()[0].as_str().unwrap().to_owned()
}

#[test]
fn a_scope_opens_what_it_names_and_nothing_else() {
    let desk = Desk::new();
    let mut crm = Served::start(&desk, &[]);
    let admin = create(&desk, "admin", &["*"]);
    crm.key = Some(admin);
    let (status, ann) = crm.post("/contact", &json!({"attributes": {"first_name": "Ann"}}));
    assert_eq!(status, 201);
    let ann = format!("/contact/{}", ann["data"]["id"].as_str().unwrap());
    let body = br#"{"attributes": {"title": "CEO"}}"#;

    crm.key = Some(create(&desk, "reader", &["contact:read"]));
    assert_eq!(missing(&crm, "GET", &ann, b""), "200");
    assert_eq!(missing(&crm, "POST", "/contact/_query", b"{}"), "200");
    assert_eq!(missing(&crm, "PATCH", &ann, body), "contact:write");
    assert_eq!(missing(&crm, "DELETE", &ann, b""), "contact:write");
    assert_eq!(missing(&crm, "POST", "/contact", body), "contact:write");
    assert_eq!(missing(&crm, "POST", "/contact/_assert", body), "contact:write");
    assert_eq!(missing(&crm, "POST", "/account/_query", b"{}"), "account:read");
    assert_eq!(missing(&crm, "GET", "/_schema/account", b""), "200");
    assert_eq!(missing(&crm, "GET", "/contract/_query", b""), "405");
    assert_eq!(missing(&crm, "POST", "/contract/_query", b"{}"), "404");
    // Another spelling of the same path is the same type, or none.
    assert_eq!(missing(&crm, "POST", "/%61ccount/_query", b"{}"), "account:read");
    assert_eq!(missing(&crm, "POST", "/ACCOUNT/_query", b"{}"), "404");
    assert_eq!(missing(&crm, "POST", "/contact/../account/_query", b"{}"), "404");

    crm.key = Some(create(&desk, "writer", &["contact:write"]));
    assert_eq!(missing(&crm, "PATCH", &ann, body), "200");
    assert_eq!(missing(&crm, "GET", &ann, b""), "200");
    assert_eq!(missing(&crm, "POST", "/account", body), "account:write");
    assert_eq!(missing(&crm, "DELETE", &ann, b""), "204");

    // A key may ask what it is itself.
    let answer = crm.request("GET", "/api/local/key", &[], b"").unwrap();
    let shown: Json = serde_json::from_str(answer.body()).unwrap();
    assert_eq!(shown["data"]["name"], "writer");
    assert_eq!(shown["data"]["scopes"], json!(["contact:write"]));
}

/// What a filter or a match asks of other record types is told by what it finds.
#[test]
fn a_scope_holds_for_what_filters_and_matches_tell_of_other_types() {
    let desk = Desk::new();
    let mut crm = Served::start(&desk, &[]);
    crm.key = Some(create(&desk, "admin", &["*"]));
    let acme = json!({"attributes": {"name": "Acme", "domains": ["acme.com"]}});
    assert_eq!(crm.post("/account", &acme).0, 201);
    let (_, ann) = crm.post("/contact", &json!({"attributes": {"first_name": "Ann"}}));
    let links = format!("/contact/{}/relationship/accounts", ann["data"]["id"].as_str().unwrap());

    let filter = |field: &str| json!({"field": field, "operator": "exists"});
    let query = |filter: Json| ("/contact/_query", json!({ "filters": [filter] }), "200");
    let name = json!({"first_name": "Bob"});
    let by_match = |key: &str, value: &str| json!({"related_record_match": {key: value}});
    let owned = json!({"first_name": "Bob", "owner_user_id": by_match("email", "o@acme.com")});
    let enveloped =
        json!({"value_type": "record_reference", "value": by_match("email", "o@acme.com")});
    let asserted =
        json!({"match": {"email": "b@acme.com"}, "attributes": {"owner_user_id": enveloped}});
    let asks = [
        (query(filter("accounts.display_name")), "account:read"),
        (query(json!({"not": {"or": [filter("accounts.domains")]}})), "account:read"),
        (query(filter("opportunities.account.display_name")), "opportunity:read"),
        (("/contact", json!({ "attributes": owned }), "404"), "user:read"),
        (("/contact/_assert", asserted, "404"), "user:read"),
        ((&links[..], by_match("domain_name", "acme.com"), "201"), "account:read"),
        (query(filter("first_name")), "200"),
        (("/contact", json!({ "attributes": name }), "201"), "201"),
    ];
    let scopes = ["contact:write", "account:read", "opportunity:read", "user:read"];
    let (few, all) = (create(&desk, "few", &scopes[..1]), create(&desk, "all", &scopes));
    for ((path, body, status), lacks) in asks {
        let body = body.to_string();
        crm.key = Some(few.clone());
        assert_eq!(missing(&crm, "POST", path, body.as_bytes()), lacks, "{path} {body}");
        crm.key = Some(all.clone());
        assert_eq!(missing(&crm, "POST", path, body.as_bytes()), status, "{path} {body}");
    }
}

/// Items and links are parts of the record in the path; activities and custom objects are types as others are.
#[test]
fn a_scope_holds_for_the_parts_of_records_and_for_every_type() {
    let desk = Desk::new();
    let mut crm = Served::start(&desk, &[]);
    crm.key = Some(create(&desk, "admin", &["*"]));
    let made = |record_type: &str, attributes: Json| {
        let (status, answer) =
            crm.post(&format!("/{record_type}"), &json!({ "attributes": attributes }));
        assert_eq!(status, 201, "{answer}");
        answer["data"]["id"].as_str().unwrap().to_owned()
    };
    let ann = made("contact", json!({"first_name": "Ann", "primary_email": "ann@acme.com"}));
    let acme = made("account", json!({"name": "Acme"}));
    let object = json!({"record_types": [{"api_name": "project", "display_name": "Project", "attributes": [
        {"api_name": "code", "display_name": "Code", "value_type": "string"}]}]});
    assert_eq!(crm.local("POST", "/schema", &object).0, 200);
    let emails = format!("/contact/{ann}/attribute/contact_emails");
    let accounts = format!("/contact/{ann}/relationship/accounts");
    let (email, account) = (format!("{emails}/{ann}"), format!("{accounts}/{acme}"));
    let new_email = br#"{"email": "ann@home.example", "is_primary": false}"#;
    let link = json!({ "related_record_id": acme }).to_string();
    let writes: [(&str, &str, &[u8]); 6] = [
        ("POST", &emails, new_email),
        ("PATCH", &email, br#"{"is_primary": true}"#),
        ("DELETE", &email, b""),
        ("POST", &accounts, link.as_bytes()),
        ("PATCH", &account, br#"{"is_primary": true}"#),
        ("DELETE", &account, b""),
    ];
    crm.key = Some(create(&desk, "reader", &["contact:read"]));
    for (method, path, body) in writes {
        assert_eq!(missing(&crm, method, path, body), "contact:write", "{method} {path}");
    }
    assert_eq!(missing(&crm, "GET", &accounts, b""), "200");
    crm.key = Some(create(&desk, "of accounts", &["account:write"]));
    for (method, path, body) in writes {
        assert_eq!(missing(&crm, method, path, body), "contact:write", "{method} {path}");
    }
    assert_eq!(missing(&crm, "GET", &accounts, b""), "contact:read");
    crm.key = Some(create(&desk, "writer", &["contact:write"]));
    let given = writes.map(|(method, path, body)| missing(&crm, method, path, body));
    assert_eq!(given, ["201", "404", "404", "201", "200", "204"]);

    // Who may write activities may read them (contract.md section 9.24).
    let metadata = json!({"activity_time": "2026-11-07T05:31:56Z", "subject": "Lunch", "description": "Talked"});
    let log = json!({"attributes": {"metadata": metadata, "contact_ids": [ann]}}).to_string();
    let ask = json!({ "contact_id": ann }).to_string();
    let both = |crm: &Served| {
        let logged = missing(crm, "POST", "/activity", log.as_bytes());
        [logged, missing(crm, "POST", "/activity/_query", ask.as_bytes())]
    };
    assert_eq!(both(&crm), ["activity:write", "activity:read"]);
    crm.key = Some(create(&desk, "asks", &["activity:read"]));
    assert_eq!(both(&crm), ["activity:write", "200"]);
    crm.key = Some(create(&desk, "logs", &["activity:write"]));
    assert_eq!(both(&crm), ["201", "200"]);

    let project = br#"{"attributes": {"code": "A"}}"#;
    assert_eq!(missing(&crm, "POST", "/project", project), "project:write");
    assert_eq!(missing(&crm, "POST", "/project/_query", b"{}"), "project:read");
    crm.key = Some(create(&desk, "projects", &["project:write"]));
    assert_eq!(missing(&crm, "POST", "/project", project), "201");
    assert_eq!(missing(&crm, "POST", "/project/_query", b"{}"), "200");
    // What is not the CRM's needs everything.
    let (status, answer) = crm.local("POST", "/schema", &object);
    assert_eq!((status, &answer["error"]["details"]["missing_permissions"]), (403, &json!(["*"])));
}

#[test]
fn a_bearer_key_counts_where_both_headers_bring_one() {
    let desk = Desk::new();
    let (one, other) = (create(&desk, "one", &["contact:read"]), create(&desk, "other", &["*"]));
    let crm = Served::start(&desk, &[]);
    let named = |bearer: &str, beside: &str| {
        let headers = [("authorization", format!("Bearer {bearer}")), ("x-api-key", beside.into())];
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        let answer = crm.request("GET", "/api/local/key", &headers, b"").unwrap();
        serde_json::from_str::<Json>(answer.body()).unwrap()["data"]["name"].clone()
    };
    assert_eq!([named(&one, &other), named(&other, &one)], [json!("one"), json!("other")]);
}

#[test]
fn each_type_has_its_scope_and_who_may_write_it_may_read_it() {
    let desk = Desk::new();
    let declared = r#"[[record_types]]
api_name = "project"
display_name = "Project"
attributes = [{ api_name = "name", display_name = "Name", value_type = "string" }]"#;
    desk.write("project.toml", declared);
    let applied = desk.run(&["schema", "apply", "project.toml", "--workspace", "crm.db"]);
    assert_eq!(applied.status, Some(0), "{applied:?}");
    let mut crm = Served::start(&desk, &[]);
    let nobody = json!({ "account_id": "0190a5b2-0000-7000-8000-000000000001" });
    let types =
        [("activity", nobody), ("note", json!({})), ("meeting", json!({})), ("project", json!({}))];
    for (record_type, _) in &types {
        for level in ["read", "write"] {
            let name = format!("{record_type} {level}");
            crm.key = Some(create(&desk, &name, &[&format!("{record_type}:{level}")]));
            for (asked, body) in &types {
                let (status, answer) = crm.post(&format!("/{asked}/_query"), body);
                let missing = &answer["error"]["details"]["missing_permissions"][0];
                if asked == record_type {
                    assert_ne!(status, 403, "{name} asks for {asked}: {answer}");
                } else {
                    assert_eq!(missing, &json!(format!("{asked}:read")), "{name}: {answer}");
                }
            }
        }
    }
}
