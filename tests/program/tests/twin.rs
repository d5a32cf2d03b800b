//! A server as a twin for tests: seeds, snapshots and resets, a clock and ids that repeat.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use headwater_program_tests::{Desk, Served, code};
use serde_json::{Value as Json, json};

const SEED: &str = r#"{"record_type": "user", "attributes": {"email": "owner@acme.com"}}
{"record_type": "account", "attributes": {"name": "Acme", "domains": ["acme.com"]}}
{"record_type": "contact", "attributes": {"first_name": "Sarah", "primary_email": "sarah@acme.com"}}
"#;

const CONTROLS: [(&str, &str); 9] = [
    ("GET", "/snapshot"),
    ("POST", "/snapshot"),
    ("POST", "/reset"),
    ("GET", "/clock"),
    ("PUT", "/clock"),
    ("DELETE", "/clock"),
    ("GET", "/faults"),
    ("PUT", "/faults"),
    ("DELETE", "/faults"),
];

fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("seed.jsonl", SEED);
    desk
}

fn count(crm: &Served, record_type: &str) -> usize {
    let (status, found) = crm.post(&format!("/{record_type}/_query"), &json!({"limit": 100}));
    assert_eq!(status, 200, "{found}");
    found["data"].as_array().unwrap().len()
}

fn create(crm: &Served, name: &str) {
    let body = json!({"attributes": {"first_name": name}});
    assert_eq!(crm.post("/contact", &body).0, 201);
}

fn make_key(desk: &Desk, name: &str, scope: &str) -> String {
    let made = ["keys", "create", "--workspace", "crm.db", "--name", name, "--scope", scope];
    desk.run(&made).output.trim().to_owned()
}

#[test]
fn only_a_twin_has_controls_and_only_for_keys_that_may_everything() {
    let desk = desk();
    let (all, some) = (make_key(&desk, "all", "*"), make_key(&desk, "some", "contact:write"));
    let mut crm = Served::start(&desk, &[]);
    for (method, path) in CONTROLS {
        crm.key = Some(all.clone());
        let (status, answer) = crm.local(method, path, &Json::Null);
        assert_eq!((status, code(&answer)), (405, json!("operation_not_supported")), "{path}");
        let hint = answer["error"]["details"]["hint"].as_str().unwrap();
        assert!(hint.contains("--twin"), "{hint}");
        crm.key = None;
        assert_eq!(crm.local(method, path, &Json::Null).0, 401, "{path}");
    }
    assert_eq!(crm.stop().status, Some(0));
    let mut crm = Served::start(&desk, &["--twin"]);
    crm.key = Some(some);
    for (method, path) in CONTROLS {
        let (status, answer) = crm.local(method, path, &Json::Null);
        assert_eq!((status, code(&answer)), (403, json!("forbidden")), "{path}");
    }
    crm.key = Some(all);
    for (method, path) in CONTROLS {
        let (status, answer) = crm.local(method, path, &Json::Null);
        assert!((200..=201).contains(&status), "{path}: {answer}");
    }
}

#[test]
fn a_reset_goes_back_to_the_snapshot_or_to_the_start() {
    let desk = desk();
    let crm = Served::start(&desk, &["--no-auth", "--twin", "--seed", "seed.jsonl"]);
    create(&crm, "Bob");
    assert_eq!(crm.local("POST", "/reset", &Json::Null), (200, json!({"data": {"name": "start"}})));
    assert_eq!((count(&crm, "contact"), count(&crm, "user")), (1, 1));

    create(&crm, "Ann");
    let taken = crm.local("POST", "/snapshot", &Json::Null);
    assert_eq!(taken, (201, json!({"data": {"name": "default"}})));
    create(&crm, "Eve");
    assert_eq!(crm.local("POST", "/snapshot", &json!({"name": "three"})).0, 201);
    create(&crm, "Dan");
    let names = json!({"data": [{"name": "default"}, {"name": "start"}, {"name": "three"}]});
    assert_eq!(crm.local("GET", "/snapshot", &Json::Null), (200, names));
    for (body, left) in [
        (json!({"name": "three"}), 3),
        (Json::Null, 2),
        (json!({"name": "start"}), 1),
        (json!({"name": "three"}), 3),
    ] {
        assert_eq!(crm.local("POST", "/reset", &body).0, 200);
        assert_eq!(count(&crm, "contact"), left, "{body}");
    }
    for (path, body, field) in [
        ("/reset", json!({"name": "four"}), "name"),
        ("/reset", json!({"name": 4}), "name"),
        ("/reset", json!({"snapshot": "three"}), "snapshot"),
        ("/snapshot", json!({"name": "start"}), "name"),
        ("/snapshot", json!({"name": "../three"}), "name"),
    ] {
        let (status, answer) = crm.local("POST", path, &body);
        assert_eq!((status, code(&answer)), (400, json!("invalid_request")), "{body}");
        assert_eq!(answer["error"]["field"], field, "{body}");
    }
    assert_eq!(count(&crm, "contact"), 3);
}

#[test]
fn what_was_declared_since_is_gone_and_can_be_declared_again() {
    let desk = desk();
    let crm = Served::start(&desk, &["--no-auth", "--twin"]);
    let project = json!({"record_types": [{"api_name": "project", "display_name": "Project",
        "attributes": [{"api_name": "name", "display_name": "Name", "value_type": "string"}]}]});
    for _ in 0..2 {
        assert_eq!(crm.local("POST", "/schema", &project).0, 200);
        assert_eq!(crm.post("/project", &json!({"attributes": {"name": "One"}})).0, 201);
        assert_eq!(count(&crm, "project"), 1);
        assert_eq!(crm.local("POST", "/reset", &Json::Null).0, 200);
        let (status, answer) = crm.post("/project/_query", &json!({}));
        assert_eq!((status, code(&answer)), (404, json!("unknown_record_type")));
    }
}

#[test]
fn keys_stay_as_they_are() {
    let desk = desk();
    let all = make_key(&desk, "all", "*");
    let ended = make_key(&desk, "ended", "*");
    let mut crm = Served::start(&desk, &["--twin"]);
    let made = make_key(&desk, "made since", "*");
    let expire = ["keys", "expire", "ended", "--workspace", "crm.db"];
    assert_eq!(desk.run(&expire).status, Some(0));
    crm.key = Some(all.clone());
    assert_eq!(crm.local("POST", "/reset", &Json::Null).0, 200);
    for (key, status) in [(all, 200), (made, 200), (ended, 401)] {
        crm.key = Some(key);
        assert_eq!(crm.send("GET", "/_schema/contact", b"").0, status);
    }
}

/// What a request of every kind is answered, as bytes.
fn answers(crm: &Served) -> Vec<String> {
    let mut answers = Vec::new();
    let mut ask = |method: &str, path: &str, body: &Json| {
        let path = format!("/api/v2{path}");
        let answer = crm.request(method, &path, &[], body.to_string().as_bytes()).unwrap();
        answers.push(format!("{method} {path}: {} {}", answer.status(), answer.body()));
        serde_json::from_str::<Json>(answer.body()).unwrap_or_default()
    };
    let sarah =
        json!({"match": {"contact_emails": "sarah@acme.com"}, "attributes": {"title": "CEO"}});
    let id = ask("POST", "/contact/_assert", &sarah)["data"]["id"].as_str().unwrap().to_owned();
    let emails = format!("/contact/{id}/attribute/contact_emails");
    let work = json!({"email": "s.chen@acme.com", "is_primary": true});
    let item = ask("POST", &emails, &work)["data"]["id"].as_str().unwrap().to_owned();
    ask("DELETE", &format!("{emails}/{item}"), &Json::Null);
    ask("POST", &emails, &json!({"email": "chen@acme.com", "is_primary": false}));
    ask("POST", "/contact", &json!({"attributes": {"frist_name": "Bob"}}));
    for name in ["Bob", "Ann"] {
        let attributes =
            json!({"first_name": name, "contact_emails": [format!("{name}@acme.com")]});
        ask("POST", "/contact", &json!({"attributes": attributes}));
    }
    let link = json!({"related_record_match": {"domain_name": "acme.com"}, "role": "champion"});
    ask("POST", &format!("/contact/{id}/relationship/accounts"), &link);
    let task = json!({"title": "Call", "owner_user_id":
        {"related_record_match": {"email": "owner@acme.com"}}});
    ask("POST", "/task", &json!({"attributes": task}));
    let page = ask("POST", "/contact/_query", &json!({"limit": 1}));
    ask("POST", "/contact/_query", &json!({"cursor": page["next_cursor"]}));
    ask("DELETE", &format!("/contact/{id}"), &Json::Null);
    ask(
        "POST",
        "/contact/_query",
        &json!({"sort": [{"field": "updated_at", "direction": "desc"}]}),
    );
    answers
}

const REPEATABLE: [&str; 8] = [
    "--no-auth",
    "--twin",
    "--seed",
    "seed.jsonl",
    "--clock",
    "2026-01-01T00:00:00Z",
    "--id-seed",
    "42",
];

#[test]
fn the_same_requests_get_the_same_bytes_after_a_reset_and_in_another_run() {
    let desk = desk();
    let temporary = [&["--temporary"], &REPEATABLE[..]].concat();
    let crm = Served::start_without_workspace(&desk, &temporary);
    let first = answers(&crm);
    assert!(first[0].contains("2026-01-01T00:00:0"), "{}", first[0]);
    assert_ne!(answers(&crm), first, "the state has changed");
    assert_eq!(crm.local("POST", "/reset", &Json::Null).0, 200);
    assert_eq!(answers(&crm), first);

    // In another run, on another file, and from a snapshot on.
    make_key(&desk, "before any record", "*");
    let other = Served::start(&desk, &REPEATABLE);
    assert_eq!(other.local("POST", "/snapshot", &Json::Null).0, 201);
    assert_eq!(answers(&other), first);
    assert_eq!(other.local("POST", "/reset", &Json::Null).0, 200);
    assert_eq!(answers(&other), first);

    let another_seed = Served::start_without_workspace(&desk, &[&temporary[..8], &["43"]].concat());
    assert_ne!(answers(&another_seed), first);
}

#[test]
fn the_clock_moves_by_its_step_and_can_be_set() {
    let desk = desk();
    let crm = Served::start(
        &desk,
        &["--no-auth", "--twin", "--clock", "2020-01-01", "--clock-step", "250"],
    );
    let updated = |crm: &Served| {
        let (_, made) = crm.post("/contact", &json!({"attributes": {"first_name": "Bob"}}));
        assert_eq!(made["data"]["created_at"], made["data"]["updated_at"]);
        made["data"]["updated_at"].as_str().unwrap().to_owned()
    };
    assert_eq!(updated(&crm), "2020-01-01T00:00:00.000000Z");
    assert_eq!(updated(&crm), "2020-01-01T00:00:00.250000Z");
    let (_, shown) = crm.local("GET", "/clock", &Json::Null);
    let expected =
        json!({"now": "2020-01-01T00:00:00.500000Z", "step_milliseconds": 250, "id_seed": null});
    assert_eq!(shown["data"], expected);
    let later = json!({"now": "2020-02-01T00:00:00Z", "id_seed": 7});
    assert_eq!(crm.local("PUT", "/clock", &later).0, 200);
    assert_eq!(updated(&crm), "2020-02-01T00:00:00.000000Z");
    assert_eq!(updated(&crm), "2020-02-01T00:00:01.000000Z");
    // A clock that is set back does not take `updated_at` with it.
    assert_eq!(crm.local("PUT", "/clock", &json!({"now": "2019-01-01T00:00:00Z"})).0, 200);
    assert_eq!(updated(&crm), "2020-02-01T00:00:01.000001Z");
    let (status, machine) = crm.local("DELETE", "/clock", &Json::Null);
    assert_eq!((status, &machine["data"]["now"]), (200, &Json::Null));
    assert!(*updated(&crm) > *"2020-02-02", "the machine's clock is later");
    let (status, answer) = crm.local("PUT", "/clock", &json!({"now": "noon"}));
    assert_eq!((status, code(&answer)), (400, json!("field_value_invalid")));
    // The reset takes the clock back to where it was at the start.
    assert_eq!(crm.local("POST", "/reset", &Json::Null).0, 200);
    assert_eq!(updated(&crm), "2020-01-01T00:00:00.000000Z");
}

/// Requests beside a reset see the state before it or after it, and a write beside it is in one of
/// both; what the start had is there all the time.
#[test]
fn requests_beside_resets_see_one_of_both_states() {
    let desk = Desk::new();
    let people = (0..50).map(|number| {
        let attributes =
            json!({"first_name": "Old", "primary_email": format!("p{number}@acme.com")});
        json!({"record_type": "contact", "attributes": attributes}).to_string()
    });
    desk.write("seed.jsonl", people.collect::<Vec<_>>().join("\n"));
    let crm = Served::start(&desk, &["--no-auth", "--twin", "--seed", "seed.jsonl"]);
    let old = json!({"limit": 100,
        "filters": [{"field": "first_name", "operator": "eq", "value": "Old"}]});
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    create(&crm, "New");
                    let (status, found) = crm.post("/contact/_query", &old);
                    assert_eq!((status, found["data"].as_array().map(Vec::len)), (200, Some(50)));
                }
            });
        }
        for _ in 0..20 {
            assert_eq!(crm.local("POST", "/reset", &Json::Null).0, 200);
            create(&crm, "New");
        }
        is_over.store(true, Ordering::Relaxed);
    });
    assert_eq!(crm.local("POST", "/reset", &Json::Null).0, 200);
    assert_eq!(count(&crm, "contact"), 50);
    let (_, found) = crm.post("/contact/_query", &old);
    let id = found["data"][0]["id"].as_str().unwrap();
    assert_eq!(crm.send("GET", &format!("/contact/{id}"), b"").0, 200);
}

#[test]
fn what_is_temporary_needs_no_file_and_leaves_none() {
    let desk = desk();
    let folder = desk.path("temporary");
    std::fs::create_dir(&folder).unwrap();
    let mut command =
        desk.command(&["serve", "--temporary", "--no-auth", "--twin", "--listen", "127.0.0.1:0"]);
    command.env("TMPDIR", &folder);
    let crm = Served::start_command(command);
    create(&crm, "Bob");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2, "the workspace and its snapshots");
    assert_eq!(crm.stop().status, Some(0));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);

    for (arguments, missing) in [
        (vec!["serve"], "--workspace"),
        (vec!["serve", "--temporary"], "--no-auth"),
        (vec!["serve", "--temporary", "--no-auth", "--id-seed", "1"], "--twin"),
        (vec!["serve", "--temporary", "--no-auth", "--clock", "2026-01-01"], "--twin"),
        (vec!["serve", "--temporary", "--no-auth", "--faults", "faults.toml"], "--twin"),
        (vec!["serve", "--temporary", "--no-auth", "--twin", "--clock", "noon"], "clock"),
        (vec!["serve", "--temporary", "--no-auth", "--twin", "--faults", "none.toml"], "none.toml"),
        (vec!["serve", "--temporary", "--no-auth", "--seed", "none.jsonl"], "none.jsonl"),
    ] {
        let refused = desk.run(&arguments);
        assert_eq!(refused.status, Some(1), "{refused:?}");
        assert!(refused.errors.contains(missing), "{refused:?}");
    }
}

#[test]
fn pipelines_are_listed_with_their_stages_for_any_key() {
    let desk = desk();
    let key = make_key(&desk, "some", "contact:read");
    let mut crm = Served::start(&desk, &[]);
    assert_eq!(crm.local("GET", "/pipelines", &Json::Null).0, 401);
    crm.key = Some(key);
    let (status, answer) = crm.local("GET", "/pipelines", &Json::Null);
    assert_eq!(status, 200, "{answer}");
    let pipelines = answer["data"].as_array().unwrap();
    let names: Vec<&Json> = pipelines.iter().map(|pipeline| &pipeline["api_name"]).collect();
    assert_eq!(names, [&json!("sales"), &json!("renewal")]);
    let first = &pipelines[0]["stages"][0];
    assert_eq!((&first["api_name"], &first["expected_days"]), (&json!("prospecting"), &json!(14)));
    assert_eq!(pipelines[1]["stages"].as_array().map(Vec::len), Some(4));

    // A stage of the list is one that an opportunity may be given by its id.
    crm.key = Some(make_key(&desk, "all", "*"));
    let (_, acme) = crm.post("/account", &json!({"attributes": {"name": "Acme"}}));
    let stage = &pipelines[1]["stages"][1];
    let deal =
        json!({"display_name": "Deal", "account_id": acme["data"]["id"], "stage": stage["id"]});
    let (status, made) = crm.post("/opportunity", &json!({"attributes": deal}));
    assert_eq!((status, &made["data"]["attributes"]["stage"]["value"]), (201, stage));
    assert_eq!(made["data"]["attributes"]["pipeline"]["value"]["id"], pipelines[1]["id"]);
}
