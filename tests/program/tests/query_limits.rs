//! What `headwater serve` lets one query ask for, as its options say.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use headwater_program_tests::{Desk, Served, code};
use serde_json::{Value as Json, json};

fn refused(crm: &Served, body: &Json, expected: &str) {
    let (status, answer) = crm.post("/contact/_query", body);
    assert_eq!((status, code(&answer)), (400, json!(expected)), "{body}: {answer}");
}

fn titles(count: usize) -> Vec<Json> {
    vec![json!({ "field": "title", "operator": "eq", "value": "CTO" }); count]
}

#[test]
fn a_query_that_asks_for_more_than_the_options_allow_is_refused() {
    let desk = Desk::new();
    let options = [
        "--no-auth",
        "--default-page=2",
        "--max-page=3",
        "--max-filters=4",
        "--max-filter-values=5",
        "--max-filter-depth=1",
        "--max-path=1",
        "--query-time=60",
    ];
    let crm = Served::start(&desk, &options);
    let (_, acme) = crm.post("/account", &json!({"attributes": {"name": "Acme"}}));
    let account = acme["data"]["id"].as_str().unwrap();
    for name in ["A", "B", "C", "D"] {
        let (_, made) = crm.post("/contact", &json!({"attributes": {"first_name": name}}));
        let link = json!({ "related_record_id": made["data"]["id"] });
        let links = format!("/account/{account}/relationship/contacts");
        assert_eq!(crm.post(&links, &link).0, 201);
    }
    let page = |body: &Json| {
        let (status, answer) = crm.post("/contact/_query", body);
        assert_eq!(status, 200, "{answer}");
        answer["data"].as_array().unwrap().len()
    };
    assert_eq!(page(&json!({})), 2);
    assert_eq!(page(&json!({"limit": 3})), 3);
    refused(&crm, &json!({"limit": 4}), "invalid_request");
    let links = |asked: &str| {
        let path = format!("/account/{account}/relationship/contacts{asked}");
        let (status, answer) = crm.send("GET", &path, b"");
        (status, answer["items"].as_array().map(Vec::len))
    };
    assert_eq!(links(""), (200, Some(2)));
    assert_eq!(links("?limit=3"), (200, Some(3)));
    assert_eq!(links("?limit=4"), (400, None));
    let history = |asked: &str| {
        let path = format!("/account/{account}/history{asked}");
        crm.local("GET", &path, &Json::Null).0
    };
    assert_eq!((history("?limit=3"), history("?limit=4")), (200, 400));
    let activities = json!({ "account_id": account, "limit": 4 });
    assert_eq!(crm.post("/activity/_query", &activities).0, 400);

    page(&json!({ "filters": titles(4) }));
    refused(&crm, &json!({ "filters": titles(5) }), "invalid_request");
    let any_of = |count: usize| json!({ "filters": [{ "field": "title", "operator": "in", "value": vec!["x"; count] }] });
    page(&any_of(5));
    refused(&crm, &any_of(6), "invalid_request");
    page(&json!({"filters": [{"not": titles(1)}]}));
    refused(&crm, &json!({"filters": [{"not": [{"not": titles(1)}]}]}), "filter_depth_exceeded");
    let through = |field: &str| json!({"filters": [{"field": field, "operator": "exists"}]});
    page(&through("accounts.domains"));
    refused(&crm, &through("accounts.contacts.title"), "filter_depth_exceeded");
}

#[test]
fn a_page_is_never_larger_than_the_largest() {
    let desk = Desk::new();
    let crm = Served::start(&desk, &["--no-auth", "--max-page=1"]);
    for name in ["A", "B"] {
        assert_eq!(crm.post("/contact", &json!({"attributes": {"first_name": name}})).0, 201);
    }
    let (_, page) = crm.post("/contact/_query", &json!({}));
    assert_eq!(page["data"].as_array().unwrap().len(), 1);
    let too_large = ["serve", "--workspace=crm.db", "--max-page=1001"];
    assert_eq!(desk.run(&too_large).status, Some(1));
}
