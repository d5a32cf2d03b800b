//! Items and links that are added on a remote workspace where answers are lost: each is looked for before
//! it is asked for again.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use headwater::remote::RemoteOptions;
use headwater::{Action, Workspace, open_remote};
use headwater_program_tests::{Desk, Served};
use serde_json::{Map, Value as Json, json};

fn object(json: Json) -> Map<String, Json> {
    match json {
        Json::Object(object) => object,
        other => panic!("{other} is no object"),
    }
}

fn twin(desk: &Desk) -> (Served, Box<dyn Workspace>) {
    let crm = Served::start(desk, &["--no-auth", "--twin"]);
    let workspace = open_remote(&crm.base, RemoteOptions::default()).unwrap();
    (crm, workspace)
}

/// Loses every answer to a POST at this path, after it was applied or before.
fn lose(crm: &Served, kind: &str, path: &str) {
    let rule = json!({"kind": kind, "rate": 1.0, "methods": ["POST"], "path": path});
    let (status, answer) = crm.local("PUT", "/faults", &json!({ "rules": [rule] }));
    assert_eq!(status, 200, "{answer}");
}

/// How many were lost.
fn lost(crm: &Served) -> Json {
    crm.local("GET", "/faults", &Json::Null).1["data"]["rules"][0]["injected"].clone()
}

#[test]
fn an_item_whose_answer_was_lost_is_found_and_not_added_again() {
    let desk = Desk::new();
    let (crm, workspace) = twin(&desk);
    let attributes = json!({"primary_email": "sarah@acme.com"});
    let sarah = headwater::create(&*workspace, "contact", object(attributes)).unwrap().id;
    lose(&crm, "cut_after", "*/attribute/*");
    let add = |email: Json| {
        headwater::add_item(&*workspace, "contact", sarah, "contact_emails", object(email))
    };
    let home = json!({"email": "sarah@home.example", "labels": ["PERSONAL"]});
    let added = add(home).unwrap();
    assert_eq!((added.action, lost(&crm)), (Action::Created, json!(1)));

    // Never added, and there before with other labels: it is made what was asked for.
    lose(&crm, "cut_before", "*/attribute/*");
    let changed = add(json!({"email": "sarah@home.example", "labels": ["WORK"]})).unwrap();
    assert_eq!((changed.action, lost(&crm)), (Action::Updated, json!(1)));
    let record = workspace.get("contact", sarah).unwrap();
    let emails = record.value("contact_emails").unwrap().as_list().unwrap();
    let emails: Vec<_> = emails.iter().map(|email| email.as_item().unwrap()).collect();
    assert_eq!(emails.len(), 2, "{emails:?}");
    assert_eq!((&*emails[1].text, &emails[1].labels[..]), ("sarah@home.example", &["WORK"][..]));

    // What has no ids is found by its text.
    let attributes = json!({"name": "Acme", "domains": ["acme.com"]});
    let acme = headwater::create(&*workspace, "account", object(attributes)).unwrap().id;
    lose(&crm, "cut_after", "*/attribute/*");
    let domain = object(json!({"domain_name": "ACME.org"}));
    let added = headwater::add_item(&*workspace, "account", acme, "domains", domain).unwrap();
    assert_eq!((added.action, lost(&crm)), (Action::Created, json!(1)));
}

#[test]
fn an_item_that_was_not_added_is_asked_for_again() {
    let desk = Desk::new();
    let (crm, workspace) = twin(&desk);
    let attributes = json!({"primary_email": "sarah@acme.com"});
    let sarah = headwater::create(&*workspace, "contact", object(attributes)).unwrap().id;
    // The first of them is lost before it arrives, the second not.
    let rule =
        json!({"kind": "cut_before", "rate": 0.5, "methods": ["POST"], "path": "*/attribute/*"});
    for seed in 0.. {
        let faults = json!({"seed": seed, "rules": [rule]});
        assert_eq!(crm.local("PUT", "/faults", &faults).0, 200);
        let email = object(json!({"email": format!("s{seed}@home.example")}));
        let added =
            headwater::add_item(&*workspace, "contact", sarah, "contact_emails", email).unwrap();
        assert_eq!(added.action, Action::Created);
        if lost(&crm) != json!(0) {
            break;
        }
    }
}

#[test]
fn a_link_whose_answer_was_lost_is_found_and_not_added_again() {
    let desk = Desk::new();
    let (crm, workspace) = twin(&desk);
    let bob = object(json!({"first_name": "Bob"}));
    let bob = headwater::create(&*workspace, "contact", bob).unwrap().id;
    let account = |name: &str| {
        let attributes = object(json!({"name": name, "domains": [format!("{name}.example")]}));
        headwater::create(&*workspace, "account", attributes).unwrap().id
    };
    let (one, two) = (account("one"), account("two"));
    lose(&crm, "cut_after", "*/relationship/*");
    let add = |body: Json| {
        headwater::add_edge(&*workspace, "contact", bob, "accounts", object(body)).unwrap()
    };
    let by_id = add(json!({"related_record_id": one, "role": "champion"}));
    let by_match = json!({"related_record_match": {"domain_name": "TWO.example"}});
    let by_match = add(by_match);
    assert_eq!((by_id.edge.related, by_match.edge.related), (one, two));
    assert_eq!((by_id.action, by_match.action), (Action::Created, Action::Created));
    assert_eq!(lost(&crm), json!(2));

    // Never added, and there before with another role: it is made what was asked for.
    lose(&crm, "cut_before", "*/relationship/*");
    let changed = add(json!({"related_record_id": one, "role": "blocker"}));
    assert_eq!((changed.action, lost(&crm)), (Action::Updated, json!(1)));
    let edges =
        headwater::edges(&*workspace, "contact", bob, "accounts", Map::new()).unwrap().edges;
    assert_eq!(edges.len(), 2);
    let edge = edges.iter().find(|edge| edge.related == one).unwrap();
    assert_eq!(edge.to_json()["item"]["through"]["attributes"]["role"]["value"], "blocker");
}
