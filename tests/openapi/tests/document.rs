//! The document is an OpenAPI 3.1 document, and tells strangers no more than the standard types.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use headwater_openapi_tests::{DOCUMENT, Peopled, python};
use headwater_program_tests::{Desk, Served, code};
use serde_json::{Value as Json, json};

#[test]
fn the_document_is_valid_openapi_3_1() {
    let peopled = Peopled::start(&[]);
    let document = peopled.document();
    assert_eq!(document["openapi"], "3.1.0");
    peopled.desk.write("openapi.json", document.to_string());
    let output = python("openapi-spec-validator")
        .args(["--schema", "3.1"])
        .arg(peopled.desk.path("openapi.json"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    // A validator that takes everything would say nothing.
    peopled.desk.write("wrong.json", json!({ "openapi": "3.1.0" }).to_string());
    let output = python("openapi-spec-validator")
        .args(["--schema", "3.1"])
        .arg(peopled.desk.path("wrong.json"))
        .output()
        .unwrap();
    assert!(!output.status.success());
}

#[test]
fn what_a_workspace_declares_is_described_to_those_who_bring_a_key() {
    let desk = Desk::new();
    let make = ["keys", "create", "--workspace", "crm.db", "--name", "me", "--scope", "task:read"];
    let key = desk.run(&make).output.trim().to_owned();
    desk.write(
        "schema.toml",
        "[[record_types]]\napi_name = 'project'\ndisplay_name = 'Project'\n\
         attributes = [{ api_name = 'name', display_name = 'Name', value_type = 'string' }]",
    );
    desk.run(&["schema", "apply", "schema.toml", "--workspace", "crm.db"]);
    let crm = Served::start(&desk, &[]);
    let bearer = format!("Bearer {key}");
    let asked = |path: &str, headers: &[(&str, &str)]| {
        let answer = crm.request("GET", path, headers, b"").unwrap();
        (answer.status().as_u16(), answer.into_body())
    };
    for (path, project) in
        [(DOCUMENT, "/project/_query"), ("/api/local/reference", "query_project")]
    {
        let (status, standard) = asked(path, &[]);
        assert!(status == 200 && !standard.contains(project), "{path} {status}");
        let (status, own) = asked(path, &[("authorization", &bearer)]);
        assert!(status == 200 && own.contains(project), "{path} {status}");
        let (status, own) = asked(path, &[("x-api-key", &key)]);
        assert!(status == 200 && own.contains(project), "{path} {status}");
        let (status, refused) = asked(path, &[("x-api-key", "hw_wrong")]);
        let refused: Json = serde_json::from_str(&refused).unwrap();
        assert_eq!((status, code(&refused)), (401, json!("unauthorized")), "{path}");
    }
    // What is declared while it is served is there at the next look.
    let key =
        desk.run(&["keys", "create", "--workspace", "crm.db", "--name", "all", "--scope", "*"]);
    let bearer = format!("Bearer {}", key.output.trim());
    let field = json!({ "custom_fields": [{ "record_type": "project", "attributes": [
        { "api_name": "code_name", "display_name": "Code name", "value_type": "string" },
    ] }] });
    let headers = [("authorization", bearer.as_str())];
    let declared =
        crm.request("POST", "/api/local/schema", &headers, field.to_string().as_bytes()).unwrap();
    assert_eq!(declared.status(), 200);
    assert!(asked(DOCUMENT, &headers).1.contains("code_name"));
}

/// Each operation asks for a key where the document says so, and only there.
#[test]
fn the_document_says_what_needs_a_key() {
    let desk = Desk::new();
    let crm = Served::start(&desk, &[]);
    let document: Json =
        serde_json::from_str(crm.request("GET", DOCUMENT, &[], b"").unwrap().body()).unwrap();
    let mut asked = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let is_parameter = |part: &&str| part.starts_with('{');
            let path: Vec<&str> = path
                .split('/')
                .map(|part| if is_parameter(&part) { "contact" } else { part })
                .collect();
            let answer = crm.request(&method.to_uppercase(), &path.join("/"), &[], b"{}").unwrap();
            let needs_key = operation["security"].is_array();
            assert_eq!(answer.status() == 401, needs_key, "{method} {path:?}");
            asked += 1;
        }
    }
    assert!(asked > 100, "only {asked} operations");
}

/// What the document leaves out is refused, and the answer says what there is.
#[test]
fn a_refused_verb_comes_with_those_that_its_path_takes() {
    let peopled = Peopled::start(&[]);
    let id = |record_type: &str| peopled.ids[record_type][0].as_str().unwrap().to_owned();
    let (user, contact, task) = (id("user"), id("contact"), id("task"));
    let edge = format!("contact/{contact}/relationship");
    for (method, path, allowed) in [
        ("POST", "user".to_owned(), ""),
        ("PATCH", format!("user/{user}"), "GET,HEAD"),
        ("PUT", format!("contact/{contact}"), "GET,HEAD,PATCH,DELETE"),
        ("GET", "contact/_query".to_owned(), "POST"),
        ("POST", "task/_assert".to_owned(), ""),
        ("PATCH", format!("{edge}/tasks/{task}"), "DELETE"),
        ("POST", format!("{edge}/accounts/{task}"), "PATCH,DELETE"),
    ] {
        let body = br#"{"attributes": {}, "match": {}}"#;
        let answer = peopled.crm.request(method, &format!("/api/v2/{path}"), &[], body).unwrap();
        let told: Json = serde_json::from_str(answer.body()).unwrap();
        assert_eq!(code(&told), "operation_not_supported", "{method} {path}");
        assert_eq!(answer.headers()["allow"], allowed, "{method} {path}");
    }
}
